"""One section of ``[[sources]]``: how a source is configured, by kind.

Here: the keys of each kind, their validation, and the tables of configuration that dbt reads of a kind. Not here: which
kinds there are (``source_kinds``), and how a source is read (``sources``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ingestion.export_format import ENTITIES
from ingestion.file_mapping import MappedEntity, mistakes
from ingestion.sql import sql_pattern


def _plain_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise ValueError(f"'{name}' is also the name of a folder: use letters, digits, '_' and '-'")
    return name


def _base_url(url: str) -> str:
    """The address of a system: https, or http on this machine; without user, query and final slash."""
    if not url.isprintable() or set(url) & set(" '\""):
        raise ValueError(f"{url!r} has blanks, quotes or other characters that an address never has; remove them")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"'{url}' is not an address; write it as 'https://chat.example.org'")
    if set(url) & set("@?#"):
        raise ValueError(
            "write the address without a user, a password or a query; the token belongs in the environment"
        )
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError(f"'{url}' would send the token unencrypted; use https")
    return url.rstrip("/")


def _variable_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(
            "give the name of the environment variable that holds the secret, not the secret: letters, digits and '_'"
        )
    return name


VariableName = Annotated[str, AfterValidator(_variable_name)]
"""The name of an environment variable that holds a secret."""


def _conversation_url(url: str) -> str:
    """The address of a conversation, with ``{conversation_id}`` where its id goes."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or set(url) & set(" '\"<>"):
        raise ValueError(
            f"{url!r} is not an address; write it as 'https://desk.example.org/tickets/{{conversation_id}}'"
        )
    if "{conversation_id}" not in url or set(url.replace("{conversation_id}", "")) & set("{}"):
        raise ValueError(f"'{url}' lacks {{conversation_id}}, or has other names in braces; only this one is known")
    if "@" in parts.netloc or "{" in parts.netloc:
        raise ValueError("write the address without a user or a password, and with a fixed host: readers see it")
    return url


def _date_format(text: str) -> str:
    if "%" not in text or re.sub("%[YmdHMS]", "", text).count("%"):
        raise ValueError(f"'{text}' is not understood; write it as '%Y%m%d' or '%Y-%m-%dT%H%M%S'")
    if not {"%Y", "%m", "%d"} <= set(re.findall("%.", text)):
        raise ValueError(f"'{text}' lacks the year, the month or the day")
    return text


def _group(text: str) -> str:
    if text.count("{date}") != 1 or set(text.replace("{date}", "")) & set("{}"):
        raise ValueError(f"'{text}' is not understood; write it as 'tickets-{{date}}'")
    return text


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Section):
    """One system that delivers conversations of one account. ``name`` is the ``source_system`` of the marts."""

    name: Annotated[str, AfterValidator(_plain_name)]
    account: str
    stale_after_hours: float | None = Field(default=None, gt=0)
    """How old its data may be; by default ``quality.stale_after_hours``."""
    stale_on: Literal["all_days", "working_days"] = "all_days"
    """The days whose hours make it older."""
    conversation_url: Annotated[str, AfterValidator(_conversation_url)] | None = None
    """Where readers see one of its conversations."""

    tables: ClassVar[Mapping[str, str]] = {}
    """The tables of configuration that dbt reads of this kind: their columns after ``source_system``, with types."""

    def rows(self, table: str) -> Iterable[tuple[str, ...]]:
        """The rows of this source in one of :attr:`tables`."""
        return ()

    @property
    def url_of_conversations(self) -> str | None:
        """Where readers see one of its conversations, as far as that is known."""
        return self.conversation_url

    @property
    def drop_folder(self) -> Path | None:
        """Where batches are delivered; None where a run makes them itself."""
        return None

    @property
    def is_snapshot(self) -> bool:
        """Whether a batch holds all that there is: what it lacks is deleted."""
        return False

    @property
    def mapped(self) -> Mapping[str, MappedEntity]:
        """By entity, how files of another system become its records; nothing where records come as they are."""
        return {}


class FolderSource(Source):
    """A system that delivers into a folder. ``outside_links``: whether links in there may lead out of it."""

    path: Path
    outside_links: bool = False


class DeliveredSource(FolderSource):
    """A folder into which strangers deliver records of the export format, or what is mapped to it.

    ``known_words``: words of a column that are meant, though the figures do not follow them. ``no_agents``: outbound
    messages never have an agent, and that is meant.
    """

    known_words: dict[Literal["sender_type", "origin", "event_type", "flow_status"], list[str]] = {}
    no_agents: bool = False


class ExportSource(DeliveredSource):
    """A folder of batches, which any system can write."""

    kind: Literal["export"]

    @property
    def drop_folder(self) -> Path:
        """Where batches are delivered."""
        return self.path


class DateInName(_Section):
    """The date, or date and time, in the names of files. ``name``: how it is written, as in ``%Y%m%d``."""

    name: Annotated[str, AfterValidator(_date_format)]


