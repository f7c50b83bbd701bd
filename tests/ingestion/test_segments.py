"""Many small batches: ingested together with the same result as one by one, and found again from the ledger alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion import ingest
from ingestion.accepted import accepted_batches
from ingestion.export_format import ENTITIES
from ingestion.ingest import SourceReport, ingest_sources
from ingestion.raw import segments as raw
from ingestion.settings import load_settings
from ingestion.storage import landing
from ingestion.storage.ledger import Entry, Ledger
from tests.drops import Row, agent, conversation, packed, write_batch, write_config, write_files, write_manifest
from tests.examples import examples


class Stop(BaseException):
    """What no handler of errors catches, as the end of the process."""


def take(folder: Path) -> SourceReport:
    return ingest_sources(load_settings(folder / "causerie.toml"), lambda _: None)[0]


def entries_of(folder: Path) -> list[Entry]:
    with Ledger(folder / "var" / "ledger.sqlite") as ledger:
        return ledger.entries()


def rows_of(folder: Path, entity: str) -> list[tuple[Any, ...]]:
    """The accepted rows of an entity, whatever segments hold them, in the order of batch, file and line."""
    _, segments = accepted_batches(load_settings(folder / "causerie.toml"))
    rows = raw.records(segments, ENTITIES[entity])
    if rows is None:
        return []
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(
            f"select * exclude (file_row_number) from ({rows}) order by _batch, _file, file_row_number"
        ).fetchall()


def quarantine_of(folder: Path) -> list[tuple[Any, ...]]:
    segments = {entry.segment for entry in entries_of(folder) if entry.segment}
    paths = [str(folder / "var" / "raw" / "acme_export" / str(name) / "quarantine.parquet") for name in segments]
    if not paths:
        return []
    with duckdb.connect() as connection:
        return connection.execute(f"from read_parquet({paths}) order by batch, file, line").fetchall()


def decided(folder: Path) -> list[tuple[Any, ...]]:
    """What the ledger says, but for when it was decided and the names of segments."""
    found = []
    for entry in entries_of(folder):
        reasons = [reason.replace(str(folder), "").replace(entry.segment or "?", "SEGMENT") for reason in entry.reasons]
        found.append((entry.batch, entry.status, entry.extracted_at, entry.counts, reasons, entry.segment is None))
    return found


# --- together as one by one

GOOD = "good"
KINDS = st.sampled_from([GOOD] * 12 + ["bad rows", "torn", "too bad", "moved", "missing", "short", "misnamed", "csv"])


def deliver(drop: Path, name: str, kind: str, turn: int) -> None:
    conversations = [conversation(n, status=f"s{turn}") for n in range(12)]
    if kind == "moved":
        conversations = [conversation(n, started_at="2026-01-01T00:00:00Z") for n in range(12)]
    agents: Sequence[Row] = [agent(turn), agent("a")] + [agent("")] * {"bad rows": 3, "too bad": 20}.get(kind, 0)
    batch = write_batch(
        drop / name,
        {"conversations": conversations, "agents": agents},
        file_format="csv" if kind == "csv" else "ndjson",
    )
    if kind == "missing":
        (batch / "agents.ndjson").unlink()
    elif kind == "short":
        write_manifest(batch, {"agents.ndjson": 3, "conversations.ndjson": 12})
    elif kind == "torn":
        content = b'{"agent_id":\n{"agent_id":"b"}\n'
        write_files(batch, {"agents.ndjson": content, "notes.txt": b""}, {"agents.ndjson": 2, "notes.txt": 0})
    elif kind == "misnamed":
        write_files(batch, {"agents.json": b""}, {"agents.json": 0})


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(kinds=st.lists(KINDS, min_size=1, max_size=10), later=st.lists(KINDS, max_size=3))
def test_batches_taken_in_together_are_as_if_each_had_come_alone(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], later: list[str]
) -> None:
    folders = {}
    for name, together in (("together", 1000), ("alone", 0)):
        folder = folders[name] = tmp_path_factory.mktemp(name)
        write_config(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ingest, "_FILES_TOGETHER", together)
            (folder / "drop").mkdir()
            for turn, kind in enumerate(kinds):
                deliver(folder / "drop", f"b{turn:02d}", kind, turn)
            warnings = take(folder).warnings
            for turn, kind in enumerate(later):
                deliver(folder / "drop", f"b{turn * 3:02d}x", kind, turn)
            folders[f"{name} warnings"] = warnings + take(folder).warnings  # type: ignore[assignment]
    together, alone = folders["together"], folders["alone"]
    assert decided(together) == decided(alone)
    assert folders["together warnings"] == folders["alone warnings"]
    for entity in ("conversations", "agents"):
        assert rows_of(together, entity) == rows_of(alone, entity)
    assert quarantine_of(together) == quarantine_of(alone)


def test_small_batches_share_a_segment_and_a_large_one_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_LARGE_BATCH", 5_000)
    write_config(tmp_path)
    for name in ("b1", "b2", "b3", "b4", "b5"):
        write_batch(
            tmp_path / "drop" / name, {"agents": [agent(n, team="x" * 50) for n in range(100 * (name == "b3"))]}
        )
    take(tmp_path)
    _, segments = accepted_batches(load_settings(tmp_path / "causerie.toml"))
    assert sorted(segment.batches for segment in segments) == [("b1", "b2"), ("b3",), ("b4", "b5")]


def test_a_group_is_bounded_by_its_bytes_and_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(tmp_path)
    for number in range(6):
        write_batch(tmp_path / "drop" / f"b{number}", {"agents": [agent(1)], "conversations": [conversation()]})
    monkeypatch.setattr(ingest, "_FILES_TOGETHER", 6)
    take(tmp_path)
    _, segments = accepted_batches(load_settings(tmp_path / "causerie.toml"))
    assert sorted(len(segment.batches) for segment in segments) == [3, 3]


def test_a_refused_batch_that_stays_the_same_is_not_parsed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path)
    write_batch(tmp_path / "drop" / "b1", {"agents": [agent("")] * 20})
    refusals = take(tmp_path).refusals
    with monkeypatch.context() as patch:
        patch.setattr(raw, "parse_segment", None)
        assert take(tmp_path).refusals == refusals
        config.write_text(config.read_text() + "\n[quality]\nquarantine_rows = 20\n")
        assert take(tmp_path).having("accepted")[0].counts["agents"].quarantined == 20


def test_a_long_ingestion_that_is_killed_keeps_the_groups_that_it_had_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path)
    for number in range(4):
        write_batch(tmp_path / "drop" / f"b{number}", {"conversations": [conversation(n) for n in range(3)]})
    parse = raw.parse_segment
    parsed = []

    def killed(connection: duckdb.DuckDBPyConnection, landed: Any, *rest: Any) -> Any:
        parsed.append([batch.batch for batch in landed])
        if len(parsed) == 2:
            raise Stop
        return parse(connection, landed, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "_FILES_TOGETHER", 2)
        patch.setattr(raw, "parse_segment", killed)
        with pytest.raises(Stop):
            take(tmp_path)
    assert [(entry.batch, entry.status) for entry in entries_of(tmp_path)] == [("b0", "accepted"), ("b1", "accepted")]
    assert [entry.batch for entry in take(tmp_path).entries] == ["b2", "b3"]
    assert [entry.counts["conversations"].known for entry in entries_of(tmp_path)] == [0, 3, 3, 3]


def test_what_the_ledger_does_not_name_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed between a segment's name and the ledger's entry leaves a folder that counts for nothing."""
    write_config(tmp_path)
    write_batch(tmp_path / "drop" / "b1", {"agents": [agent(1)]})
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", lambda *_: (_ for _ in ()).throw(Stop))
        with pytest.raises(Stop):
            take(tmp_path)
    assert len(list((tmp_path / "var" / "raw" / "acme_export").iterdir())) == 1
    take(tmp_path)
    assert len(rows_of(tmp_path, "agents")) == 1


