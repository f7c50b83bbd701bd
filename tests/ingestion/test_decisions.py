"""Operators accept and set aside batches; what they decide holds for the batch as it was, and is kept."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.decisions import DecisionError, accept, reject
from ingestion.settings import Settings, load_settings
from ingestion.storage.ledger import LEDGER, Ledger
from tests.drops import Row, conversation, message, write_batch, write_config
from tests.warehouse import accept as ingest_all
from tests.warehouse import build_marts

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
SOURCE = "acme_export"


def messages(*numbers: int, hour: int = 9, day: int = 2) -> list[Row]:
    return [message(f"m{number}", sent_at=f"2026-01-{day:02d}T{hour:02d}:00:00Z") for number in numbers]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Three batches: a good one, one whose clocks are two hours off, and one behind it."""
    path = write_config(tmp_path)
    first = {"conversations": [conversation()], "messages": messages(*range(20))}
    write_batch(tmp_path / "drop" / "b1", first, "2026-01-05T02:00:00Z")
    second = {"messages": messages(*range(15), hour=11) + messages(*range(100, 110))}
    write_batch(tmp_path / "drop" / "b2", second, "2026-01-06T02:00:00Z")
    write_batch(tmp_path / "drop" / "b3", {"messages": messages(*range(200, 205))}, "2026-01-07T02:00:00Z")
    return path


@pytest.fixture
def settings(config: Path) -> Settings:
    return load_settings(config)


def statuses(settings: Settings) -> dict[str, str]:
    with Ledger(settings.home / LEDGER) as ledger:
        return {entry.batch: entry.status for entry in ledger.entries()}


def messages_in(config: Path) -> int:
    marts = build_marts(config, ingest_first=False)
    return sum(int(str(row["messages"])) for row in marts["details"])


@pytest.mark.builds
def test_a_refused_batch_that_is_accepted_is_taken_in_and_those_behind_it(config: Path, settings: Settings) -> None:
    ingest_all(config)
    assert statuses(settings) == {"b1": "accepted", "b2": "refused", "b3": "waiting"}
    decision = accept(settings, SOURCE, "b2", "the zone was wrong before", NOW)
    (report,) = ingest_all(config)
    assert statuses(settings) == dict.fromkeys(("b1", "b2", "b3"), "accepted")
    assert messages_in(config) == 35
    assert any(
        "accepted by an operator, else it would be refused: acme_export b2: 15 of 15" in line
        for line in report.warnings
    )
    with Ledger(settings.home / LEDGER) as ledger:
        assert ledger.decisions() == [decision]
    assert str(decision) == "accepted acme_export b2 at 2026-02-03 04:05: the zone was wrong before"


@pytest.mark.builds
def test_a_batch_that_is_set_aside_holds_nothing_back(config: Path, settings: Settings) -> None:
    ingest_all(config)
    reject(settings, SOURCE, "b2", "broken clocks", NOW)
    ingest_all(config)
    assert statuses(settings) == {"b1": "accepted", "b2": "set aside", "b3": "accepted"}
    assert messages_in(config) == 25
    assert (settings.home / "landing" / SOURCE / "b2" / "manifest.json").is_file()
    accept(settings, SOURCE, "b2", "they were right after all", NOW)
    ingest_all(config)
    assert set(statuses(settings).values()) == {"accepted"}
    assert messages_in(config) == 35


