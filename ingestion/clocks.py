"""Restated clocks: of the records of new batches, which were known before, and which of these changed their instant.

Here: comparing versions between batches. Not here: how many restatements refuse a batch (``intake``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb

from ingestion.contract import ENTITIES, Entity
from ingestion.raw import RawBatch, Segment
from ingestion.sql import sql_files, sql_text

Known = Callable[[Entity], str | None]
"""SQL of the versions of an entity that were accepted before, with the columns of :func:`versions`; None for none."""


def versions(segments: Sequence[Segment], entity: Entity, batches: Sequence[str] | None = None) -> str | None:
    """SQL of the good versions in segments: ``key``, ``clock``, ``updated_at``, ``_batch``, ``_file``, ``line``.

    ``batches``: only theirs. Numbers of lines can be compared within one file of one batch.
    """
    paths = [path for segment in segments for path in segment.paths(entity.name)]
    if not paths:
        return None
    among = "" if batches is None else f" and _batch in ({', '.join(map(sql_text, batches))})"
    return (
        f"select {entity.key} as key, {entity.clock} as clock, coalesce(updated_at, '-infinity') as updated_at,"
        f" _batch, _file, file_row_number as line from read_parquet({sql_files(paths)}, file_row_number = true)"
        f" where _reasons is null{among}"
    )


def versions_in_build(entity: Entity, source_no: int, database: str) -> str:
    """SQL of the versions in force in a build, attached as ``database``: all that is known of a source up to it."""
    return (
        f"select {entity.key} as key, make_timestamptz(epoch_us({entity.clock})) as clock,"
        " coalesce(make_timestamptz(epoch_us(updated_at)), '-infinity') as updated_at,"
        f" '' as _batch, '' as _file, 0 as line from {database}.intermediate.int_{entity.name}"
        f" where source_no = {source_no}"
    )


def known_and_restated(
    connection: duckdb.DuckDBPyConnection, known: Known, segment: Segment, batches: Sequence[RawBatch]
) -> dict[tuple[str, str], tuple[int, int]]:
    """By batch and entity: how many of its records were known before it, and how many of these changed their clock.

    ``batches`` are those of a new segment. Before a batch means: in what is ``known``, and in those of smaller name, as
    if these were accepted; where one of them is not, nothing behind it is accepted in this run anyway.
    """
    found = {}
    for entity in ENTITIES.values():
        if entity.clock is None:
            continue
        records = {batch.batch: batch.totals().get(entity.name, (0, 0))[0] for batch in batches}
        delivering = [batch for batch, count in records.items() if count]
        before = known(entity) if delivering else None
        if before is None and len(delivering) < 2:
            continue
        # a record that occurs twice occurs in a batch other than the largest: only their keys need be remembered
        largest = None if before else max(delivering, key=lambda batch: records[batch])
        smaller = versions([segment], entity, [batch for batch in delivering if batch != largest])
        new = versions([segment], entity)
        assert smaller is not None and new is not None
        for batch, of_known, restated in connection.execute(_query(before, new, smaller)).fetchall():
            found[batch, entity.name] = of_known, restated
    return found


def _query(before: str | None, new: str, smaller: str) -> str:
    union = f"select *, _batch as turn from ({new})"
    if before:  # whatever its name, an accepted batch came before every candidate
        union = f"select *, '' as turn from ({before}) union all {union}"
    return f"""
        with keys as materialized (select distinct key from ({smaller})),
        versions as (select * from ({union}) semi join keys using (key)),
        repeated as (
            select key from versions group by key having min(turn) <> max(turn)
        ),
        of_each_turn as (
            select key, turn, max(struct_pack(updated_at, _batch, _file, line, clock)) as winner
            from versions semi join repeated using (key)
            group by key, turn
        ),
        with_before as (
            select
                turn,
                winner.clock as clock,
                max(struct_pack(u := winner.updated_at, b := winner._batch, clock := winner.clock)) over (
                    partition by key order by turn rows between unbounded preceding and 1 preceding
                ) as before
            from of_each_turn
        )
        select turn, count(before), count(*) filter (where before.clock <> clock)
        from with_before
        where turn <> ''
        group by turn
    """
