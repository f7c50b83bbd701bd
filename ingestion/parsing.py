"""One landed file to one typed Parquet file: every record is kept, the bad ones with the reasons against them.

Here: reading NDJSON, CSV and Parquet, types, and which records are quarantined. Not here: whether a batch is
taken in (``intake``), or which version of a record wins (dbt).

A parsed file holds the entity's columns in their types and ``_reasons`` (NULL for a good record; else
``column: what is wrong``, joined by ``; ``). Its rows stand in the order of the records in the file, so that
Parquet's own row number tells a record's place without a column of its own.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
import tempfile
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import duckdb

from ingestion.contract import ENTITIES, Column, Entity, Kind

VERSION = 2
"""Raised whenever a record would be parsed in another way; older raw is then parsed anew from landing."""

FUTURE_TOLERANCE_SECONDS = 300
_LARGEST_RECORD = 64 * 1024 * 1024
UNPACKING_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a gzip file raises when it is cut off or broken."""
_INSTANT = r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)"
_INSTANT_WITHOUT_OFFSET = r"\d{4}-\d{2}-\d{2}([Tt ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?)?"
_FILE_NAME = re.compile(
    r"(?P<entity>[a-z]+)([^a-z].*)?\.(?P<format>ndjson|jsonl|csv|parquet)(?P<gz>\.gz)?", re.IGNORECASE | re.DOTALL
)


class UnreadableFileError(Exception):
    """A file cannot be read as what its name says. The message does not name the file: its caller does."""


@dataclass(frozen=True)
class BadRecord:
    """One quarantined record: ``line`` counts from 1 (in Parquet: the row), ``record`` is its text as it came."""

    line: int
    reasons: str
    record: str


@dataclass(frozen=True)
class ParsedFile:
    """What became of one file. ``records`` counts the malformed ones too."""

    records: int
    bad: list[BadRecord]


def entity_of(file_name: str) -> Entity | None:
    """The entity whose records a file holds, from its name; None for a file of no known entity or format."""
    match = _FILE_NAME.fullmatch(file_name)
    return ENTITIES.get(match["entity"].lower()) if match else None


def is_misnamed(file_name: str) -> bool:
    """Whether a file that holds no entity by its name most likely was meant to: ``messages.json``."""
    return entity_of(file_name) is None and file_name.lower().startswith(tuple(ENTITIES))


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory connection on which files are parsed: UTC, nothing fetched from outside."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    connection.execute("set TimeZone = 'UTC'")
    return connection


