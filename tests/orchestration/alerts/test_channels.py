"""How each channel is reached: what is sent, what is said when it fails, and that no secret ever is."""

from __future__ import annotations

import json
import logging
import re
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from orchestration.alerts import channels
from orchestration.alerts.tell import PING, ping, tell, try_out
from tests.ingestion.test_client import own_certificate
from tests.orchestration.alerts.conftest import (
    NOW,
    SECRETS,
    SEES,
    Configured,
    hook,
    mail,
    program,
    trouble,
)
from tests.orchestration.alerts.servers import Mails, Posts

PAGE = Path(__file__).parents[3] / "docs" / "alerts.md"
BATCH = trouble()
HOSTILE = trouble(
    subject="<!channel> @all [click](https://evil.example)\n```\x1b[2J",
    reasons=("a\r\nBcc: eve@evil.example\x1b[2J", "<https://evil.example|here> & `there`"),
    next_step="causerie accept shop $'b\u202e1' --reason ...",
)


# --- webhooks and the ping


@pytest.mark.parametrize("answers", [[503], [429], [500]])
def test_a_server_that_stumbles_once_is_asked_again(configured: Configured, posts: Posts, answers: list[int]) -> None:
    posts.answers = answers
    assert tell(configured(hook()), [BATCH], SEES, NOW) == []
    assert posts.asked == ["POST /hooks/very-secret-hook"] * 2
    assert len(posts.texts) == 1


@pytest.mark.parametrize("status", [302, 400, 404])
def test_a_server_that_refuses_is_not_asked_again(configured: Configured, posts: Posts, status: int) -> None:
    posts.answers, posts.said = [status], "no_service"
    assert tell(configured(hook()), [BATCH], SEES, NOW) == [f"alerts: chat: the answer is {status} no_service"]
    assert len(posts.asked) == 1


