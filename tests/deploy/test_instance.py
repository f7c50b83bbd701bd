"""Dagster's instance as it is deployed: what its files say, runs that are retried, services that begin at once."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.test_utils import create_run_for_test

from ingestion.settings import CONFIG_VARIABLE
from orchestration import lost_runs
from orchestration.cli.runner import dagster_instance
from orchestration.dagster_home import DATABASE_VARIABLE
from tests.database import Database
from tests.drops import conversation, write_batch, write_config
from tests.end_to_end.command import CAUSERIE, PUBLISHED

DEPLOY = Path(__file__).parents[2] / "deploy"
STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE


def instance_of(name: str) -> dict[str, object]:
    found = yaml.safe_load((DEPLOY / name).read_text())
    assert isinstance(found, dict)
    return found


def prepared(config: Path, *command: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.dagster_home", config, *command],
        env={name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"} | variables,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_instances_differ_in_their_storage_alone() -> None:
    storage = {"postgres": {"postgres_url": {"env": DATABASE_VARIABLE}}}
    assert instance_of("dagster-postgres.yaml") == {"storage": storage, **instance_of("dagster.yaml")}


def test_a_run_whose_process_died_is_retried_and_one_that_ended_by_itself_is_not(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=instance_of("dagster.yaml")) as instance:
        assert not instance.telemetry_enabled
        listening, gone = tmp_path / "listening", tmp_path / "gone"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(listening))
            server.listen()
            places = [{"socket": str(gone)}, {"socket": str(listening)}, {"host": "localhost", "port": 4000}]
            lost, working, elsewhere = (
                create_run_for_test(
                    instance, status=STARTED, tags={".dagster/grpc_info": json.dumps(place), "dagster/max_retries": "1"}
                )
                for place in places
            )
            assert lost_runs.report(instance) == [lost.run_id]
        instance.report_run_failed(elsewhere, "", JobFailureData(None, failure_reason=RunFailureReason.STEP_FAILURE))
        found = {run.run_id: (run.status, run.tags.get("dagster/will_retry")) for run in instance.get_runs()}
    assert found == {
        lost.run_id: (FAILURE, "true"),
        working.run_id: (STARTED, None),
        elsewhere.run_id: (FAILURE, "false"),
    }


@pytest.mark.systems
def test_a_service_waits_while_another_makes_the_history(tmp_path: Path) -> None:
    """Two that make its tables at once leave it broken: it has two revisions then, and cannot be opened again."""
    config, history = write_config(tmp_path), tmp_path / "var" / "dagster"
    history.mkdir(parents=True)
    with (history / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        service = prepared(config)
        time.sleep(3)
        assert [path.name for path in history.iterdir()] == ["lock"]
    assert service.communicate()[0].strip() == str(history)
    assert service.returncode == 0
    assert (history / "history" / "runs.db").exists()


@pytest.mark.systems
def test_the_example_of_a_workspace_loads(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace.yaml"
    text = (DEPLOY / "workspace.yaml").read_text()
    assert "executable_path: /opt/causerie/.venv/bin/python\n" in text
    workspace.write_text(text.replace("/opt/causerie/.venv/bin/python", sys.executable))
    dagster = Path(sys.executable).with_name("dagster")
    done = subprocess.run(
        [dagster, "definitions", "validate", "--workspace", workspace],
        env={**os.environ, CONFIG_VARIABLE: str(write_config(tmp_path)), "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Validation successful for code location causerie" in done.stdout + done.stderr


@pytest.mark.systems
def test_runs_are_recorded_in_postgresql(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("dagster_postgres", reason="the extra `postgres` is not installed")
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()]})
    config, home = write_config(tmp_path), tmp_path / "var" / "dagster"
    monkeypatch.setenv(DATABASE_VARIABLE, database.url)
    assert prepared(config, "dagster", "instance", "migrate").wait() == 0
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    run = subprocess.run([CAUSERIE, "run", "--config", config], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (PUBLISHED, ""), run.stdout
    with dagster_instance() as instance:
        (recorded,) = instance.get_runs()
        assert recorded.is_success
        assert instance.all_logs(recorded.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert not list(home.rglob("*.db")), "some of the history is in SQLite"

    database.stop()
    assert dagster_instance().is_ephemeral
    said = capsys.readouterr().err
    assert "DAGSTER_HOME: this run is not recorded: " in said
    assert database.password not in said
