"""Batches as they came: copied, verified against their manifest, and committed by one rename.

Here: the manifest, the copy, and how folders come to be whole and kept. Not here: what is in the
files (``parsing``), and where batches come from (``sources``).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, BinaryIO

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

MANIFEST = "manifest.json"
_CHUNK = 1 << 18
"""What is hashed and written while a core still has it at hand."""
_FEW_FILES = 16
_LARGE_FILE = 4 << 20
_KEPT_AT_A_TIME = 8 << 20
_FILES_AT_A_TIME = 3
"""Two that take a core each, to be hashed, and one that waits for the disk."""
_ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
_NOT_IN_A_NAME = re.compile(r"[\\\0\ud800-\udfff]")


class BatchError(Exception):
    """A batch cannot be taken in. The message names the file, what is wrong and the remedy."""


class _ManifestFile(BaseModel):
    rows: Annotated[int, Field(ge=0, strict=True)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


class Manifest(BaseModel):
    """``manifest.json``: when the batch was extracted, and rows and hash of each of its files.

    Of a live source also when the reading ended, and where the next one goes on: so rows and cursor are kept together.
    """

    extracted_at: AwareDatetime
    files: dict[str, _ManifestFile]
    finished_at: AwareDatetime | None = None
    cursor: dict[str, Any] | None = None


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

    def size(self) -> int:
        """The bytes of its files."""
        return sum(path.stat().st_size for path in self.folder.iterdir())


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
    """Land one batch: as :func:`land_together`.

    Raises:
        BatchError: a listed file is missing, unreadable or has another hash.
    """
    (outcome,) = land_together(source, [batch], landing)
    if isinstance(outcome, BatchError):
        raise outcome
    return outcome


def land_together(source: str, batches: Sequence[Path], landing: Path) -> list[Landed | BatchError]:
    """Copy complete batches into ``landing / source``, verifying each listed file; each as landed, or why it is not.

    Nothing half is ever seen there: the copies of all batches are on the disk before the first one gets its name, and
    to have the disk keep many small batches takes hardly longer than one. A batch whose manifest is the landed one is
    not copied again. Another manifest replaces what was landed.
    """
    outcomes: dict[Path, Landed | BatchError] = {}
    fresh: list[Path] = []
    try:
        for batch in batches:
            try:
                manifest, content = read_manifest(batch)
                target = landing / source / batch.name
                if _reads(target / MANIFEST) != content:
                    fresh.append(target)
                    folder = new_folder(target)
                    _copy_files(batch, folder, manifest)
                    (folder / MANIFEST).write_bytes(content)
                outcomes[batch] = _landed(source, target, manifest, content)
            except BatchError as error:
                outcomes[batch] = error
                if fresh and fresh[-1] == landing / source / batch.name:
                    shutil.rmtree(_fresh(fresh.pop()))
        sync([_fresh(target) for target in fresh])
    except BaseException:
        for target in fresh:
            shutil.rmtree(_fresh(target), ignore_errors=True)
        raise
    put_in_place(fresh)
    return [outcomes[batch] for batch in batches]


def _reads(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def open_landed(source: str, folder: Path) -> Landed:
    """A batch that was landed before.

    Raises:
        BatchError: its manifest cannot be read.
    """
    return _landed(source, folder, *read_manifest(folder))


def _landed(source: str, folder: Path, manifest: Manifest, content: bytes) -> Landed:
    return Landed(source, folder.name, folder, manifest, hashlib.sha256(content).hexdigest())


def _copy_files(batch: Path, folder: Path, manifest: Manifest) -> None:
    """Copy the files of a batch, verifying each: large ones some at a time, for which the disk is waited here."""

    def copy(name: str, *, is_large: bool = False) -> None:
        _copy_verified(batch / name, folder / name, manifest.files[name].sha256, is_large=is_large)

    large = [name for name in manifest.files if _size(batch / name) > _LARGE_FILE]
    for name in sorted(manifest.files.keys() - large):
        copy(name)
    if large:
        with ThreadPoolExecutor(_FILES_AT_A_TIME) as pool:
            list(pool.map(partial(copy, is_large=True), large))


def _size(path: Path) -> int:
    """The bytes of a file; 0 where there is none: to copy it will tell."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _copy_verified(origin: Path, target: Path, expected: str, *, is_large: bool) -> None:
    """What is hashed is what is kept: the file is read once, so a change in between cannot slip through."""
    digest = hashlib.sha256()
    with target.open("wb") as file, _kept_meanwhile(file) if is_large else nullcontext(file.write) as write:
        for chunk in _chunks(origin):
            digest.update(chunk)
            write(chunk)
    if digest.hexdigest() != expected.lower():
        raise BatchError(
            f"{origin}: its sha256 is {digest.hexdigest()[:12]}…, the manifest says {expected[:12].lower()}…;"
            " the file changed or came broken: deliver it again"
        )


