"""Batches as they came: what is copied, what refuses one, and that nothing half is ever seen."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion.source_settings import ExportSource
from ingestion.sources.export import SourceMissingError, land_batches
from ingestion.storage import delivered, landing
from ingestion.storage.delivered import Delivered
from ingestion.storage.landing import BatchError, Landed, batch_folders, land, open_landed, read_manifest
from tests.drops import EXTRACTED_AT, agent, contact, message, packed, write_batch, write_files, write_manifest


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "var" / "landing"


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit(batch: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write the manifest again after a change."""
    manifest = json.loads((batch / "manifest.json").read_bytes())
    change(manifest)
    (batch / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def refusal(batch: Path, home: Path) -> str:
    """Why a batch cannot be landed; of it nothing is left in landing."""
    before = content(home) if home.exists() else {}
    with pytest.raises(BatchError) as caught:
        land("acme", batch, home)
    assert (content(home) if home.exists() else {}) == before
    return str(caught.value)


# --- what is landed


@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("file_format", ["ndjson", "csv", "parquet"])
def test_files_are_kept_as_they_came(drop: Path, home: Path, file_format: str, gz: bool) -> None:
    rows = {"messages": [message(n) for n in range(5)], "agents": [agent()]}
    batch = write_batch(drop / "b1", rows, file_format=file_format, gz=gz, parts=2)
    landed = land("acme", batch, home)
    assert landed.folder == home / "acme" / "b1"
    assert content(landed.folder) == content(batch)
    assert (landed.source, landed.batch) == ("acme", "b1")
    assert landed.extracted_at.isoformat() == EXTRACTED_AT
    assert sum(file.rows for file in landed.manifest.files.values()) == 6


def test_a_file_that_the_manifest_does_not_list_is_not_read(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    (batch / "messages.ndjson").write_bytes(b"not even JSON")
    (batch / "notes").mkdir()
    assert set(content(land("acme", batch, home).folder)) == {"manifest.json", "agents.ndjson"}


def test_a_batch_may_be_empty(drop: Path, home: Path) -> None:
    assert land("acme", write_batch(drop / "b1", {}), home).manifest.files == {}


def test_a_hash_may_be_in_capitals(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    edit(
        batch,
        lambda manifest: manifest["files"]["agents.ndjson"].update(
            sha256=manifest["files"]["agents.ndjson"]["sha256"].upper()
        ),
    )
    assert land("acme", batch, home)


def test_the_manifest_may_say_more(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    edit(batch, lambda manifest: manifest.update(written_by="a tool", version=3))
    assert land("acme", batch, home)


@pytest.mark.parametrize(
    "extracted_at",
    ["2026-01-05T02:00:00+01:00", "2026-01-05T02:00:00Z", "2026-01-05 02:00:00.123456-05:30"],
)
def test_extraction_is_an_instant(drop: Path, home: Path, extracted_at: str) -> None:
    landed = land("acme", write_batch(drop / "b1", {}, extracted_at), home)
    assert landed.extracted_at.isoformat(sep=extracted_at[10]) == extracted_at.replace("Z", "+00:00")


# --- what refuses a batch


def test_a_missing_file(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()], "contacts": [contact()]})
    (batch / "contacts.ndjson").unlink()
    message = refusal(batch, home)
    assert str(batch / "contacts.ndjson") in message
    assert "it is missing; deliver the file" in message


@pytest.mark.parametrize("where", ["first", "last", "length"])
def test_a_file_with_another_hash(drop: Path, home: Path, where: str) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent(n) for n in range(100)]})
    file = batch / "agents.ndjson"
    text = bytearray(file.read_bytes())
    if where == "length":
        text += b"\n"
    else:
        text[0 if where == "first" else -1] ^= 1
    file.write_bytes(text)
    message = refusal(batch, home)
    assert str(file) in message
    assert "sha256" in message
    assert "deliver it again" in message


