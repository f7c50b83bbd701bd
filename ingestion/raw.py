"""Parsed batches: one folder of typed Parquet files a batch, made from landing and committed by one rename.

Here: parsing a landed batch as a whole and reading it back. Not here: single files (``parsing``), and whether a
batch is taken in (``intake``). Raw can always be made again from landing.

``raw/<source>/<batch>/`` holds one or more ``<entity>-<number>.parquet`` for each entity (``parsing`` tells their
columns), ``quarantine.parquet`` and ``batch.json``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion import parsing
from ingestion.landing import BatchError, Landed, replacing_folder, write_durably
from ingestion.packing import is_cut_off
from ingestion.readers import UnreadableFileError
from ingestion.sql import sql_text

SUMMARY = "batch.json"
QUARANTINE = "quarantine.parquet"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class RawFile:
    """One parsed file: its records (malformed ones too), how many of them are quarantined, and where they lie."""

    name: str
    entity: str
    records: int
    quarantined: int
    part: str


@dataclass(frozen=True)
class RawBatch:
    """A parsed batch. ``ignored``: files of no known entity, kept in landing."""

    source: str
    batch: str
    folder: Path
    extracted_at: datetime
    files: tuple[RawFile, ...]
    ignored: tuple[str, ...]
    fingerprint: str
    """Tells the content that it was parsed from."""
    rules: str
    """Under which rules it was parsed (:func:`rules_of`)."""

    def paths(self, entity: str) -> list[Path]:
        """The Parquet files of one entity."""
        parts = dict.fromkeys(file.part for file in self.files if file.entity == entity)
        return [self.folder / part for part in parts]

    def totals(self) -> dict[str, tuple[int, int]]:
        """Records and quarantined records of each entity that the batch holds."""
        totals: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for file in self.files:
            records, quarantined = totals[file.entity]
            totals[file.entity] = records + file.records, quarantined + file.quarantined
        return dict(totals)


def rules_of(rating_scale: tuple[int, int]) -> str:
    """Names the rules of parsing; a batch parsed under others is to be parsed anew."""
    return f"{parsing.VERSION}/{rating_scale[0]}-{rating_scale[1]}"


def parse_batch(
    connection: duckdb.DuckDBPyConnection, landed: Landed, raw: Path, rating_scale: tuple[int, int], progress: Progress
) -> RawBatch:
    """Parse a landed batch, unless its raw folder was made from the same content under the same rules.

    Raises:
        BatchError: a file cannot be read, or does not have the rows that the manifest says.
    """
    target = raw / landed.source / landed.batch
    known, rules = read_batch(landed.source, target), rules_of(rating_scale)
    if known is not None and (known.fingerprint, known.rules) == (landed.fingerprint, rules):
        return known
    known_files = [name for name in sorted(landed.manifest.files) if _is_known(landed, name)]
    ignored = sorted(landed.manifest.files.keys() - set(known_files))
    with replacing_folder(target) as folder:
        progress(f"{landed.source} {landed.batch}")
        files, quarantine = _parse(connection, landed, known_files, folder, rating_scale)
        _write_quarantine(connection, folder / QUARANTINE, landed, quarantine)
        summary = {
            "fingerprint": landed.fingerprint,
            "rules": rules,
            "extracted_at": landed.extracted_at.isoformat(),
            "files": [asdict(file) for file in files],
            "ignored": ignored,
        }
        write_durably(folder / SUMMARY, json.dumps(summary, indent=1).encode())
    made = read_batch(landed.source, target)
    assert made is not None
    return made


def read_batch(source: str, folder: Path) -> RawBatch | None:
    """A batch that was parsed before; None when there is none."""
    try:
        summary = json.loads((folder / SUMMARY).read_bytes())
        return RawBatch(
            source,
            folder.name,
            folder,
            datetime.fromisoformat(summary["extracted_at"]),
            tuple(RawFile(**file) for file in summary["files"]),
            tuple(summary["ignored"]),
            summary["fingerprint"],
            summary["rules"],
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None  # none, torn, or of another version: parsed anew


def _is_known(landed: Landed, name: str) -> bool:
    if parsing.is_misnamed(name):
        raise BatchError(
            f"{landed.folder / name}: its name tells no known format; call it like 'messages-0001.ndjson.gz'"
            " (or .csv, .parquet) and deliver the batch again"
        )
    return parsing.entity_of(name) is not None


def _parse(
    connection: duckdb.DuckDBPyConnection, landed: Landed, names: list[str], folder: Path, rating_scale: tuple[int, int]
) -> tuple[list[RawFile], list[tuple[str, str, int, str, str]]]:
    """Parse the files of a batch, those of one shape together; the files and the rows of quarantine, by file name."""
    groups: defaultdict[Hashable, list[parsing.LandedFile]] = defaultdict(list)
    parsed: dict[str, RawFile] = {}
    quarantine: list[tuple[str, str, int, str, str]] = []
    with ExitStack() as stack:
        try:
            for name in names:
                path, rows = landed.folder / name, landed.manifest.files[name].rows
                file = parsing.LandedFile(path, landed.source, landed.batch, landed.extracted_at, rows)
                groups[parsing.shape_of(connection, path)].append(file)
            cut_off = _look_for_cuts(stack.enter_context(ThreadPoolExecutor(1)), landed, names)
            for number, files in enumerate(groups.values()):
                entity = parsing.entity_of(files[0].path.name)
                assert entity is not None
                part = f"{entity.name}-{number}.parquet"
                outcomes = parsing.parse_files(connection, files, folder / part, rating_scale)
                for file, outcome in zip(files, outcomes, strict=True):
                    name = file.path.name
                    _refuse_other_rows(file, outcome.records)
                    parsed[name] = RawFile(name, entity.name, outcome.records, len(outcome.bad), part)
                    quarantine += [(entity.name, name, bad.line, bad.reasons, bad.record) for bad in outcome.bad]
        except UnreadableFileError as error:
            raise BatchError(f"{error.path}: cannot be read: {error}; deliver the batch again") from None
        for name, is_cut in cut_off.items():
            if is_cut.result():
                raise BatchError(f"{landed.folder / name}: the gzip file is cut off: deliver it again")
    quarantine.sort(key=lambda row: (row[1], row[2]))
    return [parsed[name] for name in names], quarantine


def _look_for_cuts(pool: ThreadPoolExecutor, landed: Landed, names: list[str]) -> dict[str, Future[bool]]:
    """Whether packed CSV files end before their end, found out while DuckDB parses them.

    DuckDB reads up to the cut. In NDJSON the record that is cut is malformed, in CSV it can pass for a whole one.
    """
    return {name: pool.submit(is_cut_off, landed.folder / name) for name in names if name.lower().endswith(".csv.gz")}


def _refuse_other_rows(file: parsing.LandedFile, records: int) -> None:
    if records != file.rows:
        cause = "the gzip file is cut off: deliver it again"
        if not is_cut_off(file.path):
            cause = "deliver it again, or its manifest"
        raise BatchError(f"{file.path}: the manifest says {file.rows:,} rows, the file has {records:,}; {cause}")


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection, path: Path, landed: Landed, rows: list[tuple[str, str, int, str, str]]
) -> None:
    """Columns: ``source_system``, ``batch``, ``entity``, ``file``, ``line``, ``reasons``, ``record`` (as it came)."""
    connection.execute(
        "create or replace temp table quarantine"
        " (entity varchar, file varchar, line bigint, reasons varchar, record varchar)"
    )
    if rows:
        columns = list(zip(*rows, strict=True))
        connection.execute(
            "insert into quarantine select unnest($1), unnest($2), unnest($3), unnest($4), unnest($5)",
            [list(column) for column in columns],
        )
    connection.execute(
        f"copy (select {sql_text(landed.source)} as source_system, {sql_text(landed.batch)} as batch,"
        f" * from quarantine) to {sql_text(path)} ({parsing.PARQUET})"
    )
