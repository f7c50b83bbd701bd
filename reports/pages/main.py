"""One run of the application: the release, the view, the frame around a page, the page.

Here: their order, and what is shown when there is nothing to show. Not here: any page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from reports.pages import by_agent, by_tag, details, filter_bar, fitting, frame, notices, overview, state
from reports.pages.address import Problem, View
from reports.pages.context import Context
from reports.pages.release import Release, current_release
from reports.pages.texts import Texts, chosen
from reports.published import UnreadableError

LOG = logging.getLogger("causerie.pages")

PAGES: dict[str, Callable[[Context], None]] = {
    "overview": overview.draw,
    "by-agent": by_agent.draw,
    "by-tag": by_tag.draw,
    "details": details.draw,
}
"""By their name in the address, in the order of the navigation."""


def show(link: Path) -> None:
    """Draw a page of the release that the link names now."""
    view, problems = state.current()
    texts = Texts(chosen(view.language, st.context.locale))
    pages = {
        name: st.Page(
            _nothing,
            title=texts(f"page.{name}"),
            url_path="" if name == "overview" else name,
            default=name == "overview",
        )
        for name in PAGES
    }
    title = {page.title: name for name, page in pages.items()}
    current = title[st.navigation(list(pages.values()), position="hidden").title]
    st.set_page_config(page_title=f"{texts(f'page.{current}')} · causerie", page_icon=str(frame.ICON), layout="wide")
    if current != "details":
        view = view.filters_only()
    frame.prepare(texts)
    try:
        release = current_release(link)
    except UnreadableError as error:
        LOG.warning("%s", error)
        frame.head(texts, view, pages, current)
        frame.watch(link, None, texts)
        notices.no_release(texts, link, error)
        return
    try:
        _page(texts, release, link, view, problems, pages, current)
    except Exception:  # the page says what to do, and the log what happened
        LOG.exception("a page of %s failed", release.file)
        notices.show(texts, "state.failed", texts("state.failed.todo"), icon=":material/error:")


def _page(
    texts: Texts,
    release: Release,
    link: Path,
    view: View,
    problems: Sequence[Problem],
    pages: Mapping[str, Any],
    current: str,
) -> None:
    formats = texts.formats
    accounts = release.accounts()
    if not accounts:
        frame.head(texts, view, pages, current)
        frame.watch(link, release.file, texts)
        st.info(texts("state.no_accounts"))
        return
    account, unknown_account = fitting.account_of(view, accounts)
    choices = release.choices(account.account_id)
    view, unknown = fitting.fitted(view, account, choices)
    state.put(view)
    days = fitting.days(view, account)
    frame.head(texts, view, pages, current)
    frame.watch(link, release.file, texts)
    frame.badge(texts, formats, release, account)
    filter_bar.draw(texts, formats, view, accounts, account, choices, days)
    notices.bad_address(texts, [*problems, *unknown_account, *unknown])
    if days is None:
        notices.show(texts, "state.no_data", texts("state.no_data.todo"))
        return
    context = Context(texts, formats, release, account, view, fitting.filters(view, account, *days))
    if notices.nothing_to_show(context):
        return
    with st.spinner(texts("state.loading")):
        PAGES[current](context)


def _nothing() -> None:
    """The frame draws the page; Streamlit only says which one."""
