"""A small Chatwoot that lives through time, what its API answers, and what an export of the same data would hold.

Here: one truth told twice, in Chatwoot's shapes and in those of the export. The export's are written down as things
happen, not worked out from the API's: so that neither SQL nor connector is held against itself.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.drops import Row

TOKEN = "chatwoot-token-of-the-tests"
HEADERS = {"api_access_token": TOKEN}
START = int(datetime(2026, 3, 27, 8, tzinfo=UTC).timestamp())
ACCOUNT = 3
NAMES = ["Zoë", "Łukasz", None, "李雷", "O'Neil", "", "\U0001f600 fan"]


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@dataclass
class World:
    """One account. ``now`` is in unix seconds; what happens moves it on."""

    with_events: bool = True
    iso_events: bool = False
    now: int = START
    conversations: dict[int, Row] = field(default_factory=dict)
    messages: dict[int, list[Row]] = field(default_factory=dict)
    contacts: dict[int, Row] = field(default_factory=dict)
    labels: dict[int, list[str]] = field(default_factory=dict)
    agents: dict[int, Row] = field(default_factory=dict)
    responses: dict[int, Row] = field(default_factory=dict)
    events: dict[int, list[Row]] = field(default_factory=dict)
    truth: dict[str, dict[str, Row]] = field(
        default_factory=lambda: {
            entity: {} for entity in ("conversations", "messages", "contacts", "agents", "events", "ratings")
        }
    )
    _last: dict[str, int] = field(default_factory=dict)

    def _number(self, kind: str) -> int:
        self._last[kind] = self._last.get(kind, 0) + 1
        return self._last[kind]

    # --- what happens ---------------------------------------------------------------------------------------

    def agent(self, name: str = "Ana") -> int:
        number = self._number("agent")
        self.agents[number] = {"id": number, "name": name, "email": f"a{number}@x.example", "role": "agent"}
        self.truth["agents"][str(number)] = {"agent_id": str(number), "name": name, "email": f"a{number}@x.example"}
        return number

    def agent_leaves(self, number: int) -> None:
        del self.agents[number]

    def contact(self, name: str | None = "Zoë", phone: str | None = "+33 6 12 34 56 78") -> int:
        number = self._number("contact")
        self.contacts[number] = {"id": number, "name": name, "phone_number": phone, "email": None}
        self.labels[number] = []
        return number

    def contact_is(self, number: int, name: str | None, labels: list[str]) -> None:
        self.contacts[number]["name"] = name
        self.labels[number] = labels

    def conversation(self, contact: int, status: str = "open", channel: str = "Channel::Whatsapp") -> int:
        self.now += 1
        number = self._number("conversation")
        self.conversations[number] = {
            "id": number,
            "uuid": f"uuid-{number}",
            "status": status,
            "labels": [],
            "contact": contact,
            "channel": channel,
            "assignee": None,
            "created_at": self.now,
            "changed_at": self.now,
            "last_activity_at": self.now,
        }
        self.messages[number], self.events[number] = [], []
        self.truth["conversations"][str(number)] = {
            "conversation_id": str(number),
            "started_at": iso(self.now),
            "contact_id": str(contact),
            "channel": channel,
            "status": {"open": "OPEN", "pending": "FLOW"}[status],
        }
        return number

    def _touch(self, conversation: int, is_active: bool = True) -> None:
        self.conversations[conversation]["changed_at"] = self.now
        if is_active:
            self.conversations[conversation]["last_activity_at"] = self.now

    def _message(self, conversation: int, native: Row, true: Row, source: str | None) -> int:
        number = self._number("message")
        row = {"id": number, "conversation_id": conversation, "created_at": self.now, "private": False}
        row |= {
            "content_type": "text",
            "content_attributes": {},
            "status": "sent",
            "content": "not to be kept",
        } | native
        self.messages[conversation].append(row)
        told = {"message_id": str(number), "conversation_id": str(conversation), "sent_at": iso(self.now)}
        told |= {"type": row["content_type"], "status": row["status"], "private": row["private"]} | true
        self.truth["messages"][str(number)] = told
        conversation_row = self.truth["conversations"][str(conversation)]
        if source is not None and "source" not in conversation_row:
            conversation_row["source"] = source
        self._touch(conversation)
        return number

    def incoming(self, conversation: int) -> int:
        contact = self.conversations[conversation]["contact"]
        native = {"message_type": 0, "sender": {"id": contact, "type": "contact", **self.contacts.get(contact, {})}}
        return self._message(conversation, native, {"direction": "inbound", "sender_type": "contact"}, "INBOUND")

    def reply(self, conversation: int, agent: int, *, status: str = "read", private: bool = False) -> int:
        native = {"message_type": 1, "sender": {"id": agent, "type": "user"}, "status": status, "private": private}
        true = {"direction": "outbound", "sender_type": "agent", "agent_id": str(agent), "origin": "inbox"}
        return self._message(conversation, native, true, None if private else "INBOX")

    def bot_says(self, conversation: int) -> int:
        native = {"message_type": 1, "sender": {"id": 1, "type": "agent_bot"}}
        return self._message(
            conversation, native, {"direction": "outbound", "sender_type": "bot", "origin": "flow"}, "FLOW"
        )

    def campaign_says(self, conversation: int, agent: int) -> int:
        native = {
            "message_type": 1,
            "sender": {"id": agent, "type": "user"},
            "additional_attributes": {"campaign_id": 9},
        }
        true = {"direction": "outbound", "sender_type": "system", "origin": "broadcast"}
        return self._message(conversation, native, true, "BROADCAST")

    def rule_says(self, conversation: int) -> int:
        native = {"message_type": 1, "sender": None, "content_attributes": {"automation_rule_id": 4}}
        true = {"direction": "outbound", "sender_type": "system", "origin": "auto_response"}
        return self._message(conversation, native, true, "AUTO_RESPONSE")

    def greeting(self, conversation: int) -> int:
        true = {"direction": "outbound", "sender_type": "system", "origin": "auto_response"}
        return self._message(conversation, {"message_type": 3}, true, "AUTO_RESPONSE")

    def survey(self, conversation: int) -> int:
        true = {"direction": "outbound", "sender_type": "system", "origin": "auto_response"}
        native = {"message_type": 3, "content_type": "input_csat"}
        number = self._message(conversation, native, true, "AUTO_RESPONSE")
        told = {"rating_id": str(number), "conversation_id": str(conversation), "asked_at": iso(self.now)}
        self.truth["ratings"][str(number)] = told
        return number

    def answer(self, survey: int, rating: int, comment: str | None = None) -> None:
        told = self.truth["ratings"][str(survey)]
        row = self.responses.setdefault(survey, {"id": self._number("response"), "message_id": survey})
        row |= {"rating": rating, "feedback_message": comment, "created_at": self.now}
        row["conversation_id"] = int(told["conversation_id"])
        told |= {"rating": rating, "comment": comment, "answered_at": iso(self.now)}

    def _activity(self, conversation: int, text: str) -> None:
        true = {"direction": "outbound", "sender_type": "system", "type": "activity"}
        self._message(conversation, {"message_type": 2, "content": text, "sender": None}, true, None)

    def becomes(self, conversation: int, status: str, by: str = "Ana") -> None:
        """The status changes; what that means follows from the status before."""
        row, told = self.conversations[conversation], self.truth["conversations"][str(conversation)]
        before, row["status"] = row["status"], status
        assert before != status
        told["status"] = {"open": "OPEN", "resolved": "RESOLVED", "pending": "FLOW", "snoozed": "IN_PROGRESS"}[status]
        told["closed_at"] = iso(self.now) if status == "resolved" else None
        words = {
            "open": f"Conversation was reopened by {by}",
            "resolved": f"Conversation was marked resolved by {by}",
            "pending": f"Conversation was marked as pending by {by}",
            "snoozed": f"Conversation was snoozed by {by}",
        }
        self._activity(conversation, words[status])
        if status in ("open", "resolved"):
            name = {"open": "conversation_opened", "resolved": "conversation_resolved"}[status]
            self._event(conversation, name)
        meaning = {("resolved", "open"): "reopened", ("pending", "open"): "handoff"}.get((before, status))
        if status == "resolved":
            meaning = "closed"
        if meaning:
            number = self._number("event")
            self.truth["events"][str(number)] = {
                "event_id": str(number),
                "conversation_id": str(conversation),
                "type": meaning,
                "occurred_at": iso(self.now),
            }

    def _event(self, conversation: int, name: str) -> None:
        moment = iso(self.now) if self.iso_events else self.now
        self.events[conversation].append(
            {"name": name, "value": 1, "event_start_time": moment, "event_end_time": moment}
        )

    def assign(self, conversation: int, agent: int | None) -> None:
        self.conversations[conversation]["assignee"] = agent
        self.truth["conversations"][str(conversation)]["agent_id"] = None if agent is None else str(agent)
        self._touch(conversation)

    def label(self, conversation: int, labels: list[str]) -> None:
        self.conversations[conversation]["labels"] = labels
        self.truth["conversations"][str(conversation)]["tags"] = labels
        self._touch(conversation)

    # what does not move the activity: it is seen by the next complete reading

    def delete_message(self, conversation: int, message: int) -> None:
        (row,) = (row for row in self.messages[conversation] if row["id"] == message)
        row["content_attributes"] = {"deleted": True}
        self.truth["messages"][str(message)]["deleted"] = True

    def delete_conversation(self, conversation: int) -> None:
        for place in (self.conversations, self.messages, self.events):
            del place[conversation]
        self.responses = {
            survey: row for survey, row in self.responses.items() if row["conversation_id"] != conversation
        }
        self.truth["conversations"][str(conversation)]["deleted"] = True

    # --- as the API answers ---------------------------------------------------------------------------------

    def answer_to(self, path: str, query: dict[str, str]) -> object | None:
        prefix = f"/api/v1/accounts/{ACCOUNT}/"
        if not path.startswith(prefix):
            return None
        parts, page = path.removeprefix(prefix).split("/"), int(query.get("page", "1")) - 1
        if parts == ["conversations"]:
            rows = sorted(self.conversations.values(), key=lambda row: (-row["last_activity_at"], -row["id"]))
            assert query["status"] == "all"
            shown = [self._shown(row) for row in rows[page * 25 : page * 25 + 25]]
            return {"data": {"meta": {"mine_count": 0, "all_count": len(rows)}, "payload": shown}}
        if parts == ["contacts"]:
            listed = [row for row in self.contacts.values() if row["phone_number"] or row["email"]]
            return {
                "meta": {"count": len(listed), "current_page": page + 1},
                "payload": listed[page * 15 : page * 15 + 15],
            }
        if parts == ["agents"]:
            return list(self.agents.values())
        if parts == ["csat_survey_responses"]:
            rows = sorted(self.responses.values(), key=lambda row: -row["created_at"])
            return rows[page * 25 : page * 25 + 25]
        if parts == ["teams"]:
            return [{"id": 1, "name": "support"}]
        if parts == ["inboxes"]:
            return {"payload": [{"id": 1, "name": "WhatsApp", "channel_type": "Channel::Whatsapp"}]}
        number = int(parts[1])
        if parts[0] == "contacts" and parts[2:] == ["labels"] and number in self.contacts:
            return {"payload": self.labels[number]}
        if parts[0] == "conversations" and number in self.conversations:
            if parts[2:] == ["messages"]:
                before = int(query.get("before", "1000000000"))
                rows = [row for row in self.messages[number] if row["id"] < before]
                return {"meta": {}, "payload": rows[-20:]}
            if parts[2:] == ["reporting_events"] and self.with_events:
                return self.events[number]
        return None

    def _shown(self, row: Row) -> Row:
        contact = row["contact"]
        sender = {"id": contact, **self.contacts.get(contact, {"name": None})}
        meta: Row = {"sender": sender, "channel": row["channel"]}
        if row["assignee"] is not None:
            meta["assignee"] = {"id": row["assignee"], "name": "someone"}
        shown = {name: row[name] for name in ("id", "uuid", "status", "labels", "created_at", "last_activity_at")}
        shown |= {"meta": meta, "updated_at": row["changed_at"] + 0.123456, "inbox_id": 1, "unread_count": 0}
        return shown | {"first_reply_created_at": 0, "waiting_since": 0, "custom_attributes": {"a": [1]}}

    # --- as an export would have it -------------------------------------------------------------------------

    def exported(self) -> dict[str, list[Row]]:
        """All records as they are now; conversations, messages and ratings that are gone as deleted ones."""
        for number, row in self.contacts.items():
            told = {"contact_id": str(number), "name": row["name"] or None, "phone": row["phone_number"]}
            self.truth["contacts"][str(number)] = told | {"tags": self.labels[number]}
        # whoever is in no list and in no conversation was never seen
        named = {row["contact_id"] for row in self.truth["conversations"].values() if not row.get("deleted")}
        rows = {entity: list(records.values()) for entity, records in self.truth.items()}
        rows["contacts"] = [row for row in rows["contacts"] if row["phone"] or row["contact_id"] in named]
        return {
            entity: [row | _version(entity, self.now) for row in records] for entity, records in rows.items() if records
        }


def _version(entity: str, now: int) -> Row:
    return {} if entity == "events" else {"updated_at": iso(now)}


def happen(world: World, random_: random.Random, steps: int, *, only_active: bool = False) -> None:
    """So many things happen to a world, by chance; ``only_active``: what moves the activity of a conversation."""
    if not world.agents:
        for name in ("Ana", "Łukasz"):
            world.agent(name)
        for number in range(12):
            phone = None if number % 4 == 3 else f"+33 6 00 00 {number:02d} 00"
            world.contact(NAMES[number % len(NAMES)], phone)
    for _ in range(steps):
        world.now += random_.choice([1, 1, 7, 60, 600, 3600])
        open_ones = list(world.conversations)
        if not open_ones or random_.random() < 0.15:
            number = world.conversation(
                random_.choice(list(world.contacts)), random_.choice(["open", "open", "pending"])
            )
        else:
            number = random_.choice(open_ones)
        row, agent = world.conversations[number], random_.choice(list(world.agents))
        doings = {
            "incoming": 8,
            "reply": 8,
            "note": 1,
            "failed": 1,
            "bot": 2,
            "campaign": 1,
            "rule": 1,
            "greeting": 1,
            "survey": 2,
            "rate": 2,
            "status": 6,
            "assign": 2,
            "label": 2,
        }
        if not only_active:
            doings |= {"delete message": 1, "delete conversation": 0.3, "contact": 1, "rate again": 1}
        doing = random_.choices(list(doings), list(doings.values()))[0]
        surveys = [row["id"] for row in world.messages[number] if row["content_type"] == "input_csat"]
        if doing == "incoming":
            world.incoming(number)
        elif doing == "reply":
            world.reply(number, agent)
        elif doing == "note":
            world.reply(number, agent, private=True)
        elif doing == "failed":
            world.reply(number, agent, status="failed")
        elif doing == "bot":
            world.bot_says(number)
        elif doing == "campaign":
            world.campaign_says(number, agent)
        elif doing == "rule":
            world.rule_says(number)
        elif doing == "greeting":
            world.greeting(number)
        elif doing == "survey":
            world.survey(number)
        elif doing in ("rate", "rate again") and surveys:
            survey = random_.choice(surveys)
            if doing == "rate again" or survey not in world.responses:
                world.answer(survey, random_.randint(1, 5), random_.choice([None, "merci"]))
        elif doing == "status":
            status = random_.choice(
                [status for status in ("open", "resolved", "pending", "snoozed") if status != row["status"]]
            )
            world.becomes(number, status)
        elif doing == "assign":
            world.assign(number, random_.choice([None, agent]))
        elif doing == "label":
            world.label(number, random_.sample(["vip", "refund", "été"], random_.randint(0, 3)))
        elif doing == "delete message" and world.messages[number]:
            world.delete_message(number, random_.choice(world.messages[number])["id"])
        elif doing == "delete conversation":
            world.delete_conversation(number)
        elif doing == "contact":
            world.contact_is(
                random_.choice(list(world.contacts)), "Anew", random_.sample(["gold", "b2b"], random_.randint(0, 2))
            )
    world.now += 1
