"""The ``export`` source: a folder of batches that any system can write.

Data flow: ``<path>/<batch>/manifest.json`` and files -> ``<home>/landing/<source>/<batch>/``.
Not here: what the files hold (``export_format``, ``parser``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path

from ingestion.settings import ExportSource
from ingestion.shown import visible
from ingestion.sources import SourceError
from ingestion.storage.landing import BatchError, Landed, batch_folders, land_together, open_landed, refusal

_BATCHES_TOGETHER = 256
_BYTES_TOGETHER = 256 * 1024 * 1024


class SourceMissingError(SourceError):
    """The folder of a source is not there."""


def land_batches(source: ExportSource, landing: Path, accepted: Set[str]) -> Iterator[tuple[str, Landed | BatchError]]:
    """Land what is not accepted yet, by batch name: each batch as landed, or why it could not be.

    The name of a batch is that of its folder, as :func:`~ingestion.shown.visible` shows it.

    A batch that was landed and has left the drop since is still there. Many small ones are landed at a time.

    Raises:
        SourceMissingError: the drop folder does not exist.
    """
    if not source.path.is_dir():
        raise SourceMissingError(f"{source.path}: the folder of source '{source.name}' is not there")
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
            yield name, outcomes[name] if name in outcomes else _open(source, folders[name])
        names = names[len(together) :]


def _few_or_small(names: Sequence[str], folders: Mapping[str, Path]) -> list[str]:
    """The first names, as many as are landed with one wait for the disk."""
    size = 0
    together = []
    for name in names[:_BATCHES_TOGETHER]:
        together.append(name)
        with suppress(OSError):  # to land it will tell why
            size += sum(path.lstat().st_size for path in folders[name].iterdir())
        if size > _BYTES_TOGETHER:
            break
    return together


def _open(source: ExportSource, folder: Path) -> Landed | BatchError:
    try:
        return open_landed(source.name, folder)
    except Exception as error:
        return refusal(folder.name, error)
