"""The same account as an `export` source would hand it over: batches, from pictures of the world.

Here: the readings of `docs/live-systems.md`, in plain Python, from the records themselves and not from the
shapes of the API. Not here: how a batch is written (`tests.drops`).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.drops import Row, write_batch
from tests.live.chatwoot_world import Agent, Change, Contact, Conversation, Message, Picture, Records

STATUSES = {"open": "OPEN", "resolved": "RESOLVED", "pending": "FLOW", "snoozed": "IN_PROGRESS"}


@dataclass(frozen=True)
class Batch:
    """A batch as `write_batch` takes it, and the name that puts it in order."""

    name: str
    extracted_at: str
    entities: dict[str, list[Row]]

    def write(self, drop: Path) -> Path:
        """Write it into its folder of a drop, and give that."""
        return write_batch(drop / self.name, self.entities, self.extracted_at)


@dataclass(frozen=True)
class Reading:
    """What can be known of changes: with the events of Chatwoot or from activities alone.

    `fraction` is what the instants of events have over the whole second, as the server that tells them adds it.
    """

    events: bool = True
    fraction: timedelta = timedelta(0)

    def changes(self, one: Conversation) -> list[Change]:
        """The changes that can be known of, in their order."""
        return [change for change in one.changes if change.has_activity or (self.events and change.has_event)]

    def tells(self, change: Change) -> bool:
        """Whether an opening or a resolution is one by this reading."""
        return change.has_event if self.events else change.has_activity

    def instant(self, change: Change) -> str:
        """When an opening or a resolution happened."""
        return (change.at + self.fraction if self.events else change.at).isoformat()


def to_export(history: Sequence[Picture], *, events: bool = True, fraction: timedelta = timedelta(0)) -> list[Batch]:
    """What the batches of an export of the same account hold, one a picture: all records, and the keys of those gone.

    A connector that has read everything at the last picture has the marts of these batches. (Between complete reads it
    may be behind: what does not move `last_activity_at` is seen late.)
    """
    reading = Reading(events, fraction)
    batches = []
    known = _Known()
    for number, picture in enumerate(history, 1):
        entities = _rows(_as_known(picture.records, known.know(picture.records)), reading)
        known.add_gone(entities, picture.records)
        at = picture.at.isoformat()
        for rows in (rows for entity, rows in entities.items() if entity != "events"):
            for row in rows:
                row["updated_at"] = at
        batches.append(Batch(f"{number:04d}-{picture.at:%Y-%m-%dT%H%M%SZ}", at, entities))
    return batches


class _Known:
    """What earlier batches delivered: of what is gone since, the next one says so."""

    def __init__(self) -> None:
        self.conversations: set[int] = set()
        self.messages: dict[int, int] = {}
        self.contacts: set[int] = set()
        self.agents: dict[int, Agent] = {}
        self.people: set[tuple[str, int, int]] = set()

    def know(self, records: Records) -> set[tuple[str, int, int]]:
        """Of whom it is known that a conversation or a message was theirs, also when it says so no more."""
        for one in records.conversations.values():
            if one.assignee is not None and not one.emptied:
                self.people.add(("conversation", one.id, one.assignee))
        for message in records.messages.values():
            if message.sender is not None and not message.emptied:
                self.people.add(("message", message.id, message.sender.id))
        return self.people

    def add_gone(self, entities: dict[str, list[Row]], records: Records) -> None:
        """Add rows for what an earlier batch had and the records have not, and remember what they have."""
        for number in sorted(self.conversations - records.conversations.keys()):
            entities["conversations"].append({"conversation_id": number, "deleted": True})
        for number in sorted(self.messages.keys() - records.messages.keys()):
            if self.messages[number] in records.conversations:
                entities["messages"].append({"message_id": number, "deleted": True})
        shown = {row["contact_id"] for row in entities["contacts"]}
        for number in sorted(self.contacts - shown):
            entities["contacts"].append({"contact_id": number, "deleted": True})
        for agent in self.agents.values():
            if agent.id not in records.agents:
                entities["agents"].append(_agent(agent, active=False))
        self.conversations |= records.conversations.keys()
        self.messages |= {message.id: message.conversation for message in records.messages.values()}
        self.contacts |= shown
        self.agents |= records.agents


def _as_known(records: Records, people: set[tuple[str, int, int]]) -> Records:
    """The records without the people of whom nothing was known before they were deleted."""
    records = copy.deepcopy(records)
    for one in records.conversations.values():
        if ("conversation", one.id, one.assignee) not in people:
            one.assignee = None
    for message in records.messages.values():
        if message.sender is not None and ("message", message.id, message.sender.id) not in people:
            message.sender = None
    return records


def _rows(records: Records, reading: Reading) -> dict[str, list[Row]]:
    conversations = list(records.conversations.values())
    return {
        "conversations": [_conversation(records, one, reading) for one in conversations],
        "messages": [_message(message) for message in records.messages.values()],
        "contacts": [_contact(contact) for contact in _contacts(records)],
        "agents": [_agent(agent, active=True) for agent in records.agents.values()],
        "events": [row for one in conversations for row in _events(one, reading)],
        "ratings": _ratings(records),
    }


def _conversation(records: Records, one: Conversation, reading: Reading) -> Row:
    return {
        "conversation_id": one.id,
        "started_at": one.at.isoformat(),
        "contact_id": one.contact,
        "channel": records.inboxes[one.inbox].channel,
        "team": None if one.team is None else records.teams[one.team].name,
        "source": _source(records.messages_of(one.id)),
        "status": STATUSES[one.status],
        "closed_at": _closed_at(one, reading),
        "agent_id": one.assignee,
        "tags": one.labels,
    }


def _source(messages: Sequence[Message]) -> str | None:
    """By whose the first message is, neither activity nor private; a deleted one is none. Without one there is none."""
    for message in messages:
        if message.type != "activity" and not message.private and not message.deleted:
            sender_type, origin = _sender_type(message), _origin(message)
            if sender_type == "contact":
                return "INBOUND"
            return None if origin is None else origin.upper()
    return None


def _closed_at(one: Conversation, reading: Reading) -> str | None:
    """While it is resolved: the last resolution that is told of."""
    if one.status != "resolved":
        return None
    told = [change for change in one.changes if change.after == "resolved" and reading.tells(change)]
    return reading.instant(told[-1]) if told else None


def _events(one: Conversation, reading: Reading) -> list[Row]:
    """A resolution is an event, and an opening is one by the latest change before it that can be known of.

    With none before it, the conversation can only have begun as pending: it is a handoff too.
    """
    rows = []
    before = None
    for change in reading.changes(one):
        kind = None
        if change.after == "resolved":
            kind = "closed"
        elif change.after == "open":
            kind = {"resolved": "reopened", "pending": "handoff", None: "handoff"}.get(before)
        if kind is not None and reading.tells(change):
            occurred_at = reading.instant(change)
            rows.append({"event_id": change.id, "conversation_id": one.id, "type": kind, "occurred_at": occurred_at})
        before = change.after
    return rows


def _sender_type(message: Message) -> str | None:
    """Who wrote; a campaign's, an automation's and a template message is the system's, whoever lent the name."""
    if message.type == "incoming":
        return "contact"
    if message.type in ("template", "activity") or _is_automatic(message):
        return "system"
    return {"user": "agent", "agent_bot": "bot"}.get(message.sender.type if message.sender else "")


