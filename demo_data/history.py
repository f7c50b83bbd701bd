"""What happened: conversations, messages, events, ratings and runs of flows of one business, played forward as arrays.

All conversations take their turns together: the only loops here are over turns, never over conversations.
What of this an export shows at a given instant is in ``batches``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from demo_data.business import Business
from demo_data.clock import DAY, HOUR, AnyInts, Clock, Flags, Floats, Ints
from demo_data.people import (
    NONE,
    Contacts,
    Staff,
    TagSets,
    choose_contacts,
    hire,
    meet,
    tag_sets,
)

SECOND = 1000
MINUTE = 60 * SECOND

# Raw sources of conversations.
INBOUND, FLOW, INBOX, UNKNOWN, AUTO_RESPONSE, EMPTY, API, BROADCAST = range(8)
_SOURCE_SHARES_OPEN = [0.475, 0.18, 0.175, 0.03, 0.03, 0.03, 0.04, 0.04]
_SOURCE_SHARES_SHUT = [0.615, 0.24, 0.005, 0.035, 0.055, 0.03, 0.015, 0.005]

# Who sent a message and how: (direction, sender type, origin, private), by index.
PROFILES: tuple[tuple[str, str | None, str | None, bool], ...] = (
    ("inbound", "contact", None, False),
    ("outbound", "agent", "inbox", False),
    ("outbound", "agent", None, False),
    ("outbound", "bot", "flow", False),
    ("outbound", "system", "auto_response", False),
    ("outbound", "system", "api", False),
    ("outbound", "system", "broadcast", False),
    ("outbound", "agent", "inbox", True),
    ("outbound", "system", None, False),
    ("outbound", None, None, False),
    ("outbound", "bot", None, False),
    ("outbound", "agent", "flow", False),
    ("outbound", "agent", "api", False),
)
(
    CUSTOMER,
    AGENT,
    AGENT_PHONE,
    FLOW_BOT,
    AUTO,
    BY_API,
    BY_BROADCAST,
    NOTE,
    NOTICE,
    NO_SENDER,
    CHAT_BOT,
    AGENT_FLOW,
    AGENT_API,
) = range(13)

TYPES = ("text", "image", "audio", "document", "video", "sticker", "template", "reaction", "activity", "system")
TEXT, TEMPLATE, REACTION, ACTIVITY, SYSTEM = 0, 6, 7, 8, 9

STATUSES = ("received", "sent", "delivered", "read", "failed")
RECEIVED, SENT, DELIVERED, READ, FAILED = range(5)

EVENT_TYPES = ("assigned", "handoff", "closed", "reopened", "snoozed")
ASSIGNED, HANDOFF, CLOSED, REOPENED, SNOOZED = range(5)

FLOW_STATUSES = ("RUNNING", "COMPLETED", "EXPIRED", "CANCELED", "FAILED")
RUNNING, COMPLETED, EXPIRED, CANCELED, FLOW_FAILED = range(5)


@dataclass
class Conversations:
    """One entry per conversation, in the order of their starts; instants are ``NONE`` when they never come."""

    started: Ints
    contact: Ints
    source: Ints
    channel: Ints
    first_agent: Ints
    second_agent: Ints
    corrected_agent: Ints
    assigned: Ints
    handed_over: Ints
    reassigned: Ints
    closed: Ints
    reopened: Ints
    closed_again: Ints
    tagged: Ints
    corrected: Ints
    deleted: Ints
    first_tags: Ints
    tags: Ints
    corrected_tags: Ints
    team_default: Ints
    # Small whims of the record, drawn once: how words are written, and the states no rule foresees.
    spelling: Ints
    oddity: Ints


@dataclass
class Messages:
    """One entry per message, in the order of the instants at which they were sent."""

    conversation: AnyInts
    sent: Ints
    profile: AnyInts
    agent: AnyInts
    type: AnyInts
    status: AnyInts
    settled: Ints
    deleted: Ints


@dataclass
class Events:
    """One entry per event, in order of time."""

    conversation: AnyInts
    occurred: Ints
    type: AnyInts
    agent: AnyInts


@dataclass
class Ratings:
    """One entry per survey, in the order in which they were asked."""

    conversation: Ints
    asked: Ints
    answered: Ints
    score: Ints
    comment: Ints
    changed: Ints
    changed_score: Ints
    whim: Ints


@dataclass
class FlowRuns:
    """One entry per run of a flow, in the order of their starts. ``conversation`` is ``NONE`` where it began none."""

    conversation: Ints
    contact: Ints
    flow: Ints
    started: Ints
    ended: Ints
    status: Ints
    deleted: Ints
    test: Flags


@dataclass
class History:
    """All that happened to one business."""

    business: Business
    clock: Clock
    staff: Staff
    contacts: Contacts
    conversation_tags: TagSets
    contact_tags: TagSets
    conversations: Conversations
    messages: Messages
    events: Events
    ratings: Ratings
    flow_runs: FlowRuns


class _Tape:
    """Rows of four columns, added in pieces and sorted by time at the end."""

    def __init__(self) -> None:
        self._parts: list[tuple[AnyInts, Ints, AnyInts, AnyInts, AnyInts]] = []

    def add(self, conv: Ints, at: Ints, what: AnyInts | int, agent: AnyInts | int = 0, kind: AnyInts | int = 0) -> None:
        def column(values: AnyInts | int, dtype: type[np.integer]) -> AnyInts:
            if isinstance(values, int):
                return np.full(conv.size, values, dtype=dtype)
            return values.astype(dtype)

        self._parts.append(
            (conv.astype(np.int32), at, column(what, np.uint8), column(agent, np.int16), column(kind, np.uint8))
        )

    def sorted(self, unit: int, end: int) -> tuple[AnyInts, Ints, AnyInts, AnyInts, AnyInts]:
        """The rows before ``end``, by time; of the same time in the order of adding. Times are cut to ``unit``."""
        at = np.concatenate([part[1] for part in self._parts])
        at -= at % unit
        order = np.argsort(at, kind="stable")
        order = order[: int(np.searchsorted(at[order], end))]
        conv, what, agent, kind = (np.concatenate([part[i] for part in self._parts])[order] for i in (0, 2, 3, 4))
        self._parts.clear()
        return conv, at[order], what, agent, kind


def play(business: Business, rng: np.random.Generator, *, conversations: int, first_day: date) -> History:
    """Let ``conversations`` conversations happen between ``first_day`` and the end of the covered range."""
    clock = Clock(business, first_day)
    staff = hire(rng, business, clock, conversations)
    conversation_tags = tag_sets(rng, business.conversation_tags, business.complaint_tags, 400)
    contact_tags = tag_sets(rng, business.contact_tags, frozenset(), 150)
    story = _Story(business, rng, clock, staff, conversation_tags, conversations)
    contact, contacts_count = choose_contacts(rng, conversations)
    contacts = meet(rng, business, clock, contact, story.started, contacts_count, contact_tags)
    story.tell()
    return History(
        business=business,
        clock=clock,
        staff=staff,
        contacts=contacts,
        conversation_tags=conversation_tags,
        contact_tags=contact_tags,
        conversations=story.conversations(contact),
        messages=story.messages(),
        events=story.events(),
        ratings=story.ratings(),
        flow_runs=story.flow_runs(contact),
    )


class _Story:
    """The conversations while they go on: where each one stands, and what was said so far."""

    def __init__(
        self, business: Business, rng: np.random.Generator, clock: Clock, staff: Staff, tags: TagSets, size: int
    ) -> None:
        self.business = business
        self.rng = rng
        self.clock = clock
        self.staff = staff
        self.size = size
        self.unit = 1 if business.milliseconds else SECOND
        self.said = _Tape()
        self.marked = _Tape()
        self.started = self._starts()
        self.now = self.started.copy()
        self.open_hours = clock.is_open(self.started)
        self.source = self._sources()
        self.waiting = np.zeros(size, dtype=np.bool_)
        self.agent = np.zeros(size, dtype=np.int64)
        self.first_agent = np.zeros(size, dtype=np.int64)
        self.first_wait = np.zeros(size, dtype=np.int64)
        self.assigned, self.handed_over, self.reassigned = self._never(), self._never(), self._never()
        self.closed, self.reopened, self.closed_again = self._never(), self._never(), self._never()
        self.first_reply = self._never()
        self.tag_sets = tags
        self.tags = tags.draw(rng, size)

    def tell(self) -> None:
        """From the first message to the last closing."""
        self._open()
        self._run_bots()
        self._assign()
        self._talk(np.flatnonzero(self.waiting & (self.agent > 0)), more=0.716, most=12)
        self._close()
        self._reopen()

    # Chance.

    def _never(self) -> Ints:
        return np.full(self.size, NONE, dtype=np.int64)

    def _luck(self, share: float, size: int) -> Flags:
        return np.asarray(self.rng.random(size) < share)

    def _between(self, low: int, high: int, size: int) -> Ints:
        return self.rng.integers(low, high, size)

    def _about(self, middle: int, spread: float, size: int, most: int) -> Ints:
        """Waiting times around ``middle``, with the long tail that people's waiting times have."""
        waits: Ints = np.minimum(middle * np.exp(spread * self.rng.standard_normal(size)), most).astype(np.int64)
        return waits + SECOND

    def _starts(self) -> Ints:
        weight = np.cumsum(self.clock.demand(self.business, self.rng))
        slot = np.searchsorted(weight, np.sort(self.rng.random(self.size)) * weight[-1], side="right")
        at = self.clock.slots[np.minimum(slot, weight.size - 1)] + self._between(0, HOUR, self.size)
        started: Ints = np.sort(at - at % self.unit)
        return started

    def _sources(self) -> Ints:
        luck = self.rng.random(self.size)
        while_open = np.searchsorted(np.cumsum(_SOURCE_SHARES_OPEN), luck, side="right")
        while_shut = np.searchsorted(np.cumsum(_SOURCE_SHARES_SHUT), luck, side="right")
        source: Ints = np.minimum(np.where(self.open_hours, while_open, while_shut), BROADCAST).astype(np.int64)
        return source

    # Turns.

    def _burst(self, conv: Ints, at: Ints, what: AnyInts | int, more: float, agent: AnyInts | int = 0) -> Ints:
        """A message and perhaps one to three more right after it; gives the instants of the last ones."""
        self.said.add(conv, at, what, agent)
        last = at.copy()
        live = np.arange(conv.size)
        for _ in range(3):
            live = live[self._luck(more, live.size)]
            if not live.size:
                break
            last[live] += self._about(18 * SECOND, 0.8, live.size, 5 * MINUTE)
            self.said.add(
                conv[live],
                last[live],
                what if isinstance(what, int) else what[live],
                agent if isinstance(agent, int) else agent[live],
            )
        return last

    def _open(self) -> None:
        """The first messages: the customer's own, or what the business sent first."""
        luck = self.rng.random(self.size)
        vague = (self.source == UNKNOWN) | (self.source == AUTO_RESPONSE) | (self.source == EMPTY)
        customer = (self.source == INBOUND) | ((self.source == FLOW) & (luck < 0.45)) | (vague & (luck < 0.78))
        conv = np.flatnonzero(customer)
        self.now[conv] = self._burst(conv, self.started[conv], CUSTOMER, 0.3)
        self.waiting[conv] = True
        self._answer_by_machine(conv)
        for source, what, answers, spread in (
            (INBOX, AGENT, 0.68, 25 * MINUTE),
            (API, BY_API, 0.34, 40 * MINUTE),
            (BROADCAST, BY_BROADCAST, 0.2, 60 * MINUTE),
            (UNKNOWN, NO_SENDER, 0.45, 20 * MINUTE),
            (AUTO_RESPONSE, AUTO, 0.5, 20 * MINUTE),
            (EMPTY, BY_API, 0.4, 30 * MINUTE),
        ):
            self._reach_out(np.flatnonzero((self.source == source) & ~customer), what, answers, spread)

    def _answer_by_machine(self, conv: Ints) -> None:
        """The automatic answer outside the hours, and the greeting some channels send."""
        away = np.where(self.open_hours[conv], 0.08, 0.7)
        conv = conv[self.rng.random(conv.size) < away]
        self.said.add(conv, self.started[conv] + self._between(1500, 5000, conv.size), AUTO)
        self.now[conv] = np.maximum(self.now[conv], self.started[conv] + 5 * SECOND)

    def _reach_out(self, conv: Ints, what: int, answers: float, spread: int) -> None:
        """The business writes first; some customers answer."""
        agent: AnyInts | int = 0
        if what == AGENT:
            self._take(conv, self.started[conv], self.staff.pick(self.rng, self.started[conv]))
            agent = self.agent[conv]
        self.said.add(conv, self.started[conv], what, agent, TEMPLATE)
        conv = conv[self._luck(answers, conv.size)]
        at = self.now[conv] + self._about(spread, 1.4, conv.size, 2 * DAY)
        self.now[conv] = self._burst(conv, at, CUSTOMER, 0.28)
        self.waiting[conv] = True

    def _run_bots(self) -> None:
        """Flows ask their questions; the customers who stay to the end are mostly handed over to people."""
        flow = np.flatnonzero(self.source == FLOW)
        chat = np.flatnonzero((self.source == INBOUND) & self._luck(0.1, self.size))
        conv = np.concatenate([flow, chat])
        what = np.concatenate([np.full(flow.size, FLOW_BOT), np.full(chat.size, CHAT_BOT)])
        done = []
        for _ in range(5):
            at = np.where(self.waiting[conv], self.now[conv] + self._between(800, 4000, conv.size), self.now[conv])
            self.now[conv] = self._burst(conv, at, what, 0.2)
            self.waiting[conv] = False
            stays = self._luck(0.86, conv.size)
            conv, what = conv[stays], what[stays]
            answer = self.now[conv] + self._about(35 * SECOND, 1.1, conv.size, 6 * HOUR)
            self.now[conv] = self._burst(conv, answer, CUSTOMER, 0.08)
            self.waiting[conv] = True
            ends = self._luck(0.38, conv.size)
            done.append(conv[ends])
            conv, what = conv[~ends], what[~ends]
        self._hand_over(np.sort(np.concatenate([*done, conv])))

    def _hand_over(self, conv: Ints) -> None:
        solved = self._luck(0.24, conv.size)
        self.waiting[conv[solved]] = False
        conv = conv[~solved]
        at = self.now[conv] + self._between(500, 3000, conv.size)
        self.now[conv] = at
        self.handed_over[conv] = at
        self.marked.add(conv, at, HANDOFF)

    def _take(self, conv: Ints, at: Ints, agent: Ints) -> None:
        """An agent gets a conversation."""
        self.agent[conv] = agent
        self.first_agent[conv] = agent
        self.assigned[conv] = at
        self.marked.add(conv, at, ASSIGNED, agent)

    def _assign(self) -> None:
        """Whoever waits gets an agent, nearly always; a few are lost, or answered by nobody one can name."""
        conv = np.flatnonzero(self.waiting & (self.agent == 0))
        conv = conv[self._luck(0.965, conv.size)]
        at_once = self._luck(0.7, conv.size)
        delay = np.where(
            at_once, self._between(1000, 4000, conv.size), self._about(4 * MINUTE, 1.0, conv.size, 2 * HOUR)
        )
        at = self.now[conv] + delay
        self._take(conv, at, self.staff.pick(self.rng, at))
        notice = conv[self._luck(0.3, conv.size)]
        self.said.add(notice, self.assigned[notice] + self._between(50, 900, notice.size), NOTICE, 0, ACTIVITY)
        self._answer_unnamed()
        forgotten = np.flatnonzero(self.waiting & (self.agent > 0) & self._luck(0.04, self.size))
        self.waiting[forgotten] = False

    def _answer_unnamed(self) -> None:
        """Some old telephone in a shop answers without saying who it is."""
        conv = np.flatnonzero(self.waiting & self._luck(0.012, self.size))
        at = self.now[conv] + self._about(20 * MINUTE, 1.0, conv.size, DAY)
        self.said.add(conv, at, NO_SENDER)
        self.now[conv] = at
        self.waiting[conv] = False

    def _reply_at(self, at: Ints, agent: AnyInts) -> Ints:
        """When an agent replies: soon within the hours, mostly after the next opening otherwise."""
        span = self.clock.span_at(at)
        opens, closes = self.clock.opens[span], self.clock.closes[span]
        following = self.clock.opens[np.minimum(span + 1, len(self.clock.opens) - 1)]
        inside = (opens <= at) & (at < closes)
        pace = self.staff.pace_of(agent)
        think = (self._about(270 * SECOND, 1.15, at.size, 4 * HOUR) * pace).astype(np.int64)
        backlog = (self._about(36 * MINUTE, 0.95, at.size, 6 * HOUR) * pace).astype(np.int64)
        direct = at + np.where(inside, think, 5 * think)
        later = np.where(inside, following, opens) + backlog
        stays = self.rng.random(at.size) < np.where(inside, 0.4, 0.09)
        return np.maximum(np.where((inside & (direct <= closes)) | stays, direct, later), at + SECOND)

    def _talk(self, live: Ints, more: float, most: int) -> None:
        """Rounds of an agent's reply and the customer's next words."""
        for turn in range(most):
            if not live.size:
                return
            if turn == 1:
                self._pass_on(live)
            at = self._reply_at(self.now[live], self.agent[live])
            self._between_turns(live, at)
            fresh = self.first_reply[live] == NONE
            self.first_reply[live[fresh]] = at[fresh]
            self.first_wait[live[fresh]] = at[fresh] - self.now[live[fresh]]
            what = np.searchsorted([0.89, 0.985, 0.993], self.rng.random(live.size), side="right")
            profile = np.array([AGENT, AGENT_PHONE, AGENT_FLOW, AGENT_API])[what]
            self.now[live] = self._burst(live, at, profile, 0.3, self.agent[live])
            goes_on = self._luck(more if turn + 1 < most else 0.0, live.size)
            self._thank(live[~goes_on])
            live = live[goes_on]
            answer = self.now[live] + self._about(3 * MINUTE, 1.4, live.size, 20 * HOUR)
            self.now[live] = self._burst(live, answer, CUSTOMER, 0.26)

    def _between_turns(self, live: Ints, at: Ints) -> None:
        """Private notes, impatient customers, messages of other systems: between the customer's words and the reply."""
        for share, what in ((0.035, NOTE), (0.012, BY_API)):
            some = self._luck(share, live.size)
            conv, until = live[some], at[some]
            moment = self.now[conv] + ((until - self.now[conv]) * self.rng.random(conv.size)).astype(np.int64)
            self.said.add(conv, moment, what, self.agent[conv] if what == NOTE else 0)
        slow = (at - self.now[live] > HOUR) & self._luck(0.22, live.size)
        conv, until = live[slow], at[slow]
        moment = self.now[conv] + ((until - self.now[conv]) * self.rng.random(conv.size)).astype(np.int64)
        self.said.add(conv, moment, CUSTOMER)

    def _thank(self, conv: Ints) -> None:
        """The last words of the customer, or just a sign under the agent's last message."""
        luck = self.rng.random(conv.size)
        thanks, sign = conv[luck < 0.36], conv[luck > 0.88]
        at = self.now[thanks] + self._about(2 * MINUTE, 1.2, thanks.size, 6 * HOUR)
        self.now[thanks] = self._burst(thanks, at, CUSTOMER, 0.08)
        at = self.now[sign] + self._about(MINUTE, 1.2, sign.size, 6 * HOUR)
        self.said.add(sign, at, CUSTOMER, 0, REACTION)
        self.now[sign] = at
        back = conv[(luck > 0.36) & (luck < 0.38)]
        self.said.add(back, self.now[back] + 20 * SECOND, AGENT, self.agent[back], REACTION)

    def _pass_on(self, live: Ints) -> None:
        """Some conversations go to another agent after the first reply."""
        conv = live[self._luck(0.09, live.size)]
        at = self.now[conv] + self._between(SECOND, 40 * SECOND, conv.size)
        agent = self.staff.pick(self.rng, at)
        other = agent != self.agent[conv]
        conv, at, agent = conv[other], at[other], agent[other]
        self.agent[conv] = agent
        self.now[conv] = at
        self.reassigned[conv] = at
        self.marked.add(conv, at, ASSIGNED, agent)

    def _close(self) -> None:
        """Agents close what they finished; flows and silent customers are closed by a rule after a day."""
        manned = self.agent > 0
        soon = np.where(manned, self._luck(0.84, self.size), self._luck(0.55, self.size))
        tidy = np.where(manned, 35 * MINUTE, 8 * MINUTE)
        by_hand = np.minimum(tidy * np.exp(1.2 * self.rng.standard_normal(self.size)), 2 * DAY).astype(np.int64)
        wait = np.where(soon, by_hand + SECOND, DAY + self._between(0, HOUR, self.size))
        closes = np.where(manned, self._luck(0.955, self.size), self._luck(0.85, self.size))
        snoozed = np.flatnonzero(manned & self._luck(0.03, self.size))
        self.marked.add(snoozed, self.now[snoozed] + 2 * MINUTE, SNOOZED, self.agent[snoozed])
        conv = np.flatnonzero(closes)
        at = (self.now + wait)[conv]
        self.closed[conv] = at
        self.marked.add(conv, at, CLOSED, np.where(soon, self.agent, 0)[conv])

    def _reopen(self) -> None:
        """A customer who writes again reopens the conversation, gets an answer, and it is closed again."""
        conv = np.flatnonzero((self.closed != NONE) & (self.agent > 0) & self._luck(0.06, self.size))
        at = self.closed[conv] + self._about(7 * HOUR, 1.3, conv.size, 6 * DAY)
        self.reopened[conv] = at
        self.marked.add(conv, at, REOPENED)
        self.now[conv] = self._burst(conv, at, CUSTOMER, 0.3)
        answered = conv[self._luck(0.92, conv.size)]
        self._talk(answered, more=0.4, most=4)
        again = conv[self._luck(0.9, conv.size)]
        self.closed_again[again] = self.now[again] + self._about(45 * MINUTE, 1.1, again.size, 2 * DAY)
        self.marked.add(again, self.closed_again[again], CLOSED, self.agent[again])

    # What remains of it.

    def _cut(self, at: Ints) -> Ints:
        """Instants in the source's unit; what would come after the end never comes."""
        return np.where((at == NONE) | (at >= self.clock.end), NONE, at - at % self.unit)

    def conversations(self, contact: Ints) -> Conversations:
        """The conversations, with the corrections people made to them afterwards."""
        rng, size = self.rng, self.size
        unreplied = np.where(self.assigned != NONE, self.assigned, self.closed)
        tagged = np.where(self.first_reply != NONE, self.first_reply + 30 * SECOND, unreplied)
        corrected, deleted = self._corrections()
        first_tags = np.where(self._luck(0.45, size), self.tag_sets.first_only[self.tags], 0)
        new_agent = np.where(self._luck(0.5, size), self.staff.pick(rng, self.started), self.agent)
        return Conversations(
            started=self.started,
            contact=contact,
            source=self.source,
            channel=rng.choice(len(self.business.channels), size=size, p=_channel_shares(len(self.business.channels))),
            first_agent=self.first_agent,
            second_agent=self.agent,
            corrected_agent=np.where(self.agent > 0, new_agent, 0),
            assigned=self._cut(self.assigned),
            handed_over=self._cut(self.handed_over),
            reassigned=self._cut(self.reassigned),
            closed=self._cut(self.closed),
            reopened=self._cut(self.reopened),
            closed_again=self._cut(self.closed_again),
            tagged=self._cut(tagged),
            corrected=self._cut(corrected),
            deleted=self._cut(deleted),
            first_tags=first_tags,
            tags=self.tags,
            corrected_tags=self.tag_sets.draw(rng, size),
            team_default=rng.integers(-1, len(self.business.teams), size),
            spelling=rng.integers(0, 1000, size),
            oddity=rng.integers(0, 1000, size),
        )

    def _corrections(self) -> tuple[Ints, Ints]:
        """When a record was corrected or deleted; each of the last days has some of either, in any volume."""
        rng, size, end = self.rng, self.size, self.clock.end
        corrected = self.started + (rng.exponential(25.0, size) * DAY).astype(np.int64)
        corrected[~self._luck(0.02, size)] = NONE
        deleted = self.started + (rng.exponential(9.0, size) * DAY).astype(np.int64)
        deleted[~self._luck(0.0006, size)] = NONE
        for day in range(1, 8):
            old = np.flatnonzero(self.started < end - (day + 3) * DAY)
            for chosen, most in ((corrected, 3 + size // 20_000), (deleted, 1 + size // 100_000)):
                some = rng.choice(old, size=min(most, old.size // 20), replace=False)
                chosen[some] = end - day * DAY + self._between(9 * HOUR, 18 * HOUR, some.size)
        return corrected, deleted

    def messages(self) -> Messages:
        """All messages, numbered by time, with what became of them."""
        conv, sent, profile, agent, kind = self.said.sorted(self.unit, self.clock.end)
        rng, size = self.rng, sent.size
        kind = self._types(kind, profile)
        outbound = profile != CUSTOMER
        fate = np.searchsorted([0.018, 0.03, 0.12], rng.random(size), side="right")
        status = np.where(outbound, np.array([FAILED, SENT, DELIVERED, READ], dtype=np.uint8)[fate], np.uint8(RECEIVED))
        settled = sent + np.where(outbound, self._about(75 * SECOND, 1.7, size, 2 * DAY), 0)
        slow = np.flatnonzero(outbound & (rng.random(size) < 0.06))
        settled[slow] += self._about(5 * HOUR, 0.9, slow.size, 2 * DAY)
        settled -= settled % self.unit
        settled[settled >= self.clock.end] = self.clock.end - self.unit
        deleted = self._taken_back(sent, settled)
        return Messages(conv, sent, profile, agent, kind, status, settled, deleted)

    def _taken_back(self, sent: Ints, settled: Ints) -> Ints:
        """Messages deleted by who wrote them: mostly at once, some the day after, a few of those in the last days."""
        deleted = np.full(sent.size, NONE, dtype=np.int64)
        gone = np.flatnonzero(self._luck(0.0015, sent.size))
        wait = np.where(self._luck(0.6, gone.size), 8 * MINUTE, 14 * HOUR)
        deleted[gone] = settled[gone] + wait * self._between(500, 1500, gone.size) // 1000
        lately = np.flatnonzero(sent > self.clock.end - 9 * DAY)
        for index in self.rng.choice(lately, size=min(5, lately.size // 12), replace=False):
            deleted[index] = settled[index] + DAY
        return self._cut(deleted)

    def _types(self, kind: AnyInts, profile: AnyInts) -> AnyInts:
        """People also send pictures and voice messages; machines write."""
        by_hand = (profile == CUSTOMER) | (profile == AGENT) | (profile == AGENT_PHONE) | (profile == NO_SENDER)
        luck = self.rng.random(kind.size)
        drawn = np.searchsorted([0.81, 0.895, 0.955, 0.98, 0.99], luck, side="right")
        kind = np.where((kind == TEXT) & by_hand, drawn, kind).astype(np.uint8)
        kind[(kind == TEXT) & by_hand & (luck < 0.002)] = SYSTEM
        return kind

    def events(self) -> Events:
        """All events, numbered by time."""
        conv, at, kind, agent, _ = self.marked.sorted(self.unit, self.clock.end)
        return Events(conv, at, kind, agent)

    def ratings(self) -> Ratings:
        """Surveys after most closings: a third is answered; some change their mind or take it back."""
        rng = self.rng
        served = (self.agent > 0) | self._luck(0.3, self.size)
        first = np.flatnonzero((self.closed != NONE) & served & self._luck(0.8, self.size))
        again = np.flatnonzero((self.closed_again != NONE) & self._luck(0.5, self.size))
        conv = np.concatenate([first, again])
        asked = np.concatenate([self.closed[first], self.closed_again[again]]) + self._between(2000, 9000, conv.size)
        asked -= asked % self.unit
        order = np.argsort(asked, kind="stable")
        order = order[: int(np.searchsorted(asked[order], self.clock.end))]
        conv, asked = conv[order], asked[order]
        size = conv.size
        answered = asked + self._about(9 * MINUTE, 1.6, size, 3 * DAY)
        answered[~self._luck(0.335, size)] = NONE
        answered = self._cut(answered)
        changed = answered + self._about(3 * HOUR, 1.2, size, 5 * DAY)
        changed[(answered == NONE) | ~self._luck(0.03, size)] = NONE
        score = self._scores(conv)
        return Ratings(
            conversation=conv,
            asked=asked,
            answered=answered,
            score=score,
            comment=np.where(self._luck(0.3, size), rng.integers(0, 1000, size), NONE),
            changed=self._cut(changed),
            # A score of 0 takes the answer back.
            changed_score=np.where(self._luck(0.25, size), 0, np.minimum(score + rng.integers(-1, 3, size), 5).clip(1)),
            whim=rng.integers(0, 1000, size),
        )

    def flow_runs(self, contact: Ints) -> FlowRuns:
        """A run for each conversation that a flow began; and reminders, most of which nobody answers."""
        begun = np.flatnonzero(self.source == FLOW)
        reminded = np.flatnonzero(self._luck(0.04, self.size))
        conv = np.concatenate([begun, reminded])
        is_reminder = np.arange(conv.size) >= begun.size
        started = np.where(is_reminder, self.started[conv] + self._between(DAY, 6 * DAY, conv.size), self.started[conv])
        order = np.argsort(started, kind="stable")
        order = order[: int(np.searchsorted(started[order], self.clock.end))]
        conv, started, is_reminder = conv[order], started[order], is_reminder[order]
        handed_over = np.where(is_reminder, NONE, self.handed_over[conv])
        luck = np.searchsorted([0.45, 0.9, 0.96], self.rng.random(conv.size), side="right") + COMPLETED
        status = np.where(handed_over != NONE, COMPLETED, luck)
        ended = started + np.where(status == EXPIRED, DAY, self._about(3 * MINUTE, 1.1, conv.size, DAY))
        deleted = started + 2 * DAY
        deleted[~self._luck(0.003, conv.size)] = NONE
        return FlowRuns(
            conversation=np.where(is_reminder, NONE, conv),
            contact=contact[conv],
            flow=np.where(is_reminder, 0, 1 + conv % (len(self.business.flows) - 1)),
            started=started - started % self.unit,
            ended=self._cut(np.where(handed_over != NONE, handed_over, ended)),
            status=status,
            deleted=self._cut(deleted),
            test=self._luck(0.01, conv.size),
        )

    def _scores(self, conv: Ints) -> Ints:
        """Worse after a long wait, and worse still after a complaint."""
        mood = np.where(self.first_wait[conv] > 3 * HOUR, 1, 0)
        mood = np.where(self.tag_sets.has_complaint[self.tags[conv]], 2, mood)
        up_to: Floats = np.array([[0.04, 0.08, 0.16, 0.4], [0.1, 0.18, 0.34, 0.62], [0.24, 0.4, 0.58, 0.8]])
        luck = self.rng.random(conv.size)
        return np.asarray((luck[:, None] > up_to[mood]).sum(axis=1) + 1, dtype=np.int64)


def _channel_shares(count: int) -> Floats:
    weight: Floats = np.array([6.0, 3.0, 1.0])[:count]
    return np.asarray(weight / weight.sum())
