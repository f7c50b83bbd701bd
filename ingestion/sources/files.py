"""The ``files`` source: a folder of files as another system writes them.

Data flow: ``<path>/<file>`` -> ``<home>/landing/<source>/<when>-<file>/``, as it is, with a manifest that says when it
was extracted. Here: which files are finished and new. Not here: what is in them (``parsing.mapped_files``), and their
mapping (``file_mapping``).

Each file is a batch; of snapshots, the files of one dump are. The name of a batch begins with the instant of its
extraction, so that batches are in the order in which they were extracted, whichever run finds them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from ingestion.parsing.mapped_files import format_of, member_names
from ingestion.shown import shortened, visible
from ingestion.source_settings import FilesSource
from ingestion.source_state import Outcome, SourceState
from ingestion.sources import Finding, SourceError
from ingestion.sources.export import hash_of
from ingestion.storage.delivered import Delivered, NotDeliveredError
from ingestion.storage.landing import (
    MANIFEST,
    BatchError,
    batch_folders,
    landed_or_refused,
    open_landed,
    refusal,
    replacing_folder,
)
from ingestion.storage.ledger import Reason
from ingestion.storage.manifests import FilesManifest, is_plain, is_printable

_PARTS = {"%Y": r"(?P<Y>\d{4})", "%m": r"(?P<m>\d\d)", "%d": r"(?P<d>\d\d)"}
_PARTS |= {f"%{part}": rf"(?P<{part}>\d\d)" for part in "HMS"}
_ALL = "YmdHMS"
_DATE = r"\d{4}[-_.]?\d\d[-_.]?\d\d([T_-]?\d\d[:.-]?\d\d([:.-]?\d\d)?Z?)?"
"""A date, or date and time, as names of files have it."""
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_SHOWN = 3
_LONGEST_NAME = 226
"""Bytes of a name: the instant of its extraction stands before it in that of its batch."""
_AHEAD = 300
"""Seconds by which the clock of another machine may be ahead."""


@dataclass(frozen=True)
class Dump:
    """Finished files that are delivered as one batch, and between which instants they were extracted.

    ``label``: what they are called together.
    """

    label: str
    names: tuple[str, ...]
    since: datetime
    until: datetime

    @property
    def batch(self) -> str:
        """The name of its batch."""
        return f"{self.since.astimezone(UTC):{_STAMP}}-{visible(self.label)}"


class _NotWholeError(Exception):
    """A file cannot be read in this run. The message names it."""


def read(source: FilesSource, state: SourceState) -> Iterator[Iterable[Outcome]]:
    """All files of the folder that are not settled. What is passed over there is named in warnings."""
    if not source.path.is_dir():
        raise SourceError(f"{source.path}: the folder of source '{source.name}' does not exist")
    dumps, lines = look(source, state.zone)
    accepted = state.accepted()
    for dump in dumps:
        if dump.batch in accepted:
            lines += _changed(source, dump, state.folder / dump.batch)
    if source.is_snapshot:
        newest = max(accepted, default="")
        late = [dump for dump in dumps if dump.batch < newest and dump.batch not in accepted]
        lines += [f"{visible(of.label)} is older than the newest accepted dump, and is not read" for of in late]
        dumps = [dump for dump in dumps if dump not in late]
        _set_older_aside(dumps, state)
    for line in lines:
        state.warn(f"{source.name}: {line}")
    yield _land(source, dumps, state)


def _changed(source: FilesSource, dump: Dump, landed: Path) -> list[str]:
    """Lines about files of an accepted dump that are not what was accepted.

    A file is only read again if it was written after the dump was landed.
    """
    found = []
    with suppress(OSError, BatchError):  # it has left the folder, or landing
        at = (landed / MANIFEST).stat().st_ctime
        manifest = open_landed(source.name, landed, FilesManifest).manifest
        delivered = Delivered(source.path, source.path, outside_links=source.outside_links)
        for name in dump.names:
            if name not in manifest.files:
                found.append(
                    f"{visible(name)} came after its dump was accepted, and is not read: deliver all of it anew"
                )
            elif (source.path / name).stat().st_ctime > at and hash_of(delivered, name) != manifest.files[name].sha256:
                words = "is not what was accepted, and is not read: give it the time at which it was written"
                found.append(f"{visible(name)} {words}")
    return found


def _set_older_aside(dumps: Sequence[Dump], state: SourceState) -> None:
    """Set refused dumps aside that a newer one replaces."""
    newest = max((dump.batch for dump in dumps), default="")
    replaced = [entry for name, entry in state.refused.items() if name < newest]
    state.ledger.record(
        replace(entry, status="set aside", decided_at=datetime.now(UTC), against=(Reason(f"{newest} replaces it"),))
        for entry in replaced
    )
    for entry in replaced:
        del state.refused[entry.batch]


def _land(source: FilesSource, dumps: list[Dump], state: SourceState) -> Iterator[Outcome]:
    settled = state.settled()
    landed = {folder.name for folder in batch_folders(state.folder, settled)} if state.folder.is_dir() else set()
    if source.is_snapshot:
        landed = {batch for batch in landed if batch > max(state.accepted(), default="")}
    new = {dump.batch: dump for dump in dumps if dump.batch not in settled}
    for batch in sorted(landed | new.keys()):
        is_corrected = batch in new and batch in state.refused and _changed(source, new[batch], state.folder / batch)
        if batch not in landed or is_corrected:
            try:
                _land_dump(source, new[batch], state.folder / batch)
            except _NotWholeError as error:
                state.warn(f"{source.name}: {error}")
                continue
            except Exception as error:
                yield batch, refusal(batch, error)
                continue
        yield batch, landed_or_refused(source.name, state.folder / batch, FilesManifest)


def _land_dump(source: FilesSource, dump: Dump, target: Path) -> None:
    """Copy the files of a dump, with a manifest.

    Raises:
        _NotWholeError: a file has changed or left the folder in the meantime.
    """
    delivered = Delivered(source.path, source.path, outside_links=source.outside_links)
    files = {}
    with replacing_folder(target) as folder:
        for name in dump.names:
            before = _written(source.path / name)
            digest = hashlib.sha256()
            with (folder / name).open("wb") as out:
                try:
                    for chunk in delivered.chunks(name):
                        digest.update(chunk)
                        out.write(chunk)
                except NotDeliveredError as error:
                    _written(source.path / name)
                    raise BatchError(f"{error}; deliver it again") from None
            if before != _written(source.path / name):
                raise _NotWholeError(f"{visible(name)} is still being written: the next run reads it")
            files[name] = {"sha256": digest.hexdigest()}
        times = {"extracted_at": dump.since.isoformat(), "finished_at": dump.until.isoformat()}
        (folder / MANIFEST).write_text(json.dumps({**times, "files": files}, indent=1), encoding="utf-8")


def _written(path: Path) -> tuple[int, int]:
    """The size of a file, and when it was written."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise _NotWholeError(f"{visible(path.name)} has left the folder and is not read") from None
    return found.st_size, found.st_mtime_ns


