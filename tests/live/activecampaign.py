"""A WhatsApp account of ActiveCampaign that lives through time, in the shapes of its API.

Here: the account (``World``), what a still look at it shows (``Snapshot``), and the words to make it by hand. Not here:
lives by chance (``activecampaign_life``), the server (``activecampaign_api``), and what the warehouse should make of
it (``activecampaign_export``).

    world = World("2026-01-05T08:00:00Z")
    world.member(7, "Ana", "Silva", "ana@acme.example")
    world.contact("k1", phone="+33 6 12 34 56 78")
    world.conversation("c1", "k1", first_message=world.message("wamid.1", "INBOUND"))
    world.later("2026-01-05T09:30:00Z", lambda: world.change("c1", status="RESOLVED"))
    world.advance_to("2026-01-05T10:00:00Z")
"""

from __future__ import annotations

import copy
import heapq
import itertools
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.live.meta import Fact

Row = dict[str, Any]

CLOSED = ("RESOLVED", "CLOSED")


def instant(value: str | datetime) -> datetime:
    """An instant from ISO 8601 text with an offset, in UTC."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def spelled(value: str | datetime) -> str:
    """An instant as the API writes it: a fraction only where there is one."""
    return instant(value).isoformat().replace("+00:00", "Z")


def digits(phone: str | None) -> str:
    """What of a phone number a webhook shows."""
    return "".join(character for character in phone or "" if character in "0123456789")


@dataclass(frozen=True)
class Snapshot:
    """Everything that the API shows at one moment."""

    conversations: list[Row]
    contacts: list[Row]
    members: list[Row]
    flows: list[Row]


@dataclass
class World:
    """The account. Its methods change it at ``now``; ``facts`` is what WhatsApp has to tell so far."""

    start: str | datetime
    now: datetime = field(init=False)
    conversations: dict[str, Row] = field(default_factory=dict, init=False)
    contacts: dict[str, Row] = field(default_factory=dict, init=False)
    members: dict[int, Row] = field(default_factory=dict, init=False)
    flows: dict[str, Row] = field(default_factory=dict, init=False)
    facts: list[Fact] = field(default_factory=list, init=False)
    _plan: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list, init=False)
    _numbers: itertools.count[int] = field(default_factory=itertools.count, init=False)

    def __post_init__(self) -> None:
        self.now = instant(self.start)

    # --- time ---

    def later(self, at: str | datetime, change: Callable[[], object]) -> None:
        """Plan a change; those of one instant happen in the order of planning."""
        heapq.heappush(self._plan, (instant(at), next(self._numbers), change))

    def advance_to(self, at: str | datetime) -> None:
        """Live on to an instant, with all that was planned up to it; the past stays as it is."""
        end = instant(at)
        while self._plan and self._plan[0][0] <= end:
            due, _, change = heapq.heappop(self._plan)
            self.now = max(self.now, due)
            change()
        self.now = max(self.now, end)

    def advance(self, seconds: float) -> None:
        """Live on for a while."""
        self.advance_to(self.now + timedelta(seconds=seconds))

    @property
    def is_over(self) -> bool:
        """Whether nothing more is planned."""
        return not self._plan

    # --- what the API shows ---

    def snapshot(self) -> Snapshot:
        """A copy of what the API shows now."""
        lists = (self.conversation_list(), self.contact_list(), self.member_list(), self.flow_list())
        return Snapshot(*copy.deepcopy(lists))

    def conversation_list(self) -> list[Row]:
        return _newest_first(self.conversations.values())

    def contact_list(self) -> list[Row]:
        return _newest_first(self.contacts.values())

    def member_list(self) -> list[Row]:
        return list(self.members.values())

    def flow_list(self) -> list[Row]:
        return _newest_first(self.flows.values())

    # --- people ---

    def member(
        self, member_id: int, first_name: str | None, last_name: str | None = None, email: str | None = None
    ) -> Row:
        """A member of the account, new or with other names."""
        row = person(member_id, first_name, last_name, email) | {"role": "AGENT"}
        self.members[member_id] = row
        return row

    def contact(self, contact_id: str, *, tags: Sequence[str] = (), **values: Any) -> str:
        """A contact, new or changed; gives its id."""
        row = self.contacts.get(contact_id) or {
            "id": contact_id,
            "phone": None,
            "canonical_phone": None,
            "first_name": None,
            "last_name": None,
            "email": None,
            "meta": {},
            "tags": [],
            "source": "INBOUND",
            "created_on": spelled(self.now),
        }
        self.contacts[contact_id] = {
            **row,
            **values,
            **({"tags": _tags(tags)} if tags else {}),
            "last_updated_on": spelled(self.now),
        }
        return contact_id

    # --- conversations ---

    def conversation(
        self,
        conversation_id: str,
        contact_id: str,
        *,
        status: str = "NEW",
        source: str = "UNKNOWN",
        first_message: Row | None = None,
        assigned: Sequence[Row] = (),
        tags: Sequence[str] = (),
        created_on: str | datetime | None = None,
        **values: Any,
    ) -> Row:
        """A new conversation, from now on or from an instant before."""
        row = {
            "id": conversation_id,
            "contact": contact_id,
            "status": status,
            "first_message": None,
            "assigned": list(assigned),
            "tags": _tags(tags),
            "created_on": spelled(created_on or self.now),
            "source": source,
            "assigned_team": None,
            "channel": None,
            **values,
        }
        self.conversations[conversation_id] = row
        if first_message:
            self.begin_with(conversation_id, first_message)
        return row

    def change(self, conversation_id: str, *, tags: Sequence[str] | None = None, **values: Any) -> None:
        """Another status, assignee, team or other tags; nothing where the conversation is not shown."""
        if row := self.conversations.get(conversation_id):
            row.update(values, **({} if tags is None else {"tags": _tags(tags)}))

    def begin_with(self, conversation_id: str, message: Row) -> None:
        """Show a first message where there was none so far; nothing where the conversation is not shown."""
        if row := self.conversations.get(conversation_id):
            row["first_message"] = message | {"contact": row["contact"]}

    def change_first_message(self, conversation_id: str, **values: Any) -> None:
        """Another status of the first message; nothing where there is none."""
        row = self.conversations.get(conversation_id)
        if row and row["first_message"]:
            row["first_message"] = row["first_message"] | values

    def vanish(self, conversation_id: str) -> Row | None:
        """Show a conversation no more; gives it, to be shown again with :meth:`show_again`."""
        return self.conversations.pop(conversation_id, None)

    def show_again(self, row: Row) -> None:
        self.conversations[row["id"]] = row

    def message(
        self,
        message_id: str,
        source: str | None,
        *,
        sent_by: Row | None = None,
        at: str | datetime | None = None,
        status: str | None = None,
        msg_type: str = "text",
        direction: str | None = None,
        is_sent: bool = True,
    ) -> Row:
        """A message as ``first_message`` shows it: inbound where the source says so. ``message_id`` is WhatsApp's."""
        direction = direction or ("INBOUND" if source == "INBOUND" else "OUTBOUND")
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, message_id)),
            "provider_id": message_id if is_sent else None,
            "direction": direction,
            "timestamp": spelled(at or self.now),
            "contact": None,
            "status": status or ("received" if direction == "INBOUND" else "sent"),
            "sent_by": sent_by and sent_by | {"role": "AGENT"},
            "msg_type": msg_type,
            "source": source,
        }

    def flow(
        self,
        flow_id: str,
        contact_id: str,
        *,
        trigger_type: str | None = "CSAT",
        status: str = "COMPLETED",
        is_test: bool = False,
        **values: Any,
    ) -> Row:
        """An execution of a flow for a contact."""
        row = {
            "id": flow_id,
            "contact": contact_id,
            "status": status,
            "created_on": spelled(self.now),
            "is_test": is_test,
            "flow": {"id": "flow-1", "name": "¿Cómo estuvo?", "trigger_type": trigger_type},
            "flow_version": 3,
            **values,
        }
        self.flows[flow_id] = row
        return row

    # --- WhatsApp ---

    def tell(
        self,
        message_id: str,
        number: str,
        status: str | None = None,
        *,
        at: str | datetime | None = None,
        type: str = "text",
        name: str | None = None,
    ) -> None:
        """Have WhatsApp tell of an inbound message (no ``status``), or what became of an outbound one."""
        self.facts.append(Fact(instant(at or self.now), self.now, message_id, digits(number), status, type, name))


def person(member_id: int, first_name: str | None, last_name: str | None = None, email: str | None = None) -> Row:
    """A member as ``assigned`` and ``sent_by`` show one."""
    return {"id": member_id, "first_name": first_name, "last_name": last_name, "email": email}


def _tags(names: Sequence[str]) -> list[Row]:
    return [{"id": sum(name.encode()) % 1_000, "name": name} for name in names]


def _newest_first(rows: Any) -> list[Row]:
    return sorted(rows, key=lambda row: (instant(row["created_on"]), row["id"]), reverse=True)
