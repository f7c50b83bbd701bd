"""What export batches of the same data would hold: the readings of `docs/live-systems.md`, in plain Python.

Here: a history of runs (``Run``), and for each the batch with which the ``export`` source tells what the live source
should (``to_export``). Not here: how the data is fetched, and what the marts make of it. It shares nothing with the
connectors.

    history = [look(world, archive), ...]                       # one for each run
    write_export(tmp_path / "drop", to_export(history))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.comparison import Marts
from tests.drops import write_batch
from tests.live.activecampaign import CLOSED, Row, Snapshot, World, instant
from tests.live.meta import Payload, read_archive
from tests.live.meta_readings import Archive, compared, distance

State = dict[str, dict[str, Row]]
"""Rows by entity and key."""

ORIGINS = ("inbox", "flow", "auto_response", "api", "broadcast")
QUALITY = "[quality]\nrestated_rows = 1000000\nunknown_share = 1\norphan_share = 1\n"
"""Ends a configuration that reads such batches: an instant of ``sent`` that comes late is no broken clock here,
and archives hold messages of conversations that nobody has.
"""


@dataclass(frozen=True)
class Run:
    """What one run saw: when it asked first, what the API showed, all that the archive held by then."""

    extracted_at: datetime
    snapshot: Snapshot
    archive: Sequence[Payload] = ()


@dataclass(frozen=True)
class Batch:
    """An export batch: the rows that are new or changed since the one before."""

    name: str
    extracted_at: datetime
    entities: dict[str, list[Row]]


def look(world: World, archive: Path | None = None, extracted_at: datetime | None = None) -> Run:
    """A run that sees everything while nothing moves. ``extracted_at``: by the connector's clock, else the world's."""
    payloads = read_archive(archive) if archive else []
    return Run(extracted_at or world.now, world.snapshot(), payloads)


def to_export(history: Sequence[Run]) -> list[Batch]:
    """One batch a run, in order; runs are in the order of their instants."""
    known, before, batches = _Known(_ids_of_whatsapp(history)), dict[str, dict[str, Row]](), list[Batch]()
    for number, run in enumerate(history):
        known.observe(run)
        state = known.state()
        changed = {
            entity: [row for key, row in rows.items() if before.get(entity, {}).get(key) != row]
            for entity, rows in state.items()
        }
        before = state
        name = f"{number:04d}-{run.extracted_at:%Y-%m-%dT%H%M%SZ}"
        batches.append(Batch(name, run.extracted_at, {entity: rows for entity, rows in changed.items() if rows}))
    return batches


def write_export(drop: Path, batches: Iterable[Batch]) -> None:
    """Write batches where an ``export`` source finds them."""
    drop.mkdir(parents=True, exist_ok=True)
    for batch in batches:
        write_batch(drop / batch.name, batch.entities, batch.extracted_at.isoformat())


def without_what_is_observed(marts: Marts) -> Marts:
    """Marts without the two columns in which a live source and its export differ."""
    only_live = ("times_basis", "has_observed")
    return {
        mart: [{name: value for name, value in row.items() if name not in only_live} for row in rows]
        for mart, rows in marts.items()
    }


# ---------------------------------------------------------------------------------------------------------
# From snapshot to snapshot
# ---------------------------------------------------------------------------------------------------------


@dataclass
class _Known:
    """What is known after some runs. ``sent_as``: the ids that WhatsApp gave messages, by their own, in any run."""

    sent_as: dict[str, str]
    runs: int = 0
    conversations: dict[str, Row] = field(default_factory=dict)
    contacts: dict[str, Row] = field(default_factory=dict)
    agents: dict[str, Row] = field(default_factory=dict)
    changes: dict[str, Row] = field(default_factory=dict)
    surveys: dict[str, Row] = field(default_factory=dict)
    flow_runs: dict[str, Row] = field(default_factory=dict)
    first_messages: dict[str, tuple[str, Row]] = field(default_factory=dict)
    numbers: dict[str, set[str]] = field(default_factory=dict)
    archive: Archive = field(default_factory=lambda: Archive([]))

    def observe(self, run: Run) -> None:
        """Ingest one run."""
        for row in run.snapshot.conversations:
            self.conversations[row["id"]] = self._conversation(row, run.extracted_at)
            if message := row["first_message"]:
                self.first_messages[self.sent_as.get(message["id"], message["id"])] = row["id"], message
        _mark_gone(self.conversations, run.snapshot.conversations)
        for row in run.snapshot.contacts:
            self.contacts[row["id"]] = _contact(row)
            self.numbers[row["id"]] = {compared(row["phone"]), compared(row["canonical_phone"])} - {""}
        _mark_gone(self.contacts, run.snapshot.contacts)
        for row in run.snapshot.members:
            self.agents[str(row["id"])] = {"agent_id": str(row["id"]), "name": _name(row), "email": row["email"]}
        for row in run.snapshot.flows:
            if row["flow"]:
                self.flow_runs[row["id"]] = row
            if (row["flow"] or {}).get("trigger_type") == "CSAT" and not row["is_test"]:
                self.surveys[row["id"]] = row
        self.archive = Archive(run.archive)
        self.runs += 1

    def _conversation(self, row: Row, extracted_at: datetime) -> Row:
        """One row of the list, with the close that is observed: by what it was when it was last shown."""
        before = self.conversations.get(row["id"], {})
        was_closed = before.get("status") in CLOSED
        closed_at = None
        if row["status"] in CLOSED and was_closed:
            closed_at = before["closed_at"]
        elif row["status"] in CLOSED and self.runs:
            closed_at = extracted_at.isoformat()
            self._changed("closed", row["id"], extracted_at)
        elif row["status"] not in CLOSED and was_closed:
            self._changed("reopened", row["id"], extracted_at)
        return {
            "conversation_id": row["id"],
            "started_at": row["created_on"],
            "contact_id": row["contact"],
            "channel": _text(row["channel"]),
            "team": _text(row["assigned_team"]),
            "source": row["source"],
            "status": row["status"],
            "closed_at": closed_at,
            "agent_id": str(row["assigned"][0]["id"]) if row["assigned"] else None,
            "tags": [tag["name"] for tag in row["tags"]],
            "deleted": False,
        }

    def _changed(self, event_type: str, conversation_id: str, extracted_at: datetime) -> None:
        event_id = f"{conversation_id} {event_type} {extracted_at.isoformat()}"
        self.changes[event_id] = {
            "event_id": event_id,
            "conversation_id": conversation_id,
            "type": event_type,
            "occurred_at": extracted_at.isoformat(),
        }

    # --- all together ---

    def state(self) -> State:
        """All rows as the latest run has them."""
        owners = _Owners(self.conversations, self.numbers)
        return {
            "conversations": dict(self.conversations),
            "messages": self._messages(owners),
            "contacts": dict(self.contacts),
            "agents": dict(self.agents),
            "events": dict(self.changes),
            "ratings": {flow_id: _survey(row, owners) for flow_id, row in self.surveys.items()},
            "flow_runs": {run_id: _flow_run(row, owners) for run_id, row in self.flow_runs.items()},
        }

    def _messages(self, owners: _Owners) -> dict[str, Row]:
        messages = {}
        for message_id, archived in self.archive.messages.items():
            numbers = self.archive.numbers_of(archived)
            conversation_id = owners.of_numbers(numbers, archived.sent_at)
            messages[message_id] = archived.row(message_id, conversation_id or "nobody")
        for message_id, (conversation_id, message) in self.first_messages.items():
            archived_as = messages.get(message_id, {})
            messages[message_id] = _first_message(message, conversation_id, archived_as) | {"message_id": message_id}
        return messages


def _ids_of_whatsapp(history: Sequence[Run]) -> dict[str, str]:
    shown = [row["first_message"] for run in history for row in run.snapshot.conversations]
    return {message["id"]: message["provider_id"] for message in shown if message and message["provider_id"]}


def _mark_gone(known: dict[str, Row], shown: Sequence[Row]) -> None:
    """What the list no longer shows is deleted."""
    for key in known.keys() - {row["id"] for row in shown}:
        known[key] = known[key] | {"deleted": True}


def _contact(row: Row) -> Row:
    return {
        "contact_id": row["id"],
        "name": _name(row),
        "phone": row["phone"],
        "email": row["email"],
        "tags": [tag["name"] for tag in row["tags"]],
        "deleted": False,
    }


def _name(row: Row) -> str | None:
    """First and last, joined by a blank and trimmed."""
    return f"{row['first_name'] or ''} {row['last_name'] or ''}".strip() or None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _survey(row: Row, owners: _Owners) -> Row:
    """A survey that was sent: of the contact's conversation at that instant; no answer can be read."""
    conversation_id = owners.of_contact(row["contact"], instant(row["created_on"]))
    return {
        "rating_id": row["id"],
        "conversation_id": conversation_id or f"nobody {row['contact']}",
        "asked_at": row["created_on"],
    }


