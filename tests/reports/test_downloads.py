"""Reports as files: each format gives back the rows of the macro, of any number, and files are whole or not there."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from xlsxwriter.utility import xl_rowcol_to_cell

from reports import published as reading
from reports.downloads import ROWS_AT_ONCE, Result, unfinished, whole_file, write_csv, write_json, write_parquet
from reports.queries import REPORTS, Filters
from reports.request import ReportRequest, filters_of
from reports.workbooks import write_workbook
from tests.reports.conftest import TEXTS, Published
from tests.reports.workbook import read_workbook, sheet_xml

ACME = Filters("acme", date(2026, 1, 1), date(2026, 1, 31))
NOBODY = Filters("acme", date(2026, 1, 1), date(2026, 1, 31), unmatched=frozenset(["agents"]))
EPOCH = date(1899, 12, 30)


@pytest.fixture
def connection(published: Published) -> Iterator[duckdb.DuckDBPyConnection]:
    with reading.opened(published.file) as opened:
        yield opened


def macro(connection: duckdb.DuckDBPyConnection, name: str, *filters: Filters) -> list[dict[str, Any]]:
    """The rows of the macro itself, asked in plain SQL."""
    rows: list[dict[str, Any]] = []
    for one in filters:
        result = connection.execute(
            f"select * from report_{name.replace('-', '_')}($1, $2, $3, agents := $4)",
            [one.account, one.first_day, one.last_day, list(one.agents) or None],
        )
        columns = [column for column, *_ in result.description or ()]
        rows += [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
    return rows


def text_of(write: Any, result: Result) -> str:
    out = io.StringIO(newline="")
    write(result, out)
    return out.getvalue()


# --- CSV


def fields_of(text: str) -> list[list[str | None]]:
    """RFC 4180, read letter by letter; an empty field is None where it is not quoted."""
    rows: list[list[str | None]] = []
    row: list[str | None] = []
    field, is_quoted, position = "", False, 0
    while position < len(text):
        rest = text[position:]
        if not field and rest.startswith('"') and not is_quoted:
            end = position + 1
            while text[end] != '"' or text[end : end + 2] == '""':
                end += 2 if text[end : end + 2] == '""' else 1
            field, is_quoted, position = text[position + 1 : end].replace('""', '"'), True, end + 1
        elif rest.startswith(",") or rest.startswith("\r\n"):
            row.append(field if field or is_quoted else None)
            field, is_quoted = "", False
            position += 1 if rest.startswith(",") else 2
            if rest.startswith("\r\n"):
                rows.append(row)
                row = []
        else:
            assert not is_quoted, "text behind a quote"
            assert rest[0] not in '"\r\n', "to be quoted"
            field, position = field + rest[0], position + 1
    assert not row, "no end of line"
    return rows


def csv_value(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


@pytest.mark.parametrize("name", REPORTS)
def test_csv_gives_back_the_rows_of_the_macro(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    header, *rows = fields_of(text_of(write_csv, Result(connection, REPORTS[name], [ACME])))
    expected = macro(connection, name, ACME)
    assert len(expected) > 2
    assert header == list(expected[0])
    for row, wanted in zip(rows, expected, strict=True):
        for column, field, value in zip(header, row, wanted.values(), strict=True):
            if isinstance(value, datetime):
                assert field is not None
                assert field.endswith("+00:00") == (column != "started_local")
                assert datetime.fromisoformat(field) == value
            elif isinstance(value, float):
                assert field is not None
                assert float(field) == value
            elif isinstance(value, list):
                assert field is not None
                assert json.loads(field) == value
            else:
                assert field == csv_value(value), column


def test_csv_is_read_by_others(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = text_of(write_csv, Result(connection, REPORTS["details"], [ACME]))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    expected = macro(connection, "details", ACME)
    assert [row["contact_name"] for row in rows] == [row["contact_name"] for row in expected]
    file = tmp_path / "details.csv"
    file.write_bytes(text.encode())
    with duckdb.connect() as other:
        found = other.execute(
            "select contact_name, started_at, closed_at, messages from read_csv($1, header = true, all_varchar = false,"
            " types = {'started_at': 'timestamptz', 'closed_at': 'timestamptz'}, allow_quoted_nulls = false)",
            [str(file)],
        ).fetchall()
    names = ("contact_name", "started_at", "closed_at", "messages")
    assert found == [tuple(row[name] for name in names) for row in expected]


# --- JSON


@pytest.mark.parametrize("name", REPORTS)
def test_json_gives_back_the_rows_of_the_macro(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    found = json.loads(text_of(write_json, Result(connection, REPORTS[name], [ACME])))
    for row in found:
        for column, value in row.items():
            if column.endswith(("_at", "_local", "_since")) and value is not None:
                row[column] = datetime.fromisoformat(value)
            elif column in ("period_start", "period_end", "started_date", "local_date"):
                row[column] = date.fromisoformat(value)
    assert found == macro(connection, name, ACME)


# --- Parquet


@pytest.mark.parametrize("name", REPORTS)
def test_parquet_gives_back_rows_and_types(published: Published, tmp_path: Path, name: str) -> None:
    file = tmp_path / "it's, a [file].parquet"
    with reading.connect(published.file, may_write=file) as connection:
        result = Result(connection, REPORTS[name], [ACME])
        write_parquet(result, file)
        expected, types = macro(connection, name, ACME), result.columns()
    with duckdb.connect() as other:
        other.execute("set TimeZone = 'UTC'")
        written = other.from_parquet(_literal(file))
        assert dict(zip(written.columns, map(str, written.types), strict=True)) == types
        assert [dict(zip(written.columns, row, strict=True)) for row in written.fetchall()] == expected
        codecs = other.execute(f"select distinct compression from parquet_metadata('{_sql(file)}')").fetchall()
    assert codecs == [("ZSTD",)]


def _literal(file: Path) -> str:
    return str(file).replace("[", "[[]")


def _sql(file: Path) -> str:
    return _literal(file).replace("'", "''")


def test_what_may_write_a_file_may_write_no_other(published: Published, tmp_path: Path) -> None:
    with (
        reading.connect(published.file, may_write=tmp_path / "a.parquet") as connection,
        pytest.raises(duckdb.PermissionException),
    ):
        write_parquet(Result(connection, REPORTS["details"], [ACME]), tmp_path / "b.parquet")
    assert list(tmp_path.glob("*.parquet")) == []


# --- workbooks


def cell(value: Any) -> Any:
    if isinstance(value, datetime):
        base = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=value.tzinfo)
        return pytest.approx((value - base) / timedelta(days=1), abs=1e-8)
    if isinstance(value, date):
        return (value - EPOCH).days
    return ", ".join(value) if isinstance(value, list) else value


def of_column(name: str, value: Any) -> Any:
    """A value as a cell holds it: durations in days, percents as parts of 1."""
    in_unit = 86_400 if "_seconds" in name else 100 if name.endswith("_percent") else 1
    return cell(value) if value is None or in_unit == 1 else pytest.approx(value / in_unit)


def headings(columns: Iterable[str]) -> list[str]:
    return [name.replace("_seconds", "") for name in columns]


@pytest.mark.parametrize("name", REPORTS)
def test_workbooks_give_back_the_rows_of_the_macro(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "a.xlsx"
    write_workbook(Result(connection, REPORTS[name], [ACME]), [("report", name)], file)
    sheets = read_workbook(file)
    expected = macro(connection, name, ACME)
    header, *rows = sheets[name]
    assert header == headings(expected[0])
    padded = [[*row, *repeat(None, len(header) - len(row))] for row in rows]
    assert padded == [[of_column(*item) for item in row.items()] for row in expected]
    assert sheets["about"][:3] == [["report", name], ["rows", f"{len(expected):,}"], ["instants", "UTC"]]
    assert list(tmp_path.glob("*.xlsx*")) == [file]


def test_durations_are_times_that_excel_sums_and_shares_are_percents(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for name in ("overview", "by-tag", "details"):
        file = tmp_path / f"{name}.xlsx"
        result = Result(connection, REPORTS[name], [ACME])
        write_workbook(result, [], file)
        heads, *rows = zip(*openpyxl.load_workbook(file)[name].columns, strict=True)
        shown = {
            head.value: {cells[place].number_format for cells in rows if cells[place].value is not None}
            for place, head in enumerate(heads)
        }
        durations = {heading for heading, formats in shown.items() if "[h]:mm:ss" in formats}
        named = {column.replace("_seconds", "") for column in result.columns() if "_seconds" in column}
        assert len(shown) == len(result.columns())  # no two have one heading
        assert durations == {heading for heading in named if shown[heading]} != set()
        shares = [formats for heading, formats in shown.items() if "percent" in heading or "share" in heading]
        assert all(formats <= {"0.0%"} for formats in shares)
    place = [head.value for head in heads].index("duration")
    seconds = [row["duration_seconds"] for row in macro(connection, "details", ACME)]
    times = [cells[place].value for cells in rows]
    assert [time and time.total_seconds() for time in times] == seconds
    assert sum(filter(None, times), timedelta()) > timedelta(days=1)


def test_sheets_have_a_bold_frozen_header_and_a_filter(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    result = Result(connection, REPORTS["details"], [ACME])
    write_workbook(result, [], file)
    sheet = sheet_xml(file, 2)
    last_cell = xl_rowcol_to_cell(len(TEXTS), len(result.columns()) - 1)
    assert 'ySplit="1"' in sheet
    assert 'state="frozen"' in sheet
    assert f'<autoFilter ref="A1:{last_cell}"/>' in sheet


@pytest.mark.parametrize(("limit", "sizes"), [(20, [20]), (19, [19, 1]), (7, [7, 7, 6]), (10, [10, 10]), (100, [20])])
def test_rows_go_on_on_further_sheets(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, limit: int, sizes: list[int]
) -> None:
    file = tmp_path / "a.xlsx"
    write_workbook(Result(connection, REPORTS["details"], [ACME]), [], file, rows_of_a_sheet=limit)
    _, *sheets = read_workbook(file).items()
    assert [len(rows) - 1 for _, rows in sheets] == sizes
    assert [name for name, _ in sheets] == ["details", "details 2", "details 3"][: len(sizes)]
    ids = [row[2] for _, rows in sheets for row in rows[1:]]
    assert ids == [row["conversation_id"] for row in macro(connection, "details", ACME)]


def test_text_longer_than_a_cell_is_cut_and_the_first_sheet_says_so(published: Published, tmp_path: Path) -> None:
    with duckdb.connect(str(published.file)) as writer:
        writer.execute("update details set rating_comment = repeat('é', 40_000) where conversation_id = 'c3'")
        writer.execute(
            "update details set rating_comment = '<r>' || repeat('&', 20_000) || '</r>' where conversation_id = 'c4'"
        )
    file = tmp_path / "a.xlsx"
    with reading.opened(published.file) as connection:
        write_workbook(Result(connection, REPORTS["details"], [ACME]), [], file)
    sheets = read_workbook(file)
    header, *rows = sheets["details"]
    comment = header.index("rating_comment")
    comments = {row[2]: row[comment] for row in rows}
    assert comments["c3"] == "é" * 32_767
    assert comments["c4"] == "<r>" + "&" * 20_000 + "</r> "
    assert ["texts cut", "1, at 32,767 characters, the most that a cell holds"] in sheets["about"]


# --- all formats


def test_of_several_accounts_the_rows_stand_one_after_the_other(connection: duckdb.DuckDBPyConnection) -> None:
    filters = filters_of(connection, REPORTS["overview"], ReportRequest(grain="day"))
    assert [one.account for one in filters] == ["acme", "globex"]
    found = json.loads(text_of(write_json, Result(connection, REPORTS["overview"], filters)))
    expected = macro(connection, "overview", *filters)
    assert [(row["account_id"], row["period_start"]) for row in found] == [
        (row["account_id"], str(row["period_start"])) for row in expected
    ]
    assert Result(connection, REPORTS["overview"], filters).count() == len(expected)


@pytest.mark.parametrize("filters", [[NOBODY], []], ids=["nothing matches", "no account has anything"])
def test_no_rows_are_files_too(published: Published, tmp_path: Path, filters: Sequence[Filters]) -> None:
    file = tmp_path / "a.parquet"
    with reading.connect(published.file, may_write=file) as connection:
        result = Result(connection, REPORTS["details"], filters)
        assert text_of(write_json, result) == "[\n]\n"
        assert text_of(write_csv, result) == ",".join(result.columns()) + "\r\n"
        write_parquet(result, file)
        write_workbook(result, [], tmp_path / "a.xlsx")
        assert read_workbook(tmp_path / "a.xlsx")["details"] == [headings(result.columns())]
        types = result.columns()
    with duckdb.connect() as other:
        written = other.from_parquet(str(file))
        assert dict(zip(written.columns, map(str, written.types), strict=True)) == types
        assert written.fetchall() == []


class Endless:
    """In place of a connection: its rows never end, and it counts those that were taken from it."""

    def __init__(self) -> None:
        self.taken = 0

    def cursor(self) -> Endless:
        return self

    def execute(self, sql: str, values: object = None) -> Endless:
        self.is_description = sql.startswith("describe")
        return self

    def fetchall(self) -> list[tuple[str, str]]:
        assert self.is_description, "all rows are asked for at once"
        return [("conversation_id", "VARCHAR")]

    def fetchmany(self, size: int) -> list[tuple[str]]:
        self.taken += size
        return [("x",)] * size


class EnoughError(Exception):
    pass


@pytest.mark.parametrize("write", [write_csv, write_json])
def test_no_more_than_a_batch_of_rows_is_in_memory(write: Any) -> None:
    endless = Endless()

    class Out(io.StringIO):
        lines = 0

        def write(self, text: str) -> int:
            self.lines += "x" in text
            assert endless.taken - self.lines <= ROWS_AT_ONCE
            if self.lines > 5 * ROWS_AT_ONCE:
                raise EnoughError
            return len(text)

    with pytest.raises(EnoughError):
        write(Result(endless, REPORTS["details"], [ACME]), Out())  # type: ignore[arg-type]


def test_no_more_than_a_batch_of_rows_of_a_workbook_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xlsxwriter.worksheet import Worksheet

    endless, written = Endless(), 0
    plain = Worksheet.write_string

    def counted(*arguments: Any) -> Any:
        nonlocal written
        written += 1
        assert endless.taken - written <= ROWS_AT_ONCE
        if written > 3 * ROWS_AT_ONCE:
            raise EnoughError
        return plain(*arguments)

    monkeypatch.setattr(Worksheet, "write_string", counted)
    with pytest.raises(EnoughError):
        write_workbook(Result(endless, REPORTS["details"], [ACME]), [], tmp_path / "a.xlsx")  # type: ignore[arg-type]
    assert not (tmp_path / "a.xlsx.parts").exists()


def test_much_more_than_may_be_in_memory_is_written(published: Published, tmp_path: Path) -> None:
    with duckdb.connect(str(published.file)) as writer:
        writer.execute(
            "insert into details by name select details.* replace (conversation_id || number as conversation_id,"
            " repeat(md5(number::varchar), 50) as rating_comment) from details, range(5_000) as numbers (number)"
        )
        writer.execute("checkpoint")
    file = tmp_path / "a.parquet"
    limits = {"memory_limit": "140MB", "temp_directory": ""}
    with reading.connect(published.file, file, limits) as connection:
        result = Result(connection, REPORTS["details"], [ACME])
        rows, values = result.sql, result.values
        with pytest.raises(duckdb.OutOfMemoryException):  # of all of them at once there is no room
            connection.execute(f"select list(result) from ({rows}) as result", values)
        write_parquet(result, file)
        lines = sum(1 for _ in result.selected("conversation_id", {}))
    with duckdb.connect() as other:
        assert other.from_parquet(str(file)).count("*").fetchone() == (lines,)
    assert lines > 100_000


# --- files


def test_a_file_appears_whole_and_replaces_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    for content in ("first", "second"):
        with whole_file(file) as path:
            path.write_text(content)
            assert not file.exists() or file.read_text() == "first"
        assert file.read_text() == content
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("before")
    with pytest.raises(EnoughError), whole_file(file) as path:
        path.write_text("half")
        raise EnoughError
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_killed_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("before")
    code = (
        "import os, signal, sys; from pathlib import Path; from reports.downloads import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as path:\n"
        "    path.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(file)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["a.csv"]


def test_two_processes_write_beside_each_other(tmp_path: Path) -> None:
    name = unfinished(tmp_path / "a.csv")
    assert str(os.getpid()) in name.name
    assert name.name.startswith(".")
    assert name.parent == tmp_path
