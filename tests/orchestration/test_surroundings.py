"""The user's environment: which variables reach a command and the processes that it starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import processes
from orchestration.cli.runner import dagster_instance

ASKED = "import json, os, sys; print(json.dumps([dict(os.environ), sys.flags.optimize, sys.flags.utf8_mode, sys.path]))"
FOREIGN = {
    "DBT_EMPTY": "1",
    "DBT_ENGINE_SAMPLE": "1 day",
    "DAGSTER_GRPC_TIMEOUT_SECONDS": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONPATH": "/elsewhere",
    "PYTHONTZPATH": "/elsewhere",
    "PYTHONHASHSEED": "7",
    "PYTHONWARNINGS": "ignore",
    "GX_CLOUD_MODE": "true",
    "UVICORN_PORT": "1",
    "PANDAS_FUTURE_INFER_STRING": "0",
}
MEANT = {"DAGSTER_HOME": "/var/dagster", "HTTPS_PROXY": "http://proxy.example", "ACME_TOKEN": "secret"}


def test_a_command_begins_again_without_variables_that_others_tools_read() -> None:
    settled = f"from orchestration import start; start.settle(); {ASKED}"
    done = subprocess.run(
        [sys.executable, "-c", settled], env={**FOREIGN, **MEANT, "LC_ALL": "C"}, capture_output=True, check=True
    )
    seen, optimized, _, path = json.loads(done.stdout)
    assert not FOREIGN.keys() & seen.keys()
    assert seen.items() >= MEANT.items()
    assert optimized == 0
    assert "/elsewhere" not in path


def test_a_command_speaks_utf8_in_every_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    latin = "import sys; sys.getfilesystemencoding = lambda: 'iso8859-9' if not sys.flags.utf8_mode else 'utf-8'"
    settled = f"{latin}; from orchestration import start; start.settle(); {ASKED}"
    done = subprocess.run([sys.executable, "-c", settled], env={}, capture_output=True, check=True)
    assert json.loads(done.stdout)[2] == 1


def test_what_a_run_starts_sees_what_it_needs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**FOREIGN, **MEANT, "CAUSERIE_BUILD_FILE": "/elsewhere", "TZ": "Asia/Kathmandu"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", "/home/somebody")
    process = processes.start([sys.executable, "-c", ASKED], {"DBT_OURS": "1"}, stdout=subprocess.PIPE)
    seen = json.loads(process.communicate()[0])[0]
    assert seen.keys() <= {*processes.KEPT, "LC_ALL", "TZ", "DBT_OURS"}
    assert (seen["HOME"], seen["TZ"], seen["DBT_OURS"]) == ("/home/somebody", "UTC", "1")


def test_what_a_run_started_ends_with_it() -> None:
    process = processes.start([sys.executable, "-c", "import time; time.sleep(60)"])
    processes.end_all()
    assert process.wait(5) != 0


@pytest.mark.parametrize("wrong", ["relative/home", "/nowhere/at/all", "not yaml"])
def test_a_wrong_dagster_home_costs_a_run_its_record_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    """That a run is published all the same is seen end to end, in a hostile environment."""
    if wrong == "not yaml":
        (tmp_path / "dagster").mkdir()
        (tmp_path / "dagster" / "dagster.yaml").write_text("run_storage: {module: nowhere, class: Nothing, config: {}}")
        wrong = str(tmp_path / "dagster")
    monkeypatch.setenv("DAGSTER_HOME", wrong)
    assert dagster_instance().is_ephemeral
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("DAGSTER_HOME: this run is not recorded: ")
    assert line.endswith("; name an existing folder by its absolute path, or unset DAGSTER_HOME")
