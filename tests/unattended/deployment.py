"""A real Dagster on this machine: webserver, daemon and two homes beside definitions of somebody else.

Here: starting it, and asking it over GraphQL. Not here: what is expected of it (``test_unattended``).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from orchestration.home import Home

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LOCATION = '''
"""Two homes of causerie in a deployment of somebody, who has an asset and an executor of the same names."""

from pathlib import Path

import dagster as dg

from ingestion.settings import load_settings
from orchestration.assembly import build_defs


@dg.asset
def release() -> None:
    pass


here = Path(__file__).parent
defs = dg.Definitions.merge(
    dg.Definitions([release], executor=dg.multiprocess_executor, resources={"reporter": 1}),
    build_defs(load_settings(here / "one" / "causerie.toml"), key_prefix=["one"], group_prefix="one_"),
    build_defs(load_settings(here / "two" / "causerie.toml"), key_prefix=["two"], group_prefix="two_"),
)
'''
INSTANCE = """
telemetry:
  enabled: false
nux:
  enabled: false
run_retries:
  enabled: true
  retry_on_asset_or_op_failure: false
run_monitoring:
  enabled: true
  poll_interval_seconds: 5
"""
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


@dataclass
class Deployment:
    """``folder`` holds the homes ``one`` and ``two``, and the definitions."""

    folder: Path
    url: str

    def ask(self, query: str, **variables: Any) -> Any:
        answer = httpx.post(f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=60)
        found = answer.json()
        assert "errors" not in found, found
        return found["data"]

    def runs(self, job: str = "one_causerie") -> list[dict[str, Any]]:
        """The runs of a job, the oldest first: id, status, tags."""
        query = """query($job: String!) { runsOrError(filter: {pipelineName: $job}) { ... on Runs { results {
            runId status startTime endTime rootRunId tags { key value } } } } }"""
        return list(reversed(self.ask(query, job=job)["runsOrError"]["results"]))

    def ended(self, job: str = "one_causerie") -> list[str]:
        """The statuses of the runs of a job that have ended, the oldest first."""
        return [run["status"] for run in self.runs(job) if run["status"] in ENDED]

    def launch(self, job: str, config: dict[str, Any] | None = None) -> str:
        query = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
            ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
            ... on RunConfigValidationInvalid { errors { message } } } }"""
        selector = {**self._location(), "jobName": job}
        found = self.ask(query, params={"selector": selector, "mode": "default", "runConfigData": config or {}})
        assert found["launchRun"]["__typename"] == "LaunchRunSuccess", found
        return str(found["launchRun"]["run"]["runId"])

    def reexecute(self, run_id: str, strategy: str) -> str:
        query = """mutation($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
            __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
        found = self.ask(query, params={"parentRunId": run_id, "strategy": strategy})["launchRunReexecution"]
        assert found["__typename"] == "LaunchRunSuccess", found
        return str(found["run"]["runId"])

    def terminate(self, run_id: str) -> None:
        query = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
        assert self.ask(query, id=run_id)["terminateRun"]["__typename"] == "TerminateRunSuccess"

    def status(self, run_id: str) -> str:
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
        return str(self.ask(query, id=run_id)["runOrError"]["status"])

    def ticks(self, sensor: str = "one_watch") -> list[dict[str, Any]]:
        """The last ticks of a sensor, the oldest first: status, reason to skip, runs launched."""
        query = """query($s: SensorSelector!) { sensorOrError(sensorSelector: $s) { ... on Sensor { sensorState {
            status ticks(limit: 200) { tickId status skipReason runIds timestamp error { message } } } } } }"""
        found = self.ask(query, s={**self._location(), "sensorName": sensor})["sensorOrError"]
        return list(reversed(found["sensorState"]["ticks"]))

    def checks(self, *path: str) -> dict[str, dict[str, Any]]:
        """The latest evaluation of each check of an asset: status, words and metadata."""
        query = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
            assetChecksOrError { ... on AssetChecks { checks { name executionForLatestMaterialization { status runId
            evaluation { severity description metadataEntries { label ... on IntMetadataEntry { intValue }
            ... on TableMetadataEntry { table { records } } } } } } } } } } }"""
        checks = self.ask(query, key={"path": list(path)})["assetNodeOrError"]["assetChecksOrError"]["checks"]
        return {
            check["name"]: {"status": "NONE", **(check["executionForLatestMaterialization"] or {})} for check in checks
        }

    def _location(self) -> dict[str, str]:
        return {"repositoryLocationName": "definitions.py", "repositoryName": "__repository__"}


@contextmanager
def deployed(folder: Path, location: str = LOCATION) -> Iterator[Deployment]:
    """A Dagster that serves the definitions of a folder until the end of the block."""
    history = folder / "history"
    history.mkdir()
    (history / "dagster.yaml").write_text(INSTANCE)
    (folder / "definitions.py").write_text(location)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DAGSTER_HOME": str(history), "PYTHONPATH": str(ROOT)}
    options = ["-f", str(folder / "definitions.py")]
    commands = {
        "webserver": [str(BIN / "dagster-webserver"), "-h", "127.0.0.1", "-p", str(port), *options],
        "daemon": [str(BIN / "dagster-daemon"), "run", *options],
    }
    started = []
    deployment = Deployment(folder, f"http://127.0.0.1:{port}")
    try:
        for name, command in commands.items():
            with (folder / f"{name}.log").open("w") as log:
                started.append(
                    subprocess.Popen(
                        command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
                    )
                )
            until(lambda: _answers(deployment.url), 120)  # two that make the tables of a new history disturb each other
        yield deployment
    finally:
        for process in started:
            process.terminate()
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/server_info", timeout=5).status_code == 200
    return False


def until(is_so: Callable[[], Any], seconds: float = 150) -> Any:
    """Wait until something is so; what it gives then."""
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end, f"it did not come about within {seconds} s"
        time.sleep(0.3)
    return found


def worker_of(home: Home) -> int:
    """The process that works in a home."""
    return int((home.path / "lock").read_text().split()[-1])
