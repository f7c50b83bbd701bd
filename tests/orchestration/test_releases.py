"""Publication: only with a verdict for exactly this build, at once and whole, and what is there stays readable."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from expectations.verdict import Finding, Verdict
from orchestration import releases
from orchestration.home import Build, BusyError, Home, lock, unlock
from tests.drops import conversation, message, write_batch, write_config
from tests.warehouse import accept, run_models

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
FAILED = Finding("totals", "e", "critical", "The agents sum up to overview.", "acme messages: by_agent_off 1")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "var")


@pytest.fixture
def make_build(home: Home, tmp_path: Path) -> Callable[..., Build]:
    """A build of a few conversations, audited unless told otherwise."""

    def make(build_id: str, conversations: int = 2, verdict: Verdict | None = None) -> Build:
        from ingestion.catalog import create_build
        from ingestion.intake import accepted_batches
        from ingestion.settings import load_settings

        config = write_config(tmp_path)
        rows = [conversation(f"c{number}") for number in range(conversations)]
        write_batch(tmp_path / "drop" / build_id, {"conversations": rows, "messages": [message()]})
        accept(config)
        settings = load_settings(config)
        build = home.build(build_id)
        build.target.mkdir(parents=True)
        create_build(build.database, settings, *accepted_batches(settings))
        run_models(build.database)
        columns = {"account_id": {"name": "account_id", "description": "The account's id."}}
        node = {"resource_type": "model", "name": "details", "description": "Conversations.", "columns": columns}
        (build.target / "manifest.json").write_text(json.dumps({"nodes": {"model.details": node}}))
        (verdict or Verdict(build_id, 5, 0, ())).write(build.verdict)
        return build

    return make


def read(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_release_is_one_documented_file_behind_a_link(home: Home, make_build: Callable[..., Build]) -> None:
    release = releases.publish(home, make_build("b1-0123456789"), "f", NOW)
    assert release.release_id == "20260203T040506Z-b1-01234"
    assert home.current.is_symlink()
    assert read(home.current, "select count(*) from details") == [(2,)]
    assert read(home.current, "select release_id, details_rows, expectations_evaluated from release") == [
        (release.release_id, 2, 5)
    ]
    tables = read(home.current, "select table_name from duckdb_tables() order by 1")
    assert [name for (name,) in tables] == ["by_agent", "by_tag", "details", "overview", "release"]
    query = "select comment from duckdb_columns() where table_name = 'details' and column_name = 'account_id'"
    assert read(home.current, query) == [("The account's id.",)]
    assert releases.current(home) == release
    leftovers = [path.name for path in home.releases.iterdir() if path.name.startswith(".") or ".wal" in path.name]
    assert leftovers == []


def test_readers_of_the_old_release_go_on_and_new_ones_see_the_new(
    home: Home, make_build: Callable[..., Build]
) -> None:
    releases.publish(home, make_build("b1-0123456789", 2), "f", NOW)
    with duckdb.connect(str(home.current), read_only=True) as reader:
        releases.publish(home, make_build("b2-0123456789", 3), "g", NOW)
        assert reader.execute("select count(*) from details").fetchall() == [(2,)]
        assert read(home.current, "select count(*) from details") == [(3,)]


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        (Verdict("another", 5, 0, ()), "is about build another"),
        (Verdict("b2-0123456789", 5, 0, (FAILED,)), "The agents sum up to overview"),
        (Verdict("b2-0123456789", 0, 0, ()), "no expectation was evaluated"),
        (Verdict("b2-0123456789", 5, 1, (FAILED,)), "does not hold"),
    ],
    ids=["of another build", "refused", "nothing evaluated", "one raised"],
)
def test_without_a_verdict_that_holds_nothing_is_published(
    home: Home, make_build: Callable[..., Build], verdict: Verdict, message: str
) -> None:
    first = releases.publish(home, make_build("b1-0123456789"), "f", NOW)
    with pytest.raises(releases.UnpublishableError, match=message):
        releases.publish(home, make_build("b2-0123456789", 3, verdict), "g", NOW)
    assert releases.current(home) == first


def test_without_any_verdict_nothing_is_published(home: Home, make_build: Callable[..., Build]) -> None:
    build = make_build("b1-0123456789")
    build.verdict.unlink()
    with pytest.raises(releases.UnpublishableError, match="has no verdict"):
        releases.publish(home, build, "f", NOW)
    assert releases.current(home) is None


def test_a_file_that_came_out_wrong_is_not_published(
    home: Home, make_build: Callable[..., Build], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = releases.publish(home, make_build("b1-0123456789"), "f", NOW)
    monkeypatch.setitem(releases.MARTS, "details", "account_id limit 1")
    with pytest.raises(releases.UnpublishableError, match="details did not come out as built"):
        releases.publish(home, make_build("b2-0123456789", 3), "g", NOW)
    monkeypatch.undo()
    assert releases.current(home) == first
    assert [path.name for path in home.releases.glob(".new*")] == []


def test_one_run_at_a_time_works_in_a_home(home: Home) -> None:
    import subprocess
    import sys

    lock(home)
    code = f"from orchestration.home import *; from pathlib import Path; lock(Home(Path({str(home.path)!r})))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert BusyError.__name__ in other.stderr
    assert "wait for it to end" in other.stderr
    unlock(home)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
