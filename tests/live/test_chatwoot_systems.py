"""What installations of Chatwoot do that no description of the API says: each kind with figures worked out by hand.

Here: late and imported messages, people of several kinds, deletions, changes that are reported twice, words of other
languages, and records that cannot be read. Not here: lives by chance (`test_chatwoot_life`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.live.chatwoot import ACTIVITIES, Api, World, random_world
from tests.live.chatwoot_api import CONVERSATIONS_A_PAGE
from tests.live.reading import Home

pytestmark = pytest.mark.systems

PORTUGUESE = ACTIVITIES | {
    "resolved": "Conversa foi marcada como resolvida por {name}",
    "system_open": "O sistema reabriu a conversa devido a uma nova mensagem recebida.",
}


# messages


def talk(world: World, conversation: int, messages: int) -> None:
    for _ in range(messages):
        world.wait(seconds=30)
        world.writes(conversation)


@pytest.mark.parametrize(
    ("count", "requests"),
    [
        *((0, 1), (19, 1), (20, 4), (1000, 4)),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in ((21, 2), (99, 2), (100, 4), (999, 2), (2600, 10))),
    ],
)
def test_what_the_messages_of_a_conversation_cost(home: Home, count: int, requests: int) -> None:
    """Fewer than twenty cost one request, and up to a thousand two, but for full pages, which may not be all."""
    world = World()
    conversation = world.conversation(world.contact())
    talk(world, conversation, count)
    home.serve(world)
    home.run()
    assert len(home.server.asked("/messages")) <= requests
    assert home.details()["1"]["messages"] == count


@pytest.mark.parametrize(
    ("before", "late", "after", "complete"),
    [
        (25, 1, 30, False),
        (0, 1300, 30, True),
        *(
            pytest.param(*sizes, complete, marks=pytest.mark.slow)
            for sizes in ((25, 1, 30), (10, 37, 0), (1030, 25, 60), (0, 1300, 30))
            for complete in (True, False)
            if (sizes, complete) not in (((25, 1, 30), False), ((0, 1300, 30), True))
        ),
    ],
)
def test_a_message_whose_time_is_not_in_the_order_of_its_id_is_not_missed(
    home: Home, before: int, late: int, after: int, complete: bool
) -> None:
    """The later ids have the earlier times, as of an import; in an incremental reading, after it read all before."""
    world = World()
    world.wait(days=3)
    conversation = world.conversation(world.contact())
    talk(world, conversation, before)
    home.serve(world)
    home.run()
    for number in range(late):
        world.writes(conversation, at=world.start + timedelta(seconds=number))
    talk(world, conversation, after)
    world.writes(conversation)
    report = home.run(complete=complete)
    assert not report.refusals and not report.warnings
    assert home.details()["1"]["messages"] == before + late + after + 1


def test_a_late_message_while_its_pages_are_read_is_not_missed_by_the_next_reading(home: Home) -> None:
    world = World()
    conversation = world.conversation(world.contact())
    talk(world, conversation, 50)
    home.serve(world)
    home.run()
    world.writes(conversation, at=world.start)
    home.run(complete=False)
    assert home.details()["1"]["messages"] == 51


@pytest.mark.parametrize("entity", ["conversations", "contacts"])
def test_a_list_that_is_shorter_than_it_says_is_said(home: Home, entity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for number in range(27):
        world.writes(world.conversation(world.contact(email=f"c{number}@example.com")))
    hidden = world.records.contacts if entity == "contacts" else world.records.conversations
    hide(monkeypatch, entity, max(hidden))
    home.serve(world)
    report = home.run()
    (shortfall,) = (line for line in report.warnings if "says that it has" in line)
    assert f"the list of {entity} says that it has 27, but shows only 26" in shortfall
    assert any("nothing counts as deleted by this reading" in line for line in report.warnings)


def hide(monkeypatch: pytest.MonkeyPatch, entity: str, number: int) -> None:
    """Have a list of the server leave out a row that it counts."""
    found = getattr(Api, entity)

    def shown(api: Any, query: Any) -> Any:
        answer = found(api, query)
        rows = answer.get("data", answer)
        rows["payload"] = [row for row in rows["payload"] if row["id"] != number]
        return answer

    monkeypatch.setattr(Api, entity, shown)


# people


def test_a_bot_is_not_the_agent_of_the_same_number(home: Home) -> None:
    world = World()
    agent, bot, contact = world.agent("Ana"), world.bot("Robo"), world.contact()
    assert agent == bot == contact
    of_bot, of_agent = world.conversation(contact), world.conversation(contact)
    for conversation in (of_bot, of_agent):
        world.writes(conversation)
        world.wait(minutes=1)
    world.assign_bot(of_bot, bot)
    world.bot_says(of_bot, bot)
    world.assign(of_agent, agent)
    world.replies(of_agent, agent)
    home.serve(world)
    home.run()
    marts = home.marts()
    assert {row["conversation_id"]: row["agent_id"] for row in marts["details"]} == {"1": None, "2": "1"}
    assert [row["conversations"] for row in marts["by_agent"] if row["agent_id"] == "1" and row["grain"] == "day"] == [
        1
    ]
    assert home.unlike_an_export() == ""


def answered(world: World) -> tuple[int, int, int]:
    """An agent, a bot and a conversation that both answered; the agent has it."""
    agent, bot = world.agent("Bea"), world.bot()
    world.agent("Ana")
    conversation = world.conversation(world.contact())
    world.writes(conversation)
    world.wait(minutes=1)
    world.bot_says(conversation, bot)
    world.wait(minutes=1)
    world.assign(conversation, agent)
    world.replies(conversation, agent)
    return agent, bot, conversation


def nothing(world: World, conversation: int) -> None:
    pass


def closed(world: World, conversation: int) -> None:
    world.resolve(conversation)


def written(world: World, conversation: int) -> None:
    world.writes(conversation)


def read_by_the_customer(world: World, conversation: int) -> None:
    for message in world.records.messages_of(conversation):
        world.mark(message.id, "read")


@pytest.mark.parametrize(
    "meanwhile",
    [closed, *(pytest.param(act, marks=pytest.mark.slow) for act in (nothing, written, read_by_the_customer))],
)
def test_what_was_known_of_who_was_deleted_stays_known(home: Home, meanwhile: Callable[[World, int], None]) -> None:
    world = World()
    agent, bot, conversation = answered(world)
    home.serve(world)
    home.run()
    before = home.details()["1"]
    world.wait(hours=1)
    world.delete_agent(agent)
    world.delete_bot(bot)
    meanwhile(world, conversation)
    home.run()
    after = home.details()["1"]
    who = ("agent_id", "agent_name", "first_responder_id", "is_answered", "first_response_seconds", "source")
    assert {name: after[name] for name in who} == {name: before[name] for name in who}
    assert (after["agent_id"], after["first_response_seconds"]) == ("1", 120)
    assert home.unlike_an_export() == ""


def test_an_incremental_reading_keeps_who_was_deleted_too(home: Home) -> None:
    """She is gone before one reading, which does not see the conversation; the next sees it, the last reads it all."""
    world = World()
    agent, _, conversation = answered(world)
    home.serve(world)
    home.run()
    world.wait(hours=1)
    world.delete_agent(agent)
    home.run(complete=False)
    assert home.details()["1"]["agent_id"] == "1"
    world.wait(hours=1)
    world.writes(conversation)
    home.run(complete=False)
    assert home.details()["1"]["agent_id"] == "1"
    home.run()
    row = home.details()["1"]
    assert (row["agent_id"], row["first_responder_id"]) == ("1", "1")


def test_who_was_unassigned_before_she_was_deleted_does_not_have_it(home: Home) -> None:
    world = World()
    agent, _, conversation = answered(world)
    home.serve(world)
    home.run()
    world.wait(hours=1)
    world.assign(conversation, None)
    world.wait(hours=1)
    world.delete_agent(agent)
    home.run()
    row = home.details()["1"]
    assert (row["agent_id"], row["first_responder_id"]) == (None, "1")
    assert home.unlike_an_export() == ""


def test_who_was_deleted_before_anything_was_read_is_not_known(home: Home) -> None:
    world = World()
    agent, _, _ = answered(world)
    world.delete_agent(agent)
    home.serve(world)
    home.run()
    home.run()
    row = home.details()["1"]
    assert (row["agent_id"], row["first_responder_id"], row["is_answered"]) == (None, None, None)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [4, 7])
def test_agents_are_deleted_in_a_life_by_chance(home: Home, seed: int) -> None:
    world = random_world(seed)
    home.serve(world, events=True)
    for day in world.days:
        world.advance_to(day)
        home.run()
        if len(world.records.agents) > 2:
            world.delete_agent(max(world.records.agents))
    assert home.unlike_an_export(events=True) == ""


# changes


@pytest.mark.parametrize("minutes", [45, *(pytest.param(few, marks=pytest.mark.slow) for few in (0, 2))])
def test_activities_of_a_busy_queue_change_nothing_where_there_are_events(home: Home, minutes: int) -> None:
    world = World(delay=timedelta(minutes=minutes))
    conversation, agent = world.conversation(world.contact()), world.agent()
    world.writes(conversation)
    for _ in range(2):
        world.wait(hours=3)
        world.replies(conversation, agent)
        world.resolve(conversation)
        world.wait(hours=3)
        world.writes(conversation)
    world.wait(hours=3)
    world.resolve(conversation)
    world.wait(hours=1)
    home.serve(world, events=True)
    home.run()
    row = home.details()["1"]
    assert (row["reopens"], row["duration_seconds"]) == (2, 15 * 3600)


def test_activities_count_before_the_first_event_and_where_events_cannot_be_read(home: Home) -> None:
    """The installation was updated after the first was resolved; the events of the second cannot be read."""
    world = World(delay=timedelta(minutes=5))
    found = [world.conversation(world.contact()) for _ in range(3)]
    for conversation in found:
        world.wait(hours=1)
        world.resolve(conversation)
    world.wait(hours=1)
    first, second, _ = found
    world.records.conversations[first].changes.clear()  # there were no events yet
    home.serve(world, events=True)
    home.broken = f"/conversations/{second}/reporting_events"
    report = home.run()
    hours = {number: row["duration_seconds"] / 3600 for number, row in home.details().items()}
    assert hours == {"1": 1 + 1 / 12, "2": 2 + 1 / 12, "3": 3}
    assert any(
        f"messages are used instead, and the next reading asks for them again; conversation {second}: GET" in line
        for line in report.warnings
    )
    home.broken = None
    assert not home.run(complete=False).warnings
    assert home.details()["2"]["duration_seconds"] == 2 * 3600


def test_the_attributes_of_an_activity_need_no_words(home: Home) -> None:
    world = World(activities=PORTUGUESE, says_status=True)
    conversation, agent = world.conversation(world.contact()), world.agent()
    world.writes(conversation)
    world.wait(minutes=5)
    world.resolve(conversation)
    world.wait(days=1)
    world.writes(conversation)
    world.wait(minutes=10)
    world.replies(conversation, agent)
    world.wait(minutes=5)
    world.resolve(conversation)
    home.serve(world)
    assert not home.run().warnings
    row = home.details()["1"]
    assert (row["reopens"], row["first_response_seconds"], row["duration_seconds"]) == (1, 600, 86_400 + 20 * 60)


@pytest.mark.parametrize("known", [False, True])
def test_closings_in_unknown_words_are_said(home: Home, known: bool) -> None:
    world = World(activities=PORTUGUESE)
    for _ in range(3):
        conversation = world.conversation(world.contact())
        world.writes(conversation)
        world.wait(hours=1)
        world.resolve(conversation)
    world.writes(world.conversation(world.contact()))
    home.serve(world)
    texts = {"resolved": ["Conversa foi marcada como resolvida por *"]}
    report = home.run(**({"activities": texts} if known else {}))
    said = [line for line in report.warnings if "[sources.activities]" in line]
    assert [line.split()[1] for line in said] == ([] if known else ["3"])
    assert [row["duration_seconds"] for row in home.details().values()].count(3600) == (3 if known else 0)


def test_a_reaction_is_no_message(home: Home) -> None:
    world = World()
    conversation = world.conversation(world.contact())
    world.writes(conversation)
    world.wait(minutes=1)
    world.writes(conversation, reaction=True)
    home.serve(world)
    home.run()
    assert home.details()["1"]["messages"] == 1
    assert home.unlike_an_export() == ""


# what cannot be read


def three(world: World) -> tuple[int, ...]:
    found = []
    for _ in range(3):
        found.append(world.conversation(world.contact()))
        world.writes(found[-1])
        world.wait(minutes=1)
    return tuple(found)


@pytest.mark.parametrize("complete", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_conversation_that_cannot_be_read_costs_itself_alone(home: Home, complete: bool) -> None:
    world = World()
    first, second, third = three(world)
    home.serve(world)
    home.run()
    world.wait(hours=1)
    fourth = world.conversation(world.contact())
    for conversation in (first, second, fourth):
        world.wait(seconds=1)
        world.writes(conversation)
    world.delete_conversation(third)
    home.broken = f"/conversations/({second}|{fourth})/messages"
    report = home.run(complete=complete)
    assert not report.refusals and not report.failure
    (said,) = report.warnings
    assert "conversations that could not be read: 2; they keep their last known state" in said
    assert all(f"; conversation {number}: GET" in said for number in (second, fourth))
    rows = home.details()
    there = {"1": 2, "2": 1} if complete else {"1": 2, "2": 1, "3": 1}
    assert {number: row["messages"] for number, row in rows.items()} == there
    home.world.wait(hours=1)
    home.run(complete=False)
    assert not home.server.asked(f"/conversations/{first}/"), "the cursor has moved on"
    assert home.server.asked(f"/conversations/{second}/messages")
    assert home.server.asked(f"/conversations/{fourth}/messages")
    home.broken = None
    assert not home.run(complete=False).warnings
    assert {number: row["messages"] for number, row in home.details().items()} == there | {"2": 2, "4": 1}
    home.run(complete=False)
    assert not home.server.asked(f"/conversations/{second}"), "it is no longer asked for"


def test_a_conversation_that_could_not_be_read_is_asked_for_by_its_id_where_the_list_does_not_reach_it(
    home: Home,
) -> None:
    world = World()
    _, second, _ = three(world)
    home.serve(world)
    home.broken = f"/conversations/{second}/messages"
    home.run()
    world.wait(hours=1)
    for _ in range(2 * CONVERSATIONS_A_PAGE):  # newer ones fill two pages, and of the second a reading sees the end
        newest = world.conversation(world.contact())
        world.writes(newest)
    world.wait(minutes=1)
    world.writes(newest)
    home.run()
    world.wait(hours=1)
    home.broken = None
    assert not home.run(complete=False).warnings
    assert home.server.asked(f"/conversations/{second}$")
    assert home.details()[str(second)]["messages"] == 1


def test_a_conversation_that_could_not_be_read_and_is_gone_is_not_asked_for_for_ever(home: Home) -> None:
    world = World()
    _, second, _ = three(world)
    home.serve(world)
    home.broken = f"/conversations/{second}/messages"
    home.run()
    world.delete_conversation(second)
    assert not home.run(complete=False).warnings
    home.run(complete=False)
    assert not home.server.asked(f"/conversations/{second}")


def test_labels_that_cannot_be_read_stay_as_they_were_known(home: Home) -> None:
    world = World()
    contacts = [world.contact(labels=["vip"], email=f"c{number}@example.com") for number in range(3)]
    for contact in contacts:
        world.writes(world.conversation(contact))
    home.serve(world)
    home.run()
    for contact in contacts:
        world.change_contact(contact, labels=["gold"])
    home.broken = f"/contacts/{contacts[1]}/labels"
    report = home.run()
    assert any(f"; contact {contacts[1]}: GET" in line for line in report.warnings)
    tags = [row["contact_tags"] for _, row in sorted(home.details().items())]
    assert [list(found) if not isinstance(found, str) else [found] for found in tags] == [["gold"], ["vip"], ["gold"]]
    home.broken = None
    assert not home.run(complete=False).warnings
    assert home.server.asked(f"/contacts/{contacts[1]}/labels")


@pytest.mark.parametrize(("conversations", "failing", "fails"), [(3, 3, True), (30, 10, False), (30, 11, True)])
def test_when_it_is_the_system_that_fails(home: Home, conversations: int, failing: int, fails: bool) -> None:
    world = World()
    found = [world.conversation(world.contact()) for _ in range(conversations)]
    for conversation in found:
        world.writes(conversation)
    home.serve(world)
    step = conversations // failing
    home.broken = f"/conversations/({'|'.join(map(str, found[::step][:failing]))})/messages"
    report = home.run()
    assert bool(report.failure) == fails
    if not fails:
        assert len(home.details()) == conversations - failing


def test_what_failed_before_a_reading_ended_early_is_asked_for_again_when_it_is_continued(home: Home) -> None:
    world = World()
    _, second, _ = three(world)
    home.serve(world)
    home.broken = f"/conversations/{second}/messages|/csat_survey_responses"
    assert home.run().failure
    home.broken = None
    report = home.run()
    assert not report.failure and not report.warnings
    assert len(home.details()) == 3