def sql_text(value: str | Path) -> str:
    """A value as a SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def sql_file(path: Path) -> str:
    """A file to be read, as a SQL string literal: what is a pattern to DuckDB in its name is none here."""
    return sql_text(re.sub(r"([*?\[])", r"[\1]", str(path)))


def parse_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    target: Path,
    *,
    origin: dict[str, str],
    extracted_at: datetime,
    rating_scale: tuple[int, int],
) -> ParsedFile:
    """Parse one landed file into ``target``, whose records also carry ``origin`` as columns.

    Raises:
        UnreadableFileError: the file is no gzip, CSV or Parquet, or lacks a required column altogether.
    """
    match = _FILE_NAME.fullmatch(path.name)
    entity = entity_of(path.name)
    if match is None or entity is None:
        raise UnreadableFileError("its name tells no known entity and format")
    file_format = match["format"].lower()
    rules = _Rules(origin, extracted_at, rating_scale)
    with _readable_by_duckdb(path, match, target.parent) as readable:
        try:
            reader = _reader(connection, readable, file_format, entity)
            records = _write(connection, reader, target, entity, rules)
        except duckdb.Error as error:
            if file_format != "csv":
                raise UnreadableFileError(_first_line(error)) from None
            # something in the CSV is malformed: sort it out record by record
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                reader = _sieved_csv(path, Path(folder) / "sieved.ndjson", entity)
                records = _write(connection, reader, target, entity, rules)
        found = connection.execute(
            f"select file_row_number, _reasons from read_parquet({sql_file(target)}, file_row_number = true)"
            " where _reasons is not null order by 1"
        ).fetchall()
        _refuse_missing_columns(reader, entity, found)
        try:
            places = dict(_places(connection, readable, file_format, [number for number, _ in found]))
        except (*UNPACKING_ERRORS, duckdb.Error) as error:
            raise UnreadableFileError(_first_line(error)) from None
    bad = []
    for number, reasons in found:
        line, record = places[number]
        if reasons == _MALFORMED and "\ufffd" in record:
            reasons = "text that is not UTF-8"
        bad.append(BadRecord(line, reasons, record))
    return ParsedFile(records, bad)


# --- readers: each yields the raw value of every column, by format -----------------------------------------


@dataclass(frozen=True)
class _Reader:
    """A query of raw values: for each column ``raw`` is the text (or list) that came, ``wrong`` a test of its type."""

    relation: str
    raw: dict[str, str]
    wrong: dict[str, str]
    malformed: str
    """True for a record that could not be read at all."""
    absent: tuple[str, ...] = ()
    """Columns that the whole file does not have, where its format has a header."""


_MALFORMED = "malformed record"


def _reader(connection: duckdb.DuckDBPyConnection, path: Path, file_format: str, entity: Entity) -> _Reader:
    if file_format == "csv":
        return _csv_reader(path, entity)
    if file_format == "parquet":
        return _parquet_reader(connection, path, entity)
    return _ndjson_reader(path, entity)


def _ndjson_reader(path: Path, entity: Entity, *, from_csv: bool = False) -> _Reader:
    """Each line as JSON text; malformed lines come as NULL and keep their place."""
    structure = {
        column.name: "JSON" if column.kind is Kind.LIST and not from_csv else "VARCHAR" for column in entity.columns
    }
    relation = (
        f"(select json, json_transform(case when starts_with(json, '{{') then json end,"
        f" {sql_text(json.dumps(structure))}) as fields"
        f" from read_ndjson_objects({sql_file(path)}, ignore_errors = true, maximum_object_size = {_LARGEST_RECORD},"
        f" compression = '{_packing(path)}'))"
    )
    raw, wrong = {}, {}
    for column in entity.columns:
        text = f"nullif(fields.{column.name}, '')"
        raw[column.name], wrong[column.name] = text, "false"
        if from_csv:
            if column.kind is Kind.LIST:
                raw[column.name] = f"string_split({text}, ';')"
        elif column.kind is Kind.LIST:
            raw[column.name], wrong[column.name] = _json_list(f"fields.{column.name}")
        elif column.kind in (Kind.ID, Kind.TEXT):
            raw[column.name], wrong[column.name] = _json_text(f"fields.{column.name}", column)
    return _Reader(relation, raw, wrong, malformed="fields is null")


def _json_text(text: str, column: Column) -> tuple[str, str]:
    """Text and numbers are taken as text; what looks like anything else is asked for its JSON type.

    Only suspicious values pay for the second look: a list or object, a word of JSON, a number with a fraction.
    """
    json_type = f"json_type(json, '$.{column.name}')"
    suspicious = f"starts_with({text}, '{{') or starts_with({text}, '[') or {text} in ('true', 'false')"
    if column.kind is Kind.TEXT:
        return (
            f"nullif({text}, '')",
            f"case when {suspicious} then {json_type} not in ('VARCHAR', 'DOUBLE') else false end",
        )
    suspicious = f"({suspicious} or contains({text}, '.'))"
    # beyond 2^53 a number with a fraction no longer tells one id from the next
    whole = (
        f"(cast({text} as double) = floor(cast({text} as double)) and abs(cast({text} as double)) < 9007199254740992)"
    )
    return (
        f"case when {suspicious} and {json_type} = 'DOUBLE' then cast(try_cast(try_cast({text} as double) as bigint)"
        f" as varchar) else nullif({text}, '') end",
        f"case when {suspicious} then case {json_type} when 'VARCHAR' then false when 'DOUBLE' then not {whole}"
        " else true end else false end",
    )


def _json_list(value: str) -> tuple[str, str]:
    text = f"cast({value} as varchar)"
    elements = f"list_distinct(json_type({value}, '$[*]'))"
    is_list = f"(starts_with({text}, '[') and len(list_intersect({elements}, ['OBJECT', 'ARRAY', 'BOOLEAN'])) = 0)"
    return (
        f"case when {is_list} then from_json({value}, '[\"VARCHAR\"]') end",
        f"case when {value} is null or {text} in ('null', '\"\"') then false else not {is_list} end",
    )


def _csv_reader(path: Path, entity: Entity) -> _Reader:
    """All columns as text, in strict RFC 4180; any malformed record raises, and the sieve takes over."""
    header = _csv_header(path, entity)
    known = {column.name for column in entity.columns}
    names = [name if name in known else f"_{place}" for place, name in enumerate(header)]
    types = "{" + ", ".join(f"{sql_text(name)}: 'varchar'" for name in names) + "}"
    relation = (  # with an empty text for NULL, an empty line would be a record in a file of one column
        f"read_csv({sql_file(path)}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"',"
        f" strict_mode = true, null_padding = false, nullstr = '\x01', allow_quoted_nulls = false, columns = {types},"
        f" max_line_size = {_LARGEST_RECORD}, compression = '{_packing(path)}')"
    )
    raw = {}
    for column in entity.columns:
        text = f"nullif({_quoted(column.name)}, '')" if column.name in header else "cast(null as varchar)"
        raw[column.name] = f"string_split({text}, ';')" if column.kind is Kind.LIST else text
    absent = tuple(column.name for column in entity.columns if column.name not in header)
    return _Reader(relation, raw, dict.fromkeys(raw, "false"), malformed="false", absent=absent)


def _csv_header(path: Path, entity: Entity) -> list[str]:
    try:
        with _open_text(path, errors="replace") as file:
            header = next(csv.reader(file), None)
    except (*UNPACKING_ERRORS, csv.Error) as error:
        raise UnreadableFileError(str(error)) from None
    if not header:
        raise UnreadableFileError("a CSV file begins with a header, and this one is empty")
    repeated = [column.name for column in entity.columns if header.count(column.name) > 1]
    if repeated:
        raise UnreadableFileError(f"its header names the column '{repeated[0]}' twice")
    return header


def _sieved_csv(path: Path, target: Path, entity: Entity) -> _Reader:
    """A CSV file with malformed records, as NDJSON in which each of those is a line that is no JSON."""
    header = _csv_header(path, entity)
    try:
        with target.open("w", encoding="utf-8") as out:
            for _, fields, _ in _csv_records(path):
                if fields is None or len(fields) != len(header):
                    out.write("malformed\n")
                else:
                    out.write(json.dumps(dict(zip(header, fields, strict=True))) + "\n")
    except UNPACKING_ERRORS as error:
        raise UnreadableFileError(str(error)) from None
    reader = _ndjson_reader(target, entity, from_csv=True)
    absent = tuple(column.name for column in entity.columns if column.name not in header)
    return _Reader(reader.relation, reader.raw, reader.wrong, reader.malformed, absent)


def _csv_records(path: Path) -> Iterator[tuple[int, list[str] | None, str]]:
    """Each record after the header: its line, its fields (None when malformed or not UTF-8), its text."""
    csv.field_size_limit(_LARGEST_RECORD)
    with _open_text(path, errors="surrogateescape") as file:
        taken: list[str] = []

        def lines() -> Iterator[str]:
            for line in file:
                taken.append(line)
                yield line

        reader = csv.reader(lines(), strict=True)
        first = 1
        header = True
        while True:
            taken.clear()
            fields: list[str] | None
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:
                fields = None
            record = "".join(taken)
            if any("\udc80" <= character <= "\udcff" for character in record):
                fields = None
                record = record.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            if not header and (fields is None or fields):  # an empty line is no record
                yield first, fields, record.rstrip("\r\n")
            header = False
            first += len(taken)


def _parquet_reader(connection: duckdb.DuckDBPyConnection, path: Path, entity: Entity) -> _Reader:
    """Values in the types that the file gives them."""
    types = _parquet_types(connection, path)
    relation = f"read_parquet({sql_file(path)})"
    raw, wrong = {}, {}
    for column in entity.columns:
        if column.name not in types:
            raw[column.name], wrong[column.name] = _null_raw(column), "false"
        else:
            raw[column.name], wrong[column.name] = _parquet_value(column, types[column.name])
    absent = tuple(column.name for column in entity.columns if column.name not in types)
    return _Reader(relation, raw, wrong, malformed="false", absent=absent)


def _parquet_types(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    described = connection.execute(f"describe from read_parquet({sql_file(path)})").fetchall()
    return {str(name): str(kind) for name, kind, *_ in described}


def _null_raw(column: Column) -> str:
    return f"cast(null as {'varchar[]' if column.kind is Kind.LIST else 'varchar'})"


def _parquet_value(column: Column, kind: str) -> tuple[str, str]:
    """The raw value of a Parquet column, and the test of its type."""
    name = _quoted(column.name)
    refused = _null_raw(column), f"{name} is not null"
    if column.kind is Kind.LIST:
        element = kind.removesuffix("[]")
        simple = kind.endswith("[]") and (element == "VARCHAR" or _is_number(element))
        if kind == "VARCHAR":  # an empty text is a missing list too
            return _null_raw(column), f"{name} <> ''"
        return (f"cast({name} as varchar[])", "false") if simple else refused
    if kind == "VARCHAR":
        return f"nullif({name}, '')", "false"
    if column.kind is Kind.INSTANT:
        if kind == "TIMESTAMP WITH TIME ZONE":
            return f"cast({name} as varchar)", "false"
        if kind.startswith("TIMESTAMP"):
            return f"strftime(cast({name} as timestamp), '%Y-%m-%dT%H:%M:%S.%f')", "false"
        return refused
    if column.kind is Kind.BOOLEAN:
        return (f"cast({name} as varchar)", "false") if kind == "BOOLEAN" or _is_whole(kind) else refused
    if _is_whole(kind) or (column.kind in (Kind.TEXT, Kind.RATING) and _is_number(kind)):
        return f"cast({name} as varchar)", "false"
    if column.kind is Kind.ID and kind.startswith("DECIMAL"):
        return f"cast(cast(floor({name}) as hugeint) as varchar)", f"coalesce({name} <> floor({name}), false)"
    if column.kind is Kind.ID and _is_number(kind):
        number = f"cast({name} as double)"
        whole = f"coalesce({number} = floor({number}) and abs({number}) < 9007199254740992, true)"
        return f"cast(try_cast({name} as bigint) as varchar)", f"not {whole}"
    return refused


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


# --- types and reasons: the same for every format -----------------------------------------------------------


@dataclass(frozen=True)
class _Rules:
    """What a file's records are held against beside their entity, and where they came from."""

    origin: dict[str, str]
    extracted_at: datetime
    rating_scale: tuple[int, int]


