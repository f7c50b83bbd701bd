"""The Overview: totals, figures over time, who opened the conversations, ratings, traffic, summary tables.

Here: which figures stand where. Not here: how cards, charts and tables are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from reports.pages import cards, drawing, tables
from reports.pages.charts import Series
from reports.pages.context import Context, Row

VOLUME = (
    *("conversations", "distinct_contacts", "messages"),
    *("conversations_answered", "conversations_unanswered", "conversations_closed", "reopens"),
)
SPEED = (
    *("median_first_response_seconds", "median_first_response_business_seconds", "avg_reply_seconds"),
    *("median_duration_seconds", "median_duration_business_seconds"),
)
SATISFACTION = ("csat_percent", "avg_rating", "ratings", "survey_response_percent")
SOURCES = ("inbound", "inbox", "flow", "other")
SUMMARY = (
    *("conversations", "distinct_contacts", "messages", "messages_inbound", "messages_outbound"),
    *("conversations_answered", "conversations_unanswered", "conversations_closed", "reopens"),
    *("median_first_response_seconds", "median_first_response_business_seconds", "avg_reply_seconds"),
    *("median_duration_seconds", "avg_rating", "csat_percent", "survey_response_percent"),
)


def draw(context: Context) -> None:
    """The whole page."""
    texts = context.texts
    over_time = context.rows("overview")
    st.caption(f"**{context.formats.days(context.first, context.last)}** · {cards.note(context)}")
    for section, columns in (("volume", VOLUME), ("speed", SPEED), ("satisfaction", SATISFACTION)):
        st.header(texts(f"section.{section}"), anchor=False)
        if section == "speed" and not context.has_schedule:
            st.caption(texts("state.no_schedule"))
        cards.draw(context, section, columns, over_time)
    _over_time(context, over_time)
    left, right = st.columns(2)
    with left:
        _sources(context)
    with right:
        _ratings(context)
    _traffic(context)
    _summary(context)


def _over_time(context: Context, rows: Sequence[Row]) -> None:
    texts = context.texts
    st.header(texts("section.over_time"), anchor=False)
    with st.container(horizontal=True, key="chart-options"):
        statistic = st.segmented_control(
            texts("chart.statistic"),
            ("median", "avg", "p90"),
            default="median",
            required=True,
            key="statistic",
            format_func=lambda name: texts(f"chart.statistic.{name}"),
        )
        clock = st.segmented_control(
            texts("chart.clock"),
            ("all", "business"),
            default="all",
            required=True,
            key="clock",
            format_func=lambda name: texts(f"chart.clock.{name}"),
        )
    part = "_business" if clock == "business" else ""
    scale = (context.account.rating_worst, context.account.rating_best)
    left, right = st.columns(2)
    with left:
        drawing.bars(
            context,
            "conversations",
            rows,
            [Series(f"conversations_{name}", texts(f"source.{name}")) for name in SOURCES],
        )
        drawing.bars(context, "distinct_contacts", rows)
        drawing.line(context, f"{statistic}_duration{part}_seconds", rows, key="duration")
    with right:
        drawing.bars(
            context,
            "messages",
            rows,
            [Series(f"messages_{way}", texts(f"column.messages_{way}")) for way in ("inbound", "outbound")],
        )
        drawing.line(context, f"{statistic}_first_response{part}_seconds", rows, key="first-response")
        drawing.line(context, "avg_rating", rows, key="rating", domain=scale)
    notes = [texts("chart.gap.note")]
    if not all(row["is_complete"] for row in rows):
        notes.insert(0, texts("chart.incomplete.note"))
    st.caption(" ".join(notes))


def _sources(context: Context) -> None:
    texts = context.texts
    names = sorted(SOURCES, key=lambda name: -context.totals[f"conversations_{name}"])
    labels, columns = [texts(f"source.{name}") for name in names], [f"conversations_{name}" for name in names]
    _parts(context, "sources", "conversations", labels, columns)


def _ratings(context: Context) -> None:
    texts, account = context.texts, context.account
    if not context.totals["ratings"]:
        reason = texts("ratings.none")
    elif (account.rating_worst, account.rating_best) != (1, 5):
        reason = texts("ratings.other_scale", worst=account.rating_worst, best=account.rating_best)
    else:
        scores = (5, 4, 3, 2, 1)
        labels = [f"{score} {'★' * score}" for score in scores]
        _parts(context, "ratings", "ratings", labels, [f"rating_{score}" for score in scores])
        return
    with st.container(border=True, key="chart-ratings"):
        st.subheader(texts("section.ratings"), anchor=False)
        st.caption(reason)


def _parts(context: Context, key: str, column: str, labels: Sequence[str], columns: Sequence[str]) -> None:
    """A bar for each of the columns that a figure consists of."""
    meanings = [f"- {label}: {context.definition('overview', one)}" for label, one in zip(labels, columns, strict=True)]
    values = [context.totals[one] for one in columns]
    drawing.ranking(context, key, context.texts(f"section.{key}"), column, labels, values, "\n".join(meanings))


def _traffic(context: Context) -> None:
    texts = context.texts
    st.header(texts("section.traffic"), anchor=False)
    column = st.segmented_control(
        texts("chart.measure"),
        ("messages_inbound", "messages", "conversations"),
        default="messages_inbound",
        required=True,
        key="traffic-measure",
        format_func=lambda name: texts(f"column.{name}"),
    )
    drawing.traffic(context, str(column), context.rows("traffic"))
    tables.csv_button(context, "traffic", texts("section.traffic"), context.query("traffic"))


def _summary(context: Context) -> None:
    texts, formats = context.texts, context.formats
    st.header(texts("section.tables"), anchor=False)
    grain = str(
        st.segmented_control(
            texts("table.by"),
            ("day", "week", "month"),
            default="day",
            required=True,
            key="summary-grain",
            format_func=lambda name: texts(f"grain.{name}"),
        )
    )
    rows = context.rows("overview", grain)

    def period(row: Row) -> str:
        name = formats.period(row["period_start"], row["period_end"], grain)
        return name if row["is_complete"] else f"{name} ({texts('chart.incomplete')})"

    title = f"{texts('page.overview')}, {texts(f'grain.{grain}').lower()}"
    tables.draw(
        context,
        f"overview-{grain}",
        title,
        "overview",
        rows,
        {"period": period},
        SUMMARY,
        context.query("overview", grain),
    )
