"""A run that Dagster cannot stop, because its interrupt gets lost: it ends all the same, and says so."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest

from ingestion.settings import load_settings
from orchestration.home import Home
from orchestration.progress import Reporter
from orchestration.run_record import read_record
from tests.drops import write_config

pytestmark = pytest.mark.systems

STUCK = """
import signal, sys, time
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
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # the interrupt is lost, as in a statement that swallows it
        print("at work", flush=True)
        time.sleep(30)


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


def record_of(home: Home, error: Exception, refusals: list[str]) -> tuple[str, list[str]]:
    """What is recorded of a step that ends with an error, and of a stop that is heard only then."""
    home.record.parent.mkdir(parents=True, exist_ok=True)
    reporter = Reporter(home)
    with suppress(Exception), reporter.step("dbt build", "a run"):
        reporter.build_failures = refusals
        raise error
    reporter.stopped()
    record = read_record(home.record)
    assert record is not None
    return record.outcome, record.refusals


def test_a_library_that_is_interrupted_before_the_stop_is_heard_refuses_nothing(tmp_path: Path) -> None:
    """SQLite, in which Dagster keeps its history, answers a signal with an error of its own."""
    assert record_of(Home(tmp_path), sqlite3.OperationalError("interrupted"), []) == ("stopped", [])


def test_a_refusal_stays_one_though_the_run_is_stopped_after_it(tmp_path: Path) -> None:
    assert record_of(Home(tmp_path), RuntimeError("refused"), ["dbt: a test"]) == ("refused", ["dbt: a test"])
