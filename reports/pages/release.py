"""The release of one run of a page; results are cached by release and query.

Here: the release of a run, its cache, what the filters can select. Not here: SQL of a query (``queries``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import streamlit as st

from reports import published
from reports.pages import queries
from reports.pages.pool import Lease, Pool
from reports.pages.queries import Result
from reports.published import Account, Choices, UnreadableError

POOL = Pool()

RESULTS_KEPT = 500
"""Of all sessions together: a result is some tens of kilobytes."""


@dataclass(frozen=True)
class Release:
    """One published file, from which everything on a page comes."""

    lease: Lease
    cursor: duckdb.DuckDBPyConnection

    @property
    def file(self) -> Path:
        """The immutable file, never the link."""
        return self.lease.file

    def run(self, sql: str, values: dict[str, Any]) -> Result:
        """The result of a query; all values are bound."""
        return _run(str(self.file), sql, values, self.cursor)

    def about(self) -> dict[str, Any]:
        """What it says about itself."""
        return _about(str(self.file), self.cursor)

    def accounts(self) -> list[Account]:
        """Those of the release, by id."""
        return _accounts(str(self.file), self.cursor)

    def choices(self, account: str) -> Choices:
        """What the filters of this account can select."""
        return _choices(str(self.file), account, self.cursor)

    def descriptions(self, table: str) -> dict[str, str]:
        """What each column of a table means."""
        return _descriptions(str(self.file), table, self.cursor)


def current_release(link: Path) -> Release:
    """The release that the link names now; the session holds it until its next run finds another.

    Raises:
        UnreadableError: nothing is published, or what is published cannot be read.
    """
    file = published.file_of_link(link)
    try:
        lease = _lease(file)
    except UnreadableError:
        newer = published.file_of_link(link)
        if newer == file:
            raise
        lease = _lease(newer)  # retention removed the first one before it could be opened
    return Release(lease, lease.cursor())


@st.cache_resource(scope="session", max_entries=1, show_spinner=False, on_release=lambda lease: lease.give_back())
def _lease(file: Path) -> Lease:
    return POOL.lease(file)


@st.cache_data(show_spinner=False, max_entries=RESULTS_KEPT)
def _run(file: str, sql: str, values: dict[str, Any], _cursor: duckdb.DuckDBPyConnection) -> Result:
    return queries.run(_cursor, sql, values)


@st.cache_data(show_spinner=False, max_entries=20)
def _about(file: str, _cursor: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return published.about(_cursor)


@st.cache_data(show_spinner=False, max_entries=20)
def _accounts(file: str, _cursor: duckdb.DuckDBPyConnection) -> list[Account]:
    return published.accounts(_cursor)


@st.cache_data(show_spinner=False, max_entries=100)
def _choices(file: str, account: str, _cursor: duckdb.DuckDBPyConnection) -> Choices:
    return published.choices(_cursor, account)


@st.cache_data(show_spinner=False, max_entries=100)
def _descriptions(file: str, table: str, _cursor: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return published.descriptions(_cursor, table)
