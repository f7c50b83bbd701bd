"""The rows of files that were just parsed: how many, which are quarantined, and what the quick readers left open.

Here: reading the parsed file back. Not here: writing it (``parser``), and how a bad record is found in its file
(``line_numbers``).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion.export_format import ColumnType, Entity
from ingestion.parsing import readers
from ingestion.parsing.files import BadRecord, LandedFile
from ingestion.parsing.line_numbers import lines_of
from ingestion.parsing.names import columns_of, near_names
from ingestion.parsing.readers import Reader, UnreadableFileError
from ingestion.parsing.rules import MALFORMED, NOT_UTF8
from ingestion.shown import shortened, visible
from ingestion.sql import sql_files
from ingestion.storage.compression import DECOMPRESSION_ERRORS

_OTHER_SEPARATORS = {"semicolons": ";", "tabs": "\t", "vertical bars": "|"}
UNSURE = "?"
"""The reason of a record about which only the careful reader can decide."""


@dataclass(frozen=True)
class Rows:
    """The parsed rows of one file: how many, and the number (from 0) and reasons of each bad one."""

    records: int
    bad: list[tuple[int, str]]

    @property
    def are_unsure(self) -> bool:
        """Whether the careful reader has to decide about some of them."""
        return any(reasons == UNSURE for _, reasons in self.bad)


def rows_of(connection: duckdb.DuckDBPyConnection, target: Path, files: Sequence[LandedFile]) -> list[Rows]:
    """The rows of each file in ``target``, which holds the files in this order."""
    relation = f"read_parquet({sql_files([target])}, file_row_number = true)"
    if len(files) == 1:
        counted = connection.execute(f"select count(*), count(_reasons) from {relation}").fetchall()
        counts = {(files[0].batch, files[0].name): counted[0]}
    else:
        counted = connection.execute(
            f"select _batch, _file, count(*), count(_reasons) from {relation} group by all"
        ).fetchall()
        counts = {(batch, name): (records, bad) for batch, name, records, bad in counted}
    bad: list[tuple[int, str]] = []
    if any(count for _, count in counts.values()):
        bad = connection.execute(
            f"select file_row_number, _reasons from {relation} where _reasons is not null order by 1"
        ).fetchall()
    found = []
    first = taken = 0
    for file in files:
        records, of_file = counts.get((file.batch, file.name), (0, 0))
        found.append(Rows(records, [(row - first, why) for row, why in bad[taken : taken + of_file]]))
        first, taken = first + records, taken + of_file
    return found


def only_look_like_numbers(
    connection: duckdb.DuckDBPyConnection, target: Path, files: Sequence[LandedFile], entity: Entity
) -> list[Path]:
    """The files in which only texts that look like a number beyond every double are doubtful."""
    looks = " or ".join(
        f"coalesce({readers.looks_beyond(column.name)}, false)"
        for column in entity.columns
        if column.type in (ColumnType.ID, ColumnType.TEXT)
    )
    rows = connection.execute(
        f"select _batch, _file from read_parquet({sql_files([target])}) where _reasons = '{UNSURE}'"
        f" group by all having bool_and({looks})"
    ).fetchall()
    return [file.path for file in files if (file.batch, file.name) in rows]


def refuse_missing_columns(
    connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader, entity: Entity, rows: Rows
) -> None:
    """A file whose header lacks required columns is refused as a whole: all of them are named, with what it has."""
    missing = [
        column.name
        for column in entity.columns
        if column.required
        and column.name in reader.absent
        and (column.name == entity.key or any(f"{column.name}: missing" in reasons for _, reasons in rows.bad))
    ]
    if not missing:
        return
    header = columns_of(connection, path)
    words = f"it has no column {' and no column '.join(map(repr, missing))}, which {entity.name} require"
    raise UnreadableFileError(f"{words}; {_about_header(header, entity)}", path)


def _about_header(header: Sequence[str], entity: Entity) -> str:
    """What the columns of a file are, and which mistake that likely is."""
    if any("\x00" in name for name in header):
        return "it seems to be UTF-16: write UTF-8"
    separators = [name for name, character in _OTHER_SEPARATORS.items() if character in "".join(header)]
    if len(header) == 1 and separators:
        return f"its columns seem to be separated by {separators[0]}: separate them by commas"
    near = [f"'{name}' seems to be {meant}" for name, meant in near_names(header, entity)]
    return "; ".join([f"its columns are {visible(shortened(', '.join(header)))}", *near])


def bad_records(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file: LandedFile,
    rows: Rows,
    long: Container[int] = (),
) -> list[BadRecord]:
    """The quarantined records of a file. ``path``: where it can be read. ``long``: lines at which records begin that
    are too long.
    """
    bounds = file.bounds
    delimiter, before = (file.mapped.delimiter, file.mapped.lines_before) if file.mapped else (",", 0)
    try:
        where = lines_of(connection, path, file.format, [number for number, _ in rows.bad], bounds, delimiter)
    except (*DECOMPRESSION_ERRORS, duckdb.Error) as error:
        raise readers.unreadable(error, path) from None
    bad = []
    for number, why in rows.bad:
        line, record = where[number]
        if line in long:
            why = f"a record of more than {bounds.record_bytes:,} bytes"
        elif why == MALFORMED and "\ufffd" in record:
            why = NOT_UTF8
        bad.append(BadRecord(line + before, why, record))
    return bad
