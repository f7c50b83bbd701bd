"""A small published release of the demo, made once, without dbt and Great Expectations; its pages, asked directly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from demo_data import write_demo
from expectations.marts import MARTS
from ingestion.builds.names import CANDIDATE
from ingestion.settings import load_settings
from reports.pages.app import make_app
from tests.reports.pages.asking import Pages
from tests.reports.pages.documentation import comments
from tests.warehouse import build_marts

RELEASE = """
    create table release as select
        $id as release_id, timestamptz '2026-11-01 03:00:00+00' as published_at,
        timestamptz '2026-11-01 02:00:00+00' as data_through, 7::bigint as rows_quarantined,
        2::bigint as rows_quarantined_open, 26::bigint as expectations_evaluated, 1::bigint as expectations_warned,
        '0.1.0' as software_version
"""
WARNING = "freshness: Each source delivered recently. (hours_late must be at most 0) Found: boulangerie: hours_late 5"


@pytest.fixture(scope="session")
def link(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The link to the current release. Tests that change it use ``own_link``."""
    folder = tmp_path_factory.mktemp("pages")
    return released(write_demo(folder / "demo", conversations=300, days=60, seed=3).config, folder)


def released(config: Path, folder: Path) -> Path:
    """Publish what a configuration describes, without a run; the link to it."""
    build_marts(config)
    candidate = load_settings(config).home / "tests" / CANDIDATE
    release = folder / "releases" / "first" / "causerie.duckdb"
    release.parent.mkdir(parents=True)
    shutil.copy(candidate, release)
    (release.parent / "release.json").write_text(json.dumps({"warnings": [WARNING]}), encoding="utf-8")
    with duckdb.connect(str(release)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(RELEASE, {"id": "first"})
        for mart in MARTS:
            for column, comment in comments(mart).items():
                connection.execute(f"comment on column {mart}.{column} is '{comment.replace(chr(39), chr(39) * 2)}'")
    return _linked(folder, release)


@pytest.fixture
def own_link(link: Path, tmp_path: Path) -> Path:
    """A link of the test's own, to a copy of the same release."""
    shutil.copytree(link.resolve().parent, tmp_path / "releases" / "first")
    return _linked(tmp_path, tmp_path / "releases" / "first" / "causerie.duckdb")


def _linked(folder: Path, release: Path) -> Path:
    current = folder / "current.duckdb"
    current.symlink_to(release)
    return current


@pytest.fixture(scope="session")
def pages(link: Path) -> Pages:
    """The pages of the release."""
    return Pages(make_app(link))


@pytest.fixture
def publish(own_link: Path, tmp_path: Path) -> Callable[..., None]:
    """Publish another release: a copy of the first with something else in it."""

    def published(release_id: str, *statements: str) -> None:
        folder = tmp_path / "releases" / release_id
        shutil.copytree(tmp_path / "releases" / "first", folder)
        with duckdb.connect(str(folder / "causerie.duckdb")) as connection:
            connection.execute("update release set release_id = $1", [release_id])
            for statement in statements:
                connection.execute(statement)
        own_link.unlink()
        own_link.symlink_to(folder / "causerie.duckdb")

    return published
