"""Snapshots of ActiveCampaign and an archive of webhooks give the marts that an export of the same data gives."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ingestion import decisions
from ingestion.http.client import Client
from ingestion.ingest import SourceReport
from ingestion.settings import load_settings
from ingestion.sources import live
from tests.comparison import KEYS, differences
from tests.drops import write_config
from tests.live import server as plain_server
from tests.live.activecampaign import Row, World
from tests.live.activecampaign_api import TOKEN, Api, serve
from tests.live.activecampaign_export import QUALITY, Run, look, to_export, without_what_is_observed, write_export
from tests.live.activecampaign_life import random_world
from tests.live.meta import write_archive
from tests.live.server import Fault, by_chance, no_faults
from tests.warehouse import accept, build_marts

pytestmark = pytest.mark.systems

ACCOUNTS = [{"id": "acme", "timezone": "America/Mexico_City"}]
DAYS = (2, 3, 5, 8, 12, 16)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HILOS_TOKEN", TOKEN)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))


def configured(folder: Path, server: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that reads a served account and its archive; the clock is the world's."""
    monkeypatch.setattr(live, "now", lambda: world.now)
    source = {"name": "ac", "kind": "activecampaign", "account": "acme", "base_url": server.base_url}
    source |= {"token_env": "HILOS_TOKEN", "requests_per_second": 100_000.0, "page_size": 7}
    archive = {"name": "wa", "kind": "meta_webhooks", "account": "acme", "path": "archive"}
    (folder / "archive").mkdir(parents=True)
    return write_config(folder, accounts=ACCOUNTS, sources=[source, archive], extra=QUALITY)


def refusals(reports: Sequence[SourceReport]) -> list[str]:
    return [line for report in reports for line in report.refusals]


def unlike_an_export(config: Path, folder: Path, history: Sequence[Run]) -> str:
    """How the marts differ from those of an export of the same: but for what tells that instants are observed."""
    source = {"name": "ac", "kind": "export", "account": "acme", "path": "drop"}
    export = write_config(folder, accounts=ACCOUNTS, sources=[source], extra=QUALITY)
    write_export(folder / "drop", to_export(history))
    ours, theirs = build_marts(config, ingest_first=False), build_marts(export)
    assert {row["times_basis"] for row in ours["details"]} == {"observed"}
    assert any(row["has_observed"] for row in ours["backlog"])
    ours, theirs = without_what_is_observed(ours), without_what_is_observed(theirs)
    return "\n".join(line for mart in reversed(KEYS) for line in differences(mart, theirs[mart], ours[mart]))


@pytest.mark.parametrize(
    ("seed", "is_faulty"), [(2, True), *(pytest.param(seed, seed > 2, marks=pytest.mark.slow) for seed in (1, 3, 4, 5))]
)
def test_the_marts_are_those_of_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, is_faulty: bool
) -> None:
    world = random_world(seed, contacts_vanish=seed % 2 == 0)
    start, history = world.now, []
    with serve(world, faults=by_chance(seed) if is_faulty else no_faults) as server:
        config = configured(tmp_path / "live", server, world, monkeypatch)
        archive = config.parent / "archive"
        for day in DAYS:
            world.advance_to(start + timedelta(days=day))
            write_archive(world.facts, archive, world.now, seed=seed, torn=day == 5)
            history.append(look(world, archive))
            asked = {kind: server.pages(kind) for kind in ("conversations", "contacts", "flows")}
            assert not refusals(accept(config))
            for kind, before in asked.items():
                read = server.pages(kind) - before
                assert is_faulty or set(read.values()) <= {1}, "no page is read twice when nothing moves"
        assert is_faulty == any(status != 200 for status in server.server.statuses)
    assert unlike_an_export(config, tmp_path / "export", history) == ""


