"""Compaction: small segments of raw are joined into larger ones, which keeps the number of files small.

Here: which segments are joined, and when the replaced ones are removed. Not here: what a segment is (``segments``), and
when compaction runs (the caller: after publication).

Segments are joined by tiers of size: as soon as a tier holds :data:`FAN_IN` of them, or enough for a full one, they
become one of the next tier. So a row is written once a tier, three or four times from an hour's batch to a full
segment, and a source keeps some dozens of segments beside the full ones. No row changes, nor do the batch and file in
it. The rows of one file of a batch stay together and in their order.

A joined segment is complete on the disk before one transaction of the ledger replaces the others by it. So a run that
is killed leaves one or the other. The replaced ones stay readable under their names. A folder that the ledger does not
name is removed when it is not in use, and was replaced (or left by a killed run) longer ago than :data:`GRACE_SECONDS`:
other readers may still be reading it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import duckdb

from ingestion.file_mapping import spelled
from ingestion.parsing import parser
from ingestion.parsing.row_rules import rules_of
from ingestion.raw import segments as raw
from ingestion.settings import Settings
from ingestion.source_kinds import entities_of
from ingestion.sql import sql_files, sql_text
from ingestion.storage.landing import replacing_folder
from ingestion.storage.ledger import LEDGER, Ledger, Part, SegmentEntry

FAN_IN = 24
FULL_BYTES = 128 * 1024 * 1024
"""A segment of this size is not joined with others any more."""
GRACE_SECONDS = 24 * 60 * 60
Progress = Callable[[str], None]


def compact(settings: Settings, progress: Progress, in_use: Collection[Path] = ()) -> None:
    """Join the segments that are due in every source, and remove folders that are no longer needed.

    ``in_use``: folders of segments that must stay whatever their age, as those that kept builds read.
    """
    with Ledger(settings.home / LEDGER) as ledger, parser.connect() as connection:
        connection.execute(f"set memory_limit = {sql_text(settings.resources.memory_limit)}")
        if settings.resources.threads:
            connection.execute(f"set threads = {settings.resources.threads}")
        for source in settings.sources:
            folder = settings.home / "raw" / source.name
            scale = settings.account_of(source).rating_scale
            rules = rules_of(source.kind, scale, settings.bounds, spelled(source.mapped))
            while due := list(_due(_accepted(ledger, source.name, folder, rules))):
                for segments in due:
                    progress(f"{source.name}: joining {len(segments)} segments of raw")
                    _join(connection, ledger, folder, segments, source.kind)
            _remove_unnamed(ledger, source.name, folder, in_use)


def _accepted(ledger: Ledger, source: str, folder: Path, rules: str) -> list[SegmentEntry]:
    """The segments that hold accepted batches under the current rules, in the order of their first batch."""
    held = dict.fromkeys(ledger.accepted(source).values())
    listed = {segment.segment: segment for segment in ledger.segments(source) if segment.rules == rules}
    return [listed[name] for name in held if name in listed and (folder / name / raw.SUMMARY).is_file()]


def _due(segments: Iterable[SegmentEntry]) -> Iterator[list[SegmentEntry]]:
    """Segments of one tier, in order, that are to be joined."""
    tiers: defaultdict[int, list[SegmentEntry]] = defaultdict(list)
    for segment in segments:
        if segment.bytes < FULL_BYTES:
            tier = tiers[_tier(segment.records)]
            tier.append(segment)
            if len(tier) == FAN_IN or (len(tier) > 1 and sum(of.bytes for of in tier) >= FULL_BYTES):
                yield tier[:]
                tier.clear()


def _tier(records: int) -> int:
    """By records, which add up, while bytes shrink in joining. So a joined segment is of a higher tier."""
    tier, limit = 0, FAN_IN
    while records >= limit:
        tier, limit = tier + 1, limit * FAN_IN
    return tier


def _join(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, folder: Path, segments: Sequence[SegmentEntry], kind: str
) -> None:
    source = segments[0].source
    batches = {}
    for segment in segments:
        batches.update(raw.read_summary(folder / segment.segment))
    name = raw.new_name(next(iter(batches)))
    there = [raw.Segment(segment, folder / segment.segment, ()) for segment in segments]
    parts: dict[str, tuple[Part, ...]] = {}
    with replacing_folder(folder / name) as fresh:
        for entity in dict.fromkeys(entity for of in segments for entity in of.parts):
            rows = raw.records(there, entities_of(kind)[entity])
            if rows:
                parts[entity] = (Part(f"{entity}-0.parquet"),)
                _write(connection, f"select * exclude (file_row_number) from ({rows})", fresh / parts[entity][0].name)
        quarantine = sql_files(segment.quarantine for segment in there)
        _write(connection, f"from read_parquet({quarantine})", fresh / raw.QUARANTINE)
        raw.write_summary(fresh, segments[0].rules, batches)
        records = sum(segment.records for segment in segments)
        joined = SegmentEntry(source, name, segments[0].rules, records, raw.size_of(fresh), parts)
    for segment in segments:  # the grace period begins
        os.utime(folder / segment.segment)
    ledger.replace_segments(joined, [segment.segment for segment in segments])


def _write(connection: duckdb.DuckDBPyConnection, rows: str, target: Path) -> None:
    connection.execute(f"copy ({rows}) to {sql_text(target)} ({parser.PARQUET})")


def _remove_unnamed(ledger: Ledger, source: str, folder: Path, in_use: Collection[Path]) -> None:
    if not folder.is_dir():
        return
    named = {segment.segment for segment in ledger.segments(source)}
    used = {path.resolve() for path in in_use}
    latest = time.time() - GRACE_SECONDS
    for path in list(folder.iterdir()):
        if path.name not in named and path.resolve() not in used and path.stat().st_mtime < latest:
            shutil.rmtree(path)
