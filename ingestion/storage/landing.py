"""Batches as they came: copied, verified against their manifest, and committed by one rename.

Here: the copy, what refuses a batch there, and how folders become complete and durable. Not here: opening what was
delivered (``delivered``), the manifest (``manifests``), what is in the files (``parser``), and where batches come from
(``sources``).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ingestion import machine
from ingestion.shown import visible
from ingestion.storage.delivered import Delivered, NotDeliveredError
from ingestion.storage.manifests import MANIFEST as MANIFEST
from ingestion.storage.manifests import BatchError as BatchError
from ingestion.storage.manifests import Manifest, is_printable, manifest_of
from ingestion.storage.manifests import read_manifest as read_manifest

_LONGEST_NAME = 255 - len(".new-")
"""Bytes of a batch's name: while its folder is written, it has this before it."""
_FEW_FILES = 16
_LARGE_FILE = 4 << 20
_KEPT_AT_A_TIME = 8 << 20
_FILES_AT_A_TIME = 3
"""Two are hashed, on a core each, while one waits for the disk."""
_OUR_OWN = (AssertionError, AttributeError, ImportError, NameError, TypeError)
"""What a mistake in this program raises, whatever was delivered."""


@dataclass(frozen=True)
class Landed:
    """A batch in landing, verified. ``fingerprint`` distinguishes this content from any other of the same name."""

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


def land(source: str, batch: Path, landing: Path) -> Landed:
    """Land one batch: as :func:`land_together`.

    Raises:
        BatchError: a listed file is missing, unreadable or has another hash.
    """
    (outcome,) = land_together(source, [batch], landing)
    if isinstance(outcome, BatchError):
        raise outcome
    return outcome


def land_together(
    source: str, batches: Sequence[Path], landing: Path, outside_links: bool = False
) -> list[Landed | BatchError]:
    """Copy complete batches into ``landing / source``, verifying each listed file; each as landed, or why it is not.

    ``outside_links``: whether links may lead out of the folder of the batches.

    A batch is never seen half there: the copies of all batches are on the disk before the first one gets its name. One
    sync for many small batches takes hardly longer than for one. A batch whose manifest is the landed one is not copied
    again. Another manifest replaces what was landed.
    """
    outcomes: dict[Path, Landed | BatchError] = {}
    fresh: list[Path] = []
    try:
        for batch in batches:
            try:
                _refuse_name(batch)
                delivered = Delivered(batch, batch.parent, outside_links=outside_links)
                manifest, content = read_manifest(batch, delivered)
                target = landing / source / batch.name
                if _reads(target / MANIFEST) != content:
                    fresh.append(target)
                    folder = new_folder(target)
                    _copy_files(delivered, folder, manifest)
                    (folder / MANIFEST).write_bytes(content)
                outcomes[batch] = _landed(source, target, manifest, content)
            except Exception as error:
                outcomes[batch] = refusal(visible(batch.name), error)
                if fresh and fresh[-1] == landing / source / batch.name:
                    shutil.rmtree(_fresh(fresh.pop()))
        sync([_fresh(target) for target in fresh])
    except BaseException:
        for target in fresh:
            shutil.rmtree(_fresh(target), ignore_errors=True)
        raise
    put_in_place(fresh)
    return [outcomes[batch] for batch in batches]


def refusal(batch: str, error: Exception) -> BatchError:
    """The reason to refuse a batch, from any error in handling it.

    Raises:
        Exception: the error itself, where the machine or causerie is at fault and not the batch.
    """
    if isinstance(error, BatchError):
        return error
    if machine.is_at_fault(error) or isinstance(error, _OUR_OWN):
        error.add_note(batch)
        raise error
    return BatchError(f"it cannot be read: {machine.described(error)}; write the batch again")


def _refuse_name(batch: Path) -> None:
    if not is_printable(batch.name, _LONGEST_NAME):
        raise BatchError(
            f"{batch.parent / visible(batch.name)}: the name of a batch has at most {_LONGEST_NAME} bytes of printable"
            " UTF-8: give the folder another name"
        )