@pytest.mark.parametrize("seed", [6, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (9, 11))])
def test_nothing_is_missed_though_the_lists_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Between two pages rows come at the front and go: what follows slips past a border."""
    chance = Random(seed)
    world = random_world(seed)
    world.advance(5 * 86_400)

    def move(target: str, number: int) -> Fault | None:
        if chance.random() < 0.3:
            world.advance(60)
            keys = list(world.conversations)
            if chance.random() < 0.5:
                world.vanish(keys[-1])
            else:
                world.conversation(f"new-{number}", next(iter(world.contacts)))
        return None

    with serve(world, faults=move) as server:
        config = configured(tmp_path / "live", server, world, monkeypatch)
        reports = accept(config)
        assert not refusals(reports)
        assert server.missed() == []
        served = {row["id"] for row in server.take().conversations}
    found = {row["conversation_id"] for row in build_marts(config, ingest_first=False)["details"]}
    assert found == served, "what was delivered is in the marts"


def test_an_archive_that_does_not_grow_has_been_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = random_world(12, conversations=10)
    with serve(world) as server:
        config = configured(tmp_path / "live", server, world, monkeypatch)
        for day in (1, 30, 31):
            world.advance(day * 86_400)
            write_archive(world.facts, config.parent / "archive", world.now)
            reports = accept(config)
        extracted = {entry.extracted_at for report in reports for entry in report.entries}
        assert extracted == {world.now}
        assert [sum(counts.landed for counts in entry.counts.values()) for entry in reports[1].entries] == [0]
        build_marts(config, ingest_first=False)


def test_an_archive_that_is_still_written_is_left_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = random_world(13, conversations=10)
    world.advance(86_400 * 12)
    with serve(world) as server:
        config = configured(tmp_path / "live", server, world, monkeypatch)
        archive = config.parent / "archive"
        write_archive(world.facts, archive, world.now)
        packed = next(iter(sorted(archive.glob("*.gz"))))
        whole = packed.read_bytes()
        packed.write_bytes(whole[: len(whole) // 2])
        report = accept(config)[1]
        assert f"{packed}: the gzip file is cut off; it is left for a later run" in report.warnings[0]
        few = build_marts(config, ingest_first=False)["details"]
        packed.write_bytes(whole)
        report = accept(config)[1]
        assert not any("later run" in warning for warning in report.warnings)
        many = build_marts(config, ingest_first=False)["details"]
    assert sum(row["messages"] for row in few) < sum(row["messages"] for row in many)  # type: ignore[misc]


def test_what_goes_to_the_front_of_a_list_while_it_is_read_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list in the order of activity gets no shorter, and the row that moved stands where nobody looks any more."""
    world = random_world(14, conversations=30)
    world.advance(20 * 86_400)
    order = world.conversation_list
    with serve(world) as server:
        config = configured(tmp_path / "live", server, world, monkeypatch)

        def by_activity() -> list[Row]:
            rows = order()
            has_moved = len(server.server.asked("/inbox/conversation")) > 1
            return sorted(rows, key=lambda row: (row["id"] == rows[-1]["id"]) == (not has_moved))

        monkeypatch.setattr(world, "conversation_list", by_activity)
        assert not refusals(accept(config))
        served = {row["id"] for row in order()}
    found = {row["conversation_id"] for row in build_marts(config, ingest_first=False)["details"]}
    assert found == served


@pytest.mark.parametrize("link", ["the same", 7, {"page": 2}, "https://elsewhere.example/", "http://[", True])
def test_an_odd_link_to_the_next_page_ends_the_reading_and_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: object
) -> None:
    world = random_world(15, conversations=30)
    world.advance(20 * 86_400)
    with serve(world) as server:
        config = configured(tmp_path / "live", server, world, monkeypatch)

        def odd(path: str, query: dict[str, str], page: int) -> object:
            assert len(server.server.log) < 200
            return f"{server.server.url}{path}?page=2&page_size=7" if link == "the same" else link

        monkeypatch.setattr(server, "link", odd)
        report = accept(config)[0]
        assert report.failure
        assert len(server.server.log) < 60


def test_a_link_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = random_world(15, conversations=30)
    world.advance(20 * 86_400)
    with serve(world) as server:
        config = configured(tmp_path / "live", server, world, monkeypatch)
        monkeypatch.setattr(server, "link", lambda path, query, page: f"?page={page}&page_size=7")
        assert not refusals(accept(config))
        served = {row["id"] for row in world.conversation_list()}
    assert {row["conversation_id"] for row in build_marts(config, ingest_first=False)["details"]} == served


def test_an_archive_that_cannot_be_opened_is_left_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = random_world(16, conversations=10)
    world.advance(86_400 * 12)
    with serve(world) as server:
        config = configured(tmp_path / "live", server, world, monkeypatch)
        archive = config.parent / "archive"
        write_archive(world.facts, archive, world.now)
        (closed := archive / "closed.ndjson").write_text("{}\n")
        opened = os.open

        def refuse(path: Any, *how: Any, **more: Any) -> int:
            if path == closed:
                raise PermissionError(13, "Permission denied", str(path))
            return opened(path, *how, **more)

        monkeypatch.setattr(os, "open", refuse)
        report = accept(config)[1]
        assert f"{closed}: cannot be read: Permission denied; it is left for a later run" in report.warnings[0]
        assert not report.refusals


