"""The TOML configuration, and the only reader of the environment.

Here: the shape of ``causerie.toml``, its validation and its error messages. Not here: the sections of sources
(``source_settings``), alerts (``alert_settings``), an account's targets (``account_targets``) and those of publication
(``target_settings``), and what is done with settings.
"""

from __future__ import annotations

import itertools
import os
import re
import tomllib
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ingestion import zones
from ingestion.account_targets import Target
from ingestion.alert_settings import AnyChannel, CommandChannel, Ping
from ingestion.bounds import Bounds
from ingestion.limits import Quality as Quality
from ingestion.limits import Resources as Resources
from ingestion.source_settings import AnySource, FolderSource, Source
from ingestion.target_settings import PostgresTarget

CONFIG_VARIABLE = "CAUSERIE_CONFIG"
"""Names the configuration file where no command line does (Dagster's own tools); default ``causerie.toml``."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_SECONDS = 86_400


class SettingsError(Exception):
    """The configuration is missing or wrong. The message names the file, the key and the remedy."""


def is_plain() -> bool:
    """Whether ``CAUSERIE_PLAIN=1`` asks to use other libraries without what we change in them (docs/upgrading.md)."""
    return os.environ.get("CAUSERIE_PLAIN") == "1"


def config_path_from_environment() -> Path:
    """The configuration file that Dagster's own tools use."""
    return Path(os.environ.get(CONFIG_VARIABLE, "causerie.toml"))


def runs_are_recorded() -> bool:
    """Whether Dagster keeps the history of runs on this machine."""
    return bool(os.environ.get("DAGSTER_HOME"))


def secret(variable: str, what: str = "a token", *, may_have: str = "") -> str:
    """The value of an environment variable that the configuration names, and ``what`` it should hold.

    ``may_have``: blanks and quotes, if they may be part of it.

    Raises:
        SettingsError: it is not set, empty, or not such a thing; the message does not show it.
    """
    value = os.environ.get(variable, "")
    if not value:
        raise SettingsError(f"the environment variable {variable}, which should hold {what}, is not set")
    if not (value.isascii() and value.isprintable()) or set(value) & (set(" '\"") - set(may_have)):
        raise SettingsError(
            f"the environment variable {variable} holds more than {what}: blanks, line ends, quotes or other"
            f" characters that {what} never has; set it to that alone"
        )
    return value


def _known_zone(name: str) -> str:
    """An IANA name; 'localtime' and other files of a system are refused."""
    if name not in zones.names():
        raise ValueError(f"unknown time zone '{name}'; use an IANA name such as 'Europe/Paris'")
    return name


def _span(value: object) -> object:
    """'09:00-12:00' as seconds of the local day; a span may end at 24:00."""
    match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"'{value}' is not a span; write it as '09:00-12:00'")
    start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
    start, end = start_hour * 3600 + start_minute * 60, end_hour * 3600 + end_minute * 60
    if start_minute > 59 or end_minute > 59 or start >= DAY_SECONDS or end > DAY_SECONDS:
        raise ValueError(f"'{value}' has an invalid time of day; hours go from 00:00 to 24:00")
    if end <= start:
        raise ValueError(
            f"the span '{value}' ends before it starts; write a span past midnight as two, the first up to 24:00"
        )
    return start, end


def _weekday(name: str) -> str:
    if name not in WEEKDAYS:
        raise ValueError(f"unknown day '{name}'; days are {', '.join(WEEKDAYS)}")
    return name


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


def _refuse_overlaps(spans: list[tuple[int, int]], where: str) -> None:
    ordered = sorted(spans)
    for (start, end), (next_start, next_end) in itertools.pairwise(ordered):
        if next_start < end:
            raise ValueError(
                f"overlapping spans {where}: {_clock(start)}-{_clock(end)} and {_clock(next_start)}-{_clock(next_end)};"
                " join them or move one"
            )


