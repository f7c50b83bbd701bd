"""One conversation: its timeline and its figures.

Here: drawing it, and how each column reads. Not here: the list from which it was opened (``details``).
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st

from reports.pages import queries, state, timeline
from reports.pages.context import Context, Row
from reports.pages.formats import NOTHING
from reports.pages.markup import escaped

SHOWN = (
    *("contact_name", "contact_phone", "contact_tags", "agent_name", "team", "channel", "source_system"),
    *("status", "source", "conversation_tags", "started_in_working_hours", "is_answered", "reopens"),
    *("messages_inbound", "messages_outbound", "messages_human", "messages_failed", "replies"),
    *("first_response_seconds", "first_response_business_seconds", "duration_seconds", "duration_business_seconds"),
    *("is_surveyed", "rating", "rating_comment"),
)


def draw(context: Context, key: str) -> None:
    """The conversation of this key, source system and id, if there is one in this account."""
    texts = context.texts
    st.button(
        texts("details.close"),
        key="close-conversation",
        icon=":material/arrow_back:",
        on_click=lambda: state.change(conversation=None),
    )
    source_system, _, conversation_id = key.partition("/")
    query = queries.conversation(context.account.account_id, source_system, conversation_id)
    rows = context.run(query).dicts()
    if not rows:
        st.warning(texts("details.unknown", key=escaped(key)), icon=":material/search_off:")
        return
    (row,) = rows
    st.header(f"{texts('details.open')} {escaped(conversation_id)}", anchor=False)
    st.subheader(texts("details.timeline"), anchor=False)
    _timeline(context, row)
    st.subheader(texts("details.facts"), anchor=False)
    names = texts_of(context)
    with st.container(key="cards-facts"):
        for column in SHOWN:
            with st.container(border=True, gap="xxsmall", key=f"fact-{column}"):
                st.caption(texts(f"column.{column}"), help=context.definition("details", column))
                st.markdown(escaped(names[column](row)))


def _timeline(context: Context, row: Row) -> None:
    texts, formats = context.texts, context.formats
    items = []
    for event in timeline.events(row):
        instant = context.local(event.instant)
        assert instant is not None
        if event.since_before is None:
            wait = ""
        elif event.since_before == 0:
            wait = texts("details.same_time")
        else:
            wait = texts("details.after", wait=formats.duration(event.since_before))
        items.append(
            f"<li><strong>{escape(texts(f'event.{event.column}'))}</strong>"
            f'<time datetime="{instant.isoformat()}">{escape(formats.instant(instant, seconds=True))}</time>'
            f"<span>{escape(wait)}</span></li>"
        )
    st.html(f'<ol class="timeline">{"".join(items)}</ol>')
    st.caption(texts("details.clock", timezone=context.account.timezone))
    if row["times_basis"] == "observed":
        st.caption(texts("details.observed"))


def texts_of(context: Context) -> dict[str, Callable[[Row], str]]:
    """How each column of details reads."""
    texts, formats = context.texts, context.formats

    def plain(column: str) -> Callable[[Row], str]:
        return lambda row: NOTHING if row[column] is None else str(row[column])

    def agent(row: Row) -> str:
        return str(row["agent_name"] or row["agent_email"] or row["agent_id"] or texts("table.unassigned"))

    def tags(column: str) -> Callable[[Row], str]:
        return lambda row: ", ".join(row[column] or ()) or NOTHING

    def duration(column: str) -> Callable[[Row], str]:
        return lambda row: formats.duration(row[column])

    def number(column: str) -> Callable[[Row], str]:
        return lambda row: formats.number(row[column])

    def yes_no(column: str) -> Callable[[Row], str]:
        words: dict[Any, str] = {None: NOTHING, True: texts("yes"), False: texts("no")}
        return lambda row: words[row[column]]

    def word(column: str) -> Callable[[Row], str]:
        return lambda row: texts(f"{column}.{row[column]}")

    return {
        **{name: plain(name) for name in ("conversation_id", "contact_name", "contact_phone", "channel", "team")},
        **{name: plain(name) for name in ("source_system", "rating_comment")},
        **{name: tags(name) for name in ("conversation_tags", "contact_tags")},
        **{
            name: duration(name)
            for name in (
                *("first_response_seconds", "first_response_business_seconds"),
                *("duration_seconds", "duration_business_seconds"),
            )
        },
        **{
            name: number(name)
            for name in (
                *("messages", "messages_inbound", "messages_outbound", "messages_human", "messages_failed"),
                *("replies", "reopens", "rating"),
            )
        },
        **{name: yes_no(name) for name in ("started_in_working_hours", "is_answered", "is_surveyed")},
        **{name: word(name) for name in ("status", "source")},
        "agent_name": agent,
        "started_at": lambda row: formats.instant(context.local(row["started_at"])),
    }
