"""Landing, ledger and raw that are not what they say of each other: each kind of fault, and a home that is whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingestion.raw import compaction
from ingestion.raw import segments as raw
from ingestion.repairs import parse_again
from ingestion.settings import load_settings
from ingestion.storage.delivered import Delivered
from ingestion.storage.ledger import DOUBTED
from ingestion.verification import Findings, verify_sources
from tests.drops import agent, conversation, message, write_batch, write_config
from tests.ingestion.test_repairs import NOW, damage
from tests.warehouse import accept

pytestmark = pytest.mark.builds

SOURCE = "acme_export"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Three batches, two of which are in one segment, with a few rows that are quarantined."""
    config = write_config(tmp_path)
    for number in range(3):
        rows = {"conversations": [conversation(f"c{number}")], "agents": [agent(), agent(None)]}
        rows |= {"messages": [message(f"m{number}", f"c{number}"), message(f"n{number}", sent_at="soon")]}
        write_batch(tmp_path / "drop" / f"b{number}", rows, file_format="parquet" if number == 2 else "ndjson")
        if number:
            accept(config)
    return config


def verified(config: Path) -> Findings:
    found, told = Findings(), list[str]()
    verify_sources(load_settings(config), found, told.append)
    assert all(line.startswith(SOURCE) for line in told)
    return found


def landed(config: Path) -> Path:
    return config.parent / "var" / "landing" / SOURCE


def segments(config: Path) -> list[Path]:
    return sorted((config.parent / "var" / "raw" / SOURCE).iterdir())


def test_a_good_home_is_whole(config: Path) -> None:
    found = verified(config)
    assert (found.faults, found.notes) == ([], [])
    assert found.looked_at["batches"] == 3
    assert found.looked_at["files"] == 9
    assert found.looked_at["segments"] == 2
    assert found.looked_at["rows"] == 3 + 6 + 6
    assert found.looked_at["bytes"] == sum(path.stat().st_size for path in landed(config).glob("*/*"))


def test_a_home_is_whole_before_its_first_run_and_after_compaction(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").mkdir()
    assert verified(write_config(tmp_path / "new")) == Findings()
    monkeypatch.setattr(compaction, "FAN_IN", 2)
    monkeypatch.setattr(compaction, "_tier", lambda _: 0)
    before = verified(config).looked_at["rows"]
    compaction.compact(load_settings(config), lambda _: None)
    found = verified(config)
    assert not found.faults
    assert "2 folders that the ledger does not name" in found.notes[0]
    assert (found.looked_at["segments"], found.looked_at["rows"]) == (1, before)


def test_a_landed_file_that_changed_or_is_missing(config: Path) -> None:
    (landed(config) / "b0" / "messages.ndjson").write_text("{}\n{}\n")
    (landed(config) / "b1" / "agents.ndjson").unlink()
    first, second = verified(config).faults
    assert "b0/messages.ndjson: it has changed since it was landed" in first
    assert "b1/agents.ndjson: it is missing" in second
    for fault in (first, second):
        assert "restore it from a backup, or set the batch aside: causerie reject acme_export b" in fault
        assert "deliver it under another name" in fault


def test_a_manifest_that_changed(config: Path) -> None:
    manifest = landed(config) / "b0" / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    (landed(config) / "b1" / "manifest.json").write_text("{")
    first, second = verified(config).faults
    assert "b0/manifest.json: it is not that of raw" in first
    assert "b1/manifest.json: it cannot be read" in second


def test_an_accepted_batch_that_is_not_in_landing(config: Path) -> None:
    shutil.rmtree(landed(config) / "b1")
    (fault,) = verified(config).faults
    assert f"{landed(config) / 'b1'}: it is missing; restore it" in fault


def cut_off(part: Path) -> None:
    part.write_bytes(part.read_bytes()[:-20])


def with_a_row_less(part: Path) -> None:
    duckdb.execute(f"copy (from '{part}' limit 1) to '{part}.new' (format parquet)")
    part.with_name(f"{part.name}.new").rename(part)


def with_a_row_good(part: Path) -> None:
    duckdb.execute(f"copy (from (select * replace (null as _reasons) from '{part}')) to '{part}.new' (format parquet)")
    part.with_name(f"{part.name}.new").rename(part)


def without_hashes(first: Path) -> None:
    """As earlier versions wrote segments."""
    summary = json.loads((first / "segment.json").read_text())
    del summary["sha256"]
    (first / "segment.json").write_text(json.dumps(summary))


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("messages-*.parquet", cut_off),
        ("messages-*.parquet", Path.unlink),
        ("messages-*.parquet", damage),
        ("quarantine.parquet", with_a_row_less),
    ],
)
def test_a_file_of_raw_that_is_not_what_was_written(config: Path, name: str, spoil: Callable[[Path], None]) -> None:
    (path,) = segments(config)[0].glob(name)
    spoil(path)
    (fault,) = verified(config).faults
    remedy = "causerie parse-again acme_export, and the next run makes it again from landing"
    assert fault == f"{path}: it is missing, or not as it was written; {remedy}"
    parse_again(load_settings(config), SOURCE, NOW)
    accept(config)
    assert verified(config).faults == []


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("messages-*.parquet", cut_off, "it cannot be read: Invalid Input Error: No magic bytes"),
        ("messages-*.parquet", Path.unlink, "it cannot be read: IO Error: No files found"),
        (
            "messages-*.parquet",
            with_a_row_less,
            "it has 1 messages, 0 of them bad and 1 in quarantine; parsed were 2, 1",
        ),
        (
            "messages-*.parquet",
            with_a_row_good,
            "it has 2 messages, 0 of them bad and 1 in quarantine; parsed were 2, 1",
        ),
        ("quarantine.parquet", with_a_row_less, "1 of them bad and 0 in quarantine"),
        ("segment.json", lambda path: path.write_text("{}"), "it cannot be read"),
        (
            "segment.json",
            lambda path: path.write_text(path.read_text().replace('"records": 2', '"records": 3')),
            "b0: it says other numbers than the ledger",
        ),
    ],
)
def test_raw_that_does_not_hold_what_was_parsed(
    config: Path, name: str, spoil: Callable[[Path], object], words: str
) -> None:
    first = segments(config)[0]
    without_hashes(first)
    (path,) = first.glob(name)
    spoil(path)
    faults = verified(config).faults
    assert any(words in fault for fault in faults), faults
    assert all(fault.startswith(str(first)) for fault in faults)


