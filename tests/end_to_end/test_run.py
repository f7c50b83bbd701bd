"""`causerie run` as people run it: published and equal to the plain computation, nothing new, refused."""

from __future__ import annotations

import json
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from demo_data import write_demo
from expectations.marts import MARTS
from tests import oracle
from tests.comparison import KEYS, differences, read_marts
from tests.drops import conversation, message, write_batch
from tests.end_to_end import modes
from tests.end_to_end.command import PUBLISHED, REFUSED, WRONG, at_step, causerie, stop
from tests.published import publish


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


ACCOUNTING = ("source_system", "entity", "landed", "used", "superseded", "deleted", "quarantined", "orphans")


class Story:
    """A demo, run once; each test goes on from where the one before left it."""

    def __init__(self, folder: Path) -> None:
        self.config = write_demo(folder / "demo", conversations=150, days=40, seed=7).config
        self.home = self.config.parent / "not there yet" / "var"
        self.config.write_text(self.config.read_text().replace('home = "var"', 'home = "not there yet/var"'))
        self.current = self.home / "releases" / "current" / "causerie.duckdb"
        self.drop = self.config.parent / "drop" / "boulangerie"
        (self.other_drop,) = (path for path in self.drop.parent.iterdir() if path != self.drop)
        self.source = "boulangerie_export"

    def run(self, *options: str, umask: int = -1) -> subprocess.CompletedProcess[str]:
        return causerie("run", "--config", self.config, *options, umask=umask)

    @property
    def release(self) -> str:
        return self.current.parent.readlink().name

    @property
    def last_build(self) -> Path:
        return self.home / "builds" / "open"

    def differences_from_the_plain_computation(self) -> list[str]:
        expected, found = oracle.compute(self.config), read_marts(self.current)
        return [line for mart in KEYS for line in differences(mart, expected[mart], found[mart])]


def accounting_found(story: Story) -> list[tuple[object, ...]]:
    query = f"select {', '.join(ACCOUNTING)} from intermediate.int_row_accounting order by all"
    return rows(story.last_build / "warehouse.duckdb", query)


def accounting_expected(story: Story) -> list[tuple[object, ...]]:
    lines = oracle.compute(story.config)["accounting"]
    return sorted(tuple(line[name] for name in ACCOUNTING) for line in lines)


def undocumented(release: Path) -> list[tuple[object, ...]]:
    """Tables, views and columns without a comment."""
    return rows(
        release,
        "select table_name, null from duckdb_tables() where coalesce(comment, '') = '' union all"
        " select view_name, null from duckdb_views() where not internal and coalesce(comment, '') = '' union all"
        " select table_name, column_name from duckdb_columns() where not internal and coalesce(comment, '') = ''",
    )


def views_with_other_rows(release: Path) -> list[str]:
    """The views of one grain that are not their grain of their mart."""
    return [
        f"{mart}_{grain}"
        for mart, key in MARTS.items()
        if "grain" in key
        for grain in ("day", "week", "month", "quarter")
        for chosen in [f"select * exclude (grain) from {mart} where grain = '{grain}'"]
        if rows(release, f"select count(*) from ({chosen})") == [(0,)]
        or rows(
            release, f"(from {mart}_{grain} except all {chosen}) union all ({chosen} except all from {mart}_{grain})"
        )
    ]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(tmp_path_factory.mktemp("a house with blanks and é"))


def test_the_first_run_publishes_what_the_plain_computation_gives(story: Story) -> None:
    """A umask that closes nothing opens nothing that is private."""
    run = story.run(umask=0o000)
    assert run.returncode == PUBLISHED, run.stdout + run.stderr
    assert modes.open_to_others(story.home) == []
    assert modes.closed_to_others(story.home) == []
    assert "other users" not in run.stdout + run.stderr
    assert story.differences_from_the_plain_computation() == []
    assert views_with_other_rows(story.current) == []
    expected = oracle.compute(story.config)
    quarantined = sum(line["quarantined"] for line in expected["accounting"])  # type: ignore[misc]
    assert rows(story.current, "select rows_quarantined, details_rows from release") == [
        (quarantined, len(expected["details"]))
    ]
    for words in (
        "Conversations",
        "batches ingested",
        "dbt tests passed",
        "Published",
        "dbt build",
        str(story.current),
    ):
        assert words in run.stdout
    docs = story.current.with_name("data_docs")
    assert (docs / "index.html").is_file()
    page = story.current.with_name("dbt_docs.html")
    assert "Every conversation with its times, tags, people and ratings" in page.read_text()
    assert page.stat().st_mode & 0o777 == 0o444


def test_the_accounting_is_that_of_the_plain_computation(story: Story) -> None:
    assert accounting_found(story) == accounting_expected(story)


def test_everything_published_is_documented(story: Story) -> None:
    assert undocumented(story.current) == []


