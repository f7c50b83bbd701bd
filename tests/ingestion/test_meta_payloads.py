"""What a delivery of Meta's webhooks holds: which part is a message, a status, a user or another's."""

from __future__ import annotations

from typing import Any

import pytest

from ingestion.parsing.meta_payloads import NoDeliveryError, records, records_of

Payload = dict[str, Any]


def delivery(field: str = "messages", **value: Any) -> Payload:
    change = {"field": field, "value": {"metadata": {"display_phone_number": "15550009999"}, **value}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "7", "changes": [change]}]}


def message(key: str = "wamid.A", kind: str = "text", **values: Any) -> Payload:
    return {"id": key, "timestamp": "1790000000", "type": kind, "from": "34611000001", **values}


def found(payload: object) -> list[tuple[str, Payload | None]]:
    return [(record.entity, record.values) for record in records(payload)]


def of(entity: str, payload: object) -> list[Payload]:
    return [values or {} for name, values in found(payload) if name == entity]


def test_a_message_keeps_what_says_who_wrote_it_and_when() -> None:
    (values,) = of("messages", delivery(messages=[message(text={"body": "secret"})]))
    assert values == {
        **{"id": "wamid.A", "timestamp": "1790000000", "type": "text", "from": "34611000001", "source": "messages"},
        "business_number": "15550009999",
    }


def test_a_delivery_without_its_system_is_one_of_whatsapp() -> None:
    payload = delivery(messages=[message()])
    del payload["object"]
    assert len(of("messages", payload)) == 1


@pytest.mark.parametrize("kind", ["revoke", "deleted", " Revoke"])
def test_a_revocation_names_the_message_that_it_deletes(kind: str) -> None:
    given = {kind.strip().lower(): {"original_message_id": "wamid.Z"}}
    assert [values["revoked_id"] for values in of("messages", delivery(messages=[message(kind=kind, **given)]))] == [
        "wamid.Z"
    ]


def test_deleted_and_no_more_is_said_of_the_message_itself() -> None:
    (values,) = of("messages", delivery(messages=[message("wamid.B", "deleted")]))
    assert values["revoked_id"] == "wamid.B"


def test_a_revocation_of_nothing_is_set_aside() -> None:
    assert found(delivery(messages=[message(kind="revoke")])) == [("others", {"kind": "revoke that names no message"})]


@pytest.mark.parametrize("field", ["smb_message_echoes"])
def test_an_echo_says_to_whom(field: str) -> None:
    (values,) = of("messages", delivery(field, message_echoes=[message(to="34611000002") | {"from": "15550009999"}]))
    assert (values["source"], values["to"]) == ("smb_message_echoes", "34611000002")


def test_threads_of_the_history_give_their_messages_and_the_user_of_the_thread() -> None:
    threads = [
        {"id": "34611000003", "messages": [message("h1", history_context={"status": "READ", "from_me": True})]},
        {"id": "ES.55", "context": {"wa_id": "34611000004", "user_id": "ES.55"}, "messages": [message("h2")]},
    ]
    one, two = of("messages", delivery("history", history=[{"threads": threads}, {"errors": [{"code": 1}]}]))
    assert (one["source"], one["contact_number"], one["status"], one["from_me"]) == (
        *("history", "34611000003", "READ"),
        True,
    )
    assert (two["contact_number"], two["contact_user_id"]) == ("34611000004", "ES.55")


def test_media_of_the_history_come_in_a_delivery_of_their_own() -> None:
    assert [values["source"] for values in of("messages", delivery("history", messages=[message()]))] == ["history"]


@pytest.mark.parametrize(
    ("payload", "kinds"),
    [
        ({"object": "page", "entry": [{"messaging": []}, {}]}, ["object page"]),
        (delivery("calls", calls=[{}]), ["field calls"]),
        (delivery(messages=[message(group_id="G")]), ["message of a group"]),
        (delivery(statuses=[{"id": "m", "recipient_type": "group"}]), ["status of a message to a group"]),
        (delivery(statuses=[{"id": "m", "group_id": "G"}]), ["status of a message to a group"]),
        (delivery(errors=[{"code": 1}, {"code": 2}]), ["messages.errors"] * 2),
        (delivery("history", history=[{"errors": [{"code": 2_593_109}]}]), ["history.errors"]),
    ],
)
def test_what_is_another_systems_or_not_known_is_set_aside_by_kind(payload: Payload, kinds: list[str]) -> None:
    assert found(payload) == [("others", {"kind": kind}) for kind in kinds]


