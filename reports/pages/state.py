"""What a reader has chosen, between the runs of a page: one view, which widgets show and change.

Here: the view of the session and its address. Not here: what an address means (``address``), the widgets
(``filter_bar``).

The view of the session is the truth. Widgets are set from it before they are drawn, and change it by callbacks. An
address other than the one written last (a bookmark, back and forward) replaces it, but never in a run that a widget
caused: the browser may not yet have applied what the run before wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from reports.pages.address import NAMES, Problem, View, read, write

_VIEW, _WRITTEN, _CHANGED, _PROBLEMS = "_view", "_written", "_changed", "_problems"


def current() -> tuple[View, list[Problem]]:
    """The view of this run, and what was wrong in the address it came from, until the next change."""
    state = st.session_state
    address = {name: st.query_params.get_all(name) for name in NAMES.values() if name in st.query_params}
    was_changed = state.pop(_CHANGED, False)
    is_new = _VIEW not in state
    if is_new or (not was_changed and address != state.get(_WRITTEN)):
        if address or is_new:
            state[_VIEW], state[_PROBLEMS] = read(address)
        else:
            state[_VIEW] = state[_VIEW].filters_only()
    return state[_VIEW], list(state.get(_PROBLEMS, []))


def put(view: View) -> None:
    """Make this the view of the session, and its address that of the browser."""
    st.session_state[_VIEW] = view
    address = write(view)
    st.session_state[_WRITTEN] = address
    if {name: st.query_params.get_all(name) for name in st.query_params} != address:
        st.query_params.from_dict(address)


def change(**values: Any) -> None:
    """In a callback: change these fields of the view. Problems of the address are forgotten."""
    state = st.session_state
    state[_VIEW] = replace(state[_VIEW], **values)
    state[_CHANGED] = True
    state[_PROBLEMS] = []


def changing(
    field: str, key: str, convert: Callable[[Any], Any] = lambda value: value, **more: Any
) -> Callable[[], None]:
    """The callback of a widget that shows one field; ``more`` are fields that go with it."""

    def callback() -> None:
        change(**{field: convert(st.session_state[key])}, **more)

    return callback
