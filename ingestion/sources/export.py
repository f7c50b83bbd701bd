"""The ``export`` source: a folder of batches that any system can write.

Data flow: ``<path>/<batch>/manifest.json`` and files -> ``<home>/landing/<source>/<batch>/``.
Not here: what the files hold (``export_format``, ``parser``).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from ingestion.shown import command, visible
from ingestion.source_settings import ExportSource
from ingestion.source_state import Outcome, SourceState
from ingestion.sources import Finding, SourceError
from ingestion.storage.delivered import Delivered, NotDeliveredError
from ingestion.storage.landing import (
    MANIFEST,
    BatchError,
    Landed,
    batch_folders,
    land_together,
    landed_or_refused,
    read_manifest,
)

_BATCHES_TOGETHER = 256
_BYTES_TOGETHER = 256 * 1024 * 1024


class SourceMissingError(SourceError):
    """The folder of a source does not exist."""


def read(source: ExportSource, state: SourceState) -> Iterator[Iterable[Outcome]]:
    """All batches of the folder that are not settled. What is passed over there is named in warnings."""
    for line in unfinished(source):
        state.warn(f"{source.name}: {line}")
    for line in changed(source, state.folder, state.accepted()):
        state.warn(f"{source.name} {line}")
    yield _with_unlisted(source, land_batches(source, state.folder.parent, state.settled()), state.warn)


def _with_unlisted(source: ExportSource, outcomes: Iterable[Outcome], warn: Callable[[str], None]) -> Iterator[Outcome]:
    """The same batches; files in their folders that their manifests do not list are named."""
    for name, outcome in outcomes:
        if isinstance(outcome, Landed):
            with suppress(OSError):  # it has left the drop folder
                listed = {MANIFEST, *outcome.manifest.files}
                others = sorted(path.name for path in (source.path / name).iterdir() if path.name not in listed)
                if others:
                    warn(
                        f"{source.name} {name}: its manifest does not list {', '.join(map(visible, others))}: not read"
                    )
        yield name, outcome


def land_batches(source: ExportSource, landing: Path, accepted: Set[str]) -> Iterator[Outcome]:
    """Land what is not accepted yet, by batch name: each batch as landed, or the reason why it was not.

    The name of a batch is that of its folder, as :func:`~ingestion.shown.visible` shows it.

    A batch that was landed and has left the folder since is included. Many small batches are landed at a time.

    Raises:
        SourceMissingError: the drop folder does not exist.
    """
    if not source.path.is_dir():
        raise SourceMissingError(f"{source.path}: the folder of source '{source.name}' does not exist")
    landed_before = landing / source.name
    found = batch_folders(landed_before, accepted) if landed_before.is_dir() else []
    folders = {folder.name: folder for folder in found}
    folders |= {visible(folder.name): folder for folder in batch_folders(source.path, accepted)}
    names = sorted(folders)
    while names:
        together = _few_or_small(names, folders)
        dropped = [name for name in together if folders[name].parent == source.path]
        landed = land_together(source.name, [folders[name] for name in dropped], landing, source.outside_links)
        outcomes = dict(zip(dropped, landed, strict=True))
        for name in together:
            yield name, outcomes.get(name) or landed_or_refused(source.name, folders[name])
        names = names[len(together) :]


def unfinished(source: ExportSource) -> list[str]:
    """What lies in the drop folder and is no batch yet, in words: folders without a manifest, and single files."""
    if not source.path.is_dir():
        return []
    found = []
    complete = {folder.name for folder in batch_folders(source.path)}
    with os.scandir(source.path) as entries:
        shown = [entry for entry in entries if not entry.name.startswith(".")]
    for folder in sorted(Path(entry) for entry in shown if entry.is_dir()):
        if folder.name not in complete:
            age = timedelta(seconds=round(max(0, time.time() - _changed_at(folder))))
            found.append(
                f"{visible(str(folder))} has no {MANIFEST} and is not read; it has not changed for {age}. When it is"
                f" complete: {command('manifest', str(folder))}"
            )
    files = sorted(visible(entry.name) for entry in shown if entry.is_file())
    if files:
        found.append(
            f"{source.path}: {len(files)} {'file lies' if len(files) == 1 else 'files lie'} beside the batches and"
            f" {'is' if len(files) == 1 else 'are'} not read ({', '.join(files[:3])}{', …' if len(files) > 3 else ''}):"
            f" a batch is a folder with a {MANIFEST}"
        )
    return found


def _changed_at(folder: Path) -> float:
    """When a folder, or a file in it, was last written; what vanishes meanwhile or cannot be looked at is left out."""
    times = [0.0]
    with suppress(OSError):
        times.append(folder.stat().st_mtime)
        for path in folder.iterdir():
            with suppress(OSError):
                times.append(path.lstat().st_mtime)
    return max(times)


def changed(source: ExportSource, landed: Path, accepted: Iterable[str]) -> list[str]:
    """Accepted batches whose content in the drop folder is no longer what was accepted, in words.

    A file is only read again if it was written after the batch was landed.
    """
    found = []
    for batch in sorted(accepted):
        with suppress(OSError, BatchError):  # it has left the drop folder, or landing
            at = (landed / batch / MANIFEST).stat().st_ctime
            with os.scandir(source.path / batch) as entries:
                later = {entry.name for entry in entries if entry.stat(follow_symlinks=False).st_ctime > at}
            if not later:
                continue
            manifest, content = read_manifest(landed / batch)
            expected = {name: file.sha256.lower() for name, file in manifest.files.items()}
            expected[MANIFEST] = hashlib.sha256(content).hexdigest()
            delivered = Delivered(source.path / batch, source.path, outside_links=source.outside_links)
            other = [name for name in sorted(later & expected.keys()) if hash_of(delivered, name) != expected[name]]
            if other:
                found.append(
                    f"{batch}: {', '.join(map(visible, other))} in the drop folder is not what was accepted, and is not"
                    " read: deliver it under a later name"
                )
    return found


def hash_of(delivered: Delivered, name: str) -> str | None:
    """The hash of a delivered file; None where it is no file any more that may be read."""
    try:
        return delivered.sha256(name)
    except NotDeliveredError:
        return None


def _few_or_small(names: Sequence[str], folders: Mapping[str, Path]) -> list[str]:
    """The first names, as many as are landed with one sync to the disk."""
    size = 0
    together = []
    for name in names[:_BATCHES_TOGETHER]:
        together.append(name)
        with suppress(OSError):  # landing it reports why
            size += sum(path.lstat().st_size for path in folders[name].iterdir())
        if size > _BYTES_TOGETHER:
            break
    return together


def check(source: ExportSource) -> Iterator[Finding]:
    """Look at the folder, and at the manifest of its latest batch."""
    if not source.path.is_dir():
        yield Finding("folder", False, f"{source.path} does not exist; create the folder or correct the path")
        return
    batches = batch_folders(source.path)
    yield Finding("folder", True, f"{source.path}: {len(batches):,} complete batches")
    if batches:
        try:
            delivered = Delivered(batches[-1], source.path, outside_links=source.outside_links)
            manifest, _ = read_manifest(batches[-1], delivered)
        except BatchError as error:
            yield Finding("manifest", False, str(error))
        else:
            words = f"{visible(batches[-1].name)}: extracted {manifest.extracted_at}, {len(manifest.files)} files"
            yield Finding("manifest", True, words)
