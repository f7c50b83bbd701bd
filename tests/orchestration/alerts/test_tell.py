"""Who is told what: once that a trouble is there, once that it is over, each channel by itself."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from ingestion.alert_settings import TroubleKind
from orchestration.alerts import channels, memory
from orchestration.alerts.tell import tell, tell_state
from orchestration.home import Home, lock, unlock
from orchestration.troubles import Kind, Trouble
from tests.orchestration.alerts.conftest import NOW, SEES, Configured, hook, mail, program, trouble
from tests.orchestration.alerts.servers import Mails, Posts

BATCH = trouble()
STALE = trouble("source stale", "shop")


def test_the_configuration_knows_the_kinds_of_trouble() -> None:
    assert get_args(TroubleKind) == get_args(Kind)


def test_a_trouble_is_told_once_and_its_end_once(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    for _ in range(5):
        assert tell(settings, [BATCH], SEES, NOW) == []
    assert len(posts.texts) == 1
    for _ in range(5):
        assert tell(settings, [], SEES, NOW) == []
    told, over = posts.texts
    for words in (
        "batch refused: support 2026-11-01",
        "since 2026-11-30 03:15 UTC",
        "11 of 11 messages rows are quarantined",
        "next: causerie status",
        SEES,
        str(settings.home),
    ):
        assert words in told
    assert "over: batch refused: support 2026-11-01, which began 2026-11-30 03:15 UTC" in over
    assert f"Nothing needs attention now. {SEES}" in over
    tell(settings, [BATCH], SEES, NOW)
    assert len(posts.texts) == 3


@pytest.mark.parametrize("begins", ["before", "meanwhile"])
def test_while_a_run_is_at_work_only_that_run_tells(
    configured: Configured, posts: Posts, monkeypatch: pytest.MonkeyPatch, begins: str
) -> None:
    """The record of a run that begins while somebody looks reads as that of one that was killed."""
    settings = configured(hook())
    home = Home(settings.home)

    def look(*_: object, **__: object) -> list[Trouble]:
        lock(home)
        return [BATCH]

    monkeypatch.setattr("orchestration.alerts.tell.troubles_of", look)
    if begins == "before":
        lock(home)
    try:
        assert tell_state(settings, NOW) == []
        assert posts.asked == []
        assert tell_state(settings, NOW, ends_run=True) == []
        assert len(posts.asked) == 1
    finally:
        unlock(home)


def test_without_news_nothing_is_sent_or_written(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    tell(settings, [], SEES, NOW)
    before = Home(settings.home).alerts.stat()
    assert tell(settings, [], SEES, NOW + timedelta(hours=1)) == []
    after = Home(settings.home).alerts.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert posts.asked == []


def test_what_changes_at_once_is_one_message(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    tell(settings, [BATCH], SEES, NOW)
    tell(settings, [STALE, trouble("run failed", "run of 2026-11-30 03:15")], SEES, NOW)
    _, text = posts.texts
    for words in (
        "\nsource stale: shop\n",
        "\nrun failed: run of 2026-11-30 03:15\n",
        "\nover: batch refused: support",
    ):
        assert words in text
    assert "Nothing needs attention" not in text


def test_a_channel_that_is_down_is_told_later_and_alone(configured: Configured, posts: Posts, mails: Mails) -> None:
    settings = configured(hook(), mail(mails.port))
    posts.answers = [503, 503]
    (line,) = tell(settings, [BATCH], SEES, NOW)
    assert line == "alerts: chat: the answer is 503 ok"
    assert (len(posts.asked), len(posts.texts), len(mails.mails)) == (2, 0, 1)
    assert tell(settings, [BATCH], SEES, NOW) == []
    assert (len(posts.texts), len(mails.mails)) == (1, 1)
    posts.answers = [503, 503]
    assert tell(settings, [], SEES, NOW) == [line]
    assert tell(settings, [], SEES, NOW) == []
    assert (len(posts.texts), len(mails.mails)) == (2, 2)
    assert "over: batch refused" in posts.texts[1]


def test_what_came_and_went_while_a_channel_was_down_is_not_told(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    posts.answers = [500, 500]
    assert len(tell(settings, [BATCH], SEES, NOW)) == 1
    assert tell(settings, [], SEES, NOW) == []
    assert posts.texts == []


def test_a_new_channel_is_told_what_is_open(configured: Configured, posts: Posts, mails: Mails) -> None:
    tell(configured(hook()), [BATCH, STALE], SEES, NOW)
    settings = configured(hook(), mail(mails.port))
    tell(settings, [BATCH, STALE], SEES, NOW)
    assert len(posts.texts) == 1
    (told,) = mails.mails
    assert told["Subject"] == "causerie: batch refused: support 2026-11-01 and 1 more"
    assert "source stale: shop" in told.get_content()


def test_a_channel_is_told_of_its_kinds_only(configured: Configured, posts: Posts) -> None:
    settings = configured(hook(kinds=["run failed", "source stale"]))
    tell(settings, [BATCH], SEES, NOW)
    tell(settings, [BATCH, STALE], SEES, NOW)
    tell(settings, [], SEES, NOW)
    told, over = posts.texts
    assert "source stale: shop" in told
    assert "over: source stale: shop" in over
    assert "batch refused" not in told + over


def test_a_state_that_is_older_than_what_was_told_is_not_told(configured: Configured, posts: Posts) -> None:
    """A tick looked before a run ended, and gets to tell after it."""
    settings = configured(hook())
    tell(settings, [BATCH], SEES, NOW)
    assert tell(settings, [], SEES, NOW - timedelta(seconds=5)) == []
    assert len(posts.texts) == 1
    tell(settings, [], SEES, NOW - timedelta(days=1))  # somebody has set the clock back
    assert len(posts.texts) == 2


TELLS = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from ingestion.settings import load_settings
    from orchestration.alerts.tell import tell
    from tests.orchestration.alerts.conftest import trouble

    sys.exit("\\n".join(tell(load_settings(Path(sys.argv[1])), [trouble()], "", datetime.now(UTC))) or 0)
"""


