"""Answers that no system should give, lists that do not hold still, and what operators do in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from ingestion import decisions
from ingestion.settings import load_settings
from orchestration.cli.main import main
from tests.drops import conversation, message, write_batch, write_config
from tests.live.chatwoot import World
from tests.live.chatwoot_world import by_activity
from tests.live.reading import Home
from tests.live.server import Answer
from tests.warehouse import accept

pytestmark = pytest.mark.systems


@pytest.fixture
def home(home: Home) -> Home:
    """Two conversations with a reply each; a third contact who is in the list."""
    world = World()
    agent = world.agent()
    for _ in range(2):
        number = world.conversation(world.contact(phone="+33 6 12 34 56 78"))
        world.writes(number)
        world.replies(number, agent)
    home.serve(world)
    return home


def conversations_changed(home: Home, change: Callable[[dict[str, Any]], object]) -> Answer:
    """The world's answers, where the list of conversations is changed before it is sent."""
    honest = home.answer

    def answer(path: str, query: dict[str, str]) -> object | None:
        found: Any = honest(path, query)
        if path.endswith("/conversations"):
            change(found["data"])
        return found

    return answer


@pytest.mark.parametrize(
    "odd",
    [10**400, "inf", *(pytest.param(one, marks=pytest.mark.slow) for one in ("nan", 10**18, "9" * 400))],
    ids=lambda one: str(one)[:9],
)
def test_an_odd_instant_neither_ends_a_run_nor_the_reading_of_what_is_new(home: Home, odd: object) -> None:
    """A cursor in the far future would have every later reading find nothing new."""
    home.world.records.conversations[1].active = datetime(2999, 1, 1, tzinfo=UTC)  # the server sorts by it

    def change(data: dict[str, Any]) -> None:
        for row in data["payload"]:
            if row["id"] == 1:
                row["last_activity_at"] = odd

    home.answer = conversations_changed(home, change)
    home.run(complete=False)
    home.world.wait(days=1).writes(home.world.conversation(home.world.contact()))
    home.run(complete=False)
    assert "3" in home.details()


def test_a_reading_is_not_gone_on_with_when_the_batch_before_it_is_no_more(home: Home) -> None:
    home.run(complete=False)
    home.broken = "/messages"
    home.world.writes(1)
    assert home.run(complete=False).failure
    settings, ((batch, _),) = load_settings(home.config), home.batches()
    decisions.reject(settings, "cw", batch, "of the wrong day", datetime.now(UTC))
    home.broken = None
    assert not home.run(complete=False).refusals
    assert sum(row["messages"] for row in home.details().values()) == 5


def test_what_followed_on_a_batch_that_is_no_more_is_read_again(home: Home) -> None:
    """What a batch had is not in those after it, which only have what is newer."""
    home.run(complete=False)
    home.world.wait(days=1).writes(2)
    home.run(complete=False)
    settings, batches = load_settings(home.config), home.batches()
    decisions.reject(settings, "cw", batches[0][0], "of the wrong day", home.world.now)
    home.world.wait(days=1)
    assert not home.run(complete=False).refusals
    details = home.details()
    assert {number: row["messages"] for number, row in details.items()} == {"1": 2, "2": 3}
    home.run(complete=False)
    assert not any("/conversations/1/" in path for path in home.server.log), "once is enough"


def test_another_account_of_the_installation_is_read_as_a_whole(home: Home) -> None:
    home.run(complete=False)
    home.world.wait(days=1).writes(home.world.conversation(home.world.contact()))
    honest = home.answer
    home.answer = lambda path, query: honest(path.replace("/accounts/2/", "/accounts/1/"), query)
    home.run(complete=False, account_id=2)
    assert home.server.asked("/accounts/2/conversations/1/messages")


def test_ratings_that_are_no_longer_asked_for_stay(home: Home) -> None:
    home.world.answer(home.world.survey(1), 5)
    home.run()
    home.run(ratings=False)
    assert home.details()["1"]["rating"] == 5