def test_nobody_there(configured: Configured, posts: Posts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_URL", "http://127.0.0.1:9/very-secret-hook")
    assert tell(configured(hook()), [BATCH], SEES, NOW) == ["alerts: chat: [Errno 111] Connection refused"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("http://hooks.example/very-secret-hook", "holds no address that begins with https://"),
        ("ftp://127.0.0.1/very-secret-hook", "holds no address that begins with https://"),
        ("https:///very-secret-hook", "holds no address that begins with https://"),
        ("https://hooks.example:x/very-secret-hook", "holds no address that begins with https://"),
        ("very-secret-hook", "holds no address that begins with https://"),
        ("https://hooks.example/very-secret-hook\n", "holds more than an address"),
        ("'https://hooks.example/very-secret-hook'", "holds more than an address"),
        ("", "is not set"),
    ],
)
def test_a_variable_without_a_usable_address(
    configured: Configured, monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    monkeypatch.setenv("HOOK_URL", value)
    settings = configured(hook(), ping="HOOK_URL")
    for line in (*tell(settings, [BATCH], SEES, NOW), str(ping(settings)), *map(str, try_out(settings, SEES).values())):
        assert f"the environment variable HOOK_URL {words}" in line.replace(", which should hold an address,", "")
        assert "very-secret-hook" not in line


def test_a_proxy_that_cannot_be_used_is_said_without_showing_it(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_URL", "https://hooks.example/very-secret-hook")
    monkeypatch.setenv("HTTPS_PROXY", "strange://user:password@proxy.example")
    assert tell(configured(hook()), [BATCH], SEES, NOW) == [
        "alerts: chat: the proxy or the certificates that the environment names cannot be used"
    ]


def test_a_good_run_is_reported_once(configured: Configured, posts: Posts) -> None:
    assert ping(configured()) is None
    assert ping(configured(ping="HOOK_URL")) is None
    assert posts.asked == ["GET /hooks/very-secret-hook"]


def test_a_ping_that_nobody_hears_is_said(configured: Configured, posts: Posts) -> None:
    settings = configured(ping="HOOK_URL")
    posts.answers = [500, 500]
    assert ping(settings) == f"{PING}: the answer is 500 ok"
    posts.said = "OK (not found)"
    assert ping(settings) == (f"{PING}: the answer is 'OK (not found)': correct the address in the variable HOOK_URL")


# --- mail


def test_a_mail_has_what_others_need(configured: Configured, mails: Mails) -> None:
    to = ["ada@acme.example", "grace@acme.example"]
    assert tell(configured(mail(mails.port, to=to)), [BATCH], SEES, NOW) == []
    (told,) = mails.mails
    assert mails.recipients == [to]
    assert (told["Subject"], told["From"]) == (
        "causerie: batch refused: support 2026-11-01",
        "causerie@acme.example",
    )
    assert told["Auto-Submitted"] == "auto-generated"
    assert told["Date"]
    assert told["Message-ID"].endswith("@acme.example>")
    assert told.get_content_type() == "text/plain"
    assert "next: causerie status" in told.get_content()


def test_a_log_in_over_tls(
    configured: Configured, mails: Mails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = own_certificate(tmp_path / "own.pem")
    mails.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mails.context.load_cert_chain(certificate)
    mails.log_in = SECRETS["MAIL_USER"], SECRETS["MAIL_PASSWORD"]
    settings = configured(mail(mails.port, security="starttls", user_env="MAIL_USER", password_env="MAIL_PASSWORD"))
    (line,) = tell(settings, [BATCH], SEES, NOW)
    assert "CERTIFICATE_VERIFY_FAILED" in line
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert tell(settings, [BATCH], SEES, NOW) == []
    assert len(mails.mails) == 1
    monkeypatch.setenv("MAIL_PASSWORD", "another-password")
    (line,) = tell(settings, [], SEES, NOW)
    assert line == "alerts: mail: (535, b'wrong user or password')"


def test_a_server_without_tls_gets_nothing(configured: Configured, mails: Mails) -> None:
    assert tell(configured(mail(mails.port, security="starttls")), [BATCH], SEES, NOW) == [
        "alerts: mail: STARTTLS extension not supported by server."
    ]
    (line,) = tell(configured(mail(mails.port, security="tls")), [BATCH], SEES, NOW)
    assert "SSL" in line
    assert mails.mails == []


def test_an_address_that_is_refused_is_said_and_the_others_are_told_once(configured: Configured, mails: Mails) -> None:
    settings = configured(mail(mails.port, to=["ada@acme.example", "typo@acme.example"]))
    mails.refused = {"typo@acme.example"}
    assert tell(settings, [BATCH], SEES, NOW) == ["alerts: mail: sent, but the server refuses typo@acme.example"]
    assert tell(settings, [BATCH], SEES, NOW) == []
    assert mails.recipients == [["ada@acme.example"]]
    mails.refused.add("ada@acme.example")
    assert "550, b'unknown'" in tell(settings, [], SEES, NOW)[0]
    assert len(mails.mails) == 1


def test_a_server_that_stumbles_after_it_has_accepted_is_not_told_again(configured: Configured, mails: Mails) -> None:
    mails.farewell = "421 too late"
    assert tell(configured(mail(mails.port)), [BATCH], SEES, NOW) == []
    assert len(mails.mails) == 1


# --- commands


def test_a_command_gets_json(configured: Configured, tmp_path: Path) -> None:
    settings = configured(program("sh", "-c", f"cat > {tmp_path}/told"))
    assert tell(settings, [BATCH], SEES, NOW) == []
    told = json.loads((tmp_path / "told").read_bytes())
    assert told["readers_see"] == SEES
    assert told["troubles"] == [
        {
            "event": "began",
            "key": "batch refused: support 2026-11-01",
            "kind": "batch refused",
            "subject": "support 2026-11-01",
            "reasons": ["11 of 11 messages rows are quarantined"],
            "since": "2026-11-30T03:15:00+00:00",
            "next_step": "causerie status",
        }
    ]
    assert told["text"].startswith("causerie, ")
    (example,) = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    documented = json.loads(example)
    assert documented.keys() == told.keys()
    assert all(each.keys() == told["troubles"][0].keys() for each in documented["troubles"])
    tell(settings, [], SEES, NOW)
    (over,) = json.loads((tmp_path / "told").read_bytes())["troubles"]
    assert (over["event"], over["key"], over["since"]) == ("over", BATCH.key, "2026-11-30T03:15:00+00:00")


def test_or_the_text(configured: Configured, tmp_path: Path) -> None:
    tell(configured(program("sh", "-c", f"cat > {tmp_path}/told", input="text")), [BATCH], SEES, NOW)
    assert "\n\nbatch refused: support 2026-11-01\n" in (tmp_path / "told").read_text()


def test_a_command_beside_the_configuration_sees_little_of_the_environment(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", "very-secret-token")
    script = tmp_path / "told.sh"
    script.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    script.chmod(0o700)
    monkeypatch.chdir("/")
    assert tell(configured(program("./told.sh")), [BATCH], SEES, NOW) == []
    seen = {line.partition("=")[0] for line in (tmp_path / "seen").read_text().splitlines()}
    assert "PATH" in seen
    assert "ACME_TOKEN" not in seen


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["false"], "false has ended with the status 1"),
        (["no-such-program"], "no-such-program: No such file or directory"),
    ],
)
def test_a_command_that_fails(configured: Configured, words: list[str], line: str) -> None:
    assert tell(configured(program(*words)), [BATCH], SEES, NOW) == [f"alerts: pager: {line}"]


def test_a_command_that_reads_nothing_has_been_told(configured: Configured) -> None:
    many = [trouble(subject=f"batch {number}", reasons=("x" * 400,) * 20) for number in range(50)]
    assert tell(configured(program("true")), many, SEES, NOW) == []


def test_a_command_that_hangs_ends_with_all_that_it_started(configured: Configured, tmp_path: Path) -> None:
    asleep = f"sleep 60 & echo $! > {tmp_path}/pid; wait"
    settings = configured(program("sh", "-c", asleep, timeout_seconds=0.5))
    began = time.monotonic()
    assert tell(settings, [BATCH], SEES, NOW) == ["alerts: pager: sh has not ended within 0.5 seconds"]
    assert time.monotonic() - began < 5
    child = int((tmp_path / "pid").read_text())
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True, check=False)
    assert state.stdout.strip()[:1] in ("", "Z")


