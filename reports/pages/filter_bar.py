"""The filter bar, the same on every page.

Here: its widgets. Not here: what is chosen (``state``), what a period means (``presets``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import streamlit as st

from reports.pages import presets, state
from reports.pages.address import CUSTOM, GRAINS, LISTS, View
from reports.pages.formats import Formats
from reports.pages.markup import escaped
from reports.pages.presets import PRESETS, fitting_grain
from reports.pages.texts import Texts
from reports.published import Account, Choices
from reports.queries import HOURS, NO_FILTER

START_OF_DETAILS: dict[str, Any] = {"page": 1, "conversation": None}
"""A new choice of conversations is shown from its first page."""


def draw(
    texts: Texts,
    formats: Formats,
    view: View,
    accounts: Sequence[Account],
    account: Account,
    choices: Choices,
    days: tuple[date, date] | None,
) -> None:
    """All widgets, showing the view. ``days`` are those of its period; without them there is nothing to filter."""
    with st.container(key="filter-bar", horizontal=True, vertical_alignment="bottom", gap="small"):
        _select(
            texts("filter.account"),
            "account",
            [account.account_id for account in accounts],
            account.account_id,
            _account_changed,
            width=200,
        )
        if days is None:
            return
        _select(
            texts("filter.period"),
            "period",
            [*PRESETS, CUSTOM],
            view.period,
            _period_changed(days),
            width=200,
            format_func=lambda period: texts(f"period.{period}"),
            help=texts("period.note", day=formats.day(presets.last_whole_day(account))),
        )
        if view.period == CUSTOM:
            _range(texts, formats, days)
        fitting = fitting_grain(*days)
        _select(
            texts("filter.grain"),
            "grain",
            GRAINS,
            view.grain,
            state.changing("grain", "grain"),
            width=215,
            format_func=lambda grain: (
                texts("grain.auto", grain=texts(f"grain.{fitting}")) if grain == "auto" else texts(f"grain.{grain}")
            ),
        )
        chosen = sum(len(getattr(view, field)) for field in LISTS) + (view.working_hours != "all")
        label = texts("filter.more.count", count=chosen) if chosen else texts("filter.more")
        with st.popover(label, key="more-filters", icon=":material/filter_alt:"):
            _more(texts, view, choices)
        if chosen:
            st.button(texts("filter.clear"), key="clear-filters", type="tertiary", on_click=_clear)
    if days is not None and chosen:
        st.caption(texts("named", name=texts("filter.active"), value=_in_words(texts, view, choices)))


def _more(texts: Texts, view: View, choices: Choices) -> None:
    for field in LISTS:
        options = choices.options(field)
        st.session_state[field] = list(getattr(view, field))
        st.multiselect(
            texts(f"filter.{field}"),
            list(options),
            key=field,
            format_func=options.__getitem__,
            help=texts(f"filter.{field}.help"),
            placeholder=texts("filter.placeholder" if options else "filter.none"),
            disabled=not options,
            on_change=state.changing(field, field, tuple, **START_OF_DETAILS),
        )
    st.session_state["hours"] = view.working_hours
    st.radio(
        texts("filter.hours"),
        list(HOURS),
        key="hours",
        format_func=lambda hours: texts(f"hours.{hours}"),
        help=texts("filter.hours.help"),
        on_change=state.changing("working_hours", "hours", **START_OF_DETAILS),
    )


def _select(
    label: str,
    key: str,
    options: Sequence[str],
    value: str,
    on_change: Callable[[], None],
    width: int,
    format_func: Callable[[str], str] = str,
    help: str | None = None,
) -> None:
    st.session_state[key] = value
    st.selectbox(label, options, key=key, format_func=format_func, on_change=on_change, width=width, help=help)


def _range(texts: Texts, formats: Formats, days: tuple[date, date]) -> None:
    if not _is_half_chosen(st.session_state.get("range")):
        st.session_state["range"] = days
    st.date_input(
        texts("filter.range"),
        key="range",
        on_change=_range_changed,
        width=240,
        help=texts("filter.range.help"),
        format=formats.day_pattern,
    )


def _is_half_chosen(value: object) -> bool:
    """Whether a reader is between the two clicks in the calendar, which must not be disturbed."""
    return isinstance(value, tuple) and len(value) == 1


def _account_changed() -> None:
    """Agents and tags are those of an account."""
    state.change(account=st.session_state["account"], **dict.fromkeys(LISTS, ()), **START_OF_DETAILS)


def _period_changed(days: tuple[date, date]) -> Callable[[], None]:
    """A custom period begins with the days that were shown."""

    def callback() -> None:
        period = st.session_state["period"]
        first, last = days if period == CUSTOM else (None, None)
        state.change(period=period, first=first, last=last, **START_OF_DETAILS)

    return callback


def _range_changed() -> None:
    """The widget gives the first day alone while the last is not chosen yet."""
    chosen = st.session_state["range"]
    if isinstance(chosen, tuple) and len(chosen) == 2:
        state.change(period=CUSTOM, first=chosen[0], last=chosen[1], **START_OF_DETAILS)


def _clear() -> None:
    state.change(**NO_FILTER, **START_OF_DETAILS)


def _in_words(texts: Texts, view: View, choices: Choices) -> str:
    """The filters that are set, as Markdown."""
    parts = []
    for field in LISTS:
        options = choices.options(field)
        if names := [escaped(options.get(value, value)) for value in getattr(view, field)]:
            parts.append(texts("named", name=texts(f"filter.{field}"), value=", ".join(names)))
    if view.working_hours != "all":
        parts.append(texts(f"hours.{view.working_hours}"))
    return " · ".join(parts)
