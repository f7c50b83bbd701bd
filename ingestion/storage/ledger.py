"""What became of each batch, and which segment of raw holds it: one small SQLite file, written in transactions.

Here: which batches are accepted, refused, waiting or set aside, with their counts and reasons; what operators decided
and asked for; and the segments. So it is the catalogue of raw: a folder that no entry names is left over. Not here: the
rows themselves (``landing`` and ``raw``), how a batch is judged (``ingest``), and what may be decided (``decisions``)
and asked for (``repairs``).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

LEDGER = "ledger.sqlite"
"""Its name in a home."""
Status = Literal["accepted", "refused", "waiting", "set aside"]
Verb = Literal["accept", "reject"]
DOUBTED = "parse again"
"""In the place of the rules of a segment: an operator asked to parse its batches again."""

_SCHEMA = """
create table if not exists batches (
    source text not null,
    batch text not null,
    status text not null check (status in ('accepted', 'refused', 'waiting', 'set aside')),
    extracted_at text,
    decided_at text not null,
    counts text not null,
    reasons text not null,
    segment text,
    primary key (source, batch)
) strict;
create table if not exists segments (
    source text not null,
    segment text not null,
    rules text not null,
    records integer not null,
    bytes integer not null,
    parts text not null,
    primary key (source, segment)
) strict;
create table if not exists sources (source text primary key, kind text not null) strict;
create table if not exists unjudged (source text not null, batch text not null, primary key (source, batch)) strict;
create table if not exists decisions (
    decided_at text not null,
    source text not null,
    batch text not null,
    verb text not null check (verb in ('accept', 'reject')),
    reason text not null,
    fingerprint text
) strict;
create table if not exists repairs (
    asked_at text not null,
    source text not null,
    verb text not null check (verb in ('read again', 'parse again')),
    since text
) strict;
"""


@dataclass(frozen=True)
class Counts:
    """Of one entity in one batch: records landed, those quarantined, those known before, and those restated."""

    landed: int = 0
    quarantined: int = 0
    known: int = 0
    restated: int = 0


class Reason(NamedTuple):
    """Why a batch is refused. ``entity``: what it concerns; None where it is the batch as a whole."""

    text: str
    entity: str | None = None


@dataclass(frozen=True)
class Entry:
    """One batch. ``waiting``: an earlier one is refused; ``set aside``: an operator rejected it.

    ``decided_at``: of a refused batch, when it was refused first. ``counts`` is by entity. ``against``: why it is
    refused; of one that an operator accepted, why it would be. ``segment``: the one that holds its rows in raw; None
    where there is none, as of a batch that could not be read.
    """

    source: str
    batch: str
    status: Status
    extracted_at: datetime | None
    decided_at: datetime
    counts: dict[str, Counts] = field(default_factory=dict)
    against: tuple[Reason, ...] = ()
    segment: str | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is refused, in words."""
        return tuple(reason.text for reason in self.against)


@dataclass(frozen=True)
class Decision:
    """What an operator decided about a batch, and why. ``fingerprint``: of the content that it was decided about."""

    decided_at: datetime
    source: str
    batch: str
    verb: Verb
    reason: str
    fingerprint: str | None = None

    def __str__(self) -> str:
        return f"{self.verb}ed {self.source} {self.batch} at {self.decided_at:%Y-%m-%d %H:%M}: {self.reason}"


class Repair(NamedTuple):
    """What an operator asked of the next run. ``since``: from when a source is read again; None for everything."""

    asked_at: datetime
    source: str
    verb: Literal["read again", "parse again"]
    since: datetime | None = None


class Part(NamedTuple):
    """A Parquet file of a segment. ``batch``, ``file``: the origin of a landed file that is a part unchanged.

    Where they are None, its rows say themselves where they came from.
    """

    name: str
    batch: str | None = None
    file: str | None = None


@dataclass(frozen=True)
class SegmentEntry:
    """A segment of raw: the rules it was parsed under, its records (malformed ones too), bytes and parts by entity."""

    source: str
    segment: str
    rules: str
    records: int
    bytes: int
    parts: dict[str, tuple[Part, ...]]


