"""Batches that other processes parse ahead: accepted, refused and waiting as if this process had parsed each."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import ingest
from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import raw_rows
from ingestion.export_format import ENTITIES
from ingestion.parsing.readers import UnreadableFileError
from ingestion.raw import parsing_ahead
from ingestion.settings import load_settings
from ingestion.storage.ledger import LEDGER, Ledger
from tests.drops import conversation, message, write_batch, write_config, write_files

pytestmark = pytest.mark.builds


@pytest.fixture(autouse=True)
def _each_batch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "_LARGE_BATCH", 0)


def taken_in(folder: Path, processes: int, *, spoiled: bool) -> dict[str, Any]:
    """What became of twelve batches, of which, if it is spoiled, the ninth cannot be read."""
    config = write_config(folder, extra=f"[resources]\nintake_processes = {processes}\n")
    for number in range(12):
        rows = {"conversations": [conversation(number)], "messages": [message(number, number)]}
        write_batch(folder / "drop" / f"b{number:02d}", rows, f"2026-01-{10 + number}T00:00:00Z")
    if spoiled:
        write_files(folder / "drop" / "b08", {"messages.ndjson": b"\xff\xfe\n"}, {"messages.ndjson": 2})
    settings = load_settings(config)
    (report,) = ingest.ingest_sources(settings, lambda _: None)
    entries, segments = accepted_batches(settings)
    with duckdb.connect() as connection:
        rows = raw_rows(ENTITIES["messages"], segments)
        messages = connection.execute(f"select message_id, _batch, _file, _line from ({rows}) order by all").fetchall()
    with Ledger(settings.home / LEDGER) as ledger:
        named = {listed.segment for listed in ledger.segments("acme_export")}
    return {
        "statuses": [(entry.batch, entry.status, entry.counts, entry.reasons) for entry in report.entries],
        "accepted": [entry.batch for entry in entries],
        "messages": messages,
        "left over": {path.name for path in (settings.home / "raw" / "acme_export").iterdir()} - named,
    }


@pytest.mark.parametrize("spoiled", [False, True])
def test_the_same_batches_are_accepted(tmp_path: Path, spoiled: bool) -> None:
    alone = taken_in(tmp_path / "alone", 1, spoiled=spoiled)
    ahead = taken_in(tmp_path / "ahead", 3, spoiled=spoiled)
    assert len(alone["accepted"]) == (8 if spoiled else 12)
    assert [status for _, status, *_ in alone["statuses"]].count("waiting") == (3 if spoiled else 0)
    for what in alone:
        assert str(ahead[what]).replace("ahead", "alone") == str(alone[what]), what
    assert ahead["left over"] == set(), "what was parsed of batches that wait"


def killed(*_: object) -> None:
    os._exit(9)


def test_a_process_that_is_killed_refuses_nothing_and_fails_its_source_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [{"name": name, "kind": "export", "account": "acme", "path": name} for name in ("one", "two")]
    config = write_config(tmp_path, sources=sources, extra="[resources]\nintake_processes = 2\n")
    for source in ("one", "two"):
        for number in range(3):
            write_batch(tmp_path / source / f"b{number}", {"conversations": [conversation(number)]})
    settings = load_settings(config)
    monkeypatch.setattr(parsing_ahead, "parse_alone", killed)
    one, two = ingest.ingest_sources(settings, lambda _: None)
    assert one.failure is not None and "not enough memory" in one.failure and "no batch is refused" in one.failure
    assert not one.having("refused") and not two.failure
    assert [entry.status for entry in two.entries] == ["accepted"] * 3
    monkeypatch.undo()
    assert [len(report.having("accepted")) for report in ingest.ingest_sources(settings, lambda _: None)] == [3, 0]


def test_what_is_said_of_a_file_comes_through_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(UnreadableFileError("it is cut off", Path("a.csv"))))
    assert (str(error), error.path) == ("it is cut off", Path("a.csv"))
