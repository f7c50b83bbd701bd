"""The same versions of the same records give the same marts, however they come; and the marts that are right.

Hypothesis makes small histories full of ties, clock changes, strangers and deletions, and deals them out: to any
batches, files and lines, in one run or several, some of them twice.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from tests import oracle
from tests.comparison import KEYS, differences
from tests.drops import Row, write_batch, write_config
from tests.examples import examples
from tests.warehouse import accept, build_marts

EXTRACTED_AT = "2026-12-01T00:00:00+00:00"
ZONES = ("Europe/Paris", "America/Sao_Paulo", "America/St_Johns", "Australia/Lord_Howe")
# around both changes of the clocks, a year's end, a month's end; close together, so that instants meet
MOMENTS = [
    datetime(2026, 3, 28, 22, 59, 59, 500_000, UTC),
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 24, 22, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 30, tzinfo=UTC),
    datetime(2026, 6, 1, 2, 30, tzinfo=UTC),
]
instants = st.builds(
    lambda moment, minutes, offset: (
        (moment + timedelta(minutes=minutes)).astimezone(ZoneInfo(offset)).isoformat(timespec="microseconds")
    ),
    st.sampled_from(MOMENTS),
    st.sampled_from([0, 0, 1, 7, 60, 90, 600, 1440, 5000]),
    st.sampled_from(["UTC", "Europe/Paris", "Asia/Kolkata"]),
)
maybe_instants = st.none() | instants
conversation_ids = st.sampled_from(["1", "2", "3", "10"])
agents = st.sampled_from([None, None, "7", "8", "gone"])
words = st.sampled_from(["INBOX", " flow", "Inbound", "UNKNOWN", "AUTO_RESPONSE", None, "API", "", "broadcast\t"])
names = st.sampled_from([None, None, "", " ", "Support", "\tSupport\u00a0", "support"])
tags = st.lists(st.sampled_from(["vip", " vip", "refund", "", "Refund", "été"]), max_size=3) | st.none()
deleted = st.sampled_from([None, None, False, False, True])

BODIES = {
    "conversations": st.fixed_dictionaries(
        {
            "contact_id": st.sampled_from([None, "k1", "k2"]),
            "source": words,
            "status": st.sampled_from(["OPEN", "closed ", "NEW", "Flow_Paused", "???", None, "RESOLVED"]),
            "closed_at": maybe_instants,
            "agent_id": agents,
            "team": names,
            "channel": names,
            "tags": tags,
            "deleted": deleted,
        }
    ),
    "messages": st.fixed_dictionaries(
        {
            "conversation_id": conversation_ids | st.just("unknown"),
            "direction": st.sampled_from(["inbound", "OUTBOUND", " outbound", "inbound"]),
            "sender_type": st.sampled_from(["agent", "agent", "Agent ", "contact", "bot", "system", None]),
            "agent_id": agents,
            "origin": st.sampled_from(["inbox", None, "", "INBOX", "flow", "auto_response", "api"]),
            "type": st.sampled_from([None, "text", "text", "reaction", "Activity", "system"]),
            "status": st.sampled_from([None, "read", "failed", " FAILED", "sent"]),
            "private": st.sampled_from([None, False, False, True]),
            "deleted": deleted,
        }
    ),
    "events": st.fixed_dictionaries(
        {
            "conversation_id": conversation_ids | st.just("unknown"),
            "type": st.sampled_from(["handoff", "reopened", "Reopened ", "assigned", "closed"]),
            "occurred_at": instants,
        }
    ),
    "ratings": st.fixed_dictionaries(
        {
            "conversation_id": conversation_ids,
            "rating": st.sampled_from([None, 1, 3, 4, 5]),
            "comment": st.sampled_from([None, "merci"]),
            "answered_at": maybe_instants,
        }
    ),
    "flow_runs": st.fixed_dictionaries(
        {
            "flow_id": st.sampled_from(["w", "w", "q"]),
            # some on days on which nothing else happens
            "started_at": instants | st.sampled_from(["2024-02-29T23:30:00Z", "2026-11-15T23:30:00+05:30"]),
            "status": st.sampled_from(
                ["RUNNING", "ready ", "Completed", "CANCELED", "cancelled", "expired", "failed", "?"]
            ),
            "flow_name": st.sampled_from([None, "", "Welcome", "Bienvenue"]),
            "contact_id": st.sampled_from([None, "k1", "k2", "nobody"]),
            "conversation_id": conversation_ids | st.sampled_from([None, "unknown"]),
            "ended_at": maybe_instants,
            "direction": st.sampled_from([None, "INBOUND", "outbound", "sideways"]),
            "is_test": st.sampled_from([None, False, False, True]),
            "deleted": deleted,
        }
    ),
    "contacts": st.fixed_dictionaries(
        {
            "name": st.sampled_from([None, "Ana"]),
            "phone": st.sampled_from([None, "+33 6 12 34 56 78", "1234", "x"]),
            "tags": tags,
            "deleted": deleted,
        }
    ),
    "agents": st.fixed_dictionaries({"name": st.sampled_from([None, "Zoé", "Bob"]), "email": st.just("a@example.org")}),
}
KEY_OF = {
    "conversations": ("conversation_id", conversation_ids),
    "messages": ("message_id", st.integers(1, 30).map(str)),
    "events": ("event_id", st.integers(1, 6).map(str)),
    "ratings": ("rating_id", st.integers(1, 4).map(str)),
    "flow_runs": ("flow_run_id", st.integers(1, 6).map(str)),
    "contacts": ("contact_id", st.sampled_from(["k1", "k2"])),
    "agents": ("agent_id", st.sampled_from(["7", "8"])),
}
CLOCK = {"conversations": "started_at", "messages": "sent_at"}
MOST = {"messages": 40, "conversations": 4}


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Versions of records by entity. Of one record no two are of one time, so that their order is theirs alone."""
    found: dict[str, list[Row]] = {}
    for entity, (key, ids) in KEY_OF.items():
        found[entity] = []
        least = 1 if entity == "conversations" else 0
        for identity in draw(st.lists(ids, unique=True, min_size=least, max_size=MOST.get(entity, 4))):
            fixed = {CLOCK[entity]: draw(instants)} if entity in CLOCK else {}
            bodies = draw(st.lists(BODIES[entity], min_size=1, max_size=1 if entity == "events" else 3))
            for age, body in enumerate(bodies):
                version = {key: identity, **fixed, **body}
                if entity != "events":
                    version["updated_at"] = None if age == 0 else f"2026-11-{age:02d}T00:00:00Z"
                found[entity].append(version)
    return found


