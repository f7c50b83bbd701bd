"""`make dev`: Dagster's web interface tells nobody of it, and what it keeps is its user's alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import dagster as dg
import pytest

ROOT = Path(__file__).parents[2]
DAGSTER = """#!/bin/sh
umask
echo "upload off: $DAGSTER_DISABLE_TELEMETRY; dbt: $DBT_SEND_ANONYMOUS_USAGE_STATS; home: $DAGSTER_HOME"
"""


def make_dev(folder: Path, home: Path) -> str:
    """Run the verb with a command `dagster` that tells how it was called."""
    (folder / "bin").mkdir(exist_ok=True)
    command = folder / "bin" / "dagster"
    command.write_text(DAGSTER)
    command.chmod(0o755)
    command = ["make", "--silent", "-o", ".venv/ready", "dev", f"BIN={folder / 'bin'}", f"DAGSTER_HOME={home}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, umask=0).stdout


def test_telemetry_is_off_and_the_history_of_runs_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "with blanks" / "history"
    assert make_dev(tmp_path, home).splitlines() == ["0077", f"upload off: 1; dbt: false; home: {home}"]
    assert home.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled


def test_a_configuration_of_ones_own_stays(tmp_path: Path) -> None:
    mine = "telemetry:\n  enabled: false\nrun_monitoring:\n  enabled: true\n"
    (tmp_path / "dagster.yaml").write_text(mine)
    assert "upload off: 1" in make_dev(tmp_path, tmp_path)
    assert (tmp_path / "dagster.yaml").read_text() == mine
