"""CSV record by record, in no more memory than the longest record allowed.

Here: where a record begins and ends, and whether it is valid. Not here: CSV as DuckDB reads it (``readers``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from ingestion.bounds import Bounds
from ingestion.storage.compression import CUT, SHOWN, open_text

_PIECE = 1 << 16
_ENDS = ("\n", "\r")


class CsvRecord(NamedTuple):
    """A record after the header: its first line, its fields (None when malformed, not UTF-8 or too long), its text."""

    line: int
    fields: list[str] | None
    text: str
    is_long: bool = False


class _TooLong(Exception):
    pass


def csv_records(path: Path, bounds: Bounds, delimiter: str = ",") -> Iterator[CsvRecord]:
    """Each record after the header, in no more memory than the longest record allowed."""
    csv.field_size_limit(bounds.record_bytes + 1)
    with open_text(path, errors="surrogateescape") as file:
        taken: list[str] = []

        def lines() -> Iterator[str]:
            size = 0
            while line := file.readline(bounds.record_bytes + 1):
                size = size + len(line) if taken else len(line)
                taken.append(line)
                if size > bounds.record_bytes:
                    raise _TooLong
                yield line

        reader = csv.reader(lines(), strict=True, delimiter=delimiter)
        first = 1
        header = True
        while True:
            taken.clear()
            fields: list[str] | None
            is_long = False
            more = 0
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:
                fields = None
            except _TooLong:
                fields, is_long = None, True
                more = _skip_rest(file, taken)
                reader = csv.reader(lines(), strict=True, delimiter=delimiter)
            record = "".join(taken)
            if is_long:
                record = record[:SHOWN] + CUT
            if any("\udc80" <= character <= "\udcff" for character in record):
                fields = None
                record = record.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            if not header and (fields is None or fields):  # an empty line is not a record
                yield CsvRecord(first, fields, record.rstrip("\r\n"), is_long)
            header = False
            first += sum(line.endswith(_ENDS) for line in taken) + more


def _skip_rest(file: IO[str], taken: Sequence[str]) -> int:
    """Read to the end of a record: the end of a line with no quote left open. The number of lines that were skipped."""
    quotes = sum(line.count('"') for line in taken)
    piece, more = taken[-1], 0
    while not (piece.endswith(_ENDS) and quotes % 2 == 0) and (piece := file.readline(_PIECE)):
        quotes += piece.count('"')
        more += piece.endswith(_ENDS)
    return more
