"""The Overview: eight headline figures, targets, figures over time, where conversations come from, traffic, a table.

Here: which figures stand where. Not here: how they are drawn (``charts``, ``templates/overview.html``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reports.pages import charts
from reports.pages.charts import Chart, Drawn, Row
from reports.pages.measures import MEASURES, timed
from reports.pages.routes import targets
from reports.pages.routes.headlines import Headline, headline
from reports.pages.routes.page import Page, Reading

SOURCES = ("inbound", "inbox", "flow", "other")
HEAT = ("conversations", "messages_inbound", "messages")
TRENDS = (
    *("conversations", "distinct_contacts", "messages", "messages_inbound", "messages_outbound", "messages_failed"),
    *("conversations_answered", "conversations_unanswered", "conversations_closed", "conversations_reopened"),
    *("replies", "avg_reply_seconds", "csat_percent", "avg_rating", "ratings", "survey_response_percent"),
)
"""Figures that the last chart can show."""
TARGETS = 4
"""Those that were met least have a card."""
SUMMARY = (
    *("conversations", "distinct_contacts", "messages_inbound", "messages_outbound", "conversations_unanswered"),
    *("conversations_closed", "conversations_reopened", "ratings", "csat_percent"),
)
"""Figures of the table, beside the times."""


def shown(reading: Reading) -> dict[str, Any]:
    """What the template shows."""
    rows, before = reading.periods, _periods_before(reading)
    response = timed("first_response", reading.statistic, reading.in_hours)
    duration = timed("duration", reading.statistic, reading.in_hours)
    trend = reading.figure(TRENDS, "csat_percent")
    heat = MEASURES[reading.view.heat if reading.view.heat in HEAT else HEAT[0]]
    account = reading.whom.account
    link = _link_of_hour(reading, heat.column)
    hours = charts.heat_map(reading.rows("traffic"), heat, account.week_starts_on, link, reading.formats)
    has_scores = reading.whom.is_one and (account.rating_worst, account.rating_best) == (1, 5)
    return {
        "headlines": headlines(reading, response, duration),
        "targets": targets.headlines(reading)[:TARGETS],
        "note": reading.note,
        "opened": _opened(reading, rows),
        "response": response,
        "response_chart": compared(reading, response, rows, before),
        "duration": duration,
        "duration_chart": compared(reading, duration, rows, before),
        "trend": trend.column,
        "trends": TRENDS,
        "trend_chart": compared(reading, trend.column, rows, before),
        "sources": _parts(reading, {f"conversations_{one}": reading.texts(f"sources.{one}") for one in SOURCES}),
        "scores": _parts(reading, {f"rating_{score}": f"{score} {'★' * score}" for score in (5, 4, 3, 2, 1)})
        if has_scores and reading.totals["ratings"]
        else [],
        "heat": heat.column,
        "heats": HEAT,
        "heat_map": hours,
        "busiest": next((cell.title for _, cells in hours for cell in cells if cell.is_most), ""),
        "rows": [
            row | {"name": reading.period(row), "to": reading.link("details", **reading.of_period(row))}
            for row in reversed(rows)
        ],
        "columns": (*SUMMARY[:5], response, "avg_reply_seconds", duration, *SUMMARY[5:]),
        "apart": [] if reading.whom.is_one else _apart(reading),
        "behind_account": lambda row, column: _behind_account(reading, row, column),
    }


def headlines(reading: Reading, response: str, duration: str) -> list[Headline]:
    """The eight of the first screen."""
    columns = (
        *("conversations", response, "avg_reply_seconds", duration, "conversations_unanswered"),
        *("conversations_closed", "conversations_reopened", "csat_percent"),
    )
    before = reading.comparable("period_before")
    return [headline(reading, column, reading.totals, before) for column in columns]


def compared(reading: Reading, column: str, rows: list[Row], before: list[Row | None]) -> Chart:
    """A figure over time, with the same of the period before, paler; counts are bars."""
    measure, name = MEASURES[column], reading.texts(f"column.{column}")
    account = reading.whom.account
    scales = {"percent": (0, 100), "rating": (account.rating_worst, account.rating_best)}
    drawn = [Drawn(name, rows, measure, _link(reading, column))]
    if before:
        drawn.append(Drawn(reading.texts("chart.before"), before, measure, is_compared=True))
    kind = "bars" if measure.unit == "count" else "lines"
    return charts.over_time(kind, drawn, reading.period, reading.formats, scales.get(measure.unit))


def _opened(reading: Reading, rows: list[Row]) -> Chart:
    def drawn(source: str) -> Drawn:
        column = f"conversations_{source}"
        return Drawn(reading.texts(f"sources.{source}"), rows, MEASURES[column], _link(reading, column))

    return charts.over_time("stacked", [drawn(one) for one in SOURCES], reading.period, reading.formats)


def _link(reading: Reading, column: str) -> Callable[[Row], str]:
    """Where the conversations behind a figure of a period are."""
    return lambda row: reading.behind(column, **reading.of_period(row)) or ""


def _periods_before(reading: Reading) -> list[Row | None]:
    """The same of as many days before, beside these; none unless there are data for all of them."""
    if not (before := reading.days_before):
        return []
    return charts.beside(reading.periods, reading.rows("overview", **before), reading.first - before["first_day"])


def _parts(reading: Reading, names: dict[str, str]) -> list[charts.Bar]:
    """A bar for each of the columns that a figure consists of, in their order."""
    counts, formats = {column: reading.totals[column] or 0 for column in names}, reading.formats
    whole, longest = sum(counts.values()), max(counts.values())
    return [
        charts.Bar(
            names[column],
            charts.length(count, longest),
            formats.number(count),
            formats.percent(100 * count / whole, 0) if whole else "",
            reading.behind(column),
        )
        for column, count in counts.items()
    ]


def _apart(reading: Reading) -> list[Row]:
    """Each account by itself."""
    rows = reading.rows_apart("overview", "period")
    return [
        row | {"name": row["account_id"], "to": reading.link("overview", account=row["account_id"])} for row in rows
    ]


def _behind_account(reading: Reading, row: Row, column: str) -> str | None:
    """Where an account's conversations are; one that has none may lack what is filtered by."""
    return reading.behind(column, account=row["account_id"]) if row["conversations"] else None


def _link_of_hour(reading: Reading, column: str) -> Callable[[Row], str | None]:
    """Where the conversations of an hour are; messages, which have an hour of their own, are in no list."""
    if column != "conversations":
        return lambda row: None
    return lambda row: reading.link("details", weekday=row["weekday"], hour=row["hour"])


PAGE = Page("overview.html", shown)
