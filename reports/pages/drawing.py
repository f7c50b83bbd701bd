"""Charts on a page: heading with its definition, the chart, what it shows in words, its rows as a table.

Here: what Streamlit draws around a chart. Not here: its specification (``charts``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from reports.pages import charts
from reports.pages.charts import Series
from reports.pages.context import Context, Row
from reports.pages.markup import escaped
from reports.pages.measures import MEASURES, Measure


def bars(context: Context, column: str, rows: Sequence[Row], series: Sequence[Series] = ()) -> None:
    """Counts of one column by period, or of the parts that it consists of."""
    texts, measure = context.texts, MEASURES[column]
    drawn = series or [Series(column, texts(f"column.{column}"))]
    with st.container(border=True, key=f"chart-{column}"):
        _heading(context, column)
        _show(charts.bars(rows, drawn, measure, texts, context.formats), _alt(context, "bars", measure, rows), column)
        _as_table(context, column, rows, [one.column for one in drawn])


def line(context: Context, column: str, rows: Sequence[Row], key: str, domain: Sequence[float] | None = None) -> None:
    """A value by period, with gaps."""
    texts, measure = context.texts, MEASURES[column]
    with st.container(border=True, key=f"chart-{key}"):
        _heading(context, column)
        if all(row[column] is None for row in rows):
            missing = "business" in column and not context.has_schedule
            st.caption(texts("state.no_schedule" if missing else "chart.no_value"))
            return
        chart = charts.line(rows, measure, texts, context.formats, domain)
        _show(chart, _alt(context, "line", measure, rows), key)
        _as_table(context, key, rows, [column])


def ranking(
    context: Context,
    key: str,
    title: str,
    column: str,
    labels: Sequence[str],
    values: Sequence[float | None],
    meaning: str,
) -> None:
    """One bar a label. ``column`` names their figure, ``meaning`` says what they mean."""
    texts, formats, measure = context.texts, context.formats, MEASURES[column]
    name = texts(f"column.{column}")
    alt = ", ".join(f"{label} {measure.text(value, formats)}" for label, value in zip(labels, values, strict=True))
    with st.container(border=True, key=f"chart-{key}"):
        st.subheader(title, anchor=False, help=meaning)
        chart = charts.ranking(labels, values, measure, name, texts, formats)
        _show(chart, texts("chart.alt.ranking", measure=name, parts=alt), key)
        with st.expander(texts("chart.as_table"), key=f"table-of-{key}"):
            st.table(
                {
                    texts("chart.part"): [escaped(label) for label in labels],
                    name: [measure.text(value, formats) for value in values],
                },
                hide_index=True,
            )


def traffic(context: Context, column: str, rows: Sequence[Row]) -> None:
    """The heatmap, and its rows as a table with a line a weekday."""
    texts, formats, measure = context.texts, context.formats, MEASURES[column]
    name = texts(f"column.{column}")
    most = max(rows, key=lambda row: row[column])
    alt = texts(
        "chart.alt.traffic",
        measure=name,
        days=formats.days(context.first, context.last),
        weekday=formats.long_weekdays[most["weekday"] - 1],
        hour=charts.hours(most["hour"]),
        highest=measure.text(most[column], formats),
    )
    starts = context.account.week_starts_on
    with st.container(border=True, key="chart-traffic"):
        _show(charts.traffic(rows, measure, starts, name, texts, formats), alt, "traffic")
        st.caption(f"{texts('traffic.clock')} {alt}")
        with st.expander(texts("chart.as_table"), key="table-of-traffic"):
            days = [(starts - 1 + day) % 7 + 1 for day in range(7)]
            values = {(row["weekday"], row["hour"]): measure.text(row[column], formats) for row in rows}
            table: dict[str, Any] = {texts("traffic.hour"): [charts.hours(hour) for hour in range(24)]}
            table |= {formats.weekdays[day - 1]: [values[day, hour] for hour in range(24)] for day in days}
            st.table(table, hide_index=True)


def _heading(context: Context, column: str) -> None:
    st.subheader(context.texts(f"column.{column}"), anchor=False, help=context.definition("overview", column))


def _show(chart: Any, alt: str, key: str) -> None:
    st.altair_chart(chart, width="stretch", theme="streamlit", alt=alt, key=f"altair-{key}")


def _alt(context: Context, shape: str, measure: Measure, rows: Sequence[Row]) -> str:
    """What a chart shows, in words."""
    texts, formats = context.texts, context.formats
    values = [row[measure.column] for row in rows if row[measure.column] is not None]
    return texts(
        f"chart.alt.{shape}",
        measure=texts(f"column.{measure.column}"),
        grain=texts(f"grain.{context.filters.grain}").lower(),
        days=formats.days(context.first, context.last),
        rows=formats.number(len(rows)),
        highest=measure.text(max(values, default=None), formats),
        lowest=measure.text(min(values, default=None), formats),
    )


def _as_table(context: Context, key: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    texts, formats = context.texts, context.formats
    with st.expander(texts("chart.as_table"), key=f"table-of-{key}"):
        table: dict[str, Any] = {
            texts("chart.period"): [
                formats.period(row["period_start"], row["period_end"], row["grain"])
                + ("" if row["is_complete"] else f" ({texts('chart.incomplete')})")
                for row in rows
            ]
        }
        for column in columns:
            measure = MEASURES[column]
            table[texts(f"column.{column}")] = [measure.text(row[column], formats) for row in rows]
        st.table(table, hide_index=True)
