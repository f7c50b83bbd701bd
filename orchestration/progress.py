"""The progress of a run: what it reports while it works, and what is left to show at its end.

Here: the reporter that the assets use, and the writing of the run's record. Not here: how a terminal shows it
(``cli.console``). The steps of a run may be processes of their own: what one has to know of another is in the record.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from expectations.verdict import Verdict
from ingestion.ingest import SourceReport
from orchestration.home import Home
from orchestration.releases.catalog import Release
from orchestration.run_record import RunRecord, read_record


@dataclass
class Reporter:
    """Collects what a run did, and keeps its record; a subclass may show it at once.

    By itself it prints nothing: Dagster has its own log.
    """

    home: Home | None = None
    """Where the record of the run is kept, if anywhere."""
    record: RunRecord = field(default_factory=lambda: RunRecord(_now()))
    sources: list[SourceReport] = field(default_factory=list)
    is_new: bool = True
    """Whether there was anything to build."""
    is_incremental: bool = False
    """Whether the build begins as a copy of the last one."""
    build_failures: list[str] = field(default_factory=list)
    verdict: Verdict | None = None
    release: Release | None = None
    targets: dict[str, str | None] = field(default_factory=dict)
    """Of each target that was tried, why it does not show the current release, or None."""
    _refused_before: list[str] = field(default_factory=list)
    """What steps of this run refused that were processes of their own."""
    _is_broken: bool = False
    """Whether an error that nobody foresaw ended it."""

    @property
    def steps(self) -> dict[str, float]:
        """Seconds of each step."""
        return self.record.steps

    @contextmanager
    def step(self, name: str, run_id: str = "") -> Iterator[None]:
        """Time a step of a run; what it fails for is in the record."""
        self._continue(run_id)
        started = time.monotonic()
        self.record.ended_at = None
        self._write(name)
        self.begin(name)
        try:
            yield
        except Exception as error:
            if self._outcome() != "refused":
                self.build_failures = [f"{name}: {str(error) or type(error).__name__}"]
                self._is_broken = True
            raise
        except BaseException:  # somebody stops the run
            self.stopped()
            raise
        finally:
            self.steps[name] = round(time.monotonic() - started, 3)
            self.end(name, self.steps[name])
            self.finish()  # for now: which step is the last one, a run of some steps alone does not know

    def _continue(self, run_id: str) -> None:
        """Take up the record of a run at its next step, or begin one that knows what the run before had seen."""
        if self.record.run_id == run_id and self.steps:
            return
        before = read_record(self.home.record) if self.home else None
        if before is not None and before.run_id == run_id and run_id:
            self.record, self._refused_before = before, before.refusals
            return
        self.record = RunRecord(self.record.started_at, run_id=run_id)
        if before is not None:
            self.record.read_at, self.record.seen = before.read_at, before.seen
            self.record.failures = before.failures
            self.record.target_failures = before.target_failures

    def sources_seen(self, seen: dict[str, dict[str, str]]) -> None:
        """Note what there is to be seen before the sources are read: if that fails, the same is no news at once."""
        self.record.read_at, self.record.seen = _now(), seen
        self._write(self.record.step)

    def sources_read(self, reports: list[SourceReport]) -> None:
        """Note what the sources delivered."""
        self.sources = reports
        before, now = self.record.failures, _now()
        self.record.failures = {
            report.source: (before[report.source][0] if report.source in before else now, report.failure)
            for report in reports
            if report.failure
        }
        self.record.sources = {report.source: ingested(report) for report in reports}
        self.record.read_at = now

    def target_tried(self, name: str, failure: str | None) -> None:
        """Note how a target was left."""
        self.targets[name] = failure
        self.record.target_tried(name, failure, _now())

    def finish(self) -> None:
        """The run has ended, in whatever way."""
        self.record.ended_at = _now()
        self._write(self.record.step)

    def cannot_begin(self, reason: str) -> None:
        """A run has ended before its first step."""
        self._continue("")
        self.record.step, self.build_failures = "load", [reason]
        self.finish()

    def stopped(self) -> None:
        """Somebody ends the run, unless it has ended by itself; an error may be what the stop does to a library."""
        if self.record.ended_at is None or self.record.outcome == "unfinished" or self._is_broken:
            self.record.outcome, self.build_failures = "stopped", [] if self._is_broken else self.build_failures
            self.finish()

    def _write(self, step: str) -> None:
        self.record.step, self.record.refusals = step, self.refusals
        self.record.build_failures = self.build_failures
        if self.record.outcome != "stopped":
            self.record.outcome = self._outcome()
        if self.release is not None:
            self.record.release_id = self.release.release_id
        if self.home is not None:
            with suppress(OSError):  # a full disk may keep no record; the run itself goes on
                self.record.write(self.home.record)

    def _outcome(self) -> str:
        if self.build_failures or (self.verdict is not None and not self.verdict.holds):
            return "refused"
        if self.release is not None or self.record.release_id is not None:
            return "published"
        return "unfinished" if self.is_new else "nothing new"

    def begin(self, name: str) -> None:
        """A step begins."""

    def end(self, name: str, seconds: float) -> None:
        """A step has ended."""

    def progress(self, message: str) -> None:
        """What the step is doing."""

    @property
    def refusals(self) -> list[str]:
        """The reasons for everything that was not published; those of targets last."""
        found = self._refused_before + [reason for source in self.sources for reason in source.refusals]
        found += self.build_failures
        if self.verdict is not None and not self.verdict.holds:
            found += [str(finding) for finding in self.verdict.refusals] or ["no expectation was evaluated"]
        return found + self.target_failures

    @property
    def target_failures(self) -> list[str]:
        """Why some targets do not show the current release."""
        return [reason for reason in self.targets.values() if reason is not None]


def _now() -> str:
    return datetime.now(UTC).isoformat()


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
