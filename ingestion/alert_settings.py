"""``[[alerts]]`` and ``[ping]`` of the configuration: who is told when something needs attention, and when it is over.

Here: the keys of each kind of channel, and their validation. Not here: the rest of the file (``settings``), and what is
told and sent (``orchestration.alerts``). Secrets are never keys: a key names the environment variable that holds one.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ingestion.source_settings import VariableName

TroubleKind = Literal["batch refused", "source failed", "source stale", "build refused", "run failed", "target failed"]
"""The kinds of trouble, as ``orchestration.troubles`` has them, which this package must not import."""
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _mail_address(text: str) -> str:
    name, _, domain = text.rpartition("@")
    if not name or not domain or not (text.isascii() and text.isprintable()) or set(text) & set(" <>,;:\"'()"):
        raise ValueError(f"{text!r} is not a mail address; write it as 'team@example.org'")
    return text


MailAddress = Annotated[str, AfterValidator(_mail_address)]


class Channel(_Section):
    """One way to tell somebody. ``kinds``: the troubles that it is told of; without it, all.

    By its ``name`` it is remembered what the channel has been told.
    """

    name: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]*$")
    kinds: Annotated[list[TroubleKind], Field(min_length=1)] | None = None


class WebhookChannel(Channel):
    """JSON as Slack takes it, sent to the address in the environment variable ``url_env``."""

    kind: Literal["webhook"]
    url_env: VariableName


class EmailChannel(Channel):
    """A mail, given to a server. ``user_env`` and ``password_env``: the variables with a log-in, if it asks for one."""

    kind: Literal["email"]
    server: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: MailAddress = Field(alias="from")
    to: list[MailAddress] = Field(min_length=1)
    user_env: VariableName | None = None
    password_env: VariableName | None = None

    @property
    def port_used(self) -> int:
        """The port of the configuration, or the usual one."""
        return self.port or _PORTS[self.security]

    @model_validator(mode="after")
    def _consistent(self) -> EmailChannel:
        if (self.user_env is None) != (self.password_env is None):
            raise ValueError("a log-in needs both: set user_env and password_env, or neither")
        if self.password_env and self.security == "none" and self.server not in _THIS_MACHINE:
            raise ValueError('security = "none" would send the password unencrypted; use "starttls" or "tls"')
        return self


class CommandChannel(Channel):
    """A command that gets the message on its standard input, as JSON or as plain text."""

    kind: Literal["command"]
    command: list[str] = Field(min_length=1)
    input: Literal["json", "text"] = "json"
    timeout_seconds: float = Field(default=20, gt=0, le=20)


AnyChannel = Annotated[WebhookChannel | EmailChannel | CommandChannel, Field(discriminator="kind")]
"""A channel of any kind, as the configuration has it."""


class Ping(_Section):
    """Where each good run is reported, so that somebody else notices when none comes: Healthchecks and the like."""

    url_env: VariableName
