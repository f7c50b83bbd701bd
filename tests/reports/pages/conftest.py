"""A small published release of the demo, made once, without dbt and Great Expectations."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from demo_data import write_demo
from expectations.marts import MARTS
from ingestion.builds.names import CANDIDATE
from ingestion.settings import load_settings
from tests.reports.pages.documentation import comments
from tests.warehouse import build_marts

RELEASE = """
    create table release as select
        $id as release_id, timestamptz '2026-11-01 03:00:00+00' as published_at,
        timestamptz '2026-11-01 02:00:00+00' as data_through, 0::bigint as overview_rows, 0::bigint as by_agent_rows,
        0::bigint as by_tag_rows, 0::bigint as details_rows, 7::bigint as rows_quarantined,
        2::bigint as rows_quarantined_open, 26::bigint as expectations_evaluated, 1::bigint as expectations_warned,
        '0.1.0' as software_version
"""


@pytest.fixture(scope="session")
def link(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The link to the current release. Tests that change it use ``own_link``."""
    folder = tmp_path_factory.mktemp("pages")
    summary = write_demo(folder / "demo", conversations=300, days=60, seed=3)
    build_marts(summary.config)
    candidate = load_settings(summary.config).home / "tests" / CANDIDATE
    release = folder / "first.duckdb"
    shutil.copy(candidate, release)
    with duckdb.connect(str(release)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(RELEASE, {"id": "first"})
        for mart in MARTS:
            for column, comment in comments(mart).items():
                connection.execute(f"comment on column {mart}.{column} is '{comment.replace(chr(39), chr(39) * 2)}'")
    return _linked(folder, release)


@pytest.fixture
def own_link(link: Path, tmp_path: Path) -> Path:
    """A link of the test's own, to the same release."""
    return _linked(tmp_path, link.resolve())


def _linked(folder: Path, release: Path) -> Path:
    current = folder / "current.duckdb"
    current.symlink_to(release)
    return current