def _write(
    connection: duckdb.DuckDBPyConnection,
    reader: _Reader,
    target: Path,
    entity: Entity,
    rules: _Rules,
) -> int:
    """Write the typed records with their reasons; the number of records."""
    raw = ",\n".join(f"{reader.raw[column.name]} as raw_{column.name}" for column in entity.columns)
    wrong = ",\n".join(f"{reader.wrong[column.name]} as wrong_{column.name}" for column in entity.columns)
    typed = ",\n".join(f"{_typed(column)} as {column.name}" for column in entity.columns)
    names = ", ".join(column.name for column in entity.columns)
    origin = ", ".join(f"{sql_text(value)} as {name}" for name, value in rules.origin.items())
    fine = [test for column in entity.columns for test in _fine(column, rules)]
    reasons = [reason for column in entity.columns for reason in _reasons(column, entity, rules)]
    query = f"""
        with raw_values as (select {raw}, {wrong}, {reader.malformed} as is_malformed from {reader.relation}),
        typed_values as (select *, {typed} from raw_values)
        select
            {names},
            {origin},
            case when is_malformed then '{_MALFORMED}' when {" and ".join(fine)} then null
                else nullif(concat_ws('; ', {", ".join(reasons)}), '') end as _reasons
        from typed_values
    """
    row = connection.execute(f"copy ({query}) to {sql_text(target)} (format parquet)").fetchone()
    assert row is not None
    return int(row[0])


