"""What dbt finds in a new build file: raw as views over its Parquet files, and the configuration as tables.

Here: the schema ``settings`` of a build, and one for each kind of source that is configured. Not here: the models on
top of them (dbt). A build file belongs to one run; nobody else opens it while dbt writes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingestion import zones
from ingestion.builds.names import CANDIDATE
from ingestion.export_format import DUCKDB_TYPES, Entity
from ingestion.live_formats import EXPORT, KINDS, entities_of
from ingestion.raw.segments import Segment, holding, records
from ingestion.settings import WEEKDAYS, ActiveCampaignSource, ChatwootSource, Settings
from ingestion.sql import sql_rows, sql_text
from ingestion.storage.landing import copy_file
from ingestion.storage.ledger import Entry

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class CarriedOver:
    """A build that an update begins as a copy of, with its marts. ``last``: of each source in it the last batch."""

    build_id: str
    database: Path
    marts: Path
    last: Mapping[str, str]


def news_of(entries: Sequence[Entry], carried_over: CarriedOver) -> set[tuple[str, str]]:
    """The accepted batches, by source and name, that an update takes in: those that sort behind what it begins with."""
    return {(entry.source, entry.batch) for entry in entries if entry.batch > carried_over.last.get(entry.source, "")}


class CopyAhead:
    """The two files that an update begins with, copied in the background while it is not known yet whether it will.

    To copy them takes as long as to take in a day's news, and needs no more than a core of which that leaves half.
    """

    def __init__(self, carried_over: CarriedOver, path: Path) -> None:
        """Begin; ``path``: the build file to be."""
        self.carried_over = carried_over
        self._folder = path.parent
        self._folder.mkdir(parents=True, exist_ok=True)
        pool = ThreadPoolExecutor(1)
        self._copying = pool.submit(_copy, carried_over, path)
        pool.shutdown(wait=False)

    def wait(self) -> None:
        """Come back when both are there.

        Raises:
            OSError, duckdb.Error: they cannot be copied.
        """
        self._copying.result()

    def undo(self) -> None:
        """Remove what was copied, with its folder."""
        wait([self._copying])
        shutil.rmtree(self._folder)


def _copy(carried_over: CarriedOver, path: Path) -> None:
    copy_file(carried_over.database, path)
    _copy_marts(carried_over.marts, path.with_name(CANDIDATE))


def create_build(
    path: Path,
    settings: Settings,
    entries: Sequence[Entry],
    segments: Sequence[Segment],
    carried_over: CarriedOver | None = None,
    copied: CopyAhead | None = None,
) -> None:
    """Make a build file that reads ``segments``, of the accepted batches, whose ledger entries are ``entries``.

    With ``carried_over`` the file is a copy of that build, ``export`` holds only the batches that sort behind it, and
    the marts are copied beside it. ``copied``: that has been begun.
    """
    last: Mapping[str, str] = {}
    if carried_over is not None:
        last = carried_over.last
        if copied is None:
            _copy(carried_over, path)
        else:
            copied.wait()
        segments = holding(segments, news_of(entries, carried_over))
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        kind_of = {source.name: source.kind for source in settings.sources}
        for schema in ("settings", *KINDS):
            connection.execute(f"drop schema if exists {schema} cascade")
        connection.execute("create schema settings")
        for kind in (kind for kind in KINDS if kind == EXPORT or kind in kind_of.values()):
            connection.execute(f"create schema {kind}")
            of_kind = [segment for segment in segments if kind_of[segment.listed.source] == kind]
            for entity in entities_of(kind).values():
                connection.execute(f"create view {kind}.{entity.name} as {_records(entity, of_kind, last)}")
        for name, (columns, rows) in _settings_tables(settings, entries, last).items():
            kinds = dict(column.split() for column in columns.split(", "))
            connection.execute(f"create table settings.{name} as {sql_rows(kinds, rows)}")
        connection.execute(f"create table settings.zone_offsets as {_zone_offsets(settings)}")
        if carried_over is not None:
            connection.execute(
                f"create table settings.carried_over as select {sql_text(carried_over.build_id)} as build_id,"
                " coalesce(max(conversation_no), 0) as newest_conversation_no from intermediate.int_conversations"
            )


def _copy_marts(release: Path, candidate: Path) -> None:
    """A release without what tells about it as a release."""
    copy_file(release, candidate)
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("drop table if exists release")


def _records(entity: Entity, segments: Sequence[Segment], last: Mapping[str, str]) -> str:
    """SQL of the records in parsed files, of each source those of the batches behind its ``last``, if any.

    ``_line`` grows with the line within one file of one batch, and may skip.
    """
    columns = [(column.name, DUCKDB_TYPES[column.kind]) for column in entity.columns]
    columns += [("source_system", "varchar"), ("_batch", "varchar"), ("_file", "varchar"), ("_reasons", "varchar")]
    names = ", ".join(name for name, _ in columns)
    to_be_read: dict[str | None, list[Segment]] = {}
    for segment in segments:
        source = segment.listed.source
        to_be_read.setdefault(source if source in last else None, []).append(segment)
    queries = [
        f"select {names}, file_row_number as _line from ({rows})"
        + (f" where _batch > {sql_text(last[source])}" if source is not None else "")
        for source, of_source in to_be_read.items()
        if (rows := records(of_source, entity))
    ]
    nothing = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns)
    return " union all ".join(queries) or f"select {nothing}, cast(null as bigint) as _line where false"


def _like(text: str) -> str:
    """A text in which ``*`` stands for any other, as SQL compares it, in small letters."""
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return text.replace("*", "%").lower()


def _nothing(columns: int) -> list[Any]:
    """One row of NULLs: something is in force that opens nothing."""
    return [(None,) * columns]


def _zone_offsets(settings: Settings) -> str:
    """SQL of each zone's stretches of constant offset, of which each zone is one row of lists."""
    rows = []
    for name in sorted({account.timezone for account in settings.accounts}):
        begins, offsets = zip(*zones.stretches(name), strict=True)
        rows.append((name, list(begins), [*begins[1:], zones.END], list(offsets)))
    kinds = {"timezone": "varchar", "begins": "bigint[]", "ends": "bigint[]", "offsets": "integer[]"}
    return (
        "select timezone, make_timestamp(unnest(begins) * 1000000) as from_at,"
        " make_timestamp(unnest(ends) * 1000000) as to_at, unnest(offsets) as utc_offset_seconds"
        f" from ({sql_rows(kinds, rows)})"
    )


