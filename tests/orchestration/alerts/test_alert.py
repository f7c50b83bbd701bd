"""`causerie alert`: what it says, what it asks of a configuration, and its exit statuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration import troubles
from orchestration.alerts import tell
from orchestration.cli.main import main
from orchestration.home import Home, lock, unlock
from tests.orchestration.alerts.conftest import hook, program, trouble, write_alerts
from tests.orchestration.alerts.servers import Posts


def alert(config: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["alert", "--config", str(config), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_it_tells_what_needs_attention(tmp_path: Path, posts: Posts, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_alerts(tmp_path, hook())
    assert alert(config) == (0, "Nothing needs attention.\n")
    for module in (troubles, tell):
        monkeypatch.setattr(module, "troubles_of", lambda *_, **__: [trouble()])
    for _ in range(2):
        assert alert(config) == (0, "Told. Open: batch refused: support 2026-11-01\n")
    (text,) = posts.texts
    assert "Nothing is published yet." in text
    posts.answers = [500, 500]
    monkeypatch.undo()
    monkeypatch.setenv("HOOK_URL", posts.url)
    assert alert(config) == (1, "alerts: chat: the answer is 500 ok\n")
    assert alert(config) == (0, "Nothing needs attention.\n")
    assert len(posts.texts) == 2


def test_a_test_says_of_each_channel_whether_it_works(tmp_path: Path, posts: Posts) -> None:
    config = write_alerts(tmp_path, hook(), ping="HOOK_URL")
    assert alert(config, "--test") == (0, "chat: works\n[ping]: works\n")
    config = write_alerts(tmp_path, hook(), program("false"), hook(name="other", url_env="NO_SUCH_URL"))
    assert alert(config, "--test") == (
        1,
        "chat: works\n"
        "pager: false has ended with the status 1\n"
        "other: the environment variable NO_SUCH_URL, which should hold an address, is not set\n"
        "Not every channel works: see above\n",
    )


def test_what_a_run_is_changing_is_not_told(tmp_path: Path, posts: Posts, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_alerts(tmp_path, hook())
    for module in (troubles, tell):
        monkeypatch.setattr(module, "troubles_of", lambda *_, **__: [trouble()])
    home = Home(tmp_path / "var")
    lock(home)
    try:
        assert alert(config) == (0, "A run is in progress: it tells when it ends.\n")
    finally:
        unlock(home)
    assert posts.asked == []
    assert alert(config)[0] == 0
    assert len(posts.asked) == 1


def test_nobody_to_tell_is_a_wrong_configuration(tmp_path: Path, posts: Posts) -> None:
    config = write_alerts(tmp_path)
    for options in ([], ["--test"]):
        status, output = alert(config, *options)
        assert status == 2
        assert (
            output == f"{config}: alerts: nobody is to be told; name a channel in [[alerts]], as docs/alerts.md says\n"
        )
    config = write_alerts(tmp_path, ping="HOOK_URL")
    assert alert(config)[0] == 2
    assert alert(config, "--test") == (0, "[ping]: works\n")
