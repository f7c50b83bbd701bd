"""The ten questions of docs/queries.md have the same answers in PostgreSQL as in the file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo_data import write_demo
from ingestion.settings import load_settings
from orchestration.home import Home
from orchestration.postgres.target import make_right
from tests.postgres.conftest import Place, a_target
from tests.published import publish
from tests.reports.test_documented_queries import QUERIES

pytestmark = pytest.mark.postgres


def plain(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Sums are decimals in one engine and whole numbers in the other."""
    return [tuple(float(value) if isinstance(value, Decimal | int) else value for value in row) for row in rows]


def test_each_question_has_the_same_answer(tmp_path: Path, place: Place) -> None:
    config = write_demo(tmp_path / "demo", conversations=900, days=150, seed=11).config
    publish(config)
    settings = load_settings(config)
    make_right(settings, a_target(), lambda _: None)
    with duckdb.connect(str(Home(settings.home).current_file), read_only=True) as release, place.connect() as server:
        release.execute("set TimeZone = 'UTC'")
        server.execute("set timezone = 'UTC'")
        server.execute("set search_path = causerie")
        for question, query in QUERIES.items():
            expected = plain(release.execute(query).fetchall())
            assert expected, question
            assert plain(server.execute(query).fetchall()) == expected, question
    assert len(QUERIES) == 10
