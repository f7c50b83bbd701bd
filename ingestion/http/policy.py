"""How a live system is asked, and the errors of requests that failed for good.

Here: the policy and the errors. Not here: requests themselves (``client``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RequestPolicy:
    """How a system is asked.

    ``requests_per_second`` is over all threads, evenly spaced; infinity means no limit. ``concurrency``: requests at a
    time, over all threads. ``timeout_seconds``: to connect, and between two pieces of an answer; a whole answer may
    take ten times that. ``attempts``: of one request, the first included; more where it meets a limit that does not say
    when it ends (``patience``). ``longest_wait_seconds``: between two attempts; a system that asks for a longer wait is
    given up. ``largest_response_bytes``: after decompression. ``give_up_after``: the client sends nothing more after so
    many failed requests in a row, over all threads.
    """

    requests_per_second: float = 20
    concurrency: int = 4
    timeout_seconds: float = 30
    attempts: int = 6
    longest_wait_seconds: float = 300
    largest_response_bytes: int = 64 * 1024 * 1024
    give_up_after: int = 5


class RemoteError(Exception):
    """A request has failed for good. The message says which, why, how often it was tried, and what to do."""


class Denied(RemoteError):
    """The system does not know the token, or denies it this. ``status``: 401 or 403."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NotThere(RemoteError):
    """There is nothing at this address (404)."""


class GivenUp(RemoteError):
    """The client sends nothing more: too many requests have failed, or it was stopped."""
