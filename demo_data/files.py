"""Rows to files: how the export format spells values, the files of a batch, and its manifest.

DuckDB spells the rows; compression happens beside it, with nothing in the header that differs from run to run.
Which rows there are is decided in ``batches``.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from demo_data.batches import BAD_WORD, LATIN, MISSING, NO_OFFSET, NOT_AN_INSTANT, TORN, Batch, Piece
from demo_data.business import Business

FORMATS = {"ndjson": "ndjson.gz", "csv": "csv.gz", "parquet": "parquet"}

# The columns of each entity and what they hold; the first is the key.
_COLUMNS: dict[str, dict[str, str]] = {
    "agents": {
        "agent_id": "agent",
        "name": "word",
        "email": "word",
        "team": "word",
        "active": "flag",
        "updated_at": "instant",
    },
    "contacts": {
        "contact_id": "id",
        "name": "word",
        "phone": "phone",
        "email": "mail",
        "tags": "list",
        "updated_at": "instant",
        "deleted": "flag",
    },
    "conversations": {
        "conversation_id": "id",
        "started_at": "instant",
        "contact_id": "id",
        "channel": "word",
        "team": "word",
        "source": "word",
        "status": "word",
        "closed_at": "instant",
        "agent_id": "agent",
        "tags": "list",
        "updated_at": "instant",
        "deleted": "flag",
    },
    "messages": {
        "message_id": "id",
        "conversation_id": "id",
        "sent_at": "instant",
        "direction": "word",
        "sender_type": "word",
        "agent_id": "agent",
        "origin": "word",
        "type": "word",
        "status": "word",
        "private": "flag",
        "updated_at": "instant",
        "deleted": "flag",
    },
    "events": {
        "event_id": "id",
        "conversation_id": "id",
        "type": "word",
        "occurred_at": "instant",
        "agent_id": "agent",
    },
    "ratings": {
        "rating_id": "id",
        "conversation_id": "id",
        "asked_at": "instant",
        "rating": "score",
        "comment": "word",
        "answered_at": "instant",
        "updated_at": "instant",
    },
    "flow_runs": {
        "flow_run_id": "id",
        "flow_id": "id",
        "started_at": "instant",
        "status": "word",
        "flow_name": "word",
        "contact_id": "id",
        "conversation_id": "id",
        "ended_at": "instant",
        "direction": "word",
        "is_test": "flag",
        "updated_at": "instant",
        "deleted": "flag",
    },
}
# What spoiling makes of which column: the marks are those of the column ``_spoil``.
_SPOILED: dict[str, dict[str, dict[int, str]]] = {
    "contacts": {"contact_id": {MISSING: "NULL"}},
    "conversations": {
        "started_at": {NO_OFFSET: "regexp_replace({0}, '(Z|[+-][0-9:]+)$', '')", MISSING: "NULL"},
    },
    "messages": {
        "conversation_id": {MISSING: "NULL"},
        "sent_at": {NO_OFFSET: "regexp_replace({0}, '(Z|[+-][0-9:]+)$', '')", NOT_AN_INSTANT: "'n/a'"},
        "direction": {BAD_WORD: "'sideways'"},
    },
    "events": {
        "type": {MISSING: "NULL"},
        "occurred_at": {NO_OFFSET: "regexp_replace({0}, '(Z|[+-][0-9:]+)$', '')"},
    },
    "flow_runs": {
        "status": {MISSING: "NULL"},
        "started_at": {NO_OFFSET: "regexp_replace({0}, '(Z|[+-][0-9:]+)$', '')"},
    },
}
_ONLY_IN_TEXT = (NO_OFFSET, NOT_AN_INSTANT)
# Light compression: a file half as large again as the best, in a third of the time.
_LEVEL = 2
_BLOCK = 1 << 20
# Files being compressed while the next one is spelled.
_AHEAD = 2


@dataclass(frozen=True)
class Written:
    """A finished file of a batch."""

    name: str
    entity: str
    rows: int
    sha256: str


class Drop:
    """The drop folder of one source, filled batch by batch."""

    def __init__(
        self, folder: Path, business: Business, file_format: str, connection: duckdb.DuckDBPyConnection
    ) -> None:
        self._folder = folder
        self._business = business
        self._format = file_format
        self._connection = connection

    def write(self, batch: Batch, said: Callable[[str], None]) -> list[Written]:
        """Write the files of a batch, and its manifest last of all."""
        folder = self._folder / batch.name
        folder.mkdir(parents=True)
        written: list[Written] = []
        waiting: list[Future[Written]] = []
        with ThreadPoolExecutor(max_workers=_AHEAD) as beside:
            for piece in batch.pieces:
                if len(waiting) == _AHEAD:
                    written.append(waiting.pop(0).result())
                waiting.append(self._write_piece(folder, piece, beside))
                said(f"{self._business.source} {batch.name}: {piece.entity}, {len(piece.frame):,} rows")
        written += [future.result() for future in waiting]
        self._write_manifest(folder, batch.extracted, written)
        return written

    def _write_piece(self, folder: Path, piece: Piece, beside: ThreadPoolExecutor) -> Future[Written]:
        number = f"-{piece.number:04d}" if piece.number else ""
        target = folder / f"{piece.entity}{number}.{FORMATS[self._format]}"
        spelled = target if self._format == "parquet" else target.with_suffix("")
        # DuckDB finds the frame by its name here: registering it would look at every column once more.
        frame = piece.frame  # noqa: F841
        self._connection.execute(f"COPY ({self._query(piece)}) TO '{_literal(spelled)}' ({self._copy_options()})")
        rows = len(piece.frame)
        if piece.spoiled_line:
            rows += _spoil_line(spelled, *piece.spoiled_line, csv=self._format == "csv")
        return beside.submit(_finish, spelled, target, piece.entity, rows)

    def _copy_options(self) -> str:
        return {"ndjson": "FORMAT json", "csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet"}[self._format]

    def _query(self, piece: Piece) -> str:
        columns = _COLUMNS[piece.entity]
        kept = {next(iter(columns)), "deleted", "updated_at"}
        chosen = []
        for column, kind in columns.items():
            value = self._value(piece.frame, column, kind)
            if "_spoil" in piece.frame:
                for mark, bad in _SPOILED.get(piece.entity, {}).get(column, {}).items():
                    if self._format == "parquet" and mark in _ONLY_IN_TEXT:
                        continue
                    value = f"CASE WHEN _spoil = {mark} THEN {bad.format(value)} ELSE {value} END"
            if "_stub" in piece.frame and column not in kept:
                value = f"CASE WHEN _stub THEN NULL ELSE {value} END"
            chosen.append(f'{value} AS "{column}"')
        return f"SELECT {', '.join(chosen)} FROM frame"

    def _value(self, frame: pd.DataFrame, column: str, kind: str) -> str:
        """The expression that spells one column."""
        if kind == "instant":
            return self._instant(column)
        if kind == "list":
            if self._format == "csv":
                return f"{column}::VARCHAR"
            return f"CASE WHEN {column} = '' THEN [] ELSE string_split({column}::VARCHAR, ';') END"
        if kind == "id" or (kind == "agent" and not self._business.ids_as_text):
            return f"nullif({column}, 0)" + ("::VARCHAR" if self._business.ids_as_text else "")
        return {
            "phone": f"'+' || nullif({column}, 0)",
            "mail": f"{column}::VARCHAR || nullif(_mail, 0) || '@{self._business.contact_mail_domain}'",
            "score": f"nullif({column}, 0)",
            "flag": column,
        }.get(kind, f"{column}::VARCHAR")

    def _instant(self, column: str) -> str:
        moment = f"epoch_ms(nullif({column}, -1))"
        if self._format == "parquet":
            return f"{moment}::TIMESTAMPTZ"
        minutes = self._business.offset_minutes
        sign, hours, rest = "-" if minutes < 0 else "+", abs(minutes) // 60, abs(minutes) % 60
        offset = f"{sign}{hours:02d}:{rest:02d}" if minutes else "Z"
        if minutes:
            moment = f"epoch_ms(nullif({column}, -1) + {minutes * 60_000})"
        fraction = ".%g" if self._business.milliseconds else ""
        return f"strftime({moment}, '%Y-%m-%d{self._business.separator}%H:%M:%S{fraction}{offset}')"

    def _write_manifest(self, folder: Path, extracted: int, written: list[Written]) -> None:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=extracted)
        files = {file.name: {"rows": file.rows, "sha256": file.sha256} for file in written}
        text = json.dumps({"extracted_at": at.isoformat(), "files": files}, indent=2)
        unfinished = folder / "manifest.json.part"
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(folder / "manifest.json")


def _literal(path: Path) -> str:
    return str(path).replace("'", "''")


def _spoil_line(path: Path, how: str, place: int, *, csv: bool) -> int:
    """Spoil one line of a small file without line breaks in its values; gives how many records that adds."""
    lines = path.read_bytes().splitlines(keepends=True)
    place += 1 if csv else 0
    line = lines[place].rstrip(b"\r\n")
    if how == LATIN:
        # As a spreadsheet may write it.
        lines[place] = line.decode().encode("latin-1", errors="replace") + b"\n"
    else:
        # A torn record of CSV gets too many fields: with a lone quote it would swallow the records after it.
        lines.insert(place + 1, (line + b",,," if csv else line[: len(line) // 2]) + b"\n")
    path.write_bytes(b"".join(lines))
    return 1 if how == TORN else 0


def _finish(spelled: Path, target: Path, entity: str, rows: int) -> Written:
    """Compress a spelled file where its format asks for it, and take the hash of the file as it lies."""
    digest = hashlib.sha256()
    if spelled == target:
        with target.open("rb") as source:
            while block := source.read(_BLOCK):
                digest.update(block)
        return Written(target.name, entity, rows, digest.hexdigest())
    # A bare gzip stream: no name and no time in its header.
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    with spelled.open("rb") as source, target.open("wb") as packed:
        while block := source.read(_BLOCK):
            data = packer.compress(block)
            digest.update(data)
            packed.write(data)
        data = packer.flush()
        digest.update(data)
        packed.write(data)
    spelled.unlink()
    return Written(target.name, entity, rows, digest.hexdigest())