# --- nothing new


@contextmanager
def watching(folder: Path) -> Iterator[list[str]]:
    """Every file and folder below a folder that Python opens or lists in the block."""
    seen: list[str] = []
    is_on = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if is_on and event in ("open", "os.scandir", "os.listdir") and str(arguments[0]).startswith(str(folder)):
            seen.append(str(Path(str(arguments[0])).relative_to(folder)))

    sys.addaudithook(hook)
    try:
        yield seen
    finally:
        is_on = False


def test_a_run_with_nothing_new_opens_no_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(tmp_path)
    for number in range(20):
        write_batch(tmp_path / "drop" / f"b{number}", {"agents": [agent(1)]})
    take(tmp_path)
    looked_into: list[str] = []
    is_file = Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda path: looked_into.append(path.name) or is_file(path))
    with watching(tmp_path) as opened:
        take(tmp_path)
        accepted_batches(load_settings(tmp_path / "causerie.toml"))
    listed = {f"drop/b{number}" for number in range(20)}  # was a file written after its batch was landed?
    assert {path for path in opened if "/b" in path} == listed, "no file, neither in the drop nor in landing nor in raw"
    assert set(looked_into) <= {"segment.json", "causerie.toml"}
    assert len(looked_into) < 10


# --- landing in groups


@pytest.mark.parametrize("step", ["sync", "put_in_place"])
def test_a_landing_that_is_stopped_leaves_whole_batches_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write_config(tmp_path)
    for number in range(12):
        write_batch(tmp_path / "drop" / f"b{number:02d}", {"agents": [agent(n) for n in range(3)]}, gz=True)
    landed = tmp_path / "var" / "landing" / "acme_export"
    rename, renamed = Path.rename, []

    def stopped(path: Path, target: Path) -> Path:
        if len(renamed) == 5:
            raise Stop
        renamed.append(target)
        return rename(path, target)

    with monkeypatch.context() as patch:
        if step == "sync":
            patch.setattr(landing, "sync", lambda _: (_ for _ in ()).throw(Stop))
        else:
            patch.setattr(Path, "rename", stopped)
        with pytest.raises(Stop):
            take(tmp_path)
    whole = [path for path in landed.iterdir() if not path.name.startswith(".")]
    assert len(whole) == (0 if step == "sync" else 5)
    for batch in whole:
        assert {path.name: path.read_bytes() for path in batch.iterdir()} == {
            path.name: path.read_bytes() for path in (tmp_path / "drop" / batch.name).iterdir()
        }
    assert len(take(tmp_path).having("accepted")) == 12
    assert not [path for path in landed.iterdir() if path.name.startswith(".")]


