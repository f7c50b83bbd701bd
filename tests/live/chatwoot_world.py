"""A small Chatwoot account that lives through time: its records and what can happen to them.

Here: the truth, and what Chatwoot itself does in turn (a customer's message reopens, a change writes an activity,
a message moves `last_activity_at`). Not here: how it is told (`chatwoot_json`, `chatwoot_api`, `chatwoot_export`),
and what happens by chance (`chatwoot_story`).

Time is whole seconds and stands still until `wait` or `advance_to`. Every method acts at `now`; those that make a
record give its id.
"""

from __future__ import annotations

import copy
import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Literal

Status = Literal["open", "pending", "snoozed", "resolved"]
MessageType = Literal["incoming", "outgoing", "activity", "template"]
SenderType = Literal["contact", "user", "agent_bot"]

START = datetime(2026, 3, 26, tzinfo=UTC)
"""A Thursday; in Europe the clocks change on the Sunday after it."""

ACTIVITIES = {
    "resolved": "Conversation was marked resolved by {name}",
    "contact_resolved": "Conversation was resolved by {name}",
    "auto_resolved_days": "Conversation was marked resolved by system due to {count} days of inactivity",
    "auto_resolved_hours": "Conversation was marked resolved by system due to {count} hours of inactivity",
    "auto_resolved_minutes": "Conversation was marked resolved by system due to {count} minutes of inactivity",
    "bot_resolved": "Conversation was marked resolved by {name} due to inactivity",
    "bot_resolved_with_reason": "Conversation was marked resolved by {name} (nothing is left to answer)",
    "bot_resolved_by_tool": "Conversation was marked resolved by {name}: the order is found",
    "open": "Conversation was reopened by {name}",
    "system_open": "System reopened the conversation due to a new incoming message.",
    "bot_open": "Conversation was marked open by {name}",
    "bot_open_with_reason": "Conversation was marked open by {name} (a person is asked for)",
    "bot_failed_open": "Conversation was marked open by system due to an error with the agent bot.",
    "reply_open": "Conversation was marked open automatically after an agent reply",
    "pending": "Conversation was marked as pending by {name}",
    "snoozed": "Conversation was snoozed by {name}",
    "self_assigned": "{name} self-assigned this conversation",
    "assigned": "Assigned to {other} by {name}",
    "unassigned": "Conversation unassigned by {name}",
    "team_assigned": "Assigned to {other} by {name}",
    "team_removed": "Unassigned from {other} by {name}",
    "label_added": "{name} added {other}",
    "label_removed": "{name} removed {other}",
    "priority": "{name} set the priority to {other}",
    "muted": "{name} has muted the conversation",
}
"""What activity messages say in English; the first sixteen tell of a change of the status."""

AUTOMATION = "Automation System"


@dataclass
class Contact:
    id: int
    name: str | None
    email: str | None
    phone: str | None
    identifier: str | None
    labels: list[str]
    at: datetime

    @property
    def is_listed(self) -> bool:
        """Whether the contact list shows it."""
        return any((self.email, self.phone, self.identifier))


@dataclass
class Agent:
    id: int
    name: str
    email: str


@dataclass
class Bot:
    id: int
    name: str


@dataclass
class Team:
    id: int
    name: str


@dataclass
class Inbox:
    id: int
    name: str
    channel: str


@dataclass(frozen=True)
class Sender:
    type: SenderType
    id: int
    name: str


@dataclass
class Message:
    id: int
    conversation: int
    type: MessageType
    at: datetime
    content: str | None
    content_type: str
    sender: Sender | None
    status: str
    private: bool
    campaign: int | None
    automation_rule: int | None
    deleted: bool = False
    reaction: bool = False
    emptied: bool = False
    """Whether the sender is no longer shown: an agent or a bot that was deleted."""
    activity_status: Status | None = None
    """What the attributes of an activity say."""


@dataclass(frozen=True)
class Change:
    """A change of a conversation's status, and by which of the two ways it can be known afterwards."""

    id: int
    at: datetime
    before: Status
    after: Status
    has_activity: bool
    has_event: bool
    by_bot: bool
    assignee: int | None


