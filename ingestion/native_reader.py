"""Records of live systems as raw values: each line as JSON, from which values are taken where their paths say.

Here: the reader of native NDJSON, and what tells that a system no longer speaks as it did. Not here: the paths
(``native``), the formats of the export (``readers``), types and reasons (``rules``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ingestion.contract import Column, Entity, Kind
from ingestion.packing import packing
from ingestion.readers import LARGEST_RECORD, Reader, json_list, json_text
from ingestion.rules import Value
from ingestion.sql import sql_file, sql_name, sql_text

_NO_MOMENT = "[-0:. TZ]*"
"""How systems write that there is no instant: 0, 0000-00-00."""


def native_ndjson(path: Path, entity: Entity) -> Reader:
    """Each line as JSON; malformed lines come as NULL and keep their place. What has another shape is wrong."""
    structure: dict[str, Any] = {}
    for column in entity.columns:
        steps, rest = _place(column)
        level = structure
        for step in steps[:-1]:
            level = level.setdefault(step, {})
        level[steps[-1]] = "VARCHAR" if rest is None and column.kind is not Kind.LIST else "JSON"
    malformed = "fields is null"
    if entity.is_archived:
        structure["malformed"] = "VARCHAR"
        malformed += " or fields.malformed is not null"
    relation = (
        f"(select json, json_transform(case when starts_with(json, '{{') then json end,"
        f" {sql_text(json.dumps(structure))}) as fields"
        f" from read_ndjson_objects({sql_file(path)}, ignore_errors = true, maximum_object_size = {LARGEST_RECORD},"
        f" compression = '{packing(path)}'))"
    )
    return Reader(relation, {column.name: _value(column) for column in entity.columns}, malformed=malformed)


def _place(column: Column) -> tuple[list[str], str | None]:
    """The names that lead to a value, and the path within the JSON that stands there, if any."""
    names, found, rest = (column.path or column.name).partition("|")
    return names.split("."), rest if found else None


def _value(column: Column) -> Value:
    steps, rest = _place(column)
    here = found = "fields." + ".".join(map(sql_name, steps))
    path = "$." + ".".join(steps) + (rest or "")
    misplaced = " or ".join(
        f"coalesce(json_type(json, '$.{'.'.join(steps[:depth])}') not in ('OBJECT', 'NULL'), false)"
        for depth in range(1, len(steps))
    )
    if column.kind is Kind.LIST:
        value = json_list(here)
        if rest is not None:
            is_list = f"coalesce(json_type({here}) not in ('ARRAY', 'NULL'), false)"
            value = Value(f"json_extract_string({here}, {sql_text('$' + rest)})", is_list)
    else:
        text = found = here if rest is None else f"json_extract_string({here}, {sql_text('$' + rest)})"
        if rest and rest.startswith("["):
            misplaced = f"coalesce(json_type({here}) not in ('ARRAY', 'NULL'), false)"
        if column.only is not None:
            other, values = column.only
            text = f"case when fields.{sql_name(other)} in ({', '.join(map(sql_text, values))}) then {text} end"
        if column.kind is Kind.MOMENT:
            value = Value(f"case when not regexp_full_match({text}, '{_NO_MOMENT}') then {text} end")
        elif column.kind in (Kind.ID, Kind.TEXT) and rest != "":
            value = json_text(text, column, path)
        else:
            value = Value(f"nullif({text}, '')")
    if not misplaced:
        return value
    # only where nothing was found is it asked what stands in the way
    wrong = f"case when {found} is null then {misplaced} else {value.wrong} end"
    return Value(value.raw, wrong)


def vanished(entity: Entity, records: int, bad: Iterable[tuple[str, str]]) -> str | None:
    """The path of a required value that none of the records of a batch has any more; None when each has been seen.

    ``bad``: the reasons against its quarantined records, and their texts.
    """
    rows = list(bad)
    if not records or len(rows) < records:
        return None
    for column in entity.columns:
        steps, _ = _place(column)
        if column.required and all(f"{column.name}: missing" in why and _lacks(text, steps) for why, text in rows):
            return ".".join(steps)
    return None


def _lacks(record: str, steps: list[str]) -> bool:
    try:
        value: object = json.loads(record)
    except ValueError:
        return False
    for step in steps:
        if not isinstance(value, dict):
            return False
        if step not in value:
            return True
        value = value[step]
    return False
