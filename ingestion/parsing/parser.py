"""Landed files to typed Parquet: every record is kept, the bad ones with the reasons against them.

Here: which records are quarantined, and when a file is read carefully. Not here: reading a format (``readers``), types
and reasons (``rules``), whether a batch is accepted (``ingest``), or which version of a record wins (dbt).

A parsed file holds the entity's columns in their types, where a record came from (``source_system``, ``_batch``,
``_file``) and ``_reasons`` (NULL for a good record; else ``column: what is wrong``, joined by ``; ``). The records of
one landed file stand together and in their order, so that Parquet's own row number orders them without a column of
its own.

The quick readers parse many files in one statement, on all cores, and a large file in one of its own. They mark what
they cannot decide. The files concerned are then read again carefully, one by one. Both ways give the same rows and
reasons.
"""

from __future__ import annotations

import tempfile
from collections.abc import Hashable, Sequence
from contextlib import ExitStack
from pathlib import Path

import duckdb

from ingestion.bounds import DEFAULTS, Bounds
from ingestion.export_format import DUCKDB_TYPES, Entity
from ingestion.parsing import readers
from ingestion.parsing.csv_records import csv_records
from ingestion.parsing.files import LandedFile, ParsedFile, entity_and_format
from ingestion.parsing.mapped_reader import MappedReader, in_their_file, odd_times, reader_of, sieved_reader
from ingestion.parsing.native_reader import native_ndjson
from ingestion.parsing.parsed_rows import UNSURE, bad_records, only_look_like_numbers, refuse_missing_columns, rows_of
from ingestion.parsing.readable import looking_through, readable_by_duckdb
from ingestion.parsing.readers import Reader
from ingestion.parsing.rules import FUTURE_TOLERANCE_SECONDS, MALFORMED, Limits
from ingestion.parsing.typed_values import by_file, typing_of
from ingestion.source_kinds import EXPORT
from ingestion.sql import sql_file as sql_file
from ingestion.sql import sql_files, sql_name
from ingestion.sql import sql_text as sql_text
from ingestion.storage.compression import is_compressed