def test_a_second_close_stands_also_when_the_clock_ran_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, clock = [""], [datetime(2026, 5, 1, tzinfo=UTC)]

    def answer(path: str, query: dict[str, str]) -> object:
        if not path.endswith("/inbox/conversation"):
            return []
        row = {"id": "c1", "status": status[0], "created_on": "2026-01-01T00:00:00Z"}
        return {"count": 1, "next": None, "previous": None, "results": [row]}

    monkeypatch.setattr(live, "now", lambda: clock[0])
    with plain_server.serve(answer, {"Authorization": "Token a-token"}) as server:
        source = {"name": "ac", "kind": "activecampaign", "account": "acme", "base_url": server.url}
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source | {"token_env": "HILOS_TOKEN"}])
        for status[0], day in (("NEW", 1), ("CLOSED", 20), ("NEW", 21), ("CLOSED", 10)):
            clock[0] = datetime(2026, 5, day, tzinfo=UTC)
            assert not refusals(accept(config))
    ((row,),) = [build_marts(config, ingest_first=False)["details"]]
    assert row["closed_at"] == datetime(2026, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param(("account-member",), marks=pytest.mark.slow),
        ("contact",),
        ("account-member", "contact", "flow-execution-contact"),
    ],
)
def test_lists_that_an_interface_lacks_cost_names_and_no_conversations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: tuple[str, ...]
) -> None:
    """From the first reading on, and from a later one on, which then deletes nothing."""
    missing: list[str] = []
    conversation = {"id": "c1", "contact": "k1", "status": "NEW", "created_on": "2026-01-01T00:00:00Z"}
    lists: dict[str, list[Row]] = {
        "account-member": [{"id": 7, "first_name": "Bea", "last_name": None}],
        "contact": [{"id": "k1", "first_name": "Ana", "last_name": "Sol"}],
        "inbox/conversation": [conversation | {"assigned": [{"id": 7}]}],
        "flow-execution-contact": [],
    }

    def answer(path: str, query: dict[str, str]) -> object | None:
        name = path.removeprefix("/")
        return None if name in missing else lists[name]

    monkeypatch.setattr(live, "now", lambda: datetime(2026, 5, 1, tzinfo=UTC))
    with plain_server.serve(answer, {"Authorization": "Token a-token"}) as server:
        source = {"name": "ac", "kind": "activecampaign", "account": "acme", "base_url": server.url}
        source["token_env"] = "HILOS_TOKEN"
        first, later = (
            write_config(tmp_path / name, accounts=ACCOUNTS, sources=[source]) for name in ("first", "later")
        )
        accept(later)
        missing += lacking
        for config in (first, later):
            (report,) = accept(config)
            assert not report.refusals and not report.failure
            assert len(report.warnings) == len(lacking)
            assert all(any(f"/{name}?" in line for line in report.warnings) for name in lacking)
    ((unnamed,), (named,)) = (build_marts(config, ingest_first=False)["details"] for config in (first, later))
    assert (named["agent_name"], named["contact_name"]) == ("Bea", "Ana Sol"), "what was known stays known"
    assert unnamed["agent_name"] == (None if "account-member" in lacking else "Bea")
    assert unnamed["contact_name"] == (None if "contact" in lacking else "Ana Sol")
    assert (unnamed["conversation_id"], unnamed["agent_id"], unnamed["contact_id"]) == ("c1", "7", "k1")


@pytest.mark.parametrize("short", ["inbox/conversation", "contact", "flow-execution-contact"])
def test_a_list_that_shows_fewer_than_it_says_is_said_and_deletes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: str
) -> None:
    rows: dict[str, list[Row]] = {
        "account-member": [],
        "contact": [{"id": f"k{n}", "first_name": f"Eva {n}"} for n in range(3)],
        "inbox/conversation": [
            {"id": f"c{n}", "contact": f"k{n}", "status": "NEW", "created_on": "2026-02-03T04:05:06Z"} for n in range(3)
        ],
        "flow-execution-contact": [
            {"id": f"e{n}", "contact": f"k{n}", "created_on": "2026-02-03T05:00:00Z", "flow": 8} for n in range(3)
        ],
    }
    hidden: dict[str, int] = {}

    def answer(path: str, query: dict[str, str]) -> object:
        name = path.removeprefix("/")
        shown = rows[name][hidden.get(name, 0) :]
        return {"count": len(rows[name]), "next": None, "previous": None, "results": shown}

    monkeypatch.setattr(live, "now", lambda: datetime(2026, 5, 1, tzinfo=UTC))
    with plain_server.serve(answer, {"Authorization": "Token a-token"}) as server:
        source = {"name": "ac", "kind": "activecampaign", "account": "acme", "base_url": server.url}
        source |= {"token_env": "HILOS_TOKEN", "csat_flows": [8]}
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source])
        (report,) = accept(config)
        assert not report.warnings
        hidden[short] = 2
        (report,) = accept(config)
    assert any("says that it has 3, but shows only 1" in line for line in report.warnings)
    details = build_marts(config, ingest_first=False)["details"]
    shown = sorted((row["contact_name"], row["is_surveyed"]) for row in details)
    assert shown == [(f"Eva {n}", True) for n in range(3)]


