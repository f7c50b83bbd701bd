"""Files that another system delivered, opened so that they can only be read.

Here: which files of a delivered folder may be opened, and how much of one is read. Not here: what is in them
(``landing``, ``parser``). A delivered file is a regular file below the folder of its source. It is opened
without blocking, and read up to the size that it had when it was opened: pipes, devices, sockets, links that lead
elsewhere and files that grow without end do not block a run.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_CHUNK = 1 << 18
"""Small enough to be hashed and written while it is in the cache of a core."""
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_TYPES = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}
_OF_THE_MACHINE = (errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOMEM)


class NotDeliveredError(Exception):
    """A delivered file cannot be read. The message names it and says why; ``is_missing``: it does not exist."""

    def __init__(self, message: str, *, is_missing: bool = False) -> None:
        super().__init__(message)
        self.is_missing = is_missing


class Delivered:
    """A folder of files below the folder of a source. ``outside_links``: whether links may lead out of that.

    Each method raises :class:`NotDeliveredError` for a file that is missing, not a regular file, outside the folder or
    unreadable, and OSError where the machine is at fault.
    """

    def __init__(self, folder: Path, root: Path, *, outside_links: bool = False) -> None:
        self.folder = folder
        self._root = root
        self._outside_links = outside_links
        self._resolved: Path | None = None

    def chunks(self, name: str) -> Iterator[memoryview]:
        """The content of a file in parts; each part overwrites the one before."""
        descriptor, left = self._open(name)
        chunk = memoryview(bytearray(min(left, _CHUNK)))
        try:
            while left > 0:
                try:
                    size = os.readv(descriptor, [chunk[:left]])
                except OSError as error:
                    raise _fault(self.folder / name, error) from None
                if not size:
                    return
                left -= size
                yield chunk[:size]
        finally:
            os.close(descriptor)

    def content(self, name: str, at_most: int) -> bytes:
        """The content of a file that must not have more than so many bytes."""
        read = bytearray()
        for chunk in self.chunks(name):
            read += chunk
            if len(read) > at_most:
                raise NotDeliveredError(f"{self.folder / name}: it has more than {at_most:,} bytes")
        return bytes(read)

    def copy(self, name: str, target: Path) -> None:
        """Copy what a file holds now."""
        with target.open("wb") as file:
            for chunk in self.chunks(name):
                file.write(chunk)

    def sha256(self, name: str) -> str:
        """The hash of a file, in hexadecimal digits."""
        digest = hashlib.sha256()
        for chunk in self.chunks(name):
            digest.update(chunk)
        return digest.hexdigest()

    def _open(self, name: str) -> tuple[int, int]:
        """A descriptor, and the bytes of the file."""
        path = self.folder / name
        try:
            if self._resolved is None:
                is_here = self.folder.parent == self._root and not self.folder.is_symlink()
                self._resolved = self.folder if is_here else self._inside(self.folder)
            target = self._resolved / name
            found = target.lstat()
            if os.sep in name or stat.S_ISLNK(found.st_mode):
                target = self._inside(path)
                found = target.lstat()
            file_type = stat.S_IFMT(found.st_mode)  # first, for opening a device can act on it
            if file_type != stat.S_IFREG:
                raise NotDeliveredError(
                    f"{path}: cannot be read: it is {_FILE_TYPES.get(file_type, 'something else')}, not a file"
                )
            descriptor = os.open(target, _FLAGS)
        except (OSError, RuntimeError) as error:  # pathlib raises RuntimeError for a link that leads to itself
            raise _fault(path, error) from None
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise NotDeliveredError(f"{path}: cannot be read: it is not a file any more")
        return descriptor, found.st_size

    def _inside(self, path: Path) -> Path:
        resolved = path.resolve(strict=True)
        if not self._outside_links and not resolved.is_relative_to(self._root.resolve()):
            raise NotDeliveredError(
                f"{path}: cannot be read: it leads out of {self._root}, to {resolved}; if links may do so, set"
                " 'outside_links = true' for the source"
            )
        return resolved


def _fault(path: Path, error: OSError | RuntimeError) -> Exception:
    """A delivery error where the delivery is at fault; else the error itself."""
    number = (error.errno if isinstance(error, OSError) else None) or errno.ELOOP
    if number in _OF_THE_MACHINE:
        return error
    if number in (errno.ENOENT, errno.ENOTDIR):
        return NotDeliveredError(f"{path}: it is missing", is_missing=True)
    return NotDeliveredError(f"{path}: cannot be read: {os.strerror(number)}")
