"""One whole job without what is borrowed from other libraries (docs/upgrading.md): the same marts as with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from demo_data import write_demo
from ingestion.settings import load_settings
from orchestration.home import Home
from tests.comparison import KEYS, differences, read_marts
from tests.end_to_end.command import CAUSERIE


@pytest.mark.slow
def test_a_plain_job_gives_the_same_marts(tmp_path: Path) -> None:
    config = write_demo(tmp_path / "demo", conversations=200, days=20, seed=2).config
    found = []
    for plain in ("1", "0"):
        command = [CAUSERIE, "run", "--full-refresh", "--config", config]
        environment = {**os.environ, "CAUSERIE_PLAIN": plain}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        loads_ahead = (Home(load_settings(config).home).dbt / "loaded").is_dir()
        assert loads_ahead is (plain == "0")
        found.append(read_marts(config.parent / "var" / "releases" / "current" / "causerie.duckdb"))
    for mart in KEYS:
        assert differences(mart, *(marts[mart] for marts in found)) == []
