"""The frame around each page: name, navigation, language, badge of the release, and its watch.

Here: what all pages share beside the filter bar. Not here: the pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from reports.pages import state
from reports.pages.address import View, write
from reports.pages.formats import Formats
from reports.pages.markup import escaped
from reports.pages.release import Release
from reports.pages.texts import LANGUAGES, Texts
from reports.published import Account, UnreadableError, file_of_link

ICON = Path(__file__).with_name("icon.svg")

PAGE_ICONS = {
    "overview": ":material/monitoring:",
    "by-agent": ":material/support_agent:",
    "by-tag": ":material/sell:",
    "details": ":material/forum:",
}
"""Drawn by the font that Streamlit brings; as the icon of a browser tab they would be fetched from another host."""

WATCHED_EVERY = "15s"

_STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def prepare(texts: Texts) -> None:
    """What a page needs before anything is drawn: its style, and the language that a screen reader should speak."""
    st.html(f"<style>{_STYLE}</style>")
    st.html(f"<script>document.documentElement.lang = '{texts.language}'</script>", unsafe_allow_javascript=True)


def head(texts: Texts, view: View, pages: Mapping[str, Any], current: str) -> None:
    """Name, links to the pages with the same filters, language."""
    address = write(view.filters_only())
    with st.container(key="head", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**causerie**", width="content")
        with st.container(key="navigation", horizontal=True, gap="xsmall", width="stretch"):
            for name, page in pages.items():
                st.page_link(page, icon=PAGE_ICONS[name], query_params=address)
        st.session_state["language"] = texts.language
        st.selectbox(
            texts("language.label"),
            list(LANGUAGES),
            key="language",
            label_visibility="collapsed",
            width=120,
            format_func=lambda language: texts(f"language.{language}"),
            on_change=state.changing("language", "language"),
        )
    st.title(texts(f"page.{current}"), anchor=False)


def badge(texts: Texts, formats: Formats, release: Release, account: Account) -> None:
    """How far the data reach, which release it is and what its audit found, with what these mean."""
    about = release.about()
    through = account.data_through
    label = texts("badge.label", instant=formats.instant(through)) if through else texts("badge.label.unknown")
    warned, evaluated = about["expectations_warned"], about["expectations_evaluated"]
    short = texts.plural("badge.short.warned", warned, formats.number(warned)) if warned else texts("badge.short.good")
    icon = ":material/warning:" if warned else ":material/verified:"
    with st.container(key="badge", horizontal=True, vertical_alignment="center", gap="xsmall"):
        with st.popover(f"{label} · {short}", icon=icon, key="about-release", type="tertiary"):
            st.markdown(f"**{texts('badge.title')}**")
            _entry(
                texts,
                texts("badge.data_through"),
                formats.instant(through),
                texts("badge.data_through.meaning", timezone=account.timezone)
                if through
                else texts("badge.data_through.unknown"),
            )
            published_at = formats.instant(about["published_at"])
            _entry(
                texts, texts("badge.release"), about["release_id"], texts("badge.release.meaning", instant=published_at)
            )
            verdict = "warned" if warned else "good"
            counts = {"evaluated": formats.number(evaluated), "warned": formats.number(warned)}
            _entry(
                texts,
                texts("badge.verdict"),
                texts(f"badge.verdict.{verdict}", **counts),
                texts("badge.verdict.meaning"),
            )
            rows = about["rows_quarantined_open"]
            open_rows = (
                texts("badge.quarantine.some", count=formats.number(rows)) if rows else texts("badge.quarantine.none")
            )
            _entry(texts, texts("badge.quarantine"), open_rows, texts("badge.quarantine.meaning"))
        st.caption(f"{texts('badge.release')} {about['release_id']}", width="content")


def _entry(texts: Texts, name: str, value: str, meaning: str) -> None:
    st.markdown(texts("named", name=f"**{name}**", value=escaped(value)))
    st.caption(meaning)


@st.fragment(run_every=WATCHED_EVERY)
def watch(link: Path, shown: Path | None, texts: Texts) -> None:
    """Look now and then whether the link names another release than the one shown, and offer it.

    A page that somebody reads does not change by itself; one without a release does.
    """
    try:
        current: Path | None = file_of_link(link)
    except UnreadableError:
        current = None
    if current == shown or current is None:
        return
    if shown is None:
        if st.session_state.get("_unreadable") != current:
            st.session_state["_unreadable"] = current
            st.rerun()
        return
    with st.container(key="newer-release", horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f":material/new_releases: {texts('release.newer')}", width="content")
        if st.button(texts("release.newer.show"), key="show-newer-release", type="primary"):
            st.rerun()