def _reads(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def open_landed(source: str, folder: Path, model: type[Manifest] = Manifest) -> Landed:
    """A batch that was landed before. ``model``: what its manifest says.

    Raises:
        BatchError: its manifest cannot be read.
    """
    return _landed(source, folder, *manifest_of(folder, Delivered(folder, folder), model))


def changes(landed: Landed) -> Iterator[str]:
    """What in a landed batch is not as its manifest says, in words. Every file is read."""
    delivered = Delivered(landed.folder, landed.folder)
    for name, listed in landed.manifest.files.items():
        try:
            found = delivered.sha256(name)
        except NotDeliveredError as error:
            yield str(error)
            continue
        if found != listed.sha256.lower():
            yield f"{landed.folder / name}: it has changed since it was landed: its sha256 is {found[:12]}…"


def landed_or_refused(source: str, folder: Path, model: type[Manifest] = Manifest) -> Landed | BatchError:
    """A batch that was landed before, or why it cannot be opened."""
    try:
        return open_landed(source, folder, model)
    except Exception as error:
        return refusal(folder.name, error)


def _landed(source: str, folder: Path, manifest: Manifest, content: bytes) -> Landed:
    return Landed(source, folder.name, folder, manifest, hashlib.sha256(content).hexdigest())


def _copy_files(delivered: Delivered, folder: Path, manifest: Manifest) -> None:
    """Copy the files of a batch, verifying each: large ones some at a time, each synced while it is written."""

    def copy(name: str, *, is_large: bool = False) -> None:
        _copy_verified(delivered, folder / name, manifest.files[name].sha256, is_large=is_large)

    large = [name for name in manifest.files if _size(delivered.folder / name) > _LARGE_FILE]
    for name in sorted(manifest.files.keys() - large):
        copy(name)
    if large:
        with ThreadPoolExecutor(_FILES_AT_A_TIME) as pool:
            list(pool.map(partial(copy, is_large=True), large))


def _size(path: Path) -> int:
    """The bytes of a file; 0 where it is missing: copying it reports that."""
    try:
        return path.stat().st_size
    except (OSError, RuntimeError):
        return 0


def _copy_verified(delivered: Delivered, target: Path, expected: str, *, is_large: bool) -> None:
    """The file is read once, so the bytes that are hashed are the bytes that are kept."""
    digest = hashlib.sha256()
    origin = delivered.folder / target.name
    with target.open("wb") as file, _kept_meanwhile(file) if is_large else nullcontext(file.write) as write:
        try:
            for chunk in delivered.chunks(target.name):
                digest.update(chunk)
                write(chunk)
        except NotDeliveredError as error:
            if not error.is_missing:
                raise BatchError(f"{error}; deliver it again") from None
            raise BatchError(
                f"{origin}: the manifest lists it, but it is missing; deliver the file, or write the manifest again"
            ) from None
    if digest.hexdigest() != expected.lower():
        raise BatchError(
            f"{origin}: its sha256 is {digest.hexdigest()[:12]}…, the manifest says {expected[:12].lower()}…;"
            " the file has changed or is damaged: deliver it again"
        )


@contextmanager
def _kept_meanwhile(file: BinaryIO) -> Iterator[Callable[[memoryview], object]]:
    """Writes to a new file, and syncs what is written while more is being written."""
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
    for one in waiting:  # the system reports a failure once only
        one.result()
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """A new folder that replaces ``target`` when the block succeeds, and is removed when it fails."""
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
    """Give new folders, which are on the disk already, their names; all have one parent."""
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


def sha256_of(path: Path) -> str:
    """The hash of a file of our own, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_file(origin: Path, target: Path) -> None:
    """Copy a large file. It takes no time where the file system can share blocks between files."""
    with origin.open("rb") as read, target.open("wb") as write:
        try:
            while os.copy_file_range(read.fileno(), write.fileno(), 1 << 30):
                pass
        except (AttributeError, OSError):  # another system, or two file systems
            read.seek(write.seek(0, os.SEEK_END))
            shutil.copyfileobj(read, write, 1 << 24)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and sync it to the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(folders: Sequence[Path]) -> None:
    """Sync folders and the files in them to the disk: many of them by one sync of everything.

    One sync a file costs 3 ms and more: that is hours for the batches of some years.
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
    """Sync a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Sync the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def batch_folders(folder: Path, ignoring: Container[str] = ()) -> list[Path]:
    """The complete batches of a folder by name: sub-folders with a manifest. Hidden ones are still being written.

    ``ignoring``: names to leave out, as :func:`~ingestion.shown.visible` shows them.
    """
    with os.scandir(folder) as entries:
        names = sorted(
            entry.name for entry in entries if not entry.name.startswith(".") and visible(entry.name) not in ignoring
        )
    return [folder / name for name in names if _has_manifest(folder / name)]


def _has_manifest(batch: Path) -> bool:
    try:
        return not stat.S_ISDIR((batch / MANIFEST).lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it cannot be looked at: landing it reports why
        return True
