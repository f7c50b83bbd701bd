"""Large plain NDJSON files: each parsed by a statement of its own, buffer by buffer, with the rows in their order.

Here files of some hundred kilobytes are large, and a buffer holds 64 of them.
"""

from __future__ import annotations

import random
from pathlib import Path
from threading import Event

import duckdb
import pytest

from ingestion.accepted import accepted_batches
from ingestion.parsing import parser
from ingestion.parsing.parser import shape_of
from ingestion.raw import segments as raw
from ingestion.settings import load_settings
from tests.drops import Row, message, write_config, write_files
from tests.drops import content_of as lines_of
from tests.ingestion.test_segments import decided, entries_of, quarantine_of, rows_of, take

BUFFER = 64 * 1024


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "_LARGE_TEXT", 200_000)
    monkeypatch.setattr(parser, "_BUFFER", BUFFER)
    monkeypatch.setattr(parser, "_ROWS_PER_GROUP", range(1, 100_000))


def messages(first: int, count: int) -> list[Row]:
    """Messages of very different length, whose ids occur again in the next thousand: only their order counts."""
    chance = random.Random(first)
    return [
        message(first + n % 1000, f"c{n}", status="x" * chance.choice([1, 5, 300 if n % 5000 > 2500 else 20]))
        for n in range(count)
    ]


def deliver(folder: Path, files: dict[str, list[Row]], torn: bytes = b"") -> None:
    write_config(folder, extra="[resources]\nthreads = 4\n[quality]\norphan_share = 1")
    contents = {name: lines_of(rows, "ndjson") + torn for name, rows in files.items()}
    rows = {name: len(rows) + torn.count(b"\n") for name, rows in files.items()}
    write_files(folder / "drop" / "b1", contents, rows)


def parts_of(folder: Path) -> list[Path]:
    """The parts of raw that hold messages."""
    _, segments = accepted_batches(load_settings(folder / "causerie.toml"))
    return [segment.folder / part.name for segment in segments for part in segment.listed.parts["messages"]]


def groups_of(part: Path) -> list[int]:
    """How many rows each group of a Parquet file has, in their order."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select distinct row_group_id, row_group_num_rows from parquet_metadata(?) order by 1", [str(part)]
        ).fetchall()
    return [count for _, count in rows]


FILES = {f"messages-{n}.ndjson": messages(n * 100_000, count) for n, count in enumerate((20_000, 6_000, 300), 1)}


def test_large_files_give_the_rows_that_they_give_as_small_ones(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    for folder in (small, large):
        folder.mkdir()
        deliver(folder, FILES)
    assert take(small).having("accepted")
    assert len(parts_of(small)) == 1
    request.getfixturevalue("_large")
    assert take(large).having("accepted")

    assert rows_of(large, "messages") == rows_of(small, "messages")
    assert [row[1] for row in rows_of(large, "messages")][:20_000] == [f"c{n}" for n in range(20_000)]
    assert decided(large) == decided(small)
    assert len(parts_of(large)) == 3
    groups = [count for part in parts_of(large) for count in groups_of(part)]
    assert len(groups) > 6, "more than one a file, which small ones have"
    assert max(groups) < 5000


@pytest.mark.usefixtures("_large")
def test_bad_records_of_large_files_are_found_where_they_stand(tmp_path: Path) -> None:
    files = {name: list(rows) for name, rows in FILES.items()}
    files["messages-1.ndjson"][12_345] = message("bad", direction="sideways")
    files["messages-2.ndjson"][0] = message("bad", sent_at="soon")
    files["messages-2.ndjson"][5_999] = message("", "c1")
    deliver(tmp_path, files)
    assert take(tmp_path).having("accepted")
    found = [(row[3], row[4]) for row in quarantine_of(tmp_path)]
    assert found == [("messages-1.ndjson", 12_346), ("messages-2.ndjson", 1), ("messages-2.ndjson", 6_000)]


@pytest.mark.usefixtures("_large")
@pytest.mark.parametrize("size", [BUFFER // 2 + 1000, 2 * BUFFER, 40 * BUFFER], ids=["half", "two", "forty"])
def test_a_record_may_be_larger_than_a_buffer(tmp_path: Path, size: int) -> None:
    rows = [*messages(0, 9_000), message("long", status="x" * size), *messages(10_000, 9_000)]
    deliver(tmp_path, {"messages.ndjson": rows})
    assert take(tmp_path).having("accepted")
    found = rows_of(tmp_path, "messages")
    assert [row[0] for row in found] == [str(row["message_id"]) for row in rows]
    assert len(found[9_000][8]) == size
    assert quarantine_of(tmp_path) == []


@pytest.mark.usefixtures("_large")
def test_a_torn_line_of_a_large_file_is_quarantined(tmp_path: Path) -> None:
    deliver(tmp_path, {"messages.ndjson": messages(0, 9_000)}, b'{"message_id":\n')
    assert take(tmp_path).having("accepted")
    assert [(row[4], row[5]) for row in quarantine_of(tmp_path)] == [(9_001, "malformed record")]
    assert len(rows_of(tmp_path, "messages")) == 9_001, "kept, with what is against it"


@pytest.mark.usefixtures("_large")
def test_a_file_that_cannot_be_read_refuses_the_batch_that_others_were_parsed_of(tmp_path: Path) -> None:
    deliver(tmp_path, FILES)
    batch = tmp_path / "drop" / "b1"
    contents = {path.name: path.read_bytes() for path in batch.glob("*.ndjson")} | {"agents.parquet": b"none"}
    write_files(batch, contents, {name: len(rows) for name, rows in FILES.items()} | {"agents.parquet": 1})
    (refused,) = take(tmp_path).having("refused")
    assert "agents.parquet: cannot be read" in refused.reasons[0]
    assert not list((tmp_path / "var" / "raw").rglob("*.parquet"))
    assert [entry.status for entry in entries_of(tmp_path)] == ["refused"]


def test_what_stops_the_run_stops_the_statements_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "select count(*) from range(100000000000) where range % 7 = 8"
    begun = Event()

    def parse_files(connection: duckdb.DuckDBPyConnection, files: list[Path], *_: object) -> None:
        if files[0].name == "stops":
            assert begun.wait(60)
            raise KeyboardInterrupt
        begun.set()
        connection.execute(endless)

    monkeypatch.setattr(parser, "parse_files", parse_files)
    with parser.connect() as connection, pytest.raises(KeyboardInterrupt):
        raw._parse_groups(connection, [([tmp_path / "stops"], tmp_path), ([tmp_path / "endless"], tmp_path)], (1, 5))  # type: ignore[list-item]


def test_only_what_is_large_and_plain_has_a_statement_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parser, "_LARGE_TEXT", 10)
    paths = [tmp_path / name for name in ("messages-1.ndjson", "messages-2.ndjson", "messages-3.ndjson")]
    for path, size in zip(paths, (9, 10, 11), strict=True):
        path.write_bytes(b"\n" * size)
    packed = [tmp_path / name for name in ("messages-1.ndjson.gz", "messages-2.ndjson.gz")]
    for path in packed:
        path.write_bytes(b"\n" * 1000)
    with parser.connect() as connection:
        assert len({shape_of(connection, path) for path in paths}) == 3
        assert len({shape_of(connection, path) for path in packed}) == 1
