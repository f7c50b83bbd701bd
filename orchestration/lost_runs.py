"""Runs that Dagster takes for running although the machine went down with them.

    python -m orchestration.lost_runs

reports them as failed to the instance that ``DAGSTER_HOME`` names, before its daemon begins: then the queue goes on,
and they are retried if the instance says so. Dagster's own monitoring asks nothing of processes on its machine. Here:
that. Not here: runs whose code server lives, which reports them itself.
"""

from __future__ import annotations

import json
import socket

import dagster as dg

_SERVER_TAG = ".dagster/grpc_info"
"""Dagster's tag of a launched run: where its code server listens; at a socket if a daemon started it."""


def report(instance: dg.DagsterInstance) -> list[str]:
    """Report the lost runs as failed; their ids."""
    runs = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    lost = [run for run in runs if _is_lost(run)]
    for run in lost:
        instance.report_run_failed(run, "The process of this run is gone: its machine or service stopped at once.")
    return [run.run_id for run in lost]


def _is_lost(run: dg.DagsterRun) -> bool:
    """Whether a daemon started the code server of the run, and nothing listens there any more."""
    path = json.loads(run.tags.get(_SERVER_TAG, "{}")).get("socket")
    if path is None:
        return False
    with socket.socket(socket.AF_UNIX) as server:
        return server.connect_ex(path) != 0


if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        for run_id in report(instance):
            print(f"run {run_id}: reported as failed: its process is gone")
