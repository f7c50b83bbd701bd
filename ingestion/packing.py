"""Files as they lie, plain or packed with gzip.

Here: opening and unpacking them. Not here: what they hold (``readers``).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

UNPACKING_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a gzip file raises when it is cut off or broken."""
_CHUNK = 1 << 20


def is_packed(path: Path) -> bool:
    """Whether a file is a gzip file by its name."""
    return path.suffix.lower() == ".gz"


def packing(path: Path) -> str:
    """How a file is packed, in DuckDB's words."""
    return "gzip" if is_packed(path) else "uncompressed"


def open_binary(path: Path) -> IO[bytes]:
    """The unpacked content of a file."""
    return gzip.open(path, "rb") if is_packed(path) else path.open("rb")  # type: ignore[return-value]


def open_text(path: Path, *, errors: str) -> IO[str]:
    """The unpacked content of a file of text, without a byte order mark."""
    opened = gzip.open if is_packed(path) else open
    return opened(path, "rt", encoding="utf-8-sig", errors=errors, newline="")


def chunks(path: Path) -> Iterator[bytes]:
    """The unpacked content of a file in pieces.

    Raises:
        OSError, EOFError, zlib.error: the file cannot be read, is cut off or broken (:data:`UNPACKING_ERRORS`).
    """
    with open_binary(path) as file:
        while piece := file.read(_CHUNK):
            yield piece


def is_cut_off(path: Path) -> bool:
    """Whether a packed file ends before its end, or is broken on the way there."""
    if not is_packed(path):
        return False
    try:
        for _ in chunks(path):
            pass
    except UNPACKING_ERRORS:
        return True
    return False
