"""Whether landing, ledger and raw are what they say of each other. Nothing is written.

Here: landed files against their manifests, manifests against raw, raw against the ledger, and folders that none of them
knows. Not here: whether batches are good (``judging``), and releases (``orchestration.verification``).

Every file is read, landing as bytes, raw as bytes and as rows. In segments of earlier versions, which have no hashes, a
changed value that can still be read is not seen.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ingestion.parsing import parser
from ingestion.raw.segments import SUMMARY, RawBatch, Segment, changed_files, read_batches, records
from ingestion.settings import Settings
from ingestion.shown import command, visible
from ingestion.source_kinds import entities_of
from ingestion.source_settings import AnySource, DeliveredSource
from ingestion.sql import first_line, sql_file, sql_text
from ingestion.storage.landing import MANIFEST, BatchError, batch_folders, changes, open_landed
from ingestion.storage.ledger import LEDGER, Entry, Ledger, SegmentEntry
from ingestion.storage.manifests import manifest_model

Progress = Callable[[str], None]
Rows = dict[tuple[str, str], tuple[int, int]]
"""By batch and entity: records, and those of them that are quarantined."""
_BEFORE_ITS_NAME = (".new-", ".old-", ".pull")


@dataclass
class Findings:
    """``looked_at``: how much of what. ``faults``: what is wrong, each with its remedy. ``notes``: what is open."""

    looked_at: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def strays(self, folder: Path, known: Set[str]) -> None:
        """Find fault with what lies in a folder and is not known; what a killed run left is noted."""
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        for name in names:
            if name.startswith(_BEFORE_ITS_NAME):
                self.notes.append(f"{folder / name}: of a run that is at work, or was killed: the next run goes on")
            elif name not in known:
                self.faults.append(stray(folder / name))


def stray(path: Path) -> str:
    """The fault of what lies around."""
    return f"{visible(str(path))}: nothing knows what this is: look at it, and remove it"


def verify_sources(settings: Settings, found: Findings, progress: Progress) -> None:
    """Look at landing, ledger and raw of a home."""
    path = settings.home / LEDGER
    if not path.is_file():
        if any((settings.home / name).is_dir() for name in ("landing", "raw")):
            found.faults.append(f"{path}: it is missing: restore it from a backup; without it every batch is new")
        return
    try:
        with Ledger(path, read_only=True) as ledger:
            found.faults += [f"{path}: {line}; restore it from a backup" for line in ledger.damages()]
            entries = ledger.entries()
            listed = {source.name: ledger.segments(source.name) for source in settings.sources}
    except (sqlite3.Error, ValueError, TypeError) as error:
        found.faults.append(f"{path}: it cannot be read: {first_line(error)}; restore it from a backup")
        return
    configured = {source.name for source in settings.sources}
    others = {entry.source for entry in entries} - configured
    for name in sorted(others):
        found.notes.append(f"{name}: the configuration does not name this source any more, so it was not looked at")
    for place in ("landing", "raw"):
        found.strays(settings.home / place, {*configured, *others})
    with parser.connect() as connection:
        connection.execute(f"set memory_limit = {sql_text(settings.resources.memory_limit)}")
        for source in settings.sources:
            of_source = [entry for entry in entries if entry.source == source.name]
            parsed = _Raw(connection, settings, source, found, progress).verify(of_source, listed[source.name])
            _verify_landing(settings, source, {entry.batch: entry for entry in of_source}, parsed, found, progress)


def _verify_landing(
    settings: Settings,
    source: AnySource,
    entries: Mapping[str, Entry],
    parsed: Mapping[str, RawBatch],
    found: Findings,
    progress: Progress,
) -> None:
    folder = settings.home / "landing" / source.name
    names = dict.fromkeys(path.name for path in batch_folders(folder)) if folder.is_dir() else {}
    found.strays(folder, names.keys())
    for name, accepted in entries.items():
        if accepted.status == "accepted" and name not in names:
            found.faults.append(f"{folder / name}: it is missing; {_restored(source, accepted)}")
    new = len(names.keys() - entries.keys())
    if new:
        found.notes.append(f"{source.name}: {new:,} landed and not judged yet: the next run does")
    for number, name in enumerate(names, start=1):
        progress(f"{source.name}: landing, batch {number:,} of {len(names):,}")
        entry = entries.get(name)
        try:
            landed = open_landed(source.name, folder / name, manifest_model(source.kind))
            if (
                entry
                and entry.status == "accepted"
                and name in parsed
                and parsed[name].fingerprint != landed.fingerprint
            ):
                found.faults.append(f"{folder / name / MANIFEST}: it is not that of raw; {_restored(source, entry)}")
            found.faults += [f"{change}; {_restored(source, entry)}" for change in changes(landed)]
            found.strays(folder / name, {MANIFEST, *landed.manifest.files})
            found.looked_at.update(batches=1, files=len(landed.manifest.files), bytes=landed.size())
        except BatchError:
            found.faults.append(f"{folder / name / MANIFEST}: it cannot be read; {_restored(source, entry)}")
        except OSError as error:  # of a broken disk
            found.faults.append(f"{folder / name}: it cannot be read: {error.strerror}; {_restored(source, entry)}")


def _restored(source: AnySource, entry: Entry | None) -> str:
    """What to do about a batch that is not in landing as it was."""
    is_delivered = isinstance(source, DeliveredSource)
    if entry is None or entry.status != "accepted":
        return "deliver it again" if is_delivered else "the next run reads it again"
    aside = command("reject", source.name, entry.batch, option="--reason ...")
    again = ", and deliver it under another name" if is_delivered else "; then the next run reads everything again"
    return f"restore it from a backup, or set the batch aside: {aside}{again}. Its rows are in use as they were parsed"


class _Raw:
    """The raw of one source."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        settings: Settings,
        source: AnySource,
        found: Findings,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._folder = settings.home / "raw" / source.name
        self._source = source
        self._found = found
        self._progress = progress
        self._remedy = f"{command('parse-again', source.name)}, and the next run makes it again from landing"

    def verify(self, entries: Sequence[Entry], segments: Sequence[SegmentEntry]) -> dict[str, RawBatch]:
        """What raw says of each batch."""
        names = {segment.segment for segment in segments}
        lost = sum(entry.status == "accepted" and entry.segment not in names for entry in entries)
        if lost:
            self._found.notes.append(
                f"{self._source.name}: {lost:,} batches not in raw: the next run parses them again"
            )
        left = {path.name for path in self._folder.iterdir() if path.is_dir()} if self._folder.is_dir() else set()
        unnamed = sum(name not in names and not name.startswith(_BEFORE_ITS_NAME) for name in left)
        if unnamed:
            self._found.notes.append(
                f"{self._folder}: {unnamed:,} folders that the ledger does not name, left by compaction or a killed"
                " run: a publication removes them after a day"
            )
        self._found.strays(self._folder, left)
        parsed: dict[str, RawBatch] = {}
        held = defaultdict(list)
        for entry in entries:
            held[entry.segment].append(entry)
        for number, segment in enumerate(segments, start=1):
            self._progress(f"{self._source.name}: raw, segment {number:,} of {len(segments):,}")
            parsed |= self._verify_segment(segment, held[segment.segment])
        return parsed

    def _verify_segment(self, listed: SegmentEntry, entries: Sequence[Entry]) -> dict[str, RawBatch]:
        folder = self._folder / listed.segment
        if not (folder / SUMMARY).is_file():
            self._fault(folder, "it is missing", "the next run makes it again from landing")
            return {}
        batches = read_batches(folder)
        if batches is None:
            self._fault(folder / SUMMARY, "it cannot be read")
            return {}
        self._found.looked_at["segments"] += 1
        expected: Rows = {}
        for entry in entries:
            totals = batches[entry.batch].totals() if entry.batch in batches else {}
            if totals != {entity: (of.landed, of.quarantined) for entity, of in entry.counts.items()}:
                self._fault(folder / SUMMARY, f"{visible(entry.batch)}: it says other numbers than the ledger")
            expected |= {(entry.batch, entity): counts for entity, counts in totals.items() if counts[0]}
        try:
            changed = changed_files(folder)
        except OSError as error:
            self._fault(folder, f"it cannot be read: {error.strerror}")
            return batches
        for name in changed:
            self._fault(folder / name, "it is missing, or not as it was written")
        if not changed:
            self._verify_rows(Segment(listed, folder, tuple(batches)), expected)
        return batches

    def _verify_rows(self, segment: Segment, expected: Rows) -> None:
        rows: Rows = {}
        try:
            for entity in entities_of(self._source.kind).values():
                query = records([segment], entity)
                if query is None:
                    continue
                # the hash has every value read
                counting = "select _batch, count(*), count(_reasons), bit_xor(hash(rows))"
                for batch, count, bad, _ in self._connection.execute(
                    f"{counting} from ({query}) as rows group by _batch"
                ).fetchall():
                    rows[batch, entity.name] = count, bad
            quarantined = self._connection.execute(
                "select batch, entity, count(*), bit_xor(hash(rows))"
                f" from read_parquet({sql_file(segment.quarantine)}) as rows group by batch, entity"
            ).fetchall()
        except duckdb.Error as error:
            self._fault(segment.folder, f"it cannot be read: {first_line(error)}")
            return
        self._found.looked_at["parts"] += sum(map(len, segment.listed.parts.values()))
        self._found.looked_at["rows"] += sum(count for count, _ in rows.values())
        listed = {(batch, entity): count for batch, entity, count, _ in quarantined}
        for key in sorted(rows.keys() | expected.keys() | listed.keys()):
            there, parsed, kept = rows.get(key, (0, 0)), expected.get(key, (0, 0)), listed.get(key, 0)
            if there != parsed or there[1] != kept:
                self._fault(
                    segment.folder,
                    f"{visible(key[0])}: it has {there[0]:,} {key[1]}, {there[1]:,} of them bad and {kept:,} in"
                    f" quarantine; parsed were {parsed[0]:,}, {parsed[1]:,} of them bad",
                )

    def _fault(self, path: Path, words: str, remedy: str | None = None) -> None:
        self._found.faults.append(f"{path}: {words}; {remedy or self._remedy}")
