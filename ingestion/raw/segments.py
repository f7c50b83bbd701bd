"""Segments of raw: folders of typed Parquet files that hold one or more batches of a source, committed by one rename.

Here: parsing landed batches into a segment, and reading what it holds. Not here: single files (``parser``), whether a
batch is accepted (``ingest``), and joining segments (``compaction``). Raw can always be parsed again from landing.

``raw/<source>/<segment>/`` holds:

* ``<entity>-<number>.parquet``: rows with the columns that ``parser`` describes; ``_batch`` names the batch of each.
* ``landed-<entity>-<number>.parquet``: a landed file that needs no parsing, under a second name. The ledger says which
  file it is, and :func:`records` reads both.
* ``quarantine.parquet``, and ``segment.json``: of each batch its fingerprint, when it was extracted, and its files; and
  the hash of each Parquet file.

The ledger names the segments that count: any other folder is left over.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from ingestion.bounds import DEFAULTS, Bounds
from ingestion.export_format import DUCKDB_TYPES, ENTITIES, Entity
from ingestion.file_mapping import MappedEntity, spelled
from ingestion.parsing import archives, parser
from ingestion.parsing.files import LandedFile, ParsedFile, entity_of, is_misnamed
from ingestion.parsing.mapped_files import mapped_files
from ingestion.parsing.names import unread_columns
from ingestion.parsing.native_reader import vanished
from ingestion.parsing.readers import UnreadableFileError
from ingestion.parsing.row_rules import rules_of
from ingestion.source_kinds import EXPORT, entities_of
from ingestion.sql import sql_files, sql_rows, sql_text
from ingestion.storage.landing import MANIFEST, BatchError, Landed, replacing_folder, sha256_of, sync_file
from ingestion.storage.ledger import Part, SegmentEntry

SUMMARY = "segment.json"
ABSENT = "absent"
"""In the place of a file: what a batch lacks that holds all there is."""
QUARANTINE = "quarantine.parquet"
_STATEMENTS_AT_A_TIME = 2
_LARGE_PART = 4 << 20
_ROWS_TOGETHER = 1000
_ZERO, _NOT_YET = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
Progress = Callable[[str], None]
_BadRow = tuple[str, str, str, int, str, str]


@dataclass(frozen=True)
class RawFile:
    """One parsed file: its records (malformed ones too), and how many of them are quarantined.

    Of a file of another system, which may hold several entities, also its name, what it was read as, and the names of
    its columns.
    """

    entity: str
    records: int
    quarantined: int
    name: str = ""
    format: str = ""
    delimiter: str = ""
    columns: Sequence[str] = ()


@dataclass(frozen=True)
class RawBatch:
    """What a segment holds of one batch. ``ignored``: files of no known entity, kept in landing."""

    batch: str
    extracted_at: datetime
    files: dict[str, RawFile]
    ignored: tuple[str, ...]
    fingerprint: str
    """Of the content that it was parsed from."""
    notes: tuple[str, ...] = ()
    """What in it was set aside or is unknown, with counts, in words."""
    absent: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Of a batch that holds all that there is, by entity: records that it lacks, and those that there were."""

    def totals(self) -> dict[str, tuple[int, int]]:
        """Records and quarantined records of each entity that the batch holds."""
        totals: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for file in self.files.values():
            records, quarantined = totals[file.entity]
            totals[file.entity] = records + file.records, quarantined + file.quarantined
        return dict(totals)


@dataclass(frozen=True)
class Segment:
    """A segment as the ledger lists it, and its folder. ``batches``: those whose rows it holds, by name."""

    listed: SegmentEntry
    folder: Path
    batches: tuple[str, ...]

    @property
    def quarantine(self) -> Path:
        """The file of its quarantined rows: source, batch, entity, file, line, reasons, and each record as it came."""
        return self.folder / QUARANTINE


