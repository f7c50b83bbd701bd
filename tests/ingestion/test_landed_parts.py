"""Large Parquet files that are good as they lie: a part of raw under a second name, with the same rows as if written.

Here every file is large. What decides is seen on both sides: kept where nothing would change, written where one value
would.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion import ingest
from ingestion.accepted import accepted_batches
from ingestion.builds import build_file
from ingestion.export_format import DUCKDB_TYPES, ENTITIES
from ingestion.ingest import ingest_sources
from ingestion.parsing import parser
from ingestion.raw import compaction
from ingestion.raw import segments as raw
from ingestion.settings import load_settings
from ingestion.sql import sql_name
from ingestion.storage.landing import open_landed
from tests.drops import EXTRACTED_AT, write_config, write_files, write_manifest
from tests.examples import examples
from tests.ingestion.test_segments import decided, quarantine_of, rows_of, take

MESSAGES = ENTITIES["messages"]
TYPES = {column.name: DUCKDB_TYPES[column.type] for column in MESSAGES.columns}
GOOD = {
    "message_id": "m1",
    "conversation_id": "c1",
    "sent_at": "2026-01-02 09:00:00.123456+01",
    "direction": "inbound",
    "private": False,
    "deleted": False,
}


@pytest.fixture(autouse=True)
def _all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "_WORTH_KEEPING", 0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.mktemp("parts")
    return (base / str(number) for number in count())


def parquet(path: Path, rows: list[dict[str, Any]], types: dict[str, str] = TYPES, entity_columns: str = "") -> Path:
    """A Parquet file of rows, its columns in types."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        columns = ", ".join(f"{sql_name(name)} {kind}" for name, kind in types.items())
        connection.execute(f"create table written ({columns})")
        for row in rows:
            connection.execute(
                f"insert into written values ({', '.join('?' for _ in types)})", [row.get(name) for name in types]
            )
        connection.execute(f"copy (select {entity_columns or '*'} from written) to '{path}' (format parquet)")
    return path


def segment_of(folder: Path, *files: Path, rows: int | None = None) -> tuple[raw.Segment, list[raw.RawBatch]]:
    """A segment of one batch with files of messages."""
    batch = folder / "landing" / "acme" / "b1"
    batch.mkdir(parents=True)
    for number, file in enumerate(files):
        shutil.copy(file, batch / f"messages-{number}.parquet")
    counts = {
        path.name: duckdb.sql(f"select count(*) from read_parquet('{path}')").fetchall()[0][0]
        for path in batch.iterdir()
    }
    write_manifest(batch, counts if rows is None else dict.fromkeys(counts, rows), EXTRACTED_AT)
    landed = open_landed("acme", batch)
    with parser.connect() as connection:
        return raw.parse_segment(connection, [landed], folder / "raw", (1, 5), lambda _: None)


def rows_in(segment: raw.Segment) -> list[tuple[Any, ...]]:
    with parser.connect() as connection:
        return connection.execute(
            f"from ({raw.records([segment], MESSAGES)}) order by _file, file_row_number"
        ).fetchall()


def parts_of(segment: raw.Segment) -> list[str]:
    return [part.name for part in segment.listed.parts["messages"]]


def both_ways(folder: Path, file: Path) -> tuple[raw.Segment, raw.Segment]:
    """A file as it is ingested, and as it would be if every file were parsed; both have the same rows."""
    taken, batches = segment_of(folder / "as it lies", file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser, "_WORTH_KEEPING", 1 << 40)
        written, batches_written = segment_of(folder / "written", file)
    assert not any(name.startswith("landed-") for name in parts_of(written))
    assert rows_in(taken) == rows_in(written)
    assert [batch.files for batch in batches] == [batch.files for batch in batches_written]
    return taken, written


