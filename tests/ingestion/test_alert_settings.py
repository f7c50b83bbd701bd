"""`[[alerts]]` and `[ping]`: what is taken as it stands, and what is refused, with which words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingestion.alert_settings import CommandChannel, EmailChannel, WebhookChannel
from ingestion.settings import Settings, SettingsError, load_settings
from tests.drops import toml, write_config

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"
HOOK = {"name": "team", "kind": "webhook", "url_env": "ALERT_URL"}
MAIL = {
    "name": "mail",
    "kind": "email",
    "server": "smtp.acme.example",
    "from": "a@acme.example",
    "to": ["b@acme.example"],
}
COMMAND = {"name": "pager", "kind": "command", "command": ["page"]}


def load(folder: Path, *channels: dict[str, object], extra: str = "") -> Settings:
    for channel in channels:
        extra += "\n[[alerts]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in channel.items())
    return load_settings(write_config(folder, extra=extra))


def test_nobody_is_told_unless_it_is_configured(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.alerts, settings.ping) == ([], None)


def test_the_configuration_of_the_page(tmp_path: Path) -> None:
    (example, *_) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    settings = load(tmp_path, extra=example)
    team, office, pager = settings.alerts
    assert isinstance(team, WebhookChannel)
    assert isinstance(office, EmailChannel)
    assert (office.security, office.port_used, office.kinds) == ("starttls", 587, ["run failed", "build refused"])
    assert isinstance(pager, CommandChannel)
    assert pager.command == [str(tmp_path / "page.sh"), "--quiet"]
    assert settings.ping


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_the_security(tmp_path: Path, security: str, port: int) -> None:
    (usual,) = load(tmp_path, {**MAIL, "security": security}).alerts
    (other,) = load(tmp_path, {**MAIL, "security": security, "port": 2525}).alerts
    assert isinstance(usual, EmailChannel)
    assert isinstance(other, EmailChannel)
    assert (usual.port_used, other.port_used) == (port, 2525)


def test_a_program_without_a_path_is_looked_for_where_programs_are(tmp_path: Path) -> None:
    (channel,) = load(tmp_path, COMMAND).alerts
    assert isinstance(channel, CommandChannel)
    assert channel.command == ["page"]


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ({**HOOK, "kind": "pigeon"}, "alerts[0].kind: unknown kind 'pigeon'; kinds are 'webhook', 'email', 'command'"),
        ({"name": "team"}, "alerts[0].kind: this key is required"),
        ({**HOOK, "url": "x"}, "alerts[0].url: unknown key"),
        ({**HOOK, "name": "the team"}, "alerts[0].name: "),
        ({**HOOK, "url_env": "https://hooks.example/secret"}, "alerts[0].url_env: give the name of the environment"),
        ({**HOOK, "kinds": []}, "alerts[0].kinds: List should have at least 1 item"),
        ({**HOOK, "kinds": ["run failed", "tea"]}, "alerts[0].kinds[1]: Input should be 'batch refused'"),
        ({**MAIL, "from": "Ada <a@acme.example>"}, "alerts[0].from: 'Ada <a@acme.example>' is not a mail address"),
        ({**MAIL, "to": ["b@acme.example\nBcc: c@acme.example"]}, "alerts[0].to[0]: "),
        ({**MAIL, "to": ["acme.example"]}, "alerts[0].to[0]: 'acme.example' is not a mail address"),
        ({**MAIL, "to": []}, "alerts[0].to: List should have at least 1 item"),
        ({**MAIL, "sender": "a@acme.example"}, "alerts[0].sender: unknown key"),
        ({**MAIL, "user_env": "MAIL_USER"}, "alerts[0]: a log-in needs both"),
        (
            {**MAIL, "user_env": "U", "password_env": "P", "security": "none"},
            'alerts[0]: security = "none" would send the password unencrypted',
        ),
        ({**COMMAND, "command": []}, "alerts[0].command: List should have at least 1 item"),
        ({**COMMAND, "timeout_seconds": 60}, "alerts[0].timeout_seconds: Input should be less than or equal to 20"),
    ],
)
def test_what_is_refused(tmp_path: Path, channel: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, channel)
    assert f"{tmp_path / 'causerie.toml'}: {words}" in str(refused.value)
    assert "hooks.example" not in str(refused.value)


def test_a_name_stands_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="alerts: the name 'team' occurs 2 times; keep one"):
        load(tmp_path, HOOK, HOOK)


def test_a_password_may_stay_on_this_machine(tmp_path: Path) -> None:
    assert load(tmp_path, {**MAIL, "server": "localhost", "user_env": "U", "password_env": "P", "security": "none"})
