"""The files that an update begins with are copied while batches are taken in: used where it is one, else gone."""

from __future__ import annotations

import errno
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from ingestion.builds import build_file
from ingestion.settings import Settings, load_settings
from orchestration.dbt import process as dbt_process
from orchestration.dbt.plan import read_plan
from orchestration.defs.raw import raw_assets
from orchestration.home import Build, Home, unlock
from orchestration.progress import Reporter
from orchestration.releases import catalog
from orchestration.releases.publication import publish
from tests.drops import conversation, message, write_batch
from tests.orchestration.conftest import MakeBuild

NOW = datetime(2026, 1, 6, tzinfo=UTC)


@pytest.fixture
def published(home: Home, make_build: MakeBuild, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A published build of twenty conversations."""
    monkeypatch.setattr(dbt_process, "load_ahead", lambda _: None)
    build = make_build("b1", conversations=20)
    plan = read_plan(build.plan)
    assert plan is not None
    publish(home, build, plan.fingerprint, NOW)
    return build


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The build files whose copying was begun."""
    begun = []

    class Watched(build_file.CopyAhead):
        def __init__(self, carried_over: build_file.CarriedOver, path: Path) -> None:
            begun.append(path)
            super().__init__(carried_over, path)

    monkeypatch.setattr("orchestration.defs.raw.CopyAhead", Watched)
    return begun


def take_in(folder: Path) -> dg.ExecuteInProcessResult:
    settings: Settings = load_settings(folder / "causerie.toml")
    home = Home(settings.home)
    try:
        return dg.materialize(
            [raw_assets(settings)],
            resources={"reporter": dg.ResourceDefinition.hardcoded_resource(Reporter(home))},
            raise_on_error=False,
        )
    finally:
        unlock(home)


def tables_of(file: Path) -> set[str]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}


def deliver(folder: Path, batch: str, *, rows: int = 1, **values: Any) -> None:
    news = [message(f"{batch}-{number}", **values) for number in range(rows)]
    write_batch(folder / "drop" / batch, {"messages": news, "conversations": [conversation("c1")]})


def test_an_update_begins_with_the_copies(home: Home, published: Build, tmp_path: Path, begun: list[Path]) -> None:
    deliver(tmp_path, "b2")
    assert take_in(tmp_path).success
    (database,) = begun
    build = home.last_build()
    assert build.database.resolve() == database.resolve()
    assert "carried_over" in tables_of(database)
    assert "details" in tables_of(database.with_name("candidate.duckdb"))
    assert "release" not in tables_of(database.with_name("candidate.duckdb"))


def test_a_refused_batch_leaves_no_copies(home: Home, published: Build, tmp_path: Path, begun: list[Path]) -> None:
    deliver(tmp_path, "b2", rows=30, direction="sideways")
    take_in(tmp_path)
    assert len(begun) == 1
    assert not begun[0].parent.exists()
    assert {build.id for build in home.builds()} == {published.id}


def test_a_run_that_comes_to_no_update_does_not_end_before_the_copying(
    home: Home, published: Build, tmp_path: Path, begun: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that copies into a folder after it was removed would fail, or leave half a file behind."""
    ended, copy = [], build_file._copy

    def slowly(carried_over: build_file.CarriedOver, path: Path) -> None:
        time.sleep(1.5)
        copy(carried_over, path)
        ended.append(path)

    monkeypatch.setattr(build_file, "_copy", slowly)
    deliver(tmp_path, "b2", rows=30, direction="sideways")
    take_in(tmp_path)
    assert ended == begun
    assert not begun[0].parent.exists()


def test_a_full_build_begins_with_nothing(home: Home, published: Build, tmp_path: Path, begun: list[Path]) -> None:
    deliver(tmp_path, "b2", rows=100)
    assert take_in(tmp_path).success
    assert len(begun) == 1
    assert "carried_over" not in tables_of(begun[0])
    assert not begun[0].with_name("candidate.duckdb").exists()


def test_a_copy_that_fails_fails_the_run_and_nothing_else(
    home: Home, published: Build, tmp_path: Path, begun: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    deliver(tmp_path, "b2")
    before = catalog.current(home)
    with monkeypatch.context() as patch:
        patch.setattr(build_file, "copy_file", full)
        assert not take_in(tmp_path).success
    assert catalog.current(home) == before
    assert take_in(tmp_path).success
    assert {build.id for build in home.builds()} == {published.id, home.last_build().id}
    assert "carried_over" in tables_of(home.last_build().database)
