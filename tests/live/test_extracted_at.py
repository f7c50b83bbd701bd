"""When a reading of a live system is of: the first request that succeeded, whatever failed before it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestion.http.client import Client
from ingestion.sources import live
from ingestion.storage.ledger import Entry
from tests.drops import write_config
from tests.live import chatwoot
from tests.live.server import Answer, Fault, Server, serve
from tests.warehouse import accept

START = datetime(2026, 6, 1, 6, tzinfo=UTC)
ACCEPTED = {"chatwoot": chatwoot.HEADERS, "activecampaign": {"Authorization": f"Token {chatwoot.TOKEN}"}}


class Clock:
    """The time, which waits move on."""

    def __init__(self) -> None:
        self.now = START

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setenv("SHOP_TOKEN", chatwoot.TOKEN)
    monkeypatch.setattr(live, "now", lambda: clock.now)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=clock.wait))
    return clock


def system(kind: str) -> Answer:
    """One conversation."""
    if kind == "chatwoot":
        shop = chatwoot.World()
        shop.writes(shop.conversation(shop.contact()))
        return chatwoot.Api(shop).answer
    row = {"id": "c1", "status": "NEW", "created_on": "2026-05-01T00:00:00Z", "contact": "k1"}
    return lambda path, query: [row] if path.endswith("/conversation") else []


def read(folder: Path, kind: str, server: Server) -> tuple[str | None, list[Entry]]:
    """Why the source has failed, and its batches."""
    source = {"name": "shop", "kind": kind, "account": "acme", "base_url": server.url, "token_env": "SHOP_TOKEN"}
    source |= {"attempts": 2, "requests_per_second": 100_000.0}
    if kind == "chatwoot":
        source |= {"account_id": chatwoot.World.account}
    (report,) = accept(write_config(folder, accounts=[{"id": "acme", "timezone": "UTC"}], sources=[source]))
    return report.failure, list(report.entries)


def down(at: str) -> Callable[[str, int], Fault | None]:
    return lambda path, number: Fault(status=503) if at in path else None


@pytest.mark.parametrize("kind", ["chatwoot", "activecampaign"])
def test_a_system_that_was_down_is_read_as_of_when_it_is_up(tmp_path: Path, clock: Clock, kind: str) -> None:
    faults = [down("")]
    with serve(system(kind), ACCEPTED[kind], lambda path, number: faults[0](path, number)) as server:
        failure, _ = read(tmp_path, kind, server)
        assert failure
        clock.now = START + timedelta(hours=20)
        faults[0] = lambda path, number: None
        failure, (entry,) = read(tmp_path, kind, server)
    assert failure is None
    assert entry.extracted_at == START + timedelta(hours=20)


@pytest.mark.parametrize("kind", ["chatwoot", "activecampaign"])
def test_what_was_waited_before_the_first_answer_is_not_of_the_reading(tmp_path: Path, clock: Clock, kind: str) -> None:
    """A limit that ends after 70 seconds, and does not say so."""

    def limit(path: str, number: int) -> Fault | None:
        return Fault(status=429) if clock.now < START + timedelta(seconds=70) else None

    with serve(system(kind), ACCEPTED[kind], limit) as server:
        failure, (entry,) = read(tmp_path, kind, server)
    assert failure is None
    assert entry.extracted_at is not None
    assert timedelta(seconds=70) <= entry.extracted_at - START < timedelta(minutes=5)


def test_a_reading_that_is_continued_is_of_its_first_part(tmp_path: Path, clock: Clock) -> None:
    faults = [down("/conversations")]
    with serve(system("chatwoot"), ACCEPTED["chatwoot"], lambda path, number: faults[0](path, number)) as server:
        assert read(tmp_path, "chatwoot", server)[0]
        clock.now = START + timedelta(hours=3)
        faults[0] = lambda path, number: None
        failure, (entry,) = read(tmp_path, "chatwoot", server)
    assert failure is None
    assert entry.extracted_at == START


def test_a_snapshot_is_never_continued(tmp_path: Path, clock: Clock) -> None:
    faults = [down("/conversation")]
    with serve(system("activecampaign"), ACCEPTED["activecampaign"], lambda path, n: faults[0](path, n)) as server:
        assert read(tmp_path, "activecampaign", server)[0]
        clock.now = START + timedelta(hours=3)
        faults[0] = lambda path, number: None
        failure, (entry,) = read(tmp_path, "activecampaign", server)
    assert failure is None
    assert entry.extracted_at == START + timedelta(hours=3)
