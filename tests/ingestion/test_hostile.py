"""What one source delivers never reaches the others: whatever it is, its batch is refused and they are ingested."""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import ingest
from ingestion.decisions import accept, reject
from ingestion.ingest import SourceReport, ingest_sources
from ingestion.mistakes import changed_kinds
from ingestion.parsing import parser
from ingestion.restatements import known_and_restated
from ingestion.settings import Settings, load_settings
from ingestion.shown import visible
from ingestion.storage import delivered, landing
from ingestion.storage.delivered import Delivered
from ingestion.storage.ledger import Ledger
from tests.drops import EXTRACTED_AT, agent, write_batch, write_config, write_manifest

NOW = datetime(2026, 2, 1, tzinfo=UTC)
NO_ROWS = json.dumps({"rows": 0, "sha256": "0" * 64})


class Two:
    """A source that delivers something unusual, and one that is read after it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bad, self.home = folder, folder / "drop" / "bad", folder / "var"
        self.bad.mkdir(parents=True)
        write_batch(folder / "drop" / "good" / "b1", {"agents": [agent(7), agent(8)]})
        self.configure()

    def configure(self, **options: Any) -> None:
        self.sources = [
            {"name": name, "kind": "export", "account": "acme", "path": f"drop/{name}"} for name in ("bad", "good")
        ]
        self.sources[0] |= options
        self.settings: Settings = load_settings(write_config(self.folder, sources=self.sources))

    def batch(self, name: str = "b1") -> Path:
        return write_batch(self.bad / name, {"agents": [agent(1)]})

    def run(self) -> SourceReport:
        """One run, in which the good source is ingested; what became of the other."""
        bad, good = ingest_sources(self.settings, lambda _: None)
        assert good.refusals == []
        assert self.statuses("good") == {"b1": "accepted"}
        return bad

    def statuses(self, source: str = "bad") -> dict[str, str]:
        with Ledger(self.home / "ledger.sqlite") as ledger:
            return {entry.batch: entry.status for entry in ledger.entries(source)}

    def refused(self, batch: str = "b1") -> str:
        """A run; why the batch is refused. Set aside, it holds back nothing behind it."""
        bad = self.run()
        assert self.statuses() == {batch: "refused"}
        (reason,) = bad.refusals
        assert reason.startswith(f"bad {batch}: ")
        assert reason.isprintable()
        write_batch(self.bad / "z", {"agents": [agent(1)]})
        reject(self.settings, "bad", batch, "bad", NOW)
        assert self.run().refusals == []
        assert self.statuses() == {batch: "set aside", "z": "accepted"}
        return reason


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


# --- manifests


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param('"note": ' + "[" * 60_000 + "]" * 60_000, "nested too deeply", id="lists"),
        pytest.param('"note": ' + '{"a":' * 60_000 + "1" + "}" * 60_000, "nested too deeply", id="objects"),
        pytest.param('"note": NaN', "NaN is not JSON", id="NaN"),
        pytest.param('"note": [-Infinity]', "-Infinity is not JSON", id="Infinity"),
        pytest.param('"note": -1e999', "-1e999 is beyond what a number can be", id="beyond a double"),
        pytest.param('"files": {}', "it has 'files' twice", id="a name twice"),
        pytest.param(f'"note": "{"x" * 17_000_000}"', "has more than 16,777,216 bytes", id="very long"),
    ],
)
def test_a_manifest_that_is_odd(two: Two, more: str, words: str) -> None:
    path = two.batch() / "manifest.json"
    path.write_text(path.read_text().rstrip().removesuffix("}") + f", {more}}}")
    reason = two.refused()
    assert f"{path}: " in reason
    assert words in reason
    assert "write the batch again" in reason


LONG = "x" * 100_000


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('{"note": ' + "9" * 100_000 + "}", id="a number"),
        pytest.param(f'{{"{LONG}": 1, "{LONG}": 2}}', id="a name twice"),
        pytest.param(f'{{"extracted_at": "{EXTRACTED_AT}", "files": {{"{LONG}": {{}}}}}}', id="a file without rows"),
        pytest.param(f'{{"extracted_at": "{EXTRACTED_AT}", "files": {{"{LONG}": {NO_ROWS}}}}}', id="a file"),
    ],
)
def test_of_an_odd_manifest_no_more_is_said_than_can_be_read(two: Two, content: str) -> None:
    (two.batch() / "manifest.json").write_text(content)
    assert len(two.refused()) < 1_000


def test_a_manifest_of_many_names_is_read_in_a_moment(two: Two) -> None:
    path = two.batch() / "manifest.json"
    names = ", ".join(f'"{number}": 1' for number in range(400_000))
    path.write_text(path.read_text().rstrip().removesuffix("}") + f', {names}, "399999": 2}}')
    began = time.process_time()
    (reason,) = two.run().refusals
    assert "it has '399999' twice" in reason
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    "extracted_at",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_a_date_that_is_none_is_no_moment_of_an_extraction(two: Two, extracted_at: str) -> None:
    write_batch(two.bad / "b1", {"agents": [agent(1)]}, extracted_at)
    reason = two.refused()
    assert f"{two.home / 'landing' / 'bad' / 'b1' / 'manifest.json'}: extracted_at: {extracted_at[:10]}" in reason
    assert "write the batch again" in reason


def test_a_batch_may_be_extracted_before_the_earliest_that_is_configured(two: Two) -> None:
    two.batch()
    write_config(two.folder, sources=two.sources, extra='[quality]\nearliest = "2026-03-01T00:00:00Z"')
    two.settings = load_settings(two.folder / "causerie.toml")
    assert two.run().refusals == []


@pytest.mark.parametrize("name", ["agents.ndjson", "agents.ndjson.gz", "agents.csv", "agents.csv.gz", "agents.parquet"])
def test_a_file_without_a_byte_that_is_to_have_rows(two: Two, name: str) -> None:
    folder = two.batch()
    (folder / "agents.ndjson").unlink()
    (folder / name).touch()
    write_manifest(folder, {name: 3})
    reason = two.refused()
    assert f"/b1/{name}: " in reason
    assert "deliver" in reason


@pytest.mark.parametrize("cursor", [{"of": "chatwoot"}, {"of": "activecampaign x"}, {}, None, 5, "x"], ids=repr)
def test_a_manifest_that_speaks_as_one_of_a_live_source_says_nothing_by_it(two: Two, cursor: object) -> None:
    path = two.batch() / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"cursor": cursor, "finished_at": cursor}))
    assert two.run().refusals == []
    assert two.statuses() == {"b1": "accepted"}
    assert changed_kinds(two.settings) == []
    write_batch(two.bad / "b2", {"agents": [agent(1)]})
    assert two.run().refusals == []


def test_a_source_of_another_kind_is_a_mistake_whatever_its_manifests_say(two: Two) -> None:
    path = two.batch() / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"cursor": {"of": "meta_webhooks"}}))
    two.run()
    two.configure(kind="meta_webhooks")
    (mistake,) = changed_kinds(two.settings)
    assert "'bad' was read as 'export' before" in mistake


# --- names


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"b" * 251, id="251 bytes"),
        pytest.param("é".encode() * 127, id="254 bytes"),
        pytest.param(b"\xfe1", id="no UTF-8"),
        pytest.param(b"b\x1b[2J", id="an escape"),
        pytest.param(b"b\n", id="a line end"),
        pytest.param("b\u202e1".encode(), id="right to left"),
    ],
)
def test_a_batch_whose_name_cannot_be_used(two: Two, name: bytes) -> None:
    two.batch("made").rename(two.bad / os.fsdecode(name))
    called = visible(os.fsdecode(name))
    assert called.isprintable()
    assert "give the folder another name" in two.refused(called)


def test_a_name_as_the_folder_has_it_is_understood_too(two: Two) -> None:
    two.batch("b\x07")
    two.run()
    reject(two.settings, "bad", "b\x07", "bad", NOW)
    assert two.statuses() == {"b\\u0007": "set aside"}


def test_names_of_250_bytes_are_landed(two: Two) -> None:
    name = "é" * 125
    two.batch(name)
    assert two.run().refusals == []
    assert two.statuses() == {name: "accepted"}


# --- what is no file


def link_out(path: Path) -> None:
    elsewhere = path.parents[3] / "elsewhere.ndjson"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def make_a_socket(path: Path) -> None:
    path.unlink()
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def replaced(by: Callable[[Path], object]) -> Callable[[Path], None]:
    def replace(path: Path) -> None:
        path.unlink()
        by(path)

    return replace


ODD = [
    pytest.param(replaced(os.mkfifo), "it is a named pipe, not a file", id="named pipe"),
    pytest.param(replaced(lambda path: path.symlink_to("/dev/zero")), "it leads out of", id="endless"),
    pytest.param(replaced(lambda path: path.symlink_to(path)), "cannot be read", id="a link to itself"),
    pytest.param(make_a_socket, "it is a socket, not a file", id="socket"),
    pytest.param(link_out, "it leads out of", id="a link out"),
]


@pytest.mark.parametrize(("make", "words"), ODD)
@pytest.mark.parametrize("name", ["agents.ndjson", "manifest.json"])
def test_what_is_no_file_is_not_opened(two: Two, make: Callable[[Path], None], words: str, name: str) -> None:
    path = two.batch() / name
    make(path)
    reason = two.refused()
    assert f"{path}: cannot be read" in reason
    assert words in reason


def test_links_may_lead_out_where_that_is_configured(two: Two) -> None:
    path = two.batch() / "agents.ndjson"
    link_out(path)
    two.configure(outside_links=True)
    assert two.run().refusals == []
    path.unlink()


def test_an_endless_device_is_no_file_where_links_may_lead_out(two: Two) -> None:
    path = two.batch() / "agents.ndjson"
    path.unlink()
    path.symlink_to("/dev/zero")
    two.configure(outside_links=True)
    assert "it is a device, not a file" in two.refused()


def test_links_within_the_drop_are_followed(two: Two) -> None:
    path = two.batch() / "agents.ndjson"
    (two.bad / ".store").mkdir()
    path.rename(two.bad / ".store" / "1.ndjson")
    path.symlink_to("../.store/1.ndjson")
    (two.bad / "b2").symlink_to("b1")
    assert two.run().refusals == []
    assert two.statuses() == {"b1": "accepted", "b2": "accepted"}


def test_a_batch_that_is_a_link_out_of_the_drop(two: Two) -> None:
    (two.bad / "b1").symlink_to(two.folder / "drop" / "good" / "b1")
    assert "it leads out of" in two.refused()


def test_no_more_is_read_of_a_file_than_it_had_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivered, "_CHUNK", 10)
    path = tmp_path / "growing"
    path.write_bytes(b"x" * 25)
    read = []
    for chunk in Delivered(tmp_path, tmp_path).chunks("growing"):
        read.append(bytes(chunk))
        with path.open("ab") as file:
            file.write(b"y" * 100)
    assert b"".join(read) == b"x" * 25


# --- whose fault it is


def test_whatever_a_batch_raises_refuses_it_alone(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    two.batch()
    judge = known_and_restated

    def failing(connection: Any, known: Any, segment: Any, *rest: Any) -> Any:
        if segment.listed.source == "bad":
            raise OverflowError("date value out of range")
        return judge(connection, known, segment, *rest)

    monkeypatch.setattr(ingest, "known_and_restated", failing)
    (reason,) = two.run().refusals
    assert reason == "bad b1: it cannot be read: OverflowError: date value out of range; write the batch again"
    assert two.statuses() == {"b1": "refused"}


def test_a_mistake_of_ours_refuses_nothing(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    two.batch()
    read = landing.read_manifest

    def failing(folder: Path, *rest: Any) -> Any:
        return read(folder, *rest) if "good" in folder.parts else None.nothing  # type: ignore[attr-defined]

    monkeypatch.setattr(landing, "read_manifest", failing)
    (reason,) = two.run().refusals
    assert reason.startswith("bad b1: causerie itself failed: AttributeError: ")
    assert "causerie reject bad BATCH" in reason
    assert two.statuses() == {}
    reject(two.settings, "bad", "b1", "bad", NOW)
    assert two.run().refusals == []


@pytest.mark.parametrize("step", ["landing", "parsing", "judging"])
@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "is full: make room there", id="disk full"),
        pytest.param(OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), "is full: make room there", id="quota"),
        pytest.param(
            duckdb.IOException('IO Error: Could not write file "x": No space left on device'), "is full", id="DuckDB"
        ),
        pytest.param(
            duckdb.OutOfMemoryException("Out of Memory Error: failed to offload data block"), "is full", id="no spill"
        ),
        pytest.param(
            duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block of size 256.0 KiB"),
            "there was not enough memory: free some, or lower '[resources] memory_limit'",
            id="DuckDB's memory",
        ),
        pytest.param(MemoryError(), "there was not enough memory", id="Python's memory"),
        pytest.param(OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "too many files are open", id="open files"),
        pytest.param(OSError(errno.EIO, os.strerror(errno.EIO)), "Input/output error", id="broken disk"),
        pytest.param(PermissionError(errno.EACCES, "Permission denied", "/x"), "Permission denied", id="permission"),
    ],
)
def test_what_is_the_machines_fault_refuses_nothing(
    two: Two, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception, words: str
) -> None:
    two.batch()
    two.batch("b2")
    module, name = {
        "landing": (landing, "_copy_verified"),
        "parsing": (parser, "parse_files"),
        "judging": (ingest, "known_and_restated"),
    }[step]

    def failing(*_: Any, **__: Any) -> None:
        raise type(error)(*error.args)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, failing)
        bad, good = ingest_sources(two.settings, lambda _: None)
    for report in (bad, good):
        (reason,) = report.refusals
        assert reason.startswith(f"{report.source} b1: ")
        assert words in reason
        assert reason.endswith("; no batch is refused for this")
        assert two.statuses(report.source) == {}
    assert two.run().refusals == []
    assert two.statuses() == {"b1": "accepted", "b2": "accepted"}


def test_a_batch_that_could_not_be_read_cannot_be_accepted(two: Two) -> None:
    path = two.batch() / "agents.ndjson"
    path.unlink()
    os.mkfifo(path)
    two.run()
    with pytest.raises(Exception, match="cannot be read, so it cannot be accepted"):
        accept(two.settings, "bad", "b1", "bad", NOW)
    write_batch(two.bad / "b1", {"agents": [agent(1)]})
    write_manifest(two.bad / "b1", {"agents.ndjson": 1})
    assert two.run().refusals == []
    assert two.statuses() == {"b1": "accepted"}
