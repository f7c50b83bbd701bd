"""Queries of the pages, and their results as plain rows.

Here: whose conversations, searching, sorting and paging in SQL, figures of several accounts together. Not here: what a
figure means (the table macros), caches and connections (``releases``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.pages.address import View
from reports.pages.measures import STATISTICS_OF
from reports.pages.narrowing import conditions
from reports.queries import REPORTS, Filters, sql_of

PAGE_ROWS = 50
"""Rows of one page of Details."""

MOST_WORDS = 20
"""Of a search; each is looked for in every conversation."""
SEARCHED = ("conversation_id", "contact_name", "contact_phone", "agent_name", "agent_email", "channel", "team")
"""Columns of details in which a search looks, beside tags and the comment of the rating."""

SORTABLE = (
    *("started_at", "conversation_id", "contact_name", "contact_phone", "status", "source", "agent_name", "channel"),
    *("team", "messages", "first_response_seconds", "first_response_business_seconds", "duration_seconds"),
    *("duration_business_seconds", "reopens", "rating", "closed_at", "last_message_at", "source_system", "account_id"),
)
"""Columns by which Details can be sorted."""


@dataclass(frozen=True)
class Query:
    """SQL and the values of its parameters."""

    sql: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """Rows with the names of their columns."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def _call(name: str, filters: Filters, accounts: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """What stands behind ``from``: the macro for these accounts."""
    call, values = sql_of(REPORTS[name], filters)
    return call, values | {"account": list(accounts)}


def report(name: str, filters: Filters, accounts: Sequence[str], columns: str = "*") -> Query:
    """All rows of a report; with all columns, what its downloads hold. Each account has rows of its own."""
    call, values = _call(name, filters, accounts)
    return Query(f"select {columns} from {call}", values)


ADDED = (
    *("conversations", "messages", "messages_failed"),
    *("first_response_count", "first_response_business_count", "duration_count", "duration_business_count"),
)
"""What adds up over periods, of what pages ask of the whole range."""
_KEYS = {
    "overview": "grain, period_start, period_end",
    "compare": "compared, period_start, period_end",
    "traffic": "weekday, hour",
}
_SUMMED = (
    *("conversations", "conversations_inbox", "conversations_flow", "conversations_inbound", "conversations_other"),
    *("distinct_contacts", "messages", "messages_inbound", "messages_outbound", "messages_failed"),
    *(
        "conversations_answered",
        "conversations_unanswered",
        "conversations_closed",
        "conversations_reopened",
        "reopens",
    ),
    *(f"{of}_{part}" for of in STATISTICS_OF for part in ("seconds_sum", "count")),
    *("reply_seconds_sum", "replies", "surveys", "ratings", "ratings_satisfied"),
)
"""What adds up over accounts: also contacts, of which no two accounts share one."""
_DERIVED = {
    **{f"avg_{of}_seconds": f"sum({of}_seconds_sum) / nullif(sum({of}_count), 0)" for of in STATISTICS_OF},
    "avg_reply_seconds": "sum(reply_seconds_sum) / nullif(sum(replies), 0)",
    "csat_percent": "100 * sum(ratings_satisfied) / nullif(sum(ratings), 0)",
    "survey_response_percent": "100 * sum(ratings) / nullif(sum(surveys), 0)",
}
_MISSING = (
    *(f"{statistic}_{of}_seconds" for of in STATISTICS_OF for statistic in ("median", "p90")),
    *("avg_rating", *(f"rating_{score}" for score in range(1, 6))),
)
"""What has no value for several accounts: a median is none of medians, and scales of ratings differ."""


def together(name: str, filters: Filters, accounts: Sequence[str]) -> Query:
    """The rows of a report without its accounts: those of one account, or of several added up."""
    query, keys = report(name, filters, accounts), _KEYS[name]
    if len(accounts) == 1:
        return query
    if name == "traffic":
        sums = (
            "sum(conversations) as conversations, sum(messages) as messages, sum(messages_inbound) as messages_inbound"
        )
    else:
        sums = ", ".join(
            (
                "bool_and(is_complete) as is_complete",
                *(f"sum({column})::bigint as {column}" for column in _SUMMED),
                *(f"{sql} as {column}" for column, sql in _DERIVED.items()),
                *(f"null as {column}" for column in _MISSING),
            )
        )
    return Query(f"select {keys}, {sums} from ({query.sql}) group by {keys} order by all", query.values)


def _matching(filters: Filters, accounts: Sequence[str], view: View) -> tuple[str, dict[str, Any]]:
    call, values = _call("details", filters, accounts)
    found, narrowed = conditions(view.only, view.responder, view.weekday, view.hour)
    words = view.search.split()[:MOST_WORDS]
    columns = ", ".join((*SEARCHED, "rating_comment", "list_aggregate(conversation_tags, 'string_agg', ' ')"))
    found += [
        f"contains(strip_accents(lower(concat_ws(' ', {columns}))), strip_accents(lower($word_{n})))"
        for n in range(len(words))
    ]
    values = values | narrowed | {f"word_{n}": word for n, word in enumerate(words)}
    return f"{call} where {' and '.join(found)}" if found else call, values


def details(filters: Filters, accounts: Sequence[str], view: View) -> Query:
    """All conversations that the filters choose, narrowed, in which every word of the search is found."""
    matching, values = _matching(filters, accounts, view)
    return Query(f"select * from {matching}", values)


def details_days(filters: Filters, accounts: Sequence[str], view: View) -> Query:
    """How many these are of each day that has any."""
    matching, values = _matching(filters, accounts, view)
    return Query(f"select started_date, count(*) as conversations from {matching} group by started_date", values)


def details_page(filters: Filters, accounts: Sequence[str], view: View, page: int) -> Query:
    """One page of them. Rows without a value come last, ties in the order of their keys.

    Raises:
        ValueError: there is no such column to sort by.
    """
    column, order = view.sort.removeprefix("-"), "desc" if view.sort.startswith("-") else "asc"
    if column not in SORTABLE:
        raise ValueError(view.sort)
    matching, values = _matching(filters, accounts, view)
    key = "account_id, source_system, conversation_id"
    ordered = f"order by {column} {order} nulls last, {key}"
    sql = (  # keys first: all columns are read of the rows of the page only
        f"select * from details semi join (select {key} from {matching} {ordered} limit $page_rows offset $rows_before)"
        f" as page using ({key}) where started_date between $first_day and $last_day {ordered}"
    )
    return Query(sql, values | {"page_rows": PAGE_ROWS, "rows_before": (page - 1) * PAGE_ROWS})


def conversation(accounts: Sequence[str], source_system: str, conversation_id: str) -> Query:
    """One conversation, whatever the filters."""
    return Query(
        "select * from details where account_id in (select unnest($account)) and source_system = $source_system"
        " and conversation_id = $conversation_id",
        {"account": list(accounts), "source_system": source_system, "conversation_id": conversation_id},
    )
