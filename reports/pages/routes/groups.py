"""Grouped reports: one row for each agent, tag, team …: a ranking, the best few over time, a table of all.

Here: the one page of all of them, and the list of groups. Not here: how it is drawn (``templates/groups.html``).

A further group is an entry of ``GROUPS`` and its texts (``page.NAME``; ``groups.NAME``, if there is something to note).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reports.pages import charts
from reports.pages.charts import Drawn, Row
from reports.pages.measures import COUNT, MEASURES, SHARE, Measure, timed
from reports.pages.routes.page import Page, Reading
from reports.pages.texts import Texts

MOST_BARS = 15
MOST_LINES = 5
PAGE_ROWS = 100


@dataclass(frozen=True)
class Group:
    """How the groups of a report are told apart, named and found in Details.

    ``column`` has their names, ``keys`` identify one within an account. ``chosen`` is what Details is changed by to
    show the conversations of which a figure with a certain narrowing is made; None: it cannot show them. ``overlap``:
    whether a conversation is in several groups.
    """

    column: str
    keys: tuple[str, ...]
    name: Callable[[Row, Texts], str]
    chosen: Callable[[Row, str], dict[str, Any] | None]
    overlap: bool = False


def _agent(row: Row, texts: Texts) -> str:
    if row["agent_id"] is None:
        return texts("table.unassigned")
    return str(row["agent_name"] or texts("table.unnamed", id=row["agent_email"] or row["agent_id"]))


def _of_agent(row: Row, only: str) -> dict[str, Any] | None:
    """First responses are credited to who gave them, all else to the assignee; replies are in no list."""
    systems = {"source_systems": (row["source_system"],)}
    if only in ("responded", "responded_in_hours"):
        return systems | {"responder": row["agent_id"]} if row["agent_id"] else None
    return None if only == "replied" else systems | {"agents": (row["agent_id"] or "(unassigned)",)}


def _valued(column: str, field: str, overlap: bool = False) -> Group:
    """Groups by one text of a conversation, which is a filter too."""
    return Group(
        column,
        (column,),
        lambda row, texts: texts.word(field, row[column]),
        lambda row, only: {field: (row[column],)},
        overlap,
    )


GROUPS = {
    "by-agent": Group("agent_name", ("source_system", "agent_id"), _agent, _of_agent),
    "by-tag": _valued("tag", "conversation_tags", overlap=True),
    "by-team": _valued("team", "teams"),
    "by-channel": _valued("channel", "channels"),
}
"""By the name of their report."""

RANKED = (
    *("conversations", "share_of_conversations", "distinct_contacts", "messages_outbound", "conversations_closed"),
    *("conversations_reopened", "conversations_unanswered", "replies", "avg_reply_seconds", "avg_rating"),
    *("csat_percent", "ratings"),
)
"""Figures by which groups can be ranked, beside the times."""
SORTED = ("name", *MEASURES)


def page(name: str) -> Page:
    """The page of one group."""
    return Page("groups.html", lambda reading: shown(reading, name, GROUPS[name]), SORTED)


def shown(reading: Reading, report: str, group: Group) -> dict[str, Any]:
    """What the template shows."""
    rows = reading.rows_apart(report, "period")
    conversations = reading.added("conversations")
    for row in rows:  # of all that are shown, also of several accounts
        row["share_of_conversations"] = row["conversations"] / conversations if conversations else None
    _name(rows, group, reading.texts)
    response = timed("first_response", reading.view.statistic, reading.in_hours)
    duration = timed("duration", reading.view.statistic, reading.in_hours)
    ranked = (*RANKED[:7], response, duration, *RANKED[7:])
    figure = reading.figure(ranked, "conversations")
    link = _linked(reading, group, figure.column)
    then = _before(reading, report, group, figure)
    bars = charts.ranking(rows, figure, link, reading.formats, lambda row: then.get(_key(row, group)))
    columns = (
        *("conversations", "share_of_conversations", "conversations_unanswered", "conversations_closed"),
        *("conversations_reopened", response, "replies", "avg_reply_seconds", duration, "ratings", "csat_percent"),
    )
    ordered = _ordered(rows, reading.view.sort or "-conversations")
    pages = max(1, -(-len(ordered) // PAGE_ROWS))
    at = min(reading.view.page, pages)
    return {
        "note": reading.note,
        "report": report,
        "table": report.replace("-", "_"),
        "group": group,
        "figure": figure.column,
        "figures": ranked,
        "bars": bars[:MOST_BARS],
        "changes": any(bar.change for bar in bars),
        "more": len(bars) - MOST_BARS,
        "lines": _lines(reading, report, group, rows, figure),
        "rows": ordered[(at - 1) * PAGE_ROWS : at * PAGE_ROWS],
        "page": at,
        "pages": pages,
        "sort": reading.view.sort or "-conversations",
        "columns": columns,
        "link": lambda row, column: _linked(reading, group, column)(row),
    }


def _name(rows: list[Row], group: Group, texts: Texts) -> None:
    """Name each, with what tells it from others of the same name."""
    same: dict[str, list[Row]] = {}
    for row in rows:
        same.setdefault(group.name(row, texts), []).append(row)
    for name, alike in same.items():
        apart = [key for key in ("source_system", "account_id") if len({row.get(key) for row in alike}) > 1]
        for row in alike:
            row |= {"name": " · ".join((name, *(str(row[key]) for key in apart))), "to": None}


def _key(row: Row, group: Group) -> tuple[Any, ...]:
    return tuple(row[key] for key in ("account_id", *group.keys))


def _before(reading: Reading, report: str, group: Group, figure: Measure) -> dict[tuple[Any, ...], float | None]:
    """The figure of each group in as many days before; empty unless it can be compared."""
    if not reading.days_before or not reading.is_complete or figure.unit == SHARE:
        return {}
    columns = ", ".join(("account_id", *group.keys, figure.column))
    rows = reading.rows_apart(report, "period", columns, **reading.days_before)
    return {_key(row, group): row[figure.column] for row in rows}


def _linked(reading: Reading, group: Group, column: str) -> Callable[..., str | None]:
    """Where the conversations behind a figure of a group are, of a part of the period; None: there is no such list."""
    measure = MEASURES[column]

    def link(row: Row, **part: Any) -> str | None:
        chosen = None if measure.only is None else group.chosen(row, measure.only)
        if chosen is None or not row[measure.count or column]:
            return None
        if group.overlap and any(getattr(reading.view, field) not in ((), value) for field, value in chosen.items()):
            return None  # its conversations also have another of the values that are chosen, and Details takes any
        account = {} if reading.whom.is_one else {"account": row["account_id"]}
        return reading.behind(column, **chosen, **account, **part)

    return link


def _ordered(rows: list[Row], sort: str) -> list[Row]:
    """Rows without a value come last."""
    column, is_down = sort.removeprefix("-"), sort.startswith("-")
    by_name = sorted(rows, key=lambda row: row["name"].casefold())
    if column == "name":
        return by_name[::-1] if is_down else by_name
    valued = [row for row in by_name if row.get(column) is not None]
    valued.sort(key=lambda row: row[column], reverse=is_down)
    return valued + [row for row in by_name if row.get(column) is None]


def _lines(reading: Reading, report: str, group: Group, rows: list[Row], measure: Measure) -> charts.Chart | None:
    """The groups of most conversations over time."""
    if not rows:
        return None
    is_share, column = measure.unit == SHARE, measure.column
    read = f"{'conversations' if is_share else column} as value"
    points = reading.rows_apart(report, columns=", ".join(("account_id", *group.keys, "period_start", read)))
    by_place = {(_key(row, group), row["period_start"]): row["value"] for row in points}
    missing = 0 if measure.unit in (COUNT, SHARE) else None
    link = _linked(reading, group, column)

    def value(row: Row, period: Row) -> float | None:
        found: float | None = by_place.get((_key(row, group), period["period_start"]), missing)
        return (found or 0) / (period["conversations"] or 1) if is_share else found

    def drawn(row: Row) -> Drawn:
        over_time = [period | {column: value(row, period)} for period in reading.periods]
        return Drawn(row["name"], over_time, measure, lambda period: link(row, **reading.of_period(period)) or "")

    largest = sorted(rows, key=lambda row: -row["conversations"])[:MOST_LINES]
    return charts.over_time("lines", [drawn(row) for row in largest], reading.period, reading.formats)
