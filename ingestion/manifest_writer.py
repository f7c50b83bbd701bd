"""Write the ``manifest.json`` of a batch that somebody put together by hand, or with a program that writes none.

Here: which files belong to the batch, their rows and hashes. Not here: reading a manifest (``storage.manifests``).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.bounds import DEFAULTS
from ingestion.parsing.csv_records import csv_records
from ingestion.parsing.files import entity_and_format, entity_of
from ingestion.parsing.names import likely_entity
from ingestion.parsing.readers import UnreadableFileError
from ingestion.shown import command, visible
from ingestion.source_kinds import EXPORT
from ingestion.sql import sql_file
from ingestion.storage.compression import DECOMPRESSION_ERRORS, is_compressed, pieces
from ingestion.storage.landing import MANIFEST, write_durably


class UnfinishedError(Exception):
    """No manifest can be written for this folder. The message says why, and what to do."""


def write_manifest(folder: Path, extracted_at: datetime | None = None) -> tuple[datetime, dict[str, int], list[str]]:
    """Write the manifest of a batch: when it was extracted, rows of each file, and lines about files left out.

    ``extracted_at``: by default when the newest file was written.

    Raises:
        UnfinishedError: there is a manifest already, or no file that could be read.
    """
    if not folder.is_dir():
        raise UnfinishedError(f"{folder}: there is no such folder")
    if (folder / MANIFEST).exists():
        raise UnfinishedError(f"{folder / MANIFEST}: is there already; remove it, if the batch was not delivered yet")
    files, left_out = [], []
    for path in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
        if entity_of(path.name) is not None:
            files.append(path)
        else:
            left_out.append(no_entity(path.name))
    if not files:
        by_map = f"if another system wrote them, a mapping reads them: {command('map', str(folder))}"
        raise UnfinishedError("\n".join([f"{folder}: no file holds an entity of the export format", *left_out, by_map]))
    try:
        rows = {path.name: _rows(path) for path in files}
    except (UnreadableFileError, duckdb.Error, *DECOMPRESSION_ERRORS) as error:
        raise UnfinishedError(f"{folder}: {error}") from None
    at = extracted_at or datetime.fromtimestamp(max(path.stat().st_mtime for path in files), UTC)
    listed = {path.name: {"rows": rows[path.name], "sha256": _hash(path)} for path in files}
    content = {"extracted_at": at.isoformat(), "files": listed}
    write_durably(folder / MANIFEST, json.dumps(content, indent=1, ensure_ascii=False).encode())
    return at, rows, left_out


def no_entity(name: str) -> str:
    """Words about a file that fits no entity, with the one that is near."""
    near = likely_entity(name)
    meant = f"; if it holds {near}, call it '{near}…'" if near else ""
    return f"{visible(name)} is of no known entity and format{meant}"


def _rows(path: Path) -> int:
    _, file_format = entity_and_format(path, EXPORT)
    if file_format == "csv":
        return sum(1 for _ in csv_records(path, DEFAULTS))
    if file_format == "parquet":
        if is_compressed(path):
            raise UnreadableFileError(f"{path.name}: unpack it, Parquet is compressed by itself", path)
        query = f"select coalesce(sum(num_rows), 0) from parquet_file_metadata({sql_file(path)})"
        return int(duckdb.connect().execute(query).fetchall()[0][0])
    return sum(bool(line.strip()) for piece, _ in pieces(path) for line in piece.split(b"\n"))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
