"""Joining segments of raw: no row changes, whatever happens, and nobody loses what they read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion import ingest
from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import create_build
from ingestion.raw import compaction
from ingestion.raw import segments as raw
from ingestion.raw.compaction import compact
from ingestion.settings import Settings, load_settings
from ingestion.storage import landing
from ingestion.storage.ledger import Ledger
from tests.drops import agent, conversation, write_batch, write_config
from tests.examples import examples
from tests.ingestion.test_segments import Stop, decided, quarantine_of, rows_of, take

ENTITIES = ("conversations", "agents")
SOURCE = "acme_export"


@pytest.fixture(autouse=True)
def _by_threes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "FAN_IN", 3)
    monkeypatch.setattr(ingest, "_FILES_TOGETHER", 0)


def settings_of(folder: Path) -> Settings:
    return load_settings(folder / "causerie.toml")


def join(folder: Path, in_use: Sequence[Path] = ()) -> None:
    compact(settings_of(folder), lambda _: None, in_use)


def segments_of(folder: Path) -> list[raw.Segment]:
    return accepted_batches(settings_of(folder))[1]


def folders_of(folder: Path) -> set[str]:
    return {path.name for path in (folder / "var" / "raw" / SOURCE).iterdir()}


def deliver(folder: Path, name: str, turn: int, *, bad: int = 1) -> None:
    rows = [conversation(n, status=f"s{turn}", tags=["a", str(turn)]) for n in range(2 + turn % 3)]
    write_batch(
        folder / "drop" / name,
        {"conversations": rows, "agents": [agent(turn)] + [agent("")] * bad + [agent("z")]},
        parts=1 + turn % 2,
        file_format=("ndjson", "csv", "parquet")[turn % 3],
    )


def state(folder: Path) -> tuple[Any, ...]:
    return *(rows_of(folder, entity) for entity in ENTITIES), quarantine_of(folder), decided(folder)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Seven accepted batches, each with a segment of its own."""
    write_config(tmp_path)
    for turn in range(7):
        deliver(tmp_path, f"b{turn}", turn)
    assert len(take(tmp_path).having("accepted")) == 7
    return tmp_path


def test_segments_of_a_tier_become_one(place: Path) -> None:
    before = state(place)
    join(place)
    assert sorted(segment.batches for segment in segments_of(place)) == [
        ("b0", "b1", "b2"),
        ("b3", "b4", "b5"),
        ("b6",),
    ]
    assert state(place) == before
    assert all(len(segment.listed.parts["agents"]) == 1 for segment in segments_of(place))


