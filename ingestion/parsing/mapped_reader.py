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
from ingestion.parsing.readers import Reader, csv_relation, header_of, json_lines, parquet_types
from ingestion.parsing.rules import INSTANT, INSTANT_WITHOUT_OFFSET, Value
from ingestion.shown import visible
from ingestion.sql import sql_file, sql_name, sql_text


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
_NO_ID = rf"(?i)({_FLOAT_ID}|-?\d([.,]\d+)?e\+\d+|true|false)"
"""A number that has lost digits, as ``1.23E+15`` in a spreadsheet or beyond 2⁵³ in a data frame; a boolean."""
_FLOATS = ("FLOAT", "DOUBLE")
_LAST_DAY = 3_000_000
"""No date of a spreadsheet has so many days."""
_LATEST = 253_402_300_800_000_000
"""Microseconds to the year 10,000."""


def reader_of(connection: duckdb.DuckDBPyConnection, path: Path, file: MappedFile, latest: datetime) -> MappedReader:
    """The records of a file, mapped. ``latest``: nothing in it can have happened later."""
    needed = dict.fromkeys([*used(file.mapping), *(file.needs or ())])
    plain, text_of = plain_reader(connection, path, file.format, file.delimiter, needed, file.bounds)
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
    """The records of a file with the columns that it has, and SQL of the text of each.

    ``needed``: the columns to be read; of Parquet, all where none is named.

    ``skips_malformed``: malformed records of CSV are left out instead of raising an error.
    """
    if file_format == "csv":
        relation, text_of = _csv(path, header_of(path, bounds, needed, delimiter), delimiter, skips_malformed)
        return Reader(relation, {}), text_of
    if file_format == "parquet":
        types = parquet_types(connection, path)
        relation, text_of = _parquet(path, types, list(needed) or list(types))
        return Reader(relation, {}), text_of
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
    names = [f"c{index}" for index in range(len(header))]
    relation = csv_relation([path], names, delimiter, skips_malformed=skips_malformed)
    return relation, lambda name: position(header, name)


def _parquet(path: Path, types: dict[str, str], needed: list[str]) -> tuple[str, TextOf]:
    names = ", ".join(f"{sql_name(name)} as {position(needed, name)}" for name in needed)

    def text(name: str) -> str:
        kind, value = types[name], position(needed, name)
        if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
            return f"cast(to_json({value}) as varchar)"
        spelled = f"cast({value} as varchar)"
        return f"case when isnan({value}) then null else {spelled} end" if kind in _FLOATS else spelled

    return f"(select {names} from read_parquet({sql_file(path)}))", text


def _json(path: Path, bounds: Bounds) -> Reader:
    return Reader(json_lines(path, {"_": "VARCHAR"}, bounds), {}, malformed="fields is null")


def of_json(name: str) -> str:
    """The text of a value in the column ``json``: under its name, or where the points in its name lead."""
    if "[*]" in name:
        return f"cast(to_json(nullif(json_extract_string(json, {paths(name)[0]}), [])) as varchar)"
    return f"coalesce({', '.join(f'json_extract_string(json, {path})' for path in paths(name))})"


def paths(name: str) -> list[str]:
    """SQL of where a column may be in a record of JSON."""
    if "[*]" in name:
        return [sql_text(f"$.{name}")]
    inside = ".".join(map(sql_name, name.split(".")))
    return [sql_text(f"$.{path}") for path in dict.fromkeys([sql_name(name), inside])]


def clean(text: str) -> str:
    """SQL of a text without blanks around it, NULL where nothing is left."""
    return f"nullif(trim({text}, {sql_text(_BLANKS)}), '')"


def _mapped(plain: Reader, text_of: TextOf, file: MappedFile, latest: datetime) -> MappedReader:
    """``plain``: a relation with the columns of the file, and which of its records are malformed."""

    def text(name: str) -> str:
        return clean(text_of(name))

    relation = plain.relation
    needs = file.needs
    key = next(column for column in file.entity.columns if column.name == file.entity.key)
    if needs is None:
        is_kept = f"{_said(key, file.mapping.columns[key.name], text)} is not null"
    elif not needs and file.format == "csv":  # spreadsheets write rows of delimiters only
        is_kept = " or ".join(f"{text(name)} is not null" for name in used(file.mapping))
    else:
        is_kept = " and ".join(f"{text(name)} is not null" for name in needs)
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
            absolute, locals_[column.name] = _instants(said, mapped)
            local = local_name(column.name)
            values[column.name] = Value(
                f"coalesce({absolute}, {_in_utc(local, mapped.timezone, latest)})",
                f"{said} is not null and {local} is null and {absolute} is null",
                typed=f"raw_{column.name}",
            )
        elif column.type is ColumnType.LIST:
            values[column.name] = _list(_said(column, mapped, text), mapped.separator)
        elif column.type is ColumnType.ID:
            said, wrong = _said(column, mapped, text), _no_id(column, mapped, text)
            values[column.name] = Value(f"case when not ({wrong}) then {said} end", wrong)
        else:
            said = _said(column, mapped, text)
            is_object = column.type is ColumnType.TEXT and file.format == "ndjson"
            values[column.name] = Value(said, _is_nested(mapped.names, said) if is_object else "false")
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
    parts = _parts(column, mapped, text)
    said = parts[0]
    if len(parts) > 1 and column.type is ColumnType.ID:  # of a part of a key there may be several
        said = f" || {sql_text(mapped.joined_by)} || ".join(parts)
    elif len(parts) > 1:
        said = f"nullif(concat_ws({sql_text(mapped.joined_by)}, {', '.join(parts)}), '')"
    if mapped.missing:
        words = ", ".join(_word(sql_text(word)) for word in mapped.missing)
        said = f"case when {_word(said)} in ({words}) then null else {said} end"
    if mapped.values:
        cases = " ".join(f"when {_word(sql_text(word))} then {sql_text(to)}" for word, to in mapped.values.items())
        said = f"nullif(case {_word(said)} {cases} else {said} end, '')"
    return said


