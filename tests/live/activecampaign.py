"""A small ActiveCampaign account with an archive of Meta's webhooks, and what an export of the same data would hold.

Here: one truth told twice. The export's part is written down as snapshots are taken, not worked out from the API's
answers: so that neither SQL nor connector is held against itself.
"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.drops import Row

TOKEN = "hilos-token-of-the-tests"
HEADERS = {"Authorization": f"Token {TOKEN}"}
START = int(datetime(2026, 3, 27, 8, tzinfo=UTC).timestamp())
CLOSED = ("CLOSED", "RESOLVED")
ORDER = ("sent", "delivered", "read", "failed")
PATHS = {
    "/api/inbox/conversation": "conversations",
    "/api/contact": "contacts",
    "/api/flow-execution-contact": "executions",
}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@dataclass
class World:
    """One account. ``now`` is in unix seconds."""

    url: str = ""
    now: int = START
    conversations: dict[str, Row] = field(default_factory=dict)
    contacts: dict[str, Row] = field(default_factory=dict)
    members: dict[int, Row] = field(default_factory=dict)
    executions: dict[str, Row] = field(default_factory=dict)
    deliveries: list[Row] = field(default_factory=list)
    """What Meta delivered and no archive holds yet."""
    snapshots: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)
    _shown: dict[str, Row] = field(default_factory=dict)
    """By conversation: what the snapshots so far told of it."""
    _messages: dict[str, Row] = field(default_factory=dict)
    """By wamid: the message as it truly is, with its phone."""
    _events: list[Row] = field(default_factory=list)
    _known_contacts: dict[str, Row] = field(default_factory=dict)
    _known_members: dict[int, Row] = field(default_factory=dict)

    def _number(self, kind: str) -> int:
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return self._numbers[kind]

    # --- what happens ---------------------------------------------------------------------------------------

    def member(self, first: str, last: str | None) -> int:
        number = self._number("member")
        email = f"m{number}@x.example"
        self.members[number] = {"id": number, "first_name": first, "last_name": last, "email": email}
        return number

    def contact(self, first: str | None, last: str | None, phone: str | None, canonical: str | None = None) -> str:
        key = f"contact-{self._number('contact')}"
        self.contacts[key] = {
            "id": key,
            "first_name": first,
            "last_name": last,
            "phone": phone,
            "canonical_phone": canonical,
            "email": None,
            "tags": [],
            "meta": {"a": "b"},
            "last_updated_on": iso(self.now),
        }
        return key

    def conversation(self, contact: str, *, source: str, status: str = "NEW", by: int | None = None) -> str:
        """A conversation with its first message; ``by``: the member who sent it, an inbound one without a source."""
        self.now += 2
        key = f"conversation-{self._number('conversation'):04d}"
        is_inbound = source == "INBOUND"
        wamid = self._sent(contact, is_inbound, self.now)
        self.conversations[key] = {
            "id": key,
            "contact": contact,
            "status": status,
            "assigned": [],
            "tags": [],
            "created_on": iso(self.now - 1),
            "source": "UNKNOWN" if is_inbound else source,
            "assigned_team": None,
            "channel": 5,
            "first_message": {
                "id": wamid,
                "direction": "INBOUND" if is_inbound else "OUTBOUND",
                "timestamp": iso(self.now),
                "contact": contact,
                "status": "received" if is_inbound else "sending",
                "sent_by": {"id": by, "first_name": "x", "role": "AGENT"} if by else None,
                "msg_type": "text",
                "source": source,
            },
        }
        true = self._messages[wamid]
        true["conversation"] = key
        true["sent_at"] = self.now
        if not is_inbound:
            kind = "agent" if by else "bot" if source == "FLOW" else "system"
            true |= {"sender_type": kind, "agent_id": str(by) if by else None, "origin": source.lower()}
            true |= {"type": "text"}
        return key

    def _digits(self, contact: str) -> str:
        row = self.contacts[contact]
        return "".join(filter(str.isdigit, row["canonical_phone"] or row["phone"] or "0"))

    def _sent(self, contact: str, is_inbound: bool, moment: int) -> str:
        """A message as Meta delivers it; its wamid."""
        wamid = f"wamid.{self._number('message'):05d}"
        phone = self._digits(contact)
        if is_inbound:
            item = {"from": phone, "id": wamid, "timestamp": str(moment), "type": "text", "text": {"body": "secret"}}
            self.deliveries.append({"messages": [item]})
            self._messages[wamid] = {"direction": "inbound", "sender_type": "contact", "type": "text"}
        else:
            self._messages[wamid] = {"direction": "outbound", "statuses": {}}
        self._messages[wamid] |= {"sent_at": moment, "phone": phone, "is_archived": is_inbound}
        return wamid

    def inbound(self, contact: str) -> str:
        self.now += 1
        return self._sent(contact, True, self.now)

    def outbound(self, contact: str) -> str:
        self.now += 1
        return self._sent(contact, False, self.now)

    def status(self, wamid: str, status: str) -> None:
        self.now += 1
        true = self._messages[wamid]
        item = {"id": wamid, "status": status, "timestamp": str(self.now), "recipient_id": true["phone"]}
        self.deliveries.append({"statuses": [item]})
        true["statuses"].setdefault(status, self.now)
        true["is_archived"] = True

    def outbound_wamids(self) -> list[str]:
        return [wamid for wamid, true in self._messages.items() if true["direction"] == "outbound"]

    def execution(self, contact: str, trigger: str, *, is_test: bool = False) -> None:
        self.now += 1
        key = f"execution-{self._number('execution')}"
        flow = {"id": 9, "name": "How was it", "trigger_type": trigger}
        row = {"id": key, "contact": contact, "status": "COMPLETED", "created_on": iso(self.now), "is_test": is_test}
        self.executions[key] = row | {"flow": flow, "flow_version": 1}

    # --- as the API answers ---------------------------------------------------------------------------------

    def answer_to(self, path: str, query: dict[str, str]) -> object | None:
        if path == "/api/account-member":
            return list(self.members.values())
        if path not in PATHS:
            return None
        page, size = int(query.get("page", "1")), int(query.get("page_size", "40"))
        rows = list(reversed(getattr(self, PATHS[path]).values()))  # the newest first
        shown = rows[(page - 1) * size : page * size]
        if page > 1 and not shown:
            return None  # "invalid page"
        following = f"{self.url}{path}?page={page + 1}&page_size={size}" if page * size < len(rows) else None
        return {"count": len(rows), "next": following, "previous": None, "results": shown}

    # --- the archive ----------------------------------------------------------------------------------------

    def archive(self, folder: Path, name: str, chance: random.Random, *, late: int = 0) -> None:
        """Write what was delivered, shuffled and some of it twice; the last ``late`` deliveries come another time."""
        now, self.deliveries = (
            self.deliveries[: len(self.deliveries) - late],
            self.deliveries[len(self.deliveries) - late :],
        )
        now = now + chance.sample(now, len(now) // 3)
        chance.shuffle(now)
        lines = []
        for value in now:
            value = {"metadata": {"display_phone_number": "1", "phone_number_id": "2"}, **value}
            change = {"field": "messages", "value": value}
            changes = (
                [change, {"field": "account_update", "value": {"event": "x"}}] if chance.random() < 0.2 else [change]
            )
            lines.append(
                json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "0", "changes": changes}]})
            )
        content = "".join(f"{line}\n" for line in lines).encode()
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    # --- as an export would have it -------------------------------------------------------------------------

    def snapshot(self, moment: int) -> dict[str, list[Row]]:
        """Note what a snapshot of now shows; all records as they are known after it."""
        self.snapshots += 1
        for key, row in self.conversations.items():
            shown = self._shown.setdefault(key, {"closed_at": None, "was_closed": False})
            is_closed = row["status"] in CLOSED
            if is_closed and not shown["was_closed"]:
                shown["closed_at"] = None if self.snapshots == 1 else iso(moment)
            if not is_closed:
                shown["closed_at"] = None
                if shown["was_closed"]:
                    event = {"event_id": str(len(self._events)), "conversation_id": key, "type": "reopened"}
                    self._events.append(event | {"occurred_at": iso(moment)})
            shown |= {"was_closed": is_closed, "row": json.loads(json.dumps(row))}
        self._known_contacts |= self.contacts
        self._known_members |= self.members
        return {entity: rows for entity, rows in self._exported(moment).items() if rows}

    def _exported(self, moment: int) -> dict[str, list[Row]]:
        def named(row: Row) -> str | None:
            return f"{row['first_name'] or ''} {row['last_name'] or ''}".strip() or None

        version = {"updated_at": iso(moment)}
        conversations = [
            {
                "conversation_id": key,
                "started_at": shown["row"]["created_on"],
                "contact_id": shown["row"]["contact"],
                "channel": "5",
                "source": shown["row"]["source"],
                "status": shown["row"]["status"],
                "closed_at": shown["closed_at"],
                "agent_id": str(shown["row"]["assigned"][0]["id"]) if shown["row"]["assigned"] else None,
                "tags": [tag["name"] for tag in shown["row"]["tags"]],
                "deleted": key not in self.conversations,
                **version,
            }
            for key, shown in self._shown.items()
        ]
        contacts = [
            {
                "contact_id": key,
                "name": named(row),
                "phone": row["phone"] or row["canonical_phone"],
                "tags": [tag["name"] for tag in row["tags"]],
                "deleted": key not in self.contacts,
                **version,
            }
            for key, row in self._known_contacts.items()
        ]
        agents = [
            {"agent_id": str(key), "name": named(row), "email": row["email"], **version}
            for key, row in self._known_members.items()
        ]
        return {
            "conversations": conversations,
            "contacts": contacts,
            "agents": agents,
            "events": self._events,
            "messages": [row | version for row in self._exported_messages()],
            "ratings": [row | version for row in self._exported_ratings()],
        }

    def _latest(self, contacts: set[str], moment: str) -> str | None:
        """The latest conversation of contacts that began at or before an instant."""
        began = [
            (shown["row"]["created_on"], key)
            for key, shown in self._shown.items()
            if shown["row"]["contact"] in contacts and shown["row"]["created_on"] <= moment
        ]
        return max(began)[1] if began else None

    def _exported_messages(self) -> list[Row]:
        rows = []
        for wamid, true in self._messages.items():
            key = true.get("conversation")
            is_first = key is not None and key in self._shown
            if not is_first and not true["is_archived"]:
                continue  # nobody has told of it yet
            sent_at = true["sent_at"]
            statuses = true.get("statuses", {})
            if not is_first and true["direction"] == "outbound":
                sent_at = statuses.get("sent", min(statuses.values()))
            if not is_first:
                phones = {
                    contact
                    for contact, row in self._known_contacts.items()
                    for phone in (row["phone"], row["canonical_phone"])
                    if phone and "".join(filter(str.isdigit, phone)) == true["phone"]
                }
                key = self._latest(phones, iso(sent_at)) or "nowhere"
            row = {name: true.get(name) for name in ("direction", "sender_type", "agent_id", "origin", "type")}
            if true["direction"] == "outbound" and not is_first:
                row |= {"sender_type": None, "agent_id": None, "origin": None, "type": None}
            status = max(statuses, key=ORDER.index, default=None)
            rows.append(row | {"message_id": wamid, "conversation_id": key, "sent_at": iso(sent_at), "status": status})
        return rows

    def _exported_ratings(self) -> list[Row]:
        return [
            {
                "rating_id": key,
                "conversation_id": self._latest({row["contact"]}, row["created_on"]) or "nowhere",
                "asked_at": row["created_on"],
            }
            for key, row in self.executions.items()
            if row["flow"]["trigger_type"] == "CSAT" and not row["is_test"]
        ]


def happen(world: World, chance: random.Random, steps: int) -> None:
    """So many things happen to a world, by chance."""
    if not world.members:
        world.member("Ana", "Sáenz")
        world.member(" Łukasz", None)
        for number in range(9):
            phone = f"+52 1 55 0000 00{number:02d}"
            canonical = f"+52550000{number:04d}" if number % 3 == 0 else None
            world.contact([None, "Zoë", "李雷"][number % 3], ["Díaz", None][number % 2], phone, canonical)
        world.contact("No", "Phone", None)
        world.contact("Same", "Phone", "+52 1 55 0000 0001")
    for _ in range(steps):
        world.now += chance.choice([1, 5, 60, 600, 3600])
        contact, member = chance.choice(list(world.contacts)), chance.choice(list(world.members))
        doings = {"conversation": 4, "inbound": 8, "outbound": 5, "status": 8, "change": 8, "survey": 1, "vanish": 0.3}
        doing = chance.choices(list(doings), list(doings.values()))[0]
        if doing == "conversation" or not world.conversations:
            source = chance.choice(["INBOUND", "INBOUND", "INBOX", "FLOW", "API", "BROADCAST", "AUTO_RESPONSE"])
            status = chance.choice(["NEW", "CREATED", "FLOW", "CLOSED"])
            world.conversation(contact, source=source, status=status, by=member if source == "INBOX" else None)
        elif doing == "inbound":
            world.inbound(contact)
        elif doing == "outbound":
            world.outbound(contact)
        elif doing == "status" and world.outbound_wamids():
            world.status(chance.choice(world.outbound_wamids()), chance.choice(ORDER))
        elif doing == "change":
            row = world.conversations[chance.choice(list(world.conversations))]
            row["status"] = chance.choice(["NEW", "IN_PROGRESS", "FLOW_PAUSED", "CLOSED", "RESOLVED", "CLOSED"])
            row["assigned"] = [
                {"id": one, "first_name": "x"} for one in chance.sample(list(world.members), chance.randint(0, 2))
            ]
            row["tags"] = [{"id": 1, "name": name} for name in chance.sample(["vip", "refund"], chance.randint(0, 2))]
        elif doing == "survey":
            world.execution(contact, chance.choice(["CSAT", "CSAT", "KEYWORD"]), is_test=chance.random() < 0.2)
        elif doing == "vanish" and len(world.conversations) > 3:
            del world.conversations[chance.choice(list(world.conversations))]
    world.now += 1