def test_the_disk_begins_to_keep_a_large_file_while_it_is_copied(
    drop: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = write_batch(drop / "b1", {"messages": [message(n) for n in range(100)]})
    monkeypatch.setattr(landing, "_LARGE_FILE", 0)
    monkeypatch.setattr(delivered, "_CHUNK", 1000)
    monkeypatch.setattr(landing, "_KEPT_AT_A_TIME", 2000)
    kept: list[int] = []
    fsync = os.fsync

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        kept.append(os.fstat(descriptor).st_size)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", synced)
        assert content(land("acme", batch, home).folder) == content(batch)
    size = (batch / "messages.ndjson").stat().st_size
    assert kept[0] < size, "some of it, before all was there"
    assert size in kept


@pytest.mark.parametrize("failing", [1, 2], ids=["while it is copied", "at the end"])
def test_what_the_disk_does_not_keep_is_not_landed(
    drop: Path, home: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    batch = write_batch(drop / "b1", {"messages": [message(n) for n in range(100)]})
    monkeypatch.setattr(landing, "_LARGE_FILE", 0)
    monkeypatch.setattr(landing, "_KEPT_AT_A_TIME", 1)
    calls: list[int] = []

    def fails_once(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == failing:
            raise OSError(errno.EIO, "Input/output error")  # the system says so once, and never again

    with monkeypatch.context() as patch, pytest.raises(OSError, match="Input/output error"):
        patch.setattr(os, "fsync", fails_once)
        land("acme", batch, home)
    assert content(home) == {}


@pytest.mark.parametrize("broken", [None, "agents.ndjson", "contacts.ndjson", "messages.ndjson"])
def test_large_files_are_landed_side_by_side(
    drop: Path, home: Path, monkeypatch: pytest.MonkeyPatch, broken: str | None
) -> None:
    batch = write_batch(
        drop / "b1", {"agents": [agent()], "contacts": [contact()], "messages": [message(n) for n in range(100)]}
    )
    sizes = sorted(path.stat().st_size for path in batch.glob("*.ndjson"))
    monkeypatch.setattr(landing, "_LARGE_FILE", sizes[0])  # the other two are larger
    if broken is None:
        assert content(land("acme", batch, home).folder) == content(batch)
        return
    (batch / broken).write_bytes((batch / broken).read_bytes() + b"\n")
    words = refusal(batch, home)
    assert str(batch / broken) in words
    assert "sha256" in words


def test_the_hash_is_of_the_packed_file(drop: Path, home: Path) -> None:
    """The same rows, packed otherwise, are another file."""
    batch = write_batch(drop / "b1", {"agents": [agent()]}, gz=True)
    (batch / "agents.ndjson.gz").write_bytes(packed(b'{"agent_id":"a1"}\n') + packed(b""))
    assert str(batch / "agents.ndjson.gz") in refusal(batch, home)


def test_a_folder_instead_of_a_file(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    (batch / "agents.ndjson").unlink()
    (batch / "agents.ndjson").mkdir()
    assert f"{batch / 'agents.ndjson'}: cannot be read" in refusal(batch, home)


GOOD = {"extracted_at": EXTRACTED_AT, "files": {}}
HASH = "0" * 64


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        pytest.param("", "cannot be read as a manifest", id="empty"),
        pytest.param('{"extracted_at": ', "cannot be read as a manifest", id="torn"),
        pytest.param("\ud800", "cannot be read as a manifest", id="not UTF-8"),
        pytest.param([], "dictionary", id="a list"),
        pytest.param(None, "dictionary", id="null"),
        pytest.param({"files": {}}, "extracted_at", id="no extraction"),
        pytest.param(GOOD | {"extracted_at": None}, "extracted_at", id="extraction is null"),
        pytest.param(GOOD | {"extracted_at": "2026-01-05T02:00:00"}, "extracted_at", id="extraction without an offset"),
        pytest.param(GOOD | {"extracted_at": "2026-01-05"}, "extracted_at", id="extraction is a date"),
        pytest.param(GOOD | {"extracted_at": "yesterday"}, "extracted_at", id="extraction is a word"),
        pytest.param(GOOD | {"extracted_at": 1767578400}, "extracted_at", id="extraction in seconds"),
        pytest.param(GOOD | {"extracted_at": "1767578400"}, "extracted_at", id="extraction in seconds, as text"),
        pytest.param({"extracted_at": EXTRACTED_AT}, "files", id="no files"),
        pytest.param(GOOD | {"files": ["agents.ndjson"]}, "files", id="files are a list"),
        pytest.param(GOOD | {"files": {"agents.ndjson": {"rows": 1}}}, "agents.ndjson.sha256", id="no hash"),
        pytest.param(
            GOOD | {"files": {"agents.ndjson": {"rows": 1, "sha256": "abc"}}}, "agents.ndjson.sha256", id="short hash"
        ),
        pytest.param(GOOD | {"files": {"agents.ndjson": {"sha256": HASH}}}, "agents.ndjson.rows", id="no rows"),
        pytest.param(
            GOOD | {"files": {"agents.ndjson": {"rows": -1, "sha256": HASH}}}, "agents.ndjson.rows", id="rows below 0"
        ),
        pytest.param(
            GOOD | {"files": {"agents.ndjson": {"rows": "1", "sha256": HASH}}}, "agents.ndjson.rows", id="rows are text"
        ),
    ],
)
def test_a_manifest_that_is_none(drop: Path, home: Path, manifest: object, words: str) -> None:
    batch = drop / "b1"
    batch.mkdir()
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    (batch / "manifest.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    message = refusal(batch, home)
    assert message.startswith(str(batch / "manifest.json"))
    assert words in message
    assert "write the batch again" in message


@pytest.mark.parametrize(
    "name",
    [
        "../outside.ndjson",
        "../../drop/b1/agents.ndjson",
        "sub/agents.ndjson",
        "/agents.ndjson",
        "./agents.ndjson",
        "agents.ndjson/",
        "..",
        ".",
        "",
        ".hidden.ndjson",
        "..\\agents.ndjson",
        "manifest.json",
        "agents\0.ndjson",
        "agents\ud800.ndjson",
    ],
    ids=repr,
)
def test_a_name_that_is_no_plain_file_name(drop: Path, home: Path, name: str) -> None:
    """Neither reads nor writes outside of the batch; and the message can be printed."""
    (drop / "outside.ndjson").write_bytes(b"")
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    edit(batch, lambda manifest: manifest["files"].update({name: {"rows": 0, "sha256": HASH}}))
    message = refusal(batch, home)
    assert f"files: {name!r} is not a plain file name" in message
    assert message.encode()
    assert not home.exists()


# --- again, mended, interrupted


def test_what_was_landed_is_not_copied_again(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    first = land("acme", batch, home)
    (batch / "agents.ndjson").unlink()
    again = land("acme", batch, home)
    assert (again.fingerprint, again.folder) == (first.fingerprint, first.folder)


@pytest.mark.parametrize("change", ["rows", "extraction", "files"])
def test_a_mended_batch_is_landed_again(drop: Path, home: Path, change: str) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()], "contacts": [contact()]})
    first = land("acme", batch, home)
    rows = {"agents": [agent(name="Zoé" if change == "rows" else None)], "contacts": [contact()]}
    if change == "files":
        del rows["contacts"]
    extracted_at = "2026-01-06T02:00:00Z" if change == "extraction" else EXTRACTED_AT
    mended = land("acme", write_batch(batch, rows, extracted_at), home)
    assert content(mended.folder) == content(batch)
    assert mended.fingerprint != first.fingerprint
    assert [folder.name for folder in (home / "acme").iterdir()] == ["b1"]


def test_a_batch_that_is_broken_later_leaves_what_was_landed(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    kept = content(land("acme", batch, home).folder)
    write_batch(batch, {"agents": [agent("other")]})
    (batch / "agents.ndjson").write_bytes(b"")
    assert "sha256" in refusal(batch, home)
    assert content(home / "acme" / "b1") == kept


Replacement = Callable[[Callable[..., None]], Callable[..., None]]


class Stop(BaseException):
    """What no handler of errors catches, as the end of the process."""


def tear_the_second(copy: Callable[..., None]) -> Callable[..., None]:
    """Copies the first file, and stops in the middle of the second."""
    seen: list[str] = []

    def torn(batch: Delivered, target: Path, expected: str, *, is_large: bool) -> None:
        seen.append(target.name)
        if len(seen) == 2:
            target.write_bytes((batch.folder / target.name).read_bytes()[:5])
            raise Stop
        copy(batch, target, expected, is_large=is_large)

    return torn


def stop(*_: object) -> None:
    raise Stop


@pytest.mark.parametrize("before", [False, True], ids=["first time", "over an older content"])
@pytest.mark.parametrize(
    ("step", "replacement"),
    [
        pytest.param("_copy_verified", tear_the_second, id="in a file"),
        pytest.param("_landed", lambda _: stop, id="after the manifest"),
        pytest.param("sync", lambda _: stop, id="before the rename"),
    ],
)
def test_an_interrupted_landing_leaves_nothing_half(
    drop: Path, home: Path, monkeypatch: pytest.MonkeyPatch, step: str, replacement: Replacement, before: bool
) -> None:
    batch = drop / "b1"
    if before:
        write_batch(batch, {"agents": [agent("older")]})
        land("acme", batch, home)
    kept = content(home) if before else {}
    write_batch(batch, {"agents": [agent()], "contacts": [contact()]})

    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr(landing, step, replacement(getattr(landing, step)))
        land("acme", batch, home)
    assert content(home) == kept

    assert content(land("acme", batch, home).folder) == content(batch)


def test_what_a_killed_process_left_is_cleared_away(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    for left in (".new-b1", ".old-b1"):
        shutil.copytree(batch, home / "acme" / left)
        (home / "acme" / left / "contacts.ndjson").write_bytes(b"half")
    assert batch_folders(home / "acme") == []
    assert content(land("acme", batch, home).folder) == content(batch)
    assert [folder.name for folder in (home / "acme").iterdir()] == ["b1"]


def test_a_landed_batch_reads_its_own_manifest(drop: Path, home: Path) -> None:
    landed = land("acme", write_batch(drop / "b1", {"agents": [agent()]}), home)
    shutil.rmtree(drop)
    assert open_landed("acme", landed.folder) == landed
    assert read_manifest(landed.folder)[0] == landed.manifest


# --- the batches of a drop


def export(drop: Path) -> ExportSource:
    return ExportSource(name="acme", kind="export", account="acme", path=drop)


def outcomes(drop: Path, home: Path, accepted: set[str] | None = None) -> dict[str, object]:
    found = list(land_batches(export(drop), home, accepted or set()))
    assert [name for name, _ in found] == sorted(name for name, _ in found), "in the order of their names"
    return {name: "landed" if isinstance(outcome, Landed) else str(outcome) for name, outcome in found}


def test_a_batch_without_a_manifest_is_left_for_later(drop: Path, home: Path) -> None:
    write_batch(drop / "b1", {"agents": [agent()]}, manifest=False)
    write_batch(drop / "b2", {"agents": [agent()]})
    assert outcomes(drop, home) == {"b2": "landed"}
    assert not (home / "acme" / "b1").exists()

    write_manifest(drop / "b1", {"agents.ndjson": 1})
    assert outcomes(drop, home) == {"b1": "landed", "b2": "landed"}


def test_what_is_no_batch_is_ignored(drop: Path, home: Path) -> None:
    write_batch(drop / ".b0", {"agents": [agent()]})
    (drop / "README.md").write_bytes(b"")
    (drop / "manifest.json").write_bytes(b"{}")
    (drop / "b1" / "manifest.json").mkdir(parents=True)
    write_batch(drop / "b2", {"agents": [agent()]})
    assert outcomes(drop, home) == {"b2": "landed"}


def test_a_refused_batch_does_not_keep_others_from_landing(drop: Path, home: Path) -> None:
    for name in ("b3", "b1", "b2"):
        write_batch(drop / name, {"agents": [agent()]})
    (drop / "b2" / "agents.ndjson").unlink()
    found = outcomes(drop, home)
    assert found["b1"] == found["b3"] == "landed"
    assert "agents.ndjson" in str(found["b2"])


def test_an_accepted_batch_is_not_read_again(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    outcomes(drop, home)
    kept = content(home)
    write_batch(batch, {"agents": [agent("changed")]})
    assert outcomes(drop, home, accepted={"b1"}) == {}
    assert content(home) == kept


def test_a_drop_may_be_emptied_after_landing(drop: Path, home: Path) -> None:
    write_batch(drop / "b1", {"agents": [agent()]})
    outcomes(drop, home)
    shutil.rmtree(drop / "b1")
    write_batch(drop / "b2", {"agents": [agent()]})
    assert outcomes(drop, home) == {"b1": "landed", "b2": "landed"}


def test_a_batch_that_is_being_written_again_is_taken_from_landing(drop: Path, home: Path) -> None:
    batch = write_batch(drop / "b1", {"agents": [agent()]})
    outcomes(drop, home)
    (batch / "manifest.json").unlink()
    (batch / "agents.ndjson").write_bytes(b"half")
    assert outcomes(drop, home) == {"b1": "landed"}


def test_a_drop_that_is_not_there(tmp_path: Path, home: Path) -> None:
    with pytest.raises(SourceMissingError, match="drop: the folder of source 'acme' does not exist"):
        outcomes(tmp_path / "drop", home)


def test_a_file_of_no_known_entity_is_landed_too(drop: Path, home: Path) -> None:
    batch = write_files(drop / "b1", {"notes.txt": b"as it came"}, {"notes.txt": 1})
    assert content(land("acme", batch, home).folder) == content(batch)
