"""What a run tells while it works, and what it leaves to be told at the end.

Here: the reporter that the assets talk to. Not here: how a terminal shows it (``console``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from expectations.verdict import Verdict
from ingestion.intake import SourceReport
from orchestration.releases import Release


@dataclass
class Reporter:
    """Collects what a run did; a subclass may show it at once. Silent by itself: Dagster's own log tells the rest."""

    steps: dict[str, float] = field(default_factory=dict)
    """Seconds of each step."""
    sources: list[SourceReport] = field(default_factory=list)
    is_new: bool = True
    """Whether there was anything to build."""
    is_update: bool = False
    """Whether the last build is read: what is known is looked up in it, and the build begins as a copy of it."""
    build_failures: list[str] = field(default_factory=list)
    verdict: Verdict | None = None
    release: Release | None = None
    _written: list[Future[None]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        started = time.monotonic()
        self.begin(name)
        try:
            yield
        finally:
            self.steps[name] = time.monotonic() - started
            self.end(name, self.steps[name])

    def begin(self, name: str) -> None:
        """A step begins."""

    def end(self, name: str, seconds: float) -> None:
        """A step has ended."""

    def progress(self, message: str) -> None:
        """What the step is at."""

    def write_beside(self, write: Callable[[], None]) -> None:
        """Write something in a thread while the run goes on: whoever needs it, and the end of the run, wait for it."""
        pool = ThreadPoolExecutor(1)
        self._written.append(pool.submit(write))
        pool.shutdown(wait=False)

    def wait_for_written(self) -> None:
        """Wait for all that is written in threads.

        Raises:
            Exception: what one of them met.
        """
        while self._written:
            self._written.pop().result()

    @property
    def refusals(self) -> list[str]:
        """Everything that was not published, in words."""
        found = [reason for source in self.sources for reason in source.refusals] + self.build_failures
        if self.verdict is not None and not self.verdict.holds:
            found += [str(finding) for finding in self.verdict.refusals] or ["no expectation was evaluated"]
        return found
