"""A run on Spark that dies, or whose storage does: nothing of it goes on, readers keep their release, the next run ends
as if nothing had happened.

Here: the process of the command is killed, and what it started must end by itself. Not here: DuckDB (`tests/crash`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from demo_data import write_demo
from ingestion.settings import load_settings
from orchestration.home import Home
from orchestration.spark.handover import storage_of
from tests.crash import runs
from tests.end_to_end.command import PUBLISHED, REFUSED, causerie
from tests.spark.homes import engine, unlike_duckdb

pytestmark = [pytest.mark.spark, pytest.mark.slow]


def test_the_next_run_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    config = write_demo(tmp_path / "demo", conversations=60, days=30, seed=3).config
    plain = config.read_text()
    home = Home(load_settings(config).home)
    assert causerie("run", "--config", config).returncode == PUBLISHED
    release = home.current.readlink()

    config.write_text(plain + engine() + 'storage = "causerie.toml/lake"\n')
    done = causerie("run", "--config", config)
    assert done.returncode == REFUSED and "engine.storage: " in done.stdout and "NotADirectoryError" in done.stdout
    assert home.current.readlink() == release

    config.write_text(plain + engine())
    lake = home.path / "engine"
    run = runs.killed_when(config, lambda: bool([*lake.glob("*/builds/*/tables/intermediate/int_messages/_SUCCESS")]))
    assert run.step == "dbt build"
    assert home.current.readlink() == release

    run = runs.killed_when(config, lambda: (home.last_build().folder / "skeleton" / "run_results.json").is_file())
    assert run.step == "bring back"
    assert home.current.readlink() == release

    done = causerie("run", "--config", config)
    assert done.returncode == PUBLISHED, done.stdout + done.stderr
    assert home.current.readlink() != release
    build = home.last_build()
    assert unlike_duckdb(config, build) == {}
    assert storage_of(load_settings(config)).folders("builds") == [build.id]
    assert build.id in {one.id for one in home.builds()} and len(home.builds()) <= 2
