"""What was accepted and then lost, and what is torn without showing it."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from pathlib import Path

import pytest

from ingestion.storage.ledger import Ledger
from tests.drops import conversation, write_batch, write_config, write_files
from tests.warehouse import accept, build_marts

SOURCES = [
    {"name": name, "kind": "export", "account": "acme", "path": name} for name in ("first_export", "second_export")
]


def two_sources(folder: Path) -> Path:
    config = write_config(folder, sources=SOURCES)
    for source in SOURCES:
        write_batch(folder / source["name"] / "b1", {"conversations": [conversation()]})
    assert [len(report.having("accepted")) for report in accept(config)] == [1, 1]
    return config


def test_a_cut_off_csv_is_refused_though_its_rows_are_as_many(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    torn = gzip.compress(b"agent_id,name\r\n1,Anne\r\n2,Philippe")[:-10]
    write_files(tmp_path / "drop" / "b1", {"agents.csv.gz": torn}, {"agents.csv.gz": 2})
    report = accept(config)[0]
    assert [entry.status for entry in report.entries] == ["refused"]
    assert "agents.csv.gz: cannot be read: the gzip file is cut off" in report.refusals[0]


def test_landing_is_not_needed_while_raw_is_there(tmp_path: Path) -> None:
    config = two_sources(tmp_path)
    shutil.rmtree(tmp_path / "var" / "landing" / "first_export")
    write_batch(tmp_path / "first_export" / "b2", {"conversations": [conversation("c2")]})
    reports = accept(config)
    assert [report.refusals for report in reports] == [[], []]
    assert [len(report.having("accepted")) for report in reports] == [1, 0]


def test_raw_is_made_again_from_landing(tmp_path: Path) -> None:
    config = two_sources(tmp_path)
    shutil.rmtree(tmp_path / "var" / "raw")
    assert [report.refusals for report in accept(config)] == [[], []]
    assert len(list((tmp_path / "var" / "raw" / "first_export").glob("b1.*/conversations-0.parquet"))) == 1


def test_a_source_that_lost_everything_stops_alone(tmp_path: Path) -> None:
    config = two_sources(tmp_path)
    for folder in ("raw", "landing"):
        shutil.rmtree(tmp_path / "var" / folder / "first_export")
    write_batch(tmp_path / "second_export" / "b2", {"conversations": [conversation("c2")]})
    first, second = accept(config)
    assert first.failure is not None
    assert "restore it in landing" in first.failure
    assert len(second.having("accepted")) == 1


@pytest.mark.builds
def test_a_batch_name_is_no_pattern(tmp_path: Path) -> None:
    """DuckDB reads `b[1]` as a pattern that `b1` matches: each batch must give its own rows."""
    config = write_config(tmp_path)
    names = ["b1", "b[1]", "b*", "bb", "b?"]
    for number, name in enumerate(names):
        write_batch(tmp_path / "drop" / name, {"conversations": [conversation(f"c{number}", channel=name)]})
    found = {row["conversation_id"]: row["channel"] for row in build_marts(config)["details"]}
    assert found == {f"c{number}": name for number, name in enumerate(names)}


@pytest.mark.parametrize("name", ["Conversations.NDJSON", "conversations_2.csv", "conversations (1).ndjson.GZ"])
def test_a_file_belongs_to_the_entity_that_its_name_begins_with(tmp_path: Path, name: str) -> None:
    config = write_config(tmp_path)
    if "csv" in name:
        content = b"conversation_id,started_at\nc1,2026-01-02T09:00:00Z\n"
    else:
        content = b'{"conversation_id": "c1", "started_at": "2026-01-02T09:00:00Z"}\n'
    packed = gzip.compress(content) if name.endswith("GZ") else content
    write_files(tmp_path / "drop" / "b1", {name: packed}, {name: 1})
    entry = accept(config)[0].entries[0]
    assert (entry.status, entry.counts["conversations"].landed) == ("accepted", 1)


def test_a_misnamed_file_refuses_its_batch(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    write_files(tmp_path / "drop" / "b1", {"messages.json": b"[]"}, {"messages.json": 0})
    report = accept(config)[0]
    assert [entry.status for entry in report.entries] == ["refused"]
    assert "messages.json: its name has no known format" in report.refusals[0]


def test_a_run_killed_between_two_renames_leaves_nothing_behind(tmp_path: Path) -> None:
    config = two_sources(tmp_path)
    landing = tmp_path / "var" / "landing" / "first_export"
    (landing / "b1").rename(landing / ".old-b1")
    (landing / ".new-b2").mkdir()
    shutil.rmtree(tmp_path / "var" / "raw" / "first_export")
    shutil.rmtree(tmp_path / "first_export" / "b1")
    assert [report.refusals for report in accept(config)] == [[], []]
    assert [path.name for path in landing.iterdir()] == ["b1"]


def segment_of(tmp_path: Path) -> str | None:
    with Ledger(tmp_path / "var" / "ledger.sqlite") as ledger:
        return ledger.accepted("first_export")["b1"]


@pytest.mark.builds
def test_a_home_from_before_there_were_segments_goes_on(tmp_path: Path) -> None:
    config = two_sources(tmp_path)
    rows = build_marts(config)
    with sqlite3.connect(tmp_path / "var" / "ledger.sqlite") as connection:
        connection.execute("drop table segments")
        connection.execute("alter table batches drop column segment")
    raw = tmp_path / "var" / "raw" / "first_export"
    (segment,) = raw.iterdir()
    segment.rename(raw / "b1")
    (raw / "b1" / "segment.json").rename(raw / "b1" / "batch.json")
    assert [report.refusals for report in accept(config)] == [[], []]
    assert build_marts(config) == rows
