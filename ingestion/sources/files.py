"""The ``files`` source: a folder of files as another system writes them.

Data flow: ``<path>/<file>`` -> ``<home>/landing/<source>/<when>-<file>/``, as it is, with a manifest that says when it
was extracted. Here: which files are finished and new. Not here: what is in them (``parsing.mapped_files``), and their
mapping (``file_mapping``).

Each file is a batch. Its name begins with the instant of its extraction, so that batches are in the order in which the
files were extracted, whichever run finds them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from ingestion.parsing.mapped_files import format_of, member_names
from ingestion.shown import visible
from ingestion.source_settings import FilesSource
from ingestion.source_state import Outcome, SourceState
from ingestion.sources import Finding, SourceError
from ingestion.storage.delivered import Delivered, NotDeliveredError
from ingestion.storage.landing import (
    MANIFEST,
    BatchError,
    batch_folders,
    landed_or_refused,
    refusal,
    replacing_folder,
)
from ingestion.storage.manifests import FilesManifest

_PARTS = {"%Y": r"(?P<Y>\d{4})", "%m": r"(?P<m>\d\d)", "%d": r"(?P<d>\d\d)"}
_PARTS |= {f"%{part}": rf"(?P<{part}>\d\d)" for part in "HMS"}
_ALL = "YmdHMS"
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_SHOWN = 3


@dataclass(frozen=True)
class File:
    """A finished file: its name, and between which instants it was extracted."""

    name: str
    since: datetime
    until: datetime

    @property
    def batch(self) -> str:
        """The name of its batch."""
        return f"{self.since.astimezone(UTC):{_STAMP}}-{visible(self.name)}"


def read(source: FilesSource, state: SourceState) -> Iterator[Iterable[Outcome]]:
    """All files of the folder that are not settled. What is passed over there is named in warnings."""
    if not source.path.is_dir():
        raise SourceError(f"{source.path}: the folder of source '{source.name}' does not exist")
    files, lines = look(source, state.zone)
    for line in lines:
        state.warn(f"{source.name}: {line}")
    yield _land(source, files, state)


def _land(source: FilesSource, files: list[File], state: SourceState) -> Iterator[Outcome]:
    settled = state.settled()
    landed = {folder.name: folder for folder in batch_folders(state.folder, settled)} if state.folder.is_dir() else {}
    new = {file.batch: file for file in files if file.batch not in settled}
    for batch in sorted(landed.keys() | new.keys()):
        if batch in new and batch not in landed:
            try:
                _land_file(source, new[batch], state.folder / batch)
            except Exception as error:
                yield batch, refusal(batch, error)
                continue
        yield batch, landed_or_refused(source.name, state.folder / batch, FilesManifest)


def _land_file(source: FilesSource, file: File, target: Path) -> None:
    """Copy one file, with its manifest."""
    if len(os.fsencode(target.name)) > 250 or not file.name.isprintable():
        raise BatchError(f"{visible(file.name)}: give the file a shorter name of printable characters")
    delivered = Delivered(source.path, source.path, outside_links=source.outside_links)
    before = (source.path / file.name).stat()
    digest = hashlib.sha256()
    with replacing_folder(target) as folder:
        with (folder / file.name).open("wb") as out:
            try:
                for chunk in delivered.chunks(file.name):
                    digest.update(chunk)
                    out.write(chunk)
            except NotDeliveredError as error:
                raise BatchError(f"{error}; deliver it again") from None
        after = (source.path / file.name).stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise BatchError(f"{file.name}: it is still being written; the next run reads it")
        content = {
            "extracted_at": file.since.isoformat(),
            "finished_at": file.until.isoformat(),
            "files": {file.name: {"sha256": digest.hexdigest()}},
        }
        (folder / MANIFEST).write_text(json.dumps(content, indent=1), encoding="utf-8")


def look(source: FilesSource, zone: tzinfo) -> tuple[list[File], list[str]]:
    """The finished files that hold an entity, and lines about everything else in the folder.

    ``zone``: of the account. The dates in names of files are local.
    """
    found, lines = [], []
    with os.scandir(source.path) as entries:
        shown = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in shown:
        if entry.is_dir() or not holds_any(source, Path(entry)):
            continue
        try:
            modified = entry.stat().st_mtime
            since, until = _extracted(source, entry.name, modified, zone)
        except (BatchError, OSError) as error:
            lines.append(f"{visible(entry.name)} is not read: {error}")
            continue
        if time.time() - modified < source.settle_seconds:
            lines.append(
                f"{visible(entry.name)} was written less than {source.settle_seconds:g} seconds ago and may not be"
                " complete: the next run reads it"
            )
            continue
        found.append(File(entry.name, since, until))
    if others := unmapped(source):
        listed = ", ".join(map(visible, others[:_SHOWN])) + (", …" if len(others) > _SHOWN else "")
        lines.append(
            f"{source.path}: no mapping reads {listed} ({len(others)}): correct 'files', or take them out of the folder"
        )
    return found, lines


def unmapped(source: FilesSource) -> list[str]:
    """The files and folders that no mapping reads."""
    with os.scandir(source.path) as entries:
        shown = [entry for entry in entries if not entry.name.startswith(".")]
    return sorted(entry.name for entry in shown if entry.is_dir() or not holds_any(source, Path(entry)))


def holds_any(source: FilesSource, path: Path) -> bool:
    """Whether a file holds an entity that is mapped."""
    return any(mapping.holds(name) for name in _names(path) for mapping in source.mapped.values())


def _names(path: Path) -> list[str]:
    """The name of a file, or the names of those in a ZIP file."""
    if format_of(path.name) == "archive":
        with suppress(zipfile.BadZipFile, OSError):  # reading it says why
            return [path.name, *member_names(path)]
    return [path.name]


def _extracted(source: FilesSource, name: str, modified: float, zone: tzinfo) -> tuple[datetime, datetime]:
    """Between which instants a file was extracted: the local day that its name says, or when it was written.

    Raises:
        BatchError: its name has no date.
    """
    if source.extracted_at is None:
        at = datetime.fromtimestamp(modified, UTC)
        return at, at
    spelled = source.extracted_at.name
    pattern = "".join(_PARTS.get(part) or re.escape(part) for part in re.split("(%[YmdHMS])", spelled))
    match = re.search(pattern, name)
    values = {part: int(value) for part, value in match.groupdict().items()} if match else {}
    try:
        year, month, day, hour, minute, second = (
            values[part] if part in "Ymd" else values.get(part, 0) for part in _ALL
        )
        at = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except (KeyError, ValueError):
        raise BatchError(f"its name has no date as '{spelled}' writes it") from None
    return at, at if "H" in values else at + timedelta(days=1)


def check(source: FilesSource) -> Iterator[Finding]:
    """Look at the folder, and which files in it hold what."""
    if not source.path.is_dir():
        yield Finding("folder", False, f"{source.path} does not exist; create the folder or correct the path")
        return
    files, lines = look(source, UTC)
    yield Finding("folder", True, f"{source.path}: {len(files):,} finished files")
    for entity, mapping in source.mapped.items():
        held = [file.name for file in files if any(mapping.holds(name) for name in _names(source.path / file.name))]
        yield Finding(entity, bool(held), f"{len(held):,} files, as {', '.join(mapping.patterns)}", is_needed=False)
    for line in lines:
        yield Finding("folder", True, line)
