"""What a drop folder holds, as a dry run of it shows: files, columns, words, reasons, keys, gaps, instants.

Here: what is counted in landing and raw of the dry run. Not here: the run, and what it refuses or warns of
(``dry_run``), and how a report is shown (``orchestration``).

Of a record its place is shown, and at most one value: an instant, a word of a list, a truth or a rating.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ingestion import dry_run, zones
from ingestion.dry_run import DryRun
from ingestion.export_format import CONTACTS, CONVERSATIONS, ENTITIES, MESSAGES, Column, ColumnType, Entity
from ingestion.ingest import Progress
from ingestion.judging import held_back
from ingestion.manifest_writer import no_entity
from ingestion.parsing import parser
from ingestion.parsing.files import entity_and_format, entity_of
from ingestion.parsing.mapped_files import meant_by, unread
from ingestion.parsing.names import columns_of, likely_entity, near_names
from ingestion.parsing.rules import trimmed
from ingestion.raw.segments import read_batch, records
from ingestion.settings import Settings
from ingestion.shown import visible
from ingestion.source_kinds import EXPORT
from ingestion.source_settings import DeliveredSource, FilesSource
from ingestion.sources.files import unmapped
from ingestion.sql import sql_files, sql_text
from ingestion.storage.landing import MANIFEST, batch_folders
from ingestion.understanding import has_no_agents, joined_lists, known_as, orphans, unknown_words

_EXAMPLES = 2
_WORDS = ("direction", "sender_type", "origin", "status", "type", "source")
"""The columns that hold words of a list (``docs/export-format.md``, *Values*)."""
_SHOWN_TYPES = (ColumnType.INSTANT, ColumnType.BOOLEAN, ColumnType.RATING)
"""The types whose values say nothing of a person."""
_DISTINCT = 100
"""So many words of a column are listed: a column with more holds no words of a list."""
_QUARTER = 900
"""Seconds: the offsets of all zones are multiples of this."""


@dataclass(frozen=True)
class ReadFile:
    """A file that was read, and as what."""

    batch: str
    file: str
    entity: str
    format: str
    rows: int
    quarantined: int


@dataclass(frozen=True)
class UnreadFile:
    """A file that was not read, and why. ``entity``: the one that its name likely means, where nothing else is said."""

    batch: str
    file: str
    why: str
    entity: str | None = None


@dataclass(frozen=True)
class UnusedColumn:
    """A column that is not read. ``meant``: the missing column that its name likely means."""

    name: str
    meant: str | None


@dataclass(frozen=True)
class Columns:
    """The columns of an entity. ``used``: each with the rows that have a value in it."""

    entity: str
    rows: int
    used: dict[str, int]
    unused: list[UnusedColumn]
    missing_required: list[str]
    missing_optional: list[str]


@dataclass(frozen=True)
class Word:
    """A word, as it is compared. ``is_known`` is None in a column for which the export format lists no words."""

    word: str
    rows: int
    is_known: bool | None


@dataclass(frozen=True)
class WordColumn:
    """The most frequent words of a column, the most frequent first."""

    entity: str
    column: str
    words: list[Word]


@dataclass(frozen=True)
class Place:
    """Where a row is. ``value``: of the column concerned, where that may be shown."""

    batch: str
    file: str
    line: int
    value: str | None


@dataclass(frozen=True)
class Reason:
    """A reason to quarantine rows of an entity."""

    entity: str
    reason: str
    rows: int
    examples: list[Place]


@dataclass(frozen=True)
class Repeated:
    """Keys that good rows have more than once; those whose rows differ, and those that differ within one batch."""

    entity: str
    keys: int
    with_other_content: int
    within_a_batch: int


@dataclass(frozen=True)
class OrphanedRows:
    """Rows without a conversation, in words, and whether they are more than a run accepts."""

    entity: str
    words: str
    is_past_limit: bool


@dataclass(frozen=True)
class Without:
    """How many rows lack something: ``what``, of ``rows``."""

    what: str
    without: int
    rows: int


@dataclass(frozen=True)
class Span:
    """The first and the last instant of an entity."""

    entity: str
    column: str
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class BusiestHour:
    """The hour of the local day, from 0, in which most happens, and the share of that hour."""

    entity: str
    timezone: str
    hour: int
    share: float


@dataclass(frozen=True)
class Inspection:
    """All that a dry run shows. ``misleading``: what a run would accept and make wrong or empty figures of."""

    source: str
    folder: Path
    files: list[ReadFile]
    unread: list[UnreadFile]
    columns: list[Columns]
    words: list[WordColumn]
    quarantined: list[Reason]
    repeated: list[Repeated]
    orphans: list[OrphanedRows]
    without: list[Without]
    spans: list[Span]
    busiest: BusiestHour | None
    refusals: list[str]
    warnings: list[str]
    misleading: list[str]

    @property
    def is_well(self) -> bool:
        """Whether a run would neither refuse nor mislead."""
        return not self.refusals and not self.misleading


def inspect_source(settings: Settings, source: DeliveredSource, progress: Progress) -> Inspection:
    """What a configured source delivers: all that is in its drop folder, or has left it since it was accepted."""
    with dry_run.of_source(settings, source, progress) as dry:
        return _Reading(dry).inspection()


def inspect_folder(folder: Path, timezone: str, progress: Progress) -> Inspection:
    """What a folder holds that is a batch or holds batches, with or without their manifests."""
    with dry_run.of_folder(folder, timezone, progress) as dry:
        return _Reading(dry).inspection()


class _Reading:
    """What raw and landing of a dry run hold."""

    def __init__(self, dry: DryRun) -> None:
        self._dry = dry
        self._source = dry.source
        self._segments = dry.segments
        self._landing = dry.settings.home / "landing" / dry.source.name
        self._meant = {str(column): words for column, words in dry.source.known_words.items()}
        self._connection = connection = parser.connect()
        connection.execute(f"set memory_limit = {sql_text(dry.settings.resources.memory_limit)}")
        connection.execute(f"set temp_directory = {sql_text(dry.settings.home / 'spilled')}")
        self._parsed = {
            batch: held.files if (held := read_batch(segment.folder, batch)) else {}
            for segment in dry.segments
            for batch in segment.batches
        }
        self._columns_of: Callable[[Path], list[str]] = cache(lambda path: columns_of(connection, path))

    def inspection(self) -> Inspection:
        """Everything."""
        files, unread = self._files()
        columns = [self._columns(entity) for entity in ENTITIES.values()]
        orphaned = self._orphans()
        nothing = [] if files else [f"{self._dry.folder}: there is no batch in it that can be read"]
        return Inspection(
            self._source.name,
            self._dry.folder,
            files,
            unread,
            columns=[each for each in columns if each.rows or each.unused],
            words=list(self._words()),
            quarantined=self._quarantined(),
            repeated=list(self._repeated()),
            orphans=orphaned,
            without=list(self._without()),
            spans=list(self._spans()),
            busiest=self._busiest(self._dry.settings.account_of(self._source).timezone),
            refusals=self._dry.refusals or nothing,
            warnings=self._dry.warnings,
            misleading=list(self._misleading(unread, columns, orphaned)),
        )

    def _rows(self, query: str) -> list[Any]:
        return self._connection.execute(query).fetchall()

    def _good(self, entity: Entity) -> str | None:
        rows = records(self._segments, entity)
        return f"select * from ({rows}) where _reasons is null" if rows else None

    def _files(self) -> tuple[list[ReadFile], list[UnreadFile]]:
        read, unread = [], []
        for batch, files in sorted(self._parsed.items()):
            for name, file in sorted(files.items()):
                file_format = file.format or entity_and_format(Path(name), EXPORT)[1]
                read.append(
                    ReadFile(batch, file.name or name, file.entity, file_format, file.records, file.quarantined)
                )
        if isinstance(self._source, FilesSource):
            others = unmapped(self._source) if self._source.path.is_dir() else []
            return read, [UnreadFile("", name, "no mapping reads it", likely_entity(name)) for name in others]
        for folder in batch_folders(self._source.path) if self._source.path.is_dir() else ():
            batch = visible(folder.name)
            there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
            for name in sorted(there - {MANIFEST} - self._parsed.get(batch, {}).keys()):
                if entity_of(name) is None:
                    unread.append(UnreadFile(batch, name, no_entity(name), likely_entity(name)))
                else:
                    why = "the manifest does not list it" if batch in self._parsed else "its batch cannot be read"
                    unread.append(UnreadFile(batch, name, why))
        return read, unread

    def _headers(self, entity: Entity) -> Iterator[tuple[list[str], dict[str, str], list[str]]]:
        """Of each file of an entity the columns that it has, those that are not read with what they likely mean, and
        all that are not read.
        """
        mapped = self._source.mapped
        if mapped:
            files = [file for of_batch in self._parsed.values() for file in of_batch.values()]
            for file in files:
                if file.entity == entity.name:
                    held = [mapped[other.entity] for other in files if other.name == file.name]
                    names = unread(file.columns, held)
                    yield list(mapped[entity.name].columns), meant_by(names, entity.name, mapped[entity.name]), names
            return
        folders = batch_folders(self._landing) if self._landing.is_dir() else []
        known = [column.name for column in entity.columns]
        for folder in folders:
            for path in sorted(folder.iterdir()):
                if entity_of(path.name) == entity:
                    names = self._columns_of(path)
                    yield names, dict(near_names(names, entity)), [name for name in names if name not in known]

    def _columns(self, entity: Entity) -> Columns:
        unused: dict[str, str | None] = {}
        named: set[str] = set()
        known = [column.name for column in entity.columns]
        for names, near, others in self._headers(entity):
            named.update(names)
            unused |= {name: near.get(name) or unused.get(name) for name in others}
        rows = records(self._segments, entity)
        counts = [0] * (1 + len(known))
        if rows:
            filled = ", ".join(f"count({name})" for name in known)
            ((*counts,),) = self._rows(f"select count(*), {filled} from ({rows})")
        has = dict(zip(known, counts[1:], strict=True))
        missing = [column for column in entity.columns if column.name not in named and not has[column.name]]
        return Columns(
            entity.name,
            counts[0],
            {name: count for name, count in has.items() if name in named or count},
            [UnusedColumn(name, meant) for name, meant in unused.items()],
            [column.name for column in missing if column.required],
            [column.name for column in missing if not column.required],
        )

    def _words(self) -> Iterator[WordColumn]:
        for entity in ENTITIES.values():
            rows = records(self._segments, entity)
            for column in entity.columns if rows else ():
                if column.name in _WORDS:
                    spelled = f"select {column.name} as spelling, count(*) as rows from ({rows}) group by all"
                    found = self._rows(
                        f"select lower({trimmed('spelling')}) as word, cast(sum(rows) as bigint) as rows"
                        f" from ({spelled}) where spelling is not null group by word order by rows desc, word"
                        f" limit {_DISTINCT}"
                    )
                    known = self._known(entity, column)
                    words = [Word(word, count, word in known if known else None) for word, count in found]
                    if words:
                        yield WordColumn(entity.name, column.name, words)

    def _known(self, entity: Entity, column: Column) -> set[str]:
        """The words of a column that are known, and those that the configuration says are meant."""
        of_column = self._meant.get(known_as(entity, column.name), []) if column.known else []
        return {*column.known, *column.words, *(word.strip().lower() for word in of_column)}

    def _quarantined(self) -> list[Reason]:
        if not self._segments:
            return []
        against = (
            "select *, unnest(string_split(reasons, '; ')) as reason"
            f" from read_parquet({sql_files(segment.quarantine for segment in self._segments)})"
        )
        numbered = (
            "select *, count(*) over (partition by entity, reason) as rows,"
            f" row_number() over (partition by entity, reason order by batch, file, line) as nth from ({against})"
        )
        found: dict[tuple[str, str], Reason] = {}
        for entity, reason, rows, batch, file, line, record in self._rows(
            f"select entity, reason, rows, batch, file, line, record from ({numbered}) where nth <= {_EXAMPLES}"
            " order by rows desc, entity, reason, nth"
        ):
            of_reason = found.setdefault((entity, reason), Reason(entity, reason, rows, []))
            value = self._value(ENTITIES[entity], reason.partition(":")[0], batch, file, record)
            of_reason.examples.append(Place(batch, file, line, value))
        return list(found.values())

    def _value(self, entity: Entity, name: str, batch: str, file: str, record: str) -> str | None:
        """The value of a column in a record as it came, where it may be shown."""
        column = next((column for column in entity.columns if column.name == name), None)
        if column is None or not (column.type in _SHOWN_TYPES or name in _WORDS):
            return None
        path = self._landing / batch / file
        mapped = self._parsed.get(batch, {}).get(f"{file} ({entity.name})")
        if mapped:
            name = next(iter(self._source.mapped[entity.name].columns[name].names), name)
        with suppress(ValueError, csv.Error, AttributeError, StopIteration):  # cut off, or no record
            if (mapped.format if mapped else entity_and_format(path, EXPORT)[1]) == "csv":
                header = mapped.columns if mapped else self._columns_of(path)
                fields = next(csv.reader(record.splitlines(True), delimiter=mapped.delimiter if mapped else ","))
                values: dict[str, Any] = dict(zip(header, fields, strict=True))
            else:  # of a name that appears twice, the first counts
                values = json.loads(record, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
            value = values.get(name)
            if isinstance(value, bool | int | float):
                return json.dumps(value)
            return value if isinstance(value, str) else None
        return None

    def _repeated(self) -> Iterator[Repeated]:
        for entity in ENTITIES.values():
            rows = self._good(entity)
            if rows is None:
                continue
            content = ", ".join(column.name for column in entity.columns)
            ((keys, other, within),) = self._rows(
                f"""
                with
                hashed as (select {entity.key} as key, _batch, hash({content}) as content from ({rows})),
                of_batch as (
                    select key, count(*) as rows, min(content) as least, max(content) as most
                    from hashed group by key, _batch
                ),
                of_key as (
                    select key, sum(rows) > 1 as is_repeated, min(least) <> max(most) as differs,
                        bool_or(least <> most) as differs_within
                    from of_batch group by key
                )
                select count(*) filter (is_repeated), count(*) filter (differs), count(*) filter (differs_within)
                from of_key
                """
            )
            if keys:
                yield Repeated(entity.name, keys, other, within)

    def _orphans(self) -> list[OrphanedRows]:
        batches = [batch for segment in self._segments for batch in segment.batches]
        found = orphans(self._connection, self._segments, batches, ENTITIES.values())
        return [OrphanedRows(one.entity, str(one), held_back(one, self._dry.settings.quality)) for one in found]

    def _without(self) -> Iterator[Without]:
        is_there = "deleted is not true"
        for entity, column, among, what in (
            (CONVERSATIONS, "agent_id", is_there, "conversations without an agent"),
            (CONVERSATIONS, "contact_id", is_there, "conversations without a contact"),
            (CONVERSATIONS, "nullif(len(tags), 0)", is_there, "conversations without tags"),
            (
                MESSAGES,
                "agent_id",
                f"{is_there} and lower({trimmed('direction')}) = 'outbound'",
                "outbound messages without an agent",
            ),
            (CONTACTS, "nullif(len(tags), 0)", is_there, "contacts without tags"),
        ):
            rows = self._good(entity)
            if rows:
                ((count, having),) = self._rows(f"select count(*), count({column}) from ({rows}) where {among}")
                yield Without(what, count - having, count)

    def _spans(self) -> Iterator[Span]:
        for entity in ENTITIES.values():
            rows = self._good(entity)
            column = next(column.name for column in entity.columns if column.type is ColumnType.INSTANT)
            if rows:
                ((first, last),) = self._rows(f"select epoch_us(min({column})), epoch_us(max({column})) from ({rows})")
                yield Span(entity.name, column, _instant(first), _instant(last))

    def _busiest(self, timezone: str) -> BusiestHour | None:
        for entity in (MESSAGES, CONVERSATIONS):
            rows = self._good(entity)
            if rows is None:
                continue
            hours: Counter[int] = Counter()
            for quarter, count in self._rows(
                f"select epoch_us({entity.happened_at}) // {_QUARTER * 1_000_000} as quarter, count(*) from ({rows})"
                f" where {entity.happened_at} is not null group by quarter"
            ):
                hours[datetime.fromtimestamp(quarter * _QUARTER, zones.zone(timezone)).hour] += count
            if hours:
                hour, most = min(hours.items(), key=lambda item: (-item[1], item[0]))
                return BusiestHour(entity.name, timezone, hour, most / hours.total())
        return None

    def _misleading(
        self,
        unread: Sequence[UnreadFile],
        columns: Sequence[Columns],
        orphaned: Sequence[OrphanedRows],
    ) -> Iterator[str]:
        entities = ENTITIES.values()
        if any(unknown_words(self._connection, segment, entities, self._meant) for segment in self._segments):
            yield "unknown words"
        if any(file.entity for file in unread):
            yield "files that likely hold an entity under another name"
        if any(column.meant for of_entity in columns for column in of_entity.unused):
            yield "columns that likely hold a missing one under another name"
        if not self._source.no_agents and has_no_agents(self._connection, self._segments):
            yield "no agents"
        if any(joined_lists(self._connection, segment, entities) for segment in self._segments):
            yield "joined tags"
        if any(one.is_past_limit for one in orphaned):
            yield "orphans past the limit"


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else datetime.fromtimestamp(microseconds / 1_000_000, UTC)
