"""Records in and out of a drop with DuckDB, for what the bench writes itself.

Here: reading every record of a drop as it stands, and writing batches. Not here: what is written (``new_batches``,
``hourly``, ``thicken``). Nothing of ``ingestion`` is used: the bench must not share its mistakes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import duckdb

COLUMNS = {
    "agents": "agent_id name email team active updated_at",
    "contacts": "contact_id name phone email tags updated_at deleted",
    "conversations": "conversation_id started_at contact_id channel team source status closed_at agent_id tags"
    " updated_at deleted",
    "messages": "message_id conversation_id sent_at direction sender_type agent_id origin type status private"
    " updated_at deleted",
    "events": "event_id conversation_id type occurred_at agent_id",
    "ratings": "rating_id conversation_id asked_at rating comment answered_at updated_at",
}
_TYPES = {"tags": "varchar[]", "active": "boolean", "private": "boolean", "deleted": "boolean", "rating": "integer"}


def type_of(column: str) -> str:
    """The DuckDB type of a column of the export format."""
    return _TYPES.get(column, "timestamptz" if column.endswith("_at") else "varchar")


def records(files: Iterable[Path], entity: str) -> str:
    """A query of the records of one entity, typed; what cannot be read is NULL. ``place`` tells later ones."""
    parts = []
    for suffix, reader in (("ndjson", _ndjson), ("csv", _csv), ("parquet", _parquet)):
        chosen = [path for path in files if path.name.removesuffix(".gz").endswith(suffix)]
        if chosen:
            columns = COLUMNS[entity].split()
            parts.append(reader(f"[{', '.join(map(text, chosen))}]", columns))
    return " union all ".join(parts)


def _ndjson(paths: str, columns: list[str]) -> str:
    kinds = ", ".join(f"{name}: '{'varchar[]' if name == 'tags' else 'varchar'}'" for name in columns)
    relation = f"read_json({paths}, format = 'newline_delimited', columns = {{{kinds}}}, ignore_errors = true)"
    return f"select {_typed(columns)}, filename as place from {relation}"


def _csv(paths: str, columns: list[str]) -> str:
    relation = f"read_csv({paths}, header = true, delim = ',', quote = '\"', all_varchar = true, ignore_errors = true)"
    values = _typed(columns).replace("try_cast(tags ", "try_cast(string_split(nullif(tags, ''), ';') ")
    return f"select {values}, filename as place from {relation}"


def _parquet(paths: str, columns: list[str]) -> str:
    return f"select {_typed(columns)}, filename as place from read_parquet({paths})"


def _typed(columns: list[str]) -> str:
    return ", ".join(f"try_cast({name} as {type_of(name)}) as {name}" for name in columns)


def write(connection: duckdb.DuckDBPyConnection, query: str, path: Path, entity: str) -> int:
    """Write the records of a query as NDJSON, packed when the name ends so; gives how many there are."""
    values = ", ".join(
        f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ') as {name}" if name.endswith("_at") else name
        for name in COLUMNS[entity].split()
    )
    packing = "gzip" if path.suffix == ".gz" else "uncompressed"
    row = connection.execute(
        f"copy (select {values} from ({query})) to {text(path)} (format json, compression {packing})"
    ).fetchone()
    assert row is not None
    return int(row[0])


def write_manifest(folder: Path, rows: dict[str, int], extracted_at: str) -> None:
    """The manifest of a batch whose files are written: the batch is complete."""
    files = {name: {"rows": count, "sha256": sha256_of(folder / name)} for name, count in rows.items()}
    (folder / "manifest.json").write_text(json.dumps({"extracted_at": extracted_at, "files": files}), encoding="utf-8")


def sha256_of(path: Path) -> str:
    """The hash of a file as it lies."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text(value: str | Path) -> str:
    """A SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"
