"""Two ways to read a file, one result: many files in one statement, and each file line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion.parsing import parser
from ingestion.parsing.files import LandedFile, ParsedFile
from ingestion.parsing.parser import connect, parse_carefully, parse_files, shape_of
from tests.drops import EXTRACTED_AT, content_of, conversation, message, packed
from tests.examples import examples

AT = datetime.fromisoformat(EXTRACTED_AT)
SCALE = (1, 5)
BOM = b"\xef\xbb\xbf"
OFTEN = settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as connection:
        connection.execute("set threads = 4")
        yield connection


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New folders: within a second, DuckDB may take a file for an older one of its name, size and time."""
    base = tmp_path_factory.mktemp("two ways")

    def numbered() -> Iterator[Path]:
        for number in count():
            (base / str(number)).mkdir()
            yield base / str(number)

    return numbered()


Found = list[tuple[ParsedFile, list[tuple[object, ...]]]]


def rows_of(connection: duckdb.DuckDBPyConnection, target: Path) -> list[tuple[object, ...]]:
    return connection.execute(f"from read_parquet('{target}')").fetchall()


def both_ways(
    connection: duckdb.DuckDBPyConnection, folder: Path, name: str, contents: Sequence[bytes]
) -> tuple[Found, Found]:
    """What each file, delivered as `name` by a batch of its own, gives together with the others, and by itself."""
    files, carefully = [], []
    for number, content in enumerate(contents):
        path = folder / f"b{number}" / name
        path.parent.mkdir()
        path.write_bytes(content)
        file = LandedFile(path, "acme", f"b{number}", AT, 0)
        target = folder / "careful"
        parsed = parse_carefully(connection, file, target, SCALE)
        carefully.append((parsed, rows_of(connection, target)))
        files.append(LandedFile(path, "acme", f"b{number}", AT, parsed.records))
    assert len({shape_of(connection, file.path) for file in files}) == 1
    outcomes = parse_files(connection, files, folder / "quick", SCALE)
    rows = rows_of(connection, folder / "quick")
    batch = len(rows[0]) - 3 if rows else 0
    quickly = [
        (outcome, [row for row in rows if row[batch] == file.batch])
        for file, outcome in zip(files, outcomes, strict=True)
    ]
    assert sum(len(found) for _, found in quickly) == len(rows)
    return quickly, carefully


TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [
            "",
            "true",
            "false",
            "null",
            "[1",
            "[1]",
            "{}",
            '["a"]',
            '{"a":1}',
            "1.5",
            "5.0",
            "1e2",
            "1.0e+29",
            "-0.0",
            "NaN",
            "wamid.HBgL.Mz",
            "7.x",
            " 4 ",
            "\u0301x",
            "a\0b",
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e300, 5e-324, 9007199254740993.0, 4, 5.0, -0.0, 0, 1]),
)
INSTANTS = st.one_of(
    st.from_regex(
        r"20[0-2][0-9]-[0-1][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?"
        r"(Z|[+-][0-2][0-9]:[0-6][0-9])",
        fullmatch=True,
    ),
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}Z"),
    st.sampled_from(["2026-01-02T09:00:00Z", "2026-01-02T24:00:00Z", "2026-1-02T009:00:00Z", "2026-02-30T09:00:00Z"]),
)
"""Also a shape that is right with one character that is not."""
NEARLY = st.builds(
    lambda place, character: "2026-01-02T09:00:00Z"[:place] + character + "2026-01-02T09:00:00Z"[place + 1 :],
    st.integers(0, 19),
    st.sampled_from(" -+.:0129TZtz٣é"),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, INSTANTS, NEARLY)
