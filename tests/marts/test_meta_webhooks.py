"""What becomes of the parts of Meta's webhooks that are no plain messages, from landing to marts: one story a test."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.drops import Row
from tests.marts.test_activecampaign import Home, at, contact, conversation, delivery, received, told

PHONE = "33123456789"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A conversation of the number that the archive tells of, since eight o'clock."""
    home = Home(tmp_path)
    home.snapshot(1, conversation())
    return home


def deliver(home: Home, number: int, *deliveries: Row, source: str = "wa") -> None:
    """One reading of an archive."""
    home.land(source, number, {"archive-0001": deliveries})


def revocation(key: str, original: str, hour: float, **values: object) -> Row:
    return received(key, hour) | {"type": "revoke", "revoke": {"original_message_id": original}, **values}


def instant(hour: float) -> datetime:
    return datetime.fromisoformat(at(hour))


def figures(home: Home, *names: str) -> tuple[object, ...]:
    (row,) = home.details().values()
    return tuple(row[name] for name in names)


def accounting(home: Home, entity: str) -> dict[str, int]:
    columns = ("landed", "used", "superseded", "deleted", "quarantined", "orphans", "set_aside")
    query = f"select {', '.join(columns)} from intermediate.int_row_accounting where source_system = 'wa'"
    (row,) = home.query(f"{query} and entity = '{entity}'")
    assert row[0] == sum(row[1:])
    return dict(zip(columns, row, strict=True))


def test_a_revocation_deletes_also_what_comes_in_a_later_reading(home: Home) -> None:
    deliver(home, 1, delivery(messages=[revocation("r1", "m2", 9.5)]))
    assert figures(home, "messages", "last_message_at") == (0, None)
    deliver(home, 2, delivery(messages=[received("m1", 9), received("m2", 9.25)]))
    assert figures(home, "messages_inbound", "messages") == (1, 1)
    deliver(home, 3, delivery(messages=[revocation("r2", "m1", 10)]))
    assert figures(home, "messages", "first_inbound_at") == (0, None)


def test_what_the_business_writes_on_its_phone_answers_nobody_knows_whether(home: Home) -> None:
    echo = received("e1", 9.5, "10") | {"to": PHONE}
    unsent = revocation("r1", "e2", 9.75, **{"from": "10"}, to=PHONE)
    deliver(
        home,
        1,
        delivery(messages=[received("m1", 9)]),
        delivery("smb_message_echoes", message_echoes=[echo, echo | {"id": "e2"}, unsent]),
        delivery(statuses=[told("e1", "failed", 9.6)]),
    )
    assert figures(home, "messages_inbound", "messages_outbound", "messages_failed") == (1, 0, 1)
    deliver(home, 2, delivery("smb_message_echoes", message_echoes=[echo | {"id": "e3"}]))
    assert figures(home, "messages_outbound", "is_answered", "first_response_at") == (1, None, None)


def test_the_history_and_what_was_delivered_of_it_are_one(home: Home) -> None:
    ours = received("h2", 8.5, "+10") | {"history_context": {"status": "READ"}}
    thread = {"id": PHONE, "messages": [received("m1", 8.25), ours, received("h3", 8.75)]}
    chunk = delivery("history", history=[{"threads": [thread]}])
    deliver(home, 1, delivery(messages=[received("m1", 8.25)]), chunk, chunk)
    deliver(home, 2, chunk)
    assert figures(home, "messages_inbound", "messages_outbound", "is_answered") == (2, 1, None)


def test_what_is_no_message_is_neither_the_first_nor_the_last(home: Home) -> None:
    kinds = [("request_welcome", 8.1), ("system", 8.2), ("reaction", 9.7), ("edit", 9.8), ("request_welcome", 9.9)]
    others = [received(f"o{hour}", hour) | {"type": kind} for kind, hour in kinds]
    deliver(home, 1, delivery(messages=[*others, received("m1", 9), received("m2", 9.5) | {"type": "unsupported"}]))
    assert figures(home, "messages", "first_inbound_at", "last_message_at") == (2, instant(9), instant(9.5))


@pytest.mark.parametrize("is_earlier", [True, False])
def test_a_user_without_a_number_is_known_by_the_id_from_any_delivery(home: Home, is_earlier: bool) -> None:
    hidden = {name: value for name, value in received("m1", 9).items() if name != "from"} | {"from_user_id": "FR.7"}
    status = {name: value for name, value in told("m2", "sent", 9.5).items() if name != "recipient_id"}
    hidden_ones = delivery(messages=[hidden], statuses=[status | {"recipient_user_id": "FR.7"}])
    known = delivery(contacts=[{"wa_id": PHONE, "user_id": "FR.7"}], statuses=[])
    if is_earlier:
        deliver(home, 1, known)
        deliver(home, 2, hidden_ones)
    else:
        deliver(home, 1, hidden_ones)
        assert figures(home, "messages") == (0,)
        assert accounting(home, "messages")["orphans"] == 2
        assert home.query("select distinct conversation_id from intermediate.int_messages__unioned") == [("FR.7",)]
        deliver(home, 2, known)
    assert figures(home, "messages_inbound", "messages_outbound") == (1, 1)


def test_a_number_that_changed_twice_is_the_contact_from_then_on(home: Home) -> None:
    def change(key: str, old: str, new: str, hour: float) -> Row:
        return received(key, hour, old) | {"type": "system", "system": {"type": "user_changed_number", "wa_id": new}}

    deliver(home, 1, delivery(messages=[received("before", 8.5, "33700000002"), received("after", 11, "33700000002")]))
    deliver(home, 2, delivery(messages=[change("c2", "33700000001", "33700000002", 10)]))
    assert figures(home, "messages") == (0,)
    deliver(home, 3, delivery(messages=[change("c1", PHONE, "33700000001", 9)], statuses=[told("s", "sent", 12)]))
    assert figures(home, "messages_inbound", "messages_outbound") == (1, 1)
    orphans = "select message_id from intermediate.int_messages anti join intermediate.int_conversations"
    assert home.query(f"{orphans} using (conversation_key)") == [("before",)]


def test_numbers_are_compared_as_national_plans_have_them(home: Home) -> None:
    home.snapshot(
        2,
        *[conversation("br", contact="br"), conversation("ar", contact="ar"), conversation("other", contact="other")],
        contacts=[
            contact("br", phone="+55 (47) 99911-2233"),
            contact("ar", phone="+54 351 611-2233"),
            contact("other", phone="+55 47 3411-2233"),
        ],
    )
    messages = [
        received("m1", 9, "554799112233"),
        received("m2", 9, "5493516112233"),
        received("m3", 9, "5547934112233"),
    ]
    deliver(home, 1, delivery(messages=messages))
    assert {key: row["messages"] for key, row in home.details().items()} == {"br": 1, "ar": 1, "other": 0}


def test_groups_and_other_systems_are_set_aside_and_accounted_for(home: Home) -> None:
    group = {"group_id": "R1"}
    deliver(
        home,
        1,
        delivery(messages=[received("m1", 9), received("m2", 9) | group], statuses=[told("m3", "read", 9) | group]),
        {"object": "page", "entry": [{"messaging": [{}]}]},
        delivery("flows", event="x"),
    )
    assert figures(home, "messages") == (1,)
    assert accounting(home, "others") == {
        **dict.fromkeys(("used", "superseded", "deleted", "quarantined", "orphans"), 0),
        **{"landed": 4, "set_aside": 4},
    }
