"""The ``files`` source: what real files of other systems hold against expectation is said, and never guessed."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from openpyxl import Workbook

from ingestion.accepted import accepted_batches
from ingestion.decisions import DecisionError, accept, reject
from ingestion.settings import SettingsError, load_settings
from tests.ingestion.test_files_source import HEADER, LATER, SNAPSHOT, TICKETS, Helpdesk, archive, separated, tickets

AT = "2026-11-02T09:00:00Z"
PLAIN = {"columns": {"conversation_id": "id", "started_at": "at", "status": "st"}}


def desk_of(folder: Path, files: str = "*", entity: str = "conversations", **mapped: Any) -> Helpdesk:
    """A folder of files that are read without limits of quarantined rows."""
    columns = PLAIN["columns"] | mapped.pop("columns", {})
    of = {entity: {"files": files, **mapped, "columns": columns}}
    desk = Helpdesk(folder, of)
    desk.configure(of, "[quality]\nquarantine_share = 1\n")
    return desk


# --- snapshots ----------------------------------------------------------------------------------------------


def dumped(folder: Path, *dumps: bytes, **source: Any) -> Helpdesk:
    """A source whose dumps were written hour by hour."""
    desk = Helpdesk(folder, {"conversations": TICKETS}, **SNAPSHOT, **source)
    for number, dump in enumerate(dumps):
        desk.deliver(f"tickets-{number}.csv", dump, LATER + timedelta(hours=number))
        desk.ingest_well()
    return desk


def of(*keys: str) -> bytes:
    return tickets(*((key, "new") for key in keys))


def deleted(desk: Helpdesk) -> list[str]:
    return [key for key, is_gone in desk.raw("conversations", "conversation_id, deleted") if is_gone]


@pytest.mark.parametrize("row", ['"3" broken\r\n', ",,,02/11/2026 09:00,,,,\r\n"], ids=["malformed", "without key"])
def test_a_record_without_a_readable_key_may_be_any_so_nothing_is_deleted(tmp_path: Path, row: str) -> None:
    desk = dumped(tmp_path, of("1", "2", "3"))
    desk.deliver("tickets-1.csv", of("1") + row.encode(), LATER + timedelta(hours=1))
    (line,) = (line for line in desk.ingest_well().warnings if "none that it lacks is deleted" in line)
    assert "1 of its conversations have no key that can be read" in line
    assert deleted(desk) == []
    desk.deliver("tickets-2.csv", of("1", "3"), LATER + timedelta(hours=2))
    desk.ingest_well()
    assert deleted(desk) == ["2"], "compared with the last dump that could be read"


def test_a_record_that_was_quarantined_and_then_is_absent_is_deleted(tmp_path: Path) -> None:
    bad = separated([HEADER, ["1", "", "", "02/11/2026 09:00", "", "", "", ""], ["2", *[""] * 7]]).encode()
    assert deleted(dumped(tmp_path, of("1", "2"), bad, of("1"))) == ["2"]


def test_a_dump_that_lacks_all_is_refused_however_few_they_are(tmp_path: Path) -> None:
    desk = dumped(tmp_path, of("1", "2"))
    desk.deliver("tickets-1.csv", of(), LATER + timedelta(hours=1))
    (reason,) = desk.ingest().refusals
    assert "it lacks 2 of the 2 conversations of the dump before" in reason


def test_dumps_after_one_that_is_set_aside_are_compared_with_the_one_before(tmp_path: Path) -> None:
    desk = dumped(tmp_path, of("1", "2", "3"), of("1", "3", "9"), of("1", "3"))
    names = [entry.batch for entry in accepted_batches(load_settings(desk.config))[0]]
    assert sorted(deleted(desk)) == ["2", "9"]
    reject(load_settings(desk.config), "desk", names[1], "not whole", datetime.now(UTC))
    desk.ingest_well()
    assert deleted(desk) == ["2"]
    with pytest.raises(DecisionError, match="a newer dump is accepted"):
        accept(load_settings(desk.config), "desk", names[1], "it was", datetime.now(UTC))


def test_the_longest_names_of_dumps(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS}, **SNAPSHOT)
    for number, keys in enumerate((("1", "2"), ("1",))):
        desk.deliver(f"tickets-{'x' * 210}{number}.csv", of(*keys), LATER + timedelta(hours=number))
        desk.ingest_well()
    assert deleted(desk) == ["2"]
