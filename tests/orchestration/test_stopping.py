"""A run that Dagster cannot stop, because its interrupt gets lost: it ends all the same, and says so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from ingestion.settings import load_settings
from orchestration.home import Home
from orchestration.run_record import read_record
from tests.drops import write_config

pytestmark = pytest.mark.systems

STUCK = """
import sys, time
from pathlib import Path

import dagster as dg

from ingestion.settings import load_settings
from orchestration.defs.steps import step
from orchestration.home import Home
from orchestration.progress import Reporter

settings = load_settings(Path(sys.argv[1]))
reporter = Reporter(Home(settings.home))


@dg.asset
def stuck(context: dg.AssetExecutionContext):
    with step(settings, context, reporter, "ingest"):
        print("at work", flush=True)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                time.sleep(0.1)
            except BaseException:  # as a statement that swallows the interrupt
                pass


with dg.DagsterInstance.get() as instance:
    dg.materialize([stuck], instance=instance)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_within_two_seconds_and_is_canceled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    config = write_config(tmp_path)
    (tmp_path / "history").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "history"))
    command = [sys.executable, "-c", STUCK, str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        os.kill(process.pid, number)
        began = time.monotonic()
        process.wait(10)
        assert time.monotonic() - began < 3, "two seconds, on a busy machine"
    record = read_record(Home(load_settings(config).home).record)
    assert record is not None
    assert (record.outcome, record.step, record.refusals) == ("stopped", "ingest", [])
    with dg.DagsterInstance.get() as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.CANCELED]
