"""What is shown when there is nothing to show, and why.

Here: notices about empty pages and errors. Not here: the pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from reports.pages.address import Problem
from reports.pages.context import Context
from reports.pages.markup import code, escaped
from reports.pages.texts import Texts
from reports.published import OlderReleaseError, UnreadableError
from reports.queries import NO_FILTER


def show(texts: Texts, title: str, todo: str, icon: str = ":material/inbox:") -> None:
    """A notice and what to do about it."""
    with st.container(border=True, key=title.replace(".", "-"), horizontal_alignment="center"):
        st.header(f"{icon} {texts(title)}", anchor=False)
        st.markdown(todo)


def no_release(texts: Texts, link: Path, error: UnreadableError) -> None:
    """Nothing is published, or it cannot be read."""
    if not link.exists():
        show(texts, "state.nothing_published", texts("state.nothing_published.todo"), icon=":material/rocket_launch:")
    else:
        kind = "older" if isinstance(error, OlderReleaseError) else "other"
        show(texts, "state.unreadable", texts(f"state.unreadable.{kind}"), icon=":material/error:")


def bad_address(texts: Texts, problems: Sequence[Problem]) -> None:
    """What in the address could not be used."""
    if problems:
        listed = ", ".join(code(f"{problem.parameter}={problem.value[:60]}") for problem in problems[:10])
        st.warning(f"{texts('state.bad_address')} {listed}", icon=":material/link_off:")


def nothing_to_show(context: Context) -> bool:
    """Show a notice if the period and the filters leave nothing; whether they do."""
    texts, formats, account = context.texts, context.formats, context.account
    totals = context.totals
    if totals["conversations"] or totals["messages"] or totals["messages_failed"]:
        return False
    is_filtered = context.view.selection() != NO_FILTER
    assert account.first_date and account.last_date  # else there is no period at all
    is_outside = context.last < account.first_date or context.first > account.last_date
    if is_filtered and not is_outside:
        show(texts, "state.nothing_matches", texts("state.nothing_matches.todo"), icon=":material/filter_alt_off:")
    else:
        active = {"first": formats.day(account.first_date), "last": formats.day(account.last_date)}
        show(texts, "state.outside", escaped(texts("state.outside.todo", **active)), icon=":material/event_busy:")
    return True
