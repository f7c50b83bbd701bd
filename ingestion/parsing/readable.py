"""What DuckDB cannot read in a file, or does not report: looked for in Python, in bounded memory.

Here: whether a compressed file is whole and not a bomb, how records too long are cut, and words that DuckDB takes for
numbers. Not here: decompression (``compression``), and the records (``readers``).
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
from ingestion.storage.compression import DECOMPRESSION_ERRORS, chunks, is_compressed, open_binary, pieces


@contextmanager
def looking_through(
    paths: Sequence[Path], file_format: str, bounds: Bounds, connection: duckdb.DuckDBPyConnection
) -> Iterator[set[Path]]:
    """Look through files while DuckDB reads them. In the end the set holds those that only the careful reader can read.

    Raises:
        UnreadableFileError: a compressed file is damaged or too large. This interrupts DuckDB's statement.
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
            except DECOMPRESSION_ERRORS as error:
                raise unreadable(error, path) from None

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        looking.add_done_callback(lambda done: connection.interrupt() if done.exception() else None)
        try:
            yield strange
        except duckdb.InterruptException:  # our own interruption, or that of the whole run
            is_over.set()
            looking.result()
            raise
        except BaseException:
            is_over.set()
            raise
        looking.result()


@contextmanager
def readable_by_duckdb(path: Path, file_format: str, bounds: Bounds, scratch: Path) -> Iterator[tuple[Path, set[int]]]:
    """A file that DuckDB can read, and the numbers of its lines that are too long.

    DuckDB reads compressed text, but neither compressed Parquet, nor a byte order mark before NDJSON, nor long lines.
    Long lines of NDJSON are cut. CSV with long lines has to be sieved, because DuckDB skips them.
    """
    with ExitStack() as stack:
        readable, long = path, set[int]()
        try:
            if file_format != "parquet":
                long = _long_lines(path, bounds)
            if (
                is_compressed(path)
                if file_format == "parquet"
                else file_format == "ndjson" and (long or _has_mark(path))
            ):
                readable = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch))) / "readable"
                _copy(path, readable, file_format, bounds)
        except DECOMPRESSION_ERRORS as error:
            raise unreadable(error, path) from None
        yield readable, long


def _may_hold_words(piece: bytes) -> bool:
    """Whether JSON lines may hold a word that DuckDB takes for a number. Most pieces lack even its first letter."""
    return (b"N" in piece and b"NaN" in piece) or (b"I" in piece and b"Infinity" in piece)


def _long_lines(path: Path, bounds: Bounds) -> set[int]:
    """The numbers of the lines that are too long. A compressed file is read to its end: so it must be whole."""
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
    """Decompress a file into ``target``: text without a byte order mark, and with long lines cut."""
    with target.open("wb") as out:
        if file_format == "parquet":
            out.writelines(chunks(path, bounds))
            return
        for number, (piece, _) in enumerate(pieces(path, bounds)):
            out.write(piece if number else piece.removeprefix(BOM_UTF8))