VALUES = st.one_of(
    SCALARS,
    st.lists(st.one_of(TEXTS, SCALARS, st.lists(SCALARS, max_size=2)), max_size=3),
    st.dictionaries(st.text(max_size=2), SCALARS, max_size=2),
)
ROWS = st.one_of(
    st.fixed_dictionaries(
        {"conversation_id": VALUES, "started_at": st.one_of(INSTANTS, NEARLY, VALUES)},
        optional={
            "contact_id": VALUES,
            "channel": VALUES,
            "team": VALUES,
            "closed_at": st.one_of(INSTANTS, NEARLY, VALUES),
            "tags": VALUES,
            "deleted": VALUES,
            "other": VALUES,
        },
    ),
    st.builds(lambda tags: conversation(tags=tags), st.lists(TEXTS, max_size=3)),
)
GOOD_LINES = st.builds(
    lambda row, ascii: json.dumps(row, ensure_ascii=ascii).encode("utf-8", "surrogatepass"), ROWS, st.booleans()
)
ODD_LINES = st.one_of(
    st.builds(lambda line, cut: line[: cut % (len(line) + 1)], GOOD_LINES, st.integers(0, 400)),
    st.builds(
        lambda line, more: line + more, GOOD_LINES, st.sampled_from([b",", b"{}", b" ", b'{"conversation_id":2}'])
    ),
    st.builds(
        lambda line, place, byte: line[: place % len(line)] + bytes([byte]) + line[place % len(line) + 1 :],
        GOOD_LINES,
        st.integers(0, 400),
        st.integers(0, 255),
    ),
    st.sampled_from(
        [
            b"",
            b"  ",
            b"\t",
            b"{}",
            b"[]",
            b"null",
            b"5",
            b'"x"',
            b'[{"conversation_id":1}]',
            b'{"conversation_id":',
            b'{"conversation_id":1,"conversation_id":true}',
            b'{"conversation_id":[1],"conversation_id":2,"started_at":"2026-01-02T09:00:00Z"}',
            b'{"conversation_id":NaN}',
            b'{"conversation_id":1e400,"channel":-Infinity}',
            b'{"conversation_id":1.0}',
            b'{"CONVERSATION_ID":1}',
            b'{"conversation_id":"\xff"}',
            b'{"conversation_id":1}\x00',
            b"\xef\xbb\xbf{}",
        ]
    ),
)


def joined(lines: Sequence[bytes], end: bytes, mark: bytes, last: bytes) -> bytes:
    return mark + end.join(lines) + last


CONTENTS = st.builds(
    joined,
    st.one_of(st.lists(GOOD_LINES, max_size=8), st.lists(st.one_of(GOOD_LINES, ODD_LINES), max_size=8)),
    st.sampled_from([b"\n", b"\n", b"\r\n"]),
    st.sampled_from([b"", b"", b"", BOM]),
    st.sampled_from([b"", b"\n"]),
)
TORN = b'{"conversation_id":\n{"conversation_id":1,"started_at":"2026-01-02T09:00:00Z"}\n'


@settings(OFTEN, max_examples=examples(100))
@given(contents=st.lists(CONTENTS, min_size=1, max_size=3), gz=st.booleans())
@example(contents=[TORN, b"", TORN + b"\n"], gz=False)
@example(contents=[b'{"conversation_id":1,"started_at":"2026-01-02T09:00:00Z","tags":["\xcc\x81a"]}'], gz=True)
def test_ndjson(
    connection: duckdb.DuckDBPyConnection, folders: Iterator[Path], contents: list[bytes], gz: bool
) -> None:
    name = "conversations.ndjson" + ".gz" * gz
    quickly, carefully = both_ways(connection, next(folders), name, [packed(content, gz) for content in contents])
    assert quickly == carefully


CELLS = st.one_of(
    TEXTS, INSTANTS, NEARLY, st.sampled_from(['"a"', '"a\nb"', '"a;b"', '"é"', 'a"b', '"a', "a,b", "\xff", "c1"])
)
CSV_LINES = st.lists(st.lists(CELLS, min_size=3, max_size=3).map(",".join), max_size=6)


@OFTEN
@given(tables=st.lists(CSV_LINES, min_size=1, max_size=3), end=st.sampled_from(["\n", "\r\n"]), bad=st.booleans())
def test_csv(
    connection: duckdb.DuckDBPyConnection, folders: Iterator[Path], tables: list[list[str]], end: str, bad: bool
) -> None:
    code = "latin-1" if bad else "utf-8"
    contents = [
        end.join(["conversation_id,tags,started_at", *lines, ""]).encode(code, "ignore" if bad else "surrogatepass")
        for lines in tables
    ]
    quickly, carefully = both_ways(connection, next(folders), "conversations.csv", contents)
    assert quickly == carefully


