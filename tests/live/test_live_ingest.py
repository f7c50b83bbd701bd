"""Live sources in a run: refused batches are read again, operators decide, one that fails holds no other back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from expectations.frames import gather
from ingestion import decisions
from ingestion.builds.names import CANDIDATE
from ingestion.settings import load_settings
from ingestion.storage.ledger import LEDGER, Ledger
from ingestion.storage.manifests import read_live_manifest
from orchestration.cli.main import main
from orchestration.home import Home as OrchestratedHome
from tests.comparison import KEYS, differences
from tests.drops import conversation, write_batch, write_config
from tests.live.chatwoot import TOKEN, Fault, World
from tests.live.reading import Home
from tests.published import publish
from tests.warehouse import accept, build_marts

ACCOUNTS = [{"id": "acme", "timezone": "Europe/Paris"}]


@pytest.fixture
def home(home: Home) -> Home:
    """Two conversations with a reply each, served; they are read in full once a day, as it is usual."""
    world = World()
    agent = world.agent()
    for _ in range(2):
        number = world.conversation(world.contact(phone="+33 6 12 34 56 78"))
        world.writes(number)
        world.replies(number, agent)
    world.wait(seconds=1)
    home.serve(world, events=True)
    return home


def usual(home: Home, **more: object) -> dict[str, object]:
    """The source with what is not said otherwise left to its defaults."""
    source = home.source(**more)
    return {name: value for name, value in source.items() if name in more or name not in USUAL}


USUAL = ("attempts", "reread_minutes", "complete_every_hours")


def entries(config: Path) -> list[tuple[str, str]]:
    with Ledger(load_settings(config).home / LEDGER) as ledger:
        return [(entry.batch, entry.status) for entry in ledger.entries("cw")]


def test_rows_and_cursor_are_one_batch(tmp_path: Path, home: Home) -> None:
    config = write_config(tmp_path, accounts=ACCOUNTS, sources=[usual(home)])
    accept(config)
    (batch,) = (tmp_path / "var" / "landing" / "cw").iterdir()
    manifest, now = read_live_manifest(batch), home.world.now
    assert manifest.cursor == {
        "since": max(int(one.active.timestamp()) for one in home.world.records.conversations.values()),
        "complete_at": now.isoformat(),
        "begun_at": now.isoformat(),
        "of": f"chatwoot {home.server.url} {World.account} True",
    }
    assert manifest.extracted_at == now


def test_no_secret_is_left_anywhere(tmp_path: Path, home: Home) -> None:
    config = write_config(tmp_path, accounts=ACCOUNTS, sources=[usual(home)])
    told = [str(report) for report in accept(config)]
    limit = len(home.server.log) + 5
    home.faults = lambda _, number: Fault(status=401, body=TOKEN.encode()) if number > limit else None
    told += [str(report) for report in accept(config)]
    assert "***" in "".join(told)
    assert TOKEN not in "".join(told)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def test_what_vanished_refuses_the_batch_and_the_next_run_reads_it_again(tmp_path: Path, home: Home) -> None:
    honest, is_broken = home.answer, [True]

    def answer(path: str, query: dict[str, str]) -> object | None:
        found: Any = honest(path, query)
        if is_broken and path.endswith("/messages"):
            found = {"payload": [{k: v for k, v in row.items() if k != "created_at"} for row in found["payload"]]}
        return found

    config = write_config(tmp_path, accounts=ACCOUNTS, sources=[usual(home, complete_every_hours=0)])
    accept(config)
    home.answer = answer
    home.world.writes(1)
    for _ in range(2):
        home.world.wait(minutes=1)
        (report,) = accept(config)
        assert "has 'created_at' any more" in report.refusals[0]
        assert [status for _, status in entries(config)] == ["accepted", "refused"]
    refused = entries(config)[1][0]
    assert len(build_marts(config, ingest_first=False)["details"]) == 2, "what was accepted stays"
    is_broken.clear()
    home.world.wait(minutes=1)
    (report,) = accept(config)
    assert not report.refusals
    assert entries(config)[1] == (refused, "accepted"), "it took the place of the refused one"
    details = build_marts(config, ingest_first=False)["details"]
    assert sum(row["messages"] for row in details) == 5  # type: ignore[misc]


@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_an_operator_decides_about_a_refused_batch(tmp_path: Path, home: Home, verb: str) -> None:
    for number in (1, 2):
        for _ in range(20):
            home.world.writes(number)
    home.world.wait(seconds=1)
    honest, are_bad = home.answer, [True]

    def answer(path: str, query: dict[str, str]) -> object | None:
        found: Any = honest(path, query)
        if are_bad and path.endswith("/conversations/1/messages"):
            for row in found["payload"]:
                row["private"] = "maybe" if row["message_type"] == 0 else row["private"]
        return found

    home.answer = answer
    config = write_config(tmp_path, accounts=ACCOUNTS, sources=[usual(home)])
    (report,) = accept(config)
    assert "21 of 44 messages rows are quarantined" in report.refusals[0]
    assert "until then each run reads it again" in report.refusals[0]
    settings, ((batch, _),) = load_settings(config), entries(config)
    getattr(decisions, verb)(settings, "cw", batch, "so it is", datetime.now(UTC))
    if verb == "accept":
        are_bad.clear()
    asked = len(home.server.log)
    home.world.wait(minutes=1)
    (report,) = accept(config)
    if verb == "accept":
        assert not report.refusals
        assert entries(config)[0] == (batch, "accepted")
    else:
        assert entries(config)[0] == (batch, "set aside")
        assert report.having("refused"), "it is read again, into a batch of its own"
    assert len(home.server.log) > asked


def test_one_that_fails_holds_no_other_back_and_data_go_as_far_as_the_source_that_is_behind(
    tmp_path: Path, home: Home
) -> None:
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation("c1")]}, "2026-06-01T00:00:00+00:00")
    export = {"name": "export", "kind": "export", "account": "acme", "path": "drop"}
    other = usual(home, name="other", token_env="NO_SUCH_TOKEN")
    config = write_config(tmp_path, accounts=ACCOUNTS, sources=[usual(home, attempts=2), other, export])
    whole = home.world.now
    read, failed, delivered = accept(config)
    assert failed.failure
    assert "the environment variable NO_SUCH_TOKEN, which should hold a token, is not set" in failed.failure
    assert len(read.having("accepted")) == len(delivered.having("accepted")) == 1
    write_config(tmp_path, accounts=ACCOUNTS, sources=[usual(home, attempts=2), export])
    home.broken = "/"
    home.world.wait(hours=1)
    write_batch(tmp_path / "drop" / "b2", {"conversations": [conversation("c2")]}, "2099-01-01T00:00:00+00:00")
    failed, delivered = accept(config)
    for words in ("status 500; tried 2 times", "its earlier batches stay in use"):
        assert words in failed.failure
    assert len(delivered.having("accepted")) == 1
    publish(config)
    with duckdb.connect(str(OrchestratedHome(load_settings(config).home).current_file), read_only=True) as release:
        rows = release.execute("select source_system, count(*) from details group by all order by all").fetchall()
        assert rows == [("cw", 2), ("export", 2)]
        through = release.execute("select data_through from release").fetchall()
        assert through == [(whole,)], "the last reading that was whole"


RUN = """
import functools, sys
from pathlib import Path
from ingestion.sources import pull
from ingestion.sources import live
from tests.warehouse import accept
pull._SECONDS_BETWEEN_CHECKPOINTS = 0.05
accept(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("after", [90, *(pytest.param(one, marks=pytest.mark.slow) for one in (3, 40, 150))])
def test_a_killed_reading_is_continued(tmp_path: Path, home: Home, after: int) -> None:
    """kill -9 after so many requests: nothing is lost, nothing comes twice, and what was read is not read again."""
    world = World()
    agent = world.agent()
    for number in range(60):
        one = world.conversation(world.contact(f"contact {number}"))
        for _ in range(25 if number == 30 else 2):
            world.writes(one)
        world.replies(one, agent)
    world.wait(seconds=1)
    home.faults = lambda target, number: Fault(seconds=0.01)
    home.serve(world, events=True)
    log = home.server.log
    config = write_config(tmp_path, accounts=ACCOUNTS, sources=[usual(home)])
    command = [sys.executable, "-c", RUN, str(config)]
    process = subprocess.Popen(command, env=dict(os.environ), start_new_session=True)
    deadline = time.monotonic() + 60
    while len(log) < after and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert process.poll() is None, "it was still reading"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = list(log)
    log.clear()
    subprocess.run(command, env=dict(os.environ), check=True)
    again = set(before) & set(log)
    details = build_marts(config, ingest_first=False)["details"]
    assert len(details) == 60
    assert sum(row["messages"] for row in details) == 59 * 3 + 26  # type: ignore[misc]
    with Ledger(load_settings(config).home / LEDGER) as ledger:
        (entry,) = ledger.entries("cw")
        assert entry.counts["messages"].landed == 59 * 3 + 26, "none came twice"
        assert entry.counts["conversations"].landed == 60
    lists = [path for path in again if "?" in path or path.endswith(("agents", "teams", "inboxes"))]
    if after > 100:
        assert len(again) - len(lists) < len(before) / 2, "what is on the disk is not asked for again"


def test_the_source_can_be_checked(tmp_path: Path, home: Home) -> None:
    denied = Fault(status=403, body=b'{"error": "administrators only"}')
    home.faults = lambda target, number: denied if "csat" in target else None
    home.serve(home.world, events=False)
    config = write_config(tmp_path, accounts=ACCOUNTS, sources=[usual(home)])
    result = CliRunner().invoke(main, ["check-source", "cw", "--config", str(config)])
    assert result.exit_code == 1, result.output
    lines = {line.split()[1]: line for line in result.output.splitlines() if line.startswith("  ")}
    assert lines["conversations"].split()[0] == "ok" and "2 on the first page" in lines["conversations"]
    assert lines["events"].split()[0] == "without" and "activity messages" in lines["events"]
    assert lines["ratings"].split()[0] == "missing" and "administrator's token" in lines["ratings"]
    assert "cw cannot be read: see what is missing above" in result.output
    assert not (tmp_path / "var").exists(), "nothing is written"


def test_an_unknown_source_cannot_be_checked(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    config = write_config(tmp_path)
    result = CliRunner().invoke(main, ["check-source", "nobody", "--config", str(config)])
    assert result.exit_code == 2
    assert "there is no source 'nobody'; the sources are acme_export" in result.output


def test_folders_can_be_checked(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    payload = {"entry": [{"changes": [{"field": "messages", "value": {"messages": [{}], "statuses": [{}, {}]}}]}]}
    (tmp_path / "archive" / "day.ndjson").write_text(f"{json.dumps(payload)}\nno json\n")
    archive = {"name": "wa", "kind": "meta_webhooks", "account": "acme", "path": "archive"}
    config = write_config(tmp_path, sources=[archive, {**archive, "name": "gone", "path": "nowhere"}])
    result = CliRunner().invoke(main, ["check-source", "wa", "--config", str(config)])
    assert result.exit_code == 0
    assert "1 messages and 2 statuses in its first 2 deliveries; 1 lines are not deliveries" in result.output
    result = CliRunner().invoke(main, ["check-source", "gone", "--config", str(config)])
    assert result.exit_code == 1
    assert "does not exist; create the folder or correct the path" in result.output


def test_an_update_with_new_batches_of_an_export_alone_keeps_what_live_sources_delivered(
    tmp_path: Path, home: Home
) -> None:
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation("c1")]})
    export = {"name": "export", "kind": "export", "account": "acme", "path": "drop"}
    config = write_config(tmp_path, accounts=ACCOUNTS, sources=[usual(home), export])
    build_marts(config)
    home.broken = "/"
    write_batch(tmp_path / "drop" / "b2", {"conversations": [conversation("c2")]})
    updated = build_marts(config, incremental=True)
    build = tmp_path / "var" / "tests" / "warehouse.duckdb"
    accounting = "select source_system, entity, landed, used from intermediate.int_row_accounting order by all"
    with duckdb.connect(str(build), read_only=True) as connection:
        assert connection.execute("from settings.new_batches").fetchall() == [("export", "b2")]
        counted = connection.execute(accounting).fetchall()
    read = gather(build, build.with_name(CANDIDATE), {}, [])["accounting"]
    assert not read["read_off"].any()
    assert {"pulls", "labels", "messages"} <= {
        *read[(read["source_system"] == "cw") & (read["rows_read"] > 0)]["entity"]
    }
    full = build_marts(config, ingest_first=False)
    for mart in KEYS:
        assert differences(mart, full[mart], updated[mart]) == []
    with duckdb.connect(str(build), read_only=True) as connection:
        assert connection.execute(accounting).fetchall() == counted
        assert ("cw", "labels", 2, 2) in counted
