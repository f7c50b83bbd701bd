"""A reading on its way to become a batch: what a kill leaves is taken up, and nothing stands in it twice."""

from __future__ import annotations

import gzip
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestion.sources.pull import Pull, discard, next_name, put_in_place
from ingestion.storage.landing import MANIFEST, open_landed, read_manifest
from ingestion.storage.manifests import LiveManifest

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def records(folder: Path, entity: str = "messages") -> list[object]:
    with gzip.open(folder / f"{entity}-0001.ndjson.gz", "rb") as file:
        return [json.loads(line) for line in file]


def test_a_reading_becomes_a_batch_with_its_cursor(tmp_path: Path) -> None:
    with Pull(tmp_path, "acme", NOON) as pull:
        pull.write("messages", [{"id": 1, "text": "Zoë \U0001f600"}, {"id": 2**63}])
        pull.write("agents", [{"id": 3}])
        pull.commit("b1", NOON + timedelta(minutes=7), {"since": 17.5})
    batch = open_landed("acme", tmp_path / "b1", LiveManifest)
    assert {name: file.rows for name, file in batch.manifest.files.items()} == {
        "agents-0001.ndjson.gz": 1,
        "messages-0001.ndjson.gz": 2,
    }
    assert batch.extracted_at == NOON
    assert isinstance(batch.manifest, LiveManifest)
    assert batch.manifest.finished_at == NOON + timedelta(minutes=7)
    assert batch.manifest.cursor == {"since": 17.5}
    assert records(tmp_path / "b1") == [{"id": 1, "text": "Zoë \U0001f600"}, {"id": 2**63}]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b1"]
    assert sorted(path.name for path in (tmp_path / "b1").iterdir()) == [
        "agents-0001.ndjson.gz",
        MANIFEST,
        "messages-0001.ndjson.gz",
    ]


def killed(folder: Path) -> None:
    """A reading that was killed after a checkpoint and some more."""
    pull = Pull(folder, "acme", NOON)
    pull.write("messages", [{"id": 1}])
    pull.see("conversations", "7", "a")
    pull.facts["newest"] = 5
    pull.checkpoint(at_once=True)
    pull.write("messages", [{"id": 2}] * 1000)
    pull.write("labels", [{"contact_id": 1}])
    pull.see("conversations", "8", "b")
    pull.facts["newest"] = 6
    for file in pull._files.values():
        file.flush()
    pull._state.rollback()  # as the disk would have it
    pull._state.close()


def test_what_a_kill_leaves_is_taken_up_where_it_was_on_the_disk(tmp_path: Path) -> None:
    killed(tmp_path)
    with Pull(tmp_path, "acme", NOON + timedelta(hours=1)) as pull:
        assert pull.is_resumed
        assert pull.started_at == NOON
        assert pull.facts["newest"] == 5
        assert pull.is_seen("conversations", "7", "a")
        assert not pull.is_seen("conversations", "7", "another state")
        assert not pull.is_seen("conversations", "8", "b")
        assert (pull.rows("messages"), pull.rows("labels")) == (1, 0)
        pull.write("messages", [{"id": 2}])
        pull.commit("b1", NOON + timedelta(hours=1), {})
    assert records(tmp_path / "b1") == [{"id": 1}, {"id": 2}]
    assert list(read_manifest(tmp_path / "b1")[0].files) == ["messages-0001.ndjson.gz"]


@pytest.mark.parametrize(
    ("identity", "later"),
    [("another account", timedelta(0)), ("acme", timedelta(hours=25)), ("acme", -timedelta(hours=1))],
    ids=["of another account", "of yesterday", "of a clock that ran ahead"],
)
def test_a_reading_that_cannot_continue_starts_again(tmp_path: Path, identity: str, later: timedelta) -> None:
    killed(tmp_path)
    with Pull(tmp_path, identity, NOON + later) as pull:
        assert not pull.is_resumed
        assert not pull.is_seen("conversations", "7", "a")
        assert pull.rows("messages") == 0
        assert pull.started_at == NOON + later


def test_a_reading_begins_with_the_first_request_that_succeeded(tmp_path: Path) -> None:
    """Not with attempts before it, of whatever run; a reading that is continued keeps its beginning."""
    with Pull(tmp_path, "acme", NOON) as pull:
        pull.facts["newest"] = 5  # as a connector that fails at its first request
    with Pull(tmp_path, "acme", NOON + timedelta(hours=23)) as pull:
        assert not pull.is_resumed
        assert "newest" not in pull.facts
        pull.begin(NOON + timedelta(hours=23, seconds=40))
        pull.write("messages", [{"id": 1}])
        pull.checkpoint(at_once=True)
    with Pull(tmp_path, "acme", NOON + timedelta(hours=30)) as pull:
        assert pull.is_resumed
        pull.begin(NOON + timedelta(hours=30, seconds=2))
        pull.commit("b1", NOON + timedelta(hours=31), {})
    assert open_landed("acme", tmp_path / "b1").extracted_at == NOON + timedelta(hours=23, seconds=40)


