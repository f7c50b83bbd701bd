"""What the suites look at: small frames that SQL makes from a build, and from the release before it.

Here: the one place that knows how Great Expectations reaches DuckDB: through pandas frames of at most a few thousand
rows, so that neither time nor memory grows with the conversations (its SQL engine cannot talk to DuckDB). Not here:
what is expected of them (``suites``), and checks of single rows (dbt's tests).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from ingestion.sql import sql_text

if TYPE_CHECKING:
    import pandas

_VOLUMES = """
    select mart, rows, rows_before, greatest(0, rows_before - rows) as lost_rows,
        greatest(0, 1 - rows / nullif(rows_before, 0)) as lost_share
    from (
        select 'overview' as mart, (select count(*) from candidate.overview) as rows
        union all select 'by_agent', (select count(*) from candidate.by_agent)
        union all select 'by_tag', (select count(*) from candidate.by_tag)
        union all select 'details', (select count(*) from candidate.details)
    ) left join previous using (mart)
"""

_FRESHNESS = """
    select sources.account_id, sources.source_system, max(batches.extracted_at) as data_through,
        date_diff('minute', max(batches.extracted_at), cast($now as timestamptz)) / 60 as hours_old
    from settings.sources left join settings.batches using (source_system)
    group by all order by all
"""

_WORDS = """
    select 'status' as column_name, status as value, count(*) as rows from candidate.details group by all
    union all select 'source', source, count(*) from candidate.details group by all
    union all select 'times_basis', times_basis, count(*) from candidate.details group by all
    union all select 'grain', grain, count(*) from (
        select grain from candidate.overview union all select grain from candidate.by_agent
        union all select grain from candidate.by_tag
    ) group by all
"""

_RANGES = """
    select mart, account_id, rating_worst, rating_best, scores.* exclude (mart, account_id) from (
        select 'overview' as mart, account_id, min(conversations) as least_conversations,
            min(messages) as least_messages, min(csat_percent) as least_csat, max(csat_percent) as greatest_csat,
            min(survey_response_percent) as least_response, max(survey_response_percent) as greatest_response,
            min(avg_rating - rating_worst) as least_over_worst, max(avg_rating - rating_best) as greatest_over_best,
            cast(null as double) as greatest_share
        from candidate.overview join settings.accounts using (account_id) group by account_id
        union all
        select 'by_agent', account_id, min(conversations), min(messages), min(csat_percent), max(csat_percent),
            min(survey_response_percent), max(survey_response_percent), min(avg_rating - rating_worst),
            max(avg_rating - rating_best), null
        from candidate.by_agent join settings.accounts using (account_id) group by account_id
        union all
        select 'by_tag', account_id, min(conversations), min(messages), min(csat_percent), max(csat_percent),
            min(survey_response_percent), max(survey_response_percent), min(avg_rating - rating_worst),
            max(avg_rating - rating_best), max(share_of_conversations)
        from candidate.by_tag join settings.accounts using (account_id) group by account_id
    ) as scores join settings.accounts using (account_id)