@pytest.mark.parametrize("entity", ["contacts", "csat_survey_responses", "conversations"])
def test_a_list_without_an_end_is_given_up(home: Home, entity: str) -> None:
    """A system, or something before it, that does not heed the number of a page."""
    home.world.answer(home.world.survey(1), 5)

    honest = home.answer

    def answer(path: str, query: dict[str, str]) -> object | None:
        assert len(home.server.log) < 500
        return honest(path, query | {"page": "1"} if path.endswith(f"/{entity}") else query)

    home.answer = answer
    report = home.run()
    assert report.failure
    assert "page" in report.failure
    assert len(home.server.log) < 100


def test_counts_may_come_as_text(home: Home) -> None:
    for _ in range(60):
        home.world.conversation(1)
    deleted = []

    def change(data: dict[str, Any]) -> None:
        data["meta"]["all_count"] = str(data["meta"]["all_count"])
        if not deleted:
            deleted.append(data["payload"][0]["id"])
            home.world.delete_conversation(deleted[0])

    home.answer = conversations_changed(home, change)
    home.run()
    assert len(home.details().keys() - {str(deleted[0])}) == 61


def test_an_incremental_reading_that_has_missed_something_is_made_up_for(home: Home) -> None:
    """Whenever the list is read again, the same row slips past the border of the first page."""
    home.run(complete=False)
    home.world.wait(days=1)
    for _ in range(40):
        home.world.conversation(1)
    known = home.world.records.conversations
    slipping, honest, moving = sorted(known, reverse=True)[25], home.answer, [True]

    def answer(path: str, query: dict[str, str]) -> object | None:
        if moving and path.endswith("/conversations") and query["page"] == "1":
            for _ in range(25 - [one.id for one in by_activity(known.values())].index(slipping)):
                home.world.conversation(1)
            found = honest(path, query)
            home.world.delete_conversation(max(known))
            return found
        return honest(path, query)

    home.answer = answer
    home.run(complete=False)
    assert str(slipping) not in home.details(), "else this shows nothing"
    moving.clear()
    home.run(complete=False)
    assert str(slipping) in home.details()


@pytest.mark.parametrize(
    "odd",
    [
        "../agents",
        None,
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("a\0b", "7?page=2", "\ud83d", 12.5, -1)),
    ],
)
def test_an_odd_id_ends_no_run(home: Home, odd: object) -> None:
    def change(data: dict[str, Any]) -> None:
        for row in data["payload"]:
            if row["id"] == 1:
                row["id"] = row["meta"]["sender"]["id"] = odd

    home.answer = conversations_changed(home, change)
    report = home.run()
    assert report.refusals or "2" in home.details()


@pytest.mark.parametrize("was_live", [False, True])
def test_a_source_of_another_kind_under_the_same_name_is_a_wrong_configuration(home: Home, was_live: bool) -> None:
    """Its batches would be read as what they are not."""
    drop = home.folder / "live" / "drop"
    write_batch(drop / "b1", {"conversations": [conversation("c1")], "messages": [message()]})
    export = {"name": "cw", "kind": "export", "account": "acme", "path": "drop"}
    home.run(complete=False)
    live_text = home.config.read_text()
    shutil.rmtree(home.config.parent / "var")
    if was_live:
        home.run()
        write_config(home.config.parent, accounts=home.accounts, sources=[export])
    else:
        accept(write_config(home.config.parent, accounts=home.accounts, sources=[export]))
        home.config.write_text(live_text)
    result = CliRunner().invoke(main, ["run", "--config", str(home.config)])
    assert result.exit_code == 2, result.output
    before = "chatwoot" if was_live else "export"
    assert f"sources[0].kind: 'cw' was read as '{before}' before; give the new system another name" in (result.output)


def test_a_list_that_never_stands_still_is_told(home: Home) -> None:
    """Each page says that there are fewer conversations than before: rows may have slipped past the reader."""
    for _ in range(30):
        home.world.conversation(1)
    counts = iter(range(10_000, 0, -1))
    home.answer = conversations_changed(home, lambda data: data["meta"].update(all_count=next(counts)))
    report = home.run()
    assert not report.refusals
    assert any("nothing counts as deleted by this reading" in line for line in report.warnings)
