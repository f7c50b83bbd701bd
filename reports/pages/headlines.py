"""Headlines: the eight figures on the first screen, each with its n and its change.

Here: which there are, and how they read. Not here: drawing (``templates/parts.html``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.pages.measures import MEASURES, timed

if TYPE_CHECKING:
    from reports.pages.routes.page import Reading


@dataclass(frozen=True)
class Headline:
    """One figure. ``count`` says of how many it is made; ``judged`` whether its change is for the better."""

    column: str
    value: str
    count: str
    change: str | None
    judged: str
    before: str
    year: str
    link: str | None
    definition: str


def headlines(reading: Reading) -> list[Headline]:
    """The eight of the period; times in working hours where there is a schedule."""
    columns = (
        "conversations",
        timed("first_response", reading.statistic, reading.in_hours),
        "avg_reply_seconds",
        timed("duration", reading.statistic, reading.in_hours),
        "conversations_unanswered",
        "conversations_closed",
        "conversations_reopened",
        "csat_percent",
    )
    return [_headline(reading, column) for column in columns]


def _headline(reading: Reading, column: str) -> Headline:
    texts, formats, measure = reading.texts, reading.formats, MEASURES[column]
    now, before = reading.totals[column], reading.comparable("period_before")
    if before is None:
        described = texts("compare.none_short")
    elif before[column] is None:
        described = texts("compare.no_value")
    else:
        described = texts("compare.was", value=measure.text(before[column], formats))
    counted = "distinct_contacts" if column == "conversations" else measure.count
    count = reading.totals[counted] if counted else None
    return Headline(
        column,
        measure.text(now, formats),
        texts.plural(_counted(counted), count, formats.number(count)) if counted else "",
        measure.change(now, before[column], formats) if before and reading.is_complete else None,
        measure.judged(now, before[column]) if before and reading.is_complete else "neutral",
        described,
        _year_before(reading, column),
        reading.behind(column),
        reading.definition(column),
    )


def _counted(column: str) -> str:
    """The text for an n: what times are made of is conversations."""
    return "count.conversations_of" if column.endswith("_count") else f"count.{column}"


def _year_before(reading: Reading, column: str) -> str:
    """The same a year before; empty where there was nothing."""
    year, measure, formats = reading.comparable("year_before"), MEASURES[column], reading.formats
    if year is None or year[column] is None:
        return ""
    change = measure.change(reading.totals[column], year[column], formats) if reading.is_complete else None
    then = {"value": measure.text(year[column], formats), "change": change}
    return reading.texts("compare.year.change" if change else "compare.year", **then)


def note(reading: Reading) -> str:
    """Which periods the headlines compare."""
    texts, formats = reading.texts, reading.formats
    if not (before := reading.days_before):
        return texts("compare.none", first=formats.day(reading.whom.compared_from))
    compared = texts("compare.note", before=formats.days(before["first_day"], before["last_day"]))
    return compared if reading.is_complete else f"{compared} {texts('compare.incomplete')}"
