"""Snapshots of ActiveCampaign and an archive of webhooks give the marts that an export of the same data gives."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.client import Client
from ingestion.intake import SourceReport
from ingestion.sources import live
from tests.comparison import KEYS, differences
from tests.drops import write_batch, write_config
from tests.live.activecampaign import HEADERS, TOKEN, World, happen, iso
from tests.live.server import Fault, Server, serve
from tests.live.test_chatwoot import faulty
from tests.warehouse import accept, build_marts

Faults = Callable[[str, int], Fault | None]
ACCOUNTS = [{"id": "acme", "timezone": "America/Mexico_City"}]


class Account:
    """A world, its server and archive, and a home that reads them; the clock is the world's."""

    def __init__(self, world: World, server: Server, folder: Path) -> None:
        self.world, self.server, self.folder = world, server, folder
        source = {"name": "ac", "kind": "activecampaign", "account": "acme", "base_url": f"{server.url}/api"}
        source |= {"token_env": "HILOS_TOKEN", "requests_per_second": 100_000.0, "page_size": 7}
        archive = {"name": "wa", "kind": "meta_webhooks", "account": "acme", "path": "archive"}
        (folder / "live" / "archive").mkdir(parents=True)
        self.config = write_config(folder / "live", accounts=ACCOUNTS, sources=[source, archive])
        export = {"name": "ac", "kind": "export", "account": "acme", "path": "drop"}
        self.export_config = write_config(folder / "export", accounts=ACCOUNTS, sources=[export])
        self._batches = 0

    @property
    def archive(self) -> Path:
        return self.folder / "live" / "archive"

    def pull(self, *, also_exported: bool = True) -> list[SourceReport]:
        if also_exported:
            self._batches += 1
            rows = self.world.snapshot(self.world.now)
            write_batch(self.folder / "export" / "drop" / f"b{self._batches}", rows, iso(self.world.now))
        return accept(self.config)

    def differences(self) -> str:
        """Between the marts of the two: but for what tells that instants are observed."""
        ours, theirs = build_marts(self.config, take_in_first=False), build_marts(self.export_config)
        assert {row.pop("times_basis") for row in ours["details"]} == {"observed"}
        assert {row.pop("times_basis") for row in theirs["details"]} == {"exact"}
        return "\n".join(line for mart in reversed(KEYS) for line in differences(mart, theirs[mart], ours[mart]))


Installed = Callable[..., Iterator[Account]]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    monkeypatch.setenv("HILOS_TOKEN", TOKEN)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))

    @contextmanager
    def install(world: World, faults: Faults = lambda path, number: None) -> Iterator[Account]:
        monkeypatch.setattr(live, "now", lambda: datetime.fromtimestamp(world.now, UTC))
        with serve(world.answer_to, HEADERS, faults) as server:
            world.url = server.url
            yield Account(world, server, tmp_path)

    return install


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_marts_are_those_of_an_export(installed, seed: int) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(seed)
    world = World()
    happen(world, chance, 120)
    with installed(world) as account:
        for number in range(4):
            world.archive(account.archive, f"day-{number}.ndjson{'.gz' if number % 2 else ''}", chance, late=number % 3)
            account.server.log.clear()
            assert not any(report.refusals for report in account.pull())
            assert max(Counter(account.server.log).values()) == 1, "no page is read twice when nothing moves"
            happen(world, chance, 50)
        world.archive(account.archive, "last.ndjson", chance)
        account.pull()
        assert account.differences() == ""


@pytest.mark.parametrize("seed", [5, 6])
def test_the_same_whatever_goes_wrong(installed, seed: int) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(seed)
    world = World()
    happen(world, chance, 150)
    with installed(world, faulty(seed, 0.3)) as account:
        for number in range(2):
            world.archive(account.archive, f"day-{number}.ndjson", chance)
            assert not any(report.refusals for report in account.pull())
            happen(world, chance, 30)
        world.archive(account.archive, "last.ndjson", chance)
        account.pull()
        assert len(account.server.log) - account.server.statuses.count(200) > 3, "it did go wrong"
        assert account.differences() == ""


@pytest.mark.parametrize("seed", range(7, 11))
def test_nothing_that_was_there_is_missing_though_the_list_moves(installed, seed: int) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(seed)
    world = World()
    happen(world, chance, 150)

    def move(path: str, number: int) -> None:
        if "/inbox/conversation" in path and chance.random() < 0.5:
            if chance.random() < 0.5:
                del world.conversations[list(world.conversations)[-1]]  # of the first page: another one slips
            else:
                world.conversation(next(iter(world.contacts)), source="INBOUND")

    with installed(world, move) as account:
        before = set(world.conversations)
        account.pull(also_exported=False)
        found = {row["conversation_id"] for row in build_marts(account.config, take_in_first=False)["details"]}
        assert before & set(world.conversations) <= found