def records(segments: Iterable[Segment], entity: Entity) -> str | None:
    """SQL of all rows of an entity in segments; None where there are no rows.

    It has the entity's columns in their types, where each row came from (``source_system``, ``_batch``, ``_file``),
    ``_reasons``, and ``file_row_number``, which orders the rows of one file of one batch.
    """
    parts = [(segment, part) for segment in segments for part in segment.listed.parts.get(entity.name, ())]
    written = [segment.folder / part.name for segment, part in parts if part.batch is None]
    landed = [(segment, part) for segment, part in parts if part.batch is not None]
    names = ", ".join(column.name for column in entity.columns)
    queries = []
    if written:
        queries.append(
            f"select {names}, source_system, _batch, _file, _reasons, file_row_number"
            f" from read_parquet({sql_files(written)}, file_row_number = true)"
        )
    if landed:
        origins = {
            "source_system": [segment.listed.source for segment, _ in landed],
            "_batch": [str(part.batch) for _, part in landed],
            "_file": [str(part.file) for _, part in landed],
        }
        named = ", ".join(f"{_by_file(values)} as {name}" for name, values in origins.items())
        files = sql_files(segment.folder / part.name for segment, part in landed)
        queries.append(
            f"select {names}, {named}, cast(null as varchar) as _reasons, file_row_number"
            f" from read_parquet({files}, file_row_number = true)"
        )
    return " union all ".join(queries) or None


def _by_file(values: Sequence[str]) -> str:
    """SQL of a text that depends on which of the files a row comes from."""
    if len(set(values)) == 1:
        return sql_text(values[0])
    return f"([{', '.join(map(sql_text, values))}])[cast(file_index as bigint) + 1]"


