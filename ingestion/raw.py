"""Parsed batches: one folder of typed Parquet files a batch, made from landing and committed by one rename.

Here: parsing a landed batch as a whole and reading it back. Not here: single files (``parsing``), and whether a
batch is taken in (``intake``). Raw can always be made again from landing.

``raw/<source>/<batch>/`` holds ``<file>.parquet`` for each file (``parsing`` tells its columns; ``source_system``,
``_batch`` and ``_file`` say where a record came from), ``quarantine.parquet`` and ``batch.json``.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion import parsing
from ingestion.landing import BatchError, Landed, replacing_folder, write_durably

SUMMARY = "batch.json"
QUARANTINE = "quarantine.parquet"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class RawFile:
    """One parsed file: its records (malformed ones too) and how many of them are quarantined."""

    name: str
    entity: str
    records: int
    quarantined: int


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
        """The Parquet files of one entity, by name."""
        return [self.folder / f"{file.name}.parquet" for file in self.files if file.entity == entity]

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
    files: list[RawFile] = []
    ignored: list[str] = []
    quarantine: list[tuple[str, str, int, str, str]] = []
    with replacing_folder(target) as folder:
        for name in sorted(landed.manifest.files):
            entity = parsing.entity_of(name)
            if parsing.is_misnamed(name):
                raise BatchError(
                    f"{landed.folder / name}: its name tells no known format; call it like 'messages-0001.ndjson.gz'"
                    " (or .csv, .parquet) and deliver the batch again"
                )
            if entity is None:
                ignored.append(name)
                continue
            progress(f"{landed.source} {landed.batch}: {name}")
            parsed = _parse(connection, landed, name, folder, rating_scale)
            files.append(RawFile(name, entity.name, parsed.records, len(parsed.bad)))
            quarantine += [(entity.name, name, bad.line, bad.reasons, bad.record) for bad in parsed.bad]
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


def _parse(
    connection: duckdb.DuckDBPyConnection, landed: Landed, name: str, folder: Path, rating_scale: tuple[int, int]
) -> parsing.ParsedFile:
    path = landed.folder / name
    expected = landed.manifest.files[name].rows
    # DuckDB reads up to the cut. In NDJSON the record that is cut is malformed, in CSV it can pass for a whole one
    if name.lower().endswith(".csv.gz") and _is_cut_off(path):
        raise BatchError(f"{path}: the gzip file is cut off: deliver it again")
    try:
        parsed = parsing.parse_file(
            connection,
            path,
            folder / f"{name}.parquet",
            origin={"source_system": landed.source, "_batch": landed.batch, "_file": name},
            extracted_at=landed.extracted_at,
            rating_scale=rating_scale,
        )
    except parsing.UnreadableFileError as error:
        raise BatchError(f"{path}: cannot be read: {error}; deliver the batch again") from None
    if parsed.records != expected:
        cause = (
            "the gzip file is cut off: deliver it again" if _is_cut_off(path) else "deliver it again, or its manifest"
        )
        raise BatchError(f"{path}: the manifest says {expected:,} rows, the file has {parsed.records:,}; {cause}")
    return parsed


def _is_cut_off(path: Path) -> bool:
    """Whether a packed file ends before its end."""
    if not parsing.is_packed(path):
        return False
    try:
        with gzip.open(path) as file:
            while file.read(1 << 20):
                pass
    except parsing.UNPACKING_ERRORS:
        return True
    return False


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
        f"copy (select {parsing.sql_text(landed.source)} as source_system, {parsing.sql_text(landed.batch)} as batch,"
        f" * from quarantine) to {parsing.sql_text(path)} (format parquet)"
    )