@OFTEN
@given(tables=st.lists(st.lists(st.tuples(TEXTS, INSTANTS), min_size=1, max_size=5), min_size=1, max_size=3))
def test_parquet(
    connection: duckdb.DuckDBPyConnection, folders: Iterator[Path], tables: list[list[tuple[str, str]]]
) -> None:
    contents = [
        content_of([{"conversation_id": key, "team": "x", "started_at": when} for key, when in rows] * 2, "csv")
        for rows in tables
    ]
    folder = next(folders)
    written = []
    for number, content in enumerate(contents):
        (folder / "rows.csv").write_bytes(content.replace(b"\0", b""))
        path = folder / f"{number}.parquet"
        connection.execute(
            "copy (select conversation_id, team, coalesce(try_cast(started_at as timestamptz),"
            " timestamptz 'infinity') as started_at from read_csv("
            f"'{folder / 'rows.csv'}', all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"'))"
            f" to '{path}' (format parquet)"
        )
        written.append(path.read_bytes())
        (folder / "rows.csv").unlink()
    quickly, carefully = both_ways(connection, folder, "conversations.parquet", written)
    assert quickly == carefully


# --- what the quick way is for


def test_good_files_are_read_once_and_bad_values_need_no_second_look(
    connection: duckdb.DuckDBPyConnection, folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        message("wamid.HBgL.Mz"),
        message("", sent_at="2026-01-02T09:00:00"),
        message(direction="up", agent_id="1.x"),
    ]
    folder = next(folders)
    both_ways(connection, folder, "messages.ndjson", [content_of(rows, "ndjson")] * 2)
    monkeypatch.setattr(parser, "parse_carefully", None)
    files = [LandedFile(folder / f"b{number}" / "messages.ndjson", "acme", f"b{number}", AT, 3) for number in (0, 1)]
    assert [len(parsed.bad) for parsed in parse_files(connection, files, folder / "quick", SCALE)] == [2, 2]


@pytest.mark.parametrize("file_format", ["ndjson", "csv", "parquet"])
def test_files_are_read_together_with_little_memory(
    folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    folder = next(folders)
    files = []
    for number in range(8):
        path = folder / f"messages-{number}.{file_format}"
        path.write_bytes(content_of([message(n, agent_id="a") for n in range(100)], file_format))
        files.append(LandedFile(path, "acme", "b1", AT, 100))
    monkeypatch.setattr(parser, "parse_carefully", None)
    monkeypatch.setattr(parser, "_parse_apart", None)
    with connect() as connection:
        connection.execute("set memory_limit = '600MB'")
        connection.execute("set threads = 2")
        assert [parsed.records for parsed in parse_files(connection, files, folder / "raw", SCALE)] == [100] * 8


@pytest.mark.parametrize(
    "line", [b'{"message_id":', b'{"message_id":1.0}', b'{"message_id":1,"type":["a"]}', b'{"message_id":true}', b"{}"]
)
def test_only_the_file_in_doubt_is_read_again(
    connection: duckdb.DuckDBPyConnection, folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    folder = next(folders)
    good = content_of([message(n) for n in range(3)], "ndjson")
    both_ways(connection, folder, "messages.ndjson", [good, good + line + b"\n", good])
    read = []

    def watched(connection: duckdb.DuckDBPyConnection, file: LandedFile, *rest: object) -> ParsedFile:
        read.append(file.batch)
        return parse_carefully(connection, file, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(parser, "parse_carefully", watched)
    files = [
        LandedFile(folder / f"b{number}" / "messages.ndjson", "acme", f"b{number}", AT, 3 + (number == 1))
        for number in range(3)
    ]
    assert [parsed.records for parsed in parse_files(connection, files, folder / "quick", SCALE)] == [3, 4, 3]
    assert read == ["b1"]


def test_a_row_count_that_the_manifest_does_not_give_is_counted_again(
    connection: duckdb.DuckDBPyConnection, folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next(folders) / "messages.ndjson"
    path.write_bytes(content_of([message()], "ndjson"))
    monkeypatch.setattr(parser, "parse_carefully", lambda *_: "counted again")
    assert parse_files(connection, [LandedFile(path, "acme", "b1", AT, 2)], path.with_name("raw"), SCALE) == [
        "counted again"
    ]


def test_a_column_may_be_called_as_the_index_of_files(
    connection: duckdb.DuckDBPyConnection, folders: Iterator[Path]
) -> None:
    folder = next(folders)
    paths = [folder / f"agents-{number}.parquet" for number in (1, 2)]
    for path in paths:
        connection.execute(f"copy (select 'a' as agent_id, 7 as file_index) to '{path}' (format parquet)")
    assert len({shape_of(connection, path) for path in paths}) == 2
    (parsed,) = parse_files(connection, [LandedFile(paths[0], "acme", "b1", AT, 1)], folder / "raw", SCALE)
    assert (parsed.records, parsed.bad) == (1, [])
