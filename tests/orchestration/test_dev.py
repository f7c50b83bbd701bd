"""`make dev`: Dagster's web interface tells nobody of it, and what it keeps is its user's alone, in the home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from ingestion.settings import load_settings
from tests.drops import write_config

ROOT = Path(__file__).parents[2]
STUBS = {
    "python": f'exec {sys.executable} "$@"',
    "dagster": 'umask\necho "$@"\n'
    'echo "upload off: $DAGSTER_DISABLE_TELEMETRY; dbt: $DBT_SEND_ANONYMOUS_USAGE_STATS"\n'
    'echo "home: $DAGSTER_HOME; config: $CAUSERIE_CONFIG"',
}


def make_dev(folder: Path, *variables: str) -> list[str]:
    """Run the verb with a command `dagster` that tells how it was called."""
    for name, content in STUBS.items():
        stub = folder / "bin" / name
        stub.parent.mkdir(exist_ok=True)
        stub.write_text(f"#!/bin/sh\n{content}\n")
        stub.chmod(0o755)
    command = ["make", "--silent", "-o", ".venv/ready", "dev", f"BIN={folder / 'bin'}", *variables]
    env = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, umask=0)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_telemetry_is_off_and_the_history_of_runs_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path)
    home = load_settings(config).home / "dagster"
    assert make_dev(tmp_path, f"CONFIG={config}", "PORT=3101") == [
        "0077",
        "dev --port 3101 -m orchestration.definitions",
        "upload off: 1; dbt: false",
        f"home: {home}; config: {config}",
    ]
    assert home.stat().st_mode & 0o077 == 0
    assert home.parent.stat().st_mode & 0o777 == 0o755  # releases are beside it
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled


def test_a_configuration_of_ones_own_stays(tmp_path: Path) -> None:
    mine = "telemetry:\n  enabled: false\nrun_monitoring:\n  enabled: true\n"
    history = tmp_path / "with blanks"
    history.mkdir()
    (history / "dagster.yaml").write_text(mine)
    config = write_config(tmp_path)
    assert f"home: {history}; config: {config}" in make_dev(tmp_path, f"CONFIG={config}", f"DAGSTER_HOME={history}")
    assert (history / "dagster.yaml").read_text() == mine


def test_a_wrong_configuration_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orchestration.dagster_home", tmp_path / "none.toml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no such configuration file" in done.stderr
