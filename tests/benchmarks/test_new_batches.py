"""The new batches of the bench are like those of a real day: accepted, with changes of every kind; an incremental run
and a full refresh give the same."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from benchmarks.drops import configure, drops_of, linked
from benchmarks.new_batches import SPREAD, Mix, write_new_batches
from benchmarks.rows import records
from benchmarks.thicken import thicken
from demo_data import write_demo
from tests.comparison import KEYS, differences
from tests.warehouse import accept, build_marts

pytestmark = pytest.mark.systems

PLENTY = Mix(share=0.2)
ENTITIES = ("conversations", "messages", "events", "ratings")
"""Those of which every format of the demo has the same records, but for a few that are spoilt in one only."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year and more in three batches a source: the days in between would cost time and show nothing else."""
    config = write_demo(tmp_path_factory.mktemp("a demo") / "demo", conversations=400, days=420, seed=3).config
    for drop in drops_of(config).values():
        for batch in sorted(drop.iterdir())[2:-1]:
            shutil.rmtree(batch)
    return config


def new_batches_of(config: Path, folder: Path, **options: object) -> dict[Path, list[Path]]:
    return {
        drop: write_new_batches(drop, folder / drop.name, folder / "scratch", **options)  # type: ignore[arg-type]
        for drop in drops_of(config).values()
    }


def content(batch: Path, entity: str) -> list[dict[str, object]]:
    """The records of a batch; none when it lacks the entity."""
    files = sorted(batch.glob(f"{entity}*"))
    if not files:
        return []
    with duckdb.connect() as connection:
        cursor = connection.execute(f"select * exclude (place) from ({records(files, entity)})")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_two_days_give_what_a_new_home_gives_from_the_same_drop(demo: Path, tmp_path: Path) -> None:
    config = linked(demo, tmp_path / "history")
    kept = configure(config, tmp_path / "kept")
    before = build_marts(kept)
    batches = new_batches_of(config, tmp_path / "new", days=2, mix=PLENTY)
    for day in range(2):
        for drop, folders in batches.items():
            shutil.move(folders[day], drop / folders[day].name)
        for report in accept(kept):
            assert report.refusals == []
            (entry,) = report.entries
            assert sum(counts.landed for counts in entry.counts.values()) > 30
            assert not any(counts.quarantined or counts.restated for counts in entry.counts.values())
    found = build_marts(kept, ingest_first=False)
    expected = build_marts(configure(config, tmp_path / "whole"))
    for mart in KEYS:
        assert differences(mart, expected[mart], found[mart]) == []
        if mart != "by_flow":  # they bring no runs of flows
            assert differences(mart, before[mart], found[mart]), f"the new batches change nothing in {mart}"


def test_every_kind_of_change_is_there(demo: Path, tmp_path: Path) -> None:
    config = linked(demo, tmp_path)
    drop, (batch,) = next(iter(new_batches_of(config, tmp_path / "new", mix=PLENTY).items()))
    known = {
        entity: {row[key]: row for folder in drop.iterdir() for row in content(folder, entity)}
        for entity, key in (("conversations", "conversation_id"), ("messages", "message_id"))
    }
    conversations = content(batch, "conversations")
    old = [row for row in conversations if row["conversation_id"] in known["conversations"]]
    assert 0 < len(old) < len(conversations)
    assert any(row["deleted"] for row in old)
    assert any("relecture" in row["tags"] for row in old)  # type: ignore[operator]
    assert {row["type"] for row in content(batch, "events")} == {"assigned", "closed", "reopened"}
    messages = content(batch, "messages")
    corrected = [row for row in messages if row["message_id"] in known["messages"]]
    assert corrected
    assert all(row != known["messages"][row["message_id"]] for row in corrected)
    added = {row["conversation_id"] for row in messages if row["message_id"] not in known["messages"]}
    assert added & known["conversations"].keys(), "no late message"
    assert any(row["rating"] and row["conversation_id"] in known["conversations"] for row in content(batch, "ratings"))
    assert any("(" in str(row["name"]) for row in content(batch, "contacts"))
    assert len(content(batch, "agents")) == 1


