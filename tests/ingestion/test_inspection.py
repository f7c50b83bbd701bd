"""The dry run of a drop folder: it names each mistake of a stranger's dump, whatever the way in which it is delivered.

Nothing is written into the folder or the home, and nothing of a person is shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion import decisions
from ingestion.ingest import ingest_sources
from ingestion.inspection import (
    BusiestHour,
    Inspection,
    Place,
    Reason,
    Repeated,
    UnusedColumn,
    Word,
    inspect_folder,
    inspect_source,
)
from ingestion.settings import load_settings
from ingestion.source_settings import ExportSource
from tests.drops import contact, conversation, event, message, rating, write_batch, write_config
from tests.ingestion.test_strangers_dump import (
    COMMENTS_OF_EACH,
    EXTRACTED_AT,
    REFUSED,
    TICKETS,
    WARNED,
    Dump,
    deliver,
    dump,
    run,
)

Mistake = Callable[[Dump], None]
CONVERSATION_AT = "2026-01-02T09:00:00+01:00"


def inspected(folder: Path, timezone: str = "UTC") -> Inspection:
    return inspect_folder(folder, timezone, lambda _: None)


def of_source(folder: Path) -> Inspection:
    """Of the source that `write_config` configures."""
    settings = load_settings(folder / "causerie.toml")
    (source,) = settings.sources
    assert isinstance(source, ExportSource)
    return inspect_source(settings, source, lambda _: None)


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def without_manifest(batch: Path) -> Path:
    """Its files are as old as its manifest said."""
    (batch / "manifest.json").unlink()
    for path in batch.iterdir():
        os.utime(path, (EXTRACTED_AT.timestamp(), EXTRACTED_AT.timestamp()))
    return batch


@pytest.mark.parametrize("delivered", ["holds batches", "is a batch", "holds one without a manifest", "is without"])
def test_a_right_dump_is_well_in_every_form(tmp_path: Path, delivered: str) -> None:
    batch = tmp_path / "drop" / "b1"
    deliver(batch, dump())
    if "without" in delivered:
        without_manifest(batch)
    before = contents(tmp_path)
    found = inspected(batch if delivered.startswith("is") else batch.parent)
    assert (found.is_well, found.refusals, found.warnings, found.misleading) == (True, [], [], [])
    assert [(file.batch, file.file, file.entity, file.format, file.rows) for file in found.files] == [
        ("b1", "conversations.csv", "conversations", "csv", TICKETS),
        ("b1", "messages.csv", "messages", "csv", TICKETS * COMMENTS_OF_EACH),
    ]
    assert found.folder == tmp_path / "drop"
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("mistake", "words"), [*REFUSED, *WARNED])
def test_every_mistake_of_a_dump_is_named(tmp_path: Path, mistake: Mistake, words: str | list[str]) -> None:
    tables = dump()
    mistake(tables)
    deliver(tmp_path / "drop" / "b1", tables)
    report = run(tmp_path)

    def of_run(said: str) -> str:
        landing = str(tmp_path / "var" / "landing" / "drop")
        return said.partition("; see ")[0].replace("acme_export", "drop").replace(landing, str(tmp_path / "drop"))

    for found in (inspected(tmp_path / "drop"), inspected(without_manifest(tmp_path / "drop" / "b1"))):
        assert not found.is_well
        assert found.refusals[: len(report.refusals)] == list(map(of_run, report.refusals))
        assert found.warnings == list(map(of_run, report.warnings))
        said = "\n".join([*found.refusals, *found.warnings])
        assert [one for one in ([words] if isinstance(words, str) else words) if one not in said] == []


def test_files_of_no_entity_alone_are_refused(tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text("id\n1\n")
    found = inspected(tmp_path)
    assert "if it holds conversations, call it 'conversations…'" in found.refusals[0]
    assert not found.is_well


def test_a_folder_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    assert not inspected(tmp_path / "drop").is_well
    write_config(tmp_path)
    assert of_source(tmp_path).refusals == [f"{tmp_path / 'drop'}: there is no batch in it that can be read"]


def test_what_lies_behind_a_refused_batch_is_said_too(tmp_path: Path) -> None:
    """A run stops at the first; a dry run says everything at once."""
    rows = [message(f"m{number}", sender_type="staff") for number in range(20)]
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": rows})
    write_batch(tmp_path / "drop" / "b2", {"conversations": [conversation("c2")]})
    (tmp_path / "drop" / "b2" / "conversations.ndjson").write_text("{}\n")
    late = [conversation(f"d{number}", started_at="2026-01-02 09:00") for number in range(20)]
    write_batch(tmp_path / "drop" / "b3", {"conversations": late})
    lost = [message(f"n{number}", "nowhere") for number in range(50)]
    write_batch(tmp_path / "drop" / "b4", {"messages": lost})
    found = inspected(tmp_path / "drop")
    said = [
        "drop b1: 20 of 20 messages have an unknown sender_type: 'staff' (20)",
        "drop: 3 later batches wait behind it",
        "its sha256 is",
        "drop b3: 20 of 20 conversations rows are quarantined",
        "50 of 70 messages belong to no conversation",
    ]
    assert len(found.refusals) == len(said)
    assert [one for one in said if not any(one in refusal for refusal in found.refusals)] == []
    assert found.warnings == []
    assert [file.batch for file in found.files] == ["b1", "b1", "b3", "b4"]
    assert [(file.batch, file.file, file.why) for file in found.unread] == [
        ("b2", "conversations.ndjson", "its batch cannot be read")
    ]


def test_columns_words_and_instants(tmp_path: Path) -> None:
    rows = [
        message("m1", sent_at="2026-01-02T22:10:00Z", sender_type="Agent ", agent_id="a"),
        message("m2", sent_at="2026-01-02T22:50:00Z", sender_type="robot", direction="outbound"),
        message("m3", sent_at="2026-01-02T05:00:00Z", type="text"),
    ]
    conversations = [conversation(closed="2026-01-02T10:00:00Z", colour="red", status="open", tags=["a", "b"])]
    write_batch(tmp_path / "drop" / "b1", {"conversations": conversations, "messages": rows})
    found = inspected(tmp_path / "drop", "Asia/Kathmandu")
    of_conversations, of_messages = found.columns
    assert of_conversations.used == {"conversation_id": 1, "started_at": 1, "status": 1, "tags": 1}
    assert of_conversations.unused == [UnusedColumn("closed", "closed_at"), UnusedColumn("colour", None)]
    assert "agent_id" in of_conversations.missing_optional
    assert of_messages.used["agent_id"] == 1
    words = {(each.entity, each.column): each.words for each in found.words}
    assert words["messages", "sender_type"] == [Word("agent", 1, True), Word("robot", 1, False)]
    assert words["messages", "direction"] == [Word("inbound", 2, True), Word("outbound", 1, True)]
    assert words["conversations", "status"] == [Word("open", 1, None)]
    assert words["messages", "type"] == [Word("text", 1, None)]
    assert [(span.entity, span.column, span.first, span.last) for span in found.spans] == [
        ("conversations", "started_at", datetime(2026, 1, 2, 8, tzinfo=UTC), datetime(2026, 1, 2, 8, tzinfo=UTC)),
        ("messages", "sent_at", datetime(2026, 1, 2, 5, tzinfo=UTC), datetime(2026, 1, 2, 22, 50, tzinfo=UTC)),
    ]
    # 22:10, 22:50 and 05:00 in UTC are 03:55, 04:35 and 10:45 there
    assert found.busiest == BusiestHour("messages", "Asia/Kathmandu", 3, 1 / 3)
    assert inspected(tmp_path / "drop").busiest == BusiestHour("messages", "UTC", 22, 2 / 3)
    assert {each.what: (each.without, each.rows) for each in found.without} == {
        "conversations without an agent": (1, 1),
        "conversations without a contact": (1, 1),
        "conversations without tags": (0, 1),
        "outbound messages without an agent": (1, 1),
    }


@pytest.mark.parametrize("file_format", ["ndjson", "csv", "parquet"])
def test_of_a_quarantined_row_its_place_and_the_value_concerned_are_shown(tmp_path: Path, file_format: str) -> None:
    secret = "Zoé +33612345678"
    tables = {
        "conversations": [conversation(f"c{n}", started_at="yesterday", team=secret) for n in range(3)],
        "messages": [message(direction="sideways", conversation_id="c1", agent_id=secret)],
        "contacts": [contact(name=secret, phone=secret, deleted="perhaps"), contact("", name=secret)],
        "events": [event(type="", agent_id=secret)],
        "ratings": [rating(rating="9", comment=secret)],
    }
    write_batch(tmp_path / "drop" / "b1", tables, file_format=file_format)
    found = inspected(tmp_path / "drop")
    line = 2 if file_format == "csv" else 1

    def place(entity: str, number: int, value: str | None) -> Place:
        return Place("b1", f"{entity}.{file_format}", number, value)

    assert sorted(found.quarantined, key=lambda reason: (reason.entity, reason.reason)) == [
        Reason("contacts", "contact_id: missing", 1, [place("contacts", line + 1, None)]),
        Reason("contacts", "deleted: neither true nor false", 1, [place("contacts", line, "perhaps")]),
        Reason(
            "conversations",
            "started_at: no instant",
            3,
            [place("conversations", line, "yesterday"), place("conversations", line + 1, "yesterday")],
        ),
        Reason("events", "type: missing", 1, [place("events", line, "")]),
        Reason("messages", "direction: none of inbound or outbound", 1, [place("messages", line, "sideways")]),
        Reason("ratings", "rating: outside the scale 1 to 5", 1, [place("ratings", line, "9")]),
    ]
    assert "Zoé" not in str(asdict(found))


def test_repeated_keys(tmp_path: Path) -> None:
    tables = {"conversations": [conversation("same"), conversation("same"), conversation("within"), conversation("b")]}
    tables["conversations"] += [conversation("within", team="other")]
    write_batch(tmp_path / "drop" / "b1", tables)
    write_batch(tmp_path / "drop" / "b2", {"conversations": [conversation("b", status="closed")]})
    assert inspected(tmp_path / "drop").repeated == [Repeated("conversations", 3, 2, 1)]


def test_what_an_operator_has_set_aside_stays_aside(tmp_path: Path) -> None:
    settings = load_settings(write_config(tmp_path))
    write_batch(tmp_path / "drop" / "b1", {"messages": [message(f"m{n}", "nowhere") for n in range(50)]})
    ingest_sources(settings, lambda _: None)
    assert not of_source(tmp_path).is_well
    decisions.reject(settings, "acme_export", "b1", "wrong", datetime.now(UTC))
    write_batch(tmp_path / "drop" / "b2", {"conversations": [conversation()]})
    assert (of_source(tmp_path).is_well, [file.batch for file in of_source(tmp_path).files]) == (True, ["b2"])


def test_what_has_left_the_drop_folder_is_known(tmp_path: Path) -> None:
    """Messages of conversations that were accepted before are no orphans."""
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()]})
    ingest_sources(load_settings(write_config(tmp_path)), lambda _: None)
    (tmp_path / "drop" / "b1").rename(tmp_path / "away")
    write_batch(tmp_path / "drop" / "b2", {"messages": [message(f"m{n}", sent_at=CONVERSATION_AT) for n in range(50)]})
    before = contents(tmp_path)
    assert (of_source(tmp_path).is_well, of_source(tmp_path).orphans) == (True, [])
    assert contents(tmp_path) == before


def test_a_link_that_leads_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    deliver(tmp_path / "drop" / "b1", dump())
    (tmp_path / "drop" / "b1" / "messages.csv").rename(tmp_path / "messages.csv")
    (tmp_path / "drop" / "b1" / "messages.csv").symlink_to(tmp_path / "messages.csv")
    for folder in (tmp_path / "drop", tmp_path / "drop" / "b1", without_manifest(tmp_path / "drop" / "b1")):
        assert "leads out of" in inspected(folder).refusals[0]
