"""Records of live systems as raw values: each line as JSON, with values read at their paths.

Here: the reader of native NDJSON, and how a changed interface is recognized. Not here: the paths
(``live_formats``), the formats of the export (``readers``), types and reasons (``rules``).
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from ingestion.bounds import Bounds
from ingestion.export_format import Column, ColumnType, Entity
from ingestion.parsing.readers import Reader, json_lines, json_list, json_text
from ingestion.parsing.rules import Value
from ingestion.sql import sql_name, sql_text

_NO_MOMENT = "[-0:. TZ]*"
"""How systems write a missing instant: 0, 0000-00-00."""
_NO_OBJECT = {False: "not in ('OBJECT', 'NULL')", True: "in ('ARRAY', 'BOOLEAN')"}
"""JSON types that have no values inside. In place of an object that is a reference, an id alone is fine."""


def native_ndjson(path: Path, entity: Entity, bounds: Bounds) -> Reader:
    """Each line as JSON; malformed lines become NULL and keep their position. A value of another shape is wrong."""
    structure: dict[str, Any] = {}
    for column in entity.columns:
        steps, rest = _steps(column)
        level = structure
        for step in steps[:-1]:
            level = level.setdefault(step, {})
        level[steps[-1]] = "VARCHAR" if rest is None and column.type is not ColumnType.LIST else "JSON"
    malformed = "fields is null"
    if entity.is_archived:
        structure["malformed"] = "VARCHAR"
        malformed += " or fields.malformed is not null"
    references = {tuple(_steps(column)[0][:-1]) for column in entity.columns if _is_of_reference(column)}
    values = {column.name: _value(column, references) for column in entity.columns}
    return Reader(json_lines(path, structure, bounds), values, malformed=malformed)


def _steps(column: Column) -> tuple[list[str], str | None]:
    """The names that lead to a value, and the path within the list there, if any."""
    names, found, rest = (column.path or column.name).partition("|")
    return names.split("."), rest if found else None


def _is_of_reference(column: Column) -> bool:
    """Whether a column is the id of an object in the record, in place of which the id may be given alone."""
    steps, rest = _steps(column)
    return column.type is ColumnType.ID and rest is None and len(steps) > 1 and steps[-1] == "id"


def _value(column: Column, references: Container[tuple[str, ...]]) -> Value:
    steps, rest = _steps(column)
    here = "fields." + ".".join(map(sql_name, steps))
    if rest is not None:
        return _first_of(column, here) if column.type is ColumnType.ID else _each_of(here, rest)
    above = [tuple(steps[:depth]) for depth in range(1, len(steps))]
    owner = above.pop() if _is_of_reference(column) else None
    misplaced = " or ".join(
        f"coalesce(json_type(json, {_json_path(names)}) {_NO_OBJECT[names in references]}, false)" for names in above
    )
    if owner:
        held = here, f"json_type(json, {_json_path(steps)})"
        return _held_or_alone(column, held, _extracted("json", _json_path(owner)), misplaced or "false")
    value = _plain(column, here, _json_path(steps))
    if not misplaced:
        return value
    # why a value is missing is computed only where it is
    return Value(value.raw, f"case when {here} is null then {misplaced} else {value.wrong} end")


def _json_path(names: Iterable[str]) -> str:
    return sql_text("$." + ".".join(names))


def _plain(column: Column, here: str, path: str) -> Value:
    """The value at a column's path."""
    text = here
    if column.only is not None:
        other, values = column.only
        text = f"case when fields.{sql_name(other)} in ({', '.join(map(sql_text, values))}) then {text} end"
    if column.type is ColumnType.LIST:
        return json_list(here)
    if column.type is ColumnType.ID:
        return _id_or_object(column, here, path)
    if column.type is ColumnType.TEXT:
        return json_text(text, f"json_type(json, {path})", column)
    if column.type is ColumnType.MOMENT:
        return Value(f"case when not regexp_full_match({text}, '{_NO_MOMENT}') then {text} end")
    return Value(f"nullif({text}, '')")


