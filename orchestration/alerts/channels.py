"""How one message is sent: to a webhook, by mail, to a command; and the ping.

Here: sending, its limits, and what is said when it fails, which never shows a secret. Not here: the words
(``messages``), and who is told (``tell``).
"""

from __future__ import annotations

import json
import os
import signal
import smtplib
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from typing import Any, assert_never

import httpx
import tenacity

from ingestion.alert_settings import AnyChannel, CommandChannel, EmailChannel, Ping, WebhookChannel
from ingestion.http.addresses import Secrets, cut, is_loopback, printable
from ingestion.settings import SettingsError, secret
from orchestration import processes
from orchestration.alerts.messages import Message

_PATIENCE = 25.0
"""Seconds for all channels together, which are told at the same time: Dagster gives a tick sixty."""
_TIMEOUT = 10.0
"""Seconds for one piece of a conversation with a server. There are two attempts."""
_SHOWN = 200


class ChannelError(Exception):
    """A channel could not be reached. The message says why, without secrets. ``is_sent``: all the same, for others."""

    def __init__(self, message: str, *, is_sent: bool = False) -> None:
        super().__init__(message)
        self.is_sent = is_sent


class _PassingError(Exception):
    """A server may answer otherwise when it is asked again."""


def send(channel: AnyChannel, message: Message) -> None:
    """Send a message.

    Raises:
        ChannelError: it was not sent.
    """
    match channel:
        case WebhookChannel():
            _ask("POST", channel.url_env, json={"text": _for_slack(message.text)})
        case EmailChannel():
            _mail(channel, message)
        case CommandChannel():
            _hand_over(channel, message)
        case _:
            assert_never(channel)


def check(channel: AnyChannel) -> None:
    """Look whether the variables of a channel are set; nothing is sent.

    Raises:
        ChannelError: one of them is not, or holds something else.
    """
    match channel:
        case WebhookChannel():
            _address(channel.url_env)
        case EmailChannel():
            _log_in(channel)


def send_ping(ping: Ping) -> None:
    """Report a good run.

    Raises:
        ChannelError: nobody has heard of it.
    """
    answer = _ask("GET", ping.url_env)
    if answer.startswith("OK ("):  # Healthchecks answers 200, "OK (not found)", where it knows no such check
        raise ChannelError(f"the answer is '{answer}': correct the address in the variable {ping.url_env}")


def all_at_once(jobs: Mapping[str, Callable[[], None]], patience: float = _PATIENCE) -> dict[str, ChannelError]:
    """Do all jobs at the same time, and give the errors of those that failed.

    A job that takes longer is left behind: its thread ends with the process, which it cannot hold up.
    """
    errors = {name: ChannelError(f"not done within {patience:g} seconds") for name in jobs}

    def do(name: str) -> None:
        try:
            jobs[name]()
        except ChannelError as error:
            errors[name] = error
        except Exception as error:  # the words of a library may hold a secret
            errors[name] = ChannelError(type(error).__name__)
        else:
            del errors[name]

    threads = [threading.Thread(target=do, args=(name,), daemon=True) for name in jobs]
    end = time.monotonic() + patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    return errors.copy()


def _value(variable: str, what: str, may_have: str = "") -> str:
    try:
        return secret(variable, what, may_have=may_have)
    except SettingsError as error:
        raise ChannelError(str(error)) from None


# --- HTTP


def _address(variable: str) -> httpx.URL:
    address = _value(variable, "an address")
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host or (url.scheme != "https" and not (url.scheme == "http" and is_loopback(url))):
        raise ChannelError(
            f"the environment variable {variable} holds no address that begins with https:// (http:// is for this"
            " machine only)"
        )
    return url


def _ask(method: str, variable: str, **content: Any) -> str:
    """The beginning of the answer of the address in an environment variable."""
    url = _address(variable)
    secrets = Secrets([str(url), *url.path.split("/"), *url.params.values(), url.password])
    try:
        return secrets.hidden(_attempt(method, url, **content))
    except httpx.TimeoutException:
        raise ChannelError(f"no answer within {_TIMEOUT:g} seconds") from None
    except (ChannelError, _PassingError, httpx.TransportError) as error:
        raise ChannelError(cut(secrets.hidden(printable(str(error) or type(error).__name__)), _SHOWN)) from None
    except (OSError, ValueError, ImportError):
        raise ChannelError("the proxy or the certificates that the environment names cannot be used") from None


@tenacity.retry(
    stop=tenacity.stop_after_attempt(2),
    wait=tenacity.wait_fixed(1),
    retry=tenacity.retry_if_exception_type((httpx.TransportError, _PassingError)),
    reraise=True,
)
def _attempt(method: str, url: httpx.URL, **content: Any) -> str:
    trust = not is_loopback(url)
    with httpx.stream(method, url, timeout=_TIMEOUT, trust_env=trust, **content) as response:
        said = printable(next(response.iter_text(_SHOWN), ""))
        if response.is_success:
            return said
        words = f"the answer is {response.status_code} {said}".strip()
        raise _PassingError(words) if response.status_code in (429, *range(500, 600)) else ChannelError(words)


def _for_slack(text: str) -> str:
    """The text in a block of code: no mention, link or mark-up in it acts, in Slack and in what is like it."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
    return f"```\n{escaped}\n```"


# --- mail


def _mail(channel: EmailChannel, message: Message) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = message.subject, channel.sender, ", ".join(channel.to)
    mail["Date"], mail["Message-ID"] = localtime(), make_msgid(domain=channel.sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # nobody's absence is answered
    mail.set_content(message.text)
    log_in = _log_in(channel)
    try:
        refused = _give(channel, mail, log_in)
    except (OSError, smtplib.SMTPException) as error:
        words = Secrets(log_in or ()).hidden(printable(str(error) or type(error).__name__))
        raise ChannelError(cut(words, _SHOWN)) from None
    if refused:
        raise ChannelError(f"sent, but the server refuses {printable(', '.join(refused))}", is_sent=True)


def _log_in(channel: EmailChannel) -> tuple[str, str] | None:
    if not channel.user_env or not channel.password_env:
        return None
    return _value(channel.user_env, "a user name"), _value(channel.password_env, "a password", " '\"")


def _give(channel: EmailChannel, mail: EmailMessage, log_in: tuple[str, str] | None) -> list[str]:
    """Give a mail to the server, and tell which addresses it refuses."""
    verified = ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(channel.server, channel.port_used, timeout=_TIMEOUT, context=verified)
        if channel.security == "tls"
        else smtplib.SMTP(channel.server, channel.port_used, timeout=_TIMEOUT)
    )
    with closing(server):
        if channel.security == "starttls":
            server.starttls(context=verified)
        if log_in:
            server.login(*log_in)
        refused = list(server.send_message(mail))
        with suppress(OSError, smtplib.SMTPException):  # the mail is accepted, whatever follows
            server.quit()
    return refused


# --- commands


def _hand_over(channel: CommandChannel, message: Message) -> None:
    given = message.text if channel.input == "text" else json.dumps(message.content)
    program = channel.command[0]
    try:
        process = processes.start(
            channel.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise ChannelError(f"{program}: {error.strerror}") from None
    try:
        process.communicate(f"{given}\n".encode(), channel.timeout_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise ChannelError(f"{program} has not ended within {channel.timeout_seconds:g} seconds") from None
    if process.returncode:
        raise ChannelError(f"{program} has ended with the status {process.returncode}")
