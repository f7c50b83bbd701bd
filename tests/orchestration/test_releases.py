"""Publication: only with a verdict for exactly this build, at once and whole, and what is there stays readable."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest

from expectations.marts import MARTS
from expectations.verdict import Finding, Verdict
from orchestration.home import BusyError, Home, lock, unlock
from orchestration.releases import catalog, publication
from tests.orchestration.conftest import MakeBuild, change

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
FAILED = Finding("totals", "e", "critical", "The agents sum up to overview.", "acme messages: by_agent_off 1")


def read(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_release_is_one_documented_file_behind_a_link(home: Home, make_build: MakeBuild) -> None:
    build = make_build("b1-0123456789")
    release = publication.publish(home, build, "f", NOW)
    assert release.release_id == "20260203T040506Z-b1-01234"
    assert home.current.is_symlink()
    assert read(home.current_file, "select count(*) from details") == [(2,)]
    assert read(
        home.current_file, "select release_id, details_rows, expectations_evaluated, tzdata_version from release"
    ) == [(release.release_id, 2, 5, version("tzdata"))]
    tables = read(home.current_file, "select table_name from duckdb_tables() where schema_name = 'main' order by 1")
    assert [name for (name,) in tables] == sorted([*MARTS, "release"])
    query = "select view_name from duckdb_views() where not internal and view_name like '%_month' order by 1"
    assert read(home.current_file, query) == sorted((f"{mart}_month",) for mart, key in MARTS.items() if "grain" in key)
    assert read(home.current_file, "select conversations from report_overview('acme', '2026-01-02', '2026-01-02')") == [
        (2,)
    ]
    query = "select comment from duckdb_columns() where table_name = 'details' and column_name = 'account_id'"
    assert read(home.current_file, query) == [("The account's id.",)]
    query = "select count(*) from duckdb_columns() where table_name = 'release' and coalesce(comment, '') = ''"
    assert read(home.current_file, query) == [(0,)]
    assert catalog.current(home) == release
    leftovers = [path.name for path in home.releases.iterdir() if path.name.startswith(".") or ".wal" in path.name]
    assert leftovers == []
    assert build.candidate.resolve() == home.current_file.resolve()  # for dbt's documentation


def test_data_reach_as_far_as_the_source_that_is_behind(home: Home, make_build: MakeBuild) -> None:
    """And nobody knows how far while one has delivered nothing."""
    build, through = make_build("b1-0123456789"), "select data_through from release"
    with duckdb.connect(str(build.database)) as connection:
        connection.execute(
            "insert into settings.sources select * replace ('other' as source_system) from settings.sources"
        )
    assert publication.publish(home, build, "f", NOW).data_through is None
    assert read(home.current_file, through) == [(None,)]
    build, earlier = make_build("b2-0123456789"), datetime(2026, 1, 3, 2, tzinfo=UTC)
    with duckdb.connect(str(build.database)) as connection:
        connection.execute(
            "insert into settings.sources select * replace ('other' as source_system) from settings.sources"
        )
        connection.execute(
            "insert into settings.batches select * replace ('other' as source_system, $1 as extracted_at)"
            " from settings.batches",
            [earlier],
        )
    publication.publish(home, build, "g", NOW)
    assert read(home.current_file, through) == [(earlier,)]


def test_readers_of_the_old_release_go_on_and_new_ones_see_the_new(home: Home, make_build: MakeBuild) -> None:
    publication.publish(home, make_build("b1-0123456789", 2), "f", NOW)
    with duckdb.connect(str(home.current_file), read_only=True) as reader:
        publication.publish(home, make_build("b2-0123456789", 3), "g", NOW)
        assert reader.execute("select count(*) from details").fetchall() == [(2,)]
        assert read(home.current_file, "select count(*) from details") == [(3,)]


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        (Verdict("another", 5, 0, ()), "is about build another"),
        (Verdict("b2-0123456789", 5, 0, (FAILED,)), "The agents sum up to overview"),
        (Verdict("b2-0123456789", 0, 0, ()), "no expectation was evaluated"),
        (Verdict("b2-0123456789", 5, 1, (FAILED,)), "failed its audit"),
    ],
    ids=["of another build", "refused", "nothing evaluated", "one raised"],
)
def test_without_a_verdict_that_holds_nothing_is_published(
    home: Home, make_build: MakeBuild, verdict: Verdict, message: str
) -> None:
    first = publication.publish(home, make_build("b1-0123456789"), "f", NOW)
    with pytest.raises(catalog.UnpublishableError, match=message):
        publication.publish(home, make_build("b2-0123456789", 3, verdict), "g", NOW)
    assert catalog.current(home) == first


def test_without_any_verdict_nothing_is_published(home: Home, make_build: MakeBuild) -> None:
    build = make_build("b1-0123456789")
    build.verdict.unlink()
    with pytest.raises(catalog.UnpublishableError, match="has no verdict"):
        publication.publish(home, build, "f", NOW)
    assert catalog.current(home) is None


@pytest.mark.parametrize(
    ("mart", "statement"),
    [
        ("details", "update details set channel = 'other' where conversation_id = 'c1'"),
        ("details", "delete from details where conversation_id = 'c1'"),
        ("overview", "insert into overview select * from overview limit 1"),
        ("by_agent", "update by_agent set agent_name = null"),
        ("by_tag", "update by_tag set share_of_conversations = 1.0000001"),
    ],
    ids=["another value", "a row less", "a row twice", "a value less", "a slightly other value"],
)
def test_a_file_that_changed_after_its_audit_is_not_published(
    home: Home, make_build: MakeBuild, mart: str, statement: str
) -> None:
    first = publication.publish(home, make_build("b1-0123456789"), "f", NOW)
    build = make_build("b2-0123456789", 3)
    change(build, statement)
    with pytest.raises(catalog.UnpublishableError, match=f": {mart} changed after the audit; run again"):
        publication.publish(home, build, "g", NOW)
    assert catalog.current(home) == first
    assert [path.name for path in home.releases.glob(".new*")] == []


def test_a_verdict_that_saw_no_marts_publishes_nothing(home: Home, make_build: MakeBuild) -> None:
    build = make_build("b1-0123456789")
    Verdict(build.id, 5, 0, ()).write(build.verdict)
    with pytest.raises(catalog.UnpublishableError, match=f"{', '.join(MARTS)} changed"):
        publication.publish(home, build, "f", NOW)
    assert catalog.current(home) is None


def test_a_candidate_that_is_not_all_in_its_file_is_not_published(home: Home, make_build: MakeBuild) -> None:
    """What DuckDB has not written into the file lies beside it, and would not come along."""
    build = make_build("b1-0123456789")
    build.candidate.with_name("candidate.duckdb.wal").touch()
    with pytest.raises(catalog.UnpublishableError, match="dbt did not finish cleanly"):
        publication.publish(home, build, "f", NOW)
    assert catalog.current(home) is None
    assert build.candidate.is_file()


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
