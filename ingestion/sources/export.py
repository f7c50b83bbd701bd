"""The ``export`` source: a folder of batches that any system can write.

Data flow: ``<path>/<batch>/manifest.json`` and files -> ``<home>/landing/<source>/<batch>/``.
Not here: what the files hold (``contract``, ``parsing``).
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path

from ingestion.landing import BatchError, Landed, batch_folders, land, open_landed
from ingestion.settings import Source


class SourceMissingError(Exception):
    """The folder of a source is not there."""


def land_batches(source: Source, landing: Path, accepted: Set[str]) -> Iterator[tuple[str, Landed | BatchError]]:
    """Land what is not accepted yet, by batch name: each batch as landed, or why it could not be.

    A batch that was landed and has left the drop since is still there.

    Raises:
        SourceMissingError: the drop folder does not exist.
    """
    if not source.path.is_dir():
        raise SourceMissingError(f"{source.path}: the folder of source '{source.name}' is not there")
    landed_before = landing / source.name
    folders = {folder.name: folder for folder in batch_folders(landed_before)} if landed_before.is_dir() else {}
    dropped = {folder.name: folder for folder in batch_folders(source.path)}
    for name in sorted((folders.keys() | dropped.keys()) - accepted):
        try:
            if name in dropped:
                yield name, land(source.name, dropped[name], landing)
            else:
                yield name, open_landed(source.name, folders[name])
        except BatchError as error:
            yield name, error
