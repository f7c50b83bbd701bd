"""Lives by chance of a WhatsApp account of ActiveCampaign: people, conversations, messages and what becomes of them.

Here: what is likely, and the plan of a life. Not here: the account itself (``activecampaign``), and how badly its
messages are delivered (``meta``). The seed decides everything.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar

from tests.live.activecampaign import Row, World, digits, instant, spelled

Option = TypeVar("Option")

FIRST_NAMES = ("Ana", "Łukasz", "José María", " Zoë", "Ωmega", "李", "محمد", "👩🏽‍🚀", 'O\'Neil; "x"', None, "")
LAST_NAMES = ("Silva", "Ó Súilleabháin ", "de la Cruz", "小龙", None, None, "")
CONTACT_TAGS = ("VIP", "prospect", "españa", "a;b", " trimmed ", "vip")
TAGS = ("ventas", "Ventas", "soporte", "urgent 🔥", 'comma, quote "', " blank ", "")
MEMBERS: tuple[tuple[int, str | None, str | None, str | None], ...] = (
    (7, "Ana", "Silva", "ana@acme.example"),
    (12, "Zoë", None, "zoe@acme.example"),
    (31, " Łukasz", "Nowak ", None),
    (5, "李", "小龙", "li@acme.example"),
    (104, None, None, "nameless@acme.example"),
)
NOTHING_SAID = "nothing said"
BEGINNINGS: tuple[tuple[str, str | None, bool], ...] = (
    *[("UNKNOWN", "INBOUND", False)] * 4,
    *[("INBOX", "INBOX", True)] * 3,
    ("AUTO_RESPONSE", "INBOUND", False),
    ("AUTO_RESPONSE", "AUTO_RESPONSE", False),
    ("FLOW", "FLOW", False),
    ("FLOW", "INBOUND", False),
    ("FLOW", "FLOW", True),
    ("BROADCAST", "BROADCAST", False),
    ("API", "API", False),
    ("UNKNOWN", None, False),
    ("INBOX", "", False),
    ("UNKNOWN", NOTHING_SAID, False),
)
"""Source of the conversation, source of its first message, and whether a member sent that."""
STATUSES_OF_LIFE = ("CREATED", "FLOW", "FLOW_PAUSED", "NEW", "IN_PROGRESS")
TRIGGERS = ("CSAT", "CSAT", "CSAT", "INBOUND", "API", "BROADCAST", None)
FLOW_STATUSES = ("READY", "RUNNING", "COMPLETED", "CANCELED", "EXPIRED", "FAILED")


def random_world(
    seed: int,
    *,
    start: str = "2026-01-05T08:00:00Z",
    days: float = 10,
    contacts: int = 30,
    conversations: int = 80,
    archived_from: float = 0,
    vanishing: float = 0.05,
    contacts_vanish: bool = False,
) -> World:
    """A world at its start, with all of its life planned: ``advance_to`` lets it happen.

    ``days``: in which conversations begin (what follows takes up to some days more). ``archived_from``: the day on
    which WhatsApp begins to tell. ``vanishing``: the share of conversations that the list ceases to show; contacts that
    it ceases to show only when asked for, for `docs/live-systems.md` leaves open what that means.
    """
    life = _Life(World(start), Random(seed), archived_from=instant(start) + timedelta(days=archived_from))
    life.hire(days)
    life.meet(contacts, days)
    for _ in range(conversations):
        life.converse(days, vanishing)
    life.hear_strangers(days, conversations // 10)
    if contacts_vanish:
        life.lose_contacts(days)
    return life.world


@dataclass(frozen=True)
class _Beginning:
    """How a conversation begins; ``source`` is that of its first message."""

    conversation_id: str
    contact_id: str
    number: str
    start: datetime
    message_id: str
    source: str | None
    by_agent: bool
    said_at: datetime


@dataclass
class _Life:
    world: World
    chance: Random
    archived_from: datetime
    people: list[tuple[str, str]] = field(default_factory=list)
    """Contacts: id and the number that WhatsApp knows."""

    # --- chance ---

    def likely(self, share: float) -> bool:
        return self.chance.random() < share

    def one_of(self, options: Sequence[Option]) -> Option:
        return self.chance.choice(options)

    def some_of(self, options: Sequence[Option], most: int) -> list[Option]:
        return self.chance.sample(options, self.chance.randint(0, most))

    def moment(self, days: float) -> datetime:
        """An instant of the life; one in four has no fraction of a second."""
        at = self.world.now + timedelta(seconds=self.chance.uniform(60, days * 86_400))
        return at.replace(microsecond=0) if self.likely(0.25) else at

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def new_message_id(self) -> str:
        return f"wamid.HBg{self.chance.getrandbits(96):024X}=="

    # --- people ---

    def hire(self, days: float) -> None:
        """The members; one comes later, one changes the name, one leaves, whom earlier runs knew."""
        for member in MEMBERS[:-1]:
            self.world.member(*member)
        leaving = self.moment(days / 2) + timedelta(days=days / 2)
        self.world.later(leaving, lambda: self.world.members.pop(MEMBERS[1][0], None))
        self.world.later(self.moment(days), lambda: self.world.member(*MEMBERS[-1]))
        self.world.later(self.moment(days), lambda: self.world.member(7, "Ana", "Silva-Núñez", "ana.n@acme.example"))

    def colleague(self) -> Row:
        """One of the members who are there when the world begins."""
        member_id = self.one_of(MEMBERS[:-1])[0]
        return self.world.members[member_id] if member_id in self.world.members else self.world.members[7]

    def meet(self, count: int, days: float) -> None:
        """The contacts: most are there when the world begins, the others come; some change."""
        for number in range(count):
            contact_id, (phone, canonical, told) = self.new_id(), self._phones(number)
            values: dict[str, Any] = {
                "phone": phone,
                "canonical_phone": canonical,
                "first_name": self.one_of(FIRST_NAMES),
                "last_name": self.one_of(LAST_NAMES),
                "email": self.one_of(["k@customer.example", None, ""]),
                "meta": self.one_of([{}, {"plan": "gold", "city": "Ñuñoa"}]),
                "tags": self.some_of(CONTACT_TAGS, 3),
            }
            come = partial(self.world.contact, contact_id, **values)
            if number % 6 == 5:
                self.world.later(self.moment(days), come)
            else:
                come()
            self.people.append((contact_id, told))
            if self.likely(0.3):
                changed = {"first_name": self.one_of(FIRST_NAMES), "tags": self.some_of(CONTACT_TAGS, 3)}
                self.world.later(self.moment(days + 2), self._if_known(contact_id, changed))

    def _if_known(self, contact_id: str, values: dict[str, Any]) -> Callable[[], object]:
        return lambda: contact_id in self.world.contacts and self.world.contact(contact_id, **values)

    def _phones(self, number: int) -> tuple[str | None, str | None, str]:
        """Phone, canonical phone, and the number that WhatsApp tells: that of either, or of none."""
        line = f"{55_0000_0000 + self.chance.randrange(10_000) * 10_000 + number}"
        kind = number % 12
        if kind == 0:
            return f"+52 1 {line[:2]} {line[2:6]}-{line[6:]}", f"+52{line}", f"521{line}"
        if kind == 1:
            return f"+52 {line[:2]} {line[2:6]} {line[6:]}", f"521{line}", f"521{line}"
        if kind == 2:
            return f"(+33) {line[:9]}", None, f"33{line[:9]}{number % 10}"
        if kind == 3 and number > 8:
            return None, None, f"34{line}"
        return f"+34{line}", self.one_of([f"+34{line}", None]), f"34{line}"

    def lose_contacts(self, days: float) -> None:
        """Some contacts are shown no more, of whom one comes back."""
        for number, (contact_id, _) in enumerate(self.chance.sample(self.people, len(self.people) // 8)):
            at, kept = self.moment(days), list[Row]()
            self.world.later(at, partial(self._lose_contact, contact_id, kept))
            if number == 0:
                self.world.later(at + timedelta(days=2), partial(self._find_contact, kept))

    def _lose_contact(self, contact_id: str, kept: list[Row]) -> None:
        if row := self.world.contacts.pop(contact_id, None):
            kept.append(row)

    def _find_contact(self, kept: list[Row]) -> None:
        self.world.contacts.update({row["id"]: row for row in kept})

    # --- conversations ---

    def converse(self, days: float, vanishing: float) -> None:
        """One conversation: how it begins, what is said, what becomes of it."""
        contact_id, number = self.one_of(self.people)
        source, message_source, by_agent = self.one_of(BEGINNINGS)
        start = self.moment(days)
        said_at = start + timedelta(seconds=self.one_of([0, -0.7, -2, 0.4, 3]))
        if message_source != "INBOUND" and self.likely(0.4):
            # the customer is first, which only WhatsApp tells: such a first message can be a first response
            said_at = start + timedelta(seconds=self.chance.uniform(60, 3_000))
            self._tell_later(start + timedelta(seconds=10), self.new_message_id(), number, None, "text")
        begun = _Beginning(
            self.new_id(), contact_id, number, start, self.new_message_id(), message_source, by_agent, said_at
        )
        self.world.later(start, partial(self._open, begun, source))
        if message_source != NOTHING_SAID:
            self.world.later(max(start, said_at), partial(self._begin, begun))
        at = start + timedelta(seconds=5)
        for _ in range(self.chance.randint(0, 9)):
            at += timedelta(seconds=self.chance.expovariate(1 / self.one_of([20, 600, 10_000])))
            self._say(number, at)
        self._live(begun)
        if self.likely(vanishing):
            self._vanish(begun)

    def _open(self, begun: _Beginning, source: str) -> None:
        self.world.conversation(
            begun.conversation_id,
            begun.contact_id,
            status=self.one_of(["CREATED", "NEW", "FLOW"]),
            source=source,
            assigned=[self.colleague()] if begun.by_agent else [],
            tags=self.some_of(TAGS, 2),
            created_on=self._offset(begun.start),
            assigned_team=self.one_of([None, 3, 14]),
            channel=self.one_of([None, 1, 2]),
        )

    def _begin(self, begun: _Beginning) -> None:
        """The first message: at times not told by WhatsApp."""
        inbound = begun.source == "INBOUND"
        kind = self.one_of(["text"] * 8 + ["image", "reaction", "system"]) if inbound else "template"
        sent_by = self.colleague() if begun.by_agent else None
        is_sent = inbound or sum(begun.message_id.encode()) % 3 > 0
        first = self.world.message(
            begun.message_id, begun.source, sent_by=sent_by, at=begun.said_at, msg_type=kind, is_sent=is_sent
        )
        self.world.begin_with(begun.conversation_id, first)
        if self.likely(0.9):
            self._tell(begun.message_id, begun.number, None if inbound else "sent", at=begun.said_at, type=kind)

    def _offset(self, at: datetime) -> str:
        """An instant as text, at times with another offset than UTC."""
        if self.likely(0.2):
            hours = self.one_of([-6, 2])
            return f"{(at + timedelta(hours=hours)).isoformat().removesuffix('+00:00')}{hours:+03d}:00"
        return spelled(at)

    def _live(self, begun: _Beginning) -> None:
        """Statuses, assignees, tags, what becomes of the first message, surveys: until some days after the start."""
        conversation_id, moments = begun.conversation_id, self._moments(begun.start)
        first_status = self.one_of(["read", "read", "delivered", "failed", "undelivered", "deleted"])
        self.world.later(next(moments), partial(self._first_message_becomes, begun, first_status))
        for _ in range(self.chance.randint(0, 3)):
            self._change(next(moments), conversation_id, status=self.one_of(STATUSES_OF_LIFE))
        for _ in range(self.one_of([0, 1, 1, 1, 2, 3])):
            self.world.later(next(moments), partial(self._assign, conversation_id))
        if self.likely(0.3):
            self._change(next(moments), conversation_id, tags=self.some_of(TAGS, 3))
        for _ in range(self.one_of([0, 1, 1, 1, 1, 2, 3])):
            closing = self.one_of([["RESOLVED"], ["CLOSED"], ["RESOLVED", "CLOSED"]])
            for status in closing:
                self._change(next(moments), conversation_id, status=status)
            if self.likely(0.5):
                self.world.later(next(moments), partial(self._survey, begun.contact_id))
            if self.likely(0.3):
                self._change(next(moments), conversation_id, status=self.one_of(["NEW", "IN_PROGRESS"]))

    def _moments(self, start: datetime) -> Iterator[datetime]:
        at = start
        pace = self.one_of([30, 600, 7_200, 40_000])
        while True:
            at += timedelta(seconds=3 + self.chance.expovariate(1 / pace))
            yield at

    def _change(self, at: datetime, conversation_id: str, **values: Any) -> None:
        self.world.later(at, partial(self.world.change, conversation_id, **values))

    def _assign(self, conversation_id: str) -> None:
        assigned = [self.colleague() for _ in range(self.one_of([0, 1, 1, 1, 2, 3]))]
        self.world.change(conversation_id, assigned=assigned, assigned_team=self.one_of([None, 3, 14]))

    def _first_message_becomes(self, begun: _Beginning, status: str) -> None:
        outbound = begun.source != "INBOUND"
        row = self.world.conversations.get(begun.conversation_id)
        if not row or not row["first_message"] or not (outbound or status == "deleted"):
            return
        self.world.change_first_message(begun.conversation_id, status=status, provider_id=begun.message_id)
        if status in ("read", "delivered", "failed") and self.likely(0.8):
            self._tell(begun.message_id, begun.number, status, at=self.world.now)

    def _survey(self, contact_id: str) -> None:
        self.world.flow(
            self.new_id(),
            contact_id,
            trigger_type=self.one_of(TRIGGERS),
            status=self.one_of(FLOW_STATUSES),
            is_test=self.likely(0.1),
            **({"flow": None} if self.likely(0.05) else {}),
        )

    def _vanish(self, begun: _Beginning) -> None:
        """The list ceases to show it; at times it is back later."""
        at, kept = begun.start + timedelta(hours=self.chance.uniform(0.1, 60)), list[Row | None]()
        self.world.later(at, lambda: kept.append(self.world.vanish(begun.conversation_id)))
        if self.likely(0.5):
            back = at + timedelta(hours=self.chance.uniform(1, 60))
            self.world.later(back, partial(self._show_again, kept))

    def _show_again(self, kept: list[Row | None]) -> None:
        for row in filter(None, kept):
            self.world.show_again(row)

    # --- messages ---

    def _say(self, number: str, at: datetime) -> None:
        """One message of either side; WhatsApp tells of an outbound one by its statuses, not by each of them."""
        message_id = self.new_message_id()
        if self.likely(0.45):
            kind = self.one_of(["text"] * 8 + ["image", "audio", "reaction", "system", "unsupported"])
            self._tell_later(at, message_id, number, None, kind)
            return
        path = self.one_of(
            [
                *[("sent", "delivered", "read")] * 3,
                ("sent", "delivered"),
                ("sent", "read"),
                ("delivered", "read"),
                ("sent",),
                ("read",),
                ("sent", "failed"),
                ("failed",),
            ]
        )
        for status in path:
            self._tell_later(at, message_id, number, status, "text")
            at += timedelta(seconds=self.one_of([0, 0.4, 2, 900, 100_000]))

    def _tell_later(self, at: datetime, message_id: str, number: str, status: str | None, kind: str) -> None:
        self.world.later(at, partial(self._tell, message_id, number, status, type=kind, at=at))

    def _tell(self, message_id: str, number: str, status: str | None, *, at: datetime, type: str = "text") -> None:
        if at >= self.archived_from:
            self.world.tell(message_id, digits(number), status, at=at, type=type, name="Ana 👩🏽‍🚀")

    def hear_strangers(self, days: float, count: int) -> None:
        """Numbers that nobody knows, and known ones before anything began."""
        for _ in range(count):
            number = self.one_of(["4915100000000", self.one_of(self.people)[1]])
            self._say(number, self.moment(days))
