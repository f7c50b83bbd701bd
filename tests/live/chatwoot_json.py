"""Records of a world in the shapes of Chatwoot's API.

Here: one function a shape, from records to what `json.dumps` takes. Not here: paths, pages and faults
(`chatwoot_api`, `server`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tests.live.chatwoot_world import Agent, Answer, Change, Contact, Conversation, Inbox, Message, Records, Team

Json = dict[str, Any]
EventTimes = Literal["iso", "unix"]

MESSAGE_TYPES = {"incoming": 0, "outgoing": 1, "activity": 2, "template": 3}
_INTERNAL = 7_000
"""What the database's own id of a conversation has over the one that people see; `reporting_events` tell it."""


def unix(instant: datetime | None) -> int:
    """Whole seconds; 0 is Chatwoot's word for none."""
    return 0 if instant is None else int(instant.timestamp())


def contact_json(contact: Contact) -> Json:
    """A contact as the contact list has it."""
    return {
        "additional_attributes": {},
        "availability_status": "offline",
        "email": contact.email,
        "id": contact.id,
        "name": contact.name,
        "phone_number": contact.phone,
        "blocked": False,
        "identifier": contact.identifier,
        "thumbnail": "",
        "custom_attributes": {},
        "last_activity_at": unix(contact.at),
        "created_at": unix(contact.at),
    }


def agent_json(agent: Agent, account: int) -> Json:
    """An agent, also as an assignee."""
    return {
        "id": agent.id,
        "account_id": account,
        "availability_status": "online",
        "auto_offline": True,
        "confirmed": True,
        "email": agent.email,
        "available_name": agent.name,
        "name": agent.name,
        "role": "agent",
        "thumbnail": "",
        "custom_role_id": None,
    }


def team_json(team: Team, account: int) -> Json:
    """A team."""
    return {
        "id": team.id,
        "name": team.name,
        "description": None,
        "allow_auto_assign": True,
        "account_id": account,
        "is_member": False,
    }


def inbox_json(inbox: Inbox) -> Json:
    """An inbox."""
    return {"id": inbox.id, "name": inbox.name, "channel_type": inbox.channel, "greeting_enabled": False}


def label_json(number: int, title: str) -> Json:
    """A label of the account."""
    return {"id": number, "title": title, "description": None, "color": "#1f93ff", "show_on_sidebar": True}


def conversation_json(records: Records, one: Conversation, account: int) -> Json:
    """A conversation as the list has it; without assignee or team, those are not there at all."""
    meta: Json = {
        "sender": contact_json(records.contacts[one.contact]),
        "channel": records.inboxes[one.inbox].channel,
    }
    if one.bot is not None:
        meta["assignee"] = {"id": one.bot, "name": "Robo", "description": "", "bot_type": "webhook", "thumbnail": ""}
        meta["assignee_type"] = "AgentBot"
    elif one.emptied:
        pass
    elif one.assignee is not None and one.assignee in records.agents:
        meta["assignee"] = agent_json(records.agents[one.assignee], account)
    elif one.assignee is not None:
        meta["assignee"] = agent_json(Agent(one.assignee, "Someone who left", "left@example.com"), account)
    if one.team is not None:
        meta["team"] = team_json(records.teams[one.team], account)
    messages = records.messages_of(one.id)
    spoken = [message for message in messages if message.type != "activity"]
    return {
        "meta": meta | {"hmac_verified": False},
        "id": one.id,
        "messages": [message_json(records, message) for message in messages[-1:]],
        "account_id": account,
        "uuid": f"5a1f0c2e-0000-4000-8000-{one.id:012d}",
        "additional_attributes": {},
        "agent_last_seen_at": 0,
        "assignee_last_seen_at": 0,
        "can_reply": True,
        "contact_last_seen_at": 0,
        "custom_attributes": {},
        "inbox_id": one.inbox,
        "labels": one.labels,
        "muted": one.muted,
        "snoozed_until": one.snoozed_until.isoformat() if one.snoozed_until else None,
        "status": one.status,
        "created_at": unix(one.at),
        "updated_at": unix(one.touched) + 0.123457,
        "timestamp": unix(one.active),
        "first_reply_created_at": unix(one.first_reply),
        "unread_count": 0,
        "last_non_activity_message": message_json(records, spoken[-1]) if spoken else None,
        "last_activity_at": unix(one.active),
        "priority": None,
        "waiting_since": unix(one.waiting_since),
        "sla_policy_id": None,
    }


def messages_meta_json(records: Records, one: Conversation, account: int) -> Json:
    """What stands beside a page of messages."""
    whole = conversation_json(records, one, account)
    return {
        "labels": one.labels,
        "additional_attributes": {},
        "contact": whole["meta"]["sender"],
        "assignee": whole["meta"].get("assignee"),
        "agent_last_seen_at": 0,
        "assignee_last_seen_at": 0,
    }


