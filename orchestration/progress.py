"""The progress of a run: what it reports while it works, and what is left to show at its end.

Here: the reporter that the assets use. Not here: how a terminal shows it (``console``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from expectations.verdict import Verdict
from ingestion.ingest import SourceReport
from orchestration.home import Home
from orchestration.releases.catalog import Release
from orchestration.run_record import RunRecord


@dataclass
class Reporter:
    """Collects what a run did, and keeps its record; a subclass may show it at once.

    By itself it prints nothing: Dagster has its own log.
    """

    home: Home | None = None
    """Where the record of the run is kept, if anywhere."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    steps: dict[str, float] = field(default_factory=dict)
    """Seconds of each step."""
    sources: list[SourceReport] = field(default_factory=list)
    is_new: bool = True
    """Whether there was anything to build."""
    is_incremental: bool = False
    """Whether the build begins as a copy of the last one."""
    build_failures: list[str] = field(default_factory=list)
    verdict: Verdict | None = None
    release: Release | None = None
    _written: list[Future[None]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        started = time.monotonic()
        self._record(name)
        self.begin(name)
        try:
            yield
        except Exception as error:
            if not self.refusals:
                self.build_failures = [f"{name}: {str(error) or type(error).__name__}"]
            raise
        finally:
            self.steps[name] = time.monotonic() - started
            self.end(name, self.steps[name])
            self._record(name)

    def finish(self) -> None:
        """The run has ended, in whatever way."""
        self._record(next(reversed(self.steps), ""), datetime.now(UTC))

    def _record(self, step: str, ended_at: datetime | None = None) -> None:
        if self.home is None:
            return
        record = RunRecord(
            self.started_at.isoformat(),
            ended_at.isoformat() if ended_at else None,
            step,
            self._outcome(),
            self.release.release_id if self.release else None,
            {name: round(seconds, 3) for name, seconds in self.steps.items()},
            {source.source: ingested(source) for source in self.sources},
            self.refusals,
        )
        with suppress(OSError):  # a full disk may keep no record; the run itself goes on
            record.write(self.home.record)

    def _outcome(self) -> str:
        if self.release is not None:
            return "published"
        if self.build_failures or (self.verdict is not None and not self.verdict.holds):
            return "refused"
        return "unfinished" if self.is_new else "nothing new"

    def begin(self, name: str) -> None:
        """A step begins."""

    def end(self, name: str, seconds: float) -> None:
        """A step has ended."""

    def progress(self, message: str) -> None:
        """What the step is doing."""

    def write_beside(self, write: Callable[[], None]) -> None:
        """Write something in a thread while the run goes on; :func:`wait_for_written` waits for it."""
        pool = ThreadPoolExecutor(1)
        self._written.append(pool.submit(write))
        pool.shutdown(wait=False)

    def wait_for_written(self) -> None:
        """Wait for everything that threads write.

        Raises:
            Exception: what one of them raised.
        """
        while self._written:
            self._written.pop().result()

    @property
    def refusals(self) -> list[str]:
        """The reasons for everything that was not published."""
        found = [reason for source in self.sources for reason in source.refusals] + self.build_failures
        if self.verdict is not None and not self.verdict.holds:
            found += [str(finding) for finding in self.verdict.refusals] or ["no expectation was evaluated"]
        return found


def ingested(source: SourceReport) -> str:
    """What a source delivered in this run, in a line."""
    accepted, refused, waiting = (len(source.having(status)) for status in ("accepted", "refused", "waiting"))
    if source.failure:
        return "could not be read"
    if not source.entries:
        return "nothing new"
    rows = sum(counts.landed for entry in source.having("accepted") for counts in entry.counts.values())
    bad = sum(counts.quarantined for entry in source.having("accepted") for counts in entry.counts.values())
    parts = [f"{accepted:,} {'batch' if accepted == 1 else 'batches'} ingested, {rows:,} rows, {bad:,} quarantined"]
    if refused:
        parts.append(f"{refused} refused")
    if waiting:
        parts.append(f"{waiting} waiting")
    return ", ".join(parts)
