"""By agent and By tag: one row for each group of conversations, as a bar chart and a table.

Here: what both pages share. Not here: how a group is named (``by_agent``, ``by_tag``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from reports.pages import cards, drawing, tables
from reports.pages.context import Context, Row
from reports.pages.measures import MEASURES

MOST_BARS = 15

RANKED = (
    *("conversations", "messages", "messages_outbound", "distinct_contacts", "conversations_closed", "reopens"),
    *("conversations_answered", "conversations_unanswered", "replies"),
    *("median_first_response_seconds", "median_first_response_business_seconds", "avg_reply_seconds"),
    *("median_duration_seconds", "median_duration_business_seconds", "avg_rating", "csat_percent", "ratings"),
)
"""Figures by which groups can be ranked in the chart."""

COLUMNS = (
    *("conversations", "share_of_conversations", "distinct_contacts", "messages_inbound", "messages_outbound"),
    *("conversations_answered", "conversations_unanswered", "conversations_closed", "reopens"),
    *("median_first_response_seconds", "p90_first_response_seconds", "median_first_response_business_seconds"),
    *("replies", "avg_reply_seconds", "median_duration_seconds", "median_duration_business_seconds"),
    *("ratings", "avg_rating", "csat_percent", "survey_response_percent"),
)
"""Figures of the table."""


def draw(
    context: Context,
    report: str,
    rows: Sequence[Row],
    name: Callable[[Row], str],
    texts_of: Mapping[str, Callable[[Row], str]],
    meanings: Mapping[str, str] | None = None,
) -> None:
    """The whole page. ``rows`` are those of the report for the whole period."""
    texts, formats = context.texts, context.formats
    title, table = texts(f"page.{report}"), report.replace("-", "_")
    st.caption(f"**{formats.days(context.first, context.last)}** · {cards.note(context)}")
    st.header(texts("section.ranking"), anchor=False)
    column = st.selectbox(
        texts("chart.measure"),
        RANKED,
        key=f"{report}-measure",
        width=360,
        format_func=lambda one: texts(f"column.{one}"),
    )
    assert column is not None
    measure = MEASURES[column]
    ranked = sorted(
        (row for row in rows if row[column] is not None), key=lambda row: (-row[column], name(row).casefold())
    )
    if not ranked:
        missing = "business" in column and not context.has_schedule
        st.caption(texts("state.no_schedule" if missing else "chart.no_value"))
    else:
        shown = ranked[:MOST_BARS]
        drawing.ranking(
            context,
            f"{report}-ranking",
            texts(f"column.{column}"),
            column,
            _distinct([name(row) for row in shown]),
            [row[column] for row in shown],
            meaning=context.definition(table, column),
        )
        if len(ranked) > MOST_BARS:
            counts: dict[str, Any] = {"shown": formats.number(MOST_BARS), "all": formats.number(len(ranked))}
            st.caption(texts("table.shown", **counts))
        if measure.good < 0:
            st.caption(texts("chart.less_is_better"))
    st.header(texts("section.table"), anchor=False)
    ordered = sorted(rows, key=lambda row: (-row["conversations"], name(row).casefold()))
    st.caption(texts("table.sort.help"))
    tables.draw(context, report, title, table, ordered, texts_of, COLUMNS, context.query(report, "period"), meanings)


def _distinct(labels: Sequence[str]) -> list[str]:
    """Labels without repetition: bars of the same label would lie on each other, so further ones get a number."""
    seen: dict[str, int] = {}
    found = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        found.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return found
