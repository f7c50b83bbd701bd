"""A run in a hostile environment makes the same release; a build that read nothing is refused for that."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from demo_data import write_demo
from expectations.contents import contents
from ingestion.builds.names import CANDIDATE
from ingestion.settings import load_settings
from orchestration import processes
from orchestration.cli.runner import run_job
from orchestration.home import Home, unlock
from tests.drops import conversation, message, write_batch, write_config
from tests.end_to_end.command import CAUSERIE, PUBLISHED, REFUSED
from tests.warehouse import build_marts

OF_OTHERS = {
    "DBT_EMPTY": "1",
    "DBT_TARGET": "prod",
    "DBT_PROFILE": "other",
    "DBT_WARN_ERROR": "true",
    "DBT_DEFER": "true",
    "DAGSTER_HOME": "relative/home",
    "DAGSTER_DBT_PROJECT_DIR": "/elsewhere",
    "CAUSERIE_BUILD_FILE": "/elsewhere/warehouse.duckdb",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONTZPATH": "/elsewhere",
    "PYTHONHASHSEED": "7",
    "PANDAS_FUTURE_INFER_STRING": "0",
    "GX_CLOUD_MODE": "true",
    "LC_ALL": "tr_TR.ISO-8859-9",
    "LANG": "tr_TR",
    "TZ": "Asia/Kathmandu",
}


@pytest.mark.slow
def test_the_users_environment_changes_no_release(tmp_path: Path) -> None:
    config = write_demo(tmp_path / "demo", conversations=60, days=20, seed=5).config
    current = config.parent / "var" / "releases" / "current" / "causerie.duckdb"
    foreign = tmp_path / "foreign"
    (foreign / ".dbt").mkdir(parents=True)
    (foreign / ".dbt" / "profiles.yml").write_text(
        "config: {warn_error: true}\ncauserie: {target: none, outputs: {}}\n"
    )
    (foreign / ".env").write_text("DBT_EMPTY=1\n")
    (foreign / ".duckdbrc").write_text("set TimeZone = 'Asia/Kathmandu';\n")
    for name in ("json", "duckdb", "expectations"):
        (foreign / f"{name}.py").write_text("raise SystemExit('not ours')\n")
    run = subprocess.run(
        [CAUSERIE, "run", "--config", config],
        env={**os.environ, **OF_OTHERS, "HOME": str(foreign), "PYTHONPATH": str(foreign)},
        cwd=foreign,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == PUBLISHED, run.stdout + run.stderr
    build_marts(config)
    assert figures(current) == figures(load_settings(config).home / "tests" / CANDIDATE)


def figures(file: Path) -> dict[str, list[str]]:
    """What a file holds; of tables whose keys follow the order of work, how many rows."""
    return {name: found[:1] if name.startswith("reporting.") else found for name, found in contents(file).items()}


@pytest.mark.slow
def test_a_build_that_read_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of dbt's tests hold on no rows: what was ingested is checked beside them."""
    monkeypatch.setattr(processes, "KEPT", [*processes.KEPT, "DBT_EMPTY"])
    monkeypatch.setenv("DBT_EMPTY", "1")
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": [message()]})
    settings = load_settings(write_config(tmp_path))
    status = run_job(settings, time.monotonic())
    unlock(Home(settings.home))
    printed = capsys.readouterr().out
    assert status == REFUSED
    assert "accounting: The build read each row that was ingested, once. (read_off must be 0)" in printed
    assert "acme_export messages: read_off 1" in " ".join(printed.split())
    assert not Home(settings.home).current.exists()
