"""What DuckDB cannot read, or does not say, of a file: looked for in Python, in bounded memory.

Here: whether a packed file is whole and no bomb, what is read of records too long, and words that DuckDB takes for
numbers. Not here: unpacking (``compression``), and the records (``readers``).
"""

from __future__ import annotations

import tempfile
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import duckdb

from ingestion.bounds import Bounds
from ingestion.parsing.readers import unreadable
from ingestion.storage.compression import UNPACKING_ERRORS, chunks, is_packed, open_binary, pieces


@contextmanager
def looking_through(
    paths: Sequence[Path], file_format: str, bounds: Bounds, connection: duckdb.DuckDBPyConnection
) -> Iterator[set[Path]]:
    """Look through files while DuckDB reads them; those that only the careful reader understands, in the end.

    Raises:
        UnreadableFileError: a packed file is broken, or unpacks to too much. That ends DuckDB's statement, too.
    """
    strange: set[Path] = set()
    is_over = Event()

    def look() -> None:
        for path in paths:
            if file_format == "parquet":
                continue
            try:
                for piece, is_long in pieces(path, bounds):
                    if is_over.is_set():
                        return
                    if is_long or (file_format == "ndjson" and _may_hold_words(piece)):
                        strange.add(path)
            except UNPACKING_ERRORS as error:
                raise unreadable(error, path) from None

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        looking.add_done_callback(lambda done: connection.interrupt() if done.exception() else None)
        try:
            yield strange
        except duckdb.InterruptException:  # ours, or somebody's who wants it to end
            is_over.set()
            looking.result()
            raise
        except BaseException:
            is_over.set()
            raise
        looking.result()


@contextmanager
def readable_by_duckdb(path: Path, file_format: str, bounds: Bounds, scratch: Path) -> Iterator[tuple[Path, set[int]]]:
    """A file as DuckDB can read it, and the numbers of its lines that are too long.

    It reads packed text as it lies, but neither packed Parquet, nor a byte order mark before NDJSON, nor long lines: of
    these in NDJSON only the beginning is there. CSV with such lines is to be sieved: DuckDB passes over them.
    """
    with ExitStack() as stack:
        readable, long = path, set[int]()
        try:
            if file_format != "parquet":
                long = _long_lines(path, bounds)
            if is_packed(path) if file_format == "parquet" else file_format == "ndjson" and (long or _has_mark(path)):
                readable = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch))) / "readable"
                _copy(path, readable, file_format, bounds)
        except UNPACKING_ERRORS as error:
            raise unreadable(error, path) from None
        yield readable, long


def _may_hold_words(piece: bytes) -> bool:
    """Whether JSON lines may hold a word that DuckDB takes for a number. Most pieces lack its first letter."""
    return (b"N" in piece and b"NaN" in piece) or (b"I" in piece and b"Infinity" in piece)


def _long_lines(path: Path, bounds: Bounds) -> set[int]:
    """The numbers of the lines that are too long; a packed file is read to its end, which says whether it is whole."""
    long = set()
    line = 1
    for piece, is_long in pieces(path, bounds):
        if is_long:
            long.add(line)
        line += piece.count(b"\n")
    return long


def _has_mark(path: Path) -> bool:
    with open_binary(path) as file:
        return file.read(len(BOM_UTF8)) == BOM_UTF8


def _copy(path: Path, target: Path, file_format: str, bounds: Bounds) -> None:
    """Unpack a file into ``target``; of text without a byte order mark, and with lines cut off that are too long."""
    with target.open("wb") as out:
        if file_format == "parquet":
            out.writelines(chunks(path, bounds))
            return
        for number, (piece, _) in enumerate(pieces(path, bounds)):
            out.write(piece if number else piece.removeprefix(BOM_UTF8))
