"""The command's way to run the job: the same one that Dagster schedules, in this process.

Here: starting the job and telling how it ended. Not here: what the job does (``defs``).
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import redirect_stdout

import dagster as dg
from rich.console import Console

from ingestion.settings import Settings, runs_are_recorded
from orchestration.assembly import JOB, build_defs
from orchestration.console import ConsoleReporter, show
from orchestration.home import BusyError, Home, lock, unlock


def run_job(settings: Settings, started: float) -> int:
    """Run the job once; 0 when all that came was published, else 1. ``started``: when the command began."""
    console = Console(file=sys.stdout)
    home = Home(settings.home)
    try:
        lock(home)
    except BusyError as error:
        console.print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    try:
        return _run(settings, home, console, started)
    finally:
        unlock(home)


def _run(settings: Settings, home: Home, console: Console, started: float) -> int:
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    reporter = ConsoleReporter(console)
    job = build_defs(settings, reporter).resolve_job_def(JOB)
    startup = time.monotonic() - started
    instance = dg.DagsterInstance.get() if runs_are_recorded() else dg.DagsterInstance.ephemeral()
    # the reporter tells it in words: Dagster's and dbt's own lines go to a file
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with instance, (home.path / "dbt.log").open("w") as log, redirect_stdout(log):
        result = job.execute_in_process(run_config=quiet, instance=instance, raise_on_error=False)
    show(reporter, home, console, startup)
    if not result.success and not reporter.refusals:
        for event in result.all_events:
            if event.is_step_failure:
                error = event.step_failure_data.error
                console.print(f"{event.step_key}: {error.to_string() if error else 'failed'}", highlight=False)
        return 1
    return 0 if result.success and not reporter.refusals else 1
