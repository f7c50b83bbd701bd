"""Grouped reports: one row for each agent, tag, team …: a ranking, the largest few over time, a table of all.

Here: the one page of all of them, and the list of groups of conversations. Not here: groups with figures of their own
(``targets``, ``flows``), how it is drawn (``templates/groups.html``).

A further group is an entry of ``GROUPS`` and its texts (``page.NAME``; ``groups.NAME``, if there is something to note).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    show the conversations of which a figure, a column, is made; None: it cannot show them. ``overlap``: whether a
    conversation is in several groups.
    """

    column: str
    keys: tuple[str, ...]
    name: Callable[[Row, Texts], str]
    chosen: Callable[[Row, str], dict[str, Any] | None]
    overlap: bool = False


@dataclass(frozen=True)
class Figures:
    """What a page shows of its groups. ``ranked`` are the figures by which they can be ranked, the first is the usual
    one; ``columns`` those of the table, in the order ``sort``; ``size`` says which groups are the largest.
    """

    ranked: Sequence[str]
    columns: Sequence[str]
    size: str
    sort: str


def _agent(row: Row, texts: Texts) -> str:
    if row["agent_id"] is None:
        return texts("table.unassigned")
    return str(row["agent_name"] or texts("table.unnamed", id=row["agent_email"] or row["agent_id"]))


def _of_agent(row: Row, column: str) -> dict[str, Any] | None:
    """First responses are credited to who gave them, all else to the assignee; replies are in no list."""
    systems, only = {"source_systems": (row["source_system"],)}, MEASURES[column].only
    if only in ("responded", "responded_in_hours"):
        return systems | {"responder": row["agent_id"]} if row["agent_id"] else None
    return None if only == "replied" else systems | {"agents": (row["agent_id"] or "(unassigned)",)}


def _valued(column: str, field: str, overlap: bool = False) -> Group:
    """Groups by one text of a conversation, which is a filter too."""
    return Group(
        column,
        (column,),
        lambda row, texts: texts.word(field, row[column]),
        lambda row, _: {field: (row[column],)},
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
"""Figures by which groups of conversations can be ranked, beside the times."""
SORTED = ("name", *MEASURES)
PERIOD = ("grain", "period_start", "period_end", "is_complete")


def page(name: str) -> Page:
    """The page of one group of conversations."""
    return Page("groups.html", lambda reading: _shown(reading, name), SORTED)


def _shown(reading: Reading, report: str) -> dict[str, Any]:
    rows = reading.rows_apart(report, "period")
    conversations = reading.added("conversations")
    for row in rows:  # of all that are shown, also of several accounts
        row["share_of_conversations"] = row["conversations"] / conversations if conversations else None
    response = timed("first_response", reading.view.statistic, reading.in_hours)
    duration = timed("duration", reading.view.statistic, reading.in_hours)
    columns = (
        *("conversations", "share_of_conversations", "conversations_unanswered", "conversations_closed"),
        *("conversations_reopened", response, "replies", "avg_reply_seconds", duration, "ratings", "csat_percent"),
    )
    ranked = (*RANKED[:7], response, duration, *RANKED[7:])
    figures = Figures(ranked, columns, "conversations", "-conversations")
    named(rows, GROUPS[report], reading.texts)
    points = _points(reading, report, GROUPS[report], reading.figure(ranked, ranked[0]))
    return shown(reading, report, GROUPS[report], figures, rows, points)


def shown(
    reading: Reading, report: str, group: Group, figures: Figures, rows: list[Row], points: list[Row]
) -> dict[str, Any]:
    """What the template shows. ``points`` have the chosen figure of each group and period that has any."""
    figure = reading.figure(figures.ranked, figures.ranked[0])
    then = _before(reading, report, group, figure)
    link = linked(reading, group, figure.column)
    bars = charts.ranking(rows, figure, link, reading.formats, lambda row: then.get(_key(row, group)))
    sort = reading.view.sort or figures.sort
    ordered = _ordered(rows, sort)
    pages = max(1, -(-len(ordered) // PAGE_ROWS))
    at = min(reading.view.page, pages)
    return {
        "note": reading.note,
        "report": report,
        "table": report.replace("-", "_"),
        "group": group,
        "figure": figure.column,
        "figures": figures.ranked,
        "bars": bars[:MOST_BARS],
        "changes": any(bar.change for bar in bars),
        "more": len(bars) - MOST_BARS,
        "lines": lines(reading, group, rows, figure, points, figures.size),
        "rows": ordered[(at - 1) * PAGE_ROWS : at * PAGE_ROWS],
        "page": at,
        "pages": pages,
        "sort": sort,
        "columns": figures.columns,
        "link": lambda row, column: linked(reading, group, column)(row),
    }


def named(rows: list[Row], group: Group, texts: Texts) -> None:
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


def linked(reading: Reading, group: Group, column: str) -> Callable[..., str | None]:
    """Where the conversations behind a figure of a group are, of a part of the period; None: there is no such list."""
    measure = MEASURES[column]

    def link(row: Row, **part: Any) -> str | None:
        chosen = None if measure.only is None else group.chosen(row, column)
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


def _points(reading: Reading, report: str, group: Group, measure: Measure) -> list[Row]:
    """A figure of each group of conversations in each period."""
    is_share = measure.unit == SHARE
    column = "conversations" if is_share else measure.column
    points = reading.rows_apart(report, columns=", ".join(("account_id", *group.keys, *PERIOD, column)))
    if is_share:
        of_all = {period["period_start"]: period["conversations"] for period in reading.periods}
        for point in points:
            point[measure.column] = point["conversations"] / (of_all[point["period_start"]] or 1)
    return points


def lines(
    reading: Reading, group: Group, rows: list[Row], measure: Measure, points: list[Row], size: str
) -> charts.Chart | None:
    """The largest groups over time. ``points`` have the figure of each group and period that has any."""
    if not rows:
        return None
    column, missing = measure.column, 0 if measure.unit in (COUNT, SHARE) else None
    by_place = {(_key(point, group), point["period_start"]): point[column] for point in points}
    by_start = {row["period_start"]: {name: row[name] for name in PERIOD} for row in (*points, *reading.periods)}
    periods = [by_start[start] for start in sorted(by_start)]
    link = linked(reading, group, column)

    def drawn(row: Row) -> Drawn:
        key = _key(row, group)
        over_time = [period | {column: by_place.get((key, period["period_start"]), missing)} for period in periods]
        return Drawn(row["name"], over_time, measure, lambda period: link(row, **reading.of_period(period)) or "")

    largest = sorted(rows, key=lambda row: -row[size])[:MOST_LINES]
    return charts.over_time("lines", [drawn(row) for row in largest], reading.period, reading.formats)
