"""Headline figures: a card for each, with its n and its change.

Here: what stands on a card. Not here: which figures a page shows, and how a card is drawn (``templates/parts.html``).
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.pages.charts import Row
from reports.pages.measures import MEASURES, Measure
from reports.pages.routes.page import Reading


@dataclass(frozen=True)
class Headline:
    """One figure. ``count`` says of how many it is made; ``judged`` whether its change is for the better.

    ``link`` is where its conversations are; ``others`` are texts beside it, each with an address of its own.
    """

    key: str
    name: str
    definition: str
    value: str
    link: str | None
    count: str
    change: str | None
    judged: str
    before: str
    year: str = ""
    others: tuple[tuple[str, str | None], ...] = ()


def headline(reading: Reading, column: str, now: Row, before: Row | None, table: str = "overview") -> Headline:
    """A figure of a row beside that of the row before; None: there is nothing to compare it with."""
    texts, formats, measure = reading.texts, reading.formats, MEASURES[column]
    value, then = now[column], before[column] if before else None
    counted = "distinct_contacts" if column == "conversations" else measure.count
    count = now[counted] if counted else None
    return Headline(
        column,
        texts(f"column.{column}"),
        reading.definition(column, table),
        measure.text(value, formats),
        reading.behind(column),
        texts.plural(counted_text(counted), count, formats.number(count)) if counted else "",
        measure.change(value, then, formats) if reading.is_complete else None,
        measure.judged(value, then) if reading.is_complete else "neutral",
        texts("compare.nothing") if then is None else texts("compare.was", value=measure.text(then, formats)),
        _year_before(reading, measure, value) if table == "overview" else "",
    )


def counted_text(column: str) -> str:
    """The text for an n: what times are made of is conversations."""
    return "count.conversations" if column.endswith("_count") else f"count.{column}"


def _year_before(reading: Reading, measure: Measure, now: float | None) -> str:
    """The same a year before; empty where there was nothing."""
    year = reading.comparable("year_before")
    if year is None or (then := year[measure.column]) is None:
        return ""
    text = reading.texts("compare.year", value=measure.text(then, reading.formats))
    change = measure.change(now, then, reading.formats) if reading.is_complete else None
    return f"{text} ({change})" if change else text
