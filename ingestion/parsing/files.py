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
from ingestion.file_mapping import MappedEntity
from ingestion.parsing.readers import UnreadableFileError
from ingestion.source_kinds import EXPORT, entities_of

FILE_NAME = re.compile(
    r"(?P<entity>flow_runs|[a-z]+)([^a-z].*)?\.(?P<format>ndjson|jsonl|csv|parquet)(?P<gz>\.gz)?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, eq=False)
class MappedFile:
    """How a file of another system holds an entity.

    ``name``: of the file as it was delivered. ``format``: ``csv``, ``ndjson`` or ``parquet``, whatever its name says.
    ``needs``: columns without which a row is no record of the entity; None where that is its key. ``lines_before``:
    those that the file as it was delivered has before its first record. ``columns``: the names of all its columns.
    """

    name: str
    entity: Entity
    mapping: MappedEntity
    format: str
    delimiter: str
    needs: tuple[str, ...] | None
    lines_before: int
    columns: tuple[str, ...]
    bounds: Bounds


@dataclass(frozen=True)
class LandedFile:
    """A file to be parsed, where it came from, and the number of records that its manifest gives it, if it does.

    ``extracted_at``: nothing in it can have happened later. ``kind``: the kind of its source. ``bounds``: the limits of
    what is believed of it. ``mapped``: where it is a file of another system, how it is read.
    """

    path: Path
    source: str
    batch: str
    extracted_at: datetime
    rows: int | None
    kind: str = EXPORT
    bounds: Bounds = DEFAULTS
    mapped: MappedFile | None = None

    @property
    def name(self) -> str:
        """The name of the file as it was delivered."""
        return self.mapped.name if self.mapped else self.path.name

    @property
    def entity(self) -> Entity:
        """The entity whose records it holds."""
        return self.mapped.entity if self.mapped else entity_and_format(self.path, self.kind)[0]

    @property
    def format(self) -> str:
        """``ndjson``, ``csv`` or ``parquet``."""
        return self.mapped.format if self.mapped else entity_and_format(self.path, self.kind)[1]


@dataclass(frozen=True)
class BadRecord:
    """One quarantined record. ``line``: from 1 (in Parquet: the row). ``record``: its text as it came."""

    line: int
    reasons: str
    record: str


@dataclass(frozen=True)
class ParsedFile:
    """The result of parsing one file. ``records`` counts the malformed ones too. ``notes``: what one should know."""

    records: int
    bad: list[BadRecord]
    notes: tuple[str, ...] = ()


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