class Ledger:
    """The ledger of one home. Use as a context manager; every :meth:`record` is one transaction.

    ``read_only``: of an existing ledger; nothing is written, not even tables that an older one lacks.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        if read_only:
            self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=30)
        self._connection.execute("pragma synchronous = full")
        with self._transaction():
            for statement in _SCHEMA.split(";"):
                self._connection.execute(statement)
            columns = {name for _, name, *_ in self._connection.execute("pragma table_info(batches)")}
            if (
                "segment" not in columns
            ):  # written before there were segments: its batches are parsed again from landing
                self._connection.execute("alter table batches add column segment text")
            ((definition,),) = self._connection.execute("select sql from sqlite_master where name = 'batches'")
            if "'set aside'" not in definition:  # written before operators could reject: a check cannot be altered
                self._connection.execute("alter table batches rename to batches_before")
                self._connection.execute(_SCHEMA.split(";")[0])
                self._connection.execute(
                    "insert into batches select source, batch, status, extracted_at, decided_at, counts, reasons,"
                    " segment from batches_before"
                )
                self._connection.execute("drop table batches_before")

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._connection:
            self._connection.execute("begin immediate")
            yield

    def damages(self) -> list[str]:
        """What SQLite finds wrong with the file, in words."""
        return [line for (line,) in self._connection.execute("pragma integrity_check") if line != "ok"]

    def entries(self, source: str | None = None, status: Status | None = None) -> list[Entry]:
        """All entries, or those of one source or status, by the names of source and batch."""
        rows = self._connection.execute(
            "select source, batch, status, extracted_at, decided_at, counts, reasons, segment from batches"
            " where (?1 is null or source = ?1) and (?2 is null or status = ?2) order by source, batch",
            (source, status),
        )
        return [
            Entry(
                name,
                batch,
                status,
                datetime.fromisoformat(extracted_at) if extracted_at else None,
                datetime.fromisoformat(decided_at),
                {entity: Counts(**values) for entity, values in json.loads(counts).items()},
                tuple(map(_reason, json.loads(reasons))),
                segment,
            )
            for name, batch, status, extracted_at, decided_at, counts, reasons, segment in rows
        ]

    def accepted(self, source: str) -> dict[str, str | None]:
        """The accepted batches of a source by name, each with its segment: all that a run without new batches reads."""
        return dict(
            self._connection.execute(
                "select batch, segment from batches where source = ? and status = 'accepted' order by batch", (source,)
            )
        )

    def data_through(self) -> dict[str, datetime]:
        """Until when each source has delivered: the latest extraction of its accepted batches."""
        found: dict[str, datetime] = {}
        for source, at in self._connection.execute(
            "select distinct source, extracted_at from batches where status = 'accepted' and extracted_at is not null"
        ):
            extracted_at = datetime.fromisoformat(at)
            found[source] = max(extracted_at, found.get(source, extracted_at))
        return found

    def kind(self, source: str) -> str | None:
        """The kind of system that the accepted batches of a source came from; None while nothing says so."""
        with suppress(sqlite3.OperationalError):  # a ledger that is only read may be older than the table
            for (kind,) in self._connection.execute("select kind from sources where source = ?", (source,)):
                return str(kind)
        return None

    def segments(self, source: str) -> list[SegmentEntry]:
        """The segments of a source, by name."""
        rows = self._connection.execute(
            "select segment, rules, records, bytes, parts from segments where source = ? order by segment", (source,)
        )
        return [
            SegmentEntry(
                source,
                segment,
                rules,
                records,
                size,
                {entity: tuple(map(_part, listed)) for entity, listed in json.loads(parts).items()},
            )
            for segment, rules, records, size, parts in rows
        ]

    def rules_in_use(self, source: str) -> list[str]:
        """The rules by which accepted batches of a source were parsed: one, unless some could not be parsed again."""
        rows = self._connection.execute(
            "select distinct segments.rules from segments join batches using (source, segment)"
            " where source = ? and status = 'accepted' order by 1",
            (source,),
        )
        return [rules for (rules,) in rows]

    def unjudged(self, source: str) -> list[Entry]:
        """The accepted batches of a source that were not judged together yet, in this run or one that was killed."""
        rows = self._connection.execute("select batch from unjudged where source = ?", (source,))
        names = {name for (name,) in rows}
        return [entry for entry in self.entries(source, "accepted") if entry.batch in names]

    def judged(self, source: str, changed: Iterable[Entry]) -> None:
        """Note that no batch of a source is left to be judged, with the entries that this has changed."""
        with self._transaction():
            self._connection.execute("delete from unjudged where source = ?", (source,))
            self._write(changed)

    def record(
        self, entries: Iterable[Entry], segments: Iterable[SegmentEntry] = (), unjudged: Iterable[Entry] = ()
    ) -> None:
        """Write entries, replacing those of the same batches, and new segments: all of them or none.

        A segment that holds no batch any more is no longer listed. ``unjudged``: entries that are to be judged together
        with others once there are no more.
        """
        with self._transaction():
            self._connection.executemany(
                "insert or replace into segments values (?, ?, ?, ?, ?, ?)",
                map(_row, segments),
            )
            self._connection.executemany(
                "insert or ignore into unjudged values (?, ?)", [(entry.source, entry.batch) for entry in unjudged]
            )
            self._write(entries)

    def keep_kind(self, source: str, kind: str) -> None:
        """Note the kind of system that the batches of a source come from."""
        if self.kind(source) != kind:
            with self._transaction():
                self._connection.execute("insert or replace into sources values (?, ?)", (source, kind))

    def decide(self, decision: Decision, entries: Iterable[Entry] = (), forget: bool = False) -> None:
        """Write a decision, and the entries that it changes; with ``forget`` the entry of its batch is deleted."""
        with self._transaction():
            self._connection.execute(
                "insert into decisions values (?, ?, ?, ?, ?, ?)",
                (
                    decision.decided_at.isoformat(),
                    decision.source,
                    decision.batch,
                    decision.verb,
                    decision.reason,
                    decision.fingerprint,
                ),
            )
            if forget:
                self._connection.execute(
                    "delete from batches where source = ? and batch = ?", (decision.source, decision.batch)
                )
            self._write(entries)

    def decisions(self, source: str | None = None) -> list[Decision]:
        """What operators decided, about all sources or one, the latest last."""
        rows = self._connection.execute(
            "select decided_at, source, batch, verb, reason, fingerprint from decisions"
            " where ?1 is null or source = ?1 order by rowid",
            (source,),
        )
        return [Decision(datetime.fromisoformat(decided_at), *rest) for decided_at, *rest in rows]

    def ask(self, repairs: Iterable[Repair]) -> None:
        """Write what an operator asks of the next run. Segments that are to be parsed again are doubted from now on."""
        with self._transaction():
            for repair in repairs:
                since = repair.since.isoformat() if repair.since else None
                row = repair.asked_at.isoformat(), repair.source, repair.verb, since
                self._connection.execute("insert into repairs values (?, ?, ?, ?)", row)
                if repair.verb == "parse again":
                    self._connection.execute("update segments set rules = ? where source = ?", (DOUBTED, repair.source))

    def repairs(self, source: str | None = None) -> list[Repair]:
        """What operators asked for, about all sources or one, the latest last."""
        with suppress(sqlite3.OperationalError):  # a ledger that is only read may be older than the table
            rows = self._connection.execute(
                "select asked_at, source, verb, since from repairs where ?1 is null or source = ?1 order by rowid",
                (source,),
            )
            return [
                Repair(datetime.fromisoformat(asked_at), name, verb, datetime.fromisoformat(since) if since else None)
                for asked_at, name, verb, since in rows
            ]
        return []

    def replace_segments(self, by: SegmentEntry, replaced: Iterable[str]) -> None:
        """Replace segments by a new one that holds the same batches, in one transaction."""
        with self._transaction():
            self._connection.execute(
                "insert into segments values (?, ?, ?, ?, ?, ?)",
                _row(by),
            )
            self._connection.executemany(
                "update batches set segment = ? where source = ? and segment = ?",
                [(by.segment, by.source, segment) for segment in replaced],
            )
            self._unlist()

    def _write(self, entries: Iterable[Entry]) -> None:
        self._connection.executemany(
            "insert or replace into batches values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    entry.source,
                    entry.batch,
                    entry.status,
                    entry.extracted_at.isoformat() if entry.extracted_at else None,
                    entry.decided_at.isoformat(),
                    json.dumps({entity: vars(counts) for entity, counts in entry.counts.items()}),
                    json.dumps(entry.against),
                    entry.segment,
                )
                for entry in entries
            ],
        )
        self._unlist()

    def _unlist(self) -> None:
        self._connection.execute(
            "delete from segments where (source, segment) not in"
            " (select source, segment from batches where segment is not null)"
        )


def _reason(kept: str | list[str]) -> Reason:
    """A reason from JSON: at first they were texts alone."""
    return Reason(kept) if isinstance(kept, str) else Reason(*kept)


def _listed(part: Part) -> str | Part:
    """A part in JSON: its name alone where its rows say the rest, which is how all parts were listed at first."""
    return part if part.batch is not None else part.name


def _part(listed: str | list[str]) -> Part:
    return Part(listed) if isinstance(listed, str) else Part(*listed)


def _row(segment: SegmentEntry) -> tuple[str | int, ...]:
    return (
        segment.source,
        segment.segment,
        segment.rules,
        segment.records,
        segment.bytes,
        json.dumps({entity: [_listed(part) for part in of] for entity, of in segment.parts.items()}),
    )