def _parts(column: Column, mapped: MappedColumn, text: TextOf) -> list[str]:
    """SQL of the text of each column of the file; in a key, whole numbers as such."""
    texts = [text(name) for name in mapped.names]
    if column.type is not ColumnType.ID:
        return texts
    return [  # beyond 2^53 a double no longer distinguishes one id from the next
        f"case when regexp_full_match({one}, '{_FLOAT_ID}') and abs(try_cast({one} as double)) < 9007199254740992"
        f" then split_part({one}, '.', 1) else {one} end"
        for one in texts
    ]


def _word(text: str) -> str:
    """SQL of a text as words are compared: without regard to case, and to how an accent is written."""
    return f"lower(nfc_normalize({clean(text)}))"


def _no_id(column: Column, mapped: MappedColumn, text: TextOf) -> str:
    """SQL: whether what should be an id is a number that has lost digits, a boolean, an object or a list."""
    parts = _parts(column, mapped, text)
    ids = parts if len(parts) > 1 else [_said(column, mapped, text)]
    tests = (
        f"regexp_full_match({one}, '{_NO_ID}')"
        f" or ((starts_with({one}, '{{') or starts_with({one}, '[')) and json_valid({one}))"
        for one in ids
    )
    return f"coalesce({' or '.join(tests)}, false)"


def _is_nested(names: list[str], said: str) -> str:
    """SQL: whether what should be text is an object or a list of JSON."""
    kinds = [f"json_type(json, {path})" for name in names for path in paths(name)]
    if not kinds:
        return "false"
    return (
        f"case when starts_with({said}, '{{') or starts_with({said}, '[')"
        f" then coalesce({', '.join(kinds)}) in ('OBJECT', 'ARRAY') else false end"
    )


def _list(text: str, separator: str) -> Value:
    """A list from its text: a list of JSON, or parts without blanks around them."""
    parts = f"list_transform(string_split({text}, {sql_text(separator)}), lambda part: trim(part))"
    is_json = f"(starts_with({text}, '[') and json_valid({text}))"
    spelled = f"case when {is_json} then {text} end"
    return Value(
        f"case when {is_json} then from_json({spelled}, '[\"VARCHAR\"]')"
        f" else list_filter({parts}, lambda part: part <> '') end",
        f"coalesce(len(list_intersect(list_distinct(json_type({spelled}, '$[*]')),"
        " ['OBJECT', 'ARRAY', 'BOOLEAN'])) > 0, false)",
    )


# --- instants -----------------------------------------------------------------------------------------------


def local_name(column: str) -> str:
    """The name of a column of local times, in microseconds since 1970 there."""
    return f"local_{column}"


def _instants(text: str, mapped: MappedColumn) -> tuple[str, str]:
    """SQL of an instant whose text says all, and of a local time in microseconds since 1970 there.

    At most one of them is not NULL: that of the first format that fits.
    """
    absolute, local, numbers = ["cast(null as timestamptz)"], ["cast(null as timestamp)"], []
    for one in mapped.formats:
        if one in EPOCHS:
            number = f"try_cast(round(try_cast({text} as double) * {EPOCHS[one]}) as bigint)"
            fitting = f"regexp_full_match({text}, '-?\\d+(\\.\\d+)?') and {number} between -{_LATEST} and {_LATEST}"
            fitting += "".join(f" and {before} is null" for before in local[1:])
            numbers.append(f"make_timestamptz(case when {fitting} then {number} end)")
            absolute.append(numbers[-1])
        elif "%z" in one:
            absolute.append(f"try_strptime({text}, {sql_text(one)})")
        else:
            found = _local(text, one, mapped.timezone)
            local.append(f"case when coalesce({', '.join(numbers)}) is null then {found} end" if numbers else found)
            if one == ISO:
                is_whole = f"regexp_full_match({text}, '{INSTANT}')"
                absolute.append(f"case when {is_whole} then try_cast({text} as timestamptz) end")
    return f"coalesce({', '.join(absolute)})", f"epoch_us(coalesce({', '.join(local)}))"


def _local(text: str, one: str, timezone: str | None) -> str:
    """SQL of a local time in one format."""
    if one == EXCEL:
        days = f"try_cast({text} as double)"
        days = f"case when abs({days}) < {_LAST_DAY} then {days} end"
        return f"timestamp '1899-12-30' + to_seconds(cast(round(({days}) * 86400) as bigint))"
    if one == ISO:
        is_local = f"regexp_full_match({text}, '{INSTANT_WITHOUT_OFFSET}')" if timezone else "false"
        return f"case when {is_local} then try_cast({text} as timestamp) end"
    return f"try_strptime({text}, {sql_text(one)})"


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
    kept = f"select number, row_number() over (order by number) - 1 as nth from ({numbered}) where {reader.is_kept}"
    wanted = f"select nth, number from ({kept}) where nth in (select unnest($1))"
    numbers = dict(connection.execute(wanted, [[number for number, _ in rows.bad]]).fetchall())
    return Rows(rows.records, [(numbers[number], why) for number, why in rows.bad])