_SPACE = r"[\s\v\x1c-\x1f\x{85}\pZ]"


def _trimmed(text: str) -> str:
    """Without the white space around it, all that Unicode calls so."""
    return f"regexp_replace({text}, '^{_SPACE}+|{_SPACE}+$', '', 'g')"


def _typed(column: Column) -> str:
    raw = f"raw_{column.name}"
    if column.kind is Kind.INSTANT:
        clean = f"upper({_trimmed(raw)})"
        return (  # the usual spelling first: the second look is for the rest only
            f"case when regexp_full_match({raw}, '{_INSTANT}') then try_cast({raw} as timestamptz)"
            f" when regexp_full_match({clean}, '{_INSTANT}') then try_cast({clean} as timestamptz) end"
        )
    if column.kind is Kind.BOOLEAN:
        word = f"lower({_trimmed(raw)})"
        return (
            f"case when {raw} = 'true' then true when {raw} = 'false' then false"
            f" when {word} in ('true', '1') then true when {word} in ('false', '0') then false end"
        )
    if column.kind is Kind.RATING:
        number = f"try_cast({raw} as double)"
        return f"case when {number} = floor({number}) then try_cast({number} as integer) end"
    return raw


def _fine(column: Column, rules: _Rules) -> Iterator[str]:
    """SQL that tells cheaply that nothing is wrong with a column, so that reasons are sought for few records only."""
    name, raw = column.name, f"raw_{column.name}"
    yield f"not wrong_{name}"
    if column.required:
        yield f"{raw} is not null"
    if column.words:
        yield f"{raw} in ({', '.join(sql_text(word) for word in column.words)})"
    if column.kind in (Kind.INSTANT, Kind.BOOLEAN, Kind.RATING):
        yield f"({raw} is null or {name} is not null)"
    if column.happened:
        yield f"({name} is null or {name} <= {_latest(rules)})"
    if column.kind is Kind.RATING:
        yield f"({name} is null or {name} between {rules.rating_scale[0]} and {rules.rating_scale[1]})"


