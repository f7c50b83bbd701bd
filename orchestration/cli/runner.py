"""The command's way to run the job: the same one that Dagster schedules, in this process.

Here: starting the job, and its exit status. Not here: what the job does (``defs``).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from typing import IO, Any

import dagster as dg

from ingestion.settings import Settings, SettingsError, runs_are_recorded
from orchestration.assembly import JOB, build_defs
from orchestration.cli.console import ConsoleReporter, show
from orchestration.cli.terminal import Terminal, Visible
from orchestration.defs.targets import TARGETS
from orchestration.home import Home


def run_job(settings: Settings, started: float, *, full_refresh: bool = False) -> int:
    """Run the job once; 0 if everything new was published, else 1. ``started``: when the command began."""
    return _execute(settings, started, {"ops": {"ingest": {"config": {"full_refresh": full_refresh}}}})


def publish_last_build(settings: Settings, started: float) -> int:
    """Run the step *publish* alone, on the last build, with its targets; 0 if it was published, else 1."""
    targets = [dg.AssetKey([TARGETS, target.name]) for target in settings.publish]
    return _execute(settings, started, {}, [dg.AssetKey("release"), *targets])


def _execute(
    settings: Settings, started: float, run_config: dict[str, Any], selection: Sequence[dg.AssetKey] | None = None
) -> int:
    console = Terminal(sys.stdout)
    home = Home(settings.home)
    reporter = ConsoleReporter(console, home)
    try:
        job = build_defs(settings, reporter=reporter).resolve_job_def(JOB)
    except SettingsError as error:  # of an extension, whose files change without the configuration
        reporter.cannot_begin(str(error))
        _tell(settings, is_good=False)
        raise
    startup = time.monotonic() - started
    instance = dagster_instance()
    # the reporter prints what matters; Dagster's and dbt's own lines go to a file
    run_config["loggers"] = {"console": {"config": {"log_level": "CRITICAL"}}}
    try:
        with instance, home.log.open("w", encoding="utf-8") as file, Visible(file) as log:
            with redirect_stdout(log), redirect_stderr(log):
                result = job.execute_in_process(
                    run_config=run_config, instance=instance, raise_on_error=False, asset_selection=selection
                )
            failures = [_explain(event, log) for event in result.all_events if event.is_step_failure]
            reporter.finish()
            is_good = result.success and reporter.record.is_complete
            if not is_good and not reporter.refusals:
                reporter.build_failures = failures or [f"{reporter.record.step}: the steps after it were left out"]
    except Exception:  # as of a disk that is so full that there is no room for the log
        _tell(settings, is_good=False)
        raise
    reporter.finish()
    show(reporter, home, console, startup)
    for line in _tell(settings, is_good=is_good):
        console.say((line, "yellow"))
    return 0 if is_good else 1


def _tell(settings: Settings, *, is_good: bool) -> list[str]:
    """Tell whoever wishes to know how the run went; a line for each who could not be told."""
    if not settings.alerts and not settings.ping:
        return []
    from orchestration.alerts.tell import ping, tell_state

    lines = tell_state(settings, datetime.now(UTC), ends_run=True)
    return [*lines, *filter(None, [ping(settings) if is_good else None])]


def dagster_instance() -> dg.DagsterInstance:
    """Where Dagster keeps the history of runs, if the environment names a place; after an error there, nowhere."""
    if runs_are_recorded():
        try:
            instance = dg.DagsterInstance.get()
            instance.get_runs_count()
            return instance
        except Exception as error:  # Dagster's, its storage's, or of anything in its configuration
            words = " ".join(str(error).split()).rstrip(".")
            print(
                f"DAGSTER_HOME: this run is not recorded: {words}; name an existing folder by its absolute path, or"
                " unset DAGSTER_HOME",
                file=sys.stderr,
            )
    return dg.DagsterInstance.ephemeral()


def _explain(event: dg.DagsterEvent, log: IO[str]) -> str:
    """An unforeseen error of a step, in a line; all of it goes to the log."""
    error = event.step_failure_data.error
    if error is None:
        return f"{event.step_key}: failed"
    log.write(error.to_string())
    while error.cause is not None:
        error = error.cause
    # our own refusals are clear by themselves
    return f"{event.step_key}: {error.message.strip().removeprefix('dagster._core.definitions.events.Failure: ')}"
