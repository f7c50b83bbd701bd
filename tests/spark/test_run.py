"""`causerie` with Spark as its engine, as people run it: checked, published, equal to the plain computation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_data import write_demo
from orchestration.home import Home
from orchestration.releases import catalog
from tests import oracle
from tests.comparison import KEYS, differences, read_marts
from tests.end_to_end.command import PUBLISHED, REFUSED, causerie
from tests.spark.homes import engine

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A demo that is computed by Spark."""
    made = write_demo(tmp_path_factory.mktemp("spark") / "demo", conversations=150, days=40, seed=7).config
    made.write_text(made.read_text() + engine() + 'storage = "engine storage"\n')
    yield made


def test_the_engine_is_checked(config: Path) -> None:
    done = causerie("check-engine", "--config", config)
    assert done.returncode == PUBLISHED, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[:-1]] == ["ok"] * 6
    assert "Spark 4." in done.stdout and "UTC" in done.stdout


def test_a_run_is_published(config: Path) -> None:
    done = causerie("run", "--config", config)
    assert done.returncode == PUBLISHED, done.stdout + done.stderr
    assert "dbt tests passed" in done.stdout
    expected, found = oracle.compute(config), read_marts(config.parent / "var" / "releases" / "current.duckdb")
    assert [line for mart in KEYS for line in differences(mart, expected[mart], found[mart])] == []
    assert not list((config.parent / "var" / "builds").glob("*/spill/*")), "nothing is left of its work"


def test_reports_of_it_answer(config: Path) -> None:
    done = causerie("report", "overview", "--config", config, "--grain", "month", "--format", "json")
    assert done.returncode == PUBLISHED, done.stderr
    expected = sum(row["conversations"] for row in oracle.compute(config)["overview"] if row["grain"] == "month")
    assert sum(row["conversations"] for row in json.loads(done.stdout)) == expected > 0


def test_nothing_is_new(config: Path) -> None:
    done = causerie("run", "--config", config)
    assert done.returncode == PUBLISHED and "Nothing new" in done.stdout


def test_an_engine_that_cannot_work_leaves_the_release(config: Path) -> None:
    before = catalog.current(Home(config.parent / "var"))
    good = config.read_text()
    config.write_text(good.replace(engine(), engine({"spark.driver.memory": "1m"})))
    done = causerie("run", "--config", config)
    assert done.returncode == REFUSED and "Spark: " in done.stdout
    assert catalog.current(Home(config.parent / "var")) == before
    done = causerie("check-engine", "--config", config)
    assert done.returncode == REFUSED and "missing  session" in done.stdout
    config.write_text(good)
