"""The line of a bad record in its file, and its text as it came.

Here: from the number of a record to its line and text. Not here: which records are bad (``parser``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from ingestion.bounds import DEFAULTS, Bounds
from ingestion.parsing.csv_records import csv_records
from ingestion.parsing.readers import parquet_types
from ingestion.sql import sql_file, sql_name
from ingestion.storage.compression import CUT, SHOWN, pieces

_TOGETHER = 64_000_000
_AT_LEAST = 200
"""Characters of all bad records of a file that are kept, and of each of them at least."""


def lines_of(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file_format: str,
    numbers: Sequence[int],
    bounds: Bounds = DEFAULTS,
    delimiter: str = ",",
) -> dict[int, tuple[int, str]]:
    """For each record number (from 0) its line (from 1; in Parquet its row) and its text, cut off where it is long.

    Raises:
        OSError, EOFError, zlib.error, TooLargeError, duckdb.Error: the file cannot be read as far as there.
    """
    if not numbers:
        return {}
    if file_format == "parquet":
        found = _rows(connection, path, numbers)
    elif file_format == "csv":
        found = _records(path, numbers, bounds, delimiter)
    else:
        found = _lines(path, sorted(numbers), bounds)
    room = max(_AT_LEAST, min(SHOWN, _TOGETHER // len(numbers)))
    return {number: (line, text if len(text) <= room else text[:room] + CUT) for number, (line, text) in found}


def _records(
    path: Path, numbers: Sequence[int], bounds: Bounds, delimiter: str
) -> Iterator[tuple[int, tuple[int, str]]]:
    """Of CSV. Reads no further than the last one."""
    wanted, last = set(numbers), max(numbers)
    for number, record in enumerate(csv_records(path, bounds, delimiter)):
        if number in wanted:
            yield number, (record.line, record.text)
        if number == last:
            return


def _rows(
    connection: duckdb.DuckDBPyConnection, path: Path, numbers: Sequence[int]
) -> Iterator[tuple[int, tuple[int, str]]]:
    names = (sql_name(name) for name in parquet_types(connection, path))
    columns = ", ".join(f"{name} := {name}" for name in names)
    cursor = connection.execute(
        f"select number, record from (select row_number() over () - 1 as number, to_json(struct_pack({columns}))"
        f" as record from read_parquet({sql_file(path)}))"
        f" where number in ({', '.join(map(str, sorted(set(numbers))))})"
    )
    while row := cursor.fetchone():
        yield row[0], (row[0] + 1, row[1])


def _lines(path: Path, numbers: Sequence[int], bounds: Bounds) -> Iterator[tuple[int, tuple[int, str]]]:
    """Of NDJSON. Reads no further than the last one, and splits only the pieces that hold one.

    ``numbers`` ascend. A record is a line that is not blank.
    """
    wanted = iter(numbers)
    number = next(wanted)
    records = lines = 0  # before the piece at hand
    for piece, _ in pieces(path, bounds):
        in_piece = piece.count(b"\n") + (not piece.endswith(b"\n"))
        blank = _blank_lines(piece)
        if number >= records + in_piece - blank:
            records += in_piece - blank
            lines += in_piece
            continue
        for content in piece.split(b"\n"):
            lines += 1
            if not content.strip():
                continue
            if records == number:
                yield number, (lines, content.decode("utf-8", "replace").rstrip("\r\n"))
                following = next(wanted, None)
                if following is None:
                    return
                number = following
            records += 1
        lines -= piece.endswith(b"\n")  # nothing follows the last line end


def _blank_lines(piece: bytes) -> int:
    """How many lines of a piece are blank. If each begins with a brace, none is; that test is quick."""
    if piece.startswith(b"{") and piece.count(b"\n{") + piece.endswith(b"\n") == piece.count(b"\n"):
        return 0
    blank = sum(not line.strip() for line in piece.split(b"\n"))
    return blank - piece.endswith(b"\n")
