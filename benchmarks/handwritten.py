"""The yardstick of the warehouse: the four marts of a configuration in one hand-written DuckDB script.

    python benchmarks/handwritten.py --config causerie.toml --out marts.duckdb

It reads every batch of every `export` source straight from its drop and writes `overview`, `by_agent`, `by_tag` and
`details` with the columns and types of the contract, as fast as one DuckDB process can. It keeps nothing between
runs: no landing, no raw layer, no hashes, no refused batches, no tests, no publication, and rows that the contract
quarantines are left out without a word. What a warehouse run costs above this is the price of those.

Not told apart from good rows, for speed: ids that are fractional numbers, JSON containers in text columns, and an hour
written as 24. All of it is DuckDB only; nothing of causerie is imported.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

COLUMNS = {
    "contacts": "contact_id name phone tags updated_at deleted",
    "agents": "agent_id name email active updated_at",
    "conversations": "conversation_id started_at contact_id channel team source status closed_at agent_id tags"
    " updated_at deleted",
    "events": "event_id conversation_id type occurred_at",
    "ratings": "rating_id conversation_id asked_at rating comment answered_at updated_at",
    "messages": "message_id conversation_id sent_at direction sender_type agent_id origin type status private"
    " updated_at deleted",
}
FILE_NAME = re.compile(r"(?P<entity>[^/.-]+)(?:-[^/.]*)?\.(?P<format>ndjson|csv|parquet)(?:\.gz)?")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 86_400
GRAINS = ("day", "week", "month")
# What a message is to the reports.
NO_MESSAGE, INBOUND, AUTOMATIC, UNATTRIBUTED, HUMAN, FAILED = range(6)


# --- configuration and drop ----------------------------------------------------------------------------------------


@dataclass
class Account:
    """An account of the configuration; ``schedule`` is (valid from, spans by weekday), oldest first."""

    number: int
    id: str
    zone: ZoneInfo
    week_start: int
    scale: tuple[int, int]
    schedule: list[tuple[date, dict[int, list[tuple[int, int]]]]]
    holidays: dict[date, list[tuple[int, int]]]
    data_through: datetime | None = None

    def spans(self, day: date) -> list[tuple[int, int]] | None:
        """The open spans of a local day, in seconds of the clock; None without a schedule."""
        week = next((week for since, week in reversed(self.schedule) if since <= day), None)
        if not week or not any(week.values()):
            return None
        return self.holidays.get(day, week.get(day.weekday(), []))


@dataclass
class File:
    """A file of the drop. ``latest`` is the instant after which nothing in it can have happened."""

    path: str
    source: int
    entity: str
    format: str
    latest: datetime


@dataclass
class Input:
    accounts: list[Account]
    sources: list[tuple[str, Account]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    plain_phones: bool = False


def read_config(path: Path) -> Input:
    """Accounts, sources and the files of all their batches, in the order in which later ones win."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    found = Input([_account(number, entry) for number, entry in enumerate(table["accounts"])])
    found.plain_phones = table.get("privacy", {}).get("contact_phone") == "plain"
    through: dict[str, list[datetime | None]] = {}
    for entry in table["sources"]:
        account = next(account for account in found.accounts if account.id == entry["account"])
        extracted = list(_batches(path.parent / entry["path"], len(found.sources), found.files))
        found.sources.append((entry["name"], account))
        through.setdefault(account.id, []).append(max(extracted, default=None))
    for account in found.accounts:
        instants = [instant for instant in through.get(account.id, []) if instant]
        if instants and len(instants) == len(through[account.id]):
            account.data_through = min(instants)
    return found


def _account(number: int, entry: dict[str, Any]) -> Account:
    versions: dict[date, dict[int, list[tuple[int, int]]]] = {}
    for block in entry.get("working_hours", []):
        week = versions.setdefault(block.get("valid_from", date.min), {})
        for day in block["days"]:
            week.setdefault(WEEKDAYS.index(day[:3]), []).extend(map(_span, block["spans"]))
    return Account(
        number,
        entry["id"],
        ZoneInfo(entry["timezone"]),
        WEEKDAYS.index(entry.get("week_start", "monday")[:3]),
        tuple(entry.get("rating_scale", (1, 5))),
        sorted(versions.items()),
        {holiday["date"]: [_span(span) for span in holiday["spans"]] for holiday in entry.get("holidays", [])},
    )


def _span(text: str) -> tuple[int, int]:
    opening, closing = (int(clock[:-3]) * 3600 + int(clock[-2:]) * 60 for clock in text.split("-"))
    return opening, closing


def _batches(drop: Path, source: int, files: list[File]) -> Iterator[datetime]:
    """The instants of extraction of a source's batches; their files are added to ``files``."""
    for manifest in sorted(drop.glob("*/manifest.json")):
        content = json.loads(manifest.read_bytes())
        extracted = datetime.fromisoformat(content["extracted_at"])
        for name in sorted(content["files"]):
            match = FILE_NAME.fullmatch(name)
            if match and match["entity"] in COLUMNS:
                path = str(manifest.parent / name)
                files.append(File(path, source, match["entity"], match["format"], extracted + timedelta(minutes=5)))
        yield extracted


# --- reading -------------------------------------------------------------------------------------------------------

