"""What became of each batch: one small SQLite file, written in transactions.

Here: which batches are accepted, refused or waiting, with their counts and reasons. Not here: the rows
themselves (``landing`` and ``raw``), and how a batch is judged (``intake``).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

Status = Literal["accepted", "refused", "waiting"]

_SCHEMA = """
create table if not exists batches (
    source text not null,
    batch text not null,
    status text not null check (status in ('accepted', 'refused', 'waiting')),
    extracted_at text,
    decided_at text not null,
    counts text not null,
    reasons text not null,
    primary key (source, batch)
) strict
"""


@dataclass(frozen=True)
class Counts:
    """Of one entity in one batch: records landed, those quarantined, those known before, those of another clock."""

    landed: int = 0
    quarantined: int = 0
    known: int = 0
    restated: int = 0


@dataclass(frozen=True)
class Entry:
    """One batch. ``waiting``: it stands behind a refused one. ``counts`` is by entity."""

    source: str
    batch: str
    status: Status
    extracted_at: datetime | None
    decided_at: datetime
    counts: dict[str, Counts] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


class Ledger:
    """The ledger of one home. Use as a context manager; every :meth:`record` is one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=30)
        self._connection.execute("pragma synchronous = full")
        with self._connection:
            self._connection.execute(_SCHEMA)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def entries(self, source: str | None = None) -> list[Entry]:
        """All entries, or those of one source, by the names of source and batch."""
        rows = self._connection.execute(
            "select source, batch, status, extracted_at, decided_at, counts, reasons from batches"
            " where ? is null or source = ? order by source, batch",
            (source, source),
        )
        return [
            Entry(
                name,
                batch,
                status,
                datetime.fromisoformat(extracted_at) if extracted_at else None,
                datetime.fromisoformat(decided_at),
                {entity: Counts(**values) for entity, values in json.loads(counts).items()},
                tuple(json.loads(reasons)),
            )
            for name, batch, status, extracted_at, decided_at, counts, reasons in rows
        ]

    def record(self, entries: Iterable[Entry]) -> None:
        """Write entries, replacing those of the same batches: all of them or none."""
        with self._connection:
            self._connection.executemany(
                "insert or replace into batches values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        entry.source,
                        entry.batch,
                        entry.status,
                        entry.extracted_at.isoformat() if entry.extracted_at else None,
                        entry.decided_at.isoformat(),
                        json.dumps({entity: vars(counts) for entity, counts in entry.counts.items()}),
                        json.dumps(entry.reasons),
                    )
                    for entry in entries
                ],
            )