def deal(history: dict[str, list[Row]], chance: random.Random, batches: int) -> list[dict[str, list[Row]]]:
    """Every version to at least one of the batches, some to two, in any order."""
    dealt: list[dict[str, list[Row]]] = [{} for _ in range(batches)]
    for entity in chance.sample(sorted(history), len(history)):
        for version in history[entity]:
            for batch in chance.sample(range(batches), 2 if batches > 1 and chance.random() < 0.2 else 1):
                dealt[batch].setdefault(entity, []).append(version)
        for batch in dealt:
            chance.shuffle(batch.get(entity, []))
    return dealt


def account(zone: str) -> dict[str, Any]:
    """With a lunch break, a night shift, a holiday, a change of hours in June, and targets of each kind."""
    return {
        "id": "acme",
        "timezone": zone,
        "week_start": "sunday",
        "working_hours": [
            {"valid_from": date(2026, 1, 1), "days": ["mon", "tue", "sat"], "spans": ["09:00-12:00", "13:00-24:00"]},
            {"valid_from": date(2026, 1, 1), "days": ["sun"], "spans": ["00:00-03:30"]},
            {"valid_from": date(2026, 6, 1), "days": ["mon", "sun"], "spans": ["00:00-24:00"]},
        ],
        "holidays": [{"date": date(2026, 3, 30), "spans": ["10:00-11:00"]}],
        "targets": [
            {"name": f"{measure} {counted_in}", "measure": measure, "within": within, "in": counted_in}
            for measure, within in (("first_response", "1h"), ("reply", "90m"), ("resolution", "1d"))
            for counted_in in ("all", "working_hours")
        ]
        + [
            {"name": "changed", "measure": "reply", "within": "7m"},
            {"name": "changed", "measure": "first_response", "within": "37d", "valid_from": date(2026, 3, 29)},
            {"name": "changed", "measure": "resolution", "within": "40d", "valid_from": date(2026, 10, 25)},
            {"name": "of some", "measure": "reply", "within": "1h", "teams": ["Support", "(no team)"], "tags": ["vip"]},
            {"name": "of none", "measure": "resolution", "within": "60m", "channels": ["(no channel)"]},
            {
                "name": "later",
                "measure": "reply",
                "within": "40d",
                "tags": ["(untagged)"],
                "valid_from": date(2026, 6, 1),
            },
        ],
    }


def deliver(
    folder: Path, history: dict[str, list[Row]], zone: str, seed: int, batches: int, *, in_one_run: bool
) -> Path:
    """A home that has taken the history in; its configuration. In several runs, each builds what came before it."""
    chance = random.Random(seed)
    config = write_config(
        folder, accounts=[account(zone)], extra="[quality]\nrestated_rows = 1000\nunknown_share = 1\norphan_share = 1\n"
    )
    (folder / "drop").mkdir()
    for number, entities in enumerate(deal(history, chance, batches)):
        write_batch(
            folder / "drop" / f"b{number}",
            entities,
            EXTRACTED_AT,
            file_format=chance.choice(["ndjson", "csv", "parquet"]) if batches > 1 else "ndjson",
            gz=chance.random() < 0.5,
            parts=chance.choice([1, 2]),
        )
        if not in_one_run:
            assert [entry.status for entry in accept(config)[0].entries] == ["accepted"]
            build_marts(config, ingest_first=False, incremental=True)
    return config


def check(history: dict[str, list[Row]], zone: str, seed: int, batches: int, in_one_run: bool) -> None:
    with TemporaryDirectory() as folder:
        whole = deliver(Path(folder) / "whole", history, zone, 0, 1, in_one_run=True)
        dealt = deliver(Path(folder) / "dealt", history, zone, seed, batches, in_one_run=in_one_run)
        expected, found = oracle.compute(whole), build_marts(whole)
        again = build_marts(dealt, incremental=not in_one_run)
        for mart in KEYS:
            assert differences(mart, expected[mart], found[mart]) == []
            assert differences(mart, found[mart], again[mart]) == []


arguments = given(histories(), st.sampled_from(ZONES), st.integers(0, 1000), st.integers(2, 4), st.booleans())
unhurried = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}


@arguments
@settings(max_examples=examples(15), **unhurried)  # type: ignore[arg-type]
def test_any_delivery_gives_the_same_marts(
    history: dict[str, list[Row]], zone: str, seed: int, batches: int, in_one_run: bool
) -> None:
    check(history, zone, seed, batches, in_one_run)


@pytest.mark.slow
@arguments
@settings(max_examples=500, **(unhurried | {"derandomize": False}))  # type: ignore[arg-type]
def test_any_delivery_gives_the_same_marts_often(
    history: dict[str, list[Row]], zone: str, seed: int, batches: int, in_one_run: bool
) -> None:
    check(history, zone, seed, batches, in_one_run)
