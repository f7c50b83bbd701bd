"""What dbt finds in a new build file: raw as views over its Parquet files, and the configuration as tables.

Here: the schema ``settings`` of a build, and one for each kind of source that is configured. Not here: the models on
top of them (dbt). A build file belongs to one run; no other process opens it while dbt writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingestion import zones
from ingestion.export_format import DUCKDB_TYPES, Entity
from ingestion.raw.segments import Segment, records
from ingestion.settings import WEEKDAYS, Settings
from ingestion.source_kinds import EXPORT, LIVE_KINDS, entities_of, shape_of_records
from ingestion.source_settings import SECTIONS
from ingestion.sql import sql_rows
from ingestion.storage.landing import copy_file
from ingestion.storage.ledger import Entry

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class BaseBuild:
    """A published build that an incremental one begins as a copy of. ``batches``: those in it, by source and name."""

    build_id: str
    database: Path
    batches: frozenset[tuple[str, str]]


def create_build(
    path: Path,
    settings: Settings,
    entries: Sequence[Entry],
    segments: Sequence[Segment],
    base: BaseBuild | None = None,
) -> None:
    """Make a build file that reads ``segments``, of the accepted batches, whose ledger entries are ``entries``.

    With a ``base`` the file begins as a copy of it, and ``settings.new_batches`` has the batches that it lacks.
    """
    if base is not None:
        copy_file(base.database, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        kind_of = {source.name: shape_of_records(source.kind) for source in settings.sources}
        for schema in ("settings", EXPORT, *LIVE_KINDS):
            connection.execute(f"drop schema if exists {schema} cascade")
        connection.execute("create schema settings")
        for kind in (EXPORT, *(kind for kind in LIVE_KINDS if kind in kind_of.values())):
            connection.execute(f"create schema {kind}")
            of_kind = [segment for segment in segments if kind_of[segment.listed.source] == kind]
            for entity in entities_of(kind).values():
                connection.execute(f"create view {kind}.{entity.name} as {raw_rows(entity, of_kind)}")
        for name, (columns, rows) in _settings_tables(settings, entries, base).items():
            kinds = dict(column.split() for column in columns.split(", "))
            connection.execute(f"create table settings.{name} as {sql_rows(kinds, rows)}")
        connection.execute(f"create table settings.zone_offsets as {_zone_offsets(settings)}")


def add_absent_kinds(path: Path) -> None:
    """Give a build file what each kind of source delivers, without rows where the kind is not configured.

    Then all models can be built on it, whatever a build leaves out.
    """
    with duckdb.connect(str(path)) as connection:
        for kind in LIVE_KINDS:
            connection.execute(f"create schema if not exists {kind}")
            for entity in entities_of(kind).values():
                connection.execute(f"create view if not exists {kind}.{entity.name} as {raw_rows(entity, [])}")


def raw_rows(entity: Entity, segments: Sequence[Segment]) -> str:
    """SQL of the records in parsed files. ``_line`` grows with the line within one file of one batch, and may skip."""
    columns = [(column.name, DUCKDB_TYPES[column.type]) for column in entity.columns]
    columns += [("source_system", "varchar"), ("_batch", "varchar"), ("_file", "varchar"), ("_reasons", "varchar")]
    rows = records(segments, entity)
    if rows is not None:
        return f"select {', '.join(name for name, _ in columns)}, file_row_number as _line from ({rows})"
    nothing = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns)
    return f"select {nothing}, cast(null as bigint) as _line where false"


def _nothing(columns: int) -> list[Any]:
    """One row of NULLs: a schedule or holiday without any hours."""
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
    settings: Settings, entries: Sequence[Entry], base: BaseBuild | None
) -> dict[str, tuple[str, list[tuple[Any, ...]]]]:
    """Each table's columns and rows."""
    of_accounts = ((account.id, target) for account in settings.accounts for target in account.targets)
    targets = [(number, account, target) for number, (account, target) in enumerate(of_accounts, 1)]
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
            "source_system varchar, source_key smallint, account_id varchar, kind varchar, conversation_url varchar",
            [
                (source.name, number, source.account, shape_of_records(source.kind), source.url_of_conversations)
                for number, source in enumerate(settings.sources, 1)
            ],
        ),
        **{
            table: (
                f"source_system varchar, {columns}",
                [(one.name, *row) for one in settings.sources if table in one.tables for row in one.rows(table)],
            )
            for section in SECTIONS
            for table, columns in section.tables.items()
        },
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
        "targets": (
            "target_no integer, account_id varchar, target varchar, measure varchar, within_seconds bigint,"
            " in_working_hours boolean, valid_from date",
            [
                (number, account, one.name, one.measure, one.within, one.counted_in == "working_hours", one.valid_from)
                for number, account, one in targets
            ],
        ),
        "target_scopes": (
            "target_no integer, trait varchar, value varchar",
            [(number, *value) for number, _, one in targets for value in one.scope],
        ),
        "batches": (
            "source_system varchar, batch varchar, extracted_at timestamptz",
            [(entry.source, entry.batch, str(entry.extracted_at)) for entry in entries],
        ),
        "new_batches": (
            "source_system varchar, batch varchar",
            [
                (entry.source, entry.batch)
                for entry in entries
                if base is not None and (entry.source, entry.batch) not in base.batches
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
