"""Payloads of Meta's WhatsApp webhooks: from one delivery to the records in it.

Here: which part of a payload is a message, a status, a user, a change of number or something else; nothing is dropped.
Not here: files (``archives``), types and reasons (``live_formats``, ``rules``), whose a message is, and which of them
count (dbt). This module reads nothing and depends on nothing: it is one of the rules of parsing.

Shapes, as Meta documents them: ``messages`` (messages, statuses, contacts), ``smb_message_echoes`` (what the business
wrote on its phone) and ``history`` (threads of messages from before the account was connected).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ingestion import strict_json

MESSAGES, STATUSES, USERS = "messages", "statuses", "users"
NUMBERS, OTHERS = "numbers", "others"
Payload = dict[str, Any]

_SYSTEM = "whatsapp_business_account"
_ECHOES = "smb_message_echoes"
_REVOCATIONS = ("revoke", "deleted")
_KNOWN_TYPES = {
    *("text", "image", "audio", "voice", "video", "document", "sticker", "location", "contacts", "media_placeholder"),
    *("button", "interactive", "order", "template", "reaction", "system", "request_welcome", "edit", *_REVOCATIONS),
    *("unsupported", "unknown"),
}
_NUMBER_CHANGED = ("user_changed_number", "customer_changed_number")
_KNOWN_CHANGES = {*_NUMBER_CHANGED, "user_changed_user_id", "user_identity_changed", "customer_identity_changed"}
_KNOWN_STATUSES = {"sent", "delivered", "read", "played", "failed", "deleted", "pending", "error"}
_LONGEST_WORD = 60


class NoDeliveryError(ValueError):
    """A line is not a delivery of a webhook."""


class Record(NamedTuple):
    """One record: its entity and its values by the names of ``live_formats``, and the part of the payload that it is.

    ``values`` is None where that part does not have the shape of a record. ``unknown``: an unknown word in it, and how
    it is treated.
    """

    entity: str
    values: Payload | None
    part: object
    unknown: str | None = None


def records_of(line: bytes) -> list[Record]:
    """The records of a delivery as it came, in their order.

    Raises:
        NoDeliveryError: it is not JSON, or does not have the shape of a delivery; then nothing of it is used.
    """
    try:
        return records(strict_json.decoded(line))
    except ValueError as error:
        raise NoDeliveryError(str(error)) from None


def records(payload: object) -> list[Record]:
    """The records of a delivery that was decoded.

    Raises:
        NoDeliveryError: as :func:`records_of`.
    """
    if not isinstance(payload, dict):
        raise NoDeliveryError("no object")
    system = payload.get("object")
    if system not in (None, _SYSTEM):
        return [_set_aside(f"object {_word(system)}", payload)]
    changes = [change for entry in _objects(payload, "entry") for change in _objects(entry, "changes")]
    return [record for change in changes for record in _of(change)]


def _of(change: Payload) -> Iterator[Record]:
    field, value = change.get("field"), change.get("value")
    if field not in ("messages", _ECHOES, "history"):
        yield _set_aside(f"field {_word(field)}", change)
        return
    if not isinstance(value, dict):
        raise NoDeliveryError(f"{field}: no object")
    users = value.get("contacts")
    contacts = [user for user in users if isinstance(user, dict)] if isinstance(users, list) else []
    for contact in contacts:
        yield from _users(contact, contact.get("wa_id"), "user_id", "parent_user_id")
    context = _context(value, contacts)
    if field == "history":
        for chunk in _objects(value, "history", needed=False):
            for thread in _objects(chunk, "threads", needed=False):
                of_thread = context | _thread(thread)
                for message in _items(thread, "messages"):
                    yield from _message(message, of_thread | {"source": "history"})
            yield from _others(chunk, "history", ("threads",))
    for name, source in (("messages", field), ("message_echoes", _ECHOES)):
        for message in _items(value, name):
            yield from _message(message, context | {"source": source})
    for status in _items(value, STATUSES):
        yield from _status(status, contacts)
    yield from _others(value, field, ("contacts", "messages", "message_echoes", "statuses", "history"))


def _context(value: Payload, contacts: list[Payload]) -> Payload:
    """What all messages of a change share: the business's number; the user, when there is one only."""
    metadata = value.get("metadata")
    shared = {"business_number": metadata.get("display_phone_number") if isinstance(metadata, dict) else None}
    if len(contacts) == 1:
        user_id = contacts[0].get("user_id") or contacts[0].get("parent_user_id")
        shared |= {"contact_number": contacts[0].get("wa_id"), "contact_user_id": user_id}
    return shared


def _thread(thread: Payload) -> Payload:
    """The user of a thread of the history: its number and id."""
    context = thread.get("context")
    user = context if isinstance(context, dict) else {}
    return {"contact_number": user.get("wa_id") or thread.get("id"), "contact_user_id": user.get("user_id")}