def test_a_reading_with_a_damaged_state_starts_again(tmp_path: Path) -> None:
    killed(tmp_path)
    (tmp_path / ".pull" / "state.sqlite").write_bytes(b"no database at all" * 100)
    with Pull(tmp_path, "acme", NOON) as pull:
        assert not pull.is_resumed


def test_without_a_commit_there_is_no_batch(tmp_path: Path) -> None:
    with Pull(tmp_path, "acme", NOON) as pull:
        pull.write("messages", [{"id": 1}])
    assert not put_in_place(tmp_path, "b1")
    assert [path.name for path in tmp_path.iterdir()] == [".pull"]
    discard(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_whole_reading_that_was_killed_before_it_got_its_name_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Pull(tmp_path, "acme", NOON) as pull:
        pull.write("messages", [{"id": 1}])
        monkeypatch.setattr("ingestion.sources.pull.put_in_place", lambda *_: None)
        pull.commit("b1", NOON, {})
    assert not (tmp_path / "b1").exists()
    assert put_in_place(tmp_path, "b1")
    assert records(open_landed("acme", tmp_path / "b1").folder) == [{"id": 1}]


def test_a_refused_batch_is_replaced(tmp_path: Path) -> None:
    for number in (1, 2):
        with Pull(tmp_path, "acme", NOON) as pull:
            pull.write("messages", [{"id": number}])
            pull.commit("b1", NOON, {})
    assert records(tmp_path / "b1") == [{"id": 2}]
    assert [path.name for path in tmp_path.iterdir()] == ["b1"]


def test_half_a_pair_of_surrogates_is_kept_as_an_escape(tmp_path: Path) -> None:
    with Pull(tmp_path, "acme", NOON) as pull:
        pull.write("messages", [{"name": "\ud83d"}])
        pull.commit("b1", NOON, {})
    with gzip.open(tmp_path / "b1" / "messages-0001.ndjson.gz") as file:
        assert file.read() == b'{"name":"\\ud83d"}\n'


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], "2026-01-05T120000Z"),
        (["2026-01-05T115959Z"], "2026-01-05T120000Z"),
        (["2026-01-05T120000Z"], "2026-01-05T120001Z"),
        (["2026-01-05T130000Z", "2026-01-01T000000Z"], "2026-01-05T130001Z"),
        (["named otherwise"], "named otherwise+"),
    ],
    ids=["first", "later", "in the same second", "the clock ran back", "an older name of another kind"],
)
def test_names_sort_behind_all_others(names: list[str], expected: str) -> None:
    name = next_name(NOON, names)
    assert name == expected
    assert all(name > other for other in names)


def test_a_checkpoint_is_not_made_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with Pull(tmp_path, "acme", NOON) as pull:
        before = len(synced)
        pull.write("messages", [{"id": 1}])
        pull.checkpoint()
        assert len(synced) == before
        pull.checkpoint(at_once=True)
        assert len(synced) > before


def test_a_kill_while_the_manifest_is_written_loses_nothing(tmp_path: Path) -> None:
    def half(path: Path, content: bytes) -> None:
        path.write_bytes(content[:20])
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ingestion.sources.pull.write_durably", half)
        with pytest.raises(KeyboardInterrupt), Pull(tmp_path, "acme", NOON) as pull:
            pull.write("messages", [{"id": 1}])
            pull.commit("b1", NOON, {})
    assert not put_in_place(tmp_path, "b1"), "half a manifest does not count"
    with Pull(tmp_path, "acme", NOON) as pull:
        assert pull.is_resumed
        assert pull.rows("messages") == 1
        pull.commit("b1", NOON, {})
    assert records(tmp_path / "b1") == [{"id": 1}]


def test_a_reading_may_end_while_threads_still_write(tmp_path: Path) -> None:
    """Neither fails: an error in a thread fails a test, too."""
    pull = Pull(tmp_path, "acme", NOON)
    is_over = threading.Event()

    def write(first: int) -> None:
        number = first
        while not is_over.is_set():
            pull.write(f"entity{number}", [{"id": number}])
            number += 4

    threads = [threading.Thread(target=write, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            pull.checkpoint(at_once=True)
        pull.__exit__()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