def test_a_good_file_is_kept_under_a_second_name(tmp_path: Path) -> None:
    file = parquet(tmp_path / "f.parquet", [GOOD, {**GOOD, "message_id": "m2", "type": "text", "deleted": True}])
    taken, _ = both_ways(tmp_path, file)
    assert parts_of(taken) == ["landed-messages-0.parquet"]
    landed = tmp_path / "as it lies" / "landing" / "acme" / "b1" / "messages-0.parquet"
    assert (taken.folder / "landed-messages-0.parquet").samefile(landed)
    assert [row[-5:] for row in rows_in(taken)] == [
        ("acme", "b1", "messages-0.parquet", None, 0),
        ("acme", "b1", "messages-0.parquet", None, 1),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": None},
        {"message_id": ""},
        {"type": ""},
        {"direction": "Inbound"},
        {"direction": "sideways"},
        {"sent_at": None},
        {"sent_at": "2026-02-01 00:00:00+00"},
        {"sent_at": "1970-01-01 00:00:00+00"},
        {"updated_at": "1999-12-31 23:59:59+00"},
        {"updated_at": "2026-02-01 00:00:00+00"},
        {"updated_at": "infinity"},
        {"updated_at": "12026-01-01 00:00:00+00"},
        {"deleted": True, "conversation_id": None},
    ],
    ids=str,
)
def test_a_file_with_one_value_that_would_change_is_written(tmp_path: Path, wrong: dict[str, Any]) -> None:
    taken, _ = both_ways(tmp_path, parquet(tmp_path / "f.parquet", [GOOD, {**GOOD, "message_id": "m2", **wrong}]))
    assert parts_of(taken) == ["messages-0.parquet"]


@pytest.mark.parametrize(
    ("types", "columns"),
    [
        ({**TYPES, "message_id": "bigint"}, ""),
        ({**TYPES, "sent_at": "varchar"}, ""),
        ({**TYPES, "updated_at": "timestamp"}, ""),
        ({**TYPES, "private": "integer"}, ""),
        ({**TYPES, "agent_id": "double"}, ""),
        ({**TYPES, "_batch": "varchar"}, ""),
        ({**TYPES, "FILE_INDEX": "varchar"}, ""),
        (TYPES, "* exclude (origin)"),
        (TYPES, "* exclude (origin), origin as Origin"),
    ],
    ids=str,
)
def test_a_file_of_other_columns_is_written(tmp_path: Path, types: dict[str, str], columns: str) -> None:
    row = {**GOOD, "message_id": "1", "sent_at": "2026-01-02T09:00:00Z"}
    taken, _ = both_ways(tmp_path, parquet(tmp_path / "f.parquet", [row], types, columns))
    assert parts_of(taken) == ["messages-0.parquet"]


def test_columns_that_nobody_knows_and_another_order_do_no_harm(tmp_path: Path) -> None:
    columns = ", ".join(reversed(TYPES)) + ", 7 as extra"
    taken, _ = both_ways(tmp_path, parquet(tmp_path / "f.parquet", [GOOD], entity_columns=columns))
    assert parts_of(taken) == ["landed-messages-0.parquet"]


def test_a_small_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = parquet(tmp_path / "f.parquet", [GOOD])
    monkeypatch.setattr(parser, "_WORTH_KEEPING", file.stat().st_size + 1)
    assert parts_of(segment_of(tmp_path, file)[0]) == ["messages-0.parquet"]


def test_a_file_is_written_where_no_second_name_can_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("not on this file system")

    monkeypatch.setattr(os, "link", refuse)
    segment, _ = segment_of(tmp_path, parquet(tmp_path / "f.parquet", [GOOD]))
    assert parts_of(segment) == ["messages-0.parquet"]
    assert len(rows_in(segment)) == 1


def test_another_number_of_rows_than_the_manifest_says_is_refused_as_ever(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="the manifest says 3 rows, the file has 1"):
        segment_of(tmp_path, parquet(tmp_path / "f.parquet", [GOOD]), rows=3)


def test_what_is_no_parquet_is_refused_as_ever(tmp_path: Path) -> None:
    write_config(tmp_path)
    write_files(tmp_path / "drop" / "b1", {"messages.parquet": b"PAR1 no more"}, {"messages.parquet": 1})
    assert "messages.parquet: cannot be read" in take(tmp_path).refusals[0]


def test_files_kept_and_written_stand_beside_each_other(tmp_path: Path) -> None:
    good = [parquet(tmp_path / f"{n}.parquet", [{**GOOD, "message_id": f"{n}-{k}"} for k in range(3)]) for n in "ab"]
    bad = parquet(tmp_path / "c.parquet", [{**GOOD, "message_id": None}, {**GOOD, "message_id": "c-1"}])
    segment, (batch,) = segment_of(tmp_path, good[0], bad, good[1])
    assert sorted(parts_of(segment)) == ["landed-messages-0.parquet", "landed-messages-2.parquet", "messages-0.parquet"]
    assert [(row[0], row[-3], row[-1]) for row in rows_in(segment)] == [
        *((f"a-{k}", "messages-0.parquet", k) for k in range(3)),
        (None, "messages-1.parquet", 0),
        ("c-1", "messages-1.parquet", 1),
        *((f"b-{k}", "messages-2.parquet", k) for k in range(3)),
    ]
    assert batch.totals() == {"messages": (8, 1)}


