"""Dagster left alone: it launches, publishes, goes on after failures, and tells the truth, once.

One deployment, whose story the tests tell in their order. Everything is read through GraphQL, the webhook, and the
releases that readers see.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home
from orchestration.run_record import read_record
from tests.drops import conversation, message, write_batch, write_config
from tests.orchestration.alerts.servers import Posts, webhook
from tests.unattended.deployment import Deployment, deployed, until, worker_of

pytestmark = pytest.mark.unattended

ACCOUNTS = [{"id": "acme", "timezone": "Europe/Paris"}]
SOURCES = [
    {"name": name, "kind": "export", "account": "acme", "path": f"drop_{name}"} for name in ("shop", "desk", "silent")
]
SILENT_FOR = timedelta(hours=48) - timedelta(seconds=120)
"""How old the silent source is at first: it becomes stale while these tests run."""


def configure(folder: Path, posts: Posts | None) -> None:
    alerts = '[[alerts]]\nname = "hook"\nkind = "webhook"\nurl_env = "HOOK"\n' if posts else ""
    extra = f"[schedule]\nlook_every_seconds = 2\nretries = 1\n{alerts}"
    write_config(folder, accounts=ACCOUNTS, sources=SOURCES, extra=extra)
    for source in SOURCES:
        (folder / str(source["path"])).mkdir()


def deliver(folder: Path, source: str, batch: str, *ids: str, broken: int = 0, age: timedelta = timedelta()) -> None:
    """A batch of conversations with a message each; ``broken``: so many messages without an offset beside them."""
    rows = [message(f"{batch}-x{number}", ids[0], sent_at="2026-01-02T09:00:00") for number in range(broken)]
    write_batch(
        folder / f"drop_{source}" / batch,
        {
            "conversations": [conversation(one) for one in ids],
            "messages": [*(message(f"m-{one}", one) for one in ids), *rows],
        },
        (datetime.now(UTC) - age).isoformat(),
    )


def published(folder: Path) -> set[str]:
    """The conversations that readers see."""
    home = Home(folder / "var")
    if not home.current_file.exists():
        return set()
    with duckdb.connect(str(home.current_file), read_only=True) as connection:
        return {one for (one,) in connection.execute("select conversation_id from details").fetchall()}


@pytest.fixture(scope="module")
def posts() -> Iterator[Posts]:
    with webhook() as heard:
        yield heard


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory, posts: Posts) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("unattended")
    configure(folder / "one", posts)
    configure(folder / "two", None)
    (folder / "two" / "causerie.toml").write_text(
        (folder / "two" / "causerie.toml").read_text().replace("look_every_seconds = 2\n", "")
    )
    os.environ["HOOK"] = posts.url
    try:
        with deployed(folder) as deployment:
            yield deployment
    finally:
        del os.environ["HOOK"]


@pytest.fixture
def one(dagster: Deployment) -> Path:
    return dagster.folder / "one"


def failed(dagster: Deployment, *path: str) -> dict[str, str]:
    """The checks of an asset that are not seen to have passed, with what they say; but that a source is old."""
    return {
        name: f"{check['status']}: {(check.get('evaluation') or {}).get('description')}"
        for name, check in dagster.checks("one", *path).items()
        if check["status"] != "SUCCEEDED" and name != "freshness"
    }


def alerts(posts: Posts, words: str) -> list[str]:
    return [text for text in posts.texts if words in text]


def some_ticks(dagster: Deployment, count: int) -> None:
    """Wait until a sensor has looked again so many times."""
    last = int(dagster.ticks()[-1]["tickId"])
    until(lambda: sum(int(tick["tickId"]) > last for tick in dagster.ticks()) >= count)


def test_new_data_is_launched_by_the_sensor_and_published(dagster: Deployment, one: Path) -> None:
    deliver(one, "shop", "b1", "c1")
    deliver(one, "desk", "b1", "d1")
    deliver(one, "silent", "b1", "s1", age=SILENT_FOR)
    until(lambda: {"c1", "d1", "s1"} <= published(one))
    until(lambda: dagster.runs()[-1]["status"] == "SUCCESS")
    assert not failed(dagster, "audit")
    assert not failed(dagster, "marts", "details")
    assert dagster.checks("one", "sources", "shop")["accepted"]["status"] == "SUCCEEDED"


def test_a_broken_batch_turns_the_run_red_and_the_other_source_is_published(
    dagster: Deployment, one: Path, posts: Posts
) -> None:
    before = len(dagster.runs())
    deliver(one, "shop", "b2", "c2", broken=12)
    deliver(one, "desk", "b2", "d2")
    until(lambda: alerts(posts, "shop b2"))
    some_ticks(dagster, 5)
    assert {run["status"] for run in dagster.runs()[before:]} == {"FAILURE"}
    assert published(one) >= {"c1", "d1", "d2", "s1"}
    assert "c2" not in published(one)
    refused = dagster.checks("one", "raw", "messages")["accepted"]
    assert refused["status"] == "FAILED"
    assert "12 of 13 messages rows are quarantined" in refused["evaluation"]["description"]
    (table,) = [entry["table"] for entry in refused["evaluation"]["metadataEntries"] if entry["label"] == "reasons"]
    assert "shop b2" in str(table)
    assert dagster.checks("one", "raw", "conversations")["accepted"]["status"] == "SUCCEEDED"
    assert dagster.checks("one", "sources", "shop")["accepted"]["status"] == "FAILED"
    assert dagster.checks("one", "sources", "desk")["accepted"]["status"] == "SUCCEEDED"
    assert len(alerts(posts, "shop b2")) == 1
    assert dagster.runs()[-1]["status"] == "FAILURE", "nothing is launched for what has not changed"


def test_the_repair_is_published_and_told_once(dagster: Deployment, one: Path, posts: Posts) -> None:
    deliver(one, "shop", "b2", "c2")
    until(lambda: "c2" in published(one))
    until(lambda: len(alerts(posts, "shop b2")) == 2)
    until(lambda: dagster.runs()[-1]["status"] == "SUCCESS")
    some_ticks(dagster, 3)
    assert len(alerts(posts, "shop b2")) == 2
    assert dagster.checks("one", "raw", "messages")["accepted"]["status"] == "SUCCEEDED"


def test_without_news_nothing_is_launched_and_the_verdict_stays_seen(dagster: Deployment) -> None:
    before = dagster.runs()
    some_ticks(dagster, 10)
    assert len(dagster.runs()) == len(before)
    assert len(before) <= 8, "a run for each delivery, which may be seen in parts"
    assert {tick["status"] for tick in dagster.ticks()[-10:]} == {"SKIPPED"}
    assert dagster.ticks()[-1]["skipReason"] == "there is no news"
    assert not failed(dagster, "audit")


def test_two_launches_at_once_end_well_and_the_checks_of_the_release_stay(dagster: Deployment) -> None:
    both = [dagster.launch("one_causerie"), dagster.launch("one_causerie")]
    until(lambda: [dagster.status(run) for run in both] == ["SUCCESS", "SUCCESS"])
    for path in (("audit",), ("marts", "details"), ("marts", "overview")):
        assert not failed(dagster, *path)


def test_a_run_killed_in_dbt_is_retried_and_published(dagster: Deployment, one: Path) -> None:
    home = Home(one / "var")
    deliver(one, "desk", "b3", "d3")
    until(lambda: (record := read_record(home.record)) and record.step == "dbt build")
    killed = dagster.runs()[-1]["runId"]
    os.kill(worker_of(home), signal.SIGKILL)
    until(lambda: dagster.status(killed) == "FAILURE")
    until(lambda: "d3" in published(one))
    until(lambda: dagster.runs()[-1]["status"] == "SUCCESS")
    assert dagster.runs()[-1]["rootRunId"] == killed


def test_a_run_that_is_stopped_ends_at_once_and_refuses_nothing(dagster: Deployment, one: Path) -> None:
    home = Home(one / "var")
    before = published(one)
    run = dagster.launch("one_causerie", {"ops": {"one_ingest": {"config": {"full_refresh": True}}}})
    until(lambda: (record := read_record(home.record)) and record.run_id == run and record.step == "dbt build")
    began = time.monotonic()
    dagster.terminate(run)
    until(lambda: dagster.status(run) == "CANCELED", 20)
    assert time.monotonic() - began < 4, "two seconds, and those of asking"
    record = read_record(home.record)
    assert record is not None
    assert (record.outcome, record.step, record.refusals) == ("stopped", "dbt build", [])
    assert published(one) == before
    again = dagster.reexecute(run, "ALL_STEPS")
    until(lambda: dagster.status(again) == "SUCCESS")
    assert published(one) == before


def test_a_silent_source_is_told_without_a_run(dagster: Deployment, posts: Posts) -> None:
    until(lambda: dagster.checks("one", "sources", "silent")["fresh"]["status"] == "FAILED")
    until(lambda: alerts(posts, "silent"))
    evaluation = dagster.checks("one", "sources", "silent")["fresh"]["evaluation"]
    assert evaluation["severity"] == "WARN"
    assert "48 hours ago (the limit is 48)" in evaluation["description"]
    assert len(alerts(posts, "silent")) == 1
    assert dagster.checks("one", "sources", "shop")["fresh"]["status"] == "SUCCEEDED"


def test_the_other_home_works_with_a_process_for_each_step(dagster: Deployment) -> None:
    """As the deployment's executor has it, which is what 'Materialize all' takes."""
    two = dagster.folder / "two"
    assert not dagster.runs("two_causerie")
    assert not published(two)
    deliver(two, "shop", "b1", "t1")
    deliver(two, "desk", "b1", "t2")
    deliver(two, "silent", "b1", "t3")
    run = dagster.launch("__ASSET_JOB")
    until(lambda: dagster.status(run) in ("SUCCESS", "FAILURE"), 240)
    assert dagster.status(run) == "SUCCESS"
    assert published(two) == {"t1", "t2", "t3"}
    record = read_record(Home(two / "var").record)
    assert record is not None
    assert (record.run_id, record.outcome) == (run, "published")
    assert {"ingest", "dbt build", "audit", "publish", "outcome"} <= set(record.steps)
