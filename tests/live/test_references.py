"""A reference as an id and as an object: the same marts, whichever form a live system chooses."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.http.client import Client
from ingestion.sources import live
from tests.comparison import KEYS, differences
from tests.drops import write_config
from tests.live import activecampaign as ac
from tests.live import chatwoot
from tests.live.activecampaign_api import PATHS
from tests.live.server import Answer, serve
from tests.warehouse import accept, build_marts

Row = dict[str, Any]
Rows = Callable[[str, Row], Row]
NOW = datetime(2026, 5, 20, tzinfo=UTC)


def bare(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) else value


def whole(value: Any) -> Any:
    return value if value is None or isinstance(value, dict) else {"id": value, "name": "of it", "tags": []}


def chatwoot_in_other_forms(path: str, row: Row) -> Row:
    """What came as an object as an id, and the other way round; but for who wrote a message, which has a kind."""
    for name in ("inbox_id", "conversation_id", "message_id"):
        if name in row:
            row[name] = whole(row[name])
    if "meta" in row:
        row["meta"] = {name: value if name == "channel" else bare(value) for name, value in row["meta"].items()}
        row["labels"] = [{"id": number, "title": label} for number, label in enumerate(row["labels"])]
    return row


def activecampaign_in_other_forms(path: str, row: Row) -> Row:
    forms: dict[str, Callable[[Any], Any]] = {"contact": whole, "assigned_team": whole, "channel": whole}
    for name in forms.keys() & row.keys():
        row[name] = forms[name](row[name])
    if "assigned" in row:
        row["assigned"] = [bare(one) for one in row["assigned"]]
        row["first_message"] = row["first_message"] and row["first_message"] | {
            "sent_by": bare(row["first_message"]["sent_by"])
        }
    if "flow" in row:
        row |= {"flow": bare(row["flow"]), "flow_name": row["flow"]["name"]}
    if "tags" in row:
        row["tags"] = [tag["name"] for tag in row["tags"]]
    return row


def chatwoot_world() -> Answer:
    shop = chatwoot.World(NOW - timedelta(days=7))
    agent, team = shop.agent("Noor"), shop.team("support")
    for number in range(3):
        one = shop.conversation(shop.contact(phone=f"+44 20 7946 000{number}"))
        shop.writes(one)
        shop.replies(one, agent)
        shop.assign(one, agent)
        shop.give_to_team(one, team)
        shop.label(one, *["vip", "late"][: number + 1])
        shop.answer(shop.survey(one), 4)
        shop.wait(hours=1)
    return chatwoot.Api(shop).answer


def activecampaign_world() -> Answer:
    world = ac.World("2026-05-10T08:00:00Z")
    member = world.member(31, "Iris", "Okafor", "iris@shop.example")
    for number in range(3):
        world.contact(f"k{number}", phone=f"+44 20 7946 000{number}", first_name="Zoë", tags=["gold"])
        first = world.message(f"wamid.{number}", "INBOX", sent_by=member)
        values: Row = {"assigned_team": 5, "channel": 2, "tags": ["vip", "late"], "assigned": [member]}
        world.conversation(f"c{number}", f"k{number}", first_message=first, **values)
        world.advance(3600)
        world.flow(f"e{number}", f"k{number}", trigger_type=None)
    shown = world.snapshot()
    return lambda path, query: getattr(shown, PATHS[path.removeprefix("/")])


SYSTEMS: dict[str, tuple[Callable[[], Answer], Rows, Row]] = {
    "chatwoot": (chatwoot_world, chatwoot_in_other_forms, {"account_id": chatwoot.World.account}),
    "activecampaign": (activecampaign_world, activecampaign_in_other_forms, {"csat_flows": ["¿Cómo estuvo?"]}),
}


@pytest.mark.parametrize("kind", SYSTEMS)
def test_each_reference_is_understood_in_both_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("SHOP_TOKEN", chatwoot.TOKEN)
    monkeypatch.setattr(live, "now", lambda: NOW)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))
    world, in_other_forms, options = SYSTEMS[kind]
    changed: list[str] = []

    def with_rows(rows: Rows) -> Answer:
        answer = world()

        def of(path: str, value: Any) -> Any:
            if isinstance(value, list):
                return [rows(path, dict(one)) if isinstance(one, dict) else one for one in value]
            if isinstance(value, dict) and not path.endswith("labels"):
                return {
                    name: of(path, inner) if name in ("data", "payload") else inner for name, inner in value.items()
                }
            return value

        return lambda path, query: of(path, answer(path, query))

    def marts(name: str, rows: Rows) -> dict[str, Any]:
        with serve(with_rows(rows), {}) as server:
            source = {
                "name": "shop",
                "kind": kind,
                "account": "acme",
                "base_url": server.url,
                "token_env": "SHOP_TOKEN",
                "conversation_url": "https://shop.example/{conversation_id}",  # not the port of this server
            }
            config = write_config(
                tmp_path / name, accounts=[{"id": "acme", "timezone": "UTC"}], sources=[source | options]
            )
            (report,) = accept(config)
        assert not report.failure and not report.refusals
        assert not any(counts.quarantined for entry in report.entries for counts in entry.counts.values())
        return build_marts(config, ingest_first=False)

    def other(path: str, row: Row) -> Row:
        before = repr(row)
        after = in_other_forms(path, row)
        changed.extend([path] if repr(after) != before else [])
        return after

    usual, others = marts("usual", lambda path, row: row), marts("others", other)
    assert changed
    (one, *_) = usual["details"]
    assert one["agent_name"] and one["team"] and one["conversation_tags"] and one["is_surveyed"]
    assert [line for mart in KEYS for line in differences(mart, usual[mart], others[mart])] == []