def new_name(first: str) -> str:
    """A name that no segment ever had, so that a reader of another segment never reads this one instead."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', first)[:60]}.{secrets.token_hex(4)}"


def parse_segment(
    connection: duckdb.DuckDBPyConnection,
    landed: Sequence[Landed],
    raw: Path,
    rating_scale: tuple[int, int],
    progress: Progress,
    kind: str = EXPORT,
    bounds: Bounds = DEFAULTS,
    mappings: Mapping[str, MappedEntity] = MappingProxyType({}),
    snapshots_after: Sequence[Segment] | None = None,
) -> tuple[Segment, list[RawBatch]]:
    """Parse landed batches of one source into a new segment, files of one shape together; what it holds of each.

    ``kind``: the kind of the source. ``bounds``: the limits of what is believed of its batches. ``mappings``: by
    entity, how files of another system are read. ``snapshots_after``: the segments before batches that hold
    all that there is.

    Raises:
        BatchError: a file cannot be read, or does not have the rows that its manifest says.
    """
    source = landed[0].source
    name = new_name(landed[0].batch)
    with replacing_folder(raw / source / name) as folder:
        progress(f"{source} {_span(landed)}")
        batches, parts, quarantine = _parse(connection, landed, folder, rating_scale, kind, bounds, mappings)
        if snapshots_after is not None:
            before = (*snapshots_after, _segment(source, name, folder, parts))
            batches = [_without_absent(connection, before, batch, folder, parts) for batch in batches]
        _write_quarantine(connection, folder / QUARANTINE, source, quarantine)
        rules = rules_of(kind, rating_scale, bounds, spelled(mappings))
        write_summary(folder, rules, {batch.batch: _described(batch) for batch in batches})
        records = sum(file.records for batch in batches for file in batch.files.values())
        by_entity = {entity: tuple(of) for entity, of in parts.items()}
        listed = SegmentEntry(source, name, rules, records, size_of(folder), by_entity)
    return Segment(listed, raw / source / name, tuple(batch.batch for batch in batches)), batches


def _segment(source: str, name: str, folder: Path, parts: Mapping[str, Sequence[Part]]) -> Segment:
    """A segment that is being written, to read what it holds."""
    return Segment(
        SegmentEntry(source, name, "", 0, 0, {entity: tuple(of) for entity, of in parts.items()}), folder, ()
    )


def _without_absent(
    connection: duckdb.DuckDBPyConnection,
    segments: Sequence[Segment],
    batch: RawBatch,
    folder: Path,
    parts: dict[str, list[Part]],
) -> RawBatch:
    """A batch that holds all that there is, with a deletion of each record that it lacks and the one before it had.

    Of an entity that the batch does not hold, nothing is deleted. A quarantined record is there. Where the key of one
    cannot be read, it may be any, so nothing is deleted; the next batch is then compared with all those since the last
    one whose keys could be read.
    """
    files, absent, notes = dict(batch.files), {}, batch.notes
    for entity in (ENTITIES[name] for name in batch.totals() if ENTITIES[name].has_deletions):
        rows = records(segments, entity)
        earlier = f"_batch < {sql_text(batch.batch)} and deleted is not true"
        keyless = f"select _batch from ({rows}) where {entity.key} is null"
        before = f"select max(_batch) from ({rows}) where {earlier} and _batch not in ({keyless})"
        keys = f"select {entity.key} from ({rows}) where"
        known = f"{keys} {earlier} and _batch >= coalesce(({before}), '') and {entity.key} is not null"
        missing = f"select distinct * from ({known} except {keys} _batch = {sql_text(batch.batch)})"
        counting = f"select count(*) from ({keyless} and _batch = {sql_text(batch.batch)})"
        ((unread,),) = connection.execute(counting).fetchall()
        if unread:
            notes += (
                f"{unread:,} of its {entity.name} have no key that can be read, so none that it lacks is deleted:"
                " correct these rows",
            )
            continue
        columns = ", ".join(
            f"cast({'true' if column.name == 'deleted' else 'null'} as {DUCKDB_TYPES[column.type]}) as {column.name}"
            for column in entity.columns
            if column.name != entity.key
        )
        part = Part(f"{entity.name}-absent-{len(parts[entity.name])}.parquet")
        (count,) = connection.execute(
            f"copy (select {entity.key}, {columns}, {sql_text(segments[-1].listed.source)} as source_system,"
            f" {sql_text(batch.batch)} as _batch, {sql_text(ABSENT)} as _file, cast(null as varchar) as _reasons"
            f" from ({missing}) order by 1) to {sql_text(folder / part.name)} ({parser.PARQUET})"
        ).fetchall()[0]
        ((of_known,),) = connection.execute(f"select count(distinct {entity.key}) from ({known})").fetchall()
        if count:
            files[f"{ABSENT} ({entity.name})"] = RawFile(entity.name, count, 0, name=ABSENT, format="deletions")
            parts[entity.name].append(part)
            absent[entity.name] = (count, of_known)
        else:
            (folder / part.name).unlink()
    return replace(batch, files=files, notes=notes, absent=absent)


def _span(landed: Sequence[Landed]) -> str:
    first, last = landed[0].batch, landed[-1].batch
    return first if len(landed) == 1 else f"{first} to {last}: {len(landed)} batches"


def write_summary(folder: Path, rules: str, batches: dict[str, Any]) -> None:
    """Write ``segment.json``: the rules of parsing, what the segment holds of each batch, the hash of each file."""
    hashes = {path.name: sha256_of(path) for path in sorted(folder.glob("*.parquet"))}
    summary = {"rules": rules, "batches": batches, "sha256": hashes}
    (folder / SUMMARY).write_text(json.dumps(summary, indent=1), encoding="utf-8")


def read_summary(folder: Path) -> dict[str, Any]:
    """What a segment holds of each batch, as :func:`write_summary` wrote it.

    Raises:
        OSError, ValueError, KeyError: this is not a segment.
    """
    batches = json.loads((folder / SUMMARY).read_bytes())["batches"]
    assert isinstance(batches, dict)
    return batches


def changed_files(folder: Path) -> list[str]:
    """The Parquet files of a segment that are missing or not what was written, by name.

    Raises:
        OSError, ValueError: this is not a segment.
    """
    hashes = json.loads((folder / SUMMARY).read_bytes()).get("sha256", {})  # those of earlier versions have none
    return [name for name, of in hashes.items() if not (folder / name).is_file() or sha256_of(folder / name) != of]


def read_batch(folder: Path, batch: str) -> RawBatch | None:
    """What a segment holds of a batch; None when it holds nothing of it."""
    try:
        return _batch(batch, read_summary(folder)[batch])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_batches(folder: Path) -> dict[str, RawBatch] | None:
    """What a segment holds, by batch; None when it cannot be read."""
    try:
        return {name: _batch(name, found) for name, found in read_summary(folder).items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _batch(name: str, found: dict[str, Any]) -> RawBatch:
    return RawBatch(
        name,
        datetime.fromisoformat(found["extracted_at"]),
        {name: RawFile(**file | {"columns": tuple(file.get("columns", ()))}) for name, file in found["files"].items()},
        tuple(found["ignored"]),
        found["fingerprint"],
        tuple(found.get("notes", ())),
        found.get("absent", {}),
    )


def _described(batch: RawBatch) -> dict[str, Any]:
    return {
        "fingerprint": batch.fingerprint,
        "extracted_at": batch.extracted_at.isoformat(),
        "files": {name: asdict(file) for name, file in batch.files.items()},
        "ignored": batch.ignored,
        "notes": batch.notes,
        "absent": dict(batch.absent),
    }


def size_of(folder: Path) -> int:
    """The bytes of a segment's Parquet files."""
    return sum(path.stat().st_size for path in folder.glob("*.parquet"))


