from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reports.pages.timeline import INSTANTS, events

START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


def test_events_stand_in_the_order_of_their_instants_with_the_waits_between() -> None:
    row = {
        **dict.fromkeys(INSTANTS),
        "started_at": START,
        "first_inbound_at": START,
        "first_response_at": START + timedelta(seconds=90.9),
        "closed_at": START + timedelta(hours=30),
        "rated_at": START + timedelta(hours=29),
    }
    assert [(event.column, event.since_before) for event in events(row)] == [
        ("started_at", None),
        ("first_inbound_at", 0),
        ("first_response_at", 90),
        ("rated_at", 29 * 3600 - 91),
        ("closed_at", 3600),
    ]


def test_an_open_conversation_of_one_message_has_two_events() -> None:
    row = {**dict.fromkeys(INSTANTS), "started_at": START, "last_message_at": START}
    assert [event.column for event in events(row)] == ["started_at", "last_message_at"]
