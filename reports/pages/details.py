"""Details: every conversation of the period, searched, sorted and paged in SQL; one of them with its timeline.

Here: the list. Not here: one conversation (``conversation``), SQL (``queries``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from reports.pages import conversation, queries, state, tables
from reports.pages.address import LONGEST
from reports.pages.context import Context, Row

SHOWN = (
    *("started_at", "contact_name", "contact_phone", "agent_name", "status", "source", "conversation_tags"),
    *("messages", "first_response_seconds", "first_response_business_seconds", "duration_seconds", "reopens", "rating"),
    *("channel", "team", "conversation_id"),
)
NUMBERS = ("messages", "reopens", "rating")


def draw(context: Context) -> None:
    """The list, or the conversation that is open."""
    if context.view.conversation is not None:
        conversation.draw(context, context.view.conversation)
        return
    texts, formats, view = context.texts, context.formats, context.view
    st.caption(f"**{formats.days(context.first, context.last)}**")
    st.header(texts("section.conversations"), anchor=False)
    _tools(context)
    count = context.run(queries.details_count(context.filters, view.search)).rows[0][0]
    pages = max(1, -(-count // queries.PAGE_ROWS))
    page = min(view.page, pages)
    if count == 0:
        st.info(texts("details.none_found"), icon=":material/search_off:")
        return
    rows = context.run(queries.details_page(context.filters, view.search, view.sort, page)).dicts()
    first = (page - 1) * queries.PAGE_ROWS + 1
    counted = texts.plural("details.count", count, formats.number(count))
    place = {"first": formats.number(first), "last": formats.number(first + len(rows) - 1)}
    st.caption(f"**{counted}**, {texts('details.rows', **place)}. {texts('details.choose')}")
    _list(context, rows)
    _paging(context, page, pages)
    tables.csv_button(context, "details", texts("section.conversations"), queries.details(context.filters, view.search))


def _tools(context: Context) -> None:
    """Searching and sorting."""
    texts, view = context.texts, context.view
    column, order = view.sort.removeprefix("-"), "desc" if view.sort.startswith("-") else "asc"
    with st.container(horizontal=True, vertical_alignment="bottom", key="details-tools"):
        st.session_state["search"] = view.search
        st.text_input(
            texts("details.search"),
            key="search",
            width=320,
            max_chars=LONGEST,
            help=texts("details.search.help"),
            placeholder=texts("details.search.placeholder"),
            icon=":material/search:",
            on_change=state.changing("search", "search", str.strip, page=1),
        )

        def sorted_otherwise() -> None:
            sign = "-" if st.session_state["order"] == "desc" else ""
            state.change(sort=sign + st.session_state["sort"], page=1)

        st.session_state["sort"] = column
        st.selectbox(
            texts("details.sort"),
            queries.SORTABLE,
            key="sort",
            width=230,
            on_change=sorted_otherwise,
            format_func=lambda name: texts(f"column.{name}"),
        )
        st.session_state["order"] = order
        st.segmented_control(
            texts("details.order"),
            ("desc", "asc"),
            key="order",
            required=True,
            on_change=sorted_otherwise,
            format_func=lambda name: texts(f"details.order.{name}"),
        )


def _list(context: Context, rows: Sequence[Row]) -> None:
    texts = context.texts
    names = conversation.texts_of(context)
    data: dict[str, Any] = {
        column: pd.array([row[column] for row in rows], dtype="Int64")
        if column in NUMBERS
        else [names[column](row) for row in rows]
        for column in SHOWN
    }
    config: dict[str, Any] = {
        column: (st.column_config.NumberColumn if column in NUMBERS else st.column_config.TextColumn)(
            texts(f"column.{column}"),
            help=context.definition("details", column),
            width=200 if column == "conversation_tags" else None,  # else it is cut at the first rows' lists
        )
        for column in SHOWN
    }

    def opened() -> None:
        selected = st.session_state["table-details"]["selection"]["rows"]
        if selected:
            row = rows[selected[0]]
            state.change(conversation=f"{row['source_system']}/{row['conversation_id']}")

    st.dataframe(
        pd.DataFrame(data),
        key="table-details",
        hide_index=True,
        column_config=config,
        on_select=opened,
        selection_mode="single-row",
        alt=texts("table.alt", table=texts("section.conversations")),
        height=tables.ROW_HEIGHT * (min(len(rows), 20) + 1) + 3,
        placeholder="–",
    )


def _paging(context: Context, page: int, pages: int) -> None:
    texts, formats = context.texts, context.formats

    def going_to(other: int) -> Callable[[], None]:
        return lambda: state.change(page=other)

    with st.container(horizontal=True, vertical_alignment="bottom", key="paging"):
        st.button(
            texts("details.previous"),
            key="previous-page",
            icon=":material/chevron_left:",
            disabled=page == 1,
            on_click=going_to(page - 1),
        )
        st.session_state["page"] = page
        st.number_input(
            texts("details.page", pages=formats.number(pages)),
            1,
            pages,
            key="page",
            width=150,
            on_change=state.changing("page", "page", int),
        )
        st.button(
            texts("details.next"),
            key="next-page",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=page == pages,
            on_click=going_to(page + 1),
        )
