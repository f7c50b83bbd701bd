"""Answers that no system should give, lists that do not hold still, and what operators do in between."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingestion import decisions
from ingestion.http.client import Client
from ingestion.ingest import SourceReport
from ingestion.settings import load_settings
from ingestion.sources import live
from ingestion.storage.ledger import LEDGER, Ledger
from orchestration.cli.main import main
from tests.drops import Row, conversation, message, write_batch, write_config
from tests.live.chatwoot import ACCOUNT, HEADERS, TOKEN, World
from tests.live.server import Fault, Server, serve
from tests.warehouse import accept, build_marts

ACCOUNTS = [{"id": "acme", "timezone": "Europe/Paris"}]
NEVER = 1e6


class Home:
    """A home that reads one Chatwoot. ``answer`` stands between the world and its server, and may be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.world = folder, World()
        self.answer: Callable[[str, dict[str, str]], object | None] = self.world.answer_to
        self.fault: Callable[[str, int], Fault | None] = lambda path, number: None
        self.server: Server

    def run(self, **more: object) -> SourceReport:
        """Take in what is new."""
        self.world.now += 1
        self.server.log.clear()
        source = {"name": "cw", "kind": "chatwoot", "account": "acme", "base_url": self.server.url}
        source |= {"account_id": ACCOUNT, "token_env": "THE_TOKEN", "requests_per_second": 100_000.0, "attempts": 2}
        self.config = write_config(self.folder, accounts=ACCOUNTS, sources=[source | more])
        (report,) = accept(self.config)
        return report

    def details(self) -> dict[str, Row]:
        """By conversation."""
        rows = build_marts(self.config, take_in_first=False)["details"]
        return {str(row["conversation_id"]): row for row in rows}

    def batches(self) -> list[tuple[str, str]]:
        with Ledger(load_settings(self.config).home / LEDGER) as ledger:
            return [(entry.batch, entry.status) for entry in ledger.entries("cw")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Two conversations with a reply each."""
    found = Home(tmp_path)
    monkeypatch.setenv("THE_TOKEN", TOKEN)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))
    monkeypatch.setattr(live, "now", lambda: datetime.fromtimestamp(found.world.now, UTC))
    agent = found.world.agent()
    for _ in range(2):
        number = found.world.conversation(found.world.contact())
        found.world.incoming(number)
        found.world.reply(number, agent)
    with serve(
        lambda path, query: found.answer(path, query), HEADERS, lambda path, number: found.fault(path, number)
    ) as found.server:
        yield found


@pytest.mark.parametrize("odd", [10**400, "inf", "nan", 10**18, "9" * 400])
def test_an_odd_instant_neither_ends_a_run_nor_the_reading_of_what_is_new(home: Home, odd: object) -> None:
    """A cursor in the far future would have every later reading find nothing new."""
    home.world.conversations[1]["last_activity_at"] = 2**40  # the server sorts by it

    def answer(path: str, query: dict[str, str]) -> object | None:
        found = home.world.answer_to(path, query)
        if path.endswith("/conversations"):
            assert isinstance(found, dict)
            for row in found["data"]["payload"]:
                if row["id"] == 1:
                    row["last_activity_at"] = odd
        return found

    home.answer = answer
    home.run(complete_every_hours=NEVER)
    home.world.now += 86_400
    home.world.incoming(home.world.conversation(home.world.contact()))
    home.run(complete_every_hours=NEVER)
    assert "3" in home.details()


def test_a_reading_is_not_gone_on_with_when_the_batch_before_it_is_no_more(home: Home) -> None:
    home.run()
    home.fault = lambda path, number: Fault(status=500) if path.endswith("/messages") else None
    home.world.incoming(1)
    assert home.run().failure
    settings, ((batch, _),) = load_settings(home.config), home.batches()
    decisions.reject(settings, "cw", batch, "of the wrong day", datetime.now(UTC))
    home.fault = lambda path, number: None
    assert not home.run().refusals
    assert sum(row["messages"] for row in home.details().values()) == 5


def test_what_followed_on_a_batch_that_is_no_more_is_read_again(home: Home) -> None:
    """What a batch had is not in those after it, which only have what is newer."""
    home.run(complete_every_hours=NEVER, reread_minutes=0)
    home.world.now += 86_400
    home.world.incoming(2)
    home.run(complete_every_hours=NEVER, reread_minutes=0)
    settings, batches = load_settings(home.config), home.batches()
    decisions.reject(settings, "cw", batches[0][0], "of the wrong day", datetime.fromtimestamp(home.world.now, UTC))
    home.world.now += 86_400
    assert not home.run(complete_every_hours=NEVER, reread_minutes=0).refusals
    details = home.details()
    assert {number: row["messages"] for number, row in details.items()} == {"1": 2, "2": 3}
    home.run(complete_every_hours=NEVER, reread_minutes=0)
    assert not any("/conversations/1/" in path for path in home.server.log), "once is enough"


def test_another_account_of_the_installation_is_read_as_a_whole(home: Home) -> None:
    home.run(complete_every_hours=NEVER, reread_minutes=0)
    home.world.now += 86_400
    home.world.incoming(home.world.conversation(home.world.contact()))
    moved = f"/accounts/{ACCOUNT + 1}/"
    home.answer = lambda path, query: home.world.answer_to(path.replace(moved, f"/accounts/{ACCOUNT}/"), query)
    home.run(complete_every_hours=NEVER, reread_minutes=0, account_id=ACCOUNT + 1)
    assert any("/accounts/4/conversations/1/messages" in path for path in home.server.log)


def test_ratings_that_are_no_longer_asked_for_stay(home: Home) -> None:
    home.world.answer(home.world.survey(1), 5)
    home.run(complete_every_hours=0)
    home.world.now += 60
    home.run(complete_every_hours=0, ratings=False)
    assert home.details()["1"]["rating"] == 5


@pytest.mark.parametrize("entity", ["contacts", "csat_survey_responses", "conversations"])
def test_a_list_without_an_end_is_given_up(home: Home, entity: str) -> None:
    """A system, or something before it, that does not heed the number of a page."""
    home.world.answer(home.world.survey(1), 5)

    def answer(path: str, query: dict[str, str]) -> object | None:
        assert len(home.server.log) < 500
        return home.world.answer_to(path, query | {"page": "1"} if path.endswith(f"/{entity}") else query)

    home.answer = answer
    report = home.run()
    assert report.failure
    assert "page" in report.failure
    assert len(home.server.log) < 100


def test_counts_may_come_as_text(home: Home) -> None:
    for _ in range(60):
        home.world.conversation(home.world.contact())
    deleted = []

    def answer(path: str, query: dict[str, str]) -> object | None:
        found = home.world.answer_to(path, query)
        if path.endswith("/conversations"):
            assert isinstance(found, dict)
            found["data"]["meta"]["all_count"] = str(found["data"]["meta"]["all_count"])
            if not deleted:
                deleted.append(found["data"]["payload"][0]["id"])
                home.world.delete_conversation(deleted[0])
        return found

    home.answer = answer
    home.run()
    assert len(home.details().keys() - {str(deleted[0])}) == 61


def test_an_incremental_reading_that_has_missed_something_is_made_up_for(home: Home) -> None:
    """Whenever the list is read anew, the same row slips past the border of the first page."""
    home.run(complete_every_hours=NEVER, reread_minutes=0)
    home.world.now += 86_400
    for _ in range(40):
        home.world.conversation(home.world.contact())
    numbers = sorted(home.world.conversations, reverse=True)
    slipping, moving = numbers[25], [True]

    def answer(path: str, query: dict[str, str]) -> object | None:
        if moving[0] and path.endswith("/conversations") and query["page"] == "1":
            rows = sorted(home.world.conversations, key=lambda n: -home.world.conversations[n]["last_activity_at"])
            for _ in range(25 - rows.index(slipping)):
                home.world.conversation(1)
            found = home.world.answer_to(path, query)
            home.world.delete_conversation(max(home.world.conversations))
            return found
        return home.world.answer_to(path, query)

    home.answer = answer
    home.run(complete_every_hours=NEVER, reread_minutes=0)
    assert str(slipping) not in home.details(), "else this shows nothing"
    moving[0] = False
    home.run(complete_every_hours=NEVER, reread_minutes=0)
    assert str(slipping) in home.details()


@pytest.mark.parametrize("odd", ["a\0b", "../agents", "7?page=2", "\ud83d", 12.5, -1, None])
def test_an_odd_id_ends_no_run(home: Home, odd: object) -> None:
    def answer(path: str, query: dict[str, str]) -> object | None:
        if not path.split("/")[-2].isdecimal() and path.endswith(("/messages", "/reporting_events", "/labels")):
            return None
        found = home.world.answer_to(path, query)
        if path.endswith("/conversations"):
            assert isinstance(found, dict)
            for row in found["data"]["payload"]:
                if row["id"] == 1:
                    row["id"] = row["meta"]["sender"]["id"] = odd
        return found

    home.answer = answer
    report = home.run()
    assert report.refusals or "2" in home.details()


@pytest.mark.parametrize("was_live", [False, True])
def test_a_source_of_another_kind_under_the_same_name_is_a_wrong_configuration(home: Home, was_live: bool) -> None:
    """Its batches would be read as what they are not."""
    write_batch(home.folder / "drop" / "b1", {"conversations": [conversation("c1")], "messages": [message()]})
    export = {"name": "cw", "kind": "export", "account": "acme", "path": "drop"}
    home.run(complete_every_hours=NEVER)
    live_text = home.config.read_text()
    shutil.rmtree(home.folder / "var")
    if was_live:
        home.run()
        write_config(home.folder, accounts=ACCOUNTS, sources=[export])
    else:
        accept(write_config(home.folder, accounts=ACCOUNTS, sources=[export]))
        home.config.write_text(live_text)
    result = CliRunner().invoke(main, ["run", "--config", str(home.config)])
    assert result.exit_code == 2, result.output
    before = "chatwoot" if was_live else "export"
    assert f"sources[0].kind: 'cw' was read as '{before}' before; give the new system another name" in (result.output)


def test_a_list_that_never_stands_still_is_told(home: Home) -> None:
    """Each page says that there are fewer conversations than before: rows may have slipped past the reader."""
    for _ in range(30):
        home.world.conversation(home.world.contact())
    counts = iter(range(10_000, 0, -1))

    def answer(path: str, query: dict[str, str]) -> object | None:
        found = home.world.answer_to(path, query)
        if path.endswith("/conversations"):
            assert isinstance(found, dict)
            found["data"]["meta"]["all_count"] = next(counts)
        return found

    home.answer = answer
    report = home.run()
    assert not report.refusals
    assert any("nothing counts as deleted by this reading" in line for line in report.warnings)
