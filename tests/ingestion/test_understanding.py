"""What a drop folder delivers that is not understood is said, and past a limit not accepted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion import decisions
from ingestion.export_format import CONVERSATIONS, ENTITIES
from ingestion.parsing.column_names import near_names, plain
from tests.drops import Row, conversation, event, message
from tests.ingestion.test_ingest import Place

NOW = datetime(2026, 1, 6, tzinfo=UTC)


def talk(number: int, sender: str | None = "agent", agent: str | None = "a1") -> dict[str, list[Row]]:
    """So many conversations, each with one outbound message of a sender."""
    return {
        "conversations": [conversation(f"c{one}") for one in range(number)],
        "messages": [
            message(f"m{one}", f"c{one}", direction="outbound", sender_type=sender, agent_id=agent)
            for one in range(number)
        ],
    }


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def with_source(place: Place, quality: str = "", **more: Any) -> Place:
    source = {"name": "acme_export", "kind": "export", "account": "acme", "path": "drop", **more}
    place.configure(sources=[source], extra=f"[quality]\n{quality}" if quality else "")
    return place


# --- words


@pytest.mark.parametrize("column", ["sender_type", "origin"])
@pytest.mark.parametrize(
    ("unknown", "known", "status"),
    [(11, 0, "refused"), (10, 0, "accepted"), (11, 1089, "accepted"), (11, 1088, "refused")],
)
def test_unknown_words_past_both_limits_refuse_their_batch(
    place: Place, column: str, unknown: int, known: int, status: str
) -> None:
    batch = talk(unknown + known)
    for row in batch["messages"][:unknown]:
        row[column] = " Staff "
    place.batch("b1", batch)
    report = place.run()
    assert place.statuses() == {"b1": status}
    words = f"{unknown:,} of {unknown + known:,} messages have an unknown {column}: 'staff' ({unknown})"
    said = report.refusals if status == "refused" else report.warnings
    assert [line for line in said if words in line and "known are " in line]
    assert (f"known_words = {{ {column} = [...] }}" in "".join(report.refusals)) is (status == "refused")


def test_words_that_are_meant_are_passed_over(place: Place) -> None:
    place.batch("b1", talk(20, "Integration"))
    assert place.run().having("refused")
    with_source(place, known_words={"sender_type": ["integration"]})
    report = place.run()
    assert place.statuses() == {"b1": "accepted"}
    assert report.warnings == []


def test_known_words_are_compared_trimmed_and_without_regard_to_case(place: Place) -> None:
    batch = talk(20, "\u00a0AGENT ")
    batch["messages"][0]["sender_type"] = None
    batch["messages"][1]["sender_type"] = ""
    place.batch("b1", batch)
    assert place.run().warnings == []


def test_unknown_events_are_a_warning(place: Place) -> None:
    rows = talk(20) | {"events": [event(f"e{one}", f"c{one}", type="Solved") for one in range(20)]}
    place.batch("b1", rows)
    (warning,) = place.run().warnings
    assert "20 of 20 events have an unknown event_type: 'solved' (20); known are assigned, handoff" in warning
    assert place.statuses() == {"b1": "accepted"}


def test_of_two_batches_parsed_together_only_one_is_refused(place: Place) -> None:
    place.batch("b1", talk(20))
    place.batch("b2", {"messages": [message(f"x{one}", "c1", sender_type="staff") for one in range(20)]})
    place.run()
    assert place.statuses() == {"b1": "accepted", "b2": "refused"}


def test_an_operator_can_accept_them(place: Place) -> None:
    place.batch("b1", talk(20, "staff"))
    place.run()
    decisions.accept(place.settings, "acme_export", "b1", "meant", NOW)
    report = place.run()
    assert place.statuses() == {"b1": "accepted"}
    assert "accepted by an operator, else it would be refused" in report.warnings[-1]


# --- columns


@pytest.mark.parametrize("file_format", ["ndjson", "csv", "parquet"])
@pytest.mark.parametrize("gz", [True, False])
def test_an_unread_column_near_a_missing_one_is_named(place: Place, file_format: str, gz: bool) -> None:
    rows = [{"conversation_id": "c1", "started_at": "2026-01-02T08:00:00Z", "closed": "x", "Assignee": "y", "fun": "z"}]
    place.batch("b1", {"conversations": rows}, file_format=file_format, gz=gz and file_format != "parquet")
    warnings = place.run().warnings
    assert [line for line in warnings if "'closed' of conversations is not read, and 'closed_at' is missing" in line]
    assert [line for line in warnings if "'Assignee' of conversations is not read, and 'agent_id' is missing" in line]
    assert len(warnings) == 2


def test_a_name_that_is_read_is_not_near_another() -> None:
    names = [column.name for column in CONVERSATIONS.columns]
    assert near_names([*names, "closed", "labels"], CONVERSATIONS) == []
    assert near_names(["conversation_id", "Début", "tag", "startedAt"], CONVERSATIONS) == [
        ("tag", "tags"),
        ("startedAt", "started_at"),
    ]


def test_each_column_is_near_itself_in_other_spellings() -> None:
    for entity in ENTITIES.values():
        for column in entity.columns:
            spelled = column.name.replace("_", " ").title()
            assert plain(spelled) == column.name
            assert near_names([spelled], entity) == [(spelled, column.name)]


# --- agents


def test_messages_that_never_have_an_agent_are_a_warning(place: Place) -> None:
    place.batch("b1", talk(3, agent=None))
    (warning,) = place.run().warnings
    assert "none of its outbound messages has an agent_id" in warning
    assert "no_agents = true" in warning


def test_one_agent_ever_is_enough(place: Place) -> None:
    place.batch("b1", talk(1))
    place.batch("b2", talk(3, agent=None))
    assert place.run().warnings == []


def test_that_there_are_no_agents_can_be_meant(place: Place) -> None:
    with_source(place, no_agents=True).batch("b1", talk(3, agent=None))
    assert place.run().warnings == []


# --- orphans


def orphaned(number: int, known: int = 0) -> dict[str, list[Row]]:
    """Messages of conversations that are called otherwise, beside others that are well."""
    rows = talk(number + known)
    for row in rows["messages"][:number]:
        row["conversation_id"] = f"{row['conversation_id']}.0"
    return rows


@pytest.mark.parametrize(
    ("orphans", "known", "status"),
    [(11, 0, "refused"), (10, 0, "accepted"), (11, 44, "accepted"), (11, 43, "refused")],
)
def test_too_many_orphans_hold_new_batches_back(place: Place, orphans: int, known: int, status: str) -> None:
    place.batch("b1", orphaned(orphans, known))
    report = place.run()
    assert place.statuses() == {"b1": status}
    if status == "refused":
        (reason,) = report.refusals
        assert f"{orphans} of {orphans + known} messages belong to no conversation that was delivered" in reason
        assert "conversation_id 'c0.0', and a conversation is called 'c0'" in reason
        assert "causerie accept acme_export b1" in reason


def test_all_batches_of_the_run_count_together(place: Place) -> None:
    """Messages may come before their conversations."""
    rows = talk(20)
    place.batch("b1", {"messages": rows["messages"]})
    place.batch("b2", {"conversations": rows["conversations"]})
    assert place.run().refusals == []
    assert place.statuses() == {"b1": "accepted", "b2": "accepted"}


def test_what_is_held_back_is_looked_at_again_with_what_comes(place: Place) -> None:
    rows = talk(20)
    place.batch("b0", {"agents": [{"agent_id": "a1"}]})
    place.run()
    place.batch("b1", {"messages": rows["messages"]})
    place.batch("b2", {"agents": [{"agent_id": "a2"}]})
    report = place.run()
    assert place.statuses() == {"b0": "accepted", "b1": "refused", "b2": "waiting"}
    assert "no conversation has been delivered" in report.refusals[0]
    place.batch("b3", {"conversations": rows["conversations"]})
    assert place.run().refusals == []
    assert set(place.statuses().values()) == {"accepted"}


def test_an_operator_can_accept_orphans_and_later_good_batches_pass(place: Place) -> None:
    place.batch("b1", orphaned(30))
    place.run()
    decisions.accept(place.settings, "acme_export", "b1", "meant", NOW)
    report = place.run()
    assert place.statuses() == {"b1": "accepted"}
    assert "accepted by an operator, else held back" in report.warnings[-1]
    place.batch("b2", {"messages": [message(f"n{one}", "c1") for one in range(30)]})
    assert place.run().refusals == []
    place.batch("b3", {"messages": [message(f"o{one}", "c1.0") for one in range(30)]})
    assert len(place.run().refusals) == 1


def test_another_source_goes_on(place: Place) -> None:
    sources = [
        {"name": name, "kind": "export", "account": "acme", "path": name} for name in ("acme_export", "other_export")
    ]
    place.configure(sources=sources)
    place.drop = place.folder / "acme_export"
    place.batch("b1", orphaned(30))
    place.drop = place.folder / "other_export"
    place.batch("b1", talk(30))
    first, second = place.run_all()
    assert len(first.refusals) == 1
    assert [entry.status for entry in second.entries] == ["accepted"]
