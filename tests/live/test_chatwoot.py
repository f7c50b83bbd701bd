"""Chatwoot over HTTP gives the marts that an export of the same data gives, whatever goes wrong on the way."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.http.client import Client
from ingestion.ingest import SourceReport
from ingestion.sources import live
from tests.comparison import KEYS, Marts, differences
from tests.drops import write_batch, write_config
from tests.live.chatwoot import ACCOUNT, HEADERS, TOKEN, World, happen, iso
from tests.live.server import Fault, Server, serve
from tests.warehouse import accept, build_marts

Faults = Callable[[str, int], Fault | None]
HOURS = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat"], "spans": ["09:00-12:00", "14:00-18:00"]}]
ACCOUNTS = [{"id": "acme", "timezone": "Europe/Paris", "working_hours": HOURS}]


class Installation:
    """A world, its server, and a home that reads it; the clock is the world's."""

    def __init__(self, world: World, server: Server, folder: Path, **more: object) -> None:
        self.world, self.server, self.folder = world, server, folder
        source = {"name": "cw", "kind": "chatwoot", "account": "acme", "base_url": server.url, "account_id": ACCOUNT}
        source |= {"token_env": "CHATWOOT_TOKEN", "requests_per_second": 100_000.0, **more}
        self.config = write_config(folder / "live", accounts=ACCOUNTS, sources=[source])
        export = {"name": "cw", "kind": "export", "account": "acme", "path": "drop"}
        self.export_config = write_config(folder / "export", accounts=ACCOUNTS, sources=[export])
        self._batches = 0

    def pull(self, *, also_exported: bool = True) -> SourceReport:
        """Read what is new; the export says the same of the same moment."""
        if also_exported:
            self._batches += 1
            rows = self.world.exported()
            write_batch(self.folder / "export" / "drop" / f"b{self._batches}", rows, iso(self.world.now))
        (report,) = accept(self.config)
        return report

    def differences(self) -> list[str]:
        """Between the marts of the two."""
        ours, theirs = build_marts(self.config, take_in_first=False), build_marts(self.export_config)
        return [line for mart in KEYS for line in differences(mart, theirs[mart], ours[mart])]

    def marts(self) -> Marts:
        return build_marts(self.config, take_in_first=False)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Iterator[Installation]]:
    monkeypatch.setenv("CHATWOOT_TOKEN", TOKEN)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))

    @contextmanager
    def install(world: World, faults: Faults = lambda path, number: None, **more: object) -> Iterator[Installation]:
        monkeypatch.setattr(live, "now", lambda: datetime.fromtimestamp(world.now, UTC))
        with serve(world.answer_to, HEADERS, faults) as server:
            yield Installation(world, server, tmp_path, **more)

    return install


def repeated(log: list[str]) -> list[str]:
    return [path for path, count in Counter(log).items() if count > 1]


@pytest.mark.parametrize(("seed", "with_events"), [(1, True), (2, False), (3, "iso")])
def test_the_marts_are_those_of_an_export(installed, seed: int, with_events: bool | str) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(seed)
    world = World(with_events=bool(with_events), iso_events=with_events == "iso")
    happen(world, chance, 150)
    with installed(world, complete_every_hours=0) as installation:
        for _ in range(3):
            installation.server.log.clear()
            assert not installation.pull().refusals
            assert not repeated(installation.server.log), "no page is read twice when nothing moves"
            happen(world, chance, 60)
        installation.pull()
        assert "\n".join(installation.differences()) == ""


@pytest.mark.parametrize("seed", [4])
def test_incremental_readings_give_the_same(installed, seed: int) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(seed)
    world = World()
    happen(world, chance, 200, only_active=True)
    with installed(world, complete_every_hours=1e6, reread_minutes=0) as installation:
        installation.pull()
        first = len(installation.server.log)
        for _ in range(4):
            world.now += 86_400
            happen(world, chance, 10, only_active=True)
            installation.server.log.clear()
            installation.pull()
            assert not repeated(installation.server.log)
            assert len(installation.server.log) < first / 2
        assert "\n".join(installation.differences()) == ""


def faulty(seed: int, share: float) -> Faults:
    """Faults by chance, never so many in a row that a request uses its attempts up."""
    chance = random.Random(seed)
    in_a_row: Counter[str] = Counter()
    kinds = [
        Fault(status=429, headers={"Retry-After": "0"}),
        Fault(status=500),
        Fault(status=503, headers={"Retry-After": "1"}),
        Fault(drop=True),
        Fault(cut=11),
        Fault(body=b"<html>"),
        Fault(body=b'{"data": {"pay'),
    ]

    def fault(path: str, number: int) -> Fault | None:
        if chance.random() < share and in_a_row[path] < 4:
            in_a_row[path] += 1
            return chance.choice(kinds)
        in_a_row[path] = 0
        return None

    return fault


@pytest.mark.parametrize("seed", [6])
def test_the_same_whatever_goes_wrong(installed, seed: int) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(seed)
    world = World()
    happen(world, chance, 200)
    with installed(world, faulty(seed, 0.3), complete_every_hours=0) as installation:
        assert not installation.pull().refusals
        happen(world, chance, 50)
        assert not installation.pull().refusals
        assert sum(status != 200 for status in installation.server.statuses) > 20
        assert "\n".join(installation.differences()) == ""


@pytest.mark.parametrize("seed", [8, 11, 13])
def test_the_same_though_the_list_moves_while_it_is_read(installed, seed: int) -> None:  # type: ignore[no-untyped-def]
    """Conversations jump to the front, come and go between two pages; what is left in the end is all there."""
    chance = random.Random(seed)
    world = World()
    happen(world, chance, 400)
    moving = [True]

    def move(path: str, number: int) -> None:
        if moving[0] and "/conversations?" in path and chance.random() < 0.8:
            doing = chance.random()
            numbers = sorted(world.conversations, key=lambda one: -world.conversations[one]["last_activity_at"])
            world.now += 1
            if doing < 0.4:
                world.incoming(chance.choice(numbers[len(numbers) // 2 :]))  # one that was not read yet
            elif doing < 0.8 and len(numbers) > 30:
                world.delete_conversation(chance.choice(numbers[:20]))  # what follows slips past a border
            else:
                world.incoming(world.conversation(chance.choice(list(world.contacts))))

    with installed(world, move, complete_every_hours=0) as installation:
        before = {str(number) for number in world.conversations}
        report = installation.pull(also_exported=False)
        assert not report.refusals
        there = before & {str(number) for number in world.conversations}
        found = {row["conversation_id"] for row in installation.marts()["details"]}
        assert there <= found, "none of them is missing after one reading"
        moving[0] = False
        installation.pull()
        assert "\n".join(installation.differences()) == ""
