"""Charts as data: the one place that turns rows of a report into what is drawn.

Here: shapes, scales, labels, and where a click leads. Not here: figures (the macros); drawing: the script
(``static/pages.js``) draws a ``Chart`` with Chart.js, templates draw rankings and heat maps as tables, which read,
print and link by themselves.

Bars and counts begin at zero. A line has a gap where a value is NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from reports.pages.formats import NOTHING, Formats
from reports.pages.measures import DURATION, Measure

Row = dict[str, Any]

UNITS = (("day", 86_400, 4 * 86_400), ("hour", 3_600, 3 * 3_600), ("minute", 60, 180), ("second", 1, 0))
"""Units of an axis of durations: name, seconds, and the smallest maximum of an axis that uses it."""


@dataclass(frozen=True)
class Series:
    """One line, or one colour of bars: its values, as they are drawn and as they read, and the address behind each."""

    name: str
    values: list[float | None]
    texts: list[str]
    links: list[str] = field(default_factory=list)
    is_compared: bool = False
    """Of another period: drawn paler."""
    stack: str = "bars"
    """Bars of the same stack stand on each other, others beside them."""


@dataclass(frozen=True)
class Chart:
    """Figures over time. ``complete``: whether each period is.

    ``kind``: ``bars``, ``stacked``, ``ages`` (stacked, each series worse than the one before) or ``lines``.
    """

    kind: str
    labels: list[str]
    periods: list[str]
    complete: list[bool]
    series: list[Series]
    unit: str = ""
    lowest: float | None = 0
    highest: float | None = None

    def data(self) -> dict[str, Any]:
        """What the script draws."""
        return asdict(self)

    @property
    def is_empty(self) -> bool:
        """Whether it has no value at all."""
        return all(value is None for series in self.series for value in series.values)

    @property
    def ends(self) -> tuple[str, str]:
        """The lowest and the highest value of the first series, as they read."""
        first = self.series[0]
        valued = [pair for pair in zip(first.values, first.texts, strict=True) if pair[0] is not None]
        return min(valued, default=(0, NOTHING))[1], max(valued, default=(0, NOTHING))[1]


@dataclass(frozen=True)
class Drawn:
    """A series to be drawn: a column of rows that follow each other in time."""

    name: str
    rows: Sequence[Row | None]
    measure: Measure
    link: Callable[[Row], str] | None = None
    is_compared: bool = False
    stack: str = "bars"


def over_time(
    kind: str,
    drawn: Sequence[Drawn],
    period: Callable[[Row], str],
    formats: Formats,
    scale: tuple[float, float] | None = None,
) -> Chart:
    """Series over the periods of the first of them; the others are laid beside it, row by row, with gaps for None.

    ``period`` names a period in full. ``scale``: the ends of the axis, where they are known.
    """
    first = drawn[0]
    rows = [row for row in first.rows if row]
    unit, divisor = "", 1
    if first.measure.unit == DURATION:
        greatest = max((row[one.measure.column] or 0 for one in drawn for row in one.rows if row), default=0)
        unit, divisor = next((name, seconds) for name, seconds, least in UNITS if greatest >= least)

    def value(one: Drawn, row: Row | None) -> float | None:
        found = row[one.measure.column] if row else None
        return None if found is None else round(found / divisor, 4)

    def text(one: Drawn, row: Row | None) -> str:
        if row is None:
            return NOTHING
        return one.measure.text(row[one.measure.column], formats) + (f" ({period(row)})" if one.is_compared else "")

    series = [
        Series(
            one.name,
            [value(one, row) for row in one.rows],
            [text(one, row) for row in one.rows],
            [one.link(row) for row in one.rows if row] if one.link else [],
            one.is_compared,
            one.stack,
        )
        for one in drawn
    ]
    return Chart(
        kind,
        [formats.tick(row["period_start"], row["period_end"], row["grain"]) for row in rows],
        [period(row) for row in rows],
        [bool(row["is_complete"]) for row in rows],
        series,
        unit,
        *(scale or (0, None)),
    )


def beside(rows: Sequence[Row], others: Sequence[Row], moved: timedelta) -> list[Row | None]:
    """For each row that of an earlier range which falls on it when its days are moved.

    None beside a part of a period, which says nothing about a whole one.
    """

    def days(row: Row) -> int:
        return (row["period_end"] - row["period_start"]).days  # type: ignore[no-any-return]

    by_day = {other["period_start"] + timedelta(days=day): other for other in others for day in range(days(other))}
    nearest = [by_day.get(row["period_start"] + timedelta(days=days(row) // 2) - moved) for row in rows]
    return [
        other if other and 3 * max(days(row), days(other)) <= 4 * min(days(row), days(other)) else None
        for row, other in zip(rows, nearest, strict=True)
    ]


@dataclass(frozen=True)
class Bar:
    """One bar of a ranking: its length in percent of the longest, its figure, of how many it is made, its change."""

    label: str
    length: float
    text: str
    count: str
    link: str | None
    change: str = ""
    judged: str = "neutral"


def ranking(
    rows: Sequence[Row],
    measure: Measure,
    link: Callable[[Row], str | None],
    formats: Formats,
    before: Callable[[Row], float | None],
) -> list[Bar]:
    """A bar for each row that has a value, the best first; where none is better, the greatest first."""
    column = measure.column
    ordered = sorted((row for row in rows if row[column] is not None), key=lambda row: row["name"].casefold())
    ordered.sort(key=lambda row: row[column], reverse=measure.good >= 0)
    longest = max((row[column] for row in ordered), default=0)
    return [
        Bar(
            row["name"],
            length(row[column], longest),
            measure.text(row[column], formats),
            formats.number(row[measure.count]) if measure.count else "",
            link(row),
            measure.change(row[column], before(row), formats) or "",
            measure.judged(row[column], before(row)),
        )
        for row in ordered
    ]


def length(value: float | None, longest: float) -> float:
    """Of a bar, in percent of the longest."""
    return round(100 * max(value or 0, 0) / longest, 1) if longest else 0


@dataclass(frozen=True)
class Cell:
    """An hour of a weekday. ``step``: 0 to 9, how strong its colour is. ``is_most``: none has more."""

    text: str
    title: str
    step: int
    link: str | None
    is_most: bool


def heat_map(
    rows: Sequence[Row],
    measure: Measure,
    week_starts_on: int,
    link: Callable[[Row], str | None],
    formats: Formats,
) -> list[tuple[str, list[Cell]]]:
    """Weekday by hour, from the rows of the traffic report: a line a weekday, a cell an hour."""
    greatest = max((row[measure.column] for row in rows), default=0)
    by_place = {(row["weekday"], row["hour"]): row for row in rows}

    def cell(row: Row) -> Cell:
        value, hour = row[measure.column], f"{formats.weekday(row['weekday'])}, {formats.hours(row['hour'])}"
        text, step = measure.text(value, formats), -(-9 * value // greatest) if greatest else 0
        return Cell(text, f"{hour}: {text}", int(step), link(row) if value else None, value == greatest)

    order = [(week_starts_on - 1 + day) % 7 + 1 for day in range(7)]
    return [(formats.weekday(day, "abbreviated"), [cell(by_place[day, hour]) for hour in range(24)]) for day in order]