def test_most_changes_are_of_the_last_week_and_some_a_year_old(demo: Path, tmp_path: Path) -> None:
    ages = ages_of(demo, tmp_path, PLENTY)
    assert min(ages) <= 7
    assert any(345 <= age <= 385 for age in ages)


def test_spread_changes_hit_as_many_days_as_there_are_changes(demo: Path, tmp_path: Path) -> None:
    ages = ages_of(demo, tmp_path, Mix(share=0.2, ages=SPREAD))
    assert len(set(ages)) == len(ages) > 5
    assert max(ages) > 200


@pytest.mark.parametrize(
    ("kind", "entities"),
    [
        ("new", {"conversations", "messages", "contacts", "events", "ratings"}),
        ("tagged", {"conversations"}),
        ("closed", {"conversations", "events"}),
        ("late", {"messages"}),
        ("renamed", {"contacts"}),
    ],
)
def test_a_mix_of_one_kind_is_that_kind_only(demo: Path, tmp_path: Path, kind: str, entities: set[str]) -> None:
    (batch,) = next(iter(new_batches_of(demo, tmp_path, mix=Mix(share=0.05, kinds={kind: 1})).values()))
    assert {path.name.partition(".")[0] for path in batch.iterdir()} == {"manifest", "agents", *entities}


def ages_of(config: Path, folder: Path, mix: Mix) -> list[int]:
    """Of the conversations of one source that are closed, tagged or deleted: days since they began."""
    batches = new_batches_of(config, folder, mix=mix)
    (batch,) = next(iter(batches.values()))
    changed = [row for row in content(batch, "conversations") if not str(row["conversation_id"]).startswith("n")]
    return [(row["updated_at"].date() - row["started_at"].date()).days for row in changed]  # type: ignore[attr-defined]


def test_the_same_seed_writes_the_same_bytes(demo: Path, tmp_path: Path) -> None:
    def hashes(folder: str, seed: int) -> list[str]:
        made = new_batches_of(demo, tmp_path / folder, seed=seed, mix=PLENTY)
        files = sorted(path for batches in made.values() for path in batches[0].iterdir())
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]

    assert hashes("one", 1) == hashes("again", 1)
    assert hashes("one more", 1) != hashes("other", 2)


@pytest.mark.slow
def test_any_format_of_the_demo_gets_new_batches(tmp_path: Path) -> None:
    made = [
        write_demo(tmp_path / kind, conversations=150, days=40, seed=3, file_format=kind).config
        for kind in ("ndjson", "csv", "parquet")
    ]
    counts = []
    for config in made:
        folders = new_batches_of(config, config.parent / "new", mix=PLENTY)
        manifests = [json.loads((batches[0] / "manifest.json").read_text()) for batches in folders.values()]
        counts.append([[each["files"][f"{entity}.ndjson.gz"]["rows"] for entity in ENTITIES] for each in manifests])
    assert counts[0] == counts[1] == counts[2]


def test_thicker_conversations_are_accepted_and_get_the_same_new_conversations(demo: Path, tmp_path: Path) -> None:
    thin, thick = linked(demo, tmp_path / "thin"), linked(demo, tmp_path / "thick")
    thicken(thick, 3)
    assert [report.refusals for report in accept(configure(thick, tmp_path / "home"))] == [[], []]
    rows = [
        sum(file["rows"] for name, file in manifest["files"].items() if name.startswith("messages"))
        for config in (thin, thick)
        for manifest in [json.loads(min(config.parent.glob("drop/*/*/manifest.json")).read_text())]
    ]
    assert 2.9 < rows[1] / rows[0] <= 3
    batches = [next(iter(new_batches_of(config, config.parent / "new").values()))[0] for config in (thin, thick)]
    assert content(batches[0], "conversations") == content(batches[1], "conversations")
    assert (demo.parent / "drop").is_dir()
    assert not list((demo.parent / "drop").glob("*/*/messages-copy*")), "the drop that was linked is written to"
