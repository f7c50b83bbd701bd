"""Restatements: records of new batches that were known with another instant, or that are later than their extraction.

Here: comparing versions between batches, and describing the shift: how many rows, by how much, since when. Not here:
how many of them refuse a batch (``judging``), and what makes a row bad (``rules``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from ingestion.export_format import Entity
from ingestion.raw.segments import RawBatch, Segment, records
from ingestion.sql import sql_files, sql_text


@dataclass(frozen=True)
class Shift:
    """The most frequent shift, ``by``, and its ``rows``. ``since``: the earliest instant before it was restated."""

    rows: int
    by: timedelta
    since: datetime

    def __str__(self) -> str:
        return f"{self.rows:,} of them by {_signed(self.by)}, since {self.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Restatements:
    """Of one entity in one batch: the records known before, those restated among them, and their usual shift."""

    known: int = 0
    restated: int = 0
    shift: Shift | None = None


def _signed(span: timedelta) -> str:
    return f"{'-' if span < timedelta(0) else '+'}{abs(span)}"


def versions(segments: Sequence[Segment], entity: Entity, batches: Sequence[str] | None = None) -> str | None:
    """SQL of the good versions in segments: ``key``, ``happened_at``, ``updated_at``, ``_batch``, ``_file``, ``line``.

    ``batches``: only theirs. Line numbers can be compared within one file of one batch.
    """
    rows = records(segments, entity)
    if rows is None:
        return None
    among = "" if batches is None else f" and _batch in ({', '.join(map(sql_text, batches))})"
    return (
        f"select {entity.key} as key, {entity.happened_at} as happened_at,"
        f" coalesce(updated_at, '-infinity') as updated_at, _batch, _file, file_row_number as line from ({rows})"
        f" where _reasons is null{among}"
    )


def known_and_restated(
    connection: duckdb.DuckDBPyConnection,
    history: Sequence[Segment],
    segment: Segment,
    batches: Sequence[RawBatch],
    entities: Iterable[Entity],
) -> dict[tuple[str, str], Restatements]:
    """By batch and entity: how many of its records were known before it, and how many of these it restates.

    ``batches`` are those of a new segment. Before a batch means: in ``history``, and in batches of smaller name, as if
    these were accepted. Where one of them is refused, this run accepts no batch behind it anyway.
    """
    found = {}
    for entity in entities:
        if entity.happened_at is None:
            continue
        records = {batch.batch: batch.totals().get(entity.name, (0, 0))[0] for batch in batches}
        delivering = [batch for batch, count in records.items() if count]
        before = versions(history, entity) if delivering else None
        if before is None and len(delivering) < 2:
            continue
        # a repeated record occurs in a batch other than the largest, so the keys of the others are enough
        largest = None if before else max(delivering, key=lambda batch: records[batch])
        smaller = versions([segment], entity, [batch for batch in delivering if batch != largest])
        new = versions([segment], entity)
        assert smaller is not None and new is not None
        for batch, of_known, restated, rows, by, since in connection.execute(_query(before, new, smaller)).fetchall():
            shift = Shift(rows, timedelta(microseconds=by), since) if restated else None
            found[batch, entity.name] = Restatements(of_known, restated, shift)
    return found


def _query(before: str | None, new: str, smaller: str) -> str:
    union = f"select *, _batch as turn from ({new})"
    if before:  # an accepted batch counts as earlier than every new one, whatever their names
        union = f"select *, '' as turn from ({before}) union all {union}"
    return f"""
        with keys as materialized (select distinct key from ({smaller})),
        versions as (select * from ({union}) semi join keys using (key)),
        repeated as (
            select key from versions group by key having min(turn) <> max(turn)
        ),
        of_each_turn as (
            select key, turn, max(struct_pack(updated_at, _batch, _file, line, happened_at)) as winner
            from versions semi join repeated using (key)
            group by key, turn
        ),
        with_before as (
            select
                turn,
                winner.happened_at as happened_at,
                max(struct_pack(u := winner.updated_at, b := winner._batch, happened_at := winner.happened_at)) over (
                    partition by key order by turn rows between unbounded preceding and 1 preceding
                ) as before
            from of_each_turn
        ),
        by_shift as (
            select
                turn,
                coalesce(before.happened_at <> happened_at, false) as is_restated,
                epoch_us(happened_at) - epoch_us(before.happened_at) as shift,
                count(before) as records,
                min(before.happened_at) as since
            from with_before
            where turn <> ''
            group by all
        )
        select
            turn,
            cast(sum(records) as bigint),
            cast(coalesce(sum(records) filter (where is_restated), 0) as bigint),
            max(records) filter (where is_restated),
            arg_max(shift, records) filter (where is_restated),
            min(since) filter (where is_restated)
        from by_shift
        group by turn
    """


def ahead_of_extraction(
    connection: duckdb.DuckDBPyConnection, segment: Segment, entity: Entity, batch: RawBatch
) -> str | None:
    """How far quarantined rows of a batch are ahead of its extraction, in words; None without such rows."""
    described = []
    for column in (column.name for column in entity.columns if column.happened):
        ahead = f"epoch_us({column}) - {round(batch.extracted_at.timestamp() * 1_000_000)}"
        query = (
            f"select count(*), quantile_disc({ahead}, 0.5), max({ahead}), min({column})"
            f" from ({_quarantined(segment, entity, batch)}) where contains(_reasons, '{column}: later than')"
        )
        ((rows, usual, most, since),) = connection.execute(query).fetchall()
        if rows:
            described.append(
                f"{rows:,} with {column} ahead of the extraction, usually by {timedelta(microseconds=usual)}, at most"
                f" by {timedelta(microseconds=most)}, since {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            )
    return ", ".join(described) or None


def most_frequent_reasons(
    connection: duckdb.DuckDBPyConnection, segment: Segment, entity: Entity, batch: RawBatch
) -> list[tuple[str, int]]:
    """The two reasons for which most rows of a batch are quarantined, and how many rows each."""
    query = (
        "select reason, count(*) from (select unnest(string_split(reasons, '; ')) as reason from"
        f" read_parquet({sql_files([segment.quarantine])}) where batch = $1 and entity = $2)"
        " group by reason order by 2 desc, 1 limit 2"
    )
    return connection.execute(query, [batch.batch, entity.name]).fetchall()


def _quarantined(segment: Segment, entity: Entity, batch: RawBatch) -> str:
    return f"from ({records([segment], entity)}) where _reasons is not null and _batch = {sql_text(batch.batch)}"
