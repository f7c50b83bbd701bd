"""A name for the rules by which landed records become rows of raw: under one name, all rows follow the same rules.

Here: everything that decides what a row says and whether it is quarantined, collected by kind of source and hashed. Not
here: the rules themselves (``export_format``, ``live_formats``, ``readers``, ``rules``), and what happens to rows under
another name (``ingest``).

Most of it is SQL, so the hash covers the SQL that the readers and rules give for a file that does not exist, in every
format. It also covers the code of the few functions that decide in Python, without comments, docstrings and layout. So
moving code changes nothing, while a new column, word, path, pattern or limit does.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import linecache
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import cast

import duckdb

from ingestion import strict_json, zones
from ingestion.bounds import DEFAULTS, Bounds
from ingestion.export_format import DUCKDB_TYPES, Column, ColumnType, Entity
from ingestion.parsing import (
    archives,
    csv_records,
    files,
    mapped_files,
    mapped_reader,
    meta_payloads,
    readable,
    readers,
    rules,
)
from ingestion.parsing.native_reader import native_ndjson
from ingestion.parsing.readers import Reader
from ingestion.parsing.rules import Value
from ingestion.parsing.typed_values import typing_of
from ingestion.source_kinds import EXPORT, entities_of, shape_of_records
from ingestion.storage import compression

DECIDING_CODE: dict[str, tuple[Callable[..., object] | ModuleType, ...]] = {
    EXPORT: (
        *(compression.open_text, compression.pieces, readable.looking_through),
        *(readers.csv_header, readers.header_of, csv_records.csv_records, readers.sieved_csv, readers.sieve),
    ),
    archives.KIND: (strict_json, meta_payloads, archives.split_archives, archives.lines, compression.pieces),
}
"""By kind of source: the Python code that decides about its rows."""
_PARQUET_TYPES = (
    *("VARCHAR", "VARCHAR[]", "INTEGER[]", "STRUCT(a INTEGER)", "BOOLEAN", "DATE", "BLOB", "UUID"),
    *("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"),
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("FLOAT", "DOUBLE", "DECIMAL(18,3)"),
)
"""The types that columns of Parquet files may have."""
_ANYTHING = Entity("anything", tuple(Column(column_type.value, column_type) for column_type in ColumnType))
"""A column of each type: how a column is read depends on nothing else."""


@cache
def rules_of(kind: str, rating_scale: tuple[int, int], bounds: Bounds = DEFAULTS, mapping: str = "") -> str:
    """The name of the rules for a kind of source. Batches parsed under another name have to be parsed again.

    ``mapping``: that of the source, as :func:`~ingestion.file_mapping.spelled` spells it.
    """
    records = shape_of_records(kind)
    words = [duckdb.__version__, *_statements(records, rules.Limits(bounds.earliest, "latest", rating_scale), bounds)]
    words += map(in_essence, DECIDING_CODE.get(records, ()))
    if mapping:
        words += [mapping, zones.VERSION, *map(in_essence, (mapped_reader, mapped_files))]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]


def _statements(kind: str, limits: rules.Limits, bounds: Bounds) -> Iterator[str]:
    yield f"{rules.FUTURE_TOLERANCE_SECONDS} {rules.MALFORMED} {rules.NOT_UTF8} {bounds.record_bytes}"
    yield files.FILE_NAME.pattern
    for entity in entities_of(kind).values():
        yield " ".join(f"{column.name} {DUCKDB_TYPES[column.type]}" for column in entity.columns)
        values = {column.name: Value("value", "is_wrong", "is_unsure") for column in entity.columns}
        reader = native_ndjson(Path("records.ndjson"), entity, bounds) if entity.is_native else Reader("", values)
        yield f"{entity.name} {typing_of(reader, entity, limits)}"
    if kind == EXPORT:
        yield from (str(typing_of(reader, _ANYTHING, limits)) for reader in _readers_of_export(bounds))


def _readers_of_export(bounds: Bounds) -> Iterator[Reader]:
    """A reader of every format, of files that do not exist."""
    text, names = Path("records.ndjson"), [column.name for column in _ANYTHING.columns]
    yield readers.quick_ndjson([text], _ANYTHING)
    yield readers.careful_ndjson(text, _ANYTHING, bounds)
    yield readers.careful_ndjson(text, _ANYTHING, bounds, from_csv=True)
    yield readers.quick_csv([Path("records.csv")], names, _ANYTHING)
    for sql_type in _PARQUET_TYPES:
        yield readers.parquet([Path("records.parquet")], dict.fromkeys(names, sql_type), _ANYTHING)


def in_essence(code: Callable[..., object] | ModuleType) -> str:
    """The code of a function or a whole module without comments, docstrings and layout."""
    if isinstance(code, ModuleType):
        lines = linecache.getlines(str(code.__file__))
    else:
        compiled = cast(FunctionType, inspect.unwrap(code)).__code__
        # inspect.getsource looks through all modules
        lines = inspect.getblock(linecache.getlines(compiled.co_filename)[compiled.co_firstlineno - 1 :])
    tree = ast.parse(textwrap.dedent("".join(lines)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