def _parse(
    connection: duckdb.DuckDBPyConnection,
    landed: Sequence[Landed],
    folder: Path,
    rating_scale: tuple[int, int],
    kind: str,
    bounds: Bounds,
    mappings: Mapping[str, MappedEntity],
) -> tuple[list[RawBatch], dict[str, list[Part]], list[_BadRow]]:
    """What was found in each batch, the parts by entity, and the quarantined rows by batch, file and line."""
    notes: dict[str, tuple[str, ...]] = {}
    groups: defaultdict[Hashable, list[LandedFile]] = defaultdict(list)
    parts: defaultdict[str, list[Part]] = defaultdict(list)
    outcomes: dict[LandedFile, ParsedFile] = {}
    delivered: list[LandedFile] = []
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for number, batch in enumerate(landed):
            place = Path(scratch) / str(number)
            if mappings:
                files, notes[batch.batch] = mapped_files(connection, batch, mappings, place, bounds)
            else:
                files, notes[batch.batch] = _files(batch, kind, bounds, place)
            delivered += files
        try:
            for number, file in enumerate(delivered):
                part = Part(f"landed-{_entity(file)}-{number}.parquet", file.batch, file.name)
                if file.mapped:
                    groups[file].append(file)
                elif parser.needs_no_parsing(connection, file, rating_scale) and _link(file.path, folder / part.name):
                    outcomes[file] = ParsedFile(file.rows or 0, [])
                    parts[_entity(file)].append(part)
                else:
                    groups[parser.shape_of(connection, file.path, kind, bounds)].append(file)
            numbered = [(Part(f"{_entity(of[0])}-{number}.parquet"), of) for number, of in enumerate(groups.values())]
            parsed = _parse_groups(connection, [(of, folder / part.name) for part, of in numbered], rating_scale)
            for (part, of), each in zip(numbered, parsed, strict=True):
                outcomes |= zip(of, each, strict=True)
                parts[_entity(of[0])].append(part)
        except UnreadableFileError as error:
            raise BatchError(f"{error.path}: cannot be read: {error}; deliver the batch again") from None
        for file in delivered:
            _refuse_other_rows(file, outcomes[file].records)
    if kind == EXPORT:
        for file in delivered:
            unread = unread_columns(connection, file.path, file.entity)
            notes[file.batch] = tuple(dict.fromkeys([*notes[file.batch], *unread]))
    elif not mappings:
        _refuse_vanished(outcomes)
    parsed_files: dict[str, dict[str, RawFile]] = {batch.batch: {} for batch in landed}
    quarantine: list[_BadRow] = []
    folders = {batch.batch: batch.folder for batch in landed}
    for file, outcome in outcomes.items():
        notes[file.batch] += outcome.notes
        name, entity = file.name, _entity(file)
        counted = RawFile(entity, outcome.records, len(outcome.bad))
        if mapped := file.mapped:
            how = mapped.format, mapped.delimiter, mapped.columns
            counted = RawFile(entity, outcome.records, len(outcome.bad), name, *how)
        parsed_files[file.batch][f"{name} ({entity})" if mapped else name] = counted
        if kind == archives.KIND:
            rows = archives.lines_of(folders[file.batch], outcome.bad, bounds)
        else:
            rows = [(name, bad.line, bad.reasons, bad.record) for bad in outcome.bad]
        quarantine += [(file.batch, entity, *row) for row in rows]
    quarantine.sort(key=lambda row: (row[0], row[2], row[3]))
    batches = []
    for batch in landed:
        files_of = parsed_files[batch.batch]
        ignored = () if mappings else tuple(sorted(batch.manifest.files.keys() - files_of.keys()))
        about = batch.batch, batch.extracted_at, files_of, ignored, batch.fingerprint, notes[batch.batch]
        batches.append(RawBatch(*about))
    return batches, parts, quarantine