def _message(message: object, context: Payload) -> Iterator[Record]:
    if not isinstance(message, dict):
        yield Record(MESSAGES, None, message)
        return
    message_type = _type(message)
    if _is_of_group(message):
        yield _set_aside("message of a group", message)
        return
    history = message.get("history_context")
    history = history if isinstance(history, dict) else {}
    values = context | {
        "id": message.get("id"),
        "timestamp": message.get("timestamp"),
        "type": message.get("type"),
        "from": message.get("from"),
        "from_user_id": message.get("from_user_id") or message.get("from_parent_user_id"),
        "to": message.get("to"),
        "to_user_id": message.get("to_user_id") or message.get("to_parent_user_id"),
        "status": history.get("status"),
        "from_me": history.get("from_me"),
    }
    is_known = message_type is None or message_type in _KNOWN_TYPES
    unknown = None if is_known else f"of the unknown type '{_word(message_type)}', counted as messages"
    if message_type in _REVOCATIONS:
        original = _revoked(message, message_type)
        if original is None:
            yield _set_aside(f"{message_type} that names no message", message)
            return
        values["revoked_id"] = original
    if message_type == "system":
        change = message.get("system")
        change = change if isinstance(change, dict) else {}
        yield from _change(message, change)
        if (word := change.get("type")) not in _KNOWN_CHANGES:
            unknown = f"of type system with the unknown change '{_word(word)}', which change nothing"
    else:
        yield from _users(message, message.get("from"), "from_user_id", "from_parent_user_id")
        yield from _users(message, message.get("to"), "to_user_id", "to_parent_user_id")
    yield Record(MESSAGES, _given(values), message, unknown)


def _revoked(message: Payload, message_type: str) -> Any:
    """The id of the message that a revocation names, or its own where it says only ``deleted``."""
    content = message.get(message_type)
    if isinstance(content, dict) and (original := content.get("original_message_id") or content.get("message_id")):
        return original
    return message.get("id") if message_type == "deleted" else None


def _change(message: Payload, change: Payload) -> Iterator[Record]:
    """What a system message says of its user: a new number, a new id."""
    new, old = change.get("wa_id") or change.get("new_wa_id"), change.get("customer") or message.get("from")
    if change.get("type") in _NUMBER_CHANGED:
        if new is None or old is None or message.get("timestamp") is None:
            yield _set_aside("change of a number without both numbers", message)
            return
        values = {"old_number": old, "new_number": new, "timestamp": message["timestamp"]}
        yield Record(NUMBERS, values, message)
    before = {name: change.get(f"previous_{name}") for name in ("user_id", "parent_user_id")}
    yield from _users(change, new, "user_id", "parent_user_id")
    yield from _users(before, old, "user_id", "parent_user_id")
    for name, previous in before.items():
        if previous and (following := change.get(name)):
            yield Record(USERS, {"user_id": following, "previous_user_id": previous}, message)


def _status(status: object, contacts: list[Payload]) -> Iterator[Record]:
    if not isinstance(status, dict):
        yield Record(STATUSES, None, status)
        return
    if _is_of_group(status):
        yield _set_aside("status of a message to a group", status)
        return
    number = status.get("recipient_id")
    user_id = status.get("recipient_user_id") or status.get("recipient_parent_user_id")
    if not (number or user_id) and len(contacts) == 1:
        number, user_id = contacts[0].get("wa_id"), contacts[0].get("user_id")
    yield from _users(status, number, "recipient_user_id", "recipient_parent_user_id")
    word = status.get("status")
    is_known = not isinstance(word, str) or word.strip().lower() in _KNOWN_STATUSES
    values = {
        "id": status.get("id"),
        "status": word,
        "timestamp": status.get("timestamp"),
        "recipient_id": number,
        "recipient_user_id": user_id,
    }
    unknown = None if is_known else f"of the unknown word '{_word(word)}', which say only that there is a message"
    yield Record(STATUSES, _given(values), status, unknown)


def _users(part: Payload, number: object, *names: str) -> Iterator[Record]:
    """Pairs of a user id and a number of one user, where both are given."""
    for name in names:
        user_id = part.get(name)
        if isinstance(user_id, str) and user_id and isinstance(number, str) and number:
            yield Record(USERS, {"user_id": user_id, "number": number}, part)


def _is_of_group(part: Payload) -> bool:
    return bool(part.get("group_id")) or part.get("recipient_type") == "group" or "recipient_participant_id" in part


def _type(message: Payload) -> str | None:
    found = message.get("type")
    return found.strip().lower() if isinstance(found, str) else None


def _others(value: Payload, field: str, known: tuple[str, ...]) -> Iterator[Record]:
    """The elements of unknown lists of a change, which are set aside."""
    for name, items in value.items():
        if isinstance(items, list) and name not in known:
            yield from (_set_aside(f"{field}.{_word(name)}", item) for item in items)


def _set_aside(what: str, part: object) -> Record:
    return Record(OTHERS, {"kind": what}, part)


def _given(values: Payload) -> Payload:
    return {name: value for name, value in values.items() if value is not None}


def _word(word: object) -> str:
    """A word of a system, safe to print in a line."""
    text = word if isinstance(word, str) else json.dumps(word)
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:_LONGEST_WORD])


def _items(value: Payload, name: str) -> list[Any]:
    items = value.get(name)
    if items is None:
        return []
    if not isinstance(items, list):
        raise NoDeliveryError(f"{name}: no list")
    return items


def _objects(value: Payload, name: str, *, needed: bool = True) -> list[Payload]:
    items = _items(value, name)
    if (needed and value.get(name) is None) or not all(isinstance(item, dict) for item in items):
        raise NoDeliveryError(f"{name}: no list of objects")
    return items