class FilesSource(DeliveredSource):
    """A folder of files as another system writes them, and how they become records of the export format.

    ``extracted_at``: where it is not in their names, it is when they were written. ``settle_seconds``: a file that
    changed later than so long ago is still being written. ``delivery``: whether a file says what has changed, or a dump
    says all that there is. ``group``: what the names of the files of one dump have in common, as in ``tickets-{date}``.
    """

    kind: Literal["files"]
    extracted_at: DateInName | None = None
    settle_seconds: float = Field(default=60, ge=0)
    delivery: Literal["delta", "snapshot"] = "delta"
    group: Annotated[str, AfterValidator(_group)] | None = None
    conversations: MappedEntity | None = None
    messages: MappedEntity | None = None
    contacts: MappedEntity | None = None
    agents: MappedEntity | None = None
    events: MappedEntity | None = None
    ratings: MappedEntity | None = None
    flow_runs: MappedEntity | None = None

    @property
    def is_snapshot(self) -> bool:
        """Whether a batch holds all that there is."""
        return self.delivery == "snapshot"

    @property
    def mapped(self) -> dict[str, MappedEntity]:
        """The mapping of each entity that has one."""
        found = {name: getattr(self, name) for name in ENTITIES}
        return {name: of for name, of in found.items() if of is not None}

    @model_validator(mode="after")
    def _maps_what_there_is(self) -> FilesSource:
        if not self.mapped:
            raise ValueError(f"no entity is mapped: 'causerie map {self.path}' proposes how")
        for name, of in self.mapped.items():
            if wrong := mistakes(ENTITIES[name], of):
                raise ValueError(f"{name}: {wrong}")
            if self.delivery == "snapshot" and "updated_at" in of.columns:
                raise ValueError(f"{name}: updated_at: of snapshots, the newest one counts: do not map it")
        return self


class MetaWebhooksSource(FolderSource):
    """A folder of archived webhook payloads of Meta's WhatsApp Cloud API: NDJSON, plain or gz."""

    kind: Literal["meta_webhooks"]


class RemoteSource(Source):
    """A system that is read over HTTP. ``token_env`` names the environment variable that holds its token.

    ``read_every_minutes``: Dagster's sensor has it read after so long, beside the schedule.
    """

    base_url: Annotated[str, AfterValidator(_base_url)]
    token_env: VariableName
    requests_per_second: float = Field(default=20, gt=0)
    concurrency: int = Field(default=4, ge=1, le=64)
    timeout_seconds: float = Field(default=30, gt=0)
    attempts: int = Field(default=6, ge=1)
    read_every_minutes: float | None = Field(default=None, gt=0)


class ActivityTexts(_Section):
    """What activity messages say where a conversation changes its status, or loses its agent; ``*``: any text."""

    resolved: list[str] = ["Conversation was marked resolved by *", "Conversation was resolved by *"]
    opened: list[str] = [
        "Conversation was reopened by *",
        "Conversation was marked open by *",
        "Conversation was marked open automatically *",
        "System reopened the conversation *",
    ]
    pending: list[str] = ["Conversation was marked as pending by *"]
    snoozed: list[str] = ["Conversation was snoozed by *"]
    unassigned: list[str] = ["Conversation unassigned by *"]


class ChatwootSource(RemoteSource):
    """A Chatwoot installation. ``account_id``: the number of the account there."""

    kind: Literal["chatwoot"]
    account_id: int = Field(ge=1)
    reread_minutes: float = Field(default=60, ge=0)
    """An incremental reading also reads what was active this long before the last one."""
    complete_every_hours: float = Field(default=24, ge=0)
    """After so long, everything is read again. This finds what was deleted or changed without activity."""
    ratings: bool = True
    """Whether survey responses are read: only an administrator's token may."""
    activities: ActivityTexts = ActivityTexts()

    tables: ClassVar[Mapping[str, str]] = {"activity_texts": "change varchar, pattern varchar"}

    @property
    def url_of_conversations(self) -> str:
        """Where an agent opens a conversation, unless the configuration names another address."""
        return (
            self.conversation_url or f"{self.base_url}/app/accounts/{self.account_id}/conversations/{{conversation_id}}"
        )

    def rows(self, table: str) -> Iterable[tuple[str, ...]]:
        """The patterns of activity messages, with the change of status that each reports."""
        texts = self.activities.model_dump().items()
        return [(change, sql_pattern(text)) for change, of_change in texts for text in of_change]


class ActiveCampaignSource(RemoteSource):
    """ActiveCampaign WhatsApp messaging (the former Hilos).

    ``csat_flows``: ids or names of flows that ask for a rating, beside those that the system says do.
    """

    kind: Literal["activecampaign"]
    page_size: int = Field(default=40, ge=1, le=100)
    csat_flows: list[Annotated[str, Field(coerce_numbers_to_str=True)]] = []

    tables: ClassVar[Mapping[str, str]] = {"csat_flows": "flow varchar"}

    def rows(self, table: str) -> Iterable[tuple[str, ...]]:
        """The flows that ask for a rating."""
        return [(flow,) for flow in self.csat_flows]


AnySource = Annotated[
    ExportSource | FilesSource | ChatwootSource | ActiveCampaignSource | MetaWebhooksSource, Field(discriminator="kind")
]
"""A source of any kind, as the configuration has it."""
OPERATION = frozenset({"stale_after_hours", "stale_on", "read_every_minutes"})
"""The keys of a source that say how it is watched: no row of a build follows from them."""
SECTIONS: tuple[type[Source], ...] = get_args(get_args(AnySource)[0])
"""The sections of all kinds."""