PARQUET = (
    "format parquet, parquet_version v2, dictionary_size_limit 5000, write_bloom_filter false, compression uncompressed"
)
"""How parsed files are written: quickly, because they are read right after and can be parsed again from landing.

Version 2 encodes ids and instants compactly. Ids hardly ever repay a dictionary, and no query looks for one in a file.
"""
_LARGE_TEXT = 64 * 1024 * 1024
"""From this size in bytes on, a plain NDJSON file is parsed by a statement of its own, on all cores.

To write rows in their order, DuckDB copies what each thread has read into its buffer into groups of the size asked for,
one thread at a time. A buffer that has the size of a group is not copied. So groups are as large as what a buffer
holds, and no file begins in the middle of one.
"""
_BUFFER = 16 * 1024 * 1024
_BUFFERS = 8
"""Smaller files are cut into so many parts, so that each core has one."""
_ROWS_PER_GROUP = range(10_000, 200_000)
"""Sizes of row groups that are good to read: outside of them, DuckDB's own size is used."""
_WORTH_KEEPING = 4 * 1024 * 1024
"""From this size in bytes on, a Parquet file that needs no change becomes a part of raw as it is."""
_TAKEN_NAMES = frozenset({"source_system", "_batch", "_file", "_reasons", "file_row_number", "file_index"})
"""Columns that the readers of raw add."""
_DESCRIBED = {kind: kind.upper() for kind in DUCKDB_TYPES.values()} | {"timestamptz": "TIMESTAMP WITH TIME ZONE"}
"""The types of raw, as DuckDB describes them."""


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory connection on which files are parsed: UTC, without access to the network."""
    return _prepared(duckdb.connect(config={"autoinstall_known_extensions": False}))


def cursor(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """One more connection to the same memory and threads, for a statement at the same time."""
    return _prepared(connection.cursor())


def _prepared(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    return connection


def shape_of(
    connection: duckdb.DuckDBPyConnection, path: Path, kind: str = EXPORT, bounds: Bounds = DEFAULTS
) -> Hashable:
    """Files of equal shape can be parsed in one statement.

    Raises:
        UnreadableFileError: the file is not valid CSV or Parquet, or its name has no known entity and format.
    """
    entity, file_format = entity_and_format(path, kind)
    try:
        if file_format == "csv":
            return entity.name, file_format, is_compressed(path), *readers.csv_header(path, entity, bounds)
        if file_format == "parquet":
            if is_compressed(path):
                return entity.name, path  # has to be decompressed by itself
            types = readers.parquet_types(connection, path)
            hides_the_index = any(name.lower() == "file_index" for name in types)
            return entity.name, file_format, path if hides_the_index else None, *types.items()
    except duckdb.Error as error:
        raise readers.unreadable(error, path) from None
    return entity.name, file_format, is_compressed(path), path if _is_large_text(path) else None


def needs_no_parsing(connection: duckdb.DuckDBPyConnection, file: LandedFile, rating_scale: tuple[int, int]) -> bool:
    """Whether a landed file has exactly the values that :func:`parse_files` would write, so that it need not.

    That is a large Parquet file whose columns have the types of raw and whose records are all good. Writing it again
    takes twice as long as looking at each of its values.
    """
    if file.path.suffix.lower() != ".parquet" or file.path.stat().st_size < _WORTH_KEEPING:
        return False
    entity = file.entity
    try:
        types = readers.parquet_types(connection, file.path)
        expected = {column.name: _DESCRIBED[DUCKDB_TYPES[column.type]] for column in entity.columns}
        if entity.is_native or not expected.items() <= types.items() or _TAKEN_NAMES & {name.lower() for name in types}:
            return False
        reader = readers.parquet([file.path], types, entity)
        typing = typing_of(reader, entity, _limits([file], rating_scale))
        empty = [f"{sql_name(name)} = ''" for name, kind in expected.items() if kind == "VARCHAR"]
        found = connection.execute(
            f"with {typing.relation('1', also=' or '.join(empty))} select count(*), count(*) filter (where also"
            f" or {' or '.join([typing.is_suspicious, *typing.zeros])}) from typed_values"
        ).fetchone()
    except duckdb.Error:  # the careful reader reports what is wrong with it
        return False
    return found == (file.rows, 0)


def parse_files(
    connection: duckdb.DuckDBPyConnection, files: Sequence[LandedFile], target: Path, rating_scale: tuple[int, int]
) -> list[ParsedFile]:
    """Parse files of one source and shape (:func:`shape_of`) into ``target``; the result of each, in their order.

    Raises:
        UnreadableFileError: a file is not valid gzip, CSV or Parquet, or lacks a required column altogether.
    """
    entity, file_format = files[0].entity, files[0].format
    bounds = files[0].bounds
    try:
        reader = _quick_reader(connection, files, entity, file_format)
        if reader is not None:
            with looking_through([file.path for file in files], file_format, bounds, connection) as strange:
                _write(connection, reader, target, entity, files, rating_scale)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        reader = None
    if reader is None:
        if len(files) > 1:
            return _parse_apart(connection, files, target, rating_scale)
        return [parse_carefully(connection, files[0], target, rating_scale)]
    found = rows_of(connection, target, files)
    suspects = (
        only_look_like_numbers(connection, target, files, entity) if any(rows.are_unsure for rows in found) else []
    )
    if suspects and file_format == "ndjson" and not readers.has_no_numbers(connection, suspects):
        # reading all of them again takes less time than reading these carefully
        paths = [file.path for file in files]
        reader = readers.quick_ndjson(paths, entity, _buffer(paths), may_hold_no_numbers=False)
        _write(connection, reader, target, entity, files, rating_scale)
        found = rows_of(connection, target, files)
    doubtful = [
        file
        for file, rows in zip(files, found, strict=True)
        if rows.are_unsure or file.rows not in (None, rows.records) or file.path in strange
    ]
    if doubtful and len(files) == 1:
        return [parse_carefully(connection, files[0], target, rating_scale)]
    parsed = {}
    for file, rows in zip(files, found, strict=True):
        if file not in doubtful:
            refuse_missing_columns(connection, file.path, reader, entity, rows)
            parsed[file] = ParsedFile(rows.records, bad_records(connection, file.path, file, rows))
    if doubtful:
        parsed |= _read_again(connection, doubtful, target, rating_scale)
    return [parsed[file] for file in files]


def parse_carefully(
    connection: duckdb.DuckDBPyConnection, file: LandedFile, target: Path, rating_scale: tuple[int, int]
) -> ParsedFile:
    """Parse one file into ``target``, looking at each of its lines.

    Raises:
        UnreadableFileError: as :func:`parse_files`.
    """
    entity, file_format = file.entity, file.format
    with ExitStack() as stack:
        path, long = stack.enter_context(readable_by_duckdb(file.path, file_format, file.bounds, target.parent))
        reader = None
        try:
            if file_format != "csv" or not long:
                reader = _careful_reader(connection, path, file)
                _write(connection, reader, target, entity, [file], rating_scale)
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            if file_format != "csv":
                raise readers.unreadable(error, file.path) from None
            reader = None
        if reader is None:  # something in the CSV is malformed or too long: read it record by record
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=target.parent)))
            reader, long = _sieved(file, folder / "sieved.ndjson")
            _write(connection, reader, target, entity, [file], rating_scale)
        (rows,) = rows_of(connection, target, [file])
        refuse_missing_columns(connection, file.path, reader, entity, rows)
        notes = []
        if isinstance(reader, MappedReader):
            assert file.mapped is not None
            rows = in_their_file(connection, reader, rows)
            notes = odd_times(connection, reader, file.mapped, file.extracted_at, target)
        return ParsedFile(rows.records, bad_records(connection, path, file, rows, long), tuple(notes))


def _quick_reader(
    connection: duckdb.DuckDBPyConnection, files: Sequence[LandedFile], entity: Entity, file_format: str
) -> Reader | None:
    """A reader of all files at once; None where a file has to be decompressed first, or has nested values."""
    paths = [file.path for file in files]
    if entity.is_native or files[0].mapped:
        return None
    if file_format == "csv":
        return readers.quick_csv(paths, readers.csv_header(paths[0], entity, files[0].bounds), entity)
    if file_format == "parquet":
        return (
            None
            if is_compressed(paths[0])
            else readers.parquet(paths, readers.parquet_types(connection, paths[0]), entity)
        )
    return readers.quick_ndjson(paths, entity, _buffer(paths))


def _buffer(paths: Sequence[Path]) -> int | None:
    """How many bytes of NDJSON a thread reads at a time; None where DuckDB's own choice will do."""
    size = sum(path.stat().st_size for path in paths)
    return None if is_compressed(paths[0]) or size < _BUFFER else min(_BUFFER, size // _BUFFERS)


def _is_large_text(path: Path) -> bool:
    return path.suffix.lower() in (".ndjson", ".jsonl") and path.stat().st_size >= _LARGE_TEXT


def _careful_reader(connection: duckdb.DuckDBPyConnection, path: Path, file: LandedFile) -> Reader:
    entity, bounds = file.entity, file.bounds
    if file.mapped:
        return reader_of(connection, path, file.mapped, file.extracted_at)
    if file.format == "csv":
        return readers.quick_csv([path], readers.csv_header(path, entity, bounds), entity)
    if file.format == "parquet":
        return readers.parquet([path], readers.parquet_types(connection, path), entity)
    return (native_ndjson if entity.is_native else readers.careful_ndjson)(path, entity, bounds)


def _sieved(file: LandedFile, target: Path) -> tuple[Reader, set[int]]:
    """A CSV file that is read record by record, and the lines at which records begin that are too long."""
    if file.mapped is None:
        return readers.sieved_csv(file.path, target, file.entity, file.bounds)
    header = readers.header_of(file.path, file.bounds, (), file.mapped.delimiter)
    names = [f"c{index}" for index in range(len(header))]
    long = readers.sieve(file.path, target, names, file.bounds, file.mapped.delimiter)
    last = None
    for last in csv_records(file.path, file.bounds, file.mapped.delimiter):  # noqa: B007
        pass
    if last and last.fields is None and "\n" in last.text and last.text.count('"') % 2:
        words = f"a quote opens in line {last.line} and is never closed, so all after it would be one record"
        raise readers.UnreadableFileError(words, file.path)
    return sieved_reader(target, file.mapped, file.extracted_at, header), long


def _parse_apart(
    connection: duckdb.DuckDBPyConnection, files: Sequence[LandedFile], target: Path, rating_scale: tuple[int, int]
) -> list[ParsedFile]:
    """Parse each file in a statement of its own, because one of them cannot be read with the others."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        parts = [Path(folder) / f"{number}.parquet" for number in range(len(files))]
        parsed = [
            parse_files(connection, [file], part, rating_scale)[0] for file, part in zip(files, parts, strict=True)
        ]
        connection.execute(f"copy (from read_parquet({sql_files(parts)})) to {sql_text(target)} ({PARQUET})")
    return parsed


def _read_again(
    connection: duckdb.DuckDBPyConnection, doubtful: Sequence[LandedFile], target: Path, rating_scale: tuple[int, int]
) -> dict[LandedFile, ParsedFile]:
    """Parse files of ``target`` carefully, and replace their rows there."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        parts = [Path(folder) / f"{number}.parquet" for number in range(len(doubtful))]
        parsed = {
            file: parse_carefully(connection, file, part, rating_scale)
            for file, part in zip(doubtful, parts, strict=True)
        }
        replaced = ", ".join(f"({sql_text(file.batch)}, {sql_text(file.name)})" for file in doubtful)
        whole = Path(folder) / "whole.parquet"
        connection.execute(
            f"copy (from read_parquet({sql_files([target])}) where (_batch, _file) not in ({replaced})"
            f" union all from read_parquet({sql_files(parts)})) to {sql_text(whole)} ({PARQUET})"
        )
        whole.replace(target)
    return parsed


# --- writing -------------------------------------------------------------------------------------------------


def _write(
    connection: duckdb.DuckDBPyConnection,
    reader: Reader,
    target: Path,
    entity: Entity,
    files: Sequence[LandedFile],
    rating_scale: tuple[int, int],
) -> None:
    """Write the typed records with their reasons; a mark stands for what only the careful reader can decide."""
    typing = typing_of(reader, entity, _limits(files, rating_scale))
    # 1 for a single file, because a column of it may be named file_index
    number = "1" if len(files) == 1 else "cast(file_index as bigint) + 1"
    connection.execute(
        f"""
        copy (
            with {typing.relation(number)}
            select
                {", ".join(typing.kept)},
                {_origin(files, entity.is_archived)},
                case when is_malformed then '{MALFORMED}'
                    when {typing.is_suspicious} then
                        case when {typing.is_unsure} then '{UNSURE}'
                        else nullif(concat_ws('; ', {typing.against}), '') end
                end as _reasons
            from typed_values
        ) to {sql_text(target)} ({PARQUET}{_groups(reader, files)})
        """
    )


def _groups(reader: Reader, files: Sequence[LandedFile]) -> str:
    """The option that makes a row group as large as what a buffer of the reader holds on average, where it has one."""
    rows = sum(file.rows or 0 for file in files)
    size = sum(file.path.stat().st_size for file in files)
    in_buffer = round((reader.buffer or 0) * rows / size) if size else 0
    return f", row_group_size {in_buffer}" if in_buffer in _ROWS_PER_GROUP else ""


def _limits(files: Sequence[LandedFile], rating_scale: tuple[int, int]) -> Limits:
    """``latest``: of each file, the instant after which nothing in it can have happened."""
    latest = [
        f"make_timestamptz({round((file.extracted_at.timestamp() + FUTURE_TOLERANCE_SECONDS) * 1_000_000)})"
        for file in files
    ]
    return Limits(files[0].bounds.earliest, by_file(latest), rating_scale)


def _origin(files: Sequence[LandedFile], is_archived: bool) -> str:
    """SQL of where a record came from; a record of an archive names its file itself.

    As enumerations, which Parquet stores as text, names cost next to nothing.
    """
    source, batch, file = (
        f"{_enumeration(names)}[file_number]"
        for names in zip(*((file.source, file.batch, file.name) for file in files), strict=True)
    )
    return f"{source} as source_system, {batch} as _batch, {'archive' if is_archived else file} as _file"


def _enumeration(names: Sequence[str]) -> str:
    """SQL of a list of names whose type holds these and no other."""
    distinct = ", ".join(map(sql_text, dict.fromkeys(names)))
    return f"cast([{', '.join(map(sql_text, names))}] as enum({distinct})[])"
