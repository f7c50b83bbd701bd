"""Live sources in a run: refused batches are read again, operators decide, one that fails holds no other back."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from expectations.frames import gather
from ingestion import decisions
from ingestion.builds.names import CANDIDATE
from ingestion.http.client import Client
from ingestion.settings import load_settings
from ingestion.sources import live
from ingestion.storage.ledger import LEDGER, Ledger
from ingestion.storage.manifests import read_live_manifest
from orchestration.cli.main import main
from tests.comparison import KEYS, differences
from tests.drops import conversation, write_batch, write_config
from tests.live.chatwoot import ACCOUNT, HEADERS, TOKEN, World
from tests.live.server import Fault, Server, serve
from tests.warehouse import accept, build_marts

ACCOUNTS = [{"id": "acme", "timezone": "Europe/Paris"}]


def source_of(server: Server, **more: object) -> dict[str, object]:
    source = {"name": "cw", "kind": "chatwoot", "account": "acme", "base_url": server.url, "account_id": ACCOUNT}
    return source | {"token_env": "CHATWOOT_TOKEN", "requests_per_second": 100_000.0, **more}


@pytest.fixture
def small() -> World:
    """Two conversations with a reply each."""
    world = World()
    agent = world.agent()
    for _ in range(2):
        number = world.conversation(world.contact())
        world.incoming(number)
        world.reply(number, agent)
    world.now += 1
    return world


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Iterator[Server]]:
    monkeypatch.setenv("CHATWOOT_TOKEN", TOKEN)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))

    @contextmanager
    def start(world: World, fault: Callable[[str, int], Fault | None] = lambda path, number: None) -> Iterator[Server]:
        monkeypatch.setattr(live, "now", lambda: datetime.fromtimestamp(world.now, UTC))
        with serve(world.answer_to, HEADERS, fault) as server:
            yield server

    return start


@dataclass
class Done:
    """What a command said and how it ended."""

    returncode: int
    output: str


def causerie(*arguments: str) -> Done:
    command = [sys.executable, "-c", "from orchestration.cli.main import main; main(prog_name='causerie')", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout + done.stderr)


def entries(config: Path) -> list[tuple[str, str]]:
    with Ledger(load_settings(config).home / LEDGER) as ledger:
        return [(entry.batch, entry.status) for entry in ledger.entries("cw")]


def test_rows_and_cursor_are_one_batch(tmp_path: Path, serving, small: World) -> None:  # type: ignore[no-untyped-def]
    with serving(small) as server:
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source_of(server)])
        accept(config)
    (batch,) = (tmp_path / "var" / "landing" / "cw").iterdir()
    manifest = read_live_manifest(batch)
    assert manifest.cursor == {
        "since": max(row["last_activity_at"] for row in small.conversations.values()),
        "complete_at": datetime.fromtimestamp(small.now, UTC).isoformat(),
        "begun_at": datetime.fromtimestamp(small.now, UTC).isoformat(),
        "of": f"chatwoot {server.url} {ACCOUNT} True",
    }
    assert manifest.extracted_at == datetime.fromtimestamp(small.now, UTC)


def test_no_secret_is_left_anywhere(tmp_path: Path, serving, small: World) -> None:  # type: ignore[no-untyped-def]
    def broken(path: str, number: int) -> Fault | None:
        return Fault(status=401, body=TOKEN.encode()) if number > 5 else None

    told = []
    for fault in (lambda path, number: None, broken):
        with serving(small, fault) as server:
            config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source_of(server)])
            told += [str(report) for report in accept(config)]
    assert "***" in "".join(told)
    assert TOKEN not in "".join(told)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def test_what_vanished_refuses_the_batch_and_the_next_run_reads_it_again(  # type: ignore[no-untyped-def]
    tmp_path: Path, serving, small: World
) -> None:
    is_broken = [False]
    honest = small.answer_to

    def answer(path: str, query: dict[str, str]) -> object | None:
        found = honest(path, query)
        if is_broken[0] and path.endswith("/messages"):
            assert isinstance(found, dict)
            found = {"payload": [{k: v for k, v in row.items() if k != "created_at"} for row in found["payload"]]}
        return found

    small.answer_to = answer  # type: ignore[method-assign]
    with serving(small) as server:
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source_of(server, complete_every_hours=0)])
        accept(config)
        is_broken[0] = True
        small.incoming(1)
        for _ in range(2):
            small.now += 60
            (report,) = accept(config)
            assert "has 'created_at' any more" in report.refusals[0]
            assert [status for _, status in entries(config)] == ["accepted", "refused"]
        refused = entries(config)[1][0]
        assert len(build_marts(config, take_in_first=False)["details"]) == 2, "what was accepted stays"
        is_broken[0] = False
        small.now += 60
        (report,) = accept(config)
        assert not report.refusals
        assert entries(config)[1] == (refused, "accepted"), "it took the place of the refused one"
    details = build_marts(config, take_in_first=False)["details"]
    assert sum(row["messages"] for row in details) == 5  # type: ignore[misc]


@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_an_operator_decides_about_a_refused_batch(tmp_path: Path, serving, small: World, verb: str) -> None:  # type: ignore[no-untyped-def]
    for number in (1, 2):
        for _ in range(20):
            small.incoming(number)
    for row in small.messages[1][2:]:
        row["private"] = "maybe"
    small.now += 1
    with serving(small) as server:
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source_of(server)])
        (report,) = accept(config)
        assert "20 of 44 messages rows are quarantined" in report.refusals[0]
        assert "until then the next run reads it again" in report.refusals[0]
        settings, ((batch, _),) = load_settings(config), entries(config)
        getattr(decisions, verb)(settings, "cw", batch, "so it is", datetime.now(UTC))
        for row in small.messages[1]:
            row["private"] = row["private"] if verb == "reject" else False
        asked = len(server.log)
        small.now += 60
        (report,) = accept(config)
        if verb == "accept":
            assert not report.refusals
            assert entries(config)[0] == (batch, "accepted")
        else:
            assert entries(config)[0] == (batch, "set aside")
            assert report.having("refused"), "it is read anew, into a batch of its own"
        assert len(server.log) > asked


def test_one_that_fails_holds_no_other_back(tmp_path: Path, serving, small: World) -> None:  # type: ignore[no-untyped-def]
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation("c1")]})
    is_down = [False]
    with serving(small, lambda path, number: Fault(status=500) if is_down[0] else None) as server:
        export = {"name": "export", "kind": "export", "account": "acme", "path": "drop"}
        other = source_of(server, name="other", token_env="NO_SUCH_TOKEN")
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source_of(server, attempts=2), other, export])
        run = ["run", "--config", str(config)]
        result = causerie(*run)
        assert result.returncode == 1
        assert "other: the environment variable NO_SUCH_TOKEN, which should hold a token, is not set" in result.output
        assert "Published" in result.output
        is_down[0] = True
        write_batch(tmp_path / "drop" / "b2", {"conversations": [conversation("c2")]})
        result = causerie(*run)
        assert result.returncode == 1
        assert "status 500; tried 2 times" in result.output
        assert "its earlier batches stay in use" in result.output
    with duckdb.connect(str(tmp_path / "var" / "releases" / "current.duckdb"), read_only=True) as release:
        rows = release.execute("select source_system, count(*) from details group by all order by all").fetchall()
        assert rows == [("cw", 2), ("export", 2)]
        assert release.execute("select data_through from release").fetchall() == [(None,)], "one never delivered"


def test_data_go_as_far_as_the_source_that_is_behind(tmp_path: Path, serving, small: World) -> None:  # type: ignore[no-untyped-def]
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation("c1")]}, "2026-06-01T00:00:00+00:00")
    is_down = [False]
    with serving(small, lambda path, number: Fault(status=500) if is_down[0] else None) as server:
        export = {"name": "export", "kind": "export", "account": "acme", "path": "drop"}
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source_of(server, attempts=1), export])
        began = datetime.now(UTC)
        assert causerie("run", "--config", str(config)).returncode == 0
        ended = datetime.now(UTC)
        is_down[0] = True
        write_batch(tmp_path / "drop" / "b2", {"conversations": [conversation("c2")]}, "2099-01-01T00:00:00+00:00")
        assert causerie("run", "--config", str(config)).returncode == 1
    with duckdb.connect(str(tmp_path / "var" / "releases" / "current.duckdb"), read_only=True) as release:
        ((through,),) = release.execute("select epoch(data_through) from release").fetchall()
        assert began.timestamp() <= through <= ended.timestamp(), "the last reading that was whole"


RUN = """
import functools, sys
from pathlib import Path
from ingestion.sources import pull
from ingestion.sources import live
from tests.warehouse import accept
pull._SECONDS_BETWEEN_CHECKPOINTS = 0.05
accept(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("after", [3, 40, 90, 150])
def test_a_killed_reading_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """kill -9 after so many requests: nothing is lost, nothing comes twice, and what was read is not read again."""
    world = World()
    agent = world.agent()
    for number in range(60):
        one = world.conversation(world.contact(f"contact {number}"))
        for _ in range(25 if number == 30 else 2):
            world.incoming(one)
        world.reply(one, agent)
    world.now += 1
    monkeypatch.setenv("CHATWOOT_TOKEN", TOKEN)

    def slow(path: str, number: int) -> Fault:
        return Fault(seconds=0.01)

    with serve(world.answer_to, HEADERS, slow) as server:
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source_of(server)])
        command = [sys.executable, "-c", RUN, str(config)]
        process = subprocess.Popen(command, env=dict(os.environ), start_new_session=True)
        deadline = time.monotonic() + 60
        while len(server.log) < after and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        assert process.poll() is None, "it was still reading"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        before = list(server.log)
        server.log.clear()
        subprocess.run(command, env=dict(os.environ), check=True)
        again = set(before) & set(server.log)
    details = build_marts(config, take_in_first=False)["details"]
    assert len(details) == 60
    assert sum(row["messages"] for row in details) == 59 * 3 + 26  # type: ignore[misc]
    with Ledger(load_settings(config).home / LEDGER) as ledger:
        (entry,) = ledger.entries("cw")
        assert entry.counts["messages"].landed == 59 * 3 + 26, "none came twice"
        assert entry.counts["conversations"].landed == 60
    lists = [path for path in again if "?" in path or path.endswith(("agents", "teams", "inboxes"))]
    if after > 100:
        assert len(again) - len(lists) < len(before) / 2, "what is on the disk is not asked for again"


