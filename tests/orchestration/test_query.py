"""`causerie query`: all rows to a pipe, files, what a terminal shows, and what it says when it cannot."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import main
from orchestration.cli.report_table import ROWS
from reports.downloads import ROWS_AT_ONCE
from tests.reports.conftest import TEXTS, Published, made, published

__all__ = ["made", "published"]  # fixtures

VALUES = """
select
    170141183460469231731687303715884105727::hugeint as big, 12345678901234567890.5::decimal(38, 1) as exact,
    'nan'::double as nan, interval '1 month 2 days' as span, 'a,"'::blob as bytes,
    {'k': 1, 'text': 'x,y'} as struct, map {'k': ['v']} as map, [1, null] as list, array_value(1, 2) as array,
    timestamp '2026-01-01 01:02:03' as wall, timestamptz '2026-01-01 01:02:03.5+01' as instant,
    date '2026-01-31' as day, true as truth, null as missing, '' as empty, 'a, "b"' as "round(x, 2)",
    1 as twice, 2 as twice, 3 as row
"""
"""A value of each type that a format may trip over."""
COMMAND = [sys.executable, "-c", "from orchestration.cli.main import main; main()", "query"]
MEASURED = """
import re, sys
from pathlib import Path
from orchestration.cli.main import main
try:
    main()
finally:
    print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1), file=sys.stderr)
"""
"""The command, which then says the most kilobytes of memory that it had."""


def run(published: Published, *arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["query", *arguments, "--config", str(published.config)])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def on_terminal(published: Published, sql: str) -> list[str]:
    """The lines that a terminal of 80 columns and no colours shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, sql, "--config", str(published.config)],
        stdout=theirs,
        env={**os.environ, "TERM": "dumb"},
    )
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 65_536):
            said += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    assert process.wait() == 0
    return said.decode().splitlines()


# --- all rows and columns to a pipe and to files


def test_a_pipe_gets_every_row_and_column_as_a_table(published: Published) -> None:
    number = ROWS_AT_ONCE + 10
    heading, *lines = run(
        published, f"select range as n, details.* from range({number}), details limit {number}"
    ).stdout.splitlines()
    assert len(lines) == number
    with duckdb.connect(str(published.file), read_only=True) as connection:
        assert heading.split() == ["n", *connection.sql("from details").columns]


def test_a_table_is_aligned_and_tells_missing_from_empty(published: Published) -> None:
    sql = "select * from (values (1, 'a', null), (100, '', '漢字\n'), (20, 'Zoë', '\x1b[2J')) as t(n, name, more)"
    assert run(published, sql).stdout.splitlines() == [
        "  n  name  more",
        "  1  a     NULL",
        "100        漢字\\n",
        " 20  Zoë   \\u001b[2J",
    ]


def test_every_type_reaches_csv(published: Published) -> None:
    heading, values = csv.reader(io.StringIO(run(published, VALUES, "--format", "csv").stdout, newline=""))
    found = dict(zip(heading, values, strict=True))
    assert found == {
        "big": "170141183460469231731687303715884105727",
        "exact": "12345678901234567890.5",
        "nan": "nan",
        "span": "1 month 2 days",
        "bytes": "a,\\x22",
        "struct": '{"k":1,"text":"x,y"}',
        "map": '{"k":["v"]}',
        "list": "[1,null]",
        "array": "[1,2]",
        "wall": "2026-01-01T01:02:03",
        "instant": "2026-01-01T00:02:03.5+00:00",
        "day": "2026-01-31",
        "truth": "true",
        "missing": "",
        "empty": "",
        "round(x, 2)": 'a, "b"',
        "twice": "1",
        "twice_1": "2",
        "row": "3",
    }


def test_every_type_reaches_json(published: Published) -> None:
    (found,) = json.loads(run(published, VALUES, "--format", "json").stdout, parse_constant=pytest.fail)
    assert found["big"] == 2**127 - 1
    assert found["nan"] is None
    assert found["struct"] == {"k": 1, "text": "x,y"}
    assert found["map"] == {"k": ["v"]}
    assert (found["wall"], found["instant"]) == ("2026-01-01T01:02:03", "2026-01-01T00:02:03.5+00:00")
    assert (found["missing"], found["empty"], found["twice_1"], found["row"]) == (None, "", 2, 3)