def test_a_broken_disk_is_a_fault_and_ends_nothing(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Delivered, "sha256", broken)
    monkeypatch.setattr(raw, "sha256_of", broken)
    faults = verified(config).faults
    assert len(faults) == 2 + 3
    assert all(": it cannot be read: Input/output error; " in fault for fault in faults)


def test_a_segment_that_is_missing(config: Path) -> None:
    shutil.rmtree(segments(config)[0])
    (fault,) = verified(config).faults
    assert fault.endswith("it is missing; the next run makes it again from landing")
    accept(config)
    assert verified(config).faults == []


def test_what_nothing_knows(config: Path) -> None:
    home = config.parent / "var"
    strays = {
        *(home / place / "stray" for place in ("landing", "raw")),
        home / "raw" / SOURCE / "notes.txt",
        landed(config) / "half",
        landed(config) / "b0" / "notes.txt",
    }
    for path in strays:
        path.touch() if path.suffix else path.mkdir()
    faults = verified(config).faults
    assert sorted(faults) == sorted(f"{path}: nothing knows what this is: look at it, and remove it" for path in strays)


def test_what_is_open_is_no_fault(config: Path) -> None:
    """What a killed run left, a batch that was landed and not judged, a source that has left the configuration."""
    (landed(config) / ".new-b3").mkdir()
    write_batch(landed(config) / "b3", {"agents": [agent("a2")]})
    with sqlite3.connect(config.parent / "var" / "ledger.sqlite") as ledger:
        ledger.execute("update batches set segment = null where batch = 'b2'")
        ledger.execute("delete from segments where segment not in (select segment from batches where segment notnull)")
        ledger.execute(
            "insert into batches select 'gone', batch, status, null, decided_at, counts, reasons, null from batches"
        )
    (config.parent / "var" / "landing" / "gone").mkdir()
    found = verified(config)
    assert found.faults == []
    for words in ("gone: the configuration does not name", "1 landed and not judged yet", ".new-b3: of a run that is"):
        assert any(words in note for note in found.notes), words
    assert any("1 batches not in raw: the next run parses them again" in note for note in found.notes)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(os.unlink, "it is missing"), (lambda path: path.write_bytes(b"x" * 5000), "it cannot be read")],
)
def test_a_ledger_that_is_lost(config: Path, spoil: Callable[[Path], object], words: str) -> None:
    ledger = config.parent / "var" / "ledger.sqlite"
    spoil(ledger)
    (fault,) = verified(config).faults
    assert fault.startswith(f"{ledger}: {words}")
    assert "restore it from a backup" in fault


def test_raw_that_waits_to_be_parsed_again_is_looked_at_all_the_same(config: Path) -> None:
    parse_again(load_settings(config), SOURCE, NOW)
    with sqlite3.connect(config.parent / "var" / "ledger.sqlite") as ledger:
        assert ledger.execute("select distinct rules from segments").fetchall() == [(DOUBTED,)]
    assert verified(config).faults == []
    (part,) = segments(config)[0].glob("messages-*.parquet")
    cut_off(part)
    assert verified(config).faults