TEXTS = st.sampled_from([None, "", "a", 'Ünï\'c "o" de', "[1]", "inbound", "true"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "message_id": st.sampled_from(["m1", "m2", "m3", None]),
            "conversation_id": TEXTS,
            "sent_at": st.sampled_from(["2026-01-02 09:00:00+01", "2026-01-02 08:00:00.000001+00", None]),
            "direction": st.sampled_from(["inbound", "outbound", "OUTBOUND", "", None]),
            "agent_id": TEXTS,
            "type": TEXTS,
            "private": st.sampled_from([True, False, None]),
            "updated_at": st.sampled_from([None, "2026-01-03 00:00:00+00", "1969-12-31 23:59:59+00"]),
            "deleted": st.sampled_from([True, False, None]),
        }
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
def test_the_rows_are_the_same_in_either_way(folders: Iterator[Path], rows: list[dict[str, Any]]) -> None:
    folder = next(folders)
    folder.mkdir()
    taken, written = both_ways(folder, parquet(folder / "f.parquet", rows))
    if parts_of(taken) != parts_of(written):
        with parser.connect() as connection:
            lying = connection.execute(f"from read_parquet('{folder / 'f.parquet'}')").fetchall()
        assert [row[: len(TYPES)] for row in rows_in(taken)] == lying


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two accepted batches, a segment each: one whose messages are kept as they lie, and one whose are written."""
    monkeypatch.setattr(ingest, "_FILES_TOGETHER", 0)
    write_config(tmp_path)
    for batch, rows in (
        ("b1", [GOOD, {**GOOD, "message_id": "m2"}]),
        ("b2", [{**GOOD, "type": ""}, {**GOOD, "message_id": ""}]),
    ):
        content = parquet(tmp_path / "f.parquet", rows).read_bytes()
        write_files(tmp_path / "drop" / batch, {"messages.parquet": content}, {"messages.parquet": len(rows)})
    assert len(take(tmp_path).having("accepted")) == 2
    return tmp_path


def state(folder: Path) -> tuple[Any, ...]:
    return rows_of(folder, "messages"), quarantine_of(folder), decided(folder)


def test_joined_segments_have_the_same_rows(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(home)
    monkeypatch.setattr(compaction, "FAN_IN", 2)
    compaction.compact(load_settings(home / "causerie.toml"), lambda _: None)
    _, segments = accepted_batches(load_settings(home / "causerie.toml"))
    assert [parts_of(segment) for segment in segments] == [["messages-0.parquet"]]
    assert {batch for segment in segments for batch in segment.batches} == {"b1", "b2"}
    assert state(home) == before


def test_what_dbt_reads_tells_where_each_row_came_from(home: Path) -> None:
    config = load_settings(home / "causerie.toml")
    entries, segments = accepted_batches(config)
    build_file.create_build(home / "build.duckdb", config, entries, segments)
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select message_id, source_system, _batch, _file, _reasons is null, _line from export.messages order by all"
        ).fetchall()
    assert rows == [
        ("m1", "acme_export", "b1", "messages.parquet", True, 0),
        ("m1", "acme_export", "b2", "messages.parquet", True, 0),
        ("m2", "acme_export", "b1", "messages.parquet", True, 1),
        (None, "acme_export", "b2", "messages.parquet", False, 1),
    ]


def test_a_batch_delivered_again_leaves_what_was_kept_as_it_was(home: Path) -> None:
    """Landing takes another file of the same name; the part that is linked is not written over."""
    before = rows_of(home, "messages")
    content = parquet(home / "f.parquet", [{**GOOD, "message_id": "new"}]).read_bytes()
    drop = home / "drop" / "b1" / "messages.parquet"
    with drop.open("r+b") as file:  # in place, as careless producers do
        file.truncate()
        file.write(content)
    assert rows_of(home, "messages") == before
    part = next((home / "var" / "raw").rglob("landed-messages-*.parquet"))
    assert hashlib.sha256(part.read_bytes()).digest() != hashlib.sha256(content).digest()


def test_raw_that_is_lost_is_made_again_from_landing(home: Path) -> None:
    before = state(home)
    shutil.rmtree(home / "var" / "raw")
    ingest_sources(load_settings(home / "causerie.toml"), lambda _: None)
    assert state(home) == before
