"""Raw values of landed files, by format: for each column its value, and whether the column accepts its type.

Here: NDJSON, CSV and Parquet as relations. There are two readers of NDJSON. The quick one reads every value as text,
on all cores. It does not report lines that are not records, nor the JSON type of a value. It marks where that could
matter, and the careful reader, which looks at each line, then reads that file. Not here: types and reasons
(``rules``).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import duckdb

from ingestion import machine
from ingestion.bounds import Bounds
from ingestion.export_format import Column, ColumnType, Entity
from ingestion.parsing.csv_records import csv_records
from ingestion.parsing.rules import Value
from ingestion.sql import first_line, sql_file, sql_files, sql_name, sql_text
from ingestion.storage.compression import DECOMPRESSION_ERRORS, compression_of, open_text

_NO_NUMBER = "[:,\\[]\\s*-?(NaN|Infinity)\\s*[,}\\]]"
_BEYOND = r"-?(0|[1-9]\d*)(\.\d+)?[eE]\+?\d{3,}"
"""A number that may be beyond every double, as DuckDB returns it. Its exponent has at least three digits."""
_NO_NUMBERS = rf"(?i)[:,\[]\s*-?(nan|inf(inity)?|{_BEYOND})\s*[,\]}}]"
_STRING = r'"(\\.|[^"\\])*"'
_SMALLEST_BUFFER = 1 << 20
_FRACTION = r"-?\d+\.\d+([eE][+-]?\d+)?"
_TEXTS = r'\["[^"\\]*"(,"[^"\\]*")*\]'


class UnreadableFileError(Exception):
    """A file, ``path``, cannot be read in the format of its name. The message does not name it: the caller does."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path

    def __reduce__(self) -> tuple[type[UnreadableFileError], tuple[str, Path]]:
        """Another process may raise it."""
        return type(self), (str(self), self.path)


def unreadable(error: Exception, path: Path) -> Exception:
    """An error in reading a file as an error about the file; the error itself where the machine is at fault."""
    if machine.is_at_fault(error):
        return error
    if isinstance(error, EOFError):
        return UnreadableFileError("the gzip file is cut off", path)
    return UnreadableFileError(first_line(error), path)


@dataclass(frozen=True)
class Reader:
    """A query of raw values, by column, in the order of the records.

    ``malformed``, ``unsure``: true for a record that could not be read at all, and for one that only the careful reader
    can decide. ``absent``: columns that the whole file does not have, where its format has a header. ``buffer``:
    the bytes that a thread reads at a time, where they were chosen.
    """

    relation: str
    values: dict[str, Value]
    malformed: str = "false"
    unsure: str = "false"
    absent: frozenset[str] = field(default_factory=frozenset)
    buffer: int | None = None


# --- NDJSON -------------------------------------------------------------------------------------------------


def quick_ndjson(
    paths: Sequence[Path], entity: Entity, buffer: int | None = None, *, may_hold_no_numbers: bool = True
) -> Reader:
    """Each value as text. A malformed line becomes a record without any value, and may spoil the record beside it.

    ``may_hold_no_numbers``: unless the files are known to hold none (:func:`has_no_numbers`), an id such as ``15e781``,
    as in hashes, is doubtful.
    """
    size = f" maximum_object_size = {buffer // 2}," if buffer else ""  # DuckDB's buffers hold two of the largest
    types = ", ".join(
        f"{column.name}: '{'json' if column.type is ColumnType.LIST else 'varchar'}'" for column in entity.columns
    )
    relation = (
        f"read_json({sql_files(paths)}, format = 'newline_delimited', records = true, ignore_errors = true,"
        f"{size} columns = {{{types}}}, compression = '{compression_of(paths[0])}')"
    )
    values = {}
    for column in entity.columns:
        text = f"nullif({column.name}, '')"
        if column.type is ColumnType.LIST:
            values[column.name] = json_list(column.name)
        elif column.type in (ColumnType.ID, ColumnType.TEXT):
            doubt = f" or {_no_number(f'raw_{column.name}')}" if may_hold_no_numbers else ""
            values[column.name] = Value(text, unsure=_of_doubtful_type(column) + doubt)
        else:
            values[column.name] = Value(text, unsure=_no_number(f"raw_{column.name}"))
    nothing = " and ".join(f"raw_{column.name} is null" for column in entity.columns)
    return Reader(relation, values, unsure=nothing, buffer=buffer)


