"""The Overview: eight headline figures, figures over time, who opened the conversations, ratings, traffic, a table.

Here: which figures stand where. Not here: how they are drawn (``charts``, ``templates/overview.html``).
"""

from __future__ import annotations

from typing import Any

from reports.pages import charts
from reports.pages.charts import Chart, Drawn, Row
from reports.pages.headlines import headlines, note
from reports.pages.measures import MEASURES, timed
from reports.pages.routes.page import Page, Reading

SOURCES = ("inbound", "inbox", "flow", "other")
HEAT = ("conversations", "messages_inbound", "messages")
TRENDS = (
    *("conversations", "distinct_contacts", "messages", "messages_inbound", "messages_outbound", "messages_failed"),
    *("conversations_answered", "conversations_unanswered", "conversations_closed", "conversations_reopened"),
    *("replies", "avg_reply_seconds", "csat_percent", "avg_rating", "ratings", "survey_response_percent"),
)
"""Figures that the last chart can show."""
SUMMARY = (
    *("conversations", "distinct_contacts", "messages_inbound", "messages_outbound", "conversations_unanswered"),
    *("conversations_closed", "conversations_reopened", "ratings", "csat_percent"),
)
"""Figures of the table, beside the times."""


def shown(reading: Reading) -> dict[str, Any]:
    """What the template shows."""
    rows = reading.rows("overview")
    before = _rows_before(reading)
    response = timed("first_response", reading.statistic, reading.in_hours)
    duration = timed("duration", reading.statistic, reading.in_hours)
    trend = reading.figure(TRENDS, "csat_percent")
    heat = MEASURES[reading.view.heat if reading.view.heat in HEAT else HEAT[0]]
    account = reading.whom.account
    has_scores = reading.whom.is_one and (account.rating_worst, account.rating_best) == (1, 5)
    return {
        "headlines": headlines(reading),
        "note": note(reading),
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
        "heat_map": charts.heat_map(
            reading.rows("traffic"),
            heat,
            account.week_starts_on,
            lambda row: _of_hour(reading, heat.column, row),
            reading.formats,
        ),
        "rows": rows,
        "columns": (*SUMMARY[:5], response, "avg_reply_seconds", duration, *SUMMARY[5:]),
        "apart": reading.rows_apart("overview", "period") if not reading.whom.is_one else [],
    }


def compared(reading: Reading, column: str, rows: list[Row], before: list[Row | None]) -> Chart:
    """A figure over time, with the same of the period before, paler; counts are bars."""
    measure, name = MEASURES[column], reading.texts(f"column.{column}")
    account = reading.whom.account
    scales = {"percent": (0, 100), "rating": (account.rating_worst, account.rating_best)}
    drawn = [Drawn(name, rows, measure, lambda row: reading.behind(column, **reading.of_period(row)) or "")]
    if before:
        drawn.append(Drawn(reading.texts("chart.before"), before, measure, is_compared=True))
    kind = "bars" if measure.unit == "count" else "lines"
    return charts.over_time(kind, drawn, reading.period, reading.formats, scales.get(measure.unit))


def _opened(reading: Reading, rows: list[Row]) -> Chart:
    def drawn(source: str) -> Drawn:
        column = f"conversations_{source}"
        return Drawn(
            reading.texts(f"sources.{source}"),
            rows,
            MEASURES[column],
            lambda row: reading.behind(column, **reading.of_period(row)) or "",
        )

    return charts.over_time("stacked", [drawn(one) for one in SOURCES], reading.period, reading.formats)


def _rows_before(reading: Reading) -> list[Row | None]:
    """The same of as many days before, beside these; none unless there are data for all of them."""
    if not (before := reading.days_before):
        return []
    moved = reading.first - before["first_day"]
    return charts.beside(reading.rows("overview"), reading.rows("overview", **before), moved)


def _parts(reading: Reading, names: dict[str, str]) -> list[charts.Bar]:
    """A bar for each of the columns that a figure consists of, in their order."""
    rows = [{"column": column, "value": reading.totals[column]} for column in names]
    longest = max((row["value"] or 0 for row in rows), default=0)
    whole = sum(row["value"] or 0 for row in rows)
    formats = reading.formats
    return [
        charts.Bar(
            names[row["column"]],
            round(100 * (row["value"] or 0) / longest, 1) if longest else 0,
            formats.number(row["value"]),
            formats.percent(100 * row["value"] / whole, 0) if whole else "",
            reading.behind(row["column"]),
        )
        for row in rows
    ]


def _of_hour(reading: Reading, column: str, row: Row) -> str | None:
    """Only conversations have an hour of their own; messages are counted at their own."""
    if column != "conversations":
        return None
    return reading.link("details", weekday=row["weekday"], hour=row["hour"])


PAGE = Page("overview.html", shown)
