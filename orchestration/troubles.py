"""What needs attention in a home: the answer to "is it well?" of the command, of Dagster and of alerts.

Here: finding it, from what lies in the home. Not here: who is told of it (``alerts``), and how it is shown
(``cli.status``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from expectations.verdict import Finding, read_verdict
from ingestion.freshness import ages
from ingestion.settings import Settings
from ingestion.shown import command
from ingestion.storage.ledger import LEDGER, Entry, Ledger
from orchestration.dbt import process as dbt_process
from orchestration.home import Build, Home, is_locked
from orchestration.releases import catalog
from orchestration.run_record import read_record

_BETWEEN_STEPS = timedelta(minutes=5)
"""Longer than it takes to start a process, where each step is one."""
TARGETS_NEXT = "the next run tries again; the release itself is published"
Kind = Literal["batch refused", "source failed", "source stale", "build refused", "run failed", "target failed"]


@dataclass(frozen=True)
class Trouble:
    """Something in a home that needs attention. ``key`` stays the same as long as it is the same trouble.

    ``since``: when it began, as far as the home knows.
    """

    key: str
    kind: Kind
    subject: str
    reasons: tuple[str, ...]
    next_step: str
    since: datetime | None

    @property
    def fails_a_run(self) -> bool:
        """Whether a run ends as failed with it. That a source is stale is said, and no run can mend it."""
        return self.kind != "source stale"


def troubles_of(settings: Settings, now: datetime, *, is_running: bool | None = None) -> list[Trouble]:
    """The troubles of a configuration's home, the worst first; nothing is changed.

    ``is_running``: whether a run is at work there, which the lock of the home says to all but the run itself.
    """
    runs = [] if (is_locked(Home(settings.home)) if is_running is None else is_running) else _runs(settings, now)
    return [
        *runs,
        *_builds(settings),
        *_targets(settings),
        *_sources(settings),
        *_batches(settings),
        *_stale(settings, now),
    ]


def _runs(settings: Settings, now: datetime) -> list[Trouble]:
    home = Home(settings.home)
    record = read_record(home.record)
    if record is None:
        return []
    what = f"run of {record.started_at[:16].replace('T', ' ')}"
    since = datetime.fromisoformat(record.ended_at or record.started_at)
    if record.was_stopped:
        reason = f"it was stopped at the step {record.step}; nothing is lost"
        return [Trouble("run failed", "run failed", what, (reason,), "the next run continues from there", since)]
    if not record.is_complete and "ingest" in record.steps and now - since > _BETWEEN_STEPS:
        reason = f"no step came after the step {record.step}; nothing is lost"
        return [Trouble("run failed", "run failed", what, (reason,), "the next run continues from there", since)]
    tests, findings, _ = refusals_of(settings)
    of_build = {*tests, *map(str, findings)}  # a trouble of its own
    reasons = tuple(reason for reason in record.build_failures if reason not in of_build)
    step = f"look into {home.log}; the next run tries again"
    return [Trouble("run failed", "run failed", what, reasons, step, since)] if reasons else []


def refusals_of(settings: Settings) -> tuple[list[str], list[Finding], Build]:
    """Why the last build was not published: failed models and tests, failed expectations; and that build."""
    home = Home(settings.home)
    build = home.last_build()
    if not build.folder.is_dir() or any(release.build_id == build.id for release in catalog.kept(home)):
        return [], [], build
    try:
        findings = read_verdict(build.verdict).refusals
    except (OSError, ValueError, TypeError):
        findings = []  # it was not audited
    return [*dbt_process.failures(build)], findings, build


def _builds(settings: Settings) -> list[Trouble]:
    tests, findings, build = refusals_of(settings)
    reasons = (*tests, *map(str, findings))
    if not reasons:
        return []
    since = datetime.fromtimestamp(build.folder.stat().st_mtime).astimezone()
    step = f"see {command('status')}; correct what is delivered, or set it aside"
    return [Trouble("build refused", "build refused", "build", reasons, step, since)]


def _targets(settings: Settings) -> list[Trouble]:
    record, names = read_record(Home(settings.home).record), [target.name for target in settings.publish]
    failures = record.target_failures if record else {}
    return [_failed("target failed", name, *failures[name], TARGETS_NEXT) for name in names if name in failures]


def _sources(settings: Settings) -> list[Trouble]:
    record, names = read_record(Home(settings.home).record), [source.name for source in settings.sources]
    failures, step = record.failures if record else {}, "when it is mended, the next run reads it: "
    return [
        _failed("source failed", name, *failures[name], step + command("check-source", name))
        for name in names
        if name in failures
    ]


def _failed(kind: Kind, name: str, since: str, reason: str, next_step: str) -> Trouble:
    return Trouble(f"{kind}: {name}", kind, name, (reason,), next_step, datetime.fromisoformat(since))


def _batches(settings: Settings) -> list[Trouble]:
    if not (settings.home / LEDGER).is_file():
        return []
    names = {source.name for source in settings.sources}
    with Ledger(settings.home / LEDGER, read_only=True) as ledger:
        entries = [entry for entry in ledger.entries() if entry.source in names]
    return [_refused(entry, entries) for entry in entries if entry.status == "refused"]


def _refused(entry: Entry, entries: list[Entry]) -> Trouble:
    waiting = sum(other.source == entry.source and other.status == "waiting" for other in entries)
    behind = (f"{entry.source}: {waiting} later {'batch waits' if waiting == 1 else 'batches wait'} behind it",)
    subject = f"{entry.source} {entry.batch}"
    return Trouble(
        f"batch refused: {subject}",
        "batch refused",
        subject,
        entry.reasons + (behind if waiting else ()),
        f"deliver it again; or {command('accept', entry.source, entry.batch, option='--reason ...')}; or"
        f" {command('reject', entry.source, entry.batch, option='--reason ...')}",
        entry.decided_at,
    )


def _stale(settings: Settings, now: datetime) -> list[Trouble]:
    if not (settings.home / LEDGER).is_file():
        return []  # no run has looked yet
    return [
        Trouble(
            f"source stale: {age.source}",
            "source stale",
            age.source,
            (str(age),),
            "see why it delivers nothing; where that is right, give it another stale_after_hours",
            age.stale_since,
        )
        for age in ages(settings, now)
        if age.is_stale
    ]
