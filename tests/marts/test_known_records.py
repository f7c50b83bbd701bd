"""Known records and restated clocks: the last build's tables tell the same as all of raw, and are asked once."""

from __future__ import annotations

import json
import random
from pathlib import Path

import duckdb
import pytest

from ingestion.builds.build_file import CarriedOver, create_build, news_of
from ingestion.builds.known_records import InForce
from ingestion.builds.names import CANDIDATE
from ingestion.ingest import accepted_batches, accepted_entries, take_in
from ingestion.settings import load_settings
from tests.drops import Row, conversation, message, write_batch, write_config
from tests.warehouse import BUILD, build_marts

BATCHES = 5


def versions(chance: random.Random) -> dict[str, list[Row]]:
    """Some of thirty conversations and messages, at one of three times; deleted and undated ones among them."""
    times = ["2026-01-02T09:00:00+01:00", "2026-01-02T08:00:00Z", "2026-01-03T08:00:00Z", "2026-01-03T08:00:00.5Z"]
    updates = [None, "2026-01-04T00:00:00Z", "2026-01-04T01:00:00Z"]

    def some(make: object, clock: str) -> list[Row]:
        return [
            make(number, **{clock: chance.choice(times), "updated_at": chance.choice(updates)})  # type: ignore[operator]
            | chance.choice([{}, {}, {"deleted": True}])
            for number in chance.sample(range(30), 12)
        ]

    found = {"conversations": some(conversation, "started_at"), "messages": some(message, "sent_at")}
    for row in found["conversations"]:
        if row.get("deleted"):
            del row["started_at"]
    return found


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_the_last_build_tells_what_raw_tells(tmp_path: Path, seed: int) -> None:
    counts = []
    for way in ("raw", "build"):
        chance, folder = random.Random(seed), tmp_path / way
        folder.mkdir()
        config = write_config(folder, extra="[quality]\nrestated_rows = 1000\n")
        settings = load_settings(config)
        build = settings.home / "tests" / BUILD
        asked = []

        def last_build(build: Path = build, way: str = way, asked: list[Path] = asked) -> CarriedOver | None:
            asked.append(build)
            if way == "raw" or not build.exists():
                return None
            return CarriedOver(
                "last", build, build.with_name(CANDIDATE), json.loads(build.with_name("last.json").read_text())
            )

        for number in range(BATCHES):
            write_batch(folder / "drop" / f"b{number}", versions(chance))
            take_in(settings, lambda _: None, last_build)
            if way == "build" and number % 2 == 0:  # every other batch is accepted and not built yet
                build_marts(config, take_in_first=False, update=True)
        assert len(asked) == BATCHES
        counts.append([entry.counts for entry in accepted_entries(settings)])
    assert counts[0] == counts[1]
    assert len(counts[0]) == BATCHES
    assert all(sum(of[entity].restated for of in counts[0]) > 2 for entity in ("conversations", "messages"))


FOUND = """
select source_no, entity, record_id, updated_at, conversation_no from next.settings.known_records order by all
"""
LOOKED_FOR = """
select source_no, 'conversations' as entity, conversation_id as record_id, updated_at, null as conversation_no
from before.intermediate.int_conversations
where conversation_id in (select conversation_id from next.export.conversations where _reasons is null)
union all
select source_no, 'messages', message_id, updated_at, conversation_no
from before.intermediate.int_messages
where message_id in (select message_id from next.export.messages where _reasons is null)
order by all
"""


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_what_was_found_is_handed_to_the_build(tmp_path: Path, seed: int) -> None:
    """Every version in force that a search of the build before finds, though batches were refused and came again."""
    chance = random.Random(seed)
    config = write_config(tmp_path, extra="[quality]\nrestated_rows = 1000\nquarantine_rows = 0\n")
    settings = load_settings(config)
    write_batch(tmp_path / "drop" / "b0", versions(chance))
    build_marts(config)
    build = settings.home / "tests" / BUILD
    before = CarriedOver(
        "last", build, build.with_name(CANDIDATE), json.loads(build.with_name("last.json").read_text())
    )
    write_batch(tmp_path / "drop" / "b1", versions(chance))
    write_batch(tmp_path / "drop" / "b2", versions(chance) | {"agents": [{"agent_id": None}]})
    first = InForce()
    (report,) = take_in(settings, lambda _: None, lambda: before, first)
    assert len(report.having("refused")) == 1
    assert first.covers(before, news_of(accepted_entries(settings), before))
    write_batch(tmp_path / "drop" / "b2", versions(chance))
    second = InForce()
    (report,) = take_in(settings, lambda _: None, lambda: before, second)
    assert not report.refusals
    entries, segments = accepted_batches(settings)
    assert not second.covers(before, news_of(entries, before)), "b1 was looked up in another run"
    assert not InForce().covers(before, set()), "nothing was looked into"
    for in_force, left_out in ((first, "b2"), (second, "b1")):
        entries_of = [entry for entry in entries if entry.batch != left_out]
        database = tmp_path / left_out / BUILD
        database.parent.mkdir()
        create_build(database, settings, entries_of, segments, before)
        assert in_force.covers(before, news_of(entries_of, before))
        in_force.write(database)
        with duckdb.connect() as connection:
            connection.execute(f"attach '{database}' as next (read_only)")
            connection.execute(f"attach '{build}' as before (read_only)")
            found = connection.execute(FOUND).fetchall()
            looked_for = connection.execute(LOOKED_FOR).fetchall()
            assert looked_for
            assert set(looked_for) <= set(found)
            assert len(found) == len(set(found))
            if in_force is second:  # the first has looked for those of the refused batch as well
                assert found == looked_for