def test_every_client_since_1_0_reads_the_release(story: Story) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{story.current}' as release (read_only)")
        query = "select tags['storage_version'] from duckdb_databases() where database_name = 'release'"
        assert connection.execute(query).fetchall() == [("v1.0.0+",)]


def test_nothing_new_is_no_new_release_and_what_a_killed_full_refresh_left_goes(story: Story) -> None:
    before, builds = story.release, story.last_build.parent
    published = story.last_build.readlink().name
    (builds / "left").mkdir()
    (builds / "left" / "warehouse.duckdb.wal").touch()
    story.last_build.unlink()
    story.last_build.symlink_to("left")
    run = story.run()
    assert run.returncode == PUBLISHED
    assert "Nothing new" in run.stdout
    assert run.stderr == ""
    assert story.release == before
    assert sorted(path.name for path in builds.iterdir()) == sorted([published, "open"])
    assert story.last_build.readlink().name == published


def test_a_release_gets_its_marts_as_parquet_when_it_is_asked(story: Story) -> None:
    """Also where nothing is new; what readers find is the current release's."""
    folder = story.current.with_name("parquet")
    assert not folder.exists()
    assert story.run("--parquet", umask=0o000).returncode == 0
    assert modes.closed_to_others(story.home) == []
    assert rows(story.current, f"select count(*) from '{folder}/overview.parquet'") == rows(
        story.current, "select count(*) from overview"
    )
    assert rows(story.current, f"select release_id from '{folder}/release.parquet'") == [(story.release,)]


def test_a_query_asks_the_current_release(story: Story) -> None:
    answer = causerie("query", "--config", story.config, "select count(*) as n from details")
    assert answer.returncode == 0
    assert str(rows(story.current, "select count(*) from details")[0][0]) in answer.stdout
    wrong = causerie("query", "--config", story.config, "select nonsense")
    assert wrong.returncode == WRONG
    assert "nonsense" in wrong.stderr


def test_a_batch_with_broken_rows_is_refused_and_the_other_source_goes_on(story: Story) -> None:
    """Also with late changes of old records."""
    before = story.release
    broken = [message(f"x{number}", sent_at="2026-01-02T09:00:00") for number in range(11)]
    good = [message(f"y{number}") for number in range(89)]
    write_batch(story.drop / "2026-11-05T0200Z", {"messages": good + broken}, "2026-11-05T02:00:00Z")
    query = f"select conversation_id from details where source_system <> '{story.source}' order by 1 limit 3"
    first, *others = (str(key) for (key,) in rows(story.current, query))
    write_batch(
        story.other_drop / "2026-11-06T0200Z",
        {
            "conversations": [
                conversation("new", started_at="2026-11-05T12:00:00Z"),
                conversation(
                    first, started_at="2026-10-01T10:00:00Z", status="OPEN", updated_at="2026-11-06T00:00:00Z"
                ),
                *({"conversation_id": key, "deleted": True, "updated_at": "2026-11-06T00:00:00Z"} for key in others),
            ],
            "messages": [
                message("late", first, sent_at="2026-11-05T12:00:00Z"),
                message("early", "arrives later", sent_at="2026-11-05T12:00:00Z"),
            ],
        },
        "2026-11-06T02:00:00Z",
    )
    run = story.run()
    assert run.returncode == REFUSED
    for words in (
        "Refused",
        "11 of 100 messages rows are quarantined",
        "quarantine.parquet",
        "deliver the batch again",
        "Published",
    ):
        assert words in run.stdout
    assert story.release != before
    assert rows(story.current, "select count(*) from details where conversation_id = 'new'") == [(1,)]
    with duckdb.connect(str(story.last_build / "warehouse.duckdb"), read_only=True) as connection:
        held = connection.execute("select count(*) from intermediate.int_messages where message_id = 'y1'").fetchall()
    assert held == [(0,)], "nothing of the refused batch is used"


