"""What happens by chance in a random world: a script of people, conversations and their steps, from a seed.

Here: who is there, when something happens, and which of the possible things. Not here: what follows from it
(`chatwoot_world`). Nothing is dealt out that `docs/live-systems.md` leaves open; such things are for worlds made by
hand. In one conversation the status changes once a second at the most, so that no order is left to chance.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from tests.live.chatwoot_world import AUTOMATION, START, Conversation, Status, World
from tests.live.server import Fault, Faults

NAMES = [
    "Ada",
    "Zoë Müller-Ødegård",
    "李雷",
    "O'Brien %s {x}",
    "  Ana  María ",
    "محمد",
    "👩‍🚒 Fire",
    "",
    None,
    "resolved",
]
AGENTS = ["Grace", "Bob (reopened by)", "Çelik, Ayşe", "open"]
LABELS = ["vip", "refund", "été", "resolved", "Refund", "naïve_label"]
TEXTS = [
    "Hello",
    "Conversation was marked resolved by Grace",
    "Conversation was reopened by Grace",
    "Zwei\nZeilen 🚲",
    "",
    None,
    '{"deleted": true}',
]
CHANNELS = ["Channel::Whatsapp", "Channel::Api", "Channel::WebWidget"]
GAPS = [1, 2, 20, 62, 300, 3_600, 7_200, 20_000, 90_000]
PLAIN_RESOLUTIONS = ["auto_resolved_days", "auto_resolved_hours", "auto_resolved_minutes", "contact_resolved"]
BOT_RESOLUTIONS = ["resolved", "bot_resolved", "bot_resolved_with_reason", "bot_resolved_by_tool"]
BOT_OPENINGS = ["open", "bot_open", "bot_open_with_reason", "bot_failed_open"]
OPEN_OFTEN: list[Status] = ["open"] * 7
LONG = [20, 40, 41, 65]
"""Messages of the first conversations, around the borders of pages of twenty."""


def random_world(
    seed: int,
    conversations: int = 30,
    *,
    days: int = 6,
    start: datetime = START,
    reopening: Literal["told", "as_chatwoot"] = "told",
) -> World:
    """A world with a life that `advance_to` brings about: for the same arguments the same, in whatever steps.

    `days` are those in which conversations begin; they go on for some days more.
    """
    world = World(start, reopening=reopening)
    _Story(world, random.Random(seed)).write(conversations, days)
    return world


def restless(world: World, seed: int, share: float = 0.3, most: int = 20) -> Faults:
    """For `serve(faults=...)`: between requests the world goes on by chance, a second and one thing a time.

    Conversations come, jump to the front, close, move silently and are deleted, contacts too; after `most` it is still.
    """
    rng = random.Random(seed)
    left = [most]

    def happen(target: str, number: int) -> Fault | None:
        records = world.records
        if rng.random() >= share or not left[0] or not records.conversations:
            return None
        left[0] -= 1
        world.wait(seconds=1)
        one = rng.choice(list(records.conversations.values()))
        what = rng.choice(
            ["writes"] * 4 + ["begins", "begins", "resolves", "labels", "is deleted", "loses its contact"]
        )
        if what == "writes":
            world.writes(one.id, "In between")
        elif what == "begins":
            world.writes(world.conversation(world.contact("New", phone=f"+4912345{left[0]:03d}")))
        elif what == "resolves" and one.status != "resolved":
            world.resolve(one.id)
        elif what == "labels":
            world.label(one.id, rng.choice(LABELS), by=None)
        elif what == "is deleted":
            world.delete_conversation(one.id)
        elif what == "loses its contact" and len(records.conversations) > 5:
            world.delete_contact(one.contact)
        return None

    return happen


class _Story:
    def __init__(self, world: World, rng: random.Random) -> None:
        self.world = world
        self.rng = rng
        self.contacts: list[int] = []
        self.surveys: list[int] = []

    def write(self, conversations: int, days: int) -> None:
        """People first; then who begins when; then what befalls the account."""
        world, rng = self.world, self.rng
        for name in AGENTS:
            world.agent(name)
        self.bots = [world.bot("Robo"), world.bot("Captain")]
        self.teams = [world.team("support"), world.team("Équipe ventes")]
        self.inboxes = [1, world.inbox("Channel::Api"), world.inbox("Channel::WebWidget", bot=self.bots[0])]
        for _ in range(max(4, conversations * 2 // 3)):
            self.contacts.append(self._contact())
        end = days * 86_400
        begins = sorted(rng.sample(range(end - 3_600), conversations))
        for number, second in enumerate(begins):
            length = LONG[number] if number < len(LONG) and conversations > len(LONG) else 0
            self._at(second, partial(self._begin, length))
        for act in (self._rename, self._leave, self._new_agent, self._delete_contact, self._merge, self._lose):
            self._at(rng.randrange(end // 3, end), act)
        for _ in range(conversations // 2):
            self._at(rng.randrange(end // 4, end + 86_400), self._change_contact)
        for _ in range(1 + conversations // 15):
            self._at(rng.randrange(end // 3, end + 86_400), self._delete_conversation)
        world.days = [world.start + timedelta(days=day, hours=2) for day in range(1, days + 7)]

    def _at(self, second: int, act: Callable[[], object]) -> None:
        def happen() -> None:
            act()

        self.world.plan(self.world.start + timedelta(seconds=second), happen)

    def _contact(self) -> int:
        rng = self.rng
        who = rng.choice(["phone", "phone", "email", "identifier", "nobody"])
        return self.world.contact(
            rng.choice(NAMES),
            phone=f"+33{rng.randrange(10**8, 10**9)}" if who == "phone" else None,
            email=f"c{rng.randrange(10**6)}@example.com" if who == "email" else rng.choice([None, ""]),
            identifier=f"crm-{rng.randrange(10**6)}" if who == "identifier" else None,
            labels=rng.sample(LABELS, rng.choice([0, 0, 1, 2])),
        )

    # what befalls a conversation

    def _begin(self, length: int) -> None:
        world, rng = self.world, self.rng
        alive = [contact for contact in self.contacts if contact in world.records.contacts]
        inbox = rng.choice(self.inboxes)
        status: Status | None = rng.choice([*OPEN_OFTEN, "pending", "pending", "resolved"])
        if length or inbox in world.bot_of:
            status = "open" if length else None
        number = world.conversation(rng.choice(alive), inbox=inbox, status=status)
        first = rng.choice(["writes"] * 5 + ["replies", "campaign", "bot", "automation", "greeting", "note", "nothing"])
        if status == "resolved":
            first = "nothing"  # of somebody who is blocked
        self._say(number, first)
        if first in ("writes", "note", "campaign") and rng.random() < 0.3:
            self._say(number, rng.choice(["greeting", "automation"]))
        if length:
            self._talk_on(number, length)
        else:
            self._go_on(number, rng.choice([1, 3, 6, 9, 14]))

    def _talk_on(self, number: int, length: int) -> None:
        """Go on until there are so many messages, and no further: the border of a page stays where it is."""

        def speak() -> None:
            if number in self.world.records.conversations:
                self._say(number, self.rng.choice(["writes", "replies", "replies", "note"]))
                self._talk_on(number, length)

        if len(self.world.records.messages_of(number)) < length:
            self.world.plan(self.world.now + timedelta(seconds=self.rng.choice([0, 1, 20, 62, 300])), speak)

    def _go_on(self, number: int, steps: int) -> None:
        """Go on so many steps: each at another second, so that changes of the status are never at the same."""

        def step() -> None:
            one = self.world.records.conversations.get(number)
            if one is not None:
                self._step(one)
                self._go_on(number, steps - 1)

        if steps > 0:
            self.world.plan(self.world.now + timedelta(seconds=self.rng.choice(GAPS)), step)

    def _step(self, one: Conversation) -> None:
        """One thing of those that are possible as the conversation stands; the status changes once at the most."""
        rng = self.rng
        possible: dict[str, list[Callable[[Conversation], object]]] = {
            "open": [self._talk, self._talk, self._talk, self._care, self._resolve, self._resolve, self._rest],
            "pending": [self._with_bot, self._with_bot, self._leave_pending, self._leave_pending, self._talk],
            "snoozed": [self._wake, self._wake, self._care],
            "resolved": [self._come_back, self._come_back, self._rate, self._rate, self._late, self._care],
        }
        if rng.random() < 0.15:
            self._quiet(one)
        rng.choice(possible[one.status])(one)

    def _agent(self) -> int:
        return self.rng.choice(list(self.world.records.agents))

    def _agent_name(self) -> str:
        return self.world.records.agents[self._agent()].name

    def _say(self, number: int, what: str) -> None:
        """Somebody writes; two in the same second now and then."""
        world, rng = self.world, self.rng
        text = rng.choice(TEXTS)
        says: dict[str, Callable[[], object]] = {
            "writes": lambda: world.writes(number, text, rng.choice(["text", "text", "sticker"])),
            "replies": lambda: world.replies(
                number, self._agent(), text, status=rng.choice(["sent", "delivered", "read", "read", "failed"])
            ),
            "campaign": lambda: world.campaign(number, rng.choice([None, self._agent()])),
            "automation": lambda: world.automation(number, rng.choice([None, self._agent()])),
            "bot": lambda: world.bot_says(number, rng.choice(self.bots)),
            "greeting": lambda: world.greeting(number),
            "note": lambda: world.note(number, self._agent(), "Conversation was marked resolved by Grace"),
            "nothing": lambda: None,
        }
        says[what]()

    def _talk(self, one: Conversation) -> None:
        rng = self.rng
        for _ in range(rng.choice([1, 1, 2, 3])):
            self._say(one.id, rng.choice(["writes"] * 3 + ["replies"] * 4 + ["note", "automation", "bot", "campaign"]))

    def _care(self, one: Conversation) -> None:
        world, rng = self.world, self.rng
        what = rng.randrange(5)
        by = rng.choice([self._agent_name(), AUTOMATION])
        if what <= 1:
            world.assign(one.id, rng.choice([self._agent(), self._agent(), None]), by)
        elif what == 2:
            world.give_to_team(one.id, rng.choice([*self.teams, None]), by)
        else:
            world.label(one.id, *rng.sample(LABELS, rng.choice([0, 1, 1, 2])), by=by)

    def _resolve(self, one: Conversation) -> None:
        world, rng = self.world, self.rng
        how = rng.choice(["resolved"] * 4 + PLAIN_RESOLUTIONS)
        by = rng.choice([self._agent_name(), AUTOMATION])
        if how == "contact_resolved":
            by = (world.records.contacts[one.contact].name or "").capitalize()
        if rng.random() < 0.4:
            self._say(one.id, "replies")
        world.resolve(one.id, by, how, count=rng.choice([1, 7, 30]))
        if rng.random() < 0.6:
            self.surveys.append(world.survey(one.id))

    def _rest(self, one: Conversation) -> None:
        self.rng.choice([self.world.snooze, self.world.snooze, self.world.pend])(one.id, self._agent_name())

    def _with_bot(self, one: Conversation) -> None:
        self._say(one.id, "writes")
        self._say(one.id, "bot")

    def _leave_pending(self, one: Conversation) -> None:
        world, rng = self.world, self.rng
        bot = rng.choice(self.bots)
        what = rng.randrange(6)
        if what <= 2:
            world.hand_over(one.id, bot, rng.choice(BOT_OPENINGS))
        elif what == 3:
            self._say(one.id, "replies")
            world.open(one.id, how="reply_open")
        elif what == 4:
            world.resolve(one.id, world.records.bots[bot].name, rng.choice(BOT_RESOLUTIONS))
        else:
            world.snooze(one.id, self._agent_name())

    def _wake(self, one: Conversation) -> None:
        """Its time is over, which nothing tells; or somebody does it; or the customer writes."""
        world = self.world
        acts: list[Callable[[], object]] = [
            lambda: world.open(one.id, how=None),
            lambda: world.open(one.id, self._agent_name()),
            lambda: world.writes(one.id, "Anybody there?"),
            lambda: world.resolve(one.id, self._agent_name()),
        ]
        self.rng.choice(acts)()

    def _come_back(self, one: Conversation) -> None:
        world, rng = self.world, self.rng
        if rng.random() < 0.6:
            world.writes(one.id, "One thing more")
        elif rng.random() < 0.7:
            world.open(one.id, rng.choice([self._agent_name(), AUTOMATION]))
        else:
            world.pend(one.id, self._agent_name())

    def _rate(self, one: Conversation) -> None:
        """An answer to one of its surveys; the same may be answered again."""
        own = [survey for survey in self.surveys if survey in self.world.records.messages]
        own = [survey for survey in own if self.world.records.messages[survey].conversation == one.id]
        if own:
            comment = self.rng.choice([None, "", "Très bien", "never again 👎", "a;b\nc"])
            self.world.answer(self.rng.choice(own), self.rng.randint(1, 5), comment)

    def _late(self, one: Conversation) -> None:
        """What does not open a resolved conversation."""
        self._say(one.id, self.rng.choice(["note", "campaign", "automation", "replies"]))

    def _quiet(self, one: Conversation) -> None:
        """What does not move a conversation; the first message is never deleted, for then it is open who began."""
        world, rng = self.world, self.rng
        rows = world.records.messages_of(one.id)
        spoken = [row.id for row in rows if row.type in ("incoming", "outgoing")]
        began = next((row.id for row in rows if row.type != "activity" and not row.private), None)
        sent = [row.id for row in rows if row.type == "outgoing"]
        later = [number for number in spoken if number != began]
        what = rng.randrange(5)
        if what == 0 and sent:
            world.mark(rng.choice(sent), rng.choice(["delivered", "read", "failed"]))
        elif what in (1, 2) and later:
            (world.delete_message if what == 1 else world.lose_message)(rng.choice(later))
        elif what == 3:
            world.assign(one.id, rng.choice([self._agent(), None]), None)
        else:
            world.label(one.id, *rng.sample(LABELS, rng.choice([0, 1])), by=None)

    # what befalls the account

    def _rename(self) -> None:
        number = self._agent()
        self.world.records.agents[number].name = "Grace Hopper"

    def _leave(self) -> None:
        if len(self.world.records.agents) > 2:
            self.world.leave(self._agent())

    def _new_agent(self) -> None:
        self.world.agent("Linus")

    def _lose(self) -> None:
        """A contact of whom nothing is known any more, but for the conversations."""
        alive = [one for one in self.contacts if one in self.world.records.contacts]
        self.world.change_contact(self.rng.choice(alive), phone=None, email=None, identifier=None)

    def _delete_contact(self) -> None:
        alive = [one for one in self.contacts if one in self.world.records.contacts]
        if len(alive) > 3:
            self.world.delete_contact(self.rng.choice(alive))

    def _merge(self) -> None:
        alive = [one for one in self.contacts if one in self.world.records.contacts]
        kept, gone = self.rng.sample(alive, 2)
        if len(alive) > 3:
            self.world.merge_contacts(kept, gone)

    def _change_contact(self) -> None:
        alive = [one for one in self.contacts if one in self.world.records.contacts]
        number, rng = self.rng.choice(alive), self.rng
        if rng.random() < 0.5:
            self.world.change_contact(number, labels=rng.sample(LABELS, rng.choice([0, 1, 2])))
        else:
            self.world.change_contact(number, name=rng.choice(NAMES), email=f"n{number}@example.com")

    def _delete_conversation(self) -> None:
        if self.world.records.conversations:
            self.world.delete_conversation(self.rng.choice(list(self.world.records.conversations)))