def test_two_processes_that_tell_at_once_tell_once(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    posts.seconds = 1
    both = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(TELLS), settings.home.with_name("causerie.toml")])
        for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(posts.texts) == 1


def test_somebody_who_waits_too_long_for_another_says_so(
    configured: Configured, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = configured(hook())
    with memory.locked(Home(settings.home)):
        monkeypatch.setattr(memory.locked.__wrapped__, "__defaults__", (0.1,))  # type: ignore[attr-defined]
        (line,) = tell(settings, [BATCH], SEES, NOW)
    assert line == "alerts: nobody could be told: another process has been telling for 0.1 seconds"
    assert posts.asked == []


def test_a_channel_that_never_answers_holds_up_nobody(
    configured: Configured, posts: Posts, mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = configured(hook(), mail(mails.port))
    monkeypatch.setattr(channels.all_at_once, "__defaults__", (0.5,))
    posts.seconds = 3
    began = time.monotonic()
    assert tell(settings, [BATCH], SEES, NOW) == ["alerts: chat: not done within 0.5 seconds"]
    assert time.monotonic() - began < 2
    assert len(mails.mails) == 1


def test_nor_the_process_that_tells(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    posts.seconds = 9
    impatient = "from orchestration.alerts import channels; channels.all_at_once.__defaults__ = (0.2,)"
    told = [sys.executable, "-c", f"{impatient}\n{textwrap.dedent(TELLS)}", settings.home.with_name("causerie.toml")]
    began = time.monotonic()
    done = subprocess.run(told, capture_output=True, text=True, check=False)
    assert done.stderr == "alerts: chat: not done within 0.2 seconds\n"
    assert time.monotonic() - began < 8


def test_what_was_told_is_kept_from_others(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    before = os.umask(0)
    try:
        tell(settings, [BATCH], SEES, NOW)
    finally:
        os.umask(before)
    home = Home(settings.home)
    assert {home.alerts, home.alerts_lock} <= set(home.private())
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home.alerts, home.alerts_lock)} == {0o600}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"judged_at": null, "told": {"chat": {"k": 1}}}', b"\xff"])
def test_a_memory_that_cannot_be_understood_has_all_told_again(
    configured: Configured, posts: Posts, content: bytes
) -> None:
    settings = configured(hook())
    tell(settings, [BATCH], SEES, NOW)
    Home(settings.home).alerts.write_bytes(content)
    assert tell(settings, [BATCH], SEES, NOW) == []
    assert tell(settings, [BATCH], SEES, NOW) == []
    assert len(posts.texts) == 2


def test_on_a_full_disk_it_is_remembered_where_there_is_room_already(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    tell(settings, [], SEES, NOW)
    home = Home(settings.home)
    home.alerts.with_name(".alerts.json").symlink_to("/dev/full")
    for _ in range(3):
        assert tell(settings, [BATCH], SEES, NOW) == []
    assert tell(settings, [], SEES, NOW) == []
    assert len(posts.texts) == 2
    assert json.loads(home.alerts.read_bytes())["told"] == {"chat": {}}


def test_where_nothing_can_be_remembered_it_is_told_all_the_same(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    settings.home.mkdir()
    (settings.home / ".alerts.json").symlink_to("/dev/full")
    (line,) = tell(settings, [BATCH], SEES, NOW)
    assert "cannot be remembered and will be told again: [Errno 28] No space left on device" in line
    assert len(posts.texts) == 1


def test_a_home_that_cannot_be_used_raises_nothing(configured: Configured, posts: Posts) -> None:
    settings = configured(hook())
    settings.home.touch()
    (line,) = tell(settings, [BATCH], SEES, NOW)
    assert line.startswith("alerts: nobody could be told: ")


def test_where_nobody_is_configured_nothing_is_done(configured: Configured) -> None:
    settings = configured()
    assert tell(settings, [BATCH], SEES, NOW) == []
    assert not settings.home.exists()


def test_a_missing_variable_is_a_channel_that_failed(
    configured: Configured, posts: Posts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in = {"user_env": "HOOK_URL", "password_env": "NO_SUCH_PASSWORD"}
    settings = configured(hook(), mail(9, server="localhost", **log_in), program("sh", "-c", f"cat > {tmp_path}/told"))
    missing = [
        "alerts: chat: the environment variable HOOK_URL, which should hold an address, is not set",
        "alerts: mail: the environment variable NO_SUCH_PASSWORD, which should hold a password, is not set",
    ]
    assert tell(settings, [], SEES, NOW) == missing[1:]
    monkeypatch.delenv("HOOK_URL")
    missing[1] = missing[1].replace("NO_SUCH_PASSWORD", "HOOK_URL").replace("password", "user name")
    assert tell(settings, [], SEES, NOW) == missing
    assert not (tmp_path / "told").exists()
    assert tell(settings, [BATCH], SEES, NOW) == missing
    assert (tmp_path / "told").read_text()
