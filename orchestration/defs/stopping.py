"""A run of Dagster that is stopped: it ends within two seconds, and says so.

Here: what a signal does in a process that Dagster started for a run. Not here: the command, which has its own end
(``orchestration.cli.ending``). A run may end at any instant, because the next one continues from there.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import dagster as dg

from orchestration import processes
from orchestration.cli import ending
from orchestration.progress import Reporter

_MOMENT = 1
"""Seconds for Dagster to end the run itself: its exception may come late out of a statement of DuckDB, or never."""
_STATUSES = (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.STARTED)
_begun = threading.Event()


def end_when_stopped(context: dg.AssetExecutionContext, reporter: Reporter) -> None:
    """From now on a signal ends this run, if Dagster has a process of its own for it."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or ending.is_prepared() or context.instance.is_ephemeral or _begun.is_set():
        return
    _begun.set()
    reader = ending.listen()
    about = context.instance.get_ref(), context.run.run_id
    threading.Thread(target=_wait, args=(reader, reporter, *about), daemon=True).start()


def _wait(reader: int, reporter: Reporter, instance: Any, run_id: str) -> None:
    while os.read(reader, 1)[0] not in (signal.SIGINT, signal.SIGTERM):
        pass
    reporter.stopped()
    time.sleep(_MOMENT)
    with dg.DagsterInstance.from_ref(instance) as history:
        run = history.get_run_by_id(run_id)
        if run is not None and run.status in _STATUSES:
            history.report_run_canceled(run, "It was stopped. Nothing is refused, and the next run continues.")
    processes.end_all()
    os._exit(1)