def test_files_hold_what_the_query_answers(published: Published, tmp_path: Path) -> None:
    sql = "select conversation_id, contact_name, conversation_tags, started_at from details order by 1 -- all;"
    for ending in ("csv", "json", "parquet"):
        done = run(published, sql, "--out", str(tmp_path / f"a.{ending}"))
        assert (done.stdout, done.stderr.strip()) == ("", str(tmp_path / f"a.{ending}"))
    assert (tmp_path / "a.csv").read_bytes() == run(published, sql, "--format", "csv").stdout_bytes
    with duckdb.connect(str(published.file), read_only=True) as connection:
        expected = connection.sql(sql)
        rows = expected.fetchall()
        assert len(rows) == len(TEXTS) + 1
        with duckdb.connect() as other:
            written = other.from_parquet(str(tmp_path / "a.parquet"))
            assert (written.fetchall(), written.types) == (rows, expected.types)
    assert [row["contact_name"] for row in json.loads((tmp_path / "a.json").read_text())] == [row[1] for row in rows]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("describe overview", "account_id"),
        ("show tables", "by_agent"),
        ("summarize select 12345 as n", "12345"),
        ("explain select 12345 as n", "│             n             │"),
        ("pragma version", "library_version"),
        ("call pragma_version()", "library_version"),
        ("pivot (select 'left' as side) on side using count(*)", "left"),
        ("values (12345)", "12345"),
        ("with one as (select 12345) from one;\n-- the end", "12345"),
        (
            "set TimeZone = 'Asia/Kolkata'; select timestamptz '2026-01-01 00:00:00+00' as t",
            "2026-01-01 05:30:00+05:30",
        ),
        ("create temp macro twice(a) as 2 * a; select twice(4)", "8"),
    ],
)
def test_what_is_no_query_answers_too(published: Published, sql: str, expected: str) -> None:
    assert expected in run(published, sql).stdout
    assert len(run(published, sql, "--format", "csv").stdout.splitlines()) >= 2


def test_instants_have_the_offset_of_their_time_zone(published: Published) -> None:
    sql = "set TimeZone = '{}'; select '2026-01-01 00:00:00+00'::timestamptz"
    for zone, expected in (("Asia/Kolkata", "05:30:00+05:30"), ("Asia/Tokyo", "09:00:00+09:00")):
        assert expected in run(published, sql.format(zone), "--format", "csv").stdout


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--format", "table"], ["--format", "csv"], ["--out", "a.parquet"]])
def test_a_million_rows_take_no_memory(published: Published, tmp_path: Path, options: list[str]) -> None:
    sql = "select range as n, repeat('some text ', 50) || range as text from range(1_000_000)"
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "query", sql, "--config", str(published.config), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert int(done.stderr.split()[-1]) < 250_000  # the rows are 500 MB


# --- a terminal


def test_a_terminal_shows_what_fits_and_says_how_many_there_are(published: Published) -> None:
    wide = ", ".join(f"repeat('{name}', 40) as {name}" for name in "abc")
    lines = on_terminal(published, f"select range as n, {wide} from range(1234)")
    assert lines[0].split() == ["n", "a", "b"]
    assert lines[1].endswith(f"{29 * 'b'}…")
    assert len(lines) == 1 + ROWS + 1
    assert f"1,234 rows; {1234 - ROWS:,} of them and 1 of 4 columns are not shown" in lines[-1]
    assert on_terminal(published, f"select 1 as n from range({ROWS})")[-1] == f"{ROWS} rows"
    assert on_terminal(published, "select 1 as n where false") == ["n", "0 rows"]


# --- what it says when it cannot


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["selec"], "syntax error"),
        (["from nothing"], "nothing does not exist"),
        ([""], "answers with no rows; end it with a query"),
        (["set TimeZone = 'UTC'"], "answers with no rows; end it with a query"),
        (["select 'x'::int"], "Could not convert"),
        (["select if(range < 5000, 'x', error('too far')) from range(9000)"], "too far"),
        (["delete from overview"], "read-only"),
        (["from details", "--format", "parquet"], "name a file with --out"),
        (["from details", "--out", "a.xlsx"], "its ending does not name a format; add --format table|csv|json|parquet"),
        (["from details", "--out", "/nowhere/a.csv"], "/nowhere/a.csv: No such file or directory; name a file"),
    ],
)
def test_what_is_wrong_is_said(published: Published, arguments: list[str], words: str) -> None:
    assert words in run(published, *arguments, status=2).stderr


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_a_query_that_fails_leaves_the_old_file(published: Published, tmp_path: Path, ending: str) -> None:
    out = tmp_path / "out" / f"a.{ending}"
    out.parent.mkdir()
    out.write_text("before")
    sql = "select if(range < 5000, 'x', error('too far')) from range(9000)"
    assert "too far" in run(published, sql, "--out", str(out), status=2).stderr
    assert [(path.name, path.read_text()) for path in out.parent.iterdir()] == [(out.name, "before")]


def test_before_the_first_release_there_is_nothing(published: Published) -> None:
    published.home.current.unlink()
    assert "nothing is published yet; run 'causerie run' first" in run(published, "from overview", status=1).stderr
