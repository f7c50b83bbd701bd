"""Files as they were delivered, plain or compressed with gzip.

Here: opening and decompressing them in bounded memory, and cutting a text into whole lines. Not here: what they hold
(``readers``).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ingestion.bounds import DEFAULTS, Bounds


class TooLargeError(Exception):
    """A compressed file decompresses to more than is allowed. The message says to how much."""


DECOMPRESSION_ERRORS = (OSError, EOFError, zlib.error, TooLargeError)
"""What reading a gzip file raises when it is cut off, broken or too large; OSError also by the machine's fault."""
_CHUNK = 1 << 20
_NEVER_TOO_LARGE = 64 << 20
"""A file that decompresses to no more bytes than this is not taken for a bomb."""
SHOWN = 100_000
"""Characters of a quarantined record that are kept beside the reasons; the whole of it is in landing."""
CUT = "…"
"""Stands at the end of a text that was cut off. No JSON ends with it."""


def is_compressed(path: Path) -> bool:
    """Whether a file is compressed with gzip, by its name."""
    return path.suffix.lower() == ".gz"


def compression_of(path: Path) -> str:
    """The compression of a file, in DuckDB's words."""
    return "gzip" if is_compressed(path) else "uncompressed"


def open_binary(path: Path) -> IO[bytes]:
    """The decompressed content of a file."""
    return gzip.open(path, "rb") if is_compressed(path) else path.open("rb")  # type: ignore[return-value]


def open_text(path: Path, *, errors: str) -> IO[str]:
    """The decompressed content of a text file, without a byte order mark."""
    opened = gzip.open if is_compressed(path) else open
    return opened(path, "rt", encoding="utf-8-sig", errors=errors, newline="")


def chunks(path: Path, bounds: Bounds = DEFAULTS) -> Iterator[bytes]:
    """The decompressed content of a file in pieces. Its length and checksum are verified at its end.

    Raises:
        OSError, EOFError, zlib.error: the file cannot be read, is cut off or broken (:data:`DECOMPRESSION_ERRORS`).
        TooLargeError: it decompresses to more than ``bounds`` allow.
    """
    size = path.stat().st_size
    size_so_far = 0
    with open_binary(path) as file:
        while piece := file.read(min(_CHUNK, bounds.record_bytes)):
            size_so_far += len(piece)
            if is_compressed(path):
                refuse_bomb(size, size_so_far, bounds)
            yield piece


def refuse_bomb(size: int, decompressed: int, bounds: Bounds) -> None:
    """Refuse what unpacks to more than ``bounds`` allow. ``size``: packed; ``decompressed``: as far as it is known.

    Raises:
        TooLargeError: it does.
    """
    if decompressed > bounds.inflated_bytes:
        raise TooLargeError(
            f"it decompresses to more than {bounds.inflated_bytes:,} bytes; deliver it in parts, or raise '[resources]"
            " inflated_limit'"
        )
    if decompressed > max(_NEVER_TOO_LARGE, size * bounds.inflated_ratio):
        raise TooLargeError(
            f"its {size:,} bytes decompress to more than {bounds.inflated_ratio:g} times as many, which no text does;"
            " if the file is right, raise '[resources] inflated_ratio'"
        )


def pieces(path: Path, bounds: Bounds = DEFAULTS) -> Iterator[tuple[bytes, bool]]:
    """The decompressed content of a text in pieces that end where lines do, and whether a piece is a line too long.

    A line too long is cut: its first bytes, then :data:`CUT` and a line end.

    Raises:
        OSError, EOFError, zlib.error, TooLargeError: as :func:`chunks`.
    """
    begun = bytearray()
    is_long = False
    for chunk in chunks(path, bounds):  # none is longer than a record may be
        start = 0
        end = chunk.find(b"\n") + 1
        if is_long or len(begun) + (end - 1 if end else len(chunk)) > bounds.record_bytes:
            if not is_long:
                begun = bytearray(_head(begun + chunk[: end - 1 if end else None]))
            is_long = not end
            if is_long:
                continue
            yield bytes(begun) + b"\n", True
            begun, start = bytearray(), end
        end = chunk.rfind(b"\n") + 1
        if end > start:
            yield bytes(begun) + chunk[start:end], False
            begun, start = bytearray(), end
        begun += chunk[start:]
    if begun:
        yield bytes(begun), is_long


def _head(line: bytes | bytearray) -> bytes:
    return line[:SHOWN].decode("utf-8", "ignore").encode() + CUT.encode()
