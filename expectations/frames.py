"""The frames that the suites judge: small tables that SQL makes from a build, and from the release before it.

Here: how Great Expectations reaches DuckDB, whose SQL it cannot speak: through pandas frames of at most a few thousand
rows, so that neither time nor memory grows with the conversations. Not here: what is expected of them (``suites``), and
checks of single rows (dbt's tests).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from expectations.marts import MARTS, marts_of
from ingestion.freshness import Age
from ingestion.sql import sql_name, sql_text

if TYPE_CHECKING:
    import pandas

_VOLUMES = """
    select mart, rows, rows_before, greatest(0, rows_before - rows) as lost_rows,
        greatest(0, 1 - rows / nullif(rows_before, 0)) as lost_share,
        cast(rows_before is null and mart = 'details' and rows = 0 and delivered > 0 as integer) as nothing_understood
    from ({counted})
    left join previous using (mart)
    cross join (select coalesce(sum(landed), 0) as delivered from settings.batch_counts)
"""

_GRAINS = " union all ".join(f"select grain from candidate.{mart}" for mart, key in MARTS.items() if "grain" in key)
_WORDS = f"""
    select 'status' as column_name, status as value, count(*) as rows from candidate.details group by all
    union all select 'source', source, count(*) from candidate.details group by all
    union all select 'times_basis', times_basis, count(*) from candidate.details group by all
    union all select 'grain', grain, count(*) from ({_GRAINS}) group by all
"""

_INGESTED = """
    select counts.source_system, counts.entity, sum(landed) as landed, sum(quarantined) as quarantined,
        sum(quarantined) / nullif(sum(landed), 0) as quarantined_share,
        sum(known) as known, sum(restated) as restated, sum(restated) / nullif(sum(known), 0) as restated_share
    from settings.batch_counts as counts group by all order by all
"""

_ACCOUNTING = """
    with ledger as (
        select counts.source_system, counts.entity, cast(sum(counts.landed) as bigint) as ingested
        from settings.batch_counts as counts group by all
    )
    select source_system, entity, ingested, rows_read, landed, used, superseded, deleted, quarantined, orphans,
        set_aside, abs(coalesce(ingested, 0) - coalesce(rows_read, 0)) as read_off,
        landed - used - superseded - deleted - quarantined - orphans - set_aside as lost
    from intermediate.int_row_accounting full join ledger using (source_system, entity)
    order by all
"""

_UNREADABLE = {
    "DATE": "{0} < date '0001-01-01' or {0} > date '9999-12-31'",
    "TIMESTAMP": "{0} < timestamp '0001-01-02' or {0} >= timestamp '9999-12-31'",
    "TIMESTAMP WITH TIME ZONE": "{0} < timestamptz '0001-01-02 00:00:00Z' or {0} >= timestamptz '9999-12-31 00:00:00Z'",
}
"""By type, the values that Python has no date for, or no wall clock somewhere in the world."""

_IMPOSSIBLE = {
    "csat_percent": "{0} not between 0 and 100",
    "survey_response_percent": "{0} not between 0 and 100",
    "avg_rating": "{0} not between rating_worst and rating_best",
    "share_of_conversations": "{0} not between 0 and 1",
}
"""By column, the values that a mart cannot have."""


def gather(
    build: Path, candidate: Path, previous: Mapping[str, int], ages: Sequence[Age]
) -> dict[str, pandas.DataFrame]:
    """The frames of a build, whose marts are in the file ``candidate``, by name.

    ``previous``: rows of each mart in the current release, empty without one. ``ages``: how old each source is.

    * ``volumes``: one row per mart: ``rows``, ``rows_before``, ``lost_rows``, ``lost_share`` (of the rows before), and
      ``nothing_understood``: 1 where the first release would have no conversation although rows were delivered.
    * ``freshness``: one row per source: ``data_through`` as text, ``hours_old``, ``hours_late`` (beyond its limit).
    * ``words``: one row per word column and value: ``column_name``, ``value``, ``rows``.
    * ``dates``: one row per published column of dates or instants: ``table_name``, ``column_name``, ``least`` and
      ``greatest`` as text, and how many of its values are ``unreadable``.
    * ``ranges``: one row per column of a mart with bounds: as ``dates``, with how many values are ``impossible``.
    * ``ingested``: one row per source and entity of the accepted batches: rows landed, quarantined, restated.
    * ``accounting``: one row per source and entity: what became of the rows landed; ``read_off``: how far the rows that
      dbt read are from those that were ingested according to the ledger.
    """
    import pandas

    with opened(build, candidate) as connection:
        before = pandas.DataFrame({"mart": list(previous), "rows_before": list(previous.values())})
        before = before.astype({"mart": "str", "rows_before": "float"})
        connection.register("previous", before)
        counted = [
            f"select {sql_text(mart)} as mart, count(*) as rows from candidate.{sql_name(mart)}"
            for mart in marts_of(connection, "candidate")
        ]
        queries = {
            "volumes": _VOLUMES.format(counted=" union all ".join(counted)),
            "words": _WORDS,
            "dates": _outside(connection, "data_type", _UNREADABLE, "unreadable"),
            "ranges": _outside(
                connection,
                "column_name",
                _IMPOSSIBLE,
                "impossible",
                f" and table_name in ({', '.join(map(sql_text, MARTS))})",
                " join settings.accounts using (account_id)",
            ),
            "ingested": _INGESTED,
            "accounting": _ACCOUNTING,
        }
        frames = {name: connection.execute(query).df() for name, query in queries.items()}
    frames["freshness"] = pandas.DataFrame(
        [
            (age.account_id, age.source, age.data_through and str(age.data_through), age.hours, age.limit)
            for age in ages
        ],
        columns=["account_id", "source_system", "data_through", "hours_old", "limit"],
    ).astype({"hours_old": "float", "limit": "float"})
    frames["freshness"]["hours_late"] = frames["freshness"]["hours_old"] - frames["freshness"].pop("limit")
    return frames


@contextmanager
def opened(build: Path, candidate: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build, read-only, with the file of its marts attached as ``candidate``."""
    with duckdb.connect(str(build), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {sql_text(candidate)} as candidate (read_only)")
        yield connection


def _outside(
    connection: duckdb.DuckDBPyConnection,
    by: str,
    conditions: Mapping[str, str],
    count: str,
    tables: str = "",
    joined: str = "",
) -> str:
    """SQL that counts, in each column of the candidate that ``conditions`` concern, the values that meet one."""
    columns = connection.execute(
        f"select schema_name, table_name, column_name, {by} from duckdb_columns()"
        f" where database_name = 'candidate' and {by} in ({', '.join(map(sql_text, conditions))}){tables} order by all"
    ).fetchall()
    return " union all ".join(
        f"select {sql_text(table)} as table_name, {sql_text(column)} as column_name,"
        f" cast(min({quoted}) as varchar) as least, cast(max({quoted}) as varchar) as greatest,"
        f" count(*) filter ({conditions[key].format(quoted)}) as {count} from {relation}{joined}"
        for schema, table, column, key in columns
        for quoted, relation in [(sql_name(column), f"candidate.{schema}.{sql_name(table)}")]
    )