def look(source: FilesSource, zone: tzinfo) -> tuple[list[Dump], list[str]]:
    """The finished files that hold an entity, and lines about everything else in the folder.

    ``zone``: of the account. The dates in names of files are local.
    """
    found: defaultdict[str, list[Dump]] = defaultdict(list)
    lines, others, unfinished = [], [], set()
    with os.scandir(source.path) as entries:
        shown = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in shown:
        if not _is_mapped(source, entry):
            if _is_broken_archive(Path(entry)):
                lines.append(f"{visible(entry.name)} is not read: it is not a whole ZIP file; deliver it again")
            else:
                others.append(entry.name)
            continue
        if not is_plain(entry.name) or not is_printable(entry.name, _LONGEST_NAME):
            words = f"give it another name, of at most {_LONGEST_NAME} bytes of printable characters"
            lines.append(f"{visible(shortened(entry.name))} is not read: {words}")
            continue
        try:
            modified = entry.stat().st_mtime
            since, until = _extracted(source, entry.name, modified, zone)
        except (BatchError, OSError) as error:
            lines.append(f"{visible(entry.name)} is not read: {error}")
            continue
        label = _label(source, entry.name, since)
        found[label].append(Dump(label, (entry.name,), since, until))
        if modified - time.time() > _AHEAD:
            unfinished.add(label)
            lines.append(
                f"{visible(entry.name)} is not read: it was written in the future, at"
                f" {datetime.fromtimestamp(modified, UTC):%Y-%m-%d %H:%M} UTC; correct the time of the file"
            )
        elif time.time() - modified < source.settle_seconds:
            unfinished.add(label)
            lines.append(
                f"{visible(entry.name)} was written less than {source.settle_seconds:g} seconds ago and may not be"
                " complete: the next run reads it"
            )
    if others:
        listed = ", ".join(map(visible, others[:_SHOWN])) + (", …" if len(others) > _SHOWN else "")
        lines.append(
            f"{source.path}: no mapping reads {listed} ({len(others)}): correct 'files', or take them out of the folder"
        )
    return [_together(of) for label, of in found.items() if label not in unfinished], lines


def _label(source: FilesSource, name: str, since: datetime) -> str:
    """What the files of one dump are called together; alone, each is called by its name."""
    if not source.is_snapshot:
        return name
    if source.group is not None:
        before, after = map(re.escape, source.group.split("{date}"))
        match = re.search(f"{before}{_DATE}{after}", name)
        return match[0] if match else name
    return f"{since:%Y%m%dT%H%M%S}" if source.extracted_at else name


def _together(files: list[Dump]) -> Dump:
    names = tuple(name for file in files for name in file.names)
    return Dump(files[0].label, names, min(file.since for file in files), max(file.until for file in files))


def unmapped(source: FilesSource) -> list[str]:
    """The files and folders that no mapping reads."""
    with os.scandir(source.path) as entries:
        shown = [entry for entry in entries if not entry.name.startswith(".")]
    return sorted(entry.name for entry in shown if not _is_mapped(source, entry))


def _is_mapped(source: FilesSource, entry: os.DirEntry[str]) -> bool:
    """Whether it is a file that holds an entity that is mapped."""
    if not entry.is_file():
        return False
    return any(mapping.holds(name) for name in _names(Path(entry)) for mapping in source.mapped.values())


def _names(path: Path) -> list[str]:
    """The name of a file, or the names of those in a ZIP file."""
    if format_of(path.name) == "archive" and not path.is_symlink():
        with suppress(zipfile.BadZipFile, OSError):  # reading it says why
            return member_names(path)
    return [path.name]


def _is_broken_archive(path: Path) -> bool:
    is_file = path.is_file() and not path.is_symlink()
    return is_file and format_of(path.name) == "archive" and not zipfile.is_zipfile(path)


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
    dumps, lines = look(source, UTC)
    names = [name for dump in dumps for name in dump.names]
    yield Finding("folder", True, f"{source.path}: {len(names):,} finished files")
    for entity, mapping in source.mapped.items():
        held = [name for name in names if any(mapping.holds(member) for member in _names(source.path / name))]
        yield Finding(entity, bool(held), f"{len(held):,} files, as {', '.join(mapping.patterns)}", is_needed=False)
    for line in lines:
        yield Finding("folder", True, line)
