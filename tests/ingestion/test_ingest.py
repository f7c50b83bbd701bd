"""Ingestion: what is accepted, what a batch is refused for, and what becomes of those behind it."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.accepted import accepted_batches
from ingestion.ingest import SourceReport, ingest_sources
from ingestion.mistakes import missing_sources
from ingestion.settings import Settings, load_settings
from ingestion.storage.ledger import Counts, Entry, Ledger, Reason
from tests.drops import (
    EXTRACTED_AT,
    Row,
    agent,
    conversation,
    message,
    packed,
    rating,
    write_batch,
    write_config,
    write_files,
    write_manifest,
)


class Place:
    """A configuration, its drop folder, and what came of it."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.folder, self.drop, self.home = folder, folder / "drop", folder / "var"
        self.drop.mkdir(parents=True, exist_ok=True)
        self.configure(**config)

    def configure(self, **config: Any) -> None:
        self.settings: Settings = load_settings(write_config(self.folder, **config))

    def batch(self, name: str, entities: Mapping[str, Sequence[Row]], **options: Any) -> Path:
        return write_batch(self.drop / name, entities, **options)

    def run(self) -> SourceReport:
        """One run; the report of the first source."""
        return self.run_all()[0]

    def run_all(self) -> list[SourceReport]:
        return ingest_sources(self.settings, lambda _: None)

    def entries(self) -> dict[str, Entry]:
        with Ledger(self.home / "ledger.sqlite") as ledger:
            return {entry.batch: entry for entry in ledger.entries()}

    def statuses(self) -> dict[str, str]:
        return {name: entry.status for name, entry in self.entries().items()}

    def counts(self, entity: str) -> dict[str, Counts]:
        return {name: entry.counts.get(entity, Counts()) for name, entry in self.entries().items()}

    def raw(self, batch: str, name: str, columns: str = "*", source: str = "acme_export") -> list[tuple[Any, ...]]:
        """The rows of one file of a batch; name `quarantine` for those of its quarantine."""
        kept = f"batch = '{batch}'" if name == "quarantine" else f"_batch = '{batch}' and _file = '{name}'"
        part = "quarantine" if name == "quarantine" else f"{name.split('.')[0].split('-')[0]}-*"
        segment = self.entries()[batch].segment
        assert segment is not None
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            path = self.home / "raw" / source / segment / f"{part}.parquet"
            return connection.execute(f"select {columns} from read_parquet('{path}') where {kept}").fetchall()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def agents(good: int, bad: int = 0) -> list[Row]:
    return [agent(n) for n in range(good)] + [agent("")] * bad


def only_reason(report: SourceReport) -> str:
    (refused,) = report.having("refused")
    (reason,) = refused.reasons
    return reason


# --- order and status


def test_batches_are_taken_in_by_the_order_of_their_names(place: Place) -> None:
    for name in ("b2", "b10", "B3", "a"):
        place.batch(name, {"conversations": [conversation()]})
    report = place.run()
    assert [entry.batch for entry in report.entries] == ["B3", "a", "b10", "b2"]
    assert [entry.counts["conversations"].known for entry in report.entries] == [0, 1, 1, 1]
    assert set(place.statuses().values()) == {"accepted"}


def test_an_accepted_batch_is_taken_in_once(place: Place) -> None:
    batch = place.batch("b1", {"agents": agents(2)})
    assert [entry.status for entry in place.run().entries] == ["accepted"]
    write_batch(batch, {"agents": agents(0, 30)})
    assert place.run().entries == [], "a change in the drop is not looked at"
    assert place.counts("agents") == {"b1": Counts(2)}

    shutil.rmtree(place.drop / "b1")
    assert place.run().entries == []
    (taken,), (segment,) = accepted_batches(place.settings)
    assert taken.counts == {"agents": Counts(2)}
    assert segment.batches == ("b1",)


def test_a_late_batch_of_a_smaller_name_is_taken_in(place: Place) -> None:
    place.batch("b2", {"conversations": [conversation()]})
    place.run()
    place.batch("b1", {"conversations": [conversation(), conversation("c2")]})
    assert [entry.batch for entry in place.run().entries] == ["b1"]
    assert place.counts("conversations")["b1"] == Counts(2, known=1)