Span = Annotated[tuple[int, int], BeforeValidator(_span)]
"""Seconds of the local day: opening inclusive, closing exclusive, the last closing is 86,400."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WorkingHours(_Section):
    """One block of a schedule; blocks of one ``valid_from`` add up and replace all earlier ones."""

    valid_from: date | None = None
    days: list[Annotated[str, AfterValidator(_weekday)]]
    spans: list[Span]


class Holiday(_Section):
    """A local date whose hours replace those of its weekday; no spans: closed."""

    date: date
    spans: list[Span]

    @model_validator(mode="after")
    def _no_overlap(self) -> Holiday:
        _refuse_overlaps(self.spans, f"on {self.date}")
        return self


class Account(_Section):
    """One reader of reports: a time zone, a first day of the week, a rating scale, working hours, targets."""

    id: str = Field(min_length=1)
    timezone: Annotated[str, AfterValidator(_known_zone)]
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    rating_scale: tuple[int, int] = (1, 5)
    working_hours: list[WorkingHours] = []
    holidays: list[Holiday] = []
    targets: list[Target] = []

    @model_validator(mode="after")
    def _consistent(self) -> Account:
        if self.rating_scale[0] >= self.rating_scale[1]:
            raise ValueError(f"rating_scale goes from worst to best, not {list(self.rating_scale)}")
        if self.rating_scale[0] < 0:
            raise ValueError(f"rating_scale cannot be negative, as {list(self.rating_scale)} is")
        spans: defaultdict[tuple[date | None, str], list[tuple[int, int]]] = defaultdict(list)
        for block in self.working_hours:
            for day in dict.fromkeys(block.days):
                spans[block.valid_from, day].extend(block.spans)
        for (valid_from, day), of_day in spans.items():
            since = f" from {valid_from}" if valid_from else ""
            _refuse_overlaps(of_day, f"in working_hours on {day}{since}")
        _refuse_repeats((str(holiday.date) for holiday in self.holidays), "holidays: the date")
        for valid_from in {one.valid_from for one in self.targets}:
            since = f" from {valid_from}" if valid_from else ""
            names = (one.name for one in self.targets if one.valid_from == valid_from)
            _refuse_repeats(names, f"targets{since}: the name")
        for index, one in enumerate(self.targets):
            if one.counted_in == "working_hours" and not self.working_hours:
                raise ValueError(
                    f"targets[{index}].in: the account has no working hours; add [[accounts.working_hours]], or write"
                    ' in = "all"'
                )
        return self


class Privacy(_Section):
    """What the published tables show of a contact."""

    contact_phone: Literal["masked", "plain"] = "masked"


class Releases(_Section):
    """How long releases are kept: the newest ``keep``, and those younger than ``keep_days``; always the current one."""

    keep: int = Field(default=10, ge=1)
    keep_days: float = Field(default=2, ge=0)
    parquet: bool = False
    """Whether a release has its marts as Parquet beside it."""
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s'\"<>?#@]+[^\s'\"<>?#@/]$")] | None = None
    """Where the folder of releases is served; links to what lies in it begin so."""
    catalog: Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """The database in the catalogue of the engine in which views show the marts of the current release."""


class Engine(_Section):
    """What computes the models: DuckDB within the run, or a session of Apache Spark (docs/engines.md).

    ``remote``: the address of a Spark Connect server; without it the run makes a session on its machine. ``storage``:
    where the engine reads and writes, a folder or a bucket. ``conf``: further configuration of the session.
    """

    kind: Literal["duckdb", "spark"] = "duckdb"
    remote: Annotated[str, Field(pattern="^sc://")] | None = None
    storage: str | None = None
    conf: dict[str, str] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Engine:
        if self.kind == "duckdb" and self.model_fields_set - {"kind"}:
            raise ValueError('remote, storage and conf are of Spark: write kind = "spark" beside them, or remove them')
        return self


class Extension(_Section):
    """The folder of the user's own models, tests, macros and expectations (docs/extending.md)."""

    path: Path | None = None


class Schedule(_Section):
    """When Dagster runs the job by itself: by the clock, and when a look finds news.

    ``retries``: how often a run is started again whose process was killed.
    """

    cron: str | None = None
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    look_every_seconds: int | None = Field(default=None, ge=1)
    retries: int = Field(default=0, ge=0)