def test_a_mistake_of_a_library_is_a_failed_channel(
    configured: Configured, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(posts.url)

    monkeypatch.setattr(channels, "_attempt", fail)
    assert tell(configured(hook()), [BATCH], SEES, NOW) == ["alerts: chat: RuntimeError"]


# --- hostile names, and secrets


def test_hostile_names_do_not_act(configured: Configured, posts: Posts, mails: Mails, tmp_path: Path) -> None:
    settings = configured(
        hook(),
        mail(mails.port),
        program("sh", "-c", f"cat > {tmp_path}/told"),
        program("sh", "-c", f"cat > {tmp_path}/text", name="text", input="text"),
    )
    assert tell(settings, [HOSTILE], SEES, NOW) == []
    (posted,) = posts.texts
    inside = posted.removeprefix("```\n").removesuffix("\n```")
    assert not set(inside) & set("<>`")
    assert "&lt;!channel&gt; @all [click](https://evil.example)\\n'''\\u001b[2J" in inside
    (mailed,) = mails.mails
    assert mailed["Subject"].startswith("causerie: batch refused: <!channel> @all")
    assert (mailed["Bcc"], mails.recipients) == (None, [["ada@acme.example"]])
    told = json.loads((tmp_path / "told").read_bytes())
    given = [told["text"], *told["troubles"][0]["reasons"], (tmp_path / "text").read_text()]
    for text in (inside, mailed.get_content().replace("\r\n", "\n"), *given):
        assert all(character.isprintable() for character in text.replace("\n", ""))
        assert "\nBcc" not in text


def test_a_long_message_is_cut_for_slack(configured: Configured, posts: Posts) -> None:
    many = [trouble(subject=f"batch {number}", reasons=("x" * 1000,) * 9) for number in range(30)]
    tell(configured(hook()), many, SEES, NOW)
    (text,) = posts.texts
    assert len(text) < 4000
    assert "batch refused: batch 0\n" in text
    assert "and 6 more reasons" in text
    shown = text.count("batch refused: ")
    assert f"\nand {30 - shown} more: causerie status\n" in text
    assert SEES in text


def test_no_secret_is_ever_said(
    configured: Configured,
    posts: Posts,
    mails: Mails,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    mails.log_in = "somebody", "else"
    log_in = {"user_env": "MAIL_USER", "password_env": "MAIL_PASSWORD", "server": "localhost"}
    settings = configured(hook(), mail(mails.port, **log_in), ping="HOOK_URL")
    posts.answers, posts.said = [400, 400, 400], f"what about {posts.url} and /hooks/very-secret-hook"
    said = [*tell(settings, [BATCH], SEES, NOW), str(ping(settings)), str(try_out(settings, SEES))]
    assert "what about ***" in said[0]
    assert "535" in said[1]
    posts.said = f"OK (not found: {posts.url})"
    said.append(str(ping(settings)))
    assert "OK (not found: ***)" in said[-1]
    captured = capfd.readouterr()
    everything = "\n".join([*said, caplog.text, captured.out, captured.err])
    for hidden in ("very-secret-hook", *SECRETS.values()):
        assert hidden not in everything


def test_a_test_reaches_everybody(configured: Configured, posts: Posts, mails: Mails, tmp_path: Path) -> None:
    settings = configured(hook(), mail(mails.port), program("sh", "-c", f"cat > {tmp_path}/told"), ping="HOOK_URL")
    assert try_out(settings, SEES) == {"chat": None, "mail": None, "pager": None, PING: None}
    assert "This is a test: this channel works." in posts.texts[0]
    assert mails.mails[0]["Subject"] == "causerie: a test"
    assert json.loads((tmp_path / "told").read_bytes())["troubles"] == []
    assert sorted(posts.asked) == ["GET /hooks/very-secret-hook", "POST /hooks/very-secret-hook"]
    assert not settings.home.exists()