def message_json(records: Records, message: Message) -> Json:
    """A message; without a sender, that is not there at all."""
    attributes: Json = {"deleted": True} if message.deleted else {}
    if message.automation_rule is not None:
        attributes["automation_rule_id"] = message.automation_rule
    if message.reaction:
        attributes["is_reaction"] = True
    if message.activity_status is not None:
        attributes["activity"] = {"type": "conversation_status_changed", "status": message.activity_status}
    for answer in records.answers.values():
        if answer.message == message.id and message.content_type == "input_csat":
            told = {"rating": answer.score, "feedback_message": answer.comment}
            attributes["submitted_values"] = {"csat_survey_response": told}
    row = {
        "id": message.id,
        "content": message.content,
        "inbox_id": records.conversations[message.conversation].inbox,
        "conversation_id": message.conversation,
        "message_type": MESSAGE_TYPES[message.type],
        "content_type": message.content_type,
        "status": message.status,
        "content_attributes": attributes,
        "created_at": unix(message.at),
        "private": message.private,
        "source_id": None if message.type in ("activity", "template") else f"wamid.{message.id:06d}",
        "additional_attributes": {} if message.campaign is None else {"campaign_id": message.campaign},
    }
    if message.sender is not None and not message.emptied:
        row["sender"] = {
            "id": message.sender.id,
            "name": message.sender.name,
            "thumbnail": "",
            "type": message.sender.type,
        }
    return row


def answer_json(records: Records, answer: Answer, account: int) -> Json:
    """An answered survey."""
    row: Json = {
        "id": answer.id,
        "rating": answer.score,
        "feedback_message": answer.comment,
        "csat_review_notes": None,
        "account_id": account,
        "message_id": answer.message,
        "contact": contact_json(records.contacts[answer.contact]),
        "conversation_id": answer.conversation,
        "created_at": unix(answer.at),
    }
    if answer.agent is not None and answer.agent in records.agents:
        row["assigned_agent"] = agent_json(records.agents[answer.agent], account)
    return row


@dataclass(frozen=True)
class _Event:
    """A reporting event; its id stays, whatever else is deleted."""

    id: int
    name: str
    start: datetime
    end: datetime
    user: int | None


def events_json(records: Records, one: Conversation, times: EventTimes, fraction: timedelta) -> list[Json]:
    """The reporting events of a conversation: of its changes, its first response and its replies."""
    events = sorted([*_changes(one, fraction), *_replies(records, one)], key=lambda event: (event.end, event.id))
    return [
        {
            "id": event.id,
            "name": event.name,
            "value": (event.end - event.start).total_seconds(),
            "value_in_business_hours": 0.0,
            "event_start_time": _spelled(event.start, times),
            "event_end_time": _spelled(event.end, times),
            "account_id": 1,
            "conversation_id": one.id + _INTERNAL,
            "inbox_id": one.inbox,
            "user_id": event.user,
            "created_at": _spelled(event.end, times),
            "updated_at": _spelled(event.end, times),
        }
        for event in events
    ]


def _changes(one: Conversation, fraction: timedelta) -> Iterator[_Event]:
    resolved: Change | None = None
    handed_over = False
    for change in one.changes:
        first, end = change.id * 2, change.at + fraction
        if change.after == "resolved":
            yield _Event(first, "conversation_resolved", one.at, end, change.assignee)
            if one.first_reply is None:
                yield _Event(first + 1, "conversation_bot_resolved", one.at, end, change.assignee)
            resolved = change
        elif change.after == "open":
            start = resolved.at + fraction if resolved else one.at
            yield _Event(first, "conversation_opened", start, end, change.assignee)
            if change.by_bot and not handed_over:
                yield _Event(first + 1, "conversation_bot_handoff", one.at, end, change.assignee)
                handed_over = True


def _replies(records: Records, one: Conversation) -> Iterator[_Event]:
    waiting: datetime | None = None
    is_first = True
    for message in records.messages_of(one.id):
        first, sender = 1_000_000 + message.id * 2, message.sender
        if message.type == "incoming":
            waiting = waiting or message.at
        elif message.type == "outgoing" and sender and sender.type == "user" and not message.private:
            if is_first:
                yield _Event(first, "first_response", one.at, message.at, sender.id)
            if waiting is not None:
                yield _Event(first + 1, "reply_time", waiting, message.at, sender.id)
            waiting, is_first = None, False


def _spelled(instant: datetime, times: EventTimes) -> str | int | float:
    if times == "iso":
        return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"
    seconds = instant.timestamp()
    return int(seconds) if seconds.is_integer() else seconds
