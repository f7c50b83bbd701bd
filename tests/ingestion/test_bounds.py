"""What is no JSON whatever DuckDB says, records too long, and packed files that are broken or unpack to too much."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import duckdb
import pytest

from ingestion.bounds import DEFAULTS, Bounds
from ingestion.parsing import parser
from ingestion.parsing.files import BadRecord, LandedFile
from ingestion.parsing.parser import connect, parse_carefully, parse_files
from ingestion.parsing.readers import UnreadableFileError
from ingestion.parsing.row_rules import rules_of
from ingestion.raw import segments
from ingestion.settings import load_settings
from ingestion.source_kinds import EXPORT
from ingestion.storage import compression
from ingestion.storage.landing import BatchError, land
from tests.drops import EXTRACTED_AT, contact, content_of, packed, write_config, write_files

AT = datetime.fromisoformat(EXTRACTED_AT)
FORMATS = ["ndjson", "csv", "parquet"]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as connection:
        connection.execute("set threads = 2")
        yield connection


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.mktemp("bounds")
    return (base / str(number) for number in count())


class Parser:
    """Parses a content quickly and carefully, with the same outcome."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folders: Iterator[Path]) -> None:
        self._connection, self._folders = connection, folders

    def __call__(self, name: str, content: bytes, bounds: Bounds = DEFAULTS, kind: str = "export") -> list[BadRecord]:
        folder = next(self._folders)
        folder.mkdir()
        path, target = folder / name, folder / "raw"
        path.write_bytes(content)
        file = LandedFile(path, "acme", "b1", AT, 0, kind, bounds)
        careful = parse_carefully(self._connection, file, target, (1, 5))
        kept = self._connection.execute(f"from read_parquet('{target}')").fetchall()
        file = LandedFile(path, "acme", "b1", AT, careful.records, kind, bounds)
        (quick,) = parse_files(self._connection, [file], target, (1, 5))
        assert quick == careful
        assert self._connection.execute(f"from read_parquet('{target}')").fetchall() == kept
        assert set(folder.iterdir()) == {path, target}, "no scratch file stays"
        return careful.bad


@pytest.fixture(scope="module")
def parse(connection: duckdb.DuckDBPyConnection, folders: Iterator[Path]) -> Parser:
    return Parser(connection, folders)


# --- words and numbers that are no JSON

GOOD = b'{"contact_id":"k1","name":"Infinity, NaN","phone":"1e400","email":"[NaN]","x":"\\": NaN,"}\n'


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("column", ["contact_id", "name", "tags", "updated_at", "deleted", "other"])
@pytest.mark.parametrize("shape", ["{}", "[{}]", '["a", {}]', '{{"a" : {} }}'])
def test_a_word_for_no_number_makes_no_record(parse: Parser, column: str, value: str, shape: str) -> None:
    line = f'{{"contact_id": "k2", "{column}_": 1, "{column}": {shape.format(value)}}}'
    bad = parse("contacts.ndjson", GOOD + line.encode() + b"\n" + GOOD)
    assert bad == [BadRecord(2, "malformed record", line)]


@pytest.mark.parametrize("value", ["1e400", "-1E999", "9.5e+310", "inf", "-inf", "nan", "-nan"])
@pytest.mark.parametrize("column", ["rating_id", "rating", "comment", "answered_at"])
def test_a_number_beyond_all_others_makes_no_record(parse: Parser, column: str, value: str) -> None:
    row = '"rating_id": "r1", "conversation_id": "c1"'
    if column == "rating_id":
        row = '"conversation_id": "c1"'
    line = f'{{{row}, "{column}": {value}}}'
    bad = parse("ratings.ndjson", f"{line}\n".encode())
    assert bad == [BadRecord(1, "malformed record", line)]


def test_texts_that_look_like_such_words_and_numbers_are_texts(parse: Parser) -> None:
    for name in ("NaN", "Infinity", "-inf", "nan", "1e400", "1E+999", "12e3456"):
        assert parse("contacts.ndjson", content_of([contact(name, name=name)], "ndjson")) == []


@pytest.mark.parametrize("value", ["NaN", "-Infinity"])
def test_such_words_make_no_record_of_a_live_system(parse: Parser, value: str) -> None:
    line = f'{{"id": 2, "name": "x", "custom": {value}}}'
    bad = parse("contacts.ndjson", f'{{"id": 1}}\n{line}\n'.encode(), kind="chatwoot")
    assert bad == [BadRecord(2, "malformed record", line)]


def test_half_a_surrogate_makes_no_record_and_of_a_name_that_stands_twice_the_first_counts(parse: Parser) -> None:
    lines = [b'{"contact_id":"\\ud800"}', b'{"contact_id":"k1","contact_id":""}']
    assert [bad.line for bad in parse("contacts.ndjson", b"\n".join(lines))] == [1]


# --- gzip