class Settings(_Section):
    """The whole configuration. Paths are absolute after :func:`load_settings`."""

    home: Path
    privacy: Privacy = Privacy()
    quality: Quality = Quality()
    releases: Releases = Releases()
    schedule: Schedule | None = None
    resources: Resources = Resources()
    engine: Engine = Engine()
    extension: Extension = Extension()
    accounts: list[Account] = Field(min_length=1)
    sources: list[AnySource] = Field(min_length=1)
    publish: list[PostgresTarget] = []
    alerts: list[AnyChannel] = []
    ping: Ping | None = None

    @model_validator(mode="after")
    def _references(self) -> Settings:
        _refuse_repeats((account.id for account in self.accounts), "accounts: the id")
        names = [source.name.lower() for source in self.sources]
        _refuse_repeats(names, "sources: the name")
        as_identifiers = (name.replace("-", "_") for name in names)  # which the asset graph cannot tell apart
        _refuse_repeats(as_identifiers, "sources: with '-' as '_' the name")
        _refuse_repeats((channel.name for channel in self.alerts), "alerts: the name")
        _refuse_repeats((target.name for target in self.publish), "publish: the name")
        _refuse_repeats((f"{target.views_in} of {target.dsn_env}" for target in self.publish), "publish: the schema")
        if self.releases.catalog and not self.engine.remote:
            raise ValueError("releases.catalog: only a Spark Connect server, engine.remote, has a catalogue that stays")
        if self.extension.path and self.engine.kind == "spark":
            raise ValueError("extension.path: builds on Spark take no extension; remove [extension] or [engine]")
        known = {account.id for account in self.accounts}
        for index, source in enumerate(self.sources):
            if source.account not in known:
                raise ValueError(
                    f"sources[{index}].account: there is no account '{source.account}'; the accounts are"
                    f" {', '.join(sorted(known))}"
                )
        return self

    @property
    def bounds(self) -> Bounds:
        """The limits of what is believed of a delivery."""
        return self.resources.bounds(self.quality.earliest)

    def account_of(self, source: Source) -> Account:
        """The account that a source belongs to."""
        return next(account for account in self.accounts if account.id == source.account)


def _refuse_repeats(values: Any, what: str) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            raise ValueError(f"{what} '{value}' occurs {count} times; keep one")


def load_settings(path: Path) -> Settings:
    """Read and validate a configuration file.

    Raises:
        SettingsError: a missing file, invalid TOML, an unknown key or a wrong value; one line for each mistake.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: there is no such configuration file; name one with --config, or create one with 'causerie init'"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    try:
        settings = Settings.model_validate(content)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(path, mistake) for mistake in error.errors())) from None
    base = path.resolve().parent
    if "?" in str(base / settings.home):
        raise SettingsError(
            f"{path}: home: '{base / settings.home}' contains a '?', which the path of a database file must not"
        )
    sources = [
        source.model_copy(update={"path": base / source.path.expanduser()})
        if isinstance(source, FolderSource)
        else source
        for source in settings.sources
    ]
    alerts = [
        channel.model_copy(update={"command": [_program(base, channel.command[0]), *channel.command[1:]]})
        if isinstance(channel, CommandChannel)
        else channel
        for channel in settings.alerts
    ]
    home, engine = base / settings.home.expanduser(), settings.engine
    if engine.storage and "://" not in engine.storage:
        engine = engine.model_copy(update={"storage": str(base / Path(engine.storage).expanduser())})
    extension = settings.extension
    if extension.path is not None:
        extension = Extension(path=base / extension.path.expanduser())
    found = {"home": home, "sources": sources, "alerts": alerts, "engine": engine, "extension": extension}
    return settings.model_copy(update=found)


def _program(base: Path, name: str) -> str:
    """A program: one that is named by its path is beside the configuration, another one is looked for in PATH."""
    return str(base / Path(name).expanduser()) if "/" in name else name


def _explain(path: Path, mistake: Any) -> str:
    """One validation error as 'file: key: what is wrong and what to do'."""
    key = ""
    location = mistake["loc"]
    if location[:1] in (("sources",), ("alerts",)):  # the kind of a source is not a level of the file
        location = (*location[:2], *location[3:])
    for part in location:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    if mistake["type"] == "extra_forbidden":
        message = "unknown key; remove it or correct its spelling"
    elif mistake["type"] == "union_tag_invalid":
        key += ".kind"
        message = f"unknown kind '{mistake['ctx']['tag']}'; kinds are {mistake['ctx']['expected_tags']}"
    elif mistake["type"] == "union_tag_not_found":
        key += ".kind"
        message = "this key is required"
    elif mistake["type"] == "missing":
        message = "this key is required"
    else:
        message = mistake["msg"].removeprefix("Value error, ")
    return f"{path}: {key}: {message}" if key else f"{path}: {message}"