@dataclass
class Conversation:
    id: int
    contact: int
    inbox: int
    status: Status
    at: datetime
    touched: datetime
    active: datetime
    campaign: int | None
    waiting_since: datetime | None
    labels: list[str] = field(default_factory=list)
    assignee: int | None = None
    emptied: bool = False
    """Whether the assignee is no longer shown: an agent who was deleted."""
    bot: int | None = None
    """The bot that it is assigned to, instead of an agent."""
    team: int | None = None
    first_reply: datetime | None = None
    snoozed_until: datetime | None = None
    muted: bool = False
    changes: list[Change] = field(default_factory=list)


@dataclass
class Answer:
    """What a customer answered to a survey; a second answer to the same survey message changes it."""

    id: int
    message: int
    conversation: int
    contact: int
    agent: int | None
    score: int
    comment: str | None
    at: datetime


@dataclass
class Records:
    """Everything that the account holds at one instant; what was deleted is not in it."""

    contacts: dict[int, Contact] = field(default_factory=dict)
    agents: dict[int, Agent] = field(default_factory=dict)
    bots: dict[int, Bot] = field(default_factory=dict)
    teams: dict[int, Team] = field(default_factory=dict)
    inboxes: dict[int, Inbox] = field(default_factory=dict)
    conversations: dict[int, Conversation] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    answers: dict[int, Answer] = field(default_factory=dict)

    def messages_of(self, conversation: int) -> list[Message]:
        """The messages of a conversation, oldest first."""
        own = [message for message in self.messages.values() if message.conversation == conversation]
        return sorted(own, key=lambda message: (message.at, message.id))


@dataclass(frozen=True)
class Picture:
    """The account as it was when it was read, and the instant that the reading says it began at."""

    at: datetime
    records: Records