def test_tiers_grow_until_a_segment_is_full(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(place)
    for turn in range(7, 9):
        deliver(place, f"b{turn}", turn)
    take(place)
    join(place)
    assert [len(segment.batches) for segment in segments_of(place)] == [9]
    deliver(place, "c", 1)
    take(place)
    monkeypatch.setattr(compaction, "FULL_BYTES", 1)
    join(place)
    assert sorted(len(segment.batches) for segment in segments_of(place)) == [1, 9]
    assert before[0] == [row for row in state(place)[0] if row[-3] < "b7"]


def test_enough_for_a_full_segment_need_not_wait_for_their_number(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "FAN_IN", 100)
    join(place)
    assert len(segments_of(place)) == 7
    monkeypatch.setattr(compaction, "FULL_BYTES", 2 * max(segment.listed.bytes for segment in segments_of(place)))
    join(place)
    assert len(segments_of(place)) < 7


@pytest.mark.slow
def test_raw_stays_a_modest_number_of_files_over_many_runs(place: Path) -> None:
    written = 0
    for turn in range(7, 40):
        deliver(place, f"b{turn:02d}", turn)
        take(place)
        before = {segment.folder for segment in segments_of(place)}
        join(place)
        written += sum(len(segment.batches) for segment in segments_of(place) if segment.folder not in before)
    assert len(segments_of(place)) <= 9
    assert written <= 4 * 40, "batches written again by joining"


def test_a_refused_batch_is_not_joined_and_its_rows_stay_readable(place: Path) -> None:
    deliver(place, "b7", 7, bad=20)
    take(place)
    join(place)
    with Ledger(place / "var" / "ledger.sqlite") as ledger:
        (entry,) = ledger.entries(SOURCE, "refused")
    assert entry.segment is not None
    assert (place / "var" / "raw" / SOURCE / entry.segment / "quarantine.parquet").is_file()
    assert len([row for row in quarantine_of(place) if row[1] == "b7"]) == 20


# --- readers


def age(folder: Path) -> None:
    """All folders of raw have been as they are for two days."""
    for path in (folder / "var" / "raw" / SOURCE).iterdir():
        os.utime(path, (0, path.stat().st_mtime - 2 * compaction.GRACE_SECONDS))


def test_a_build_goes_on_reading_the_segments_that_it_was_made_from(place: Path) -> None:
    settings, file = settings_of(place), place / "build.duckdb"
    entries, segments = accepted_batches(settings)
    create_build(file, settings, entries, segments)

    def rows() -> list[tuple[Any, ...]]:
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute("from export.conversations order by _batch, _file, _line").fetchall()

    before = rows()
    in_use = [segment.folder for segment in segments]
    join(place, in_use)
    age(place)
    join(place, in_use)
    assert rows() == before


def test_replaced_segments_go_when_they_are_old_and_unused(place: Path) -> None:
    segments = segments_of(place)
    join(place)
    replaced = {segment.folder.name for segment in segments} - {segment.folder.name for segment in segments_of(place)}
    join(place)
    assert replaced < folders_of(place), "too young"
    age(place)
    used = [segments[0].folder, place / "var" / "raw" / SOURCE / ".." / SOURCE / segments[1].folder.name]
    join(place, used)
    assert folders_of(place) & replaced == {path.name for path in used}, "still in use"
    join(place)
    assert folders_of(place) == {segment.folder.name for segment in segments_of(place)}


def test_the_time_of_grace_begins_with_the_replacement(place: Path) -> None:
    age(place)
    before = folders_of(place)
    join(place)
    assert before < folders_of(place)


def test_what_a_killed_run_left_goes_too(place: Path) -> None:
    shutil.copytree(segments_of(place)[0].folder, place / "var" / "raw" / SOURCE / "left.over")
    join(place)
    assert "left.over" in folders_of(place)
    age(place)
    join(place)
    assert "left.over" not in folders_of(place)


# --- interruptions

KILLED = """
import os, sys
from contextlib import suppress
from pathlib import Path
from ingestion.raw import compaction
from ingestion.storage import landing
from ingestion.raw import segments as raw
from ingestion.storage.ledger import Ledger
from ingestion.settings import load_settings

left = int(sys.argv[2])

def dying(do):
    def effect(*arguments, **options):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return do(*arguments, **options)
    return effect

compaction.FAN_IN = 3
compaction._write = dying(compaction._write)
raw.write_summary = dying(raw.write_summary)
landing.sync = dying(landing.sync)
landing.fsync_folder = dying(landing.fsync_folder)
Path.rename = dying(Path.rename)
os.utime = dying(os.utime)
Ledger.replace_segments = dying(Ledger.replace_segments)
compaction.shutil.rmtree = dying(compaction.shutil.rmtree)
compaction.compact(load_settings(Path(sys.argv[1])), lambda _: None)
"""


@pytest.mark.builds
def test_a_kill_at_any_step_loses_nothing(place: Path) -> None:
    before = state(place)
    for step in range(100):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, place / "causerie.toml", str(step)], check=False, capture_output=True
        )
        assert killed.returncode in (0, 9), killed.stderr
        assert state(place) == before
        if killed.returncode == 0:
            break
        if step % 3 == 0:
            age(place)
            take(place)
            assert state(place) == before
    assert step > 12
    join(place)
    age(place)
    join(place)
    assert state(place) == before
    assert folders_of(place) == {segment.folder.name for segment in segments_of(place)}


def stopping(patch: pytest.MonkeyPatch, after: int) -> None:
    left = iter(range(after))

    def stops(do: Callable[..., Any]) -> Callable[..., Any]:
        def effect(*arguments: Any) -> Any:
            if next(left, None) is None:
                raise Stop
            return do(*arguments)

        return effect

    for owner, name in (
        (compaction, "_write"),
        (raw, "write_summary"),
        (landing, "sync"),
        (landing, "fsync_folder"),
        (Path, "rename"),
        (Ledger, "replace_segments"),
        (Ledger, "record"),
    ):
        patch.setattr(owner, name, stops(getattr(owner, name)))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("deliver"), st.integers(0, 99), st.booleans()),
        st.tuples(st.just("take"), st.one_of(st.none(), st.integers(0, 12)), st.booleans()),
        st.tuples(st.just("join"), st.one_of(st.none(), st.integers(0, 25)), st.booleans()),
    ),
    max_size=14,
)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_any_history_gives_the_same_rows_as_without_joining(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int | None, bool]]
) -> None:
    """Batches come late, with earlier names; takings-in and compactions are interrupted; old folders are removed."""
    joined, plain = tmp_path_factory.mktemp("joined"), tmp_path_factory.mktemp("plain")
    for folder in (joined, plain):
        write_config(folder)
        (folder / "drop").mkdir()
    with pytest.MonkeyPatch.context() as together:
        for turn, (step, number, flag) in enumerate([*steps, ("take", None, False), ("join", None, True)]):
            together.setattr(ingest, "_FILES_TOGETHER", 1000 if flag else 0)
            if step == "deliver":
                for folder in (joined, plain):
                    if not (folder / "drop" / f"b{number:02d}").exists():  # type: ignore[str-format]
                        deliver(folder, f"b{number:02d}", turn, bad=12 if number == 50 else 1)  # type: ignore[str-format]
                continue
            run = {"take": take, "join": join}[step]
            with pytest.MonkeyPatch.context() as patch:
                if number is not None:
                    stopping(patch, number)
                with suppress(Stop):
                    run(joined)
            if step == "take":
                take(joined)
                take(plain)
            elif flag and (joined / "var" / "raw" / SOURCE).is_dir():
                age(joined)
            assert state(joined) == state(plain)
