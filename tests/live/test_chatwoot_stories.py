"""Stories of Chatwoot with their figures written down by hand, with reporting events and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.comparison import Marts
from tests.live.chatwoot import World
from tests.live.reading import Home

pytestmark = pytest.mark.systems

Tell = Callable[[World], Marts]


@pytest.fixture
def world() -> World:
    """With an agent, a bot and a customer, who are the first of theirs."""
    world = World()
    world.agent("Ana")
    world.bot()
    world.contact(phone="+33 6 12 34 56 78")
    return world


@pytest.fixture(params=[True, False], ids=["with", "without"])
def tell(home: Home, request: pytest.FixtureRequest) -> Tell:
    """The marts of what happened in a world, read at once, with events and without."""

    def read(world: World) -> Marts:
        home.serve(world, events=request.param)
        assert not home.run().refusals
        return home.marts()

    return read


with_events = pytest.mark.parametrize("tell", [True], indirect=True, ids=["with"])


def only(marts: Marts) -> dict[str, Any]:
    (row,) = marts["details"]
    return row


def test_a_resolution_is_when_it_happened_and_not_the_last_edit(world: World, tell: Tell) -> None:
    one = world.conversation(1)
    world.wait(minutes=20).resolve(one)
    world.wait(minutes=10).label(one, "late")
    row = only(tell(world))
    assert (row["duration_seconds"], row["status"], row["is_closed"]) == (1200, "closed", True)


def test_a_bot_hands_over(world: World, tell: Tell) -> None:
    one = world.conversation(1, status="pending")
    world.writes(one)
    world.bot_says(one, 1)
    world.wait(seconds=20).hand_over(one, 1)
    world.wait(seconds=42).replies(one, 1)
    row = only(tell(world))
    assert row["first_response_seconds"] == 42
    assert (row["reopens"], row["messages_human"], row["source"]) == (0, 1, "inbound")


def test_a_reopening_begins_the_wait_anew(world: World, tell: Tell) -> None:
    one = world.conversation(1)
    world.writes(one)
    world.wait(minutes=5).bot_says(one, 1)
    world.resolve(one, "Robo")
    world.wait(days=5).open(one, "Ana")
    world.wait(minutes=10).replies(one, 1)
    row = only(tell(world))
    assert (row["first_response_seconds"], row["reopens"], row["closed_at"]) == (600, 1, None)


def test_what_follows_a_snooze_or_pending_is_no_reopening(world: World, tell: Tell) -> None:
    one = world.conversation(1)
    acts = (world.resolve, world.snooze, world.open, world.resolve, world.pend, world.open, world.resolve, world.open)
    for act in acts:
        world.wait(hours=1)
        act(one)
    assert only(tell(world))["reopens"] == 1


@with_events
def test_nothing_but_a_human_answers(world: World, tell: Tell) -> None:
    one = world.conversation(1)
    world.writes(one)
    world.campaign(one, 1)
    world.wait(seconds=1).automation(one, 1)
    world.wait(seconds=2).greeting(one)
    world.wait(seconds=3).bot_says(one, 1)
    world.wait(seconds=4).note(one, 1)
    world.wait(seconds=5).replies(one, 1, status="failed")
    row = only(tell(world))
    assert (row["is_answered"], row["messages_human"], row["messages_outbound"]) == (False, 0, 4)
    assert row["messages_failed"] == 1


OPENINGS: dict[str, tuple[Callable[[World, int], object], str]] = {
    "customer": (lambda world, one: world.writes(one), "inbound"),
    "agent": (lambda world, one: world.replies(one, 1), "inbox"),
    "bot": (lambda world, one: world.bot_says(one, 1), "flow"),
    "campaign": (lambda world, one: world.campaign(one, 1), "other"),
    "rule": (lambda world, one: world.automation(one, 1), "other"),
    "greeting": (lambda world, one: world.greeting(one), "other"),
    "a note is none": (lambda world, one: world.note(one, 1), "inbound"),
}
RAW = {"inbound": {"INBOUND"}, "inbox": {"INBOX"}, "flow": {"FLOW"}, "other": {"BROADCAST", "AUTO_RESPONSE"}}


@with_events
def test_who_wrote_first_opened_it(world: World, tell: Tell) -> None:
    opened = {}
    for name, (opening, _) in OPENINGS.items():
        opened[name] = str(one := world.conversation(1))
        opening(world, one)
        world.wait(seconds=1).writes(one)
    rows = {row["conversation_id"]: row for row in tell(world)["details"]}
    found = {name: rows[number] for name, number in opened.items()}
    assert {name: row["source"] for name, row in found.items()} == {name: of for name, (_, of) in OPENINGS.items()}
    assert (found["campaign"]["source_raw"], found["rule"]["source_raw"]) == ("BROADCAST", "AUTO_RESPONSE")
    assert all(row["source_raw"] in RAW[str(row["source"])] for row in found.values())


@with_events
def test_the_latest_answer_to_a_survey_counts(world: World, tell: Tell) -> None:
    one = world.conversation(1)
    survey, unanswered = world.survey(one), world.survey(one)
    world.wait(minutes=1).answer(survey, 2, "no")
    world.wait(minutes=1).answer(survey, 5, "yes after all")
    assert unanswered
    marts = tell(world)
    row = only(marts)
    assert (row["rating"], row["rating_comment"], row["is_surveyed"]) == (5, "yes after all", True)
    (day,) = (day for day in marts["overview"] if day["grain"] == "day")
    assert (day["surveys"], day["ratings"], day["csat_percent"]) == (1, 1, 100)


@with_events
def test_contacts_that_no_list_shows_are_known_too(world: World, tell: Tell) -> None:
    world.writes(world.conversation(world.contact("Nobody's", labels=["gold"])))
    row = only(tell(world))
    assert (row["contact_name"], row["contact_tags"], row["contact_phone"]) == ("Nobody's", ["gold"], None)


@with_events
def test_each_label_counts(world: World, tell: Tell) -> None:
    for labels in (["bug"], ["bug", "feature"], ["feature"]):
        world.label(world.conversation(1), *labels)
    tags = {row["tag"]: row["conversations"] for row in tell(world)["by_tag"] if row["grain"] == "day"}
    assert tags == {"bug": 2, "feature": 2}