def test_a_delta_on_a_published_build_gives_what_the_plain_computation_gives(story: Story) -> None:
    """The mended batch, and a conversation of which messages came before it: an update, equal to a full build.

    The home, which others could read, is mended with one line; its drop is left alone.
    """
    for path in (*modes.private(story.home), *story.drop.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    published = story.last_build.readlink().name
    mended = {"messages": [message(f"y{number}") for number in range(100)]}
    write_batch(story.drop / "2026-11-05T0200Z", mended, "2026-11-05T02:00:00Z")
    write_batch(
        story.other_drop / "2026-11-06T0300Z",
        {
            "conversations": [conversation("arrives later", started_at="2026-11-05T11:00:00Z")],
            "messages": [
                message("late", "arrives later", sent_at="2026-11-05T12:00:00Z", updated_at="2026-11-06T02:30:00Z")
            ],
        },
        "2026-11-06T03:00:00Z",
    )
    spoiled = write_batch(story.drop / "2026-11-06T0100Z", {"messages": [message("spoiled")]}, "2026-11-06T01:00:00Z")
    decide = ("--config", story.config, story.source, spoiled.name, "--reason", "it is of another shop")
    rejected = causerie("reject", *decide)
    assert rejected.returncode == 0
    run = story.run("--parquet", umask=0o077)
    assert run.returncode == PUBLISHED, run.stdout + run.stderr
    assert modes.open_to_others(story.home) == []
    assert modes.closed_to_others(story.home) == []
    printed = rejected.stdout + rejected.stderr + run.stdout + run.stderr
    (said,) = (line for line in printed.splitlines() if "other users" in line)
    assert str(story.home) in said
    delivered = [path for path in story.drop.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in delivered} == {0o644}
    shutil.rmtree(spoiled)  # the plain computation knows of no decisions
    listed = causerie("releases", "--config", story.config).stdout
    (decision,) = (line for line in listed.splitlines() if "it is of another shop" in line)
    assert decision.startswith(f"{story.release}: rejected {story.source} {spoiled.name} at ")
    assert json.loads((story.last_build / "plan.json").read_text())["base"] == published
    assert rows(story.current, "select messages from details where conversation_id = 'arrives later'") == [(2,)]
    assert story.differences_from_the_plain_computation() == []
    assert accounting_found(story) == accounting_expected(story)
    assert undocumented(story.current) == []


@pytest.mark.slow
def test_a_damaged_last_build_leaves_the_release_and_a_full_refresh_mends_it_also_after_a_stop(tmp_path: Path) -> None:
    story = Story(tmp_path)
    publish(story.config)
    before = story.release
    database = story.last_build / "warehouse.duckdb"
    with database.open("r+b") as file:  # all but the head: what any read of a table would meet
        file.seek(3 * 4096)
        file.write(b"\xff" * (database.stat().st_size - 3 * 4096))
    extra = {"conversations": [conversation("mends", updated_at="2026-11-07T00:00:00Z")]}
    write_batch(story.drop / "2026-11-06T0400Z", extra, "2026-11-06T04:00:00Z")
    run = story.run()
    assert run.returncode == REFUSED
    assert story.release == before
    assert "--full-refresh" in run.stdout
    assert "1 refused" not in run.stdout, "it is no batch's fault"
    assert "other users" not in run.stdout + run.stderr
    said = stop(["run", "--full-refresh", "--config", story.config], at_step("dbt build"), signal.SIGTERM)
    assert said == [f"stopped by SIGTERM; readers keep release {before}; run again to continue"]
    assert story.release == before
    mended = story.run("--full-refresh")
    assert mended.returncode == PUBLISHED, mended.stdout
    assert story.release != before
    assert json.loads((story.last_build / "plan.json").read_text())["base"] is None
    assert story.differences_from_the_plain_computation() == []


def test_a_build_that_does_not_hold_is_not_published(story: Story) -> None:
    """More than a tenth of all conversations deleted at once, where the configuration allows a hundredth."""
    before = story.release
    config = story.config.read_text()
    story.config.write_text(f"{config}\n[quality]\nshrink_share = 0.01\nshrink_rows = 0\n")
    ids = [key for (key,) in rows(story.current, "select conversation_id from details order by 1 limit 30")]
    deleted = [{"conversation_id": key, "deleted": True, "updated_at": "2026-11-07T00:00:00Z"} for key in ids]
    write_batch(story.drop / "2026-11-07T0200Z", {"conversations": deleted}, "2026-11-07T02:00:00Z")
    run = story.run()
    assert run.returncode == REFUSED, run.stdout
    assert "A mart does not lose a large share of its rows at once" in run.stdout
    assert "details: " in run.stdout
    assert story.release == before
    verdict = json.loads((story.last_build / "verdict.json").read_text())
    (finding,) = (finding for finding in verdict["findings"] if finding["severity"] == "critical")
    assert {"by_agent", "by_tag"} <= {sample["mart"] for sample in finding["samples"]}
    status = causerie("status", "--config", story.config)
    assert status.returncode == REFUSED
    for words in (
        f"Readers see {before.removesuffix('.duckdb')}",
        "expected A mart does not lose a large share of its rows at once. (lost_share must lie between 0 and 0.01)",
        f"observed {finding['observed']}",
        "row      mart by_agent, rows ",
        str(story.last_build.resolve() / "data_docs" / "index.html"),
    ):
        assert words in status.stdout
    docs = "".join(path.read_text() for path in (story.last_build / "data_docs").rglob("*.html"))
    assert "A mart does not lose a large share of its rows at once" in docs
    shutil.rmtree(story.drop / "2026-11-07T0200Z")
    story.config.write_text(config)


def test_a_home_at_work_is_left_alone(story: Story) -> None:
    code = (
        "import sys, time; from pathlib import Path; from orchestration.home import Home, lock;"
        f"lock(Home(Path({str(story.home)!r}))); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        run = story.run()
        holder.kill()
    assert run.returncode == REFUSED
    assert "another run" in run.stderr
