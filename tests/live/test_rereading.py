"""What an operator asks to read again: all of a live source, or since an instant, until a reading has done so."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.repairs import read_again
from ingestion.settings import load_settings
from ingestion.sources import pull
from ingestion.storage.manifests import read_live_manifest
from tests.drops import write_config
from tests.live.chatwoot import World
from tests.live.reading import Home
from tests.warehouse import accept

SINCE = "2026-04-04"
"""Between what is old and what is recent."""


@pytest.fixture
def home(home: Home) -> Home:
    """An old conversation and three recent ones, each of two messages, were read. Since then a message of the first and
    of the second has been deleted, and all of the third; the last one moved last, so each reading looks at it.
    """
    world = World()
    numbers = []
    for days in (0, 10, 0.1, 0.1):
        world.wait(days=days)
        number = world.conversation(world.contact())
        numbers.append([world.writes(number), world.writes(number)])
    home.serve(world)
    home.run()
    for messages in numbers[:2]:
        world.delete_message(messages[0])
    world.delete_conversation(3)
    return home


def ask(home: Home, since: str | None = None) -> str:
    return read_again(load_settings(home.config), "cw", since, home.world.now)


def messages(home: Home) -> dict[str, int]:
    return {number: int(row["messages"]) for number, row in home.details().items()}


def test_all_is_read_again_once_and_finds_what_is_gone(home: Home) -> None:
    home.run(complete=False)
    assert messages(home) == {"1": 2, "2": 2, "3": 2, "4": 2}, "nothing has moved"
    assert ask(home) == "cw: the next run reads all of it again"
    assert home.run(complete=False).warnings == ["cw: read again as a whole, as an operator asked"]
    assert messages(home) == {"1": 1, "2": 1, "4": 2}
    home.run(complete=False)
    assert not home.server.asked("/conversations/1/messages")
    read_again(load_settings(home.config), "cw", None, home.world.start)
    home.run(complete=False)
    assert home.server.asked("/conversations/1/messages"), "asked again, it is read again, whatever the clock says"


def test_what_is_read_since_an_instant_deletes_nothing_that_was_not_asked_for(home: Home) -> None:
    assert "since 2026-04-04 00:00+00:00; nothing counts as deleted by that" in ask(home, SINCE)
    home.run(complete=False)
    assert messages(home) == {"1": 2, "2": 1, "3": 2, "4": 2}
    assert not home.server.asked("/conversations/1/messages")
    home.run(complete=False)
    assert not home.server.asked("/conversations/2/messages"), "once"


@pytest.mark.systems
@pytest.mark.parametrize("wishes", [(None, SINCE), (SINCE, None)])
def test_of_several_wishes_all_are_followed(home: Home, wishes: tuple[str | None, ...]) -> None:
    for since in wishes:
        ask(home, since)
        home.world.wait(seconds=1)
    home.run(complete=False)
    assert messages(home) == {"1": 1, "2": 1, "4": 2}


@pytest.mark.parametrize("trouble", ["it fails", "it is refused"])
def test_a_reading_that_is_not_accepted_settles_nothing(home: Home, trouble: str) -> None:
    honest = home.answer

    def answer(path: str, query: dict[str, str]) -> object | None:
        found: Any = honest(path, query)
        if path.endswith("/messages"):
            found = {"payload": [{name: row[name] for name in ("id", "message_type")} for row in found["payload"]]}
        return found

    ask(home)
    if trouble == "it fails":
        home.broken = "/messages"
    else:
        home.answer = answer
    assert home.run(complete=False).refusals
    assert messages(home) == {"1": 2, "2": 2, "3": 2, "4": 2}
    home.broken, home.answer = None, honest
    assert not home.run(complete=False).refusals
    assert messages(home) == {"1": 1, "2": 1, "4": 2}


@pytest.mark.systems
@pytest.mark.parametrize("is_asked", [True, False])
def test_what_was_read_before_the_wish_is_read_again_after_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, is_asked: bool
) -> None:
    """Else an interrupted reading is continued."""
    monkeypatch.setattr(pull, "_SECONDS_BETWEEN_CHECKPOINTS", 0)
    home.broken = "csat"
    assert home.run().failure
    home.broken = None
    if is_asked:
        ask(home)
    assert not home.run().refusals
    assert bool(home.server.asked("/conversations/1/messages")) == is_asked


def test_archives_written_since_an_instant_are_read_again(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    for number, name in enumerate(("old", "new"), start=1):
        path = tmp_path / "archive" / f"{name}.ndjson"
        path.write_text('{"entry": []}\n' * number)
        at = datetime(2026, 4, 2 * number, tzinfo=UTC).timestamp()
        os.utime(path, (at, at))
    source = {"name": "wa", "kind": "meta_webhooks", "account": "acme", "path": "archive"}
    config = write_config(tmp_path, sources=[source])
    settings, rows = load_settings(config), []
    for since in ("never", None, "2026-04-03", "2026-04-05", "never"):
        if since != "never":
            read_again(settings, "wa", since, datetime.now(UTC))
        (report,) = accept(config)
        assert not report.refusals
        manifest = read_live_manifest(max((tmp_path / "var" / "landing" / "wa").iterdir()))
        rows.append(sorted(file.rows or 0 for file in manifest.files.values()))
    assert rows == [[1, 2], [1, 2], [2], [], []]