def test_a_batch_without_a_manifest_holds_nothing_back(place: Place) -> None:
    batch = place.batch("b1", {"agents": agents(1)}, manifest=False)
    place.batch("b2", {"agents": agents(1)})
    place.run()
    assert place.statuses() == {"b2": "accepted"}
    write_manifest(batch, {"agents.ndjson": 1})
    place.run()
    assert place.statuses() == {"b1": "accepted", "b2": "accepted"}


def test_an_entity_may_be_missing_from_a_batch(place: Place) -> None:
    place.batch("b1", {"conversations": [conversation()]})
    place.batch("b2", {"agents": agents(1)})
    place.batch("b3", {})
    place.run()
    assert place.statuses() == dict.fromkeys(["b1", "b2", "b3"], "accepted")
    assert place.entries()["b3"].counts == {}


def test_a_refused_batch_stops_its_source_until_it_is_mended(place: Place) -> None:
    place.batch("b1", {"agents": agents(1)})
    bad = place.batch("b2", {"agents": agents(1)})
    (bad / "agents.ndjson").write_bytes(b"")
    place.batch("b3", {"agents": agents(1)})
    place.batch("b4", {"agents": agents(0, 20)})
    report = place.run()
    assert place.statuses() == {"b1": "accepted", "b2": "refused", "b3": "waiting", "b4": "waiting"}
    assert str(bad / "agents.ndjson") in report.refusals[0]
    assert report.refusals[1:] == ["acme_export: 2 later batches wait behind it"]
    assert [entry.batch for entry in accepted_batches(place.settings)[0]] == ["b1"]

    assert place.run().refusals == report.refusals, "looked at again at each run"
    assert {path.name for path in (place.home / "landing" / "acme_export").iterdir()} == {"b1", "b3", "b4"}

    write_batch(bad, {"agents": agents(1)})
    place.run()
    assert place.statuses() == {"b1": "accepted", "b2": "accepted", "b3": "accepted", "b4": "refused"}


def test_waiting_batches_need_no_drop(place: Place) -> None:
    bad = place.batch("b1", {"agents": agents(0, 20)})
    place.batch("b2", {"agents": agents(1)})
    place.run()
    shutil.rmtree(place.drop / "b2")
    write_batch(bad, {"agents": agents(20)})
    place.run()
    assert place.statuses() == {"b1": "accepted", "b2": "accepted"}


def test_other_sources_go_on(tmp_path: Path) -> None:
    sources = [
        {"name": name, "kind": "export", "account": "acme", "path": name} for name in ("first", "second", "absent")
    ]
    place = Place(tmp_path, sources=sources)
    write_batch(tmp_path / "first" / "b1", {"agents": agents(1)})
    write_batch(tmp_path / "first" / "b2", {"agents": agents(0, 20)})
    for name in ("b1", "b2", "b3"):
        write_batch(tmp_path / "second" / name, {"agents": agents(1)})
    first, second, absent = place.run_all()
    assert [entry.status for entry in first.entries] == ["accepted", "refused"]
    assert [entry.status for entry in second.entries] == ["accepted"] * 3
    assert second.refusals == []
    assert absent.failure is not None
    assert f"{tmp_path / 'absent'}: the folder of source 'absent' does not exist" in absent.failure
    assert missing_sources(place.settings) == [
        f"sources[2].path: {tmp_path / 'absent'} does not exist; create the folder or correct the path"
    ]


def test_a_source_whose_folder_vanishes_keeps_what_it_delivered(place: Place) -> None:
    place.batch("b1", {"agents": agents(1)})
    place.run()
    shutil.rmtree(place.drop)
    report = place.run()
    assert report.refusals == [
        f"{place.drop}: the folder of source 'acme_export' does not exist; its earlier batches stay in use"
    ]
    assert missing_sources(place.settings) == []
    assert [entry.batch for entry in accepted_batches(place.settings)[0]] == ["b1"]


def test_keys_of_two_sources_are_told_apart(tmp_path: Path) -> None:
    """Both count from 1: nothing of the one is known, or restated, in the other."""
    sources = [{"name": name, "kind": "export", "account": "acme", "path": name} for name in ("first", "second")]
    place = Place(tmp_path, sources=sources)
    write_batch(tmp_path / "first" / "b1", {"conversations": [conversation(n) for n in range(30)]})
    moved = [conversation(n, started_at="2026-01-01T00:00:00Z") for n in range(30)]
    write_batch(tmp_path / "second" / "b2", {"conversations": moved})
    assert [report.entries[0].counts["conversations"] for report in place.run_all()] == [Counts(30), Counts(30)]


