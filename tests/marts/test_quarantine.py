"""What is open in quarantine and what mended the rest: the same in full builds, in updates and in plain Python.

Hypothesis deals good and bad versions of a few records to batches that come in any order, in any number of runs.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from ingestion.settings import load_settings
from tests import oracle
from tests.drops import Row, agent, contact, conversation, event, flow_run, message, rating, write_batch, write_config
from tests.examples import examples
from tests.warehouse import BUILD, build_marts, quarantine

EXTRACTED_AT = "2026-12-01T00:00:00+00:00"
BATCHES = ["b1", "b2", "b3", "b4"]
MAKE = {
    "conversations": conversation,
    "messages": message,
    "events": event,
    "ratings": rating,
    "flow_runs": flow_run,
    "contacts": contact,
    "agents": agent,
}
SPOILED: dict[str, list[Row]] = {
    "conversations": [{"started_at": None}, {"started_at": "2026-01-02T09:00:00"}, {"conversation_id": None}],
    "messages": [{"direction": "sideways"}, {"sent_at": "soon", "direction": None}, {"message_id": ""}],
    "events": [{"type": None}, {"occurred_at": "2030-01-01T00:00:00Z"}, {"event_id": None}],
    "ratings": [{"rating": 6}, {"conversation_id": None}, {"rating_id": None, "rating": 0}],
    "flow_runs": [{"status": None}, {"flow_id": None}, {"ended_at": "tomorrow"}, {"flow_run_id": None}],
    "contacts": [{"deleted": "perhaps"}, {"contact_id": None}],
    "agents": [{"updated_at": "yesterday"}, {"agent_id": None}],
}
IN_JSON_ONLY: dict[str, list[Row]] = {"messages": [{"message_id": 1.5}, {"message_id": True}, {"message_id": ["1"]}]}
GOOD: dict[str, list[Row]] = {"messages": [{}, {"deleted": True}], "conversations": [{}, {"deleted": True}]}


@st.composite
def deliveries(draw: st.DrawFn) -> dict[str, tuple[str, dict[str, list[Row]]]]:
    """Of some batches the format of the files, and rows by entity: few keys, so that versions meet."""
    found = {}
    batches = draw(st.permutations(BATCHES) | st.just(BATCHES))  # in the order of their names each can be an update
    for batch in batches[: draw(st.integers(2, len(BATCHES)))]:
        file_format = draw(st.sampled_from(["ndjson", "csv"]))
        rows: defaultdict[str, list[Row]] = defaultdict(list)
        for _ in range(draw(st.integers(1, 6))):
            entity = draw(st.sampled_from([*["messages"] * 6, *MAKE]))
            spoiled = SPOILED[entity] + (IN_JSON_ONLY.get(entity, []) if file_format == "ndjson" else [])
            change = draw(st.sampled_from(spoiled) | st.sampled_from(GOOD.get(entity, [{}])))
            rows[entity].append({**MAKE[entity](draw(st.sampled_from(["1", "2"]))), **change})  # type: ignore[operator]
        found[batch] = (file_format, dict(rows))
    return found


def expected(config: Path) -> list[tuple[object, ...]]:
    """What the plain computation gives, with the place of each row among the bad ones of its file."""
    names = ("source_system", "entity", "batch", "file", "line", "record_id", "mended_by")
    rows = sorted(oracle.compute(config)["quarantine"], key=lambda row: row["line"])
    seen: defaultdict[tuple[object, ...], int] = defaultdict(int)
    found = []
    for row in rows:
        place = (row["source_system"], row["batch"], row["file"])
        seen[place] += 1
        found.append(tuple(seen[place] if name == "line" else row[name] for name in names))
    return sorted(found, key=str)


def check(delivered: dict[str, tuple[str, dict[str, list[Row]]]], parts: int, runs: list[bool]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        config = write_config(folder, extra="[quality]\nquarantine_rows = 1000\nunknown_share = 1\norphan_share = 1\n")
        build = load_settings(config).home / "tests" / BUILD
        is_built = False
        for number, (batch, (file_format, rows)) in enumerate(delivered.items(), 1):
            write_batch(folder / "drop" / batch, rows, EXTRACTED_AT, file_format=file_format, parts=parts)
            if number == len(delivered) or runs[number - 1]:
                build_marts(config, incremental=is_built)
                is_built = True
        updated = quarantine(build)
        build_marts(config)
        assert updated == quarantine(build)
        assert sorted((row[:-1] for row in updated), key=str) == expected(config)


runs = st.lists(st.sampled_from([True, True, False]), min_size=len(BATCHES), max_size=len(BATCHES))
unhurried = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}


def test_each_update_closes_what_it_mends_and_reopens_nothing() -> None:
    bad, good = message("1", sent_at=None), message("1")
    deliveries = {
        batch: ("ndjson", {"messages": rows, "contacts": [contact(batch, deleted="perhaps")]})
        for batch, rows in {
            "b1": [bad, good],
            "b2": [good, message("2", type=[])],
            "b3": [bad, good],
            "b4": [good],
        }.items()
    }
    check(deliveries, 1, [True] * len(BATCHES))


@given(deliveries(), st.sampled_from([1, 2]), runs)
@settings(max_examples=examples(15), **unhurried)  # type: ignore[arg-type]
def test_any_delivery_leaves_the_same_rows_open(
    delivered: dict[str, tuple[str, dict[str, list[Row]]]], parts: int, runs: list[bool]
) -> None:
    check(delivered, parts, runs)


@pytest.mark.slow
@given(deliveries(), st.sampled_from([1, 2]), runs)
@settings(max_examples=500, **(unhurried | {"derandomize": False}))  # type: ignore[arg-type]
def test_any_delivery_leaves_the_same_rows_open_often(
    delivered: dict[str, tuple[str, dict[str, list[Row]]]], parts: int, runs: list[bool]
) -> None:
    check(delivered, parts, runs)
