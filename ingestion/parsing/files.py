"""The files of a landed batch, by name, and what parsing one gives.

Here: which entity and format a name means. Not here: parsing (``parser``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingestion.bounds import DEFAULTS, Bounds
from ingestion.export_format import Entity
from ingestion.parsing.readers import UnreadableFileError
from ingestion.source_kinds import EXPORT, entities_of

FILE_NAME = re.compile(
    r"(?P<entity>[a-z]+)([^a-z].*)?\.(?P<format>ndjson|jsonl|csv|parquet)(?P<gz>\.gz)?", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class LandedFile:
    """A file to be parsed, where it came from, and the number of records that its manifest gives it.

    ``extracted_at``: nothing in it can have happened later. ``kind``: the kind of its source. ``bounds``: the limits of
    what is believed of it.
    """

    path: Path
    source: str
    batch: str
    extracted_at: datetime
    rows: int
    kind: str = EXPORT
    bounds: Bounds = DEFAULTS


@dataclass(frozen=True)
class BadRecord:
    """One quarantined record. ``line``: from 1 (in Parquet: the row). ``record``: its text as it came."""

    line: int
    reasons: str
    record: str


@dataclass(frozen=True)
class ParsedFile:
    """The result of parsing one file. ``records`` counts the malformed ones too."""

    records: int
    bad: list[BadRecord]


def entity_of(file_name: str, kind: str = EXPORT) -> Entity | None:
    """The entity whose records a file holds, by its name; None for a file of an unknown entity or format."""
    match = FILE_NAME.fullmatch(file_name)
    return entities_of(kind).get(match["entity"].lower()) if match else None


def is_misnamed(file_name: str, kind: str = EXPORT) -> bool:
    """Whether the name of a file looks like an entity in an unknown format: ``messages.json``."""
    return entity_of(file_name, kind) is None and file_name.lower().startswith(tuple(entities_of(kind)))


def entity_and_format(path: Path, kind: str) -> tuple[Entity, str]:
    """The entity and the format of a file: ``ndjson``, ``csv`` or ``parquet``.

    Raises:
        UnreadableFileError: its name has no known entity and format.
    """
    match, entity = FILE_NAME.fullmatch(path.name), entity_of(path.name, kind)
    if match is None or entity is None:
        raise UnreadableFileError("its name has no known entity and format", path)
    file_format = match["format"].lower()
    return entity, "ndjson" if file_format == "jsonl" else file_format
