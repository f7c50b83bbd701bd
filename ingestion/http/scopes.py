"""Requests that are stopped together: their waits end, and their connections are cut.

Here: what a thread reads, for how long, and how that is stopped from another thread. Not here: sending (``client``).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ingestion.http.policy import GivenUp


class Scope:
    """Requests that are stopped together, of a client or of one :meth:`Client.map`. ``has_failed``: begin no more."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.has_failed = False
        self._lock = threading.Lock()
        self._reading: list[socket.socket] = []

    def check(self) -> None:
        """Raise :class:`GivenUp` once it is stopped."""
        if self.stopped.is_set():
            raise GivenUp("stopped: the client was closed, or another request has failed")

    def stop(self) -> None:
        """End all waits, and cut the connections on which an answer is awaited."""
        with self._lock:
            self.stopped.set()
            for connection in self._reading:
                with suppress(OSError):  # not the method of a TLS socket, which would drop its state while it is read
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    @contextmanager
    def reading(self, connection: socket.socket) -> Iterator[None]:
        """While the block reads a connection, :meth:`stop` cuts it."""
        with self._lock:
            self.check()
            self._reading.append(connection)
        try:
            yield
        finally:
            with self._lock:
                self._reading.remove(connection)


class PerThread(threading.local):
    """Of each thread: the scope of its requests, and until when it may read the present answer."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.until = 0.0