"""

_TOTALS = """
    with days as (
        select account_id, sum(conversations) as conversations, sum(messages) as messages,
            sum(conversations_closed) as closed, sum(ratings) as ratings, sum(first_response_count) as responses,
            sum(replies) as replies
        from candidate.overview where grain = 'day' group by account_id
    ), agents as (
        select account_id, sum(conversations) as conversations, sum(messages) as messages,
            sum(conversations_closed) as closed, sum(ratings) as ratings, sum(first_response_count) as responses,
            sum(replies) as replies
        from candidate.by_agent where grain = 'day' group by account_id
    ), tags as (
        select account_id, sum(conversations) as conversations, sum(messages) as messages
        from candidate.by_tag where grain = 'day' group by account_id
    ), conversations as (
        select account_id, count(*) as conversations, sum(messages) as messages, count(*) filter (is_closed) as closed,
            count(rating) as ratings, count(first_response_seconds) as responses, sum(replies) as replies
        from candidate.details group by account_id
    )
    select account_id, figure, of_details, of_overview, of_by_agent, of_by_tag,
        abs(of_overview - of_details) as overview_off, abs(of_by_agent - of_overview) as by_agent_off,
        greatest(0, of_overview - of_by_tag) as by_tag_short
    from (
        select account_id, unnest(['conversations', 'messages', 'closed', 'ratings', 'responses', 'replies']) as figure,
            unnest([c.conversations, c.messages, c.closed, c.ratings, c.responses, c.replies]) as of_details,
            coalesce(unnest([d.conversations, d.messages, d.closed, d.ratings, d.responses, d.replies]), 0)
                as of_overview,
            coalesce(unnest([a.conversations, a.messages, a.closed, a.ratings, a.responses, a.replies]), 0)
                as of_by_agent,
            unnest([coalesce(t.conversations, 0), coalesce(t.messages, 0), null, null, null, null]) as of_by_tag
        from conversations as c left join days as d using (account_id) left join agents as a using (account_id)
            left join tags as t using (account_id)
    ) order by account_id, figure
"""

_INTAKE = """
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
"""Values that Python has no date for, or none on some wall clock of the world, by the type of the column."""


def gather(build: Path, candidate: Path, previous: Mapping[str, int], now: datetime) -> dict[str, pandas.DataFrame]:
    """The frames of a build, whose marts are in the file ``candidate``, by name.

    ``previous``: rows of each mart in the current release, empty without one.

    * ``volumes``: one row per mart: ``rows``, ``rows_before``, ``lost_rows``, ``lost_share`` (of the rows before).
    * ``freshness``: one row per source: ``data_through``, ``hours_old``.
    * ``dates``: one row per published column of dates or instants: ``table_name``, ``column_name``, ``least`` and
      ``greatest`` as text, and how many of its values are ``unreadable``.
    * ``words``: one row per word column and value: ``column_name``, ``value``, ``rows``.
    * ``ranges``: one row per aggregated mart and account: least and greatest values.
    * ``totals``: one row per account and figure, as each mart has it, and how far they are apart.
    * ``intake``: one row per source and entity of the accepted batches: rows landed, quarantined, restated.
    * ``accounting``: one row per source and entity: what became of the rows landed; ``read_off``: how far the rows that
      dbt read are from those that the ledger says were ingested.
    """
    import pandas

    with duckdb.connect(str(build), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {sql_text(candidate)} as candidate (read_only)")
        before = pandas.DataFrame({"mart": list(previous), "rows_before": list(previous.values())})
        before = before.astype({"mart": "str", "rows_before": "float"})
        connection.register("previous", before)
        frames = {
            name: connection.execute(query).df()
            for name, query in [
                ("volumes", _VOLUMES),
                ("words", _WORDS),
                ("ranges", _RANGES),
                ("totals", _TOTALS),
                ("intake", _INTAKE),
                ("accounting", _ACCOUNTING),
            ]
        }
        frames["dates"] = connection.execute(_dates(connection)).df()
        frames["freshness"] = connection.execute(_FRESHNESS, {"now": now.isoformat()}).df()
    return frames


def _dates(connection: duckdb.DuckDBPyConnection) -> str:
    """SQL of the frame ``dates``, of whatever columns the candidate has."""
    columns = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        f" where database_name = 'candidate' and data_type in ({', '.join(map(sql_text, _UNREADABLE))}) order by all"
    ).fetchall()
    return " union all ".join(
        f"select {sql_text(table)} as table_name, {sql_text(column)} as column_name,"
        f" cast(min({column}) as varchar) as least, cast(max({column}) as varchar) as greatest,"
        f" count(*) filter ({_UNREADABLE[kind].format(column)}) as unreadable from candidate.{schema}.{table}"
        for schema, table, column, kind in columns
    )
