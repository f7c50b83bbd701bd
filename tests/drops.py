"""Batches of an export drop and a configuration that reads them, from plain rows.

    write_config(tmp_path)
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation("c1")]}, "2026-01-05T02:00:00Z")

A row is a dict by column. Values are spelled as each format has them: lists are JSON lists, `;` in CSV, lists in
Parquet; instants are ISO 8601 text, in Parquet timestamps with a zone where every value has an offset (text else).
What a file should not be able to hold is written as bytes, with `write_files`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]

EXTRACTED_AT = "2026-01-05T02:00:00+00:00"
"""An extraction that lies after everything that the rows below say."""

COLUMNS = {
    "conversations": [
        "conversation_id",
        "started_at",
        "contact_id",
        "channel",
        "team",
        "source",
        "status",
        "closed_at",
        "agent_id",
        "tags",
        "updated_at",
        "deleted",
    ],
    "messages": [
        "message_id",
        "conversation_id",
        "sent_at",
        "direction",
        "sender_type",
        "agent_id",
        "origin",
        "type",
        "status",
        "private",
        "updated_at",
        "deleted",
    ],
    "contacts": ["contact_id", "name", "phone", "email", "tags", "updated_at", "deleted"],
    "agents": ["agent_id", "name", "email", "team", "active", "updated_at"],
    "events": ["event_id", "conversation_id", "type", "occurred_at", "agent_id"],
    "ratings": ["rating_id", "conversation_id", "asked_at", "rating", "comment", "answered_at", "updated_at"],
    "flow_runs": [
        "flow_run_id",
        "flow_id",
        "started_at",
        "status",
        "flow_name",
        "contact_id",
        "conversation_id",
        "ended_at",
        "direction",
        "is_test",
        "updated_at",
        "deleted",
    ],
}


def conversation(conversation_id: str | int = "c1", **values: object) -> Row:
    return {"conversation_id": conversation_id, "started_at": "2026-01-02T09:00:00+01:00", **values}


def message(message_id: str | int = "m1", conversation_id: str | int = "c1", **values: object) -> Row:
    return {
        "message_id": message_id,
        "conversation_id": conversation_id,
        "sent_at": "2026-01-02T09:00:00+01:00",
        "direction": "inbound",
        **values,
    }


def contact(contact_id: str | int = "k1", **values: object) -> Row:
    return {"contact_id": contact_id, **values}


def agent(agent_id: str | int = "a1", **values: object) -> Row:
    return {"agent_id": agent_id, **values}


def event(event_id: str | int = "e1", conversation_id: str | int = "c1", **values: object) -> Row:
    return {
        "event_id": event_id,
        "conversation_id": conversation_id,
        "type": "assigned",
        "occurred_at": "2026-01-02T09:00:00+01:00",
        **values,
    }


def rating(rating_id: str | int = "r1", conversation_id: str | int = "c1", **values: object) -> Row:
    return {"rating_id": rating_id, "conversation_id": conversation_id, **values}


def flow_run(flow_run_id: str | int = "f1", **values: object) -> Row:
    return {
        "flow_run_id": flow_run_id,
        "flow_id": "welcome",
        "started_at": "2026-01-02T09:00:00+01:00",
        "status": "COMPLETED",
        **values,
    }


def write_batch(
    folder: Path,
    entities: Mapping[str, Sequence[Row]],
    extracted_at: str = EXTRACTED_AT,
    *,
    file_format: str = "ndjson",
    gz: bool = False,
    parts: int = 1,
    manifest: bool = True,
) -> Path:
    """Write a batch into `folder` (the batch's own, as in `drop / "b1"`), replacing what is there; gives `folder`.

    `parts`: files an entity (`messages-0001.ndjson` ...), each with its share of the rows, in order.
    """
    files: dict[str, bytes] = {}
    rows: dict[str, int] = {}
    for entity, records in entities.items():
        size = -(-len(records) // parts)
        for part in range(parts):
            number = f"-{part + 1:04d}" if parts > 1 else ""
            name = f"{entity}{number}.{file_format}" + (".gz" if gz else "")
            chosen = records[part * size : (part + 1) * size]
            columns = columns_of(records) or COLUMNS.get(entity, ["id"])
            files[name] = packed(content_of(chosen, file_format, columns), gz)
            rows[name] = len(chosen)
    return write_files(folder, files, rows, extracted_at, manifest=manifest)


def write_files(
    folder: Path,
    files: Mapping[str, bytes],
    rows: Mapping[str, int],
    extracted_at: str = EXTRACTED_AT,
    *,
    manifest: bool = True,
) -> Path:
    """Write a batch whose files are given as bytes, each with the number of rows that the manifest shall say."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if manifest:
        write_manifest(folder, rows, extracted_at)
    return folder


def write_manifest(folder: Path, rows: Mapping[str, int], extracted_at: str = EXTRACTED_AT) -> None:
    """A right manifest for the files that `rows` names, as they lie in `folder`."""
    files = {
        name: {"rows": count, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
        for name, count in rows.items()
    }
    (folder / "manifest.json").write_text(json.dumps({"extracted_at": extracted_at, "files": files}), encoding="utf-8")


def write_config(
    folder: Path,
    *,
    accounts: Sequence[Mapping[str, Any]] | None = None,
    sources: Sequence[Mapping[str, Any]] | None = None,
    extra: str = "",
) -> Path:
    """Write `folder / "causerie.toml"`: account "acme" in Europe/Paris and its source "acme_export", read from "drop".

    `extra` is TOML that ends the file: `[quality]`, `[privacy]`, another `[[sources]]` ...
    """
    if accounts is None:
        accounts = [{"id": "acme", "timezone": "Europe/Paris"}]
    if sources is None:
        sources = [{"name": "acme_export", "kind": "export", "account": accounts[0]["id"], "path": "drop"}]
    text = 'home = "var"\n'
    for section, tables in (("accounts", accounts), ("sources", sources)):
        for table in tables:
            text += f"\n[[{section}]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "causerie.toml"
    path.write_text(f"{text}\n{extra}\n", encoding="utf-8")
    return path


def toml(value: object) -> str:
    """A value as TOML; tables are written inline."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(inner) for inner in value) + "]"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(str(value))


def toml_key(key: str) -> str:
    """A key as TOML: only few characters need no quotes."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def packed(content: bytes, gz: bool = True) -> bytes:
    """Content as gzip packs it, the same each time."""
    return gzip.compress(content, mtime=0) if gz else content


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Every column that a row has, in the order of appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def content_of(rows: Sequence[Row], file_format: str, columns: Sequence[str] | None = None) -> bytes:
    """Rows as the bytes of one plain file. `columns`: of CSV and Parquet; default: all that a row has."""
    names = list(columns or columns_of(rows))
    if file_format == "csv":
        return _csv(rows, names)
    if file_format == "parquet":
        return _parquet(rows, names)
    return "".join(json.dumps(row, default=_spelled, ensure_ascii=False) + "\n" for row in rows).encode()


def _spelled(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _csv(rows: Sequence[Row], columns: list[str]) -> bytes:
    def spelled(value: object) -> object:
        if isinstance(value, list):
            return ";".join(value)
        if isinstance(value, bool):
            return str(value).lower()
        return _spelled(value) if isinstance(value, date) else value

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([[spelled(row.get(name)) for name in columns] for row in rows])
    return out.getvalue().encode()


def _parquet(rows: Sequence[Row], columns: list[str]) -> bytes:
    types = {name: _parquet_type(name, [row[name] for row in rows if row.get(name) is not None]) for name in columns}
    with tempfile.TemporaryDirectory() as folder:
        lines, target = Path(folder) / "rows.ndjson", Path(folder) / "rows.parquet"
        lines.write_text("".join(json.dumps(row, default=_spelled) + "\n" for row in rows), encoding="utf-8")
        read = ", ".join(f"{_text(name)}: '{_read_as(kind)}'" for name, kind in types.items())
        chosen = ", ".join(f"cast({_name(name)} as {kind}) as {_name(name)}" for name, kind in types.items())
        _connection().execute(
            f"copy (select {chosen} from read_json('{lines}', format = 'newline_delimited', columns = {{{read}}}))"
            f" to '{target}' (format parquet)"
        )
        return target.read_bytes()


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set threads = 1")
    return connection


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _read_as(kind: str) -> str:
    return "json" if kind.endswith("[]") else "varchar"


def _parquet_type(name: str, values: list[Any]) -> str:
    """The type of a Parquet column, from its values; from its name where it has none."""
    kinds = {type(value) for value in values}
    if not kinds:
        named = {
            "tags": "varchar[]",
            "rating": "integer",
            "deleted": "boolean",
            "private": "boolean",
            "active": "boolean",
        }
        return named.get(name, "timestamptz" if name.endswith("_at") else "varchar")
    if kinds == {list}:
        elements = {type(element) for value in values for element in value}
        return "bigint[]" if elements == {int} else "varchar[]"
    if name.endswith("_at") and all(_has_offset(value) for value in values):
        return "timestamptz"
    only = kinds.pop() if len(kinds) == 1 else str
    return {bool: "boolean", int: "bigint", float: "double", datetime: "timestamp"}.get(only, "varchar")


def _has_offset(value: object) -> bool:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        return False
    return moment.tzinfo is not None
