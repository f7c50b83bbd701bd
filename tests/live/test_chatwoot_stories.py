"""Stories of Chatwoot with their figures written down by hand, with reporting events and without."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.http.client import Client
from ingestion.sources import live
from tests.comparison import Marts
from tests.live.chatwoot import HEADERS, TOKEN, World
from tests.live.server import serve
from tests.live.test_chatwoot import Installation

MINUTE, HOUR, DAY = 60, 3600, 86_400
Tell = Callable[[World], Marts]


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    world = World(with_events=getattr(request, "param", True))
    world.agent("Ana")
    return world


with_events_and_without = pytest.mark.parametrize("world", [True, False], indirect=True, ids=["with", "without"])


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """The marts of what happened in a world, read at once."""
    monkeypatch.setenv("CHATWOOT_TOKEN", TOKEN)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))

    def read(world: World) -> Marts:
        world.now += 1
        monkeypatch.setattr(live, "now", lambda: datetime.fromtimestamp(world.now, UTC))
        with serve(world.answer_to, HEADERS) as server:
            installation = Installation(world, server, tmp_path, complete_every_hours=0)
            assert not installation.pull(also_exported=False).refusals
            return installation.marts()

    return read


def only(marts: Marts) -> dict[str, Any]:
    (row,) = marts["details"]
    return row


@with_events_and_without
def test_a_resolution_is_when_it_happened_and_not_the_last_edit(world: World, tell: Tell) -> None:
    one = world.conversation(world.contact())
    world.now += 20 * MINUTE
    world.becomes(one, "resolved")
    world.now += 10 * MINUTE
    world.label(one, ["late"])
    row = only(tell(world))
    assert (row["duration_seconds"], row["status"], row["is_closed"]) == (1200, "closed", True)


@with_events_and_without
def test_a_bot_hands_over(world: World, tell: Tell) -> None:
    one = world.conversation(world.contact(), "pending")
    world.incoming(one)
    began = world.now
    world.bot_says(one)
    world.now = began + 20
    world.becomes(one, "open", "Bot")
    world.now = began + 62
    world.reply(one, 1)
    row = only(tell(world))
    assert row["first_response_seconds"] == 42
    assert (row["reopens"], row["messages_human"], row["source"]) == (0, 1, "inbound")


@with_events_and_without
def test_a_reopening_begins_the_wait_anew(world: World, tell: Tell) -> None:
    one = world.conversation(world.contact())
    world.incoming(one)
    world.now += 5 * MINUTE
    world.bot_says(one)
    world.becomes(one, "resolved", "Bot")
    world.now += 5 * DAY
    world.becomes(one, "open", "Ana")
    world.now += 10 * MINUTE
    world.reply(one, 1)
    row = only(tell(world))
    assert (row["first_response_seconds"], row["reopens"], row["closed_at"]) == (600, 1, None)


@with_events_and_without
def test_what_follows_a_snooze_or_pending_is_no_reopening(world: World, tell: Tell) -> None:
    one = world.conversation(world.contact())
    for status in ("resolved", "snoozed", "open", "resolved", "pending", "open", "resolved", "open"):
        world.now += HOUR
        world.becomes(one, status)
    assert only(tell(world))["reopens"] == 1


def test_nothing_but_a_human_answers(world: World, tell: Tell) -> None:
    one = world.conversation(world.contact())
    world.incoming(one)
    for minute, say in enumerate(
        [
            lambda: world.campaign_says(one, 1),
            lambda: world.rule_says(one),
            lambda: world.greeting(one),
            lambda: world.bot_says(one),
            lambda: world.reply(one, 1, private=True),
            lambda: world.reply(one, 1, status="failed"),
        ]
    ):
        world.now += minute
        say()
    row = only(tell(world))
    assert (row["is_answered"], row["messages_human"], row["messages_outbound"]) == (False, 0, 4)
    assert row["messages_failed"] == 1


@pytest.mark.parametrize(
    ("opening", "source", "raw"),
    [
        (lambda world, one: world.incoming(one), "inbound", "INBOUND"),
        (lambda world, one: world.reply(one, 1), "inbox", "INBOX"),
        (lambda world, one: world.bot_says(one), "flow", "FLOW"),
        (lambda world, one: world.campaign_says(one, 1), "other", "BROADCAST"),
        (lambda world, one: world.rule_says(one), "other", "AUTO_RESPONSE"),
        (lambda world, one: world.greeting(one), "other", "AUTO_RESPONSE"),
        (lambda world, one: world.reply(one, 1, private=True), "inbound", "INBOUND"),
    ],
    ids=["customer", "agent", "bot", "campaign", "rule", "greeting", "a note is none"],
)
def test_who_wrote_first_opened_it(
    world: World, tell: Tell, opening: Callable[[World, int], object], source: str, raw: str
) -> None:
    one = world.conversation(world.contact())
    opening(world, one)
    world.now += 1
    world.incoming(one)
    row = only(tell(world))
    assert (row["source"], row["source_raw"]) == (source, raw)


def test_the_latest_answer_to_a_survey_counts(world: World, tell: Tell) -> None:
    one = world.conversation(world.contact())
    survey, unanswered = world.survey(one), world.survey(one)
    world.now += MINUTE
    world.answer(survey, 2, "no")
    world.now += MINUTE
    world.answer(survey, 5, "yes after all")
    assert unanswered
    marts = tell(world)
    row = only(marts)
    assert (row["rating"], row["rating_comment"], row["is_surveyed"]) == (5, "yes after all", True)
    (day,) = (day for day in marts["overview"] if day["grain"] == "day")
    assert (day["surveys"], day["ratings"], day["csat_percent"]) == (1, 1, 100)


def test_contacts_that_no_list_shows_are_known_too(world: World, tell: Tell) -> None:
    hidden = world.contact("Nobody's", None)
    world.contact_is(hidden, "Nobody's", ["gold"])
    world.incoming(world.conversation(hidden))
    row = only(tell(world))
    assert (row["contact_name"], row["contact_tags"], row["contact_phone"]) == ("Nobody's", ["gold"], None)


def test_each_label_counts(world: World, tell: Tell) -> None:
    for labels in (["bug"], ["bug", "feature"], ["feature"]):
        world.label(world.conversation(world.contact()), labels)
    tags = {row["tag"]: row["conversations"] for row in tell(world)["by_tag"] if row["grain"] == "day"}
    assert tags == {"bug": 2, "feature": 2}