MACROS = r"""
create macro word(x) as lower(trim(x, e' \t\n\r\v\f'));
create macro instant(x) as case
    when suffix(x, 'Z') and strlen(x) between 20 and 27 then epoch_us(try_cast(x as timestamptz))
    when regexp_full_match(trim(x), '\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d(:?\d\d)?)')
        then epoch_us(try_cast(upper(trim(x)) as timestamptz))
end;
create macro truth(x) as case
    when x = 'false' then false when x = 'true' then true
    when word(x) in ('true', '1') then true when word(x) in ('false', '0') then false
end;
create macro whole(x) as case
    when try_cast(x as integer) = try_cast(x as double) then try_cast(x as integer)
end;
-- absent, or of its type
create macro sound(x, typed) as typed is not null or x is null;
create macro is_inbound(x) as case
    when x = 'inbound' then true when x = 'outbound' then false
    when word(x) = 'inbound' then true when word(x) = 'outbound' then false
end;
"""


class Script:
    """The connection, and the time that each step took."""

    def __init__(self, given: Input, memory_limit: str, threads: int) -> None:
        self.given = given
        self.db = duckdb.connect(config={"memory_limit": memory_limit, "threads": threads})
        self.db.execute("set TimeZone = 'UTC'")
        self.db.execute(MACROS)
        self.steps: list[tuple[str, float, float]] = []

    def step(self, name: str, sql: str) -> None:
        wall, cpu = time.perf_counter(), _cpu()
        self.db.execute(sql)
        self.steps.append((name, time.perf_counter() - wall, _cpu() - cpu))

    def report(self) -> None:
        for name, wall, cpu in self.steps:
            print(f"{wall:7.2f} s wall {cpu:7.2f} s cpu  {name}", file=sys.stderr)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(f"{_cpu():7.2f} s cpu in all, at most {peak:.2f} GB", file=sys.stderr)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def records(script: Script, entity: str) -> str:
    """A query of an entity's records: every column as text (NULL when missing), `file_no`, `source_no`, `latest`.

    The name of the file is constant within a vector, so that casting it to an enumeration costs next to nothing;
    the code of the enumeration is the rank of the file.
    """
    parts = []
    for file_format in ("ndjson", "csv", "parquet"):
        files = [file for file in script.given.files if (file.entity, file.format) == (entity, file_format)]
        if files:
            paths = "[" + ", ".join(text(file.path) for file in files) + "]"
            parts.append(_reader(script, paths, file_format, COLUMNS[entity].split()))
    if not parts:
        empty = ", ".join(f"null::varchar as {column}" for column in COLUMNS[entity].split())
        parts = [f"select {empty}, 0 as file_no where false"]
    sources = [file.source for file in script.given.files]
    latest = [_micros(file.latest) for file in script.given.files]
    return (
        f"(select *, {sources or [0]}[file_no + 1]::utinyint as source_no, {latest or [0]}[file_no + 1] as latest"
        f" from ({' union all '.join(parts)}))"
    )


def _reader(script: Script, paths: str, file_format: str, columns: list[str]) -> str:
    number = "enum_code(filename::file)::usmallint as file_no"
    if file_format == "ndjson":
        types = ", ".join(f"{column}: 'varchar'" for column in columns)
        values = ", ".join(f"nullif({column}, '') as {column}" for column in columns)
        return (
            f"select {values}, {number} from read_json({paths}, format = 'newline_delimited', columns = {{{types}}},"
            " ignore_errors = true)"
        )
    relation = f"read_parquet({paths}, union_by_name = true)"
    if file_format == "csv":
        relation = (
            f"read_csv({paths}, header = true, delim = ',', quote = '\"', escape = '\"', all_varchar = true,"
            " union_by_name = true, ignore_errors = true)"
        )
    types = dict(row[:2] for row in script.db.execute(f"describe from {relation}").fetchall())
    values = ", ".join(f"{_value(column, types.get(column))} as {column}" for column in columns)
    return f"select {values}, {number} from {relation}"


def _value(column: str, kind: str | None) -> str:
    """A column of a CSV or Parquet file as text; a list as JSON."""
    if kind is None:
        return "null::varchar"
    if kind.endswith("[]"):
        return f"to_json({column})::varchar"
    if column == "tags":
        return f"to_json(string_split(nullif({column}, ''), ';'))::varchar"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"nullif({column}::varchar, '')"


def _micros(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def drop_superseded(script: Script, entity: str, key: str, updated: str = "updated_us desc nulls last,") -> None:
    """Keep the latest version of each record: only keys whose hash occurs twice are looked at closely."""
    script.step(
        f"{entity}: latest versions",
        f"""
        delete from {entity} where rowid in (
            select rowid from {entity}
            where hash(source_no, {key}) in (
                select hash(source_no, {key}) from {entity} group by 1 having count(*) > 1
            )
            qualify {key} is null
                or row_number() over (partition by source_no, {key} order by {updated} file_no desc, rowid desc) > 1
        )
        """,
    )


def read_people(script: Script) -> None:
    """Contacts and agents."""
    script.step(
        "contacts: read",
        f"""
        create temp table contacts as
        select if(valid, contact_id, null) as contact_id, name, phone, tags, updated_us, is_deleted, file_no, source_no
        from (
            select *, instant(updated_at) as updated_us, truth(deleted) as is_deleted,
                sound(updated_at, updated_us) and sound(deleted, is_deleted) and sound(tags, tag_list(tags)) as valid
            from {records(script, "contacts")}
        )
        """,
    )
    drop_superseded(script, "contacts", "contact_id")
    script.step(
        "agents: read",
        f"""
        create temp table agents as
        select if(valid, agent_id, null) as agent_id, name, email, updated_us, file_no, source_no
        from (
            select *, instant(updated_at) as updated_us,
                sound(updated_at, updated_us) and sound(active, truth(active)) as valid
            from {records(script, "agents")}
        )
        """,
    )
    drop_superseded(script, "agents", "agent_id")