def test_without_conversations_there_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "now", lambda: datetime(2026, 5, 1, tzinfo=UTC))
    with plain_server.serve(lambda path, query: None, {"Authorization": "Token a-token"}) as server:
        source = {"name": "ac", "kind": "activecampaign", "account": "acme", "base_url": f"{server.url}/wrong"}
        source["token_env"] = "HILOS_TOKEN"
        (report,) = accept(write_config(tmp_path, accounts=ACCOUNTS, sources=[source]))
    assert report.failure and "/wrong/inbox/conversation" in report.failure and "correct the base_url" in report.failure
    assert not report.entries


def test_a_record_that_is_none_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Any] = [{"id": f"c{n}", "status": "NEW", "created_on": "2026-01-01T00:00:00Z"} for n in range(5)]
    rows[2:2] = [None, "c9", [1], rows[0] | {"id": "c8", "contact": {"uuid": "k1"}}]

    def answer(path: str, query: dict[str, str]) -> object:
        return rows if path.endswith("/inbox/conversation") else []

    monkeypatch.setattr(live, "now", lambda: datetime(2026, 5, 1, tzinfo=UTC))
    with plain_server.serve(answer, {"Authorization": "Token a-token"}) as server:
        source = {"name": "ac", "kind": "activecampaign", "account": "acme", "base_url": server.url}
        config = write_config(tmp_path, accounts=ACCOUNTS, sources=[source | {"token_env": "HILOS_TOKEN"}])
        (report,) = accept(config)
    assert not report.refusals and not report.failure
    ((entry,),) = [report.entries]
    assert (entry.counts["conversations"].landed, entry.counts["conversations"].quarantined) == (9, 4)


def test_archives_of_a_batch_that_was_taken_out_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [datetime(2026, 5, 1, tzinfo=UTC)]
    monkeypatch.setattr(live, "now", lambda: clock[0])
    archive = {"name": "wa", "kind": "meta_webhooks", "account": "acme", "path": "archive"}
    config = write_config(tmp_path, accounts=ACCOUNTS, sources=[archive])
    (tmp_path / "archive").mkdir()

    def landed(name: str) -> int:
        if name:
            message = {"id": f"wamid.{name}", "from": "34600", "timestamp": "1767225600", "type": "text"}
            delivery = {"entry": [{"changes": [{"field": "messages", "value": {"messages": [message]}}]}]}
            (tmp_path / "archive" / f"{name}.ndjson").write_text(f"{json.dumps(delivery)}\n")
        clock[0] += timedelta(hours=1)
        (report,) = accept(config)
        assert not report.refusals
        return sum(entry.counts["messages"].landed for entry in report.entries if entry.counts)

    assert [landed("a"), landed("b"), landed("c")] == [1, 1, 1]
    first = min(path.name for path in (tmp_path / "var" / "landing" / "wa").iterdir())
    decisions.reject(load_settings(config), "wa", first, "half an archive", clock[0])
    assert [landed("d"), landed("e"), landed("")] == [4, 1, 0], "all again, and that once"


def test_unknown_states_of_flows_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("2026-01-05T08:00:00Z")
    world.contact("k1", phone="+34 600 00 00 01")
    world.conversation("c1", "k1")
    world.advance(60)
    world.flow("e1", "k1", status="PAUSED")
    world.flow("e2", "k1", status="RUNNING")
    with serve(world) as server:
        (report, _) = accept(config := configured(tmp_path, server, world, monkeypatch))
    (warning,) = report.warnings
    assert "1 of 2 executions have an unknown status: 'paused' (1); known are ready, running" in warning
    assert not report.refusals
    days = [row for row in build_marts(config, ingest_first=False)["by_flow"] if row["grain"] == "day"]
    assert [(row["runs"], row["ongoing"], row["other"], row["conversations"]) for row in days] == [(2, 1, 1, 1)]