def _settings_tables(
    settings: Settings, entries: Sequence[Entry], last: Mapping[str, str]
) -> dict[str, tuple[str, list[tuple[Any, ...]]]]:
    """Each table's columns and rows."""
    return {
        "accounts": (
            "account_id varchar, timezone varchar, week_starts_on integer, rating_worst integer,"
            " rating_best integer, contact_phone varchar",
            [
                (
                    account.id,
                    account.timezone,
                    WEEK.index(account.week_start) + 1,
                    *account.rating_scale,
                    settings.privacy.contact_phone,
                )
                for account in settings.accounts
            ],
        ),
        "sources": (
            "source_system varchar, source_no smallint, account_id varchar, kind varchar",
            [(source.name, number, source.account, source.kind) for number, source in enumerate(settings.sources, 1)],
        ),
        "activity_texts": (
            "source_system varchar, change varchar, pattern varchar",
            [
                (source.name, change, _like(text))
                for source in settings.sources
                if isinstance(source, ChatwootSource)
                for change, texts in source.activities.model_dump().items()
                for text in texts
            ],
        ),
        "csat_flows": (
            "source_system varchar, flow varchar",
            [
                (source.name, flow)
                for source in settings.sources
                if isinstance(source, ActiveCampaignSource)
                for flow in source.csat_flows
            ],
        ),
        "working_hours": (
            "account_id varchar, valid_from date, iso_weekday integer, opens_seconds integer, closes_seconds integer",
            [
                (account.id, block.valid_from, *hours)
                for account in settings.accounts
                for block in account.working_hours
                for hours in [
                    (WEEKDAYS.index(day) + 1, *span) for day in dict.fromkeys(block.days) for span in block.spans
                ]
                or _nothing(3)
            ],
        ),
        "holidays": (
            "account_id varchar, holiday_date date, opens_seconds integer, closes_seconds integer",
            [
                (account.id, holiday.date, *span)
                for account in settings.accounts
                for holiday in account.holidays
                for span in holiday.spans or _nothing(2)
            ],
        ),
        "batches": (
            "source_system varchar, batch varchar, extracted_at timestamptz, is_carried_over boolean",
            [
                (entry.source, entry.batch, str(entry.extracted_at), entry.batch <= last.get(entry.source, ""))
                for entry in entries
            ],
        ),
        "batch_counts": (
            "source_system varchar, batch varchar, entity varchar, landed bigint,"
            " quarantined bigint, known bigint, restated bigint",
            [
                (entry.source, entry.batch, entity, counts.landed, counts.quarantined, counts.known, counts.restated)
                for entry in entries
                for entity, counts in entry.counts.items()
            ],
        ),
    }