# --- files that refuse a batch


@pytest.mark.parametrize("listed", [1, 3], ids=["too few listed", "too many listed"])
@pytest.mark.parametrize("file_format", ["ndjson", "csv", "parquet"])
def test_another_number_of_rows(place: Place, file_format: str, listed: int) -> None:
    batch = place.batch("b1", {"agents": agents(2), "conversations": [conversation()]}, file_format=file_format)
    write_manifest(batch, {f"agents.{file_format}": listed, f"conversations.{file_format}": 1})
    reason = only_reason(place.run())
    assert f"agents.{file_format}: the manifest says {listed} rows, the file has 2" in reason
    assert "deliver it again" in reason
    assert list((place.home / "raw" / "acme_export").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("agents.ndjson", b'{"agent_id":1}\n\n{"agent_id":\n[]\n{"agent_id":4}', 4),
        ("agents.csv", b'agent_id,name\n1,"a\nb"\n\n2,b,c\n3,\xe9\n', 3),
    ],
    ids=["ndjson", "csv"],
)
def test_rows_are_records_and_malformed_ones_too(place: Place, name: str, content: bytes, rows: int) -> None:
    write_files(place.drop / "b1", {name: content}, {name: rows})
    place.run()
    assert place.counts("agents") == {"b1": Counts(rows, 2)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("agents.ndjson.gz", packed(b'{"agent_id":1}\n' * 9)[:-10], id="gzip cut off"),
        pytest.param("agents.csv.gz", packed(b"agent_id\n" + b"1\n" * 9)[:-10], id="gzip cut off, csv"),
        pytest.param("agents.ndjson.gz", packed(b'{"agent_id":"\xff"}\n' * 9)[:-10], id="cut off, bad rows before"),
        pytest.param("agents.ndjson.gz", b'{"agent_id":1}\n' * 9, id="not packed"),
        pytest.param("agents.parquet.gz", packed(b"PAR1" * 20)[:-10], id="gzip cut off, parquet"),
        pytest.param("agents.parquet", b'{"agent_id":1}\n' * 9, id="no Parquet"),
        pytest.param("agents.csv", b"name\n" * 10, id="a required column is missing"),
        pytest.param("agents.csv", b"", id="no header"),
    ],
)
def test_an_unreadable_file(place: Place, name: str, content: bytes) -> None:
    write_files(place.drop / "b1", {name: content}, {name: 9})
    reason = only_reason(place.run())
    assert f"b1/{name}: " in reason
    assert "deliver" in reason
    assert place.statuses() == {"b1": "refused"}


def test_a_manifest_that_is_none_is_refused_and_mended(place: Place) -> None:
    batch = place.batch("b1", {"agents": agents(1)})
    (batch / "manifest.json").write_text("{", encoding="utf-8")
    assert str(batch / "manifest.json") in only_reason(place.run())
    assert place.entries()["b1"].extracted_at is None
    write_manifest(batch, {"agents.ndjson": 1})
    place.run()
    assert place.entries()["b1"].extracted_at == datetime.fromisoformat(EXTRACTED_AT)


def test_a_file_of_no_known_entity_is_told_and_not_read(place: Place) -> None:
    files = {"notes.txt": b"", "invoices.ndjson": b"{", "agents.ndjson": b'{"agent_id":1}\n'}
    write_files(place.drop / "b1", files, {"notes.txt": 0, "invoices.ndjson": 9, "agents.ndjson": 1})
    report = place.run()
    assert place.statuses() == {"b1": "accepted"}
    assert [warning.split(" is of ")[0] for warning in report.warnings] == [
        "acme_export b1: invoices.ndjson",
        "acme_export b1: notes.txt",
    ]
    assert (place.home / "landing" / "acme_export" / "b1" / "notes.txt").exists()


# --- too many quarantined rows


