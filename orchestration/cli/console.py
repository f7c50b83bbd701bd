"""A run on a terminal: its progress while it works, and a summary at its end.

Here: layout. Not here: figures (``summary``), and what a run does.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
from rich.status import Status

from ingestion.machine import full_disk
from orchestration.cli import summary
from orchestration.cli.tables import figures
from orchestration.cli.terminal import Terminal, one_line
from orchestration.home import Home
from orchestration.progress import Reporter, ingested
from orchestration.releases import catalog
from orchestration.troubles import TARGETS_NEXT


class ConsoleReporter(Reporter):
    """Shows each step when it ends and, on a terminal, what it is doing."""

    def __init__(self, console: Terminal, home: Home | None = None) -> None:
        super().__init__(home)
        self.console = console
        self._status: Status | None = None
        self._step = ""

    def begin(self, name: str) -> None:
        """Start the spinner."""
        self._step = name
        if self.console.is_terminal:
            self._status = self.console.status(one_line(name))
            self._status.start()
        else:
            self.console.say(f"{name} …")

    def end(self, name: str, seconds: float) -> None:
        """Print the step and its seconds."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        self.console.say(f"{name:<12} {seconds:6.1f} s")

    def progress(self, message: str) -> None:
        """Show it beside the spinner."""
        if self._status is not None:
            self._status.update(one_line(f"{self._step}: {message}"))


def show(reporter: Reporter, home: Home, console: Terminal, startup_seconds: float) -> None:
    """The summary of a run."""
    release = catalog.current(home)
    console.print()
    for source in reporter.sources:
        console.say((source.source, "bold"), f"  {ingested(source)}")
        for warning in source.warnings:
            console.say((f"  {warning}", "yellow"))
    if release is not None and (reporter.sources or reporter.release):
        _show_weeks(catalog.file_of(home, release), console)
    if reporter.release is not None:
        _show_release(reporter, home, console, reporter.release)
    elif not reporter.is_new and release is not None:
        console.print()
        console.say(f"Nothing new: {release.release_id} stays the current release.")
        _show_links(home, console)
        for left in catalog.gone_back_from(home):
            console.say(summary.rolled_back_from(left.release_id))
    elif not reporter.is_new and not reporter.refusals:
        console.print("\nNo batch has been delivered yet, so there is no release.")
    _show_refusals(reporter, home, console, release)
    times = "  ".join(f"{name} {seconds:.1f} s" for name, seconds in reporter.steps.items())
    console.print()
    console.say((f"start-up {startup_seconds:.1f} s  {times}", "dim"))


def _show_weeks(path: Path, console: Terminal) -> None:
    for week in summary.last_weeks(path):
        title = f"{week.account_id}: the week of {week.start:%-d %B %Y}"
        table = figures(title, "that week", "the week before", "change")
        for line in week.headlines:
            table.add_row(line.figure, line.now, line.before, line.change)
        console.print(table)


def _show_release(reporter: Reporter, home: Home, console: Terminal, release: catalog.Release) -> None:
    verdict = reporter.verdict
    if verdict is not None:
        failed = len(verdict.findings)
        console.print()
        console.say(
            f"{verdict.evaluated - failed} of {verdict.evaluated} expectations met,"
            f" {_checks_passed(home, release)} dbt tests passed"
        )
        for finding in verdict.warnings:
            console.say(("  warning", "yellow"), f" {finding}")
    rows = ", ".join(f"{mart} {count:,}" for mart, count in release.rows.items())
    console.print()
    console.say(("Published", "bold green"), f" {release.release_id}")
    console.say(f"  rows: {rows}")
    through = release.data_through
    console.say(f"  data through {through[:19].replace('T', ' ') + ' UTC' if through else 'unknown'}")
    console.say(f"  {_superseded(home, release)}")
    _show_links(home, console)


def _show_links(home: Home, console: Terminal) -> None:
    for path in (home.current_file, home.current_exports):
        if path.exists():
            console.say(f"  {path}")


def _checks_passed(home: Home, release: catalog.Release) -> int:
    from orchestration.dbt.process import tests_passed

    return tests_passed(home.build(release.build_id))


def _superseded(home: Home, release: catalog.Release) -> str:
    with duckdb.connect(str(home.build(release.build_id).database), read_only=True) as connection:
        row = connection.execute(
            "select sum(landed), sum(used), sum(superseded), sum(deleted), sum(quarantined), sum(orphans),"
            " sum(set_aside)"
            " from intermediate.int_row_accounting"
        ).fetchone()
    names = ("rows landed in total", "in use", "superseded", "deleted", "quarantined", "orphans", "set aside")
    return ", ".join(f"{value or 0:,} {name}" for value, name in zip(row or (), names, strict=False))


def _show_refusals(reporter: Reporter, home: Home, console: Terminal, release: catalog.Release | None) -> None:
    if not reporter.refusals:
        return
    is_refused = reporter.refusals != reporter.target_failures
    console.print("\nRefused" if is_refused else "\nFailed", style="bold red")
    for reason in reporter.refusals:
        first, *more = reason.splitlines() if reason in reporter.build_failures else [reason]
        console.say(f"  {first}")
        for other in more:  # the message of dbt or a library
            console.say(f"      {other}")
    if reporter.target_failures:
        console.say(f"    {TARGETS_NEXT}")
    if any(source.having("refused") for source in reporter.sources):
        console.say(
            "  to accept a batch as it is: causerie accept SOURCE BATCH --reason ...; to continue without it: causerie"
            " reject SOURCE BATCH --reason ..."
        )
    if reporter.verdict is not None and not reporter.verdict.holds:
        docs = home.build(reporter.verdict.build_id).docs / "index.html"
        console.say(f"  details: {docs}")
    elif reporter.build_failures:
        console.say(f"  details: {home.log}")
        remedy = full_disk(home.path, "\n".join(reporter.build_failures))
        if remedy is not None:
            console.say(f"  {remedy}")
        elif reporter.is_incremental:
            console.say("  it began as a copy of the last build; if that may be damaged: causerie run --full-refresh")
    if is_refused and release is not None:
        console.say(f"  readers keep {release.release_id}")