def _latest(rules: _Rules) -> str:
    """SQL of the latest instant at which something can have happened."""
    return f"make_timestamptz({round((rules.extracted_at.timestamp() + FUTURE_TOLERANCE_SECONDS) * 1_000_000)})"


def _reasons(column: Column, entity: Entity, rules: _Rules) -> Iterator[str]:
    """SQL that gives a text for each thing that is wrong with a column of a record, else NULL."""
    name, raw = column.name, f"raw_{column.name}"
    yield f"case when wrong_{name} then {sql_text(f'{name}: {_WRONG_TYPE[column.kind]}')} end"
    if column.required:
        needed = "" if name == entity.key or not entity.has_deletions else " and deleted is not true"
        yield f"case when {raw} is null and not wrong_{name}{needed} then '{name}: missing' end"
    if column.kind is Kind.INSTANT:
        without = f"regexp_full_match({_trimmed(raw)}, '{_INSTANT_WITHOUT_OFFSET}')"
        yield (
            f"case when {raw} is not null and {name} is null then case when {without}"
            f" then '{name}: an instant without an offset' else '{name}: no instant' end end"
        )
    elif column.kind in (Kind.BOOLEAN, Kind.RATING):
        yield f"case when {raw} is not null and {name} is null then '{name}: {_WRONG_TYPE[column.kind]}' end"
    if column.happened:
        yield f"case when {name} > {_latest(rules)} then '{name}: later than the extraction of its batch' end"
    if column.words:
        words = ", ".join(sql_text(word) for word in column.words)
        yield (
            f"case when {raw} not in ({words}) and lower({_trimmed(raw)}) not in ({words})"
            f" then '{name}: none of {' or '.join(column.words)}' end"
        )
    if column.kind is Kind.RATING:
        low, high = rules.rating_scale
        yield f"case when {name} not between {low} and {high} then '{name}: outside the scale {low} to {high}' end"