class World:
    """A Chatwoot account that starts empty, with one WhatsApp inbox (1).

    `reopening` says what a customer's message to a resolved conversation does: `told` opens it with an activity, as
    Chatwoot does in inboxes of the API; `as_chatwoot` does what Chatwoot does in each kind of inbox: elsewhere the
    opening has no activity, and where a bot serves, the conversation becomes pending, which nothing tells.
    `activities`: what activities say; `says_status`: whether their attributes say it too; `delay`: how long after the
    change a busy queue writes them.
    """

    account = 1

    def __init__(
        self,
        start: datetime = START,
        *,
        reopening: Literal["told", "as_chatwoot"] = "told",
        first_message: int = 93,
        activities: Mapping[str, str] | None = None,
        says_status: bool = False,
        delay: timedelta = timedelta(0),
    ) -> None:
        self.activities, self.says_status, self.delay = activities or ACTIVITIES, says_status, delay
        self.start = self.now = start
        self.reopening = reopening
        self.records = Records()
        self.lock = RLock()
        self.days: list[datetime] = []
        """Instants at which a connector may read, so that it sees the whole life of a random world."""
        self.bot_of: dict[int, int] = {}
        self._ids = {name: itertools.count(1) for name in ("contact", "agent", "bot", "team", "inbox")}
        self._ids |= {name: itertools.count(1) for name in ("conversation", "change", "answer")}
        # near a hundred, where ids as text stop being in the order of numbers
        self._ids["message"] = itertools.count(first_message)
        self._script: list[tuple[datetime, int, Callable[[], None]]] = []
        self._turn = itertools.count()
        self.inbox()

    # time

    def wait(self, **time: float) -> World:
        """Let time pass, as `wait(minutes=5)`, with what the script holds for it."""
        return self.advance_to(self.now + timedelta(**time))

    def advance_to(self, instant: datetime) -> World:
        """Let everything happen that the script holds up to an instant, which is `now` afterwards."""
        with self.lock:
            while self._script and self._script[0][0] <= instant:
                at, _, act = heapq.heappop(self._script)
                self.now = max(self.now, at)
                act()
            self.now = max(self.now, instant)
        return self

    def plan(self, at: datetime, act: Callable[[], None]) -> None:
        """Put something into the script."""
        heapq.heappush(self._script, (at, next(self._turn), act))

    def picture(self, at: datetime | None = None) -> Picture:
        """All records as they are; `at` if the reading says another instant than `now`."""
        with self.lock:
            return Picture(at or self.now, copy.deepcopy(self.records))

    # people and places

    def contact(
        self,
        name: str | None = "Ada",
        *,
        phone: str | None = None,
        email: str | None = None,
        identifier: str | None = None,
        labels: Iterable[str] = (),
    ) -> int:
        """A contact; without phone, e-mail and identifier the contact list does not show it."""
        number = next(self._ids["contact"])
        self.records.contacts[number] = Contact(number, name, email, phone, identifier, list(labels), self.now)
        return number

    def change_contact(self, contact: int, **values: object) -> None:
        """Change fields of a contact, its labels too; no conversation moves."""
        for name, value in values.items():
            assert hasattr(self.records.contacts[contact], name), name
            setattr(self.records.contacts[contact], name, value)

    def merge_contacts(self, kept: int, gone: int) -> None:
        """One contact takes over the conversations of another, which is deleted; no conversation moves."""
        for conversation in self.records.conversations.values():
            if conversation.contact == gone:
                conversation.contact = kept
        sender = self._from_contact(kept)
        for message in self.records.messages.values():
            if message.sender and (message.sender.type, message.sender.id) == ("contact", gone):
                message.sender = sender
        for answer in self.records.answers.values():
            answer.contact = kept if answer.contact == gone else answer.contact
        del self.records.contacts[gone]

    def delete_contact(self, contact: int) -> None:
        """Delete a contact; its conversations go with it, as in Chatwoot."""
        del self.records.contacts[contact]
        for conversation in list(self.records.conversations.values()):
            if conversation.contact == contact:
                self.delete_conversation(conversation.id)

    def agent(self, name: str = "Grace", email: str | None = None) -> int:
        """An agent."""
        number = next(self._ids["agent"])
        self.records.agents[number] = Agent(number, name, email or f"agent{number}@example.com")
        return number

    def leave(self, agent: int, *, by: str = "Admin", unassigns: bool = True) -> None:
        """An agent leaves the account; what is assigned to them becomes unassigned, with an activity each."""
        del self.records.agents[agent]
        for conversation in self.records.conversations.values():
            if conversation.assignee == agent and unassigns:
                conversation.assignee = None
                self._activity(conversation.id, "unassigned", by)

    def delete_agent(self, agent: int) -> None:
        """Delete an agent: neither messages nor conversations say any more that they were hers; nothing moves."""
        del self.records.agents[agent]
        for conversation in self.records.conversations.values():
            conversation.emptied = conversation.emptied or conversation.assignee == agent
        self._empty("user", agent)

    def delete_bot(self, bot: int) -> None:
        """Delete a bot: its messages do not say any more that they were its own; nothing moves."""
        del self.records.bots[bot]
        self._empty("agent_bot", bot)

    def _empty(self, kind: SenderType, number: int) -> None:
        for message in self.records.messages.values():
            if message.sender and (message.sender.type, message.sender.id) == (kind, number):
                message.emptied = True

    def bot(self, name: str = "Robo") -> int:
        """An agent bot."""
        number = next(self._ids["bot"])
        self.records.bots[number] = Bot(number, name)
        return number

    def team(self, name: str = "support") -> int:
        """A team."""
        number = next(self._ids["team"])
        self.records.teams[number] = Team(number, name)
        return number

    def inbox(self, channel: str = "Channel::Whatsapp", *, bot: int | None = None) -> int:
        """An inbox; with a bot its conversations begin as pending."""
        number = next(self._ids["inbox"])
        self.records.inboxes[number] = Inbox(number, f"Inbox {number}", channel)
        if bot is not None:
            self.bot_of[number] = bot
        return number

    # conversations

    def conversation(
        self, contact: int, *, inbox: int = 1, status: Status | None = None, campaign: int | None = None
    ) -> int:
        """A conversation without messages as yet."""
        number = next(self._ids["conversation"])
        first: Status = status or ("pending" if inbox in self.bot_of else "open")
        self.records.conversations[number] = Conversation(
            number, contact, inbox, first, self.now, self.now, self.now, campaign, self.now
        )
        return number

    def delete_conversation(self, conversation: int) -> None:
        """Delete a conversation with all that hangs from it."""
        del self.records.conversations[conversation]
        for message in self.records.messages_of(conversation):
            del self.records.messages[message.id]
        for answer in list(self.records.answers.values()):
            if answer.conversation == conversation:
                del self.records.answers[answer.id]

    def assign(self, conversation: int, agent: int | None, by: str | None = "Admin") -> None:
        """Give a conversation to an agent or to nobody; without `by` no activity tells of it and nothing moves."""
        one = self._touch(conversation)
        one.assignee, one.emptied, one.bot = agent, False, None
        if by is None:
            return
        if agent is None:
            self._activity(conversation, "unassigned", by)
            return
        name = self.records.agents[agent].name
        self._activity(conversation, "self_assigned" if name == by else "assigned", by, name)

    def assign_bot(self, conversation: int, bot: int) -> None:
        """Give a conversation to a bot; no activity tells of it."""
        one = self._touch(conversation)
        one.assignee, one.emptied, one.bot = None, False, bot

    def give_to_team(self, conversation: int, team: int | None, by: str = "Admin") -> None:
        """Give a conversation to a team or to none."""
        one = self._touch(conversation)
        before, one.team = one.team, team
        if team is not None:
            self._activity(conversation, "team_assigned", by, self.records.teams[team].name)
        elif before is not None:
            self._activity(conversation, "team_removed", by, self.records.teams[before].name)

    def label(self, conversation: int, *labels: str, by: str | None = "Admin") -> None:
        """Set the labels of a conversation; without `by` no activity tells of it and nothing moves."""
        one = self._touch(conversation)
        before, one.labels = one.labels, list(labels)
        added = [label for label in labels if label not in before]
        removed = [label for label in before if label not in labels]
        if by and added:
            self._activity(conversation, "label_added", by, ", ".join(added))
        if by and removed:
            self._activity(conversation, "label_removed", by, ", ".join(removed))

    def mute(self, conversation: int, by: str = "Admin") -> None:
        """Mute a conversation: a customer's message does not reopen it any more."""
        self._touch(conversation).muted = True
        self._activity(conversation, "muted", by)

    # status

    def resolve(self, conversation: int, by: str = "Admin", how: str = "resolved", count: int = 7) -> None:
        """Resolve a conversation; `how` names what the activity says."""
        self._change(conversation, "resolved", how, by, count)
        self.records.conversations[conversation].waiting_since = None

    def open(self, conversation: int, by: str = "Admin", how: str | None = "open", *, by_bot: bool = False) -> None:
        """Open a conversation; without `how` no activity tells of it."""
        self._change(conversation, "open", how, by, by_bot=by_bot)

    def hand_over(self, conversation: int, bot: int, how: str = "open") -> None:
        """A bot hands a pending conversation to people."""
        self.open(conversation, self.records.bots[bot].name, how, by_bot=True)

    def pend(self, conversation: int, by: str = "Admin") -> None:
        """Mark a conversation as pending: a bot has it."""
        self._change(conversation, "pending", "pending", by)

    def snooze(self, conversation: int, by: str = "Admin") -> None:
        """Snooze a conversation for a day; nothing ends it but `open` and a customer's message."""
        self._change(conversation, "snoozed", "snoozed", by)
        self.records.conversations[conversation].snoozed_until = self.now + timedelta(days=1)

    def _change(
        self, conversation: int, after: Status, how: str | None, by: str, count: int = 0, *, by_bot: bool = False
    ) -> None:
        one = self._touch(conversation)
        assert one.status != after, f"conversation {conversation} is {after} already"
        has_event = after in ("open", "resolved")  # Chatwoot has no event of another status
        change = Change(
            *(next(self._ids["change"]), self.now, one.status, after, how is not None, has_event, by_bot, one.assignee)
        )
        one.changes.append(change)
        one.status = after
        one.snoozed_until = None
        if how is not None:
            number = self._activity(conversation, how, by, count=count)
            self.records.messages[number].activity_status = after if self.says_status else None

    # messages

    def writes(
        self,
        conversation: int,
        content: str | None = "Hello",
        content_type: str = "text",
        *,
        contact: int | None = None,
        at: datetime | None = None,
        reaction: bool = False,
    ) -> int:
        """The customer writes, `at` if the message comes late or is imported.

        A snoozed conversation opens, and nothing tells of it; a resolved one opens.
        """
        one = self.records.conversations[conversation]
        sender = self._from_contact(one.contact if contact is None else contact)
        number = self._message(conversation, "incoming", content, sender, content_type, at=at)
        self.records.messages[number].reaction = reaction
        one.waiting_since = one.waiting_since or self.now
        if one.status == "snoozed" and not one.muted:
            self.open(conversation, how=None)
        elif one.status == "resolved" and not one.muted:
            self._reopen(one)
        return number

    def _reopen(self, one: Conversation) -> None:
        if self.reopening == "told":
            self.open(one.id, how="system_open")
        elif one.inbox in self.bot_of:
            self._change(one.id, "pending", None, "")
        else:
            by_api = self.records.inboxes[one.inbox].channel == "Channel::Api"
            self.open(one.id, how="system_open" if by_api else None)

    def replies(
        self,
        conversation: int,
        agent: int,
        content: str | None = "Good morning",
        *,
        status: str = "sent",
        content_type: str = "text",
    ) -> int:
        """An agent writes to the customer, also one who has left since."""
        one = self.records.conversations[conversation]
        sender = self._from_agent(agent)
        number = self._message(conversation, "outgoing", content, sender, content_type, status=status)
        one.first_reply = one.first_reply or self.now
        one.waiting_since = None
        return number

    def note(self, conversation: int, agent: int, content: str = "For us alone") -> int:
        """An agent writes a private note."""
        return self._message(conversation, "outgoing", content, self._from_agent(agent), private=True)

    def bot_says(self, conversation: int, bot: int, content: str = "I am a bot") -> int:
        """A bot writes to the customer."""
        return self._message(conversation, "outgoing", content, Sender("agent_bot", bot, self.records.bots[bot].name))

    def campaign(self, conversation: int, agent: int | None = None, *, campaign: int = 1, status: str = "sent") -> int:
        """A message of a campaign; with an agent as its sender, as Chatwoot has it where a campaign has one."""
        sender = None if agent is None else self._from_agent(agent)
        return self._message(conversation, "outgoing", "Only today!", sender, campaign=campaign, status=status)

    def automation(self, conversation: int, agent: int | None = None, *, rule: int = 1) -> int:
        """A message of an automation rule."""
        sender = None if agent is None else self._from_agent(agent)
        return self._message(conversation, "outgoing", "We got your message", sender, automation_rule=rule)

    def greeting(self, conversation: int) -> int:
        """A template message that greets."""
        return self._message(conversation, "template", "We typically reply in a few hours.", None)

    def survey(self, conversation: int) -> int:
        """A template message that asks for a rating."""
        return self._message(conversation, "template", "Please rate the conversation", None, "input_csat")

    def answer(self, survey: int, score: int, comment: str | None = None) -> int:
        """The customer answers a survey message, or answers it again; the conversation does not move."""
        message = self.records.messages[survey]
        one = self.records.conversations[message.conversation]
        for known in self.records.answers.values():
            if known.message == survey:
                known.score, known.comment = score, comment
                return known.id
        number = next(self._ids["answer"])
        self.records.answers[number] = Answer(
            number, survey, one.id, one.contact, one.assignee, score, comment, self.now
        )
        return number

    def mark(self, message: int, status: str) -> None:
        """Change the delivery status of a message; the conversation does not move."""
        self.records.messages[message].status = status

    def delete_message(self, message: int) -> None:
        """Delete a message as an agent does: a trace of it stays; the conversation does not move."""
        one = self.records.messages[message]
        one.deleted, one.content, one.content_type = True, "This message was deleted", "text"
        one.automation_rule = None  # the content attributes are replaced as a whole

    def lose_message(self, message: int) -> None:
        """A message is gone without a trace; the conversation does not move."""
        del self.records.messages[message]

    def _activity(self, conversation: int, which: str, name: str, other: str = "", count: int = 0) -> int:
        content = self.activities[which].format(name=name, other=other, count=count)
        return self._message(conversation, "activity", content, None, at=self.now + self.delay)

    def _message(
        self,
        conversation: int,
        message_type: MessageType,
        content: str | None,
        sender: Sender | None,
        content_type: str = "text",
        *,
        status: str = "sent",
        private: bool = False,
        campaign: int | None = None,
        automation_rule: int | None = None,
        at: datetime | None = None,
    ) -> int:
        number = next(self._ids["message"])
        self.records.messages[number] = Message(
            *(number, conversation, message_type, at or self.now, content, content_type, sender, status, private),
            *(campaign, automation_rule),
        )
        self._touch(conversation).active = self.now
        return number

    def _touch(self, conversation: int) -> Conversation:
        one = self.records.conversations[conversation]
        one.touched = self.now
        return one

    def _from_agent(self, agent: int) -> Sender:
        known = self.records.agents.get(agent)
        return Sender("user", agent, known.name if known else "Someone who left")

    def _from_contact(self, contact: int) -> Sender:
        return Sender("contact", contact, self.records.contacts[contact].name or "")


def by_activity(conversations: Iterable[Conversation]) -> Sequence[Conversation]:
    """Conversations as the list shows them: newest activity first."""
    return sorted(conversations, key=lambda one: (one.active, one.id), reverse=True)
