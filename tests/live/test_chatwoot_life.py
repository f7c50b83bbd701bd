"""Chatwoot against a life by chance, whose export was worked out from docs/live-systems.md alone."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingestion.http.client import Client
from ingestion.sources import live
from tests.comparison import KEYS, differences
from tests.drops import write_config
from tests.live.chatwoot import TOKEN, by_chance, random_world, serve, to_export
from tests.live.server import no_faults
from tests.warehouse import accept, build_marts

pytestmark = pytest.mark.systems

ACCOUNTS = [{"id": "acme", "timezone": "Europe/Paris"}]


@pytest.mark.parametrize(
    ("seed", "events", "times", "fraction", "is_faulty"),
    [
        pytest.param(2, True, "unix", 0, True, marks=pytest.mark.slow),
        (4, False, "iso", 0, False),
        pytest.param(5, True, "iso", 250, True, marks=pytest.mark.slow),
        pytest.param(1, True, "iso", 0, False, marks=pytest.mark.slow),
        pytest.param(3, False, "iso", 0, True, marks=pytest.mark.slow),
    ],
)
def test_the_marts_are_those_of_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, events: bool, times: str, fraction: int, is_faulty: bool
) -> None:
    monkeypatch.setenv("CHATWOOT_TOKEN", TOKEN)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))
    world, history = random_world(seed), []
    late = timedelta(milliseconds=fraction)
    now: datetime
    monkeypatch.setattr(live, "now", lambda: now)
    served = serve(
        world,
        events=events,
        event_times=times,  # type: ignore[arg-type]
        fraction=late,
        faults=by_chance(seed) if is_faulty else no_faults,
    )
    with served as server:
        source = {"name": "cw", "kind": "chatwoot", "account": "acme", "base_url": server.url, "account_id": 1}
        source |= {"token_env": "CHATWOOT_TOKEN", "requests_per_second": 100_000.0, "complete_every_hours": 0}
        source |= {"timeout_seconds": 5}
        config = write_config(tmp_path / "live", accounts=ACCOUNTS, sources=[source])
        for day in world.days:
            world.advance_to(day)
            history.append(world.picture())
            now = datetime.fromisoformat(to_export(history)[-1].extracted_at)
            (report,) = accept(config)
            assert not report.refusals
    address = f"{server.url}/app/accounts/1/conversations/{{conversation_id}}"
    export = {"name": "cw", "kind": "export", "account": "acme", "path": "drop", "conversation_url": address}
    export_config = write_config(tmp_path / "export", accounts=ACCOUNTS, sources=[export])
    for batch in to_export(history, events=events, fraction=late):
        batch.write(tmp_path / "export" / "drop")
    ours, theirs = build_marts(config, ingest_first=False), build_marts(export_config)
    assert theirs["details"]
    assert "\n".join(line for mart in reversed(KEYS) for line in differences(mart, theirs[mart], ours[mart])) == ""