@pytest.mark.builds
def test_an_accepted_batch_that_is_set_aside_is_taken_out_also_of_a_segment_with_others(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    settings = load_settings(config)
    for number in range(4):  # small ones are parsed into one segment
        rows = {"conversations": [conversation()], "messages": messages(number)}
        write_batch(tmp_path / "drop" / f"b{number}", rows, "2026-01-05T02:00:00Z")
    ingest_all(config)
    assert messages_in(config) == 4
    reject(settings, SOURCE, "b2", "it should not be there", NOW)
    ingest_all(config)
    assert messages_in(config) == 3
    accept(settings, SOURCE, "b2", "it should", NOW)
    ingest_all(config)
    assert messages_in(config) == 4


@pytest.mark.builds
@pytest.mark.parametrize("decide", [accept, reject])
def test_a_decision_is_about_the_batch_as_it_was(config: Path, settings: Settings, decide) -> None:  # type: ignore[no-untyped-def]
    """Delivered again with other rows, and as bad, it is judged again."""
    ingest_all(config)
    decide(settings, SOURCE, "b2", "because", NOW)
    write_batch(config.parent / "drop" / "b2", {"messages": messages(*range(19), hour=12)}, "2026-01-06T03:00:00Z")
    ingest_all(config)
    assert statuses(settings) == {"b1": "accepted", "b2": "refused", "b3": "waiting"}
    write_batch(config.parent / "drop" / "b2", {"messages": messages(100)}, "2026-01-06T04:00:00Z")
    ingest_all(config)
    assert set(statuses(settings).values()) == {"accepted"}
    assert messages_in(config) == 26


def test_a_batch_that_cannot_be_read_can_only_be_set_aside(config: Path, settings: Settings) -> None:
    (config.parent / "drop" / "b2" / "messages.ndjson").write_text("other")
    ingest_all(config)
    with pytest.raises(DecisionError, match=r"cannot be read, so it cannot be accepted.*sha256.*causerie reject"):
        accept(settings, SOURCE, "b2", "because", NOW)
    reject(settings, SOURCE, "b2", "because", NOW)
    ingest_all(config)
    assert statuses(settings) == {"b1": "accepted", "b2": "set aside", "b3": "accepted"}


@pytest.mark.builds
@pytest.mark.parametrize("is_landed", [True, False])
def test_a_waiting_batch_and_one_not_judged_yet_can_be_set_aside(
    config: Path, settings: Settings, is_landed: bool
) -> None:
    if is_landed:
        ingest_all(config)
    reject(settings, SOURCE, "b3", "because", NOW)
    reject(settings, SOURCE, "b2", "because", NOW)
    ingest_all(config)
    assert statuses(settings) == {"b1": "accepted", "b2": "set aside", "b3": "set aside"}
    assert messages_in(config) == 20


@pytest.mark.parametrize(
    ("decide", "source", "batch", "words"),
    [
        (accept, SOURCE, "b1", "is accepted already"),
        (accept, SOURCE, "b3", "it only waits behind a refused batch; refused batches: b2"),
        (accept, SOURCE, "b9", "no run has judged such a batch; refused batches: b2"),
        (accept, "acme", "b2", "there is no source 'acme'; the sources are acme_export"),
        (accept, SOURCE, "../b2", "is not the name of a batch"),
        (reject, SOURCE, "b9", "there is no such batch; refused batches: b2"),
        (reject, SOURCE, "..", "is not the name of a batch"),
        (reject, SOURCE, "", "is not the name of a batch"),
        (reject, "acme", "b2", "no source 'acme'"),
    ],
)
def test_what_cannot_be_decided_is_said(  # type: ignore[no-untyped-def]
    config: Path, settings: Settings, decide, source: str, batch: str, words: str
) -> None:
    ingest_all(config)
    before = statuses(settings)
    with pytest.raises(DecisionError, match=words):
        decide(settings, source, batch, "because", NOW)
    assert statuses(settings) == before
    with Ledger(settings.home / LEDGER) as ledger:
        assert ledger.decisions() == []


def test_what_is_set_aside_is_not_set_aside_twice(config: Path, settings: Settings) -> None:
    ingest_all(config)
    reject(settings, SOURCE, "b2", "because", NOW)
    with pytest.raises(DecisionError, match="is set aside already"):
        reject(settings, SOURCE, "b2", "because", NOW)


def test_a_ledger_from_before_decisions_is_taken_over(config: Path, settings: Settings) -> None:
    ingest_all(config)
    before = statuses(settings)
    with sqlite3.connect(settings.home / LEDGER) as connection:
        ((definition,),) = connection.execute("select sql from sqlite_master where name = 'batches'")
        connection.execute("alter table batches rename to new")
        connection.execute(definition.replace(", 'set aside'", ""))
        connection.execute("insert into batches select * from new")
        connection.execute("drop table new")
        connection.execute("drop table decisions")
    connection.close()
    assert statuses(settings) == before
    reject(settings, SOURCE, "b2", "because", NOW)
    assert statuses(settings)["b2"] == "set aside"


# --- what is said of clocks that jump ------------------------------------------------------------------------


def reasons(settings: Settings) -> str:
    with Ledger(settings.home / LEDGER) as ledger:
        (refused,) = ledger.entries(status="refused")
    return "; ".join(refused.reasons)


def test_restatements_are_described_with_their_usual_shift_and_since_when(config: Path, settings: Settings) -> None:
    """Fifteen of the twenty known messages: the others are not delivered again, and ten are new."""
    ingest_all(config)
    words = reasons(settings)
    assert "15 of 15 known messages come with another sent_at" in words
    assert "15 of them by +2:00:00, since 2026-01-02 09:00 UTC" in words


def test_the_usual_shift_is_the_most_frequent_one(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    first = {"conversations": [conversation()], "messages": messages(*range(40), day=3)}
    write_batch(tmp_path / "drop" / "b1", first, "2026-01-05T02:00:00Z")
    moved = messages(*range(5), hour=10, day=3) + messages(*range(5, 20), hour=8, day=3)
    write_batch(tmp_path / "drop" / "b2", {"messages": moved + messages(*range(20, 40), day=3)}, "2026-01-06T02:00:00Z")
    ingest_all(config)
    words = reasons(load_settings(config))
    assert "20 of 40 known messages" in words
    assert "15 of them by -1:00:00, since 2026-01-03 09:00 UTC" in words


def test_clocks_ahead_of_their_extraction_are_described_by_how_much(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    rows = [message(f"m{number}", sent_at=f"2026-01-05T{number % 4:02d}:00:00Z") for number in range(40)]
    without_offset = [message("n", sent_at="2026-01-05T00:00:00")]
    write_batch(tmp_path / "drop" / "b1", {"messages": rows + without_offset}, "2026-01-05T01:30:00Z")
    ingest_all(config)
    words = reasons(load_settings(config))
    assert "21 of 41 messages rows are quarantined" in words
    assert "20 for 'sent_at: later than the extraction of its batch', 1 for 'sent_at: an instant without an" in words
    assert (
        "20 with sent_at ahead of the extraction, usually by 0:30:00, at most by 1:30:00, since 2026-01-05 02:00"
        in words
    )