@pytest.mark.parametrize(
    ("good", "bad", "quality", "status"),
    [
        pytest.param(0, 10, "", "accepted", id="10 rows, all of them"),
        pytest.param(0, 11, "", "refused", id="11 rows, all of them"),
        pytest.param(1089, 11, "", "accepted", id="11 rows, 1 % exactly"),
        pytest.param(1088, 11, "", "refused", id="11 rows, above 1 %"),
        pytest.param(1988, 12, "", "accepted", id="12 rows, below 1 %"),
        pytest.param(71, 29, "quarantine_share = 0.29\nquarantine_rows = 0", "accepted", id="29 % exactly"),
        pytest.param(70, 30, "quarantine_share = 0.29\nquarantine_rows = 0", "refused", id="above 29 %"),
        pytest.param(99, 1, "quarantine_share = 0\nquarantine_rows = 0", "refused", id="none allowed"),
        pytest.param(99, 1, "quarantine_share = 0\nquarantine_rows = 1", "accepted", id="one allowed"),
        pytest.param(0, 50, "quarantine_share = 1", "accepted", id="all allowed"),
    ],
)
def test_quarantined_rows(tmp_path: Path, good: int, bad: int, quality: str, status: str) -> None:
    place = Place(tmp_path, extra=f"[quality]\n{quality}")
    place.batch("b1", {"agents": agents(good, bad)})
    report = place.run()
    assert place.statuses() == {"b1": status}
    assert place.counts("agents") == {"b1": Counts(good + bad, bad)}
    if status == "refused":
        reason = only_reason(report)
        assert f"b1: {bad} of {good + bad:,} agents rows are quarantined" in reason
        segment = place.entries()["b1"].segment
        assert f"see {place.home / 'raw' / 'acme_export'}/{segment}/quarantine.parquet" in reason
        assert len(place.raw("b1", "quarantine")) == bad


def test_the_files_of_an_entity_add_up_and_entities_do_not(place: Place) -> None:
    bad = {"agents": agents(10, 10), "conversations": [conversation("")] * 10}
    place.batch("b1", bad, parts=3)
    place.batch("b2", {"agents": agents(10, 11)}, parts=3)
    place.run()
    assert place.statuses() == {"b1": "accepted", "b2": "refused"}


def test_a_batch_is_judged_again_by_other_limits(place: Place) -> None:
    place.batch("b1", {"agents": agents(10, 11)})
    place.run()
    place.configure(extra="[quality]\nquarantine_rows = 11")
    place.run()
    assert place.statuses() == {"b1": "accepted"}


def test_what_is_in_quarantine(place: Place) -> None:
    files = {
        "conversations.csv": b'conversation_id,started_at\nc1,2026-01-02T09:00:00Z\nc2,"2026-01-02\n09:00"\n\nc3,x,y\n',
        "messages-0002.ndjson": b'\n{"message_id": "m1"}\n{"message_id": "m\xe9"}\r\n',
        "agents.ndjson": b'{"agent_id": "a1"}\n',
    }
    write_files(place.drop / "b1", files, {"conversations.csv": 3, "messages-0002.ndjson": 2, "agents.ndjson": 1})
    place.run()
    assert place.statuses() == {"b1": "accepted"}
    columns = "source_system, batch, entity, file, line, reasons, record"
    assert place.raw("b1", "quarantine", columns) == [
        (
            "acme_export",
            "b1",
            "conversations",
            "conversations.csv",
            3,
            "started_at: no instant",
            'c2,"2026-01-02\n09:00"',
        ),
        ("acme_export", "b1", "conversations", "conversations.csv", 6, "malformed record", "c3,x,y"),
        (
            "acme_export",
            "b1",
            "messages",
            "messages-0002.ndjson",
            2,
            "conversation_id: missing; sent_at: missing; direction: missing",
            '{"message_id": "m1"}',
        ),
        (
            "acme_export",
            "b1",
            "messages",
            "messages-0002.ndjson",
            3,
            "text that is not UTF-8",
            '{"message_id": "m\ufffd"}',
        ),
    ]


def test_a_batch_without_bad_rows_has_an_empty_quarantine(place: Place) -> None:
    place.batch("b1", {"agents": agents(1)})
    place.run()
    assert place.raw("b1", "quarantine") == []


def test_the_rows_of_a_refused_batch_are_readable_and_not_counted(place: Place) -> None:
    place.batch("b1", {"agents": agents(5, 1)})
    place.batch("b2", {"agents": agents(5, 20)})
    place.run()
    assert len(place.raw("b2", "quarantine")) == 20
    entries, segments = accepted_batches(place.settings)
    assert [entry.batch for entry in entries] == ["b1"]
    assert entries[0].counts == {"agents": Counts(6, 1)}
    assert [segment.batches for segment in segments] == [("b1",)]


