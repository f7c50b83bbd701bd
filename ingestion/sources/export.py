"""The ``export`` source: a folder of batches that any system can write.

Data flow: ``<path>/<batch>/manifest.json`` and files -> ``<home>/landing/<source>/<batch>/``.
Not here: what the files hold (``export_format``, ``parser``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path

from ingestion.shown import visible
from ingestion.source_settings import ExportSource
from ingestion.source_state import Outcome, SourceState
from ingestion.sources import Finding, SourceError
from ingestion.storage.delivered import Delivered
from ingestion.storage.landing import (
    BatchError,
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
    """All batches of the folder that are not settled."""
    yield land_batches(source, state.folder.parent, state.settled())


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