# --- references: an id, or an object that holds its `id` -----------------------------------------------------
# The record as a whole is read only where the usual shape was not found: that takes much longer.


def _id_or_object(column: Column, here: str, path: str) -> Value:
    """An id, in place of which an object may be given."""
    inside = f"{path[:-1]}.id'"
    alone = json_text(here, f"json_type(json, {path})", column)
    held = json_text(*_extracted("json", inside), column)
    is_object = f"case when starts_with({here}, '{{') then json_type(json, {path}) = 'OBJECT' else false end"
    return Value(
        f"case when {is_object} then {held.raw} else {alone.raw} end",
        f"case when {is_object} then json_type(json, {inside}) is null or {held.wrong} else {alone.wrong} end",
    )


def _held_or_alone(column: Column, held: tuple[str, str], alone: tuple[str, str], otherwise: str) -> Value:
    """The id that an object holds, or the id in place of the object: each as text, with its JSON type.

    ``otherwise``: SQL of what is wrong where neither is found.
    """
    of_object, by_itself = json_text(*held, column), json_text(*alone, column)
    is_held, is_alone = f"{held[0]} is not null", f"nullif({alone[1]}, 'NULL') <> 'OBJECT'"
    return Value(
        f"case when {is_held} then {of_object.raw} when {is_alone} then {by_itself.raw} end",
        f"case when {is_held} then {of_object.wrong} when {is_alone} then {by_itself.wrong} else {otherwise} end",
    )


def _first_of(column: Column, here: str) -> Value:
    """The first reference of a list of them."""
    held, alone = _extracted(here, "'$[0].id'"), _extracted(here, "'$[0]'")
    is_wrong = (
        f"coalesce(json_type({here}) not in ('ARRAY', 'NULL'), false)"
        f" or coalesce({alone[1]} = 'OBJECT' and {held[1]} is null, false)"
    )
    return _held_or_alone(column, held, alone, is_wrong)


def _extracted(json: str, path: str) -> tuple[str, str]:
    """SQL of the value at a path: as text, and its JSON type."""
    return f"json_extract_string({json}, {path})", f"json_type({json}, {path})"


def _each_of(here: str, name: str) -> Value:
    """A list of text, or of objects that have a ``name``; some of these may have only an id."""
    texts, named = json_list(here), sql_text(f"$[*].{name}")
    of_one, elements = sql_text(f"$.{name}"), f"json_extract({here}, '$[*]')"
    all_named = f"starts_with(cast({here} as varchar), '[{{') and"
    all_named += f" len(json_extract({here}, {named})) = json_array_length({here})"
    name_of = f"case when json_type(one) = 'OBJECT' then json_extract_string(one, {of_one}) else one ->> '$' end"
    is_wrong = (
        "json_type(one) in ('ARRAY', 'BOOLEAN') or json_type(one) = 'OBJECT'"
        f" and coalesce(json_type(one, '$.id'), json_type(one, {of_one})) is null"
    )
    return Value(
        f"case when {all_named} then json_extract_string({here}, {named}) when not {texts.wrong} then {texts.raw}"
        f" else list_transform({elements}, lambda one: {name_of}) end",
        f"case when {all_named} or not {texts.wrong} then false else json_type({here}) <> 'ARRAY'"
        f" or len(list_filter({elements}, lambda one: {is_wrong})) > 0 end",
    )


def vanished(entity: Entity, records: int, bad: Iterable[tuple[str, str]]) -> str | None:
    """The path of a required value that all records of a batch lack; None when each is found in some record.

    ``bad``: the reasons against its quarantined records, and their texts.
    """
    rows = list(bad)
    if not records or len(rows) < records:
        return None
    for column in entity.columns:
        steps, _ = _steps(column)
        if column.required and all(f"{column.name}: missing" in why and _lacks(text, steps) for why, text in rows):
            return ".".join(steps)
    return None


def _lacks(record: str, steps: list[str]) -> bool:
    try:
        value: object = json.loads(record)
    except (ValueError, RecursionError):
        return False
    for step in steps:
        if not isinstance(value, dict):
            return False
        if step not in value:
            return True
        value = value[step]
    return False