def _parse_groups(
    connection: duckdb.DuckDBPyConnection,
    groups: Sequence[tuple[Sequence[LandedFile], Path]],
    rating_scale: tuple[int, int],
) -> list[list[ParsedFile]]:
    """Parse groups of files of one shape, each into its target, two at a time: so no core waits while a statement is
    planned or writes its last rows.
    """
    at_work: list[duckdb.DuckDBPyConnection] = []

    def parse(group: tuple[Sequence[LandedFile], Path]) -> list[ParsedFile]:
        files, target = group
        with parser.cursor(connection) as cursor:
            at_work.append(cursor)
            try:
                parsed = parser.parse_files(cursor, files, target, rating_scale)
            finally:
                at_work.remove(cursor)
        if target.stat().st_size >= _LARGE_PART:  # the disk can begin while others are parsed
            sync_file(target)
        return parsed

    with ThreadPoolExecutor(_STATEMENTS_AT_A_TIME) as pool:
        parsing_of = [pool.submit(parse, group) for group in groups]
        try:
            return [one.result() for one in parsing_of]
        except BaseException:
            for one in parsing_of:
                one.cancel()
            while wait(parsing_of, timeout=0.1).not_done:
                for cursor in list(at_work):  # again and again, because a statement that has not begun yet ignores it
                    cursor.interrupt()
            raise


def _link(origin: Path, target: Path) -> bool:
    """Give a landed file, which never changes, a second name; whether the file system can."""
    try:
        os.link(origin, target)
    except OSError:
        return False
    return True


def _files(landed: Landed, kind: str, bounds: Bounds, scratch: Path) -> tuple[list[LandedFile], tuple[str, ...]]:
    """The files of a batch that hold an entity, by name, and notes about them."""
    if kind == archives.KIND:
        return archives.split_archives(landed, scratch, bounds)
    files = []
    manifest = landed.manifest
    if not _ZERO < manifest.extracted_at < _NOT_YET:  # a release could not hold it
        raise BatchError(
            f"{landed.folder / MANIFEST}: extracted_at: {manifest.extracted_at.isoformat()} cannot be the time of"
            " an extraction; write the batch again"
        )
    latest = manifest.latest
    for name, listed in sorted(manifest.files.items()):
        path = landed.folder / name
        if is_misnamed(name, kind):
            raise BatchError(
                f"{path}: its name has no known format; give it a name like 'messages-0001.ndjson.gz'"
                " (or .csv, .parquet) and deliver the batch again"
            )
        if entity_of(name, kind) is not None:
            files.append(LandedFile(path, landed.source, landed.batch, latest, listed.rows, kind, bounds))
    return files, ()


def _entity(file: LandedFile) -> str:
    return file.entity.name


def _refuse_other_rows(file: LandedFile, records: int) -> None:
    if file.rows is not None and records != file.rows:
        raise BatchError(
            f"{file.path}: the manifest says {file.rows:,} rows, the file has {records:,}; deliver it again, or its"
            " manifest"
        )


def _refuse_vanished(outcomes: Mapping[LandedFile, ParsedFile]) -> None:
    """Refuse a batch of which all records lack a required value: the interface of the system has changed."""
    of_entity: defaultdict[tuple[str, str], list[LandedFile]] = defaultdict(list)
    for file in outcomes:
        of_entity[file.batch, _entity(file)].append(file)
    for (_, name), files in of_entity.items():
        bad = [(row.reasons, row.record) for file in files for row in outcomes[file].bad]
        records = sum(outcomes[file].records for file in files)
        path = vanished(entities_of(files[0].kind)[name], records, bad)
        if path is not None:
            raise BatchError(
                f"{files[0].source} {files[0].batch}: none of the {records:,} {name} has '{path}' any more: the"
                " system's interface has changed; run 'causerie check-source' for details; the next run tries again"
            )


def _write_quarantine(connection: duckdb.DuckDBPyConnection, path: Path, source: str, rows: Sequence[_BadRow]) -> None:
    columns = dict.fromkeys(("batch", "entity", "file"), "varchar")
    columns |= {"line": "bigint", "reasons": "varchar", "record": "varchar"}
    with parser.cursor(connection) as cursor:  # the text of a statement needs several times the memory of its rows
        cursor.execute(f"create temp table quarantined as {sql_rows(columns, rows[:_ROWS_TOGETHER])}")
        for first in range(_ROWS_TOGETHER, len(rows), _ROWS_TOGETHER):
            cursor.execute(f"insert into quarantined {sql_rows(columns, rows[first : first + _ROWS_TOGETHER])}")
        cursor.execute(
            f"copy (select {sql_text(source)} as source_system, * from quarantined) to {sql_text(path)}"
            f" ({parser.PARQUET})"
        )