def _is_automatic(message: Message) -> bool:
    return message.campaign is not None or message.automation_rule is not None


def _origin(message: Message) -> str | None:
    if message.type == "template":
        return "auto_response"
    if message.type != "outgoing":
        return None
    if message.campaign is not None:
        return "broadcast"
    if message.automation_rule is not None:
        return "auto_response"
    return {"agent": "inbox", "bot": "flow"}.get(_sender_type(message) or "")


def _message(message: Message) -> Row:
    sender_type = _sender_type(message)
    return {
        "message_id": message.id,
        "conversation_id": message.conversation,
        "sent_at": message.at.isoformat(),
        "direction": "inbound" if message.type == "incoming" else "outbound",
        "sender_type": sender_type,
        "agent_id": message.sender.id if sender_type == "agent" and message.sender else None,
        "origin": _origin(message),
        "type": "activity" if message.type == "activity" else "reaction" if message.reaction else message.content_type,
        "status": message.status,
        "private": message.private,
        "deleted": message.deleted,
    }


def _contacts(records: Records) -> list[Contact]:
    """Those of the contact list, and those who are the sender of a conversation or of a message."""
    senders = {one.contact for one in records.conversations.values()}
    for message in records.messages.values():
        if message.sender is not None and message.sender.type == "contact":
            senders.add(message.sender.id)
    return [one for one in records.contacts.values() if one.is_listed or one.id in senders]


def _contact(contact: Contact) -> Row:
    return {
        "contact_id": contact.id,
        "name": contact.name or None,
        "phone": contact.phone or None,
        "email": contact.email or None,
        "tags": contact.labels,
    }


def _agent(agent: Agent, *, active: bool) -> Row:
    return {"agent_id": agent.id, "name": agent.name, "email": agent.email, "active": active}


def _ratings(records: Records) -> list[Row]:
    """One record a survey message, with what was answered to it."""
    answers = {answer.message: answer for answer in records.answers.values()}
    rows: list[Row] = []
    for message in records.messages.values():
        if message.type == "template" and message.content_type == "input_csat":
            answer = answers.get(message.id)
            rows.append(
                {
                    "rating_id": message.id,
                    "conversation_id": message.conversation,
                    "asked_at": message.at.isoformat(),
                    "rating": answer.score if answer else None,
                    "comment": (answer.comment or None) if answer else None,
                    "answered_at": answer.at.isoformat() if answer else None,
                }
            )
    return rows
