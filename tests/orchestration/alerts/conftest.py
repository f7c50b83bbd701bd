"""A home whose alerts go to servers of this machine, and troubles to tell of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.settings import Settings, load_settings
from orchestration.alerts import channels
from orchestration.troubles import Kind, Trouble
from tests.drops import toml, write_config
from tests.orchestration.alerts.servers import Mails, Posts, mail_server, webhook

NOW = datetime(2026, 11, 30, 3, 15, tzinfo=UTC)
SEES = "Readers see 20261129T031500Z-b1, data through 2026-11-28 23:59 UTC."
SECRETS = {
    "MAIL_USER": "causerie-mailer",
    "MAIL_PASSWORD": "very secret 'password'",
}

Configured = Callable[..., Settings]


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels._attempt.retry, "sleep", lambda _: None)  # type: ignore[attr-defined]


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Posts]:
    with webhook() as posts:
        monkeypatch.setenv("HOOK_URL", posts.url)
        yield posts


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mails]:
    with mail_server() as mails:
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        yield mails


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    """A configuration with these channels."""

    def configure(*alerts: dict[str, Any], ping: str = "") -> Settings:
        return load_settings(write_alerts(tmp_path, *alerts, ping=ping))

    return configure


def write_alerts(folder: Path, *alerts: dict[str, Any], ping: str = "") -> Path:
    text = f'[ping]\nurl_env = "{ping}"\n' if ping else ""
    for channel in alerts:
        text += "[[alerts]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in channel.items())
    return write_config(folder, extra=text)


def hook(**values: Any) -> dict[str, Any]:
    return {"name": "chat", "kind": "webhook", "url_env": "HOOK_URL", **values}


def mail(port: int, **values: Any) -> dict[str, Any]:
    addresses = {"from": "causerie@acme.example", "to": ["ada@acme.example"]}
    return {"name": "mail", "kind": "email", "server": "127.0.0.1", "port": port, "security": "none"} | (
        addresses | values
    )


def program(*words: str, **values: Any) -> dict[str, Any]:
    return {"name": "pager", "kind": "command", "command": list(words), **values}


def trouble(kind: Kind = "batch refused", subject: str = "support 2026-11-01", **values: Any) -> Trouble:
    given = {"reasons": ("11 of 11 messages rows are quarantined",), "next_step": "causerie status", "since": NOW}
    return Trouble(f"{kind}: {subject}", kind, subject, **given | values)