def test_the_source_can_be_checked(tmp_path: Path, serving, small: World) -> None:  # type: ignore[no-untyped-def]
    small.with_events = False

    def no_ratings(path: str, number: int) -> Fault | None:
        return Fault(status=403, body=b'{"error": "administrators only"}') if "csat" in path else None

    with serving(small, no_ratings) as server:
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source_of(server)])
        result = CliRunner().invoke(main, ["check-source", "cw", "--config", str(config)])
    assert result.exit_code == 1, result.output
    lines = {line.split()[1]: line for line in result.output.splitlines() if line.startswith("  ")}
    assert lines["conversations"].split()[0] == "ok" and "2 on the first page" in lines["conversations"]
    assert lines["events"].split()[0] == "without" and "activity messages" in lines["events"]
    assert lines["ratings"].split()[0] == "missing" and "administrator's token" in lines["ratings"]
    assert "cannot be read as it is" in result.output
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


def test_an_update_with_news_of_an_export_alone_keeps_what_live_sources_told(  # type: ignore[no-untyped-def]
    tmp_path: Path, serving, small: World
) -> None:
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation("c1")]})
    is_down = [False]
    with serving(small, lambda path, number: Fault(status=500) if is_down[0] else None) as server:
        export = {"name": "export", "kind": "export", "account": "acme", "path": "drop"}
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source_of(server), export])
        build_marts(config)
        is_down[0] = True
        write_batch(tmp_path / "drop" / "b2", {"conversations": [conversation("c2")]})
        updated = build_marts(config, incremental=True)
    build = tmp_path / "var" / "tests" / "warehouse.duckdb"
    accounting = "select source_system, entity, landed, used from intermediate.int_row_accounting order by all"
    with duckdb.connect(str(build), read_only=True) as connection:
        assert connection.execute("from settings.new_batches").fetchall() == [("export", "b2")]
        counted = connection.execute(accounting).fetchall()
    read = gather(build, build.with_name(CANDIDATE), {}, datetime.now(UTC))["accounting"]
    assert not read["read_off"].any()
    assert {"pulls", "labels", "messages"} <= {
        *read[(read["source_system"] == "cw") & (read["rows_read"] > 0)]["entity"]
    }
    full = build_marts(config, take_in_first=False)
    for mart in KEYS:
        assert differences(mart, full[mart], updated[mart]) == []
    with duckdb.connect(str(build), read_only=True) as connection:
        assert connection.execute(accounting).fetchall() == counted
        assert ("cw", "labels", 2, 2) in counted
