"""A release of the demo, whose figures the metrics must give."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from demo_data import write_demo
from ingestion.settings import load_settings
from orchestration.home import Home
from tests.published import publish


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    config = write_demo(tmp_path_factory.mktemp("superset") / "demo", conversations=600, days=120, seed=5).config
    publish(config)
    file = Home(load_settings(config).home).current_file
    with duckdb.connect(str(file), read_only=True, config={"enable_external_access": "false"}) as connection:
        yield connection