_WRONG_TYPE = {
    Kind.ID: "neither text nor a whole number",
    Kind.TEXT: "no text",
    Kind.INSTANT: "no instant",
    Kind.BOOLEAN: "neither true nor false",
    Kind.LIST: "no list of text",
    Kind.RATING: "no whole number",
}


def _refuse_missing_columns(reader: _Reader, entity: Entity, bad: list[tuple[int, str]]) -> None:
    """A header without a required column is no bad row but a file that cannot be what it says."""
    for column in entity.columns:
        if column.required and column.name in reader.absent:
            concerned = any(f"{column.name}: missing" in reasons for _, reasons in bad)
            if concerned or column.name == entity.key:
                raise UnreadableFileError(f"it has no column '{column.name}', which {entity.name} require")


# --- where a bad record stands -------------------------------------------------------------------------------


def _places(
    connection: duckdb.DuckDBPyConnection, path: Path, file_format: str, numbers: list[int]
) -> Iterator[tuple[int, tuple[int, str]]]:
    """For each record number (from 0) its line (from 1) and its text. Reads no further than the last one."""
    wanted = set(numbers)
    if not wanted:
        return
    if file_format == "parquet":
        names = (_quoted(name) for name in _parquet_types(connection, path))
        columns = ", ".join(f"{name} := {name}" for name in names)
        rows = connection.execute(
            f"select number, record from (select row_number() over () - 1 as number, to_json(struct_pack({columns}))"
            f" as record from read_parquet({sql_file(path)}))"
            f" where number in ({', '.join(map(str, sorted(wanted)))})"
        ).fetchall()
        for number, record in rows:
            yield number, (number + 1, record)
        return
    records = ((line, text) for line, _, text in _csv_records(path)) if file_format == "csv" else _ndjson_records(path)
    for number, (line, text) in enumerate(records):
        if number in wanted:
            yield number, (line, text)
            wanted.discard(number)
            if not wanted:
                return


def _ndjson_records(path: Path) -> Iterator[tuple[int, str]]:
    with _open_binary(path) as file:
        for line, content in enumerate(file, start=1):
            if content.strip():
                yield line, content.decode("utf-8", "replace").rstrip("\r\n")


# --- files ---------------------------------------------------------------------------------------------------


def is_packed(path: Path) -> bool:
    """Whether a file is a gzip file by its name."""
    return path.suffix.lower() == ".gz"


def _packing(path: Path) -> str:
    return "gzip" if is_packed(path) else "uncompressed"


def _open_binary(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if is_packed(path) else path.open("rb")  # type: ignore[return-value]


def _open_text(path: Path, *, errors: str) -> IO[str]:
    opened = gzip.open if is_packed(path) else open
    return opened(path, "rt", encoding="utf-8-sig", errors=errors, newline="")


@contextmanager
def _readable_by_duckdb(path: Path, match: re.Match[str], scratch: Path) -> Iterator[Path]:
    """DuckDB reads packed text as it lies, but neither packed Parquet nor a byte order mark before NDJSON."""
    is_packed_parquet = match["format"].lower() == "parquet" and match["gz"]
    may_have_mark = match["format"].lower() in ("ndjson", "jsonl")
    with ExitStack() as stack:
        readable = path
        try:
            with _open_binary(path) as file:
                if is_packed_parquet or (may_have_mark and file.read(len(BOM_UTF8)) == BOM_UTF8):
                    folder = stack.enter_context(tempfile.TemporaryDirectory(dir=scratch))
                    readable = Path(folder) / path.stem
                    with readable.open("wb") as out:
                        shutil.copyfileobj(file, out)
        except UNPACKING_ERRORS as error:
            raise UnreadableFileError(str(error)) from None
        yield readable


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
