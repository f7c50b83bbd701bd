"""Open releases: one connection to each that somebody looks at.

Here: who holds which release, and when its file is closed. Not here: which one is current, nor any query.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import duckdb

from reports.published import connect


@dataclass
class _Open:
    connection: duckdb.DuckDBPyConnection
    leases: int = 0


class Lease:
    """A lease of one release: its file stays open until the last lease is given back and the last cursor is gone."""

    def __init__(self, pool: Pool, file: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.file = file
        self._pool = pool
        self._connection = connection
        self._is_held = True

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor for one thread. It reads to its end even if the lease is given back meanwhile."""
        return self._connection.cursor()

    def give_back(self) -> None:
        """Give it back; a second time changes nothing."""
        if self._is_held:
            self._is_held = False
            self._pool.give_back(self.file)


class Pool:
    """The releases that are open, by their resolved path, which never names another release."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[Path, _Open] = {}

    def lease(self, file: Path) -> Lease:
        """A lease of this release, which is opened if it is not open yet.

        Raises:
            UnreadableError: as :func:`reports.published.connect`; among others when retention has removed it.
        """
        with self._lock:
            known = self._open.get(file)
            if known is None:
                known = self._open[file] = _Open(connect(file))
            known.leases += 1
            return Lease(self, file, known.connection)

    def give_back(self, file: Path) -> None:
        """One lease less."""
        with self._lock:
            known = self._open[file]
            known.leases -= 1
            if known.leases == 0:
                del self._open[file]  # not closed: its cursors read on, and the last of them closes it

    def files(self) -> set[Path]:
        """The releases that are open."""
        with self._lock:
            return set(self._open)