# --- restatements


def conversations(many: int, moved: int = 0, **values: object) -> list[Row]:
    """So many conversations, the first of them with another start."""
    return [
        conversation(n, **({"started_at": "2026-01-01T00:00:00Z"} if n < moved else {}), **values) for n in range(many)
    ]


RUNS = pytest.mark.parametrize("in_one_run", [True, False], ids=["in one run", "in separate runs"])


def deliver(place: Place, batches: Mapping[str, Mapping[str, Sequence[Row]]], in_one_run: bool) -> None:
    for name, entities in batches.items():
        place.batch(name, entities)
        if not in_one_run:
            place.run()
    if in_one_run:
        place.run()


@RUNS
@pytest.mark.parametrize(
    ("known", "moved", "status"),
    [
        pytest.param(20, 10, "accepted", id="10 rows, half of them"),
        pytest.param(20, 11, "refused", id="11 rows, more than half of them"),
        pytest.param(1100, 11, "accepted", id="11 rows, 1 % exactly"),
        pytest.param(1099, 11, "refused", id="11 rows, above 1 %"),
    ],
)
def test_restatements(place: Place, known: int, moved: int, status: str, in_one_run: bool) -> None:
    """Of the known records: 500 others, new with the second batch, do not count."""
    others = [conversation(f"new {n}") for n in range(500)]
    batches = {
        "b1": {"conversations": conversations(known)},
        "b2": {"conversations": conversations(known, moved) + others},
    }
    deliver(place, batches, in_one_run)
    assert place.statuses() == {"b1": "accepted", "b2": status}
    assert place.counts("conversations")["b2"] == Counts(known + 500, known=known, restated=moved)
    if status == "refused":
        (reason,) = place.entries()["b2"].reasons
        assert f"b2: {moved} of {known:,} known conversations come with another started_at" in reason


def test_messages_are_restated_too(place: Place) -> None:
    place.batch("b1", {"conversations": [conversation()], "messages": [message(n) for n in range(20)]})
    place.batch("b2", {"messages": [message(n, sent_at="2026-01-01T00:00:00Z") for n in range(20)]})
    assert "20 of 20 known messages come with another sent_at" in only_reason(place.run())


@pytest.mark.parametrize(
    ("quality", "status"),
    [
        ("restated_rows = 12", "accepted"),
        ("restated_rows = 11", "refused"),
        ("restated_share = 0.6", "accepted"),
        ("restated_share = 0.59", "refused"),
    ],
)
def test_other_limits_for_restatements(tmp_path: Path, quality: str, status: str) -> None:
    place = Place(tmp_path, extra=f"[quality]\n{quality}")
    place.batch("b1", {"conversations": conversations(20)})
    place.batch("b2", {"conversations": conversations(20, 12)})
    place.run()
    assert place.statuses()["b2"] == status


def test_the_same_moment_in_another_offset_is_no_restatement(place: Place) -> None:
    place.batch("b1", {"conversations": conversations(20)})
    place.batch("b2", {"conversations": conversations(20)}, file_format="parquet")
    same = ["2026-01-02T08:00:00Z", "2026-01-02 13:45:00.000+05:45"]
    for name, started_at in zip(("b3", "b4"), same, strict=True):
        place.batch(name, {"conversations": [conversation(n, started_at=started_at) for n in range(20)]})
    place.run()
    assert list(place.counts("conversations").values()) == [Counts(20)] + [Counts(20, known=20)] * 3