def _of_doubtful_type(column: Column) -> str:
    """Whether a value may not be text in JSON: a list, an object, a word, or in an id a number with a fraction."""
    raw = f"raw_{column.name}"
    # a comparison takes less time than extracting the first character
    opens = f"({raw} >= '[' and {raw} < '\\' or {raw} >= '{{' and {raw} < '|') and json_valid({raw})"
    doubt = f"{opens} or {raw} = 'true' or {raw} = 'false'"
    if column.type is ColumnType.ID:  # one comparison settles most of them, because they begin with a digit
        doubt = f"{raw} >= '[' and ({doubt})"
        doubt += f" or contains({raw}, '.') and {raw} < ':' and regexp_full_match({raw}, '{_FRACTION}')"
    return doubt


def has_no_numbers(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> bool:
    """Whether NDJSON files hold, or seem to hold in a text, a number that DuckDB reads and JSON does not allow."""
    found = connection.execute(
        f"select 1 from read_ndjson_objects({sql_files(paths)}, ignore_errors = true, compression ="
        f" '{compression_of(paths[0])}') where regexp_matches(json, {sql_text(_NO_NUMBERS)}) limit 1"
    ).fetchone()
    return found is not None


def _no_number(text: str) -> str:
    """Whether DuckDB may have read as a number what is not one in JSON: ``1e400``, ``inf`` as C writes it.

    Other spellings, as most software writes them, are looked for in the whole file.
    """
    words = " or ".join(f"{text} = '{sign}{word}'" for word in ("nan", "inf") for sign in ("", "-"))
    return f"{looks_beyond(text)} or {words}"


def looks_beyond(text: str) -> str:
    """SQL: whether a text is spelled as a number that may be beyond every double."""
    has_exponent = f"(contains({text}, 'e') or contains({text}, 'E'))"
    return f"{text} < ':' and {has_exponent} and regexp_full_match({text}, '{_BEYOND}')"


def json_lines(path: Path, structure: Mapping[str, Any], bounds: Bounds) -> str:
    """A relation of the lines of a file: ``json``, and ``fields`` as its ``structure`` says, NULL of a malformed one.

    DuckDB reads ``NaN`` and ``Infinity`` as numbers. Strings are removed only from lines that may hold one of these.
    """
    outside = f"regexp_replace(json, {sql_text(_STRING)}, '\"\"', 'g')"
    words = (
        f"(contains(json, 'NaN') or contains(json, 'Infinity')) and regexp_matches({outside}, {sql_text(_NO_NUMBER)})"
    )
    largest = max(_SMALLEST_BUFFER, bounds.record_bytes + 1024)
    return (
        f"(select json, json_transform(case when starts_with(json, '{{') and not ({words}) then json end,"
        f" {sql_text(json.dumps(structure))}) as fields"
        f" from read_ndjson_objects({sql_file(path)}, ignore_errors = true, maximum_object_size = {largest},"
        f" compression = '{compression_of(path)}'))"
    )


def careful_ndjson(path: Path, entity: Entity, bounds: Bounds, *, from_csv: bool = False) -> Reader:
    """Each line as JSON; malformed lines become NULL and keep their position."""
    structure = {
        column.name: "JSON" if column.type is ColumnType.LIST and not from_csv else "VARCHAR"
        for column in entity.columns
    }
    relation = json_lines(path, structure, bounds)
    values = {}
    doubtful = []
    for column in entity.columns:
        text = f"nullif(fields.{column.name}, '')"
        if column.type is not ColumnType.LIST:
            doubtful.append(f"({_no_number(text)}) and json_type(json, '$.{column.name}') = 'DOUBLE'")
        values[column.name] = Value(text)
        if from_csv:
            if column.type is ColumnType.LIST:
                values[column.name] = Value(f"string_split({text}, ';')")
        elif column.type is ColumnType.LIST:
            values[column.name] = json_list(f"fields.{column.name}")
        elif column.type in (ColumnType.ID, ColumnType.TEXT):
            values[column.name] = json_text(f"fields.{column.name}", f"json_type(json, '$.{column.name}')", column)
    malformed = " or ".join(f"({test})" for test in (["fields is null"] if from_csv else ["fields is null", *doubtful]))
    return Reader(relation, values, malformed=malformed)


def json_text(text: str, json_type: str, column: Column) -> Value:
    """Text and numbers are read as text. The JSON type is computed for what looks like anything else.

    ``json_type``: SQL of that. Only suspicious values pay for it: a list or object, a word of JSON, a number with a
    fraction.
    """
    suspicious = f"starts_with({text}, '{{') or starts_with({text}, '[') or {text} in ('true', 'false')"
    if column.type is ColumnType.TEXT:
        return Value(
            f"nullif({text}, '')",
            f"case when {suspicious} then {json_type} not in ('VARCHAR', 'DOUBLE') else false end",
        )
    suspicious = f"({suspicious} or contains({text}, '.'))"
    # beyond 2^53 a double no longer distinguishes one id from the next
    number = f"try_cast({text} as double)"  # not cast: DuckDB may compute it for rows of another branch
    whole = f"({number} = floor({number}) and abs({number}) < 9007199254740992)"
    return Value(
        f"case when case when {suspicious} then {json_type} = 'DOUBLE' else false end"
        f" then cast(try_cast({number} as bigint) as varchar) else nullif({text}, '') end",
        f"case when {suspicious} then case {json_type} when 'VARCHAR' then false when 'DOUBLE' then not {whole}"
        " else true end else false end",
    )


def json_list(value: str) -> Value:
    """A list of text. One that is spelled as plain texts needs no further test; the elements of others are tested."""
    text = f"cast({value} as varchar)"
    elements = f"list_distinct(json_type({value}, '$[*]'))"
    texts = f"regexp_full_match({text}, '{_TEXTS}')"
    is_list = f"(starts_with({text}, '[') and len(list_intersect({elements}, ['OBJECT', 'ARRAY', 'BOOLEAN'])) = 0)"
    return Value(
        f"case when {texts} or {is_list} then from_json({value}, '[\"VARCHAR\"]') end",
        f"case when {value} is null or {text} in ('null', '\"\"') or {texts} then false else not {is_list} end",
    )


# --- CSV ----------------------------------------------------------------------------------------------------


def quick_csv(paths: Sequence[Path], header: Sequence[str], entity: Entity) -> Reader:
    """All columns as text, in strict RFC 4180, of files with one header.

    A malformed record raises an error that does not name it. So does a record of more than 2 MB: to allow for longer
    ones, DuckDB needs a gigabyte a thread.
    """
    known = {column.name for column in entity.columns}
    relation = csv_relation(paths, [name if name in known else f"_{index}" for index, name in enumerate(header)])
    values = {}
    for column in entity.columns:
        text = f"nullif({sql_name(column.name)}, '')" if column.name in header else "cast(null as varchar)"
        values[column.name] = Value(f"string_split({text}, ';')" if column.type is ColumnType.LIST else text)
    return Reader(relation, values, absent=_absent(header, entity))


def csv_relation(
    paths: Sequence[Path], names: Sequence[str], delimiter: str = ",", *, skips_malformed: bool = False
) -> str:
    """A relation of all columns as text, of files with one header. ``names``: of its columns.

    ``skips_malformed``: malformed records are left out instead of raising an error.
    """
    types = "{" + ", ".join(f"{sql_text(name)}: 'varchar'" for name in names) + "}"
    strictness = "strict_mode = false, ignore_errors = true" if skips_malformed else "strict_mode = true"
    return (  # if an empty text were NULL, an empty line would be a record in a file of one column
        f"read_csv({sql_files(paths)}, auto_detect = false, header = true, delim = {sql_text(delimiter)}, quote = '\"',"
        f" escape = '\"', {strictness}, null_padding = false, nullstr = '\x01', allow_quoted_nulls = false,"
        f" columns = {types}, compression = '{compression_of(paths[0])}')"
    )


def _absent(header: Sequence[str], entity: Entity) -> frozenset[str]:
    return frozenset(column.name for column in entity.columns if column.name not in header)


def csv_header(path: Path, entity: Entity, bounds: Bounds) -> list[str]:
    """The names of the columns of a CSV file of the export format.

    Raises:
        UnreadableFileError: it has no header, or its header names a column of its entity twice.
    """
    return header_of(path, bounds, [column.name for column in entity.columns])


def header_of(path: Path, bounds: Bounds, needed: Iterable[str], delimiter: str = ",") -> list[str]:
    """The names of a CSV file's columns. ``needed``: those that are read.

    Raises:
        UnreadableFileError: it has no header, or its header names a column that is needed twice.
    """
    try:
        with open_text(path, errors="replace") as file:
            header = next(csv.reader(_first_lines(file, bounds.record_bytes), delimiter=delimiter), None)
    except (*DECOMPRESSION_ERRORS, csv.Error) as error:
        raise unreadable(error, path) from None
    if not header:
        raise UnreadableFileError("a CSV file begins with a header, and this one is empty", path)
    repeated = [name for name in needed if header.count(name) > 1]
    if repeated:
        raise UnreadableFileError(f"its header names the column '{repeated[0]}' twice", path)
    return header


def _first_lines(file: IO[str], left: int) -> Iterator[str]:
    while left > 0 and (line := file.readline(left)):
        left -= len(line)
        yield line


def sieved_csv(path: Path, target: Path, entity: Entity, bounds: Bounds) -> tuple[Reader, set[int]]:
    """A CSV file with malformed records as :func:`sieve` writes it, and the lines at which records begin that are too
    long.

    Raises:
        UnreadableFileError: it has no header, or the gzip file is broken.
    """
    header = csv_header(path, entity, bounds)
    long = sieve(path, target, header, bounds)
    reader = careful_ndjson(target, entity, bounds, from_csv=True)
    return Reader(reader.relation, reader.values, reader.malformed, absent=_absent(header, entity)), long


def sieve(path: Path, target: Path, names: Sequence[str], bounds: Bounds, delimiter: str = ",") -> set[int]:
    """Write a CSV file as NDJSON, in which each malformed record is an invalid line. ``names``: of its columns.

    The lines at which records begin that are too long.

    Raises:
        UnreadableFileError: the gzip file is broken.
    """
    long = set()
    try:
        with target.open("w", encoding="utf-8") as out:
            for record in csv_records(path, bounds, delimiter):
                if record.is_long:
                    long.add(record.line)
                if record.fields is None or len(record.fields) != len(names):
                    out.write("malformed\n")
                else:
                    out.write(json.dumps(dict(zip(names, record.fields, strict=True))) + "\n")
    except DECOMPRESSION_ERRORS as error:
        raise unreadable(error, path) from None
    return long


# --- Parquet ------------------------------------------------------------------------------------------------


def parquet(paths: Sequence[Path], types: dict[str, str], entity: Entity) -> Reader:
    """Values in the types of the files, which have the same columns."""
    values = {}
    for column in entity.columns:
        kind = types.get(column.name)
        values[column.name] = Value(_null_raw(column)) if kind is None else _parquet_value(column, kind)
    absent = frozenset(column.name for column in entity.columns if column.name not in types)
    return Reader(f"read_parquet({sql_files(paths)})", values, absent=absent)


def parquet_types(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """The columns of a Parquet file and their types, as DuckDB names them."""
    described = connection.execute(f"describe from read_parquet({sql_file(path)})").fetchall()
    return {str(name): str(kind) for name, kind, *_ in described}


def _null_raw(column: Column) -> str:
    return f"cast(null as {'varchar[]' if column.type is ColumnType.LIST else 'varchar'})"


def _parquet_value(column: Column, kind: str) -> Value:
    """The raw value of a Parquet column, and the test of its type. What comes in its type is not spelled out."""
    name, raw = sql_name(column.name), f"raw_{column.name}"
    refused = Value(_null_raw(column), f"{name} is not null")
    if column.type is ColumnType.LIST:
        element = kind.removesuffix("[]")
        simple = kind.endswith("[]") and (element == "VARCHAR" or _is_number(element))
        if kind == "VARCHAR":  # an empty text is a missing list too
            return Value(_null_raw(column), f"{name} <> ''")
        return Value(f"cast({name} as varchar[])") if simple else refused
    if kind == "VARCHAR":
        return Value(f"nullif({name}, '')")
    if column.type is ColumnType.INSTANT:
        if kind == "TIMESTAMP WITH TIME ZONE":
            return Value(name, typed=f"case when {raw} between {_FIRST_INSTANT} and {_LAST_INSTANT} then {raw} end")
        if kind.startswith("TIMESTAMP"):
            return Value(f"strftime(cast({name} as timestamp), '%Y-%m-%dT%H:%M:%S.%f')")
        return refused
    if column.type is ColumnType.BOOLEAN:
        if kind == "BOOLEAN":
            return Value(name, typed=raw)
        return Value(f"cast({name} as varchar)") if _is_whole(kind) else refused
    if column.type is ColumnType.RATING and _is_whole(kind):
        return Value(name, typed=f"try_cast({raw} as integer)")
    if _is_whole(kind) or (column.type in (ColumnType.TEXT, ColumnType.RATING) and _is_number(kind)):
        return Value(f"cast({name} as varchar)")
    if column.type is ColumnType.ID and kind.startswith("DECIMAL"):
        return Value(f"cast(cast(floor({name}) as hugeint) as varchar)", f"coalesce({name} <> floor({name}), false)")
    if column.type is ColumnType.ID and _is_number(kind):
        number = f"cast({name} as double)"
        whole = f"coalesce({number} = floor({number}) and abs({number}) < 9007199254740992, true)"
        return Value(f"cast(try_cast({name} as bigint) as varchar)", f"not {whole}")
    return refused


_FIRST_INSTANT = "timestamptz '0001-01-01 00:00:00+00'"
_LAST_INSTANT = "timestamptz '9999-12-31 23:59:59.999999+00'"
"""The last instant with a year of four digits."""


def _is_whole(kind: str) -> bool:
    return kind in (
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
    )


def _is_number(kind: str) -> bool:
    return _is_whole(kind) or kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL")