def test_many_batches_wait_for_the_disk_once_and_before_they_get_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path)
    for number in range(40):
        write_batch(tmp_path / "drop" / f"b{number}", {"agents": [agent(1)]})
    landed = tmp_path / "var" / "landing" / "acme_export"
    seen: list[set[str]] = []
    monkeypatch.setattr(landing.os, "sync", lambda: seen.append({path.name[:5] for path in landed.iterdir()}))
    monkeypatch.setattr(landing.os, "fsync", lambda _: seen.append(set()))
    take(tmp_path)
    assert seen[0] == {".new-"}
    assert len(seen) < 10


def test_a_batch_that_cannot_be_landed_leaves_the_others_of_its_group(tmp_path: Path) -> None:
    write_config(tmp_path)
    for name in ("b1", "b2", "b3"):
        write_batch(tmp_path / "drop" / name, {"agents": [agent(1)]})
    (tmp_path / "drop" / "b2" / "agents.ndjson").write_bytes(b"other")
    report = take(tmp_path)
    assert [entry.status for entry in report.entries] == ["accepted", "refused", "waiting"]
    assert {path.name for path in (tmp_path / "var" / "landing" / "acme_export").iterdir()} == {"b1", "b3"}


def test_a_packed_csv_that_is_cut_off_refuses_its_batch_in_a_group(tmp_path: Path) -> None:
    write_config(tmp_path)
    files: Mapping[str, bytes] = {"agents.csv.gz": packed(b"agent_id,name\r\n1,Anne\r\n2,Philippe")}
    for name in ("b1", "b2", "b3"):
        content = {key: value[: -10 if name == "b2" else None] for key, value in files.items()}
        write_files(tmp_path / "drop" / name, content, {"agents.csv.gz": 2})
    assert [entry.status for entry in take(tmp_path).entries] == ["accepted", "refused", "waiting"]


def test_extraction_times_limit_each_batch_of_a_group_by_its_own(tmp_path: Path) -> None:
    write_config(tmp_path)
    at = {"b1": "2026-01-02T00:00:00Z", "b2": "2026-01-03T00:00:00Z", "b3": "2026-01-02T00:00:00+14:00"}
    for name, extracted_at in at.items():
        rows = [conversation(1, started_at="2026-01-02T12:00:00Z"), conversation(2, started_at="2026-01-01T10:00:00Z")]
        write_batch(tmp_path / "drop" / name, {"conversations": rows}, extracted_at)
    entries = take(tmp_path).entries
    assert [entry.counts["conversations"].quarantined for entry in entries] == [1, 0, 1]
    assert [entry.extracted_at for entry in entries] == [datetime.fromisoformat(text) for text in at.values()]
