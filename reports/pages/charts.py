"""Charts, as Altair specifications.

Here: their shape, scales and labels. Not here: figures (the macros), Streamlit (``drawing``).

Periods are bars and points on a time axis in UTC, because their days are not days of the reader's time zone. Bars and
counts begin at zero. A line has a gap where a value is NULL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import altair as alt

from reports.pages.context import Row
from reports.pages.formats import Formats
from reports.pages.measures import DURATION, Measure
from reports.pages.texts import Texts

HEIGHT = 240
"""Of a chart over time, in pixels."""

LONGEST_LABEL = 26
"""Characters; a phone needs room for the bars."""

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart

UNITS = (("d", 86_400, 4 * 86_400), ("h", 3_600, 3 * 3_600), ("min", 60, 180), ("s", 1, 0))
"""Units of an axis of durations: name, seconds, and the smallest maximum of an axis that uses it."""


@dataclass(frozen=True)
class Series:
    """One column drawn, with its name."""

    column: str
    name: str


def unit_of(values: Sequence[float | None]) -> tuple[str, int]:
    """The unit in which an axis shows durations, and its seconds."""
    greatest = max((value for value in values if value is not None), default=0)
    return next((name, seconds) for name, seconds, least in UNITS if greatest >= least)


def bars(rows: Sequence[Row], series: Sequence[Series], measure: Measure, texts: Texts, formats: Formats) -> AnyChart:
    """Counts by period, several stacked on each other. A period that the data do not cover to its end is lighter."""
    values = []
    for row in rows:
        height = 0
        for one in series:
            value = _of_period(row, one, measure, texts, formats)
            below, height = height, height + (row[one.column] or 0)
            values.append(value | {"below": below, "above": height})
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_rect(xOffset=0.5, x2Offset=-0.5)
        .encode(
            x=_time(rows, "start"),
            x2=alt.X2("end:T"),
            y=alt.Y("below:Q", title=None, axis=_count_axis(rows, series)),
            y2=alt.Y2("above:Q"),
            opacity=alt.condition("datum.complete", alt.value(1), alt.value(0.45)),
            tooltip=_tooltip(texts, with_series=len(series) > 1),
        )
    )
    if len(series) > 1:
        chart = chart.encode(
            color=alt.Color("series:N", title=None, sort=[one.name for one in series], legend=_LEGEND),
        )
    return _finished(chart, formats)


def line(
    rows: Sequence[Row], measure: Measure, texts: Texts, formats: Formats, domain: Sequence[float] | None = None
) -> AnyChart:
    """A value by period, with gaps where there is none; hollow where the data do not reach to the end of the period."""
    unit, divisor = unit_of([row[measure.column] for row in rows]) if measure.unit == DURATION else ("", 1)
    one = Series(measure.column, texts(f"column.{measure.column}"))
    values = [_of_period(row, one, measure, texts, formats, divisor) for row in rows]
    scale = alt.Scale(domain=list(domain)) if domain else alt.Scale(zero=True)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=_time(rows, "middle"),
        y=alt.Y(
            "value:Q",
            title=texts(f"chart.unit.{unit}") if unit else None,
            scale=scale,
            axis=alt.Axis(tickCount=5, titleAngle=0, titleAlign="left", titleAnchor="end", titleY=-12, titleX=0),
        ),
    )
    drawn = base.mark_line(strokeWidth=2.5, invalid="break-paths-show-domains")
    points = base.mark_point(size=36, opacity=1, strokeWidth=2, filled=False, invalid="filter").encode(
        shape=alt.condition("datum.complete", alt.value("circle"), alt.value("triangle-up")),
        tooltip=_tooltip(texts, with_series=False),
    )
    return _finished(alt.layer(drawn, points), formats)


def ranking(
    labels: Sequence[str], values: Sequence[float | None], measure: Measure, name: str, texts: Texts, formats: Formats
) -> AnyChart:
    """A bar for each label, from above. The value is part of the label, so that it is readable on any background."""
    data = [
        {"label": label, "rank": rank, "value": value, "text": measure.text(value, formats)}
        for rank, (label, value) in enumerate(zip(labels, values, strict=True))
    ]
    for one in data:
        one["shown"] = f"{_short(str(one['label']))}  {one['text']}"
    axis = alt.Axis(labelLimit=260, ticks=False, domain=False, labelPadding=8)
    chart = (
        alt.Chart(alt.InlineData(values=data))
        .mark_bar(cornerRadiusEnd=3, height=alt.RelativeBandSize(0.72))
        .encode(
            y=alt.Y("shown:N", sort=alt.EncodingSortField("rank"), title=None, axis=axis),
            x=alt.X("value:Q", title=None, axis=None, scale=alt.Scale(zero=True)),
            tooltip=[alt.Tooltip("label:N", title=" "), alt.Tooltip("text:N", title=name)],
        )
    )
    return _finished(chart, formats, height=max(60, 26 * len(data) + 10))


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def traffic(
    rows: Sequence[Row], measure: Measure, week_starts_on: int, name: str, texts: Texts, formats: Formats
) -> AnyChart:
    """Weekday by hour. Larger figures have more colour, which reads on a light and on a dark page."""
    order = [formats.weekdays[(week_starts_on - 1 + day) % 7] for day in range(7)]
    data = [
        {
            "weekday": formats.weekdays[row["weekday"] - 1],
            "long": formats.long_weekdays[row["weekday"] - 1],
            "hour": row["hour"],
            "hours": hours(row["hour"]),
            "value": row[measure.column],
            "text": measure.text(row[measure.column], formats),
        }
        for row in rows
    ]
    chart = (
        alt.Chart(alt.InlineData(values=data))
        .mark_rect(cornerRadius=2, stroke=None)
        .encode(
            x=alt.X(
                "hour:O",
                title=texts("traffic.hour"),
                axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False, domain=False),
            ),
            y=alt.Y("weekday:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, labelOverlap=False)),
            opacity=alt.Opacity("value:Q", scale=alt.Scale(domainMin=0, range=[0.05, 1]), legend=None),
            tooltip=[
                alt.Tooltip("long:N", title=texts("traffic.weekday")),
                alt.Tooltip("hours:N", title=texts("traffic.hour")),
                alt.Tooltip("text:N", title=name),
            ],
        )
    )
    return _finished(chart, formats, height=320)


def hours(hour: int) -> str:
    """An hour as a span of time, by its first hour: 14:00 to 15:00."""
    return f"{hour:02d}:00–{hour + 1:02d}:00"


_LEGEND = alt.Legend(orient="bottom", direction="horizontal", columns=2, labelLimit=220, symbolType="square")


def _of_period(
    row: Row, one: Series, measure: Measure, texts: Texts, formats: Formats, divisor: int = 1
) -> dict[str, Any]:
    value = row[one.column]
    period = formats.period(row["period_start"], row["period_end"], row["grain"])
    if not row["is_complete"]:
        period += f" ({texts('chart.incomplete')})"
    start, end = _midnight(row["period_start"]), _midnight(row["period_end"])
    middle = start + (end - start) / 2
    return {
        "start": _iso(start),
        "middle": _iso(middle),
        "end": _iso(end),
        "value": None if value is None else value / divisor,
        "series": one.name,
        "complete": row["is_complete"],
        "period": period,
        "text": measure.text(value, formats),
    }


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _iso(instant: datetime) -> str:
    return instant.isoformat() + "Z"


def _time(rows: Sequence[Row], field: str) -> alt.X:
    if not rows:
        return alt.X(f"{field}:T")
    domain = [_iso(_midnight(rows[0]["period_start"])), _iso(_midnight(rows[-1]["period_end"]))]
    days = (rows[-1]["period_end"] - rows[0]["period_start"]).days
    return alt.X(
        f"{field}:T",
        title=None,
        scale=alt.Scale(type="utc", domain=domain),
        axis=alt.Axis(
            format="%b %Y" if days > 370 else "%-d %b",
            labelOverlap=True,
            grid=False,
            labelFlush=False,
            tickCount=min(days, 7),
            labelAngle=0,
        ),
    )


def _count_axis(rows: Sequence[Row], series: Sequence[Series]) -> alt.Axis:
    """Whole numbers only: nobody counts half a conversation."""
    greatest = max((sum(row[one.column] or 0 for one in series) for row in rows), default=0)
    return alt.Axis(tickCount=min(5, max(1, greatest)), tickMinStep=1, format=",d")


def _tooltip(texts: Texts, with_series: bool) -> list[alt.Tooltip]:
    found = [alt.Tooltip("period:N", title=texts("chart.period")), alt.Tooltip("text:N", title=texts("chart.measure"))]
    return [found[0], alt.Tooltip("series:N", title=" "), found[1]] if with_series else found


def _finished(chart: AnyChart, formats: Formats, height: int = HEIGHT) -> AnyChart:
    sized = chart.properties(height=height, width="container")
    finished: AnyChart = sized.configure(locale=_locale(formats)).configure_view(stroke=None)
    return finished


def _locale(formats: Formats) -> Mapping[str, Any]:
    return {
        "number": {
            "decimal": formats.decimal,
            "thousands": formats.thousands,
            "grouping": [3],
            "currency": ["", ""],
        },
        "time": {
            "dateTime": "%A %e %B %Y, %X",
            "date": "%d/%m/%Y",
            "time": "%H:%M:%S",
            "periods": ["AM", "PM"],
            "days": list(formats.long_weekdays),
            "shortDays": list(formats.weekdays),
            "months": list(formats.long_months),
            "shortMonths": list(formats.months),
        },
    }
