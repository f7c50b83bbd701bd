"""Batches as they came: copied, verified against their manifest, and committed by one rename.

Here: the manifest, the copy, and the home's folders for landed and parsed batches. Not here: what is in the
files (``parsing``), and where batches come from (``sources``).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

MANIFEST = "manifest.json"
_CHUNK = 1 << 20
_ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
_NOT_IN_A_NAME = re.compile(r"[\\\0\ud800-\udfff]")


class BatchError(Exception):
    """A batch cannot be taken in. The message names the file, what is wrong and the remedy."""


class _ManifestFile(BaseModel):
    rows: Annotated[int, Field(ge=0, strict=True)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


class Manifest(BaseModel):
    """``manifest.json``: when the batch was extracted, and rows and hash of each of its files."""

    extracted_at: AwareDatetime
    files: dict[str, _ManifestFile]


@dataclass(frozen=True)
class Landed:
    """A batch in landing, verified. ``fingerprint`` tells this content from any other of the same name."""

    source: str
    batch: str
    folder: Path
    manifest: Manifest
    fingerprint: str

    @property
    def extracted_at(self) -> datetime:
        """When the source was read, in the offset it gave."""
        return self.manifest.extracted_at


def read_manifest(folder: Path) -> tuple[Manifest, bytes]:
    """The manifest of a batch and its bytes.

    Raises:
        BatchError: it is no manifest.
    """
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        decoded = json.loads(content)
        if isinstance(decoded, dict) and not _ISO_8601.match(str(decoded.get("extracted_at"))):
            raise BatchError(f"{path}: extracted_at: no ISO 8601 text with an offset; have the batch written again")
        manifest = Manifest.model_validate(decoded)
    except ValidationError as error:
        mistake = error.errors()[0]
        key = ".".join(str(part) for part in mistake["loc"])
        where = f"{path}: {key}" if key else path
        raise BatchError(f"{where}: {mistake['msg']}; have the batch written again") from None
    except (OSError, ValueError) as error:
        raise BatchError(f"{path}: cannot be read as a manifest: {error}; have the batch written again") from None
    for name in manifest.files:
        if not _is_plain(name):
            raise BatchError(f"{path}: files: {name!r} is no plain file name; have the batch written again")
    return manifest, content


def _is_plain(name: str) -> bool:
    """Whether a name can only be that of a file of the batch itself, other than its manifest."""
    if not name or name.startswith(".") or name == MANIFEST:
        return False
    return name == PurePosixPath(name).name and not _NOT_IN_A_NAME.search(name)


def land(source: str, batch: Path, landing: Path) -> Landed:
    """Copy a complete batch into ``landing / source``, verifying each listed file; nothing half is ever seen there.

    A batch whose manifest is the landed one is not copied again. Another manifest replaces what was landed.

    Raises:
        BatchError: a listed file is missing, unreadable or has another hash.
    """
    manifest, content = read_manifest(batch)
    target = landing / source / batch.name
    try:
        if (target / MANIFEST).read_bytes() == content:
            return open_landed(source, target)
    except FileNotFoundError:
        pass
    with replacing_folder(target) as folder:
        for name, expected in manifest.files.items():
            _copy_verified(batch / name, folder / name, expected.sha256)
        write_durably(folder / MANIFEST, content)
    return open_landed(source, target)


def open_landed(source: str, folder: Path) -> Landed:
    """A batch that was landed before.

    Raises:
        BatchError: its manifest cannot be read.
    """
    manifest, content = read_manifest(folder)
    return Landed(source, folder.name, folder, manifest, hashlib.sha256(content).hexdigest())


def _copy_verified(origin: Path, target: Path, expected: str) -> None:
    """What is hashed is what is kept: the file is read once, so a change in between cannot slip through."""
    digest = hashlib.sha256()
    with target.open("wb") as write:
        for chunk in _chunks(origin):
            digest.update(chunk)
            write.write(chunk)
        write.flush()
        os.fsync(write.fileno())
    if digest.hexdigest() != expected.lower():
        raise BatchError(
            f"{origin}: its sha256 is {digest.hexdigest()[:12]}…, the manifest says {expected[:12].lower()}…;"
            " the file changed or came broken: deliver it again"
        )


def _chunks(origin: Path) -> Iterator[bytes]:
    """The content of a delivered file; only what goes wrong in reading is the batch's fault."""
    try:
        with origin.open("rb") as read:
            while chunk := read.read(_CHUNK):
                yield chunk
    except FileNotFoundError:
        raise BatchError(
            f"{origin}: the manifest lists it and it is not there; deliver the file or write the manifest again"
        ) from None
    except OSError as error:
        raise BatchError(f"{origin}: cannot be read: {error.strerror}") from None


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """A new folder that takes the place of ``target`` when the block ends well, and is removed when it does not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.parent / f".new-{target.name}"
    old = target.parent / f".old-{target.name}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        yield fresh
        fsync_folder(fresh)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
    fresh.rename(target)
    fsync_folder(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def mend_interrupted(parent: Path) -> None:
    """Finish or undo what a run that was killed left between two renames of :func:`replacing_folder`."""
    if not parent.is_dir():
        return
    for left in list(parent.iterdir()):
        if left.name.startswith(".old-") and not (target := parent / left.name.removeprefix(".old-")).exists():
            left.rename(target)
        elif left.name.startswith((".old-", ".new-")):
            shutil.rmtree(left, ignore_errors=True)


def copy_file(origin: Path, target: Path) -> None:
    """Copy a large file: in no time where the file system shares blocks between files, without Python where not."""
    with origin.open("rb") as read, target.open("wb") as write:
        try:
            while os.copy_file_range(read.fileno(), write.fileno(), 1 << 30):
                pass
        except (AttributeError, OSError):  # another system, or two file systems
            read.seek(write.seek(0, os.SEEK_END))
            shutil.copyfileobj(read, write, 1 << 24)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and have the disk keep it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def batch_folders(folder: Path) -> list[Path]:
    """The complete batches of a folder by name: sub-folders with a manifest; hidden ones are being written."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and re.match(r"[^.]", entry.name))
    return [folder / name for name in names if (folder / name / MANIFEST).is_file()]
