"""Raw values of the files of another system, by the mapping of their entity.

Here: the SQL of a mapping over the columns of a file, whose values are all text. Not here: what a mapping may say
(``file_mapping``), how a file of another form becomes CSV, NDJSON or Parquet (``mapped_files``), types and reasons
(``rules``).

A local time that a change of the clocks leaves out is read with the offset before the change, one that comes twice is
the earlier one, as Python (PEP 495) and Java read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import duckdb

from ingestion import zones
from ingestion.bounds import Bounds
from ingestion.export_format import Column, ColumnType
from ingestion.file_mapping import EPOCHS, EXCEL, ISO, MappedColumn, MappedEntity
from ingestion.parsing.files import MappedFile
from ingestion.parsing.parsed_rows import Rows
from ingestion.parsing.readers import Reader, header_of, json_lines, parquet_types
from ingestion.parsing.rules import INSTANT, INSTANT_WITHOUT_OFFSET, Value
from ingestion.shown import visible
from ingestion.sql import sql_file, sql_name, sql_text
from ingestion.storage.compression import compression_of


@dataclass(frozen=True)
class MappedReader(Reader):
    """``all_records``: the records of the file. ``is_kept``: SQL that is true for those of the entity."""

    all_records: str = ""
    is_kept: str = "true"


TextOf = Callable[[str], str]
"""From the name of a column of a file to SQL of its text."""
_BLANKS = " \t\r\n\u00a0"
_NEAR = 24 * 60 * 60
_FLOAT_ID = r"-?\d+\.0+"
"""A whole number as a data frame writes it in a column that has gaps."""


def reader_of(connection: duckdb.DuckDBPyConnection, path: Path, file: MappedFile, latest: datetime) -> MappedReader:
    """The records of a file, mapped. ``latest``: nothing in it can have happened later."""
    plain, text_of = plain_reader(connection, path, file.format, file.delimiter, used(file.mapping), file.bounds)
    return _mapped(plain, text_of, file, latest)


def plain_reader(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file_format: str,
    delimiter: str,
    needed: Iterable[str],
    bounds: Bounds,
    *,
    skips_malformed: bool = False,
) -> tuple[Reader, TextOf]:
    """The records of a file with the columns that it has, and SQL of the text of each. ``needed``: those to be read.

    ``skips_malformed``: malformed records of CSV are left out instead of raising an error.
    """
    if file_format == "csv":
        relation, text_of = _csv(path, header_of(path, bounds, needed, delimiter), delimiter, skips_malformed)
        return Reader(relation, {}), text_of
    if file_format == "parquet":
        return Reader(f"read_parquet({sql_file(path)})", {}), _of_parquet(connection, path)
    return _json(path, bounds), of_json


def used(mapping: MappedEntity) -> list[str]:
    """The columns of a file that a mapping reads."""
    return list(dict.fromkeys(name for of in mapping.columns.values() for name in of.names))


def sieved_reader(sieved: Path, file: MappedFile, latest: datetime, header: list[str]) -> MappedReader:
    """The records of a CSV file that was written as NDJSON, with the positions of its columns as names."""
    return _mapped(_json(sieved, file.bounds), lambda name: of_json(position(header, name)), file, latest)


def position(header: list[str], name: str) -> str:
    """What a column of a CSV file is called in SQL: its name may be anything."""
    return f"c{header.index(name)}"


def _csv(path: Path, header: list[str], delimiter: str, skips_malformed: bool) -> tuple[str, TextOf]:
    types = "{" + ", ".join(f"'c{index}': 'varchar'" for index in range(len(header))) + "}"
    strictness = "strict_mode = false, ignore_errors = true" if skips_malformed else "strict_mode = true"
    relation = (
        f"read_csv({sql_file(path)}, auto_detect = false, header = true, delim = {sql_text(delimiter)}, quote = '\"',"
        f" escape = '\"', {strictness}, null_padding = false, nullstr = '\x01', allow_quoted_nulls = false,"
        f" columns = {types}, compression = '{compression_of(path)}')"
    )
    return relation, lambda name: position(header, name)


def _of_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> TextOf:
    types = parquet_types(connection, path)

    def text(name: str) -> str:
        value = sql_name(name)
        return f"cast({f'to_json({value})' if types[name].endswith('[]') else value} as varchar)"

    return text


def _json(path: Path, bounds: Bounds) -> Reader:
    return Reader(json_lines(path, {"_": "VARCHAR"}, bounds), {}, malformed="fields is null")


def of_json(name: str) -> str:
    """The text of a value in the column ``json``: under its name, or where the points in its name lead."""
    whole = f"json_extract_string(json, {sql_text(f'$.{sql_name(name)}')})"
    if "[*]" in name:
        return f"cast(to_json(nullif(json_extract_string(json, {sql_text(f'$.{name}')}), [])) as varchar)"
    if "." not in name:
        return whole
    path = ".".join(map(sql_name, name.split(".")))
    return f"coalesce({whole}, json_extract_string(json, {sql_text(f'$.{path}')}))"


def clean(text: str) -> str:
    """SQL of a text without blanks around it, NULL where nothing is left."""
    return f"nullif(trim({text}, {sql_text(_BLANKS)}), '')"


def _mapped(plain: Reader, text_of: TextOf, file: MappedFile, latest: datetime) -> MappedReader:
    """``plain``: a relation with the columns of the file, and which of its records are malformed."""

    def text(name: str) -> str:
        return clean(text_of(name))

    relation = plain.relation
    is_kept = " and ".join(f"{text(name)} is not null" for name in file.needs)
    if is_kept:
        is_kept = f"{plain.malformed} or ({is_kept})"
        relation = f"(select * from {relation} where {is_kept})"
    values, locals_ = {}, {}
    for column in file.entity.columns:
        mapped = file.mapping.columns.get(column.name)
        if mapped is None:
            kind = "varchar[]" if column.type is ColumnType.LIST else "varchar"
            values[column.name] = Value(f"cast(null as {kind})")
        elif column.type is ColumnType.INSTANT and (mapped.timezone or mapped.formats != [ISO]):
            said = _said(column, mapped, text)
            locals_[column.name] = _local(said, mapped)
            absolute, local = _absolute(said, mapped), local_name(column.name)
            values[column.name] = Value(
                f"coalesce({absolute}, {_in_utc(local, mapped.timezone, latest)})",
                f"{said} is not null and {local} is null and {absolute} is null",
                typed=f"raw_{column.name}",
            )
        elif column.type is ColumnType.LIST:
            values[column.name] = Value(_list(_said(column, mapped, text), mapped.separator))
        else:
            values[column.name] = Value(_said(column, mapped, text))
    if locals_:
        also = ", ".join(f"{local} as {local_name(name)}" for name, local in locals_.items())
        relation = f"(select *, {also} from {relation})"
    absent = frozenset(column.name for column in file.entity.columns if column.name not in file.mapping.columns)
    return MappedReader(
        relation, values, plain.malformed, absent=absent, all_records=plain.relation, is_kept=is_kept or "true"
    )


def _said(column: Column, mapped: MappedColumn, text: TextOf) -> str:
    """What a record says of a column, in words of the export format."""
    if mapped.constant is not None:
        return sql_text(mapped.constant)
    parts = [text(name) for name in mapped.names]
    said = parts[0]
    if len(parts) > 1 and column.type is ColumnType.ID:  # of a part of a key there may be several
        said = f" || {sql_text(mapped.joined_by)} || ".join(parts)
    elif len(parts) > 1:
        said = f"nullif(concat_ws({sql_text(mapped.joined_by)}, {', '.join(parts)}), '')"
    if mapped.missing:
        words = ", ".join(sql_text(word.strip().lower()) for word in mapped.missing)
        said = f"case when lower({said}) in ({words}) then null else {said} end"
    if mapped.values:
        cases = " ".join(
            f"when {sql_text(word.strip().lower())} then {sql_text(meant)}" for word, meant in mapped.values.items()
        )
        said = f"case lower({said}) {cases} else {said} end"
    if column.type is ColumnType.ID:
        said = f"case when regexp_full_match({said}, '{_FLOAT_ID}') then split_part({said}, '.', 1) else {said} end"
    return said


def _list(text: str, separator: str) -> str:
    """A list from its text: a list of JSON, or parts without blanks around them."""
    parts = f"list_transform(string_split({text}, {sql_text(separator)}), lambda part: trim(part))"
    is_json = f"(starts_with({text}, '[') and json_valid({text}))"
    return (
        f"case when {is_json} then from_json(case when {is_json} then {text} end, '[\"VARCHAR\"]')"
        f" else list_filter({parts}, lambda part: part <> '') end"
    )


# --- instants -----------------------------------------------------------------------------------------------


def local_name(column: str) -> str:
    """The name of a column of local times, in microseconds since 1970 there."""
    return f"local_{column}"


def _absolute(text: str, mapped: MappedColumn) -> str:
    """SQL of an instant whose text says all."""
    found = ["cast(null as timestamptz)"]
    for one in mapped.formats:
        if one == ISO:
            found.append(f"case when regexp_full_match({text}, '{INSTANT}') then try_cast({text} as timestamptz) end")
        elif one in EPOCHS:
            number = f"try_cast(round(try_cast({text} as double) * {EPOCHS[one]}) as bigint)"
            found.append(f"case when regexp_full_match({text}, '-?\\d+(\\.\\d+)?') then make_timestamptz({number}) end")
        elif "%z" in one:
            found.append(f"try_strptime({text}, {sql_text(one)})")
    return f"coalesce({', '.join(found)})"


def _local(text: str, mapped: MappedColumn) -> str:
    """SQL of a local time, in microseconds since 1970 there; NULL where the text has no such form."""
    found = ["cast(null as timestamp)"]
    for one in mapped.formats:
        if one == ISO and mapped.timezone:
            is_local = f"regexp_full_match({text}, '{INSTANT_WITHOUT_OFFSET}')"
            found.append(f"case when {is_local} then try_cast({text} as timestamp) end")
        elif one == EXCEL:
            seconds = f"try_cast(round(try_cast({text} as double) * 86400) as bigint)"
            found.append(f"timestamp '1899-12-30' + to_seconds({seconds})")
        elif one not in (ISO, *EPOCHS) and "%z" not in one:
            found.append(f"try_strptime({text}, {sql_text(one)})")
    return f"epoch_us(coalesce({', '.join(found)}))"


def _in_utc(local: str, timezone: str | None, latest: datetime) -> str:
    """SQL of the instant of a local time."""
    if timezone is None:
        return "cast(null as timestamptz)"
    cases = " ".join(
        f"when {local} >= {second * 1_000_000} then {offset * 1_000_000}"
        for second, _, offset in reversed(list(changes(timezone, latest)))
    )
    first = zones.stretches(timezone)[0][1] * 1_000_000
    return f"make_timestamptz({local} - {f'case {cases} else {first} end' if cases else first})"


def changes(timezone: str, latest: datetime) -> Iterator[tuple[int, int, int]]:
    """The changes of a zone's clocks up to an instant: the local seconds from which the new offset holds, the first
    local second that is left out or comes twice, and the new offset.
    """
    stretches = zones.stretches(timezone)
    for (_, before), (instant, offset) in pairwise(stretches):
        if instant < latest.timestamp():
            yield instant + max(before, offset), instant + min(before, offset), offset


def odd_times(
    connection: duckdb.DuckDBPyConnection, reader: MappedReader, file: MappedFile, latest: datetime, parsed: Path
) -> list[str]:
    """Lines about local times that a change of the clocks leaves out, or that come twice.

    ``parsed``: the records as they were written. The file is read once more only where clocks changed between the
    first and the last of them.
    """
    found = []
    for name, of in file.mapping.columns.items():
        if of.timezone is None:
            continue
        extremes = f"select min(epoch({name})), max(epoch({name})) from read_parquet({sql_file(parsed)})"
        ((first, last),) = connection.execute(extremes).fetchall()
        windows = [
            (end, begin)
            for end, begin, offset in changes(of.timezone, latest)
            if first is not None and first - _NEAR < end - offset < last + _NEAR
        ]
        if not windows:
            continue
        local = local_name(name)
        within = " or ".join(
            f"{local} >= {begin * 1_000_000} and {local} < {end * 1_000_000}" for end, begin in windows
        )
        # a condition would be pushed down to the text, which would be read as a time once for each comparison
        counting = f"select count(*) filter ({within}) from {reader.relation}"
        ((count,),) = connection.execute(counting).fetchall()
        if count:
            found.append(
                f"{count:,} {file.entity.name} of {visible(file.name)} have a {name} that the clocks of {of.timezone}"
                " left out or showed twice: the former are read with the offset before, the latter as the first time"
            )
    return found


def in_their_file(connection: duckdb.DuckDBPyConnection, reader: MappedReader, rows: Rows) -> Rows:
    """The same rows, whose bad ones are numbered among all records of their file, also those of no such entity."""
    if reader.is_kept == "true" or not rows.bad:
        return rows
    numbered = f"select row_number() over () - 1 as number, * from {reader.all_records}"
    kept = connection.execute(f"select number from ({numbered}) where {reader.is_kept} order by number").fetchall()
    return Rows(rows.records, [(kept[number][0], why) for number, why in rows.bad])
