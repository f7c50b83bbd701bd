"""Known records and restated clocks: the last build's tables tell the same as all of raw."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from ingestion.build_files import CANDIDATE
from ingestion.catalog import CarriedOver
from ingestion.intake import accepted_entries, take_in
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


@pytest.mark.parametrize("seed", range(4))
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
