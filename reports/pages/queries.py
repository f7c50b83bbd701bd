"""Queries of the pages, and their results as plain rows.

Here: whose conversations, searching, sorting and paging in SQL, figures of several accounts together. Not here: what a
figure means (the table macros), caches and connections (``releases``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from reports.pages.address import View
from reports.pages.measures import COUNT, NARROWED, OF_CONVERSATIONS, STANDING, TIMES
from reports.queries import REPORTS, Filters, sql_of

PAGE_ROWS = 50
"""Rows of one page of Details."""

MOST_WORDS = 20
"""Of a search; each is looked for in every conversation."""
SEARCHED = (
    *("conversation_id", "contact_name", "contact_phone", "agent_name", "agent_email", "channel", "team"),
    *("rating_comment", "array_to_string(conversation_tags, ' ')"),
)
"""Where a search looks in details."""

SORTABLE = (
    *("started_at", "conversation_id", "contact_name", "contact_phone", "status", "source", "agent_name", "channel"),
    *("team", "messages", "first_response_seconds", "first_response_business_seconds", "duration_seconds"),
    *("duration_business_seconds", "reopens", "rating", "closed_at", "last_message_at", "source_system", "account_id"),
    "waiting_since",
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


_KEYS = {
    "overview": "grain, period_start, period_end",
    "compare": "compared, period_start, period_end",
    "traffic": "weekday, hour",
}
_SUMMED = (
    *(one.column for one in OF_CONVERSATIONS if one.unit == COUNT and not one.column.startswith("rating_")),
    *(f"{of}_{part}" for of in TIMES for part in ("seconds_sum", "count")),
    "reply_seconds_sum",
)
"""What adds up over accounts: also contacts, of which no two accounts share one. Scales of ratings differ."""
_DERIVED = {
    **{f"avg_{of}_seconds": f"sum({of}_seconds_sum) / nullif(sum({of}_count), 0)" for of in TIMES},
    "avg_reply_seconds": "sum(reply_seconds_sum) / nullif(sum(replies), 0)",
    "csat_percent": "100 * sum(ratings_satisfied) / nullif(sum(ratings), 0)",
    "survey_response_percent": "100 * sum(ratings) / nullif(sum(surveys), 0)",
}
_MISSING = [one.column for one in OF_CONVERSATIONS if one.column not in (*_SUMMED, *_DERIVED)]
"""What has no value for several accounts: a median cannot be made of medians."""


def together(name: str, filters: Filters, accounts: Sequence[str]) -> Query:
    """The rows of a report without its accounts: those of one account, or of several added up."""
    query, keys = report(name, filters, accounts), _KEYS[name]
    if len(accounts) == 1:
        return query
    summed = ("conversations", "messages", "messages_inbound") if name == "traffic" else _SUMMED
    columns = [f"sum({column})::bigint as {column}" for column in summed]
    if name != "traffic":
        columns += ["bool_and(is_complete) as is_complete"]
        columns += [f"{sql} as {column}" for column, sql in _DERIVED.items()]
        columns += [f"null as {column}" for column in _MISSING]
    return Query(f"select {keys}, {', '.join(columns)} from ({query.sql}) group by {keys} order by all", query.values)


def _matching(filters: Filters, accounts: Sequence[str], view: View) -> tuple[str, dict[str, Any]]:
    """What stands behind ``from``: the conversations that the filters choose, narrowed and searched."""
    call, values = _open_at(view.at, filters, accounts) if view.at else _call("details", filters, accounts)
    found = [(NARROWED | STANDING)[view.only][1]] if view.only else []
    asked = {
        "responder": "first_responder_id = $responder",
        "missed": "list_contains(targets_missed, $missed)",
        "met": "list_contains(targets_met, $met)",
        "weekday": "isodow(started_date) = $weekday",
        "hour": "started_hour = $hour",
    }
    for name, condition in asked.items():
        if (value := getattr(view, name)) not in ("", None):
            found.append(condition)
            values[name] = value
    text = ", ".join(f"strip_accents(lower({column}))" for column in SEARCHED)  # each by itself: most have no accent
    for number, word in enumerate(view.search.split()[:MOST_WORDS]):
        found.append(f"contains(concat_ws(' ', {text}), strip_accents(lower($word_{number})))")
        values[f"word_{number}"] = word
    return f"{call} where {' and '.join(found)}" if found else call, values


def _open_at(day: date, filters: Filters, accounts: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The conversations that were open at the end of a day, whenever they started; who waited is as of then."""
    call, values = _call("backlog-details", replace(filters, first_day=day, last_day=day, grain="day"), accounts)
    columns = "details.* replace (standing.waiting_since as waiting_since), state, is_unanswered, waiting_seconds"
    keys = "account_id, source_system, conversation_id"
    return f"(select {columns} from details inner join {call} as standing using ({keys}))", values


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
    values |= {"page_rows": PAGE_ROWS, "rows_before": (page - 1) * PAGE_ROWS}
    if view.at:
        return Query(f"select * from {matching} {ordered} limit $page_rows offset $rows_before", values)
    sql = (  # keys first: all columns are read of the rows of the page only
        f"select * from details semi join (select {key} from {matching} {ordered} limit $page_rows offset $rows_before)"
        f" as page using ({key}) where started_date between $first_day and $last_day {ordered}"
    )
    return Query(sql, values)


def backlog(filters: Filters, accounts: Sequence[str]) -> Query:
    """The backlog of each team and day, or hour."""
    over_1d = "waiting_1d_3d + waiting_3d_7d + waiting_over_7d as waiting_over_1d"
    return report("backlog", filters, accounts, f"*, {over_1d}")


def backlog_at(filters: Filters, accounts: Sequence[str], day: date) -> Query:
    """What stands at the end of a day, of all teams and accounts together; so its medians are of all conversations."""
    call, values = _call("backlog-details", replace(filters, first_day=day, last_day=day, grain="day"), accounts)
    counts = [f"count(case when {condition} then 1 end) as {column}" for column, condition in STANDING.values()]
    medians = [f"quantile_cont({of}_seconds, 0.5) as median_{of}_seconds" for of in ("waiting", "open")]
    return Query(f"select count(*) as open, {', '.join((*counts, *medians))} from {call}", values)


def of_targets(filters: Filters, accounts: Sequence[str]) -> Query:
    """How many conversations missed a target, and how many met it, by the team as it was delivered."""
    call, values = _call("details", filters, accounts)
    named = " union all ".join(
        f"select account_id, team, unnest(targets_{what}) as target, '{what}' as what from chosen"
        for what in ("missed", "met")
    )
    counts = "account_id, target, team, what, count(*) as conversations"
    chosen = f"select account_id, team, targets_missed, targets_met from {call}"
    return Query(f"with chosen as ({chosen}), named as ({named}) select {counts} from named group by all", values)


def conversation(accounts: Sequence[str], source_system: str, conversation_id: str) -> Query:
    """One conversation, whatever the filters."""
    return Query(
        "select * from details where account_id in (select unnest($account)) and source_system = $source_system"
        " and conversation_id = $conversation_id",
        {"account": list(accounts), "source_system": source_system, "conversation_id": conversation_id},
    )