def broken(content: bytes, how: str) -> bytes:
    whole = packed(content)
    return {
        "its sum": whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:],
        "its length": whole[:-4] + bytes([whole[-4] ^ 1]) + whole[-3:],
        "cut in its end": whole[:-5],
        "cut before its end": whole[:-8],
        "something behind it": whole + b"more",
    }[how]


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(
    "how", ["its sum", "its length", "cut in its end", "cut before its end", "something behind it"]
)
def test_a_packed_file_that_is_not_as_it_says_is_refused(
    connection: duckdb.DuckDBPyConnection, folders: Iterator[Path], file_format: str, how: str
) -> None:
    folder = next(folders)
    content = broken(content_of([contact(number) for number in range(9)], file_format), how)
    name = f"contacts.{file_format}.gz"
    landed = land("acme", write_files(folder / "drop" / "b1", {name: content}, {name: 9}), folder / "landing")
    with pytest.raises(BatchError, match=rf"{name}: cannot be read: .*; deliver the batch again"):
        segments.parse_segment(connection, [landed], folder / "raw", (1, 5), lambda _: None)
    with pytest.raises(UnreadableFileError):
        parse_carefully(connection, LandedFile(landed.folder / name, "acme", "b1", AT, 9), folder / "x", (1, 5))


def bomb(before: bytes, unit: bytes, times: int, after: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(before), *(packer.compress(unit * 1000) for _ in range(times // 1000))]
    return b"".join([*parts, packer.compress(after), packer.flush()])


CSV = b"contact_id,name\nk1,"


@pytest.mark.parametrize("limit", ["inflated_limit", "inflated_ratio"])
@pytest.mark.parametrize("name", ["contacts.csv.gz", "contacts.ndjson.gz", "contacts.parquet.gz"])
def test_a_packed_file_that_unpacks_to_too_much_is_refused(
    connection: duckdb.DuckDBPyConnection,
    folders: Iterator[Path],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    limit: str,
) -> None:
    monkeypatch.setattr(compression, "_NEVER_TOO_LARGE", 20_000)
    bounds = Bounds(inflated_bytes=10_000) if limit == "inflated_limit" else Bounds(inflated_ratio=50)
    folder = next(folders)
    folder.mkdir()
    (folder / name).write_bytes(bomb(b"", b"{}\n", 300_000, b"") if "json" in name else bomb(CSV, b"y", 900_000, b"\n"))
    file = LandedFile(folder / name, "acme", "b1", AT, 1, bounds=bounds)
    for reading in (parse_files, parse_carefully):
        with pytest.raises(UnreadableFileError, match=rf"raise '\[resources\] {limit}'"):
            reading(connection, [file] if reading is parse_files else file, folder / "raw", (1, 5))  # type: ignore[arg-type]


class Interrupted:
    """A connection whose statements are interrupted from the one of a number on."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, number: int) -> None:
        self._connection, self._number, self.statements = connection, number, 0

    def execute(self, statement: str) -> duckdb.DuckDBPyConnection:
        self.statements += 1
        if self.statements >= self._number:
            raise duckdb.InterruptException
        return self._connection.execute(statement)


def test_whichever_statement_is_interrupted_the_next_file_is_parsed(
    connection: duckdb.DuckDBPyConnection, folders: Iterator[Path], parse: Parser
) -> None:
    content = content_of([contact(1)], "ndjson")
    folder = next(folders)
    folder.mkdir()
    path = folder / "contacts.ndjson"
    path.write_bytes(content)
    for number in count(1):
        stopping = Interrupted(connection, number)
        try:
            parse_files(stopping, [LandedFile(path, "acme", "b1", AT, 1)], folder / "raw", (1, 5))  # type: ignore[arg-type]
        except duckdb.InterruptException:
            assert parse("contacts.ndjson", content) == []
        else:
            break
    assert number > 1


def test_what_unpacks_well_and_is_small_is_no_bomb(parse: Parser) -> None:
    assert parse("contacts.ndjson.gz", packed(content_of([contact("k" * 900)] * 5000, "ndjson"))) == []


# --- long records


def line_of(size: int) -> bytes:
    empty = json.dumps({"contact_id": "k1", "name": ""}).encode()
    return empty[:-2] + b"y" * (size - len(empty)) + empty[-2:]


@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "mark"])
@pytest.mark.parametrize("end", [b"\n", b""], ids=["end", "no end"])
def test_a_line_too_long_is_quarantined(parse: Parser, gz: bool, mark: bytes, end: bytes) -> None:
    lines = [line_of(1000 - len(mark)), b"", line_of(1001), line_of(999), line_of(60_000)]
    bad = parse("contacts.ndjson" + ".gz" * gz, packed(mark + b"\n".join(lines) + end, gz), Bounds(record_bytes=1000))
    assert [(row.line, row.reasons) for row in bad] == [(line, "a record of more than 1,000 bytes") for line in (3, 5)]
    assert [row.record[:50] for row in bad] == [line[:50].decode() for line in (lines[2], lines[4])]
    assert all(row.record.endswith("…") for row in bad)


@pytest.mark.parametrize("value", ["y" * 4000, '"' + 'y""\n' * 1000 + '"', '"' + "y,\n" * 900 + '"'])
def test_a_csv_record_too_long_is_quarantined(parse: Parser, value: str) -> None:
    record = f"k2,{value}"
    content = f"contact_id,name\nk1,a\n{record}\nk3,c\nk4\n"
    bad = parse("contacts.csv", content.encode(), Bounds(record_bytes=1000))
    assert [(row.line, row.reasons) for row in bad] == [
        (3, "a record of more than 1,000 bytes"),
        (5 + record.count("\n"), "malformed record"),
    ]
    assert bad[0].record[:900] == record[:900]
    assert len(bad[0].record) < 1100


def test_a_csv_record_that_duckdb_passes_over_is_quarantined(parse: Parser) -> None:
    content = b"contact_id,name\nk1," + b"y" * 34_000_000 + b"\nk2,b\n"
    (bad,) = parse("contacts.csv.gz", packed(content))
    assert (bad.line, bad.reasons) == (2, "a record of more than 16,000,000 bytes")


def test_a_live_record_too_long_is_quarantined(parse: Parser) -> None:
    lines = [b'{"id": 1}', b'{"id": 2, "name": "' + b"y" * 2000 + b'"}']
    bad = parse("contacts.ndjson", b"\n".join(lines), Bounds(record_bytes=1000), "chatwoot")
    assert [(row.line, row.reasons) for row in bad] == [(2, "a record of more than 1,000 bytes")]


def test_of_a_bad_record_no_more_is_kept_than_can_be_shown(parse: Parser) -> None:
    (bad,) = parse("contacts.ndjson", b'{"name": "' + b"y" * 300_000 + b'"}')
    assert bad.record == '{"name": "' + "y" * (compression.SHOWN - 10) + "…"


def test_a_line_without_end_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "contacts.ndjson.gz"
    path.write_bytes(bomb(b'{"contact_id": "', b"y", 60_000_000, b'"}\n'))
    tracemalloc.start()
    try:
        ((piece, is_long),) = compression.pieces(path, Bounds(record_bytes=1_000_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert is_long
    assert len(piece) < 200_000
    assert peak < 10_000_000


# --- configuration


def test_the_bounds_are_configured(tmp_path: Path) -> None:
    assert load_settings(write_config(tmp_path)).bounds == Bounds()
    extra = """
        [quality]
        earliest = 2015-03-01T00:00:00+01:00
        [resources]
        record_limit = "1.5MiB"
        inflated_limit = "2 GB"
        inflated_ratio = 30
    """
    earliest = datetime(2015, 2, 28, 23, tzinfo=UTC)
    settings = load_settings(write_config(tmp_path, extra=extra))
    assert settings.bounds == Bounds(earliest, 1_572_864, 2_000_000_000, 30)
    assert rules_of(EXPORT, (1, 5), settings.bounds) != rules_of(EXPORT, (1, 5))
    assert rules_of(EXPORT, (1, 5), Bounds(inflated_ratio=3)) == rules_of(EXPORT, (1, 5)), "it decides about no row"


def test_ids_of_hashes_are_no_reason_to_read_a_file_with_care(parse: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_with_care(*_: object) -> None:
        raise AssertionError("it is read with care")

    monkeypatch.setattr(parser, "parse_carefully", read_with_care)
    row = {"agent_id": "15781e1362", "name": "Ada"}
    assert parse("agents.ndjson", (json.dumps(row) + "\n").encode()) == []
    number = json.dumps(row).replace('"15781e1362"', "15781e1362")
    with pytest.raises(AssertionError, match="with care"):
        parse("agents.ndjson", (number + "\n").encode())


# --- live systems


def test_a_moment_of_a_live_system_that_cannot_be_is_missing_or_quarantines_its_record(
    parse: Parser, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    good = {"id": 1, "status": "open", "created_at": 1767000000}
    rows = [
        {**good, "updated_at": 86400, "last_activity_at": "1899-12-30T00:00:00Z"},
        {**good, "created_at": 86400},
        {**good, "updated_at": 253402300799},
        {**good, "last_activity_at": 253402300799},
    ]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    bad = parse("conversations.ndjson", content, kind="chatwoot")
    assert [(row.line, row.reasons) for row in bad] == [
        (2, "created_at: before 2000-01-01 00:00 UTC, the earliest that is believed"),
        (3, "updated_at: later than the extraction of its batch"),
    ]
    path, target = tmp_path / "conversations.ndjson", tmp_path / "raw"
    path.write_bytes(content)
    parse_carefully(connection, LandedFile(path, "acme", "b1", AT, 4, "chatwoot"), target, (1, 5))
    found = connection.execute(f"select updated_at, last_activity_at from read_parquet('{target}') limit 1").fetchall()
    assert found == [(None, None)]