def test_a_kind_can_stand_in_a_line() -> None:
    (values,) = of("others", {"object": "\x1b[31m" + "x" * 200})
    assert values["kind"].isprintable()
    assert len(values["kind"]) < 80


def test_a_user_is_known_by_what_comes_with_the_id() -> None:
    payload = delivery(
        contacts=[{"wa_id": "34611000001", "user_id": "ES.1", "parent_user_id": "ES.ENT.1"}, {"user_id": "ES.2"}],
        messages=[message(from_user_id="ES.3")],
        statuses=[{"id": "m", "recipient_id": "34611000005", "recipient_user_id": "ES.4"}],
    )
    assert [(values["user_id"], values["number"]) for values in of("users", payload)] == [
        ("ES.1", "34611000001"),
        ("ES.ENT.1", "34611000001"),
        ("ES.3", "34611000001"),
        ("ES.4", "34611000005"),
    ]


def test_a_message_without_a_sender_is_of_the_only_contact_of_its_delivery() -> None:
    given = message()
    del given["from"]
    contact = {"user_id": "ES.9", "profile": {"username": "@x"}}
    (values,) = of("messages", delivery(contacts=[contact], messages=[given]))
    assert ("from" in values, values["contact_user_id"]) == (False, "ES.9")
    (values,) = of("messages", delivery(contacts=[contact, contact], messages=[given]))
    assert "contact_user_id" not in values


@pytest.mark.parametrize(
    ("given", "old"),
    [
        ({"type": "user_changed_number", "wa_id": "34611000009"}, "34611000001"),
        ({"type": "customer_changed_number", "new_wa_id": "34611000009", "customer": "34611000008"}, "34611000008"),
    ],
)
def test_a_change_of_number_names_both(given: Payload, old: str) -> None:
    payload = delivery(messages=[message(kind="system", system=given)])
    assert of("numbers", payload) == [{"old_number": old, "new_number": "34611000009", "timestamp": "1790000000"}]
    assert len(of("messages", payload)) == 1, "and is a message of the system"


def test_a_change_of_number_changes_the_id_too() -> None:
    given = {"type": "user_changed_number", "wa_id": "34611000009", "user_id": "ES.2", "previous_user_id": "ES.1"}
    assert of("users", delivery(messages=[message(kind="system", system=given, from_user_id="ES.1")])) == [
        {"user_id": "ES.2", "number": "34611000009"},
        {"user_id": "ES.1", "number": "34611000001"},
        {"user_id": "ES.2", "previous_user_id": "ES.1"},
    ]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (delivery(messages=[message(kind="poll")]), "of the unknown type 'poll', counted as messages"),
        (
            delivery(messages=[message(kind="system", system={"type": "user_moved"})]),
            "of type system with the unknown change 'user_moved', which change nothing",
        ),
        (
            delivery(statuses=[{"id": "m", "status": "held", "timestamp": "1", "recipient_id": "1"}]),
            "of the unknown word 'held', which say only that there is a message",
        ),
    ],
)
def test_a_word_that_is_not_known_is_said(payload: Payload, words: str) -> None:
    (record,) = records(payload)
    assert record.unknown == words


@pytest.mark.parametrize(
    "payload",
    [
        *([], 5, None, {}, {"entry": {}}, {"entry": [5]}, {"entry": [{}]}, {"entry": [{"changes": [7]}]}),
        {"entry": [{"changes": [{"field": "messages", "value": []}]}]},
        *(delivery(messages={}), delivery("history", history=[5]), delivery("smb_message_echoes", message_echoes=4)),
    ],
)
def test_what_has_not_the_shape_of_a_delivery_is_none(payload: object) -> None:
    with pytest.raises(NoDeliveryError):
        records(payload)


def test_contacts_are_optional_whatever_they_are() -> None:
    assert len(of("messages", delivery(contacts="none", messages=[message()]))) == 1


@pytest.mark.parametrize("value", [b"1", b"[]", b'"NaN"', b"9" * 200])
def test_a_line_is_read_as_json(value: bytes) -> None:
    assert records_of(b'\xef\xbb\xbf{"entry": [], "a": ' + value + b"}\n") == []  # a byte order mark is no part of it


@pytest.mark.parametrize(
    "value", [b"", b"NaN", b"-Infinity", b"1e999", b'"\xff"', b"9" * 400, b'1, "a": 1', b"[" * 100_000]
)
def test_what_is_no_json_is_no_delivery(value: bytes) -> None:
    with pytest.raises(NoDeliveryError):
        records_of(b'{"entry": [], "a": ' + value + b"}\n")
