"""The filter bar, the same on every page.

Here: its widgets. Not here: what is chosen (``state``), what a period means (``presets``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import streamlit as st

from reports.pages import presets, state
from reports.pages.address import CUSTOM, GRAINS, HOURS, View
from reports.pages.asking import Choices
from reports.pages.formats import Formats
from reports.pages.markup import escaped
from reports.pages.presets import PRESETS, fitting_grain
from reports.pages.texts import Texts
from reports.published import Account, Agent

START_OF_DETAILS: dict[str, Any] = {"page": 1, "conversation": None}
"""Another choice of conversations is looked at from its first page."""


def draw(
    texts: Texts,
    formats: Formats,
    view: View,
    accounts: Sequence[Account],
    account: Account,
    choices: Choices,
    days: tuple[date, date] | None,
) -> None:
    """All widgets, showing the view. ``days`` are those of its period; without any there is nothing to filter."""
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
        chosen = len(view.agents) + len(view.conversation_tags) + len(view.contact_tags) + (view.hours != "all")
        label = texts("filter.more.count", count=chosen) if chosen else texts("filter.more")
        with st.popover(label, key="more-filters", icon=":material/filter_alt:"):
            _more(texts, view, choices)
        if chosen:
            st.button(texts("filter.clear"), key="clear-filters", type="tertiary", on_click=_clear)
    if days is not None and chosen:
        st.caption(texts("named", name=texts("filter.in_force"), value=_told(texts, view, choices)))


def _more(texts: Texts, view: View, choices: Choices) -> None:
    names = {_key(agent): _name(agent) for agent in choices.agents}
    _multiselect(texts, "agents", list(names), view.agents, names.__getitem__)
    _multiselect(texts, "conversation_tags", choices.conversation_tags, view.conversation_tags)
    _multiselect(texts, "contact_tags", choices.contact_tags, view.contact_tags)
    st.session_state["hours"] = view.hours
    st.radio(
        texts("filter.hours"),
        HOURS,
        key="hours",
        format_func=lambda hours: texts(f"hours.{hours}"),
        help=texts("filter.hours.help"),
        on_change=state.changing("hours", "hours", **START_OF_DETAILS),
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


def _multiselect(
    texts: Texts, field: str, options: Sequence[str], value: Sequence[str], name: Callable[[str], str] = str
) -> None:
    st.session_state[field] = list(value)
    st.multiselect(
        texts(f"filter.{field}"),
        options,
        key=field,
        format_func=name,
        help=texts(f"filter.{field}.help"),
        placeholder=texts("filter.placeholder" if options else "filter.none"),
        disabled=not options,
        on_change=state.changing(field, field, tuple, **START_OF_DETAILS),
    )


def _range(texts: Texts, formats: Formats, days: tuple[date, date]) -> None:
    if not _is_half_chosen(st.session_state.get("range")):
        st.session_state["range"] = days
    st.date_input(
        texts("filter.range"),
        key="range",
        on_change=_range_changed,
        width=240,
        help=texts("filter.range.help"),
        format="DD/MM/YYYY" if formats.language == "fr" else "YYYY-MM-DD",
    )


def _is_half_chosen(value: object) -> bool:
    """Between the first and the second click in the calendar, where it must be left alone."""
    return isinstance(value, tuple) and len(value) == 1


def _account_changed() -> None:
    """Agents and tags are those of an account."""
    state.change(
        account=st.session_state["account"], agents=(), contact_tags=(), conversation_tags=(), **START_OF_DETAILS
    )


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
    state.change(agents=(), contact_tags=(), conversation_tags=(), hours="all", **START_OF_DETAILS)


def _key(agent: Agent) -> str:
    """What the macros take for an agent. An e-mail address tells agents of two sources apart; ids may be the same."""
    return agent.agent_email or agent.agent_id


def _name(agent: Agent) -> str:
    return agent.agent_name or agent.agent_email or agent.agent_id


def _told(texts: Texts, view: View, choices: Choices) -> str:
    """The filters in force, in words, as Markdown."""
    names = {_key(agent): _name(agent) for agent in choices.agents}
    parts = []
    for field, values in (
        ("agents", [names.get(key, key) for key in view.agents]),
        ("conversation_tags", view.conversation_tags),
        ("contact_tags", view.contact_tags),
    ):
        if values:
            parts.append(texts("named", name=texts(f"filter.{field}"), value=", ".join(map(escaped, values))))
    if view.hours != "all":
        parts.append(texts(f"hours.{view.hours}"))
    return " · ".join(parts)