def _flow_run(row: Row, owners: _Owners) -> Row:
    """A run of a flow: of the contact's conversation at that instant, if there was one."""
    return {
        "flow_run_id": row["id"],
        "flow_id": row["flow"]["id"],
        "flow_name": row["flow"]["name"],
        "started_at": row["created_on"],
        "status": row["status"],
        "contact_id": row["contact"],
        "conversation_id": owners.of_contact(row["contact"], instant(row["created_on"])),
        "is_test": row["is_test"],
    }


# ---------------------------------------------------------------------------------------------------------
# Whose conversation
# ---------------------------------------------------------------------------------------------------------


class _Owners:
    """The contact's latest conversation that began at or before an instant: deleted ones keep what is theirs."""

    def __init__(self, conversations: dict[str, Row], numbers: dict[str, set[str]]) -> None:
        self._of_contact: dict[str, list[tuple[datetime, str]]] = {}
        for row in conversations.values():
            if row["contact_id"] is None:
                continue
            start = instant(row["started_at"]), row["conversation_id"]
            self._of_contact.setdefault(row["contact_id"], []).append(start)
        self._contacts: dict[str, set[str]] = {}
        for contact_id, of_contact in numbers.items():
            for number in of_contact:
                self._contacts.setdefault(number, set()).add(contact_id)

    def of_numbers(self, numbers: set[str], at: datetime) -> str | None:
        return self._latest({contact for number in numbers for contact in self._contacts.get(number, set())}, at)

    def of_contact(self, contact_id: str, at: datetime) -> str | None:
        return self._latest({contact_id}, at)

    def _latest(self, contact_ids: set[str], at: datetime) -> str | None:
        starts = [start for contact_id in contact_ids for start in self._of_contact.get(contact_id, [])]
        return max((start for start in starts if start[0] <= at), default=(at, None))[1]


# ---------------------------------------------------------------------------------------------------------
# Messages
# ---------------------------------------------------------------------------------------------------------


def _first_message(message: Row, conversation_id: str, archived: Row) -> Row:
    """A conversation's first message: who, whence, when and whose from itself, the status the furthest of both."""
    inbound = message["direction"] == "INBOUND"
    source = (message["source"] or "").lower()
    sent_by = None if inbound else message["sent_by"]
    if inbound:
        sender_type = "contact"
    elif sent_by:
        sender_type = "agent"
    elif source:
        sender_type = "bot" if source == "flow" else "system"
    else:
        sender_type = None
    status = min(message["status"], archived.get("status"), key=distance)
    return {
        "conversation_id": conversation_id,
        "sent_at": message["timestamp"],
        "direction": "inbound" if inbound else "outbound",
        "sender_type": sender_type,
        "agent_id": str(sent_by["id"]) if sent_by else None,
        "origin": source if source in ORIGINS and not inbound else None,
        "type": message["msg_type"],
        "status": status,
        "deleted": status == "deleted" or archived.get("deleted", False),
    }
