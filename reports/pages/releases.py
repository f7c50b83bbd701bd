"""Open releases, and what was read from them.

Here: which release a request reads, its connection, its results while they are in demand. Not here: SQL of a page
(``queries``).

A release never changes, so what was read from it stays true. Each file is opened once; its requests have a cursor each.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import duckdb

from reports import published
from reports.pages.queries import Query, Result
from reports.published import UnreadableError

OPEN = 4
"""Releases that stay open: the current one, and those that readers of older pages still look at."""
RESULTS_KEPT = 300
"""Of one release."""
MOST_ROWS_KEPT = 1_000
"""Of a result; larger ones are read again."""
_ID = re.compile(r"\w[\w.-]{,99}")
_MEASURED = re.compile(r"\((\w+) must")

Found = TypeVar("Found")


class Release:
    """One published file, from which everything on a page comes. Its id is the name of its folder."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.release_id = file.parent.name
        self._connection = published.connect(file)
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def run(self, query: Query) -> Result:
        """The result of a query; all values are bound."""

        def asked(cursor: duckdb.DuckDBPyConnection) -> Result:
            cursor.execute(query.sql, query.values)
            return Result(tuple(name for name, *_ in cursor.description or ()), cursor.fetchall())

        return self._kept((query.sql, repr(query.values)), asked)

    def read(self, what: Callable[..., Found], *named: str) -> Found:
        """What a function of ``reports.published`` reads of it."""
        return self._kept((what, named), lambda cursor: what(cursor, *named))

    @cached_property
    def warnings(self) -> dict[str, str]:
        """What its audit found that makes no figure wrong: by what was measured, or else by suite, the suite."""
        try:
            description = json.loads(self.file.with_name("release.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        found = {}
        for warning in description.get("warnings", ()):
            suite, measured = warning.split(":")[0], _MEASURED.search(warning)
            found[measured[1] if measured else suite] = suite
        return found

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own, for one thread: for what is too large to keep."""
        return self._connection.cursor()

    def _kept(self, key: Hashable, ask: Callable[[duckdb.DuckDBPyConnection], Found]) -> Found:
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]  # type: ignore[no-any-return]
        with self._connection.cursor() as cursor:
            found = ask(cursor)
        if isinstance(found, Result) and len(found.rows) > MOST_ROWS_KEPT:
            return found
        with self._lock:
            self._results[key] = found
            if len(self._results) > RESULTS_KEPT:
                self._results.popitem(last=False)
        return found


class Releases:
    """The releases behind a link to the current one. All are safe to use from several threads."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._open: OrderedDict[Path, Release] = OrderedDict()
        self._lock = Lock()

    def current_id(self) -> str | None:
        """The id of the current release; None: nothing is published."""
        try:
            return published.file_of_link(self.link).parent.name
        except UnreadableError:
            return None

    def find(self, release_id: str | None = None) -> Release:
        """The release of this id while there is one, else the current one.

        Raises:
            UnreadableError: nothing is published, or what is published cannot be read.
        """
        current = published.file_of_link(self.link)
        if release_id and release_id != current.parent.name and _ID.fullmatch(release_id):
            try:
                return self._opened(current.parent.parent / release_id / current.name)
            except UnreadableError:
                pass  # retention has removed it
        try:
            return self._opened(current)
        except UnreadableError:
            newer = published.file_of_link(self.link)
            if newer == current:
                raise
            return self._opened(newer)  # retention removed the first one before it could be opened

    def _opened(self, file: Path) -> Release:
        with self._lock:
            release = self._open.get(file)
            if release is None:
                if not file.is_file():
                    raise UnreadableError(f"{file}: is no longer there")
                release = self._open[file] = Release(file)
            self._open.move_to_end(file)
            while len(self._open) > OPEN:
                self._open.popitem(last=False)  # closed when its last reader lets go of it
            return release