def test_a_microsecond_is_a_restatement(place: Place) -> None:
    place.batch("b1", {"conversations": [conversation()]})
    place.batch("b2", {"conversations": [conversation(started_at="2026-01-02T09:00:00.000001+01:00")]})
    place.run()
    assert place.counts("conversations")["b2"] == Counts(1, known=1, restated=1)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param([conversation("")], [conversation()], (0, 0), id="quarantined before: not known"),
        pytest.param([conversation()], [conversation(started_at="x")], (0, 0), id="quarantined now: not counted"),
        pytest.param(
            [conversation()],
            [{"conversation_id": "c1", "deleted": True}],
            (1, 0),
            id="a deletion without a clock changes none",
        ),
        pytest.param(
            [{"conversation_id": "c1", "deleted": True}],
            [conversation()],
            (1, 0),
            id="there was no clock",
        ),
        pytest.param(
            [conversation()],
            [
                conversation(updated_at="2026-01-03T00:00:00Z"),
                conversation(updated_at="2026-01-02T00:00:00Z", started_at="2026-01-01T00:00:00Z"),
                conversation(started_at="2026-01-01T00:00:00Z"),
            ],
            (1, 0),
            id="the batch's version is its newest",
        ),
        pytest.param(
            [conversation()],
            [conversation(started_at="2026-01-01T00:00:00Z"), conversation()],
            (1, 0),
            id="the later line at equal age",
        ),
        pytest.param(
            [conversation(), conversation(), conversation(started_at="2026-01-01T00:00:00Z")],
            [conversation()],
            (1, 1),
            id="the later line won",
        ),
        pytest.param(
            [conversation(updated_at="2026-01-03T00:00:00Z")],
            [conversation(updated_at="2026-01-02T00:00:00Z", started_at="2026-01-01T00:00:00Z")],
            (1, 1),
            id="an older version counts too",
        ),
    ],
)
def test_what_counts_as_restated(place: Place, first: list[Row], second: list[Row], expected: tuple[int, int]) -> None:
    deliver(place, {"b1": {"conversations": first}, "b2": {"conversations": second}}, in_one_run=True)
    counts = place.counts("conversations")["b2"]
    assert (counts.known, counts.restated) == expected


@RUNS
def test_the_winning_version_is_the_newest_before(place: Place, in_one_run: bool) -> None:
    """The second batch moves the clock with a version that is older than the first one's: the first still wins."""
    moved = "2026-01-01T00:00:00Z"
    batches = {
        "b1": {"conversations": [conversation(updated_at="2026-01-03T00:00:00Z")]},
        "b2": {"conversations": [conversation(updated_at="2026-01-02T00:00:00Z", started_at=moved)]},
        "b3": {"conversations": [conversation()]},
        "b4": {"conversations": [conversation(updated_at="2026-01-04T00:00:00Z", started_at=moved)]},
        "b5": {"conversations": [conversation(started_at=moved)]},
    }
    deliver(place, batches, in_one_run)
    assert [counts.restated for counts in place.counts("conversations").values()] == [0, 1, 0, 1, 0]


def test_a_refused_batch_is_not_what_later_ones_are_compared_with(place: Place) -> None:
    place.batch("b1", {"conversations": conversations(20)})
    bad = place.batch("b2", {"conversations": [*conversations(20, 20), conversation("only here")]})
    place.batch("b3", {"conversations": [*conversations(20), conversation("only here", started_at=None)]})
    place.run()
    assert place.statuses() == {"b1": "accepted", "b2": "refused", "b3": "waiting"}
    write_batch(bad, {"conversations": []})
    place.run()
    assert place.statuses() == {"b1": "accepted", "b2": "accepted", "b3": "accepted"}
    assert place.counts("conversations")["b3"] == Counts(21, 1, known=20)


def expected_restatements(batches: Sequence[Sequence[Row]]) -> list[tuple[int, int]]:
    """Known and restated records of each batch, in plain Python."""
    winners: dict[object, tuple[tuple[str, int, int], str | None]] = {}
    found = []
    for number, rows in enumerate(batches):
        newest: dict[object, tuple[tuple[str, int, int], str | None]] = {}
        for line, row in enumerate(rows):
            if row["started_at"] is None and not row["deleted"]:
                continue  # quarantined
            version = ((row["updated_at"] or "", number, line), row["started_at"])
            newest[row["conversation_id"]] = max(version, newest.get(row["conversation_id"], version))
        known = newest.keys() & winners.keys()
        instants = [{newest[key][1], winners[key][1]} - {None} for key in known]
        found.append((len(known), sum(len(of_key) > 1 for of_key in instants)))
        for key, version in newest.items():
            winners[key] = max(version, winners.get(key, version))
    return found


