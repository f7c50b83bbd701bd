"""Cards: one figure of the whole period each, with how it changed.

Here: their drawing. Not here: which there are (the pages).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from reports.pages.context import Context, Row
from reports.pages.measures import MEASURES

COLOURS: dict[int, Literal["normal", "inverse", "off"]] = {1: "normal", -1: "inverse", 0: "off"}
"""Streamlit's name for the colour of a rise that is good, bad or neither."""


def draw(context: Context, key: str, columns: Sequence[str], over_time: Sequence[Row]) -> None:
    """A card for each column: the figure, its changes from the period and the year before, its line over time."""
    with st.container(key=f"cards-{key}"):
        for column in columns:
            with st.container(border=True, key=f"card-{column}", gap="xxsmall"):
                _card(context, column, over_time)


def _card(context: Context, column: str, over_time: Sequence[Row]) -> None:
    texts, formats, measure = context.texts, context.formats, MEASURES[column]
    now = context.totals[column]
    before, year = _comparable(context, "period_before"), _comparable(context, "year_before")
    change = measure.change(now, before[column], formats) if before else None
    if before is None:
        described = texts("compare.none_short")
    elif before[column] is None:
        described = texts("compare.no_value")
    else:
        described = texts("compare.was", value=measure.text(before[column], formats))
    has_changed = change is not None and any(digit in change for digit in "123456789")
    values = [row[column] for row in over_time]
    is_whole = len(values) > 1 and None not in values  # this line cannot show a gap
    st.metric(
        texts(f"column.{column}"),
        measure.text(now, formats),
        _arrowed(change),
        delta_color=COLOURS[measure.good if has_changed else 0],
        delta_description=described,
        delta_arrow="auto" if has_changed else "off",
        help=context.definition("overview", column),
        chart_data=values if is_whole else None,
    )
    if year and year[column] is not None:
        then = {"value": measure.text(year[column], formats), "change": measure.change(now, year[column], formats)}
        st.caption(texts("compare.year.change" if then["change"] else "compare.year", **then))


def _arrowed(change: str | None) -> str | None:
    """Streamlit takes a leading hyphen for a fall."""
    return None if change is None else change.replace("\N{MINUS SIGN}", "-")


def _comparable(context: Context, compared: str) -> Row | None:
    """The figures of another period; None unless the account has data for all of it."""
    row = context.compared[compared]
    first = context.account.first_date
    return row if first is not None and row["period_start"] >= first else None


def note(context: Context) -> str:
    """Which periods the cards compare."""
    texts, formats = context.texts, context.formats
    before, year = _comparable(context, "period_before"), _comparable(context, "year_before")
    if before is None:
        assert context.account.first_date
        return texts("compare.none", first=formats.day(context.account.first_date))
    days = {
        name: formats.period(row["period_start"], row["period_end"], "period")
        for name, row in (("before", before), ("year", year))
        if row
    }
    return texts("compare.note.year" if year else "compare.note", **days)