@contextmanager
def _kept_meanwhile(file: BinaryIO) -> Iterator[Callable[[memoryview], object]]:
    """A way to write to a new file that the disk keeps in the end: it begins to while more is being written."""
    waiting: list[Future[None]] = []
    unkept = 0

    def write(chunk: memoryview) -> None:
        nonlocal unkept
        file.write(chunk)
        unkept += len(chunk)
        if unkept >= _KEPT_AT_A_TIME and (not waiting or waiting[-1].done()):
            waiting.append(pool.submit(os.fsync, file.fileno()))
            unkept = 0

    with ThreadPoolExecutor(1) as pool:
        yield write
    for one in waiting:  # the system tells of a failure once only
        one.result()
    file.flush()
    os.fsync(file.fileno())


def _chunks(origin: Path) -> Iterator[memoryview]:
    """The content of a delivered file, each part in the place of the one before; only what goes wrong in reading is the
    batch's fault.
    """
    chunk = memoryview(bytearray(_CHUNK))
    try:
        with origin.open("rb", buffering=0) as read:
            while size := read.readinto(chunk):
                yield chunk[:size]
    except FileNotFoundError:
        raise BatchError(
            f"{origin}: the manifest lists it and it is not there; deliver the file or write the manifest again"
        ) from None
    except OSError as error:
        raise BatchError(f"{origin}: cannot be read: {error.strerror}") from None


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """A new folder that takes the place of ``target`` when the block ends well, and is removed when it does not."""
    fresh = new_folder(target)
    try:
        yield fresh
        sync([fresh])
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    put_in_place([target])


def _fresh(target: Path) -> Path:
    return target.parent / f".new-{target.name}"


def _old(target: Path) -> Path:
    return target.parent / f".old-{target.name}"


def new_folder(target: Path) -> Path:
    """An empty folder to be put in the place of ``target``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = _fresh(target)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    return fresh


def put_in_place(targets: Sequence[Path]) -> None:
    """Give new folders, which the disk keeps already, their names; all of one parent."""
    for target in targets:
        if target.exists():
            shutil.rmtree(_old(target), ignore_errors=True)
            target.rename(_old(target))
        _fresh(target).rename(target)
    if targets:
        fsync_folder(targets[0].parent)
    for target in targets:
        shutil.rmtree(_old(target), ignore_errors=True)


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


def sync(folders: Sequence[Path]) -> None:
    """Have the disk keep folders and the files in them: where they are many, by one sync of everything.

    To wait for the disk file by file costs 3 ms each and more; that is hours for the batches of some years.
    """
    files = [path for folder in folders for path in folder.iterdir()]
    if len(files) > _FEW_FILES:
        os.sync()
        return
    for path in files:
        sync_file(path)
    for folder in folders:
        fsync_folder(folder)


def sync_file(path: Path) -> None:
    """Have the disk keep a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def batch_folders(folder: Path, ignoring: Container[str] = ()) -> list[Path]:
    """The complete batches of a folder by name: sub-folders with a manifest; hidden ones are being written.

    Those of the names to be ignored are not looked into.
    """
    with os.scandir(folder) as entries:
        names = sorted(
            entry.name
            for entry in entries
            if not entry.name.startswith(".") and entry.name not in ignoring and entry.is_dir()
        )
    return [folder / name for name in names if (folder / name / MANIFEST).is_file()]