@RUNS
def test_restatements_of_any_history(tmp_path: Path, in_one_run: bool) -> None:
    chosen = random.Random(20260105)
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def row() -> Row:
        return conversation(
            chosen.randrange(60),
            started_at=chosen.choice([None, *((start + timedelta(hours=n)).isoformat() for n in range(3))]),
            updated_at=chosen.choice([None, *(f"2026-01-0{day}T00:00:00Z" for day in range(1, 5))]),
            deleted=chosen.choice([True, False]),
        )

    batches = [[row() for _ in range(40)] for _ in range(6)]
    place = Place(tmp_path, extra="[quality]\nrestated_share = 1\nquarantine_share = 1")
    deliver(place, {f"b{n}": {"conversations": rows} for n, rows in enumerate(batches)}, in_one_run)
    found = [(counts.known, counts.restated) for counts in place.counts("conversations").values()]
    assert found == expected_restatements(batches)


# --- raw is parsed again from landing


def test_another_rating_scale_has_accepted_batches_parsed_again(place: Place) -> None:
    place.batch("b1", {"ratings": [rating("r1", rating=8), rating("r2", rating=5), rating("r3", rating=11)]})
    place.run()
    assert place.counts("ratings") == {"b1": Counts(3, 2)}
    shutil.rmtree(place.drop / "b1")

    account = {"id": "acme", "timezone": "Europe/Paris", "rating_scale": [0, 10]}
    place.configure(accounts=[account])
    place.run()
    assert place.counts("ratings") == {"b1": Counts(3, 1)}
    assert place.raw("b1", "ratings.ndjson", "rating, _reasons") == [
        (8, None),
        (5, None),
        (11, "rating: outside the scale 0 to 10"),
    ]
    assert place.raw("b1", "quarantine", "line") == [(3,)]

    place.configure()
    place.run()
    assert place.counts("ratings") == {"b1": Counts(3, 2)}


def test_each_source_has_the_scale_of_its_account(tmp_path: Path) -> None:
    accounts = [
        {"id": "five", "timezone": "UTC"},
        {"id": "ten", "timezone": "UTC", "rating_scale": [0, 10]},
    ]
    sources = [{"name": name, "kind": "export", "account": name, "path": name} for name in ("five", "ten")]
    place = Place(tmp_path, accounts=accounts, sources=sources)
    for name in ("five", "ten"):
        write_batch(tmp_path / name / "b1", {"ratings": [rating(rating=10)]})
    five, ten = place.run_all()
    assert five.entries[0].counts["ratings"] == Counts(1, 1)
    assert ten.entries[0].counts["ratings"] == Counts(1, 0)


def test_raw_can_be_thrown_away(place: Place) -> None:
    place.batch("b1", {"agents": agents(3, 1)})
    place.run()
    before = place.raw("b1", "agents.ndjson")
    shutil.rmtree(place.home / "raw")
    assert place.run().entries == []
    assert place.raw("b1", "agents.ndjson") == before
    assert len(place.raw("b1", "quarantine")) == 1


def test_a_run_that_is_killed_between_landing_and_the_ledger_is_made_up_for(place: Place) -> None:
    place.batch("b1", {"agents": agents(3)})
    place.run()
    (place.home / "ledger.sqlite").unlink()
    shutil.rmtree(place.drop / "b1")
    assert [entry.status for entry in place.run().entries] == ["accepted"]


# --- the ledger


ENTRY = Entry(
    "acme_export",
    "b1",
    "refused",
    datetime(2026, 1, 5, 2, tzinfo=UTC),
    datetime(2026, 1, 5, 3, 0, 0, 123456, tzinfo=UTC),
    {"agents": Counts(3, 1), "messages": Counts(9, 0, 8, 7)},
    (Reason("first reason"), Reason("second: é", "messages")),
)


def test_the_ledger_keeps_entries_as_they_were(tmp_path: Path) -> None:
    other = Entry("beta", "b1", "accepted", None, ENTRY.decided_at)
    with Ledger(tmp_path / "deep" / "ledger.sqlite") as ledger:
        ledger.record([other, ENTRY])
    with Ledger(tmp_path / "deep" / "ledger.sqlite") as ledger:
        assert ledger.entries() == [ENTRY, other]
        assert ledger.entries("beta") == [other]
        changed = Entry("beta", "b1", "waiting", None, ENTRY.decided_at)
        ledger.record([changed])
        assert ledger.entries("beta") == [changed]


def test_the_ledger_writes_all_entries_or_none(tmp_path: Path) -> None:
    wrong = Entry("acme_export", "b2", "lost", None, ENTRY.decided_at)  # type: ignore[arg-type]
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        with pytest.raises(sqlite3.IntegrityError):
            ledger.record([ENTRY, wrong])
        assert ledger.entries() == []
