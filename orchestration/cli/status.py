"""The status of a home: the current release, the last run, what is refused and why.

Here: gathering it from the home, without Dagster, and showing it. Not here: what refuses (``ingestion``,
``expectations``), and who writes the record (``progress``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from expectations.verdict import Finding
from ingestion import zones
from ingestion.settings import Settings
from ingestion.shown import command
from ingestion.source_settings import AnySource, ExportSource, FilesSource
from ingestion.sources.export import unfinished
from ingestion.sources.files import look
from ingestion.storage.ledger import LEDGER, Entry, Ledger
from orchestration.cli.summary import rolled_back_from
from orchestration.cli.tables import duration, minute
from orchestration.cli.terminal import Terminal
from orchestration.home import Home, is_locked
from orchestration.releases import catalog
from orchestration.releases.catalog import Release
from orchestration.run_record import RunRecord, read_record
from orchestration.troubles import Trouble, refusals_of, troubles_of


@dataclass(frozen=True)
class Status:
    """The status of a home. ``refused``, ``waiting`` and ``set_aside`` are batches; ``gone_back_from`` release ids.

    ``findings`` and ``tests`` are why the last build was not published: failed expectations, failed models and tests.
    ``unfinished`` are lines about what lies in drop folders and is no batch. ``troubles``: all that needs attention.
    """

    current: Release | None
    gone_back_from: list[str]
    is_running: bool
    run: RunRecord | None
    refused: list[Entry] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)
    set_aside: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    docs: Path | None = None
    unfinished: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether something is kept from readers and needs attention: whether a run would end so."""
        return any(trouble.fails_a_run for trouble in self.troubles)


def status_of(settings: Settings) -> Status:
    """Read the status of a configuration's home; nothing is changed."""
    home = Home(settings.home)
    current = catalog.current(home)
    refused: list[Entry] = []
    waiting: list[Entry] = []
    set_aside: list[Entry] = []
    batches = {"refused": refused, "waiting": waiting, "set aside": set_aside}
    if (home.path / LEDGER).is_file():
        names = {source.name for source in settings.sources}
        with Ledger(home.path / LEDGER, read_only=True) as ledger:
            for entry in ledger.entries():
                if entry.source in names and entry.status in batches:
                    batches[entry.status].append(entry)
    tests, findings, build = refusals_of(settings)
    return Status(
        current,
        [release.release_id for release in catalog.gone_back_from(home)],
        is_locked(home),
        read_record(home.record),
        refused,
        waiting,
        set_aside,
        findings,
        tests,
        build.docs / "index.html" if findings and (build.docs / "index.html").is_file() else None,
        [line for source in settings.sources for line in _passed_over(settings, source)],
        troubles_of(settings, datetime.now(UTC)),
    )


def _passed_over(settings: Settings, source: AnySource) -> list[str]:
    """What lies in the folder of a source and is not read, in words."""
    if isinstance(source, ExportSource):
        return unfinished(source)
    if isinstance(source, FilesSource) and source.path.is_dir():
        return look(source, zones.zone(settings.account_of(source).timezone))[1]
    return []


def as_json(status: Status) -> dict[str, Any]:
    """The status in types that JSON has."""
    found = asdict(status)
    for name in ("refused", "waiting", "set_aside"):
        found[name] = [
            {
                "source": entry.source,
                "batch": entry.batch,
                "decided_at": entry.decided_at.isoformat(),
                "reasons": list(entry.reasons),
            }
            for entry in getattr(status, name)
        ]
    found["docs"] = str(status.docs) if status.docs else None
    found["is_refused"] = status.is_refused
    for trouble in found["troubles"]:
        trouble["since"] = trouble["since"].isoformat() if trouble["since"] else None
    return found


def show_status(status: Status, console: Terminal) -> None:
    """Print it."""

    def say(text: str, style: str = "") -> None:
        console.say((text, style))

    if status.current is None:
        say("Nothing is published yet.", "bold")
    else:
        say(f"Readers see {status.current.release_id}", "bold")
        through = minute(status.current.data_through)
        say(f"  published {minute(status.current.published_at)}, data through {through} (UTC)")
        for line in status.current.warnings:
            say(f"  warning {line}", "yellow")
    for left in status.gone_back_from:
        say(rolled_back_from(left))
    _show_run(status, say)
    if not status.is_refused:
        console.print()
        say("Nothing is refused.", "green")
    else:
        console.print()
        has_refusal = any(trouble.kind.endswith("refused") for trouble in status.troubles)
        say("Refused" if has_refusal else "Failed", "bold red")
    for entry in status.refused:
        for reason in entry.reasons:
            say(f"  {reason}")
        say(f"    since {entry.decided_at:%Y-%m-%d %H:%M}; to accept it as it is:")
        say(f"    {command('accept', entry.source, entry.batch, option='--reason ...')}")
        say("    to continue without it:")
        say(f"    {command('reject', entry.source, entry.batch, option='--reason ...')}")
    for source in dict.fromkeys(entry.source for entry in status.waiting):
        waiting = sum(entry.source == source for entry in status.waiting)
        say(f"  {source}: {waiting} later {'batch waits' if waiting == 1 else 'batches wait'} behind it")
    for trouble in status.troubles:
        if trouble.kind in ("source failed", "run failed", "target failed"):
            for reason in trouble.reasons:
                say(f"  {reason}")
            say(f"    since {trouble.since:%Y-%m-%d %H:%M}; {trouble.next_step}")
    for line in status.tests:
        say(f"  {line}")
    for finding in status.findings:
        say(f"  {finding.suite}: {finding.expectation}")
        say(f"    expected {finding.expected}")
        say(f"    observed {finding.observed}")
        for sample in finding.samples:
            say("    row      " + ", ".join(f"{name} {value}" for name, value in sample.items()))
    if status.docs:
        say(f"  details: {status.docs}")
    for trouble in status.troubles:
        if trouble.kind == "source stale":
            console.print()
            say(f"Stale: {'; '.join(trouble.reasons)}", "yellow")
    for entry in status.set_aside:
        console.print()
        say(f"Set aside: {entry.source} {entry.batch}, at {entry.decided_at:%Y-%m-%d %H:%M}")
    if status.unfinished:
        console.print()
    for line in status.unfinished:
        say(f"Not read: {line}", "yellow")


def _show_run(status: Status, say: Any) -> None:
    run = status.run
    if run is None:
        return
    if status.is_running:
        say(f"A run is in progress since {minute(run.started_at)}, at the step {run.step}.")
        return
    took = duration(sum(run.steps.values()))
    if run.was_stopped:
        say(f"The last run, of {minute(run.started_at)}, did not finish: it was stopped at the step {run.step}.", "red")
        say("  Nothing is lost: the next run continues from there.")
    else:
        what = f"published {run.release_id}" if run.release_id else run.outcome
        say(f"The last run, of {minute(run.started_at)}, took {took}: {what}")
    for source, line in run.sources.items():
        say(f"  {source}: {line}")
