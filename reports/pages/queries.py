"""Queries of the pages, and their results as plain rows.

Here: searching, sorting and paging in SQL, CSV. Not here: what a figure means (the table macros), caches (``release``).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import duckdb

from reports.downloads import Rows, write_csv
from reports.queries import REPORTS, Filters, sql_of

PAGE_ROWS = 50
"""Rows of one page of Details."""

SEARCHED = ("conversation_id", "contact_name", "contact_phone", "agent_name", "agent_email", "channel", "team")
"""Columns of details in which a search looks, beside tags and the comment of the rating."""

SORTABLE = (
    "started_at",
    "conversation_id",
    "contact_name",
    "status",
    "source",
    "agent_name",
    "messages",
    "first_response_seconds",
    "first_response_business_seconds",
    "duration_seconds",
    "duration_business_seconds",
    "reopens",
    "rating",
    "closed_at",
    "last_message_at",
)
"""Columns by which Details can be sorted."""

Query = tuple[str, dict[str, Any]]
"""SQL and the values of its parameters."""


@dataclass(frozen=True)
class Result:
    """Rows with the names of their columns."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def run(cursor: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> Result:
    """Run a query on a release."""
    cursor.execute(sql, values)
    return Result(tuple(name for name, *_ in cursor.description or ()), cursor.fetchall())


def report(name: str, filters: Filters) -> Query:
    """All rows and columns of a report: what its CSV holds."""
    call, values = sql_of(REPORTS[name], filters)
    return f"select * from {call}", values


def _matching(filters: Filters, search: str) -> Query:
    call, values = sql_of(REPORTS["details"], filters)
    if not search.strip():
        return call, values
    columns = ", ".join((*SEARCHED, "rating_comment", "list_aggregate(conversation_tags, 'string_agg', ' ')"))
    words = search.split()
    conditions = " and ".join(
        f"contains(strip_accents(lower(concat_ws(' ', {columns}))), strip_accents(lower($word_{n})))"
        for n in range(len(words))
    )
    return f"{call} where {conditions}", values | {f"word_{n}": word for n, word in enumerate(words)}


def details(filters: Filters, search: str = "") -> Query:
    """All conversations that the filters choose and in which every word of the search is found."""
    matching, values = _matching(filters, search)
    return f"select * from {matching}", values


def details_count(filters: Filters, search: str) -> Query:
    """How many these are."""
    matching, values = _matching(filters, search)
    return f"select count(*) from {matching}", values


def details_page(filters: Filters, search: str, sort: str, page: int) -> Query:
    """One page of them. ``sort`` as in the address; rows without a value come last, ties in the order of their keys.

    Raises:
        ValueError: there is no such column to sort by.
    """
    column, order = sort.removeprefix("-"), "desc" if sort.startswith("-") else "asc"
    if column not in SORTABLE:
        raise ValueError(sort)
    matching, values = _matching(filters, search)
    ordered = f"order by {column} {order} nulls last, source_system, conversation_id"
    sql = (  # keys first: all columns are read of the rows of the page only
        "select * from details semi join"
        f" (select source_system, conversation_id from {matching} {ordered} limit $page_rows offset $rows_before)"
        f" as page using (source_system, conversation_id) {ordered}"
    )
    return sql, values | {"page_rows": PAGE_ROWS, "rows_before": (page - 1) * PAGE_ROWS}


def conversation(account: str, source_system: str, conversation_id: str) -> Query:
    """One conversation, whatever the filters."""
    return (
        "select * from details where account_id = $account and source_system = $source_system"
        " and conversation_id = $conversation_id",
        {"account": account, "source_system": source_system, "conversation_id": conversation_id},
    )


def as_csv(cursor: duckdb.DuckDBPyConnection, query: Query) -> bytes:
    """The rows of a query, as all downloads hold them (``downloads.write_csv``)."""
    written = io.BytesIO()
    text = io.TextIOWrapper(written, "utf-8", newline="")  # text in memory would take four times the bytes
    write_csv(Rows(cursor, *query), text)
    text.flush()
    return written.getvalue()
