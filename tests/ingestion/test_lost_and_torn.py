"""What was accepted and then lost, and what is torn without showing it."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from tests.drops import conversation, write_batch, write_config, write_files
from tests.warehouse import accept

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
    assert "agents.csv.gz: the gzip file is cut off" in report.refusals[0]


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
    assert (tmp_path / "var" / "raw" / "first_export" / "b1" / "conversations.ndjson.parquet").is_file()


def test_a_source_that_lost_everything_stops_alone(tmp_path: Path) -> None:
    config = two_sources(tmp_path)
    for folder in ("raw", "landing"):
        shutil.rmtree(tmp_path / "var" / folder / "first_export")
    write_batch(tmp_path / "second_export" / "b2", {"conversations": [conversation("c2")]})
    first, second = accept(config)
    assert first.failure is not None
    assert "restore it in landing" in first.failure
    assert len(second.having("accepted")) == 1
