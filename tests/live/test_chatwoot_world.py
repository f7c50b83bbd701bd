"""The Chatwoot of the tests, held against hand-written figures: what is held against it must be able to rely on it."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import oracle
from tests.comparison import KEYS, differences
from tests.drops import write_config
from tests.live.chatwoot import START, TOKEN, Server, World, moving, random_world, restless, serve, to_export
from tests.warehouse import BUILD, build_marts, quarantine

ROOT = "/api/v1/accounts/1"


def get(server: Server, target: str, token: str | None = TOKEN) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    try:
        connection.request("GET", target, headers={"api_access_token": token} if token else {})
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def ask(server: Server, path: str) -> Any:
    status, _, body = get(server, ROOT + path)
    assert status == 200, (status, body)
    return json.loads(body)


def pages(server: Server, path: str) -> Iterator[list[dict[str, Any]]]:
    """The pages of a list, up to the empty one."""
    number = 1
    while True:
        answer = ask(server, f"{path}{'&' if '?' in path else '?'}page={number}")
        rows = (
            answer if isinstance(answer, list) else answer["data"]["payload"] if "data" in answer else answer["payload"]
        )
        if not rows:
            return
        yield rows
        number += 1


def all_messages(server: Server, conversation: int) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    before = ""
    while rows := ask(server, f"/conversations/{conversation}/messages{before}")["payload"]:
        found.append(rows)
        before = f"?before={min(row['id'] for row in rows)}"
    return found


def ids(rows: list[list[dict[str, Any]]]) -> list[int]:
    return [row["id"] for page in rows for row in page]


def world_of(conversations: int) -> World:
    world = World()
    for _ in range(conversations):
        world.wait(minutes=1)
        world.writes(world.conversation(world.contact(phone="+33600000001")))
    return world


CONVERSATIONS = "/conversations?status=all"

# the server: pages


def test_lists_that_stand_still_show_every_row_once_in_their_order() -> None:
    world = world_of(60)
    for conversation in range(1, 31):
        world.wait(minutes=1)
        world.answer(world.survey(conversation), 5)
    world.contact("nobody can reach")
    with serve(world) as server:
        found = list(pages(server, CONVERSATIONS))
        assert [len(page) for page in found] == [25, 25, 10]
        assert ids(found) == [*range(30, 0, -1), *range(60, 30, -1)]
        contacts = list(pages(server, "/contacts"))
        assert [len(page) for page in contacts] == [15, 15, 15, 15]
        assert sorted(ids(contacts)) == list(range(1, 61))
        answers = list(pages(server, "/csat_survey_responses"))
        assert [len(page) for page in answers] == [25, 5]
        assert ids(answers) == list(range(30, 0, -1))
        assert ask(server, CONVERSATIONS)["data"]["meta"]["all_count"] == 60
        assert ask(server, "/contacts")["meta"] == {"count": 60, "current_page": 1}


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (20, [20]), (41, [20, 20, 1])])
def test_messages_come_newest_page_first_and_oldest_first_within_a_page(count: int, sizes: list[int]) -> None:
    world = World()
    conversation = world.conversation(world.contact())
    written = [world.wait(seconds=number % 2).writes(conversation) for number in range(count)]
    with serve(world) as server:
        found = all_messages(server, conversation)
        assert [len(page) for page in found] == sizes
        assert ids(found[::-1]) == written
        after = ask(server, f"/conversations/1/messages?after={written[3]}")["payload"] if count else []
        assert [row["id"] for row in after] == written[4:]


def test_a_conversation_that_jumps_to_the_front_pushes_another_onto_a_second_page() -> None:
    world = world_of(50)
    with serve(world, faults=moving(("page=2", lambda: world.wait(minutes=1).writes(10)))) as server:
        found = Counter(ids(list(pages(server, CONVERSATIONS))))
    assert found[26] == 2 and found[10] == 0 and len(found) == 49


def test_a_conversation_that_is_deleted_lets_another_slip_past_the_border_of_a_page() -> None:
    world = world_of(50)
    with serve(world, faults=moving(("page=2", lambda: world.delete_conversation(40)))) as server:
        found = Counter(ids(list(pages(server, CONVERSATIONS))))
    assert found[25] == 0 and found[40] == 1 and len(found) == 49


def test_a_new_conversation_is_on_the_first_page_alone() -> None:
    world = world_of(50)
    move = moving(("page=2", lambda: world.wait(minutes=1).conversation(1)))
    with serve(world, faults=move) as server:
        found = Counter(ids(list(pages(server, CONVERSATIONS))))
    assert found[51] == 0 and found[26] == 2 and len(found) == 50


def test_a_contact_that_is_deleted_lets_another_slip_past_the_border_of_a_page() -> None:
    world = world_of(20)
    with serve(world, faults=moving(("contacts.*page=2", lambda: world.delete_contact(1)))) as server:
        found = ids(list(pages(server, "/contacts")))
    assert 16 not in found and len(found) == 19


def test_a_restless_world_moves_while_it_is_read_and_comes_to_rest() -> None:
    twice, slipped = 0, 0
    for seed in range(6):
        world = world_of(60)
        with serve(world, faults=restless(world, seed, share=0.9, most=6)) as server:
            first, *later = [Counter(ids(list(pages(server, CONVERSATIONS)))) for _ in range(4)]
        assert later[-1] == Counter(world.records.conversations.keys()), "at rest, every row once"
        twice += any(count > 1 for count in first.values())
        slipped += bool(world.records.conversations.keys() - first.keys())
    assert twice and slipped


# the server: shapes


def test_shapes_are_those_of_the_contract() -> None:
    world = World()
    agent, team, bot = world.agent("Grace"), world.team("support"), world.bot()
    listed = world.contact("Zoë", phone="+33600000001", labels=["vip"])
    world.contact(None)
    one = world.conversation(listed)
    world.writes(one, "👋")
    with serve(world) as server:
        row = ask(server, CONVERSATIONS)["data"]["payload"][0]
        assert row["first_reply_created_at"] == 0 and row["waiting_since"] == row["created_at"]
        assert "assignee" not in row["meta"] and "team" not in row["meta"]
        assert ask(server, "/conversations")["data"]["payload"] == [row]
        world.wait(seconds=5)
        reply = world.replies(one, agent)
        world.assign(one, agent)
        world.give_to_team(one, team)
        world.label(one, "bug")
        row = ask(server, "/conversations/1")
        assert row == ask(server, CONVERSATIONS)["data"]["payload"][0]
        assert row["status"] == "open" and row["labels"] == ["bug"] and row["waiting_since"] == 0
        assert row["meta"]["sender"]["id"] == listed and row["meta"]["channel"] == "Channel::Whatsapp"
        assert row["meta"]["assignee"]["id"] == agent and row["meta"]["team"]["name"] == "support"
        assert row["created_at"] == START.timestamp() and row["first_reply_created_at"] == row["created_at"] + 5
        assert row["updated_at"] == row["last_activity_at"] + 0.123457
        world.campaign(one, agent)
        world.automation(one)
        world.bot_says(one, bot)
        world.note(one, agent)
        world.answer(world.survey(one), 4, "bien")
        world.delete_message(reply)
        messages = ask(server, "/conversations/1/messages")["payload"]
        assert [message["message_type"] for message in messages] == [0, 1, 2, 2, 2, 1, 1, 1, 1, 3]
        assert messages[0]["sender"] | {"type": "contact", "id": listed} == messages[0]["sender"]
        assert messages[0]["conversation_id"] == 1 and messages[0]["content"] == "👋"
        assert messages[1]["content_attributes"] == {"deleted": True}
        assert messages[2]["content"] == "Assigned to Grace by Admin" and "sender" not in messages[2]
        assert messages[5]["additional_attributes"] == {"campaign_id": 1} and messages[5]["sender"]["type"] == "user"
        assert messages[6]["content_attributes"] == {"automation_rule_id": 1}
        assert messages[7]["sender"]["type"] == "agent_bot" and messages[8]["private"] is True
        assert messages[9]["content_type"] == "input_csat"
        (answer,) = ask(server, "/csat_survey_responses")
        assert answer["message_id"] == messages[9]["id"] and answer["conversation_id"] == 1
        assert (
            answer["rating"] == 4 and answer["feedback_message"] == "bien" and answer["assigned_agent"]["id"] == agent
        )
        assert [contact["id"] for contact in ask(server, "/contacts")["payload"]] == [listed]
        assert ask(server, f"/contacts/{listed}/labels") == {"payload": ["vip"]}
        assert [row["name"] for row in ask(server, "/agents")] == ["Grace"]
        assert [row["name"] for row in ask(server, "/teams")] == ["support"]
        assert [row["id"] for row in ask(server, "/inboxes")["payload"]] == [1]
        assert [row["title"] for row in ask(server, "/labels")["payload"]] == ["bug", "vip"]


def test_what_is_deleted_is_not_found() -> None:
    world = world_of(2)
    world.delete_conversation(1)
    world.delete_contact(2)
    with serve(world) as server:
        for path in ("", "/messages", "/reporting_events"):
            assert get(server, f"{ROOT}/conversations/1{path}")[0] == 404
        assert get(server, f"{ROOT}/contacts/2/labels")[0] == 404
        assert get(server, f"{ROOT}/conversations/2")[0] == 404  # went with its contact
        assert get(server, "/api/v1/accounts/2/agents")[0] == 404


def test_events_tell_of_changes_and_are_not_there_where_they_are_off() -> None:
    world = World()
    agent, bot = world.agent(), world.bot()
    one = world.conversation(world.contact(), inbox=world.inbox(bot=bot))
    world.writes(one)
    world.wait(seconds=20).hand_over(one, bot)
    world.wait(seconds=42).replies(one, agent)
    world.wait(seconds=8).resolve(one)
    path = "/conversations/1/reporting_events"
    with serve(world, fraction=timedelta(milliseconds=250)) as server:
        found = {row["name"]: row["event_end_time"] for row in ask(server, path)}
        assert found == {
            "conversation_opened": "2026-03-26T00:00:20.250Z",
            "conversation_bot_handoff": "2026-03-26T00:00:20.250Z",
            "first_response": "2026-03-26T00:01:02.000Z",
            "reply_time": "2026-03-26T00:01:02.000Z",
            "conversation_resolved": "2026-03-26T00:01:10.250Z",
        }
    with serve(world, event_times="unix") as server:
        assert [row["event_end_time"] - START.timestamp() for row in ask(server, path)] == [20, 20, 62, 62, 70]
    with serve(world, events=False) as server:
        assert get(server, ROOT + path)[0] == 404


# the server: the token, the connection


@pytest.mark.parametrize("token", [None, "", "another"])
def test_without_the_token_nothing_is_told(token: str | None) -> None:
    with serve(world_of(1)) as server:
        assert get(server, f"{ROOT}/agents", token)[0] == 401
        assert (server.log, server.statuses) == ([f"{ROOT}/agents"], [401])


def test_one_connection_serves_many_requests() -> None:
    with serve(world_of(1)) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
        for _ in range(3):
            connection.request("GET", f"{ROOT}/agents", headers={"api_access_token": TOKEN})
            first = connection.sock
            assert connection.getresponse().read() == b"[]"
            assert connection.sock is first
        connection.close()


# the world


def test_a_random_world_is_the_same_in_whatever_steps() -> None:
    daily, at_once = random_world(5), random_world(5)
    for day in daily.days:
        daily.advance_to(day)
    at_once.advance_to(daily.days[-1])
    assert daily.records == at_once.records
    assert random_world(6).advance_to(daily.days[-1]).records != daily.records


def test_random_worlds_hold_what_may_happen() -> None:
    """Over some seeds: each status, way of changing, kind of message and kind of loss in docs/live-systems.md."""
    seen: Counter[str] = Counter()
    for seed in range(8):
        world = random_world(seed)
        history = [world.advance_to(day).picture() for day in world.days]
        records = history[-1].records
        for one in records.conversations.values():
            seen[one.status] += 1
            seen.update(f"{change.before}-{change.after}" for change in one.changes)
            seen["silent"] += sum(not change.has_activity for change in one.changes)
            seen["unlisted"] += not records.contacts[one.contact].is_listed
            seen["born resolved"] += one.status == "resolved" and not one.changes
            seen["pages"] += len(records.messages_of(one.id)) in (20, 40)
            times = [change.at for change in one.changes]
            assert len(set(times)) == len(times), "no order is left to chance"
        for message in records.messages.values():
            sender = message.sender.type if message.sender else "nobody"
            seen[f"{message.type} {sender}"] += 1
            seen["deleted"] += message.deleted
            seen["private"] += message.private
            seen["campaign of an agent"] += message.campaign is not None and sender == "user"
            seen["automation of an agent"] += message.automation_rule is not None and sender == "user"
        surveys = Counter(message.content_type for message in records.messages.values())
        seen["unanswered"] += surveys["input_csat"] - len(records.answers)
        seen["answered"] += len(records.answers)
        for batch in to_export(history):
            for entity, rows in batch.entities.items():
                seen[f"{entity} gone"] += sum(len(row) == 3 and row.get("deleted") is True for row in rows)
            seen["left"] += sum(row["active"] is False for row in batch.entities["agents"])
    assert {name for name in WANTED if not seen[name]} == set()


WANTED = [
    *("open", "pending", "snoozed", "resolved", "silent", "unlisted", "born resolved", "pages"),
    *("open-resolved", "resolved-open", "pending-open", "pending-resolved", "open-snoozed", "snoozed-open"),
    *("open-pending", "resolved-pending", "snoozed-resolved", "pending-snoozed"),
    *(
        "incoming contact",
        "outgoing user",
        "outgoing agent_bot",
        "outgoing nobody",
        "template nobody",
        "activity nobody",
    ),
    *("deleted", "private", "campaign of an agent", "automation of an agent", "unanswered", "answered", "left"),
    *("conversations gone", "messages gone", "contacts gone"),
]

# as an export


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_random_worlds_are_taken_in_whole_and_give_the_plain_computation(tmp_path: Path, seed: int) -> None:
    world = random_world(seed, conversations=40)
    history = [world.advance_to(day).picture() for day in world.days]
    for batch in to_export(history):
        batch.write(tmp_path / "drop")
    config = write_config(tmp_path)
    found = build_marts(config)
    assert quarantine(tmp_path / "var" / "tests" / BUILD) == []
    expected = oracle.compute(config)
    assert expected["refused"] == [] and expected["quarantine"] == []
    assert {row["conversation_id"] for row in found["details"]} == {str(one) for one in world.records.conversations}
    for mart in KEYS:
        assert differences(mart, expected[mart], found[mart]) == []


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_with_events_and_without_the_marts_are_the_same(tmp_path: Path, seed: int) -> None:
    world = random_world(seed)
    history = [world.advance_to(day).picture() for day in world.days]
    figures = []
    for events in (True, False):
        folder = tmp_path / str(events)
        for batch in to_export(history, events=events):
            batch.write(folder / "drop")
        figures.append(oracle.compute(write_config(folder)))
    for mart in KEYS:
        assert differences(mart, figures[0][mart], figures[1][mart]) == []


def test_one_picture_at_the_end_gives_the_marts_of_all_but_for_who_left_before(tmp_path: Path) -> None:
    world = random_world(4)
    history = [world.advance_to(day).picture() for day in world.days]
    figures = []
    for name, pictures in (("all", history), ("last", history[-1:])):
        for batch in to_export(pictures):
            batch.write(tmp_path / name / "drop")
        figures.append(oracle.compute(write_config(tmp_path / name)))
    for mart in ("overview", "by_tag"):
        assert differences(mart, figures[0][mart], figures[1][mart]) == []


# stories with figures written out by hand, as in the worked cases of docs/figures.md

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)


def story_of_stories() -> tuple[World, dict[str, int]]:
    world = World(NOON - timedelta(days=6))
    agent, bot = world.agent("Grace"), world.bot("Robo")
    served_by_bot = world.inbox("Channel::Api", bot=bot)
    made: dict[str, int] = {}

    def begins(name: str, at: datetime, inbox: int = 1) -> None:
        def act() -> None:
            made[name] = world.conversation(world.contact(name), inbox=inbox)
            world.writes(made[name])

        world.plan(at, act)

    def then(at: datetime, act: Any) -> None:
        world.plan(at, act)

    hour, minute, second = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
    begins("B1", NOON - hour)
    then(NOON - 40 * minute, lambda: world.resolve(made["B1"]))
    then(NOON - 30 * minute, lambda: world.label(made["B1"], "late", by=None))
    begins("B2", NOON - hour, served_by_bot)
    then(NOON - hour + 20 * second, lambda: world.hand_over(made["B2"], bot))
    then(NOON - hour + 62 * second, lambda: world.replies(made["B2"], agent))
    begins("B3", NOON - timedelta(days=5), served_by_bot)
    then(NOON - timedelta(days=5) + 5 * minute, lambda: world.resolve(made["B3"], "Robo", "bot_resolved"))
    then(NOON - hour, lambda: world.writes(made["B3"], "Once more"))
    then(NOON - 50 * minute, lambda: world.replies(made["B3"], agent))
    begins("B4", NOON - 5 * hour, served_by_bot)
    then(NOON - 4 * hour, lambda: world.resolve(made["B4"], "Robo", "bot_resolved_by_tool"))
    then(NOON - 3.5 * hour, lambda: world.pend(made["B4"]))
    then(NOON - 3 * hour, lambda: world.hand_over(made["B4"], bot, "bot_open"))
    then(NOON - 2 * hour, lambda: world.resolve(made["B4"], how="auto_resolved_minutes", count=60))
    then(NOON - hour, lambda: world.open(made["B4"], "Grace"))
    then(NOON, lambda: world.replies(made["B4"], agent))
    begins("B23", NOON - hour)
    then(NOON - 50 * minute, lambda: world.automation(made["B23"], agent))
    then(NOON - 40 * minute, lambda: world.campaign(made["B23"], agent))
    then(NOON - 30 * minute, lambda: world.bot_says(made["B23"], bot))
    then(NOON - 20 * minute, lambda: world.note(made["B23"], agent))
    then(NOON - 10 * minute, lambda: world.greeting(made["B23"]))
    begins("snoozed", NOON - hour)
    then(NOON - 50 * minute, lambda: world.snooze(made["snoozed"], "Grace"))
    then(NOON - 40 * minute, lambda: world.open(made["snoozed"], "Grace"))
    then(NOON - 30 * minute, lambda: world.replies(made["snoozed"], agent))
    begins("S2", NOON - hour)
    then(NOON - 30 * minute, lambda: made.update(survey=world.survey(made["S2"]), unasked=world.survey(made["S2"])))
    then(NOON - 20 * minute, lambda: world.answer(made["survey"], 2, "slow"))
    then(NOON - 10 * minute, lambda: world.answer(made["survey"], 5, ""))
    for name, inbox, labels in (("x", 1, ["bug"]), ("y", 1, ["bug", "feature"]), ("z", served_by_bot, ["feature"])):
        begins(name, NOON - hour, inbox)
        then(NOON - 50 * minute, lambda name=name, labels=labels: world.label(made[name], *labels))
    return world.advance_to(NOON + minute), made


def tags_of(row: Mapping[str, object]) -> list[str]:
    tags = row["conversation_tags"]
    assert isinstance(tags, list)
    return tags


@pytest.mark.parametrize("events", [True, False])
def test_stories_give_the_figures_of_the_cases(tmp_path: Path, events: bool) -> None:
    world, made = story_of_stories()
    for batch in to_export([world.picture()], events=events):
        batch.write(tmp_path / "drop")
    marts = build_marts(write_config(tmp_path))
    rows = {row["conversation_id"]: row for row in marts["details"]}
    details = {name: rows[str(number)] for name, number in made.items() if str(number) in rows}

    assert details["B1"]["duration_seconds"] == 1200
    assert details["B1"]["closed_at"] == NOON - timedelta(minutes=40)
    assert details["B2"]["first_response_seconds"] == 42
    assert (details["B2"]["source"], details["B2"]["reopens"]) == ("inbound", 0)
    assert (details["B3"]["first_response_seconds"], details["B3"]["reopens"]) == (600, 1)
    assert (details["B4"]["first_response_seconds"], details["B4"]["reopens"]) == (3600, 1)
    assert (details["B4"]["is_closed"], details["B4"]["closed_at"]) == (False, None)

    b23 = details["B23"]
    assert (b23["is_answered"], b23["first_response_seconds"], b23["replies"]) == (False, None, 0)
    assert (b23["messages_outbound"], b23["messages_human"], b23["messages"]) == (4, 0, 5)
    assert (details["snoozed"]["first_response_seconds"], details["snoozed"]["reopens"]) == (1800, 0)

    s2 = details["S2"]
    assert (s2["is_surveyed"], s2["rating"], s2["rating_comment"]) == (True, 5, None)
    assert s2["rated_at"] == NOON - timedelta(minutes=20)  # the response keeps the instant at which it was made
    (month,) = [row for row in marts["overview"] if row["grain"] == "month"]
    assert (month["surveys"], month["ratings"], month["rating_sum"]) == (1, 1, 5)

    matrix = Counter((details[name]["channel"], tag) for name in "xyz" for tag in tags_of(details[name]))
    assert matrix == {
        ("Channel::Whatsapp", "bug"): 2,
        ("Channel::Whatsapp", "feature"): 1,
        ("Channel::Api", "feature"): 1,
    }
    tags = {row["tag"]: row["conversations"] for row in marts["by_tag"] if row["grain"] == "month"}
    assert (tags["bug"], tags["feature"]) == (2, 2)


def test_readings_of_an_export_row_by_row() -> None:
    world = World()
    grace, bot, team = world.agent("Grace"), world.bot(), world.team("support")
    contact = world.contact("")
    starts: dict[str, Callable[[int], object]] = {
        "INBOUND": lambda one: world.writes(one),
        "INBOX": lambda one: (world.note(one, grace), world.replies(one, grace, status="failed")),
        "BROADCAST": lambda one: world.campaign(one, grace),
        "AUTO_RESPONSE": lambda one: world.automation(one, grace),
        "FLOW": lambda one: world.bot_says(one, bot),
    }
    for start in starts.values():
        one = world.conversation(contact)
        world.assign(one, grace)
        start(one)
        world.writes(one)
    greeted, silent = world.conversation(contact, status="pending"), world.conversation(contact, status="resolved")
    world.greeting(greeted)
    world.give_to_team(greeted, team)
    world.snooze(1)
    first = world.picture()
    world.wait(days=1).leave(grace)
    world.lose_message(next(message.id for message in world.records.messages_of(5) if message.type == "incoming"))
    world.delete_conversation(silent)
    before, after = (batch.entities for batch in to_export([first, world.picture()]))

    rows = {row["conversation_id"]: row for row in before["conversations"]}
    assert [row["source"] for row in before["conversations"]] == [*starts, "AUTO_RESPONSE", None]
    assert {row["agent_id"] for row in before["conversations"][:5]} == {grace}
    assert (rows[1]["status"], rows[2]["status"], rows[greeted]["status"]) == ("IN_PROGRESS", "OPEN", "FLOW")
    assert (rows[silent]["status"], rows[silent]["closed_at"]) == ("RESOLVED", None)
    assert rows[greeted]["team"] == "support" and rows[1]["team"] is None
    assert [(row["name"], row["phone"], row["tags"]) for row in before["contacts"]] == [(None, None, [])]
    kinds = Counter(
        (row["direction"], row["sender_type"], row["origin"], row["agent_id"], row["private"])
        for row in before["messages"]
        if row["type"] != "activity"
    )
    assert kinds == {
        ("inbound", "contact", None, None, False): 6,
        ("outbound", "agent", "inbox", grace, True): 1,
        ("outbound", "agent", "inbox", grace, False): 1,
        ("outbound", "system", "broadcast", None, False): 1,
        ("outbound", "system", "auto_response", None, False): 2,
        ("outbound", "bot", "flow", None, False): 1,
    }
    assert [row for row in after["conversations"] if row.get("deleted")] == [
        {"conversation_id": silent, "deleted": True, "updated_at": "2026-03-27T00:00:00+00:00"}
    ]
    assert len([row for row in after["messages"] if row["deleted"]]) == 1
    assert [(row["name"], row["active"]) for row in after["agents"]] == [("Grace", False)]
    assert {row.get("agent_id") for row in after["conversations"]} == {None}


def openings_of(world: World, **options: Any) -> list[dict[str, Any]]:
    """The events of an export that are no closings."""
    (batch,) = to_export([world.picture()], **options)
    return [row for row in batch.entities["events"] if row["type"] != "closed"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["resolved", "open"], ["reopened"]),
        (["pending", "open"], ["handoff"]),
        (["snoozed", "open"], []),
        (["resolved", "pending", "open"], ["handoff"]),
        (["resolved", "snoozed", "open"], []),
        (["snoozed", "resolved", "open", "resolved", "open"], ["reopened", "reopened"]),
    ],
)
@pytest.mark.parametrize("events", [True, False])
def test_an_opening_is_what_the_change_before_it_makes_of_it(
    changes: list[str], expected: list[str], events: bool
) -> None:
    world = World()
    acts: dict[str, Callable[[int], object]]
    acts = {"resolved": world.resolve, "open": world.open, "pending": world.pend, "snoozed": world.snooze}
    one = world.conversation(world.contact())
    for change in changes:
        world.wait(seconds=1)
        acts[change](one)
    assert [row["type"] for row in openings_of(world, events=events)] == expected
    late = timedelta(milliseconds=250)
    found = openings_of(world, events=events, fraction=late)
    openings = [START + timedelta(seconds=number) for number, change in enumerate(changes, 1) if change == "open"]
    told = [instant + (late if events else timedelta(0)) for instant in openings]
    if expected:
        assert [row["occurred_at"] for row in found] == [instant.isoformat() for instant in told]


def test_the_first_opening_with_nothing_before_it_is_a_handoff() -> None:
    world = World()
    one = world.conversation(world.contact(), status="pending")
    world.wait(seconds=20).open(one, how="bot_failed_open")
    for events in (True, False):
        (batch,) = to_export([world.picture()], events=events)
        assert [row["type"] for row in batch.entities["events"]] == ["handoff"]


def test_chatwoot_itself_tells_some_reopenings_by_events_alone() -> None:
    """In an inbox that is not of the API a customer's message reopens, and no activity says so."""
    world = World(reopening="as_chatwoot")
    bot = world.bot()
    inboxes = [1, world.inbox("Channel::Api"), world.inbox(bot=bot)]
    for inbox in inboxes:
        one = world.conversation(world.contact(), inbox=inbox, status="open")
        world.wait(seconds=1).resolve(one)
        world.wait(seconds=1).writes(one)
    assert [one.status for one in world.records.conversations.values()] == ["open", "open", "pending"]
    told = {}
    for events in (True, False):
        told[events] = [row["conversation_id"] for row in openings_of(world, events=events)]
    assert told == {True: [1, 2], False: [2]}


@pytest.mark.parametrize("events", [True, False])
def test_a_conversation_closed_twice_is_closed_at_the_second_time(events: bool) -> None:
    world = World()
    one = world.conversation(world.contact())
    for act in (world.resolve, world.open, world.resolve):
        world.wait(hours=1)
        act(one)
    (batch,) = to_export([world.picture()], events=events)
    assert batch.entities["conversations"][0]["closed_at"] == "2026-03-26T03:00:00+00:00"


def test_a_message_that_was_deleted_did_not_begin_the_conversation() -> None:
    """A decision of docs/live-systems.md; a random world never deletes a first message so."""
    world = World()
    one = world.conversation(world.contact())
    first = world.writes(one)
    world.replies(one, world.agent())
    world.delete_message(first)
    (batch,) = to_export([world.picture()])
    assert batch.entities["conversations"][0]["source"] == "INBOX"
