"""Which rows are in quarantine, why, and whether a later batch has mended them.

Here: the rows of raw's ``quarantine.parquet``, joined with what the last build says about them. Not here: what is
quarantined (``ingestion.parsing.rules``), what mends a row (the model ``int_quarantine``), and how rows are shown
(``quarantine_formats``).

Raw has the line and the record as delivered; the build has the key and the batch that mended it. Both have the bad rows
of a file in the same order. The build does not have rows of refused and of newer batches, and none if it cannot be
read: the keys of these are looked up in the parsed files.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingestion.raw.segments import QUARANTINE
from ingestion.settings import Settings
from ingestion.source_kinds import entities_of
from ingestion.sql import first_line, sql_file, sql_rows, sql_text
from ingestion.storage.ledger import LEDGER, Entry, Ledger
from orchestration.home import Build, Home

OPEN, MENDED, REFUSED, NOT_BUILT = "open", "mended", "refused", "not built"
"""States of a row. ``REFUSED``: its batch is refused, so nothing counts it; ``NOT_BUILT``: the build lacks it."""

_COLUMNS = "source_system, entity, batch, file, line, record_id, reasons, state, mended_by, record"
_PLACE = "source_system, batch, file, entity, nth_of_file"
_ROWS_AT_ONCE = 1000


class UnreadableLedgerError(Exception):
    """The ledger cannot be read, so the batches are unknown. The message says why."""


class UnknownBatchError(Exception):
    """No run has seen a batch of this name."""


@dataclass(frozen=True)
class Query:
    """Which rows to list: of a source, batch or entity, with a text in the reason, with or without mended ones."""

    source: str | None = None
    batch: str | None = None
    entity: str | None = None
    reason: str | None = None
    with_mended: bool = False


@dataclass(frozen=True)
class Row:
    """One quarantined row. ``record_id`` is None without a valid key; ``mended_by`` is None unless it is mended."""

    source_system: str
    entity: str
    batch: str
    file: str
    line: int
    record_id: str | None
    reasons: tuple[str, ...]
    state: str
    mended_by: str | None
    record: str


@dataclass(frozen=True)
class Reason:
    """What is wrong, how many rows have it, and the first of these."""

    reason: str
    rows: int
    examples: list[Row]


@contextmanager
def quarantined(settings: Settings, query: Query) -> Iterator[Quarantine]:
    """The rows of a query.

    Raises:
        UnreadableLedgerError: the ledger cannot be read.
        UnknownBatchError: no run has seen the batch of the query.
    """
    with tempfile.TemporaryDirectory(prefix="causerie-quarantine-") as folder, duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"set memory_limit = {sql_text(settings.resources.memory_limit)}")
        connection.execute(f"set temp_directory = {sql_text(folder)}")
        yield Quarantine(connection, settings, query)


class Quarantine:
    """Rows in the order of source, batch, file and line. ``notes``: what a reader should know about them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings, query: Query) -> None:
        self.notes: list[str] = []
        self.query = query
        self._connection = connection
        self._kinds = {source.name: source.kind for source in settings.sources}
        files = self._files(settings, query)
        self._find(files, query)
        if self._rows("select count(*) from found") != [(0,)]:  # without rows, no build is needed
            self._read_build(Home(settings.home))
            self._look_up_keys(files)
        self._list(query)

    def counts(self) -> dict[str, int]:
        """The number of rows in each state."""
        return dict(self._rows("select state, count(*) from listed group by state"))

    def reasons(self, limit: int | None) -> list[Reason]:
        """The rows by reason, the most frequent first, with up to ``limit`` examples. A row may have several."""
        examples: defaultdict[str, list[Row]] = defaultdict(list)
        limited = "" if limit is None else f" where nth <= {limit}"
        sql = f"select reason, {_COLUMNS} from against join listed using (number){limited} order by number"
        for reason, *values in self._rows(sql):
            examples[reason].append(_row(values))
        counts = "select reason, count(*) from against group by reason order by count(*) desc, reason"
        return [Reason(reason, rows, examples[reason]) for reason, rows in self._rows(counts)]

    def rows(self, limit: int | None) -> Iterator[Row]:
        """Every row once; with a limit, at most that many for each reason."""
        limited = "" if limit is None else f" where number in (select number from against where nth <= {limit})"
        cursor = self._connection.execute(f"select {_COLUMNS} from listed{limited} order by number")
        while values := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from map(_row, values)

    def _rows(self, sql: str) -> list[Any]:
        return self._connection.execute(sql).fetchall()

    def _files(self, settings: Settings, query: Query) -> dict[Path, list[Entry]]:
        """Raw's files of quarantined rows, each with the batches to read from it."""
        ledger = settings.home / LEDGER
        found: list[Entry] = []
        try:
            if ledger.is_file():
                with Ledger(ledger, read_only=True) as opened:
                    found = [entry for source in settings.sources for entry in opened.entries(source.name)]
        except (OSError, sqlite3.Error) as error:
            raise UnreadableLedgerError(f"{ledger}: cannot be read: {error}") from None
        entries = [
            entry for entry in found if query.source in (None, entry.source) and query.batch in (None, entry.batch)
        ]
        if query.batch and not entries:
            raise UnknownBatchError(f"no run has seen a batch '{query.batch}'; 'causerie status' lists the refused")
        files: defaultdict[Path, list[Entry]] = defaultdict(list)
        for entry in entries:
            if entry.segment is not None:
                files[settings.home / "raw" / entry.source / entry.segment / QUARANTINE].append(entry)
            elif entry.status == "accepted":
                self.notes.append(f"{entry.source} {entry.batch}: not in raw at present; the next run parses it again")
        return files

    def _find(self, files: Mapping[Path, Sequence[Entry]], query: Query) -> None:
        """Create ``found``: the rows of raw, numbered among the bad rows of their file."""
        self._connection.execute(
            "create temp table found (source_system varchar, batch varchar, entity varchar, file varchar, line bigint,"
            " reasons varchar, record varchar, is_refused boolean, nth_of_file bigint)"
        )
        chosen = f"where entity = {sql_text(query.entity)}" if query.entity else ""
        for path, entries in files.items():
            batches = [(entry.batch, entry.status == "refused") for entry in entries]
            try:
                self._connection.execute(
                    "insert into found select source_system, batch, entity, file, line, reasons, record, is_refused,"
                    " row_number() over (partition by batch, file, entity order by line, file_row_number)"
                    f" from read_parquet({sql_file(path)}, file_row_number = true)"
                    f" join ({sql_rows({'batch': 'varchar', 'is_refused': 'boolean'}, batches)}) using (batch) {chosen}"
                )
            except duckdb.Error as error:
                self.notes.append(f"{path}: cannot be read, and its rows are left out: {first_line(error)}")
        self._connection.execute(
            "create temp table known (source_system varchar, batch varchar, file varchar, entity varchar,"
            " nth_of_file bigint, record_id varchar, mended_by varchar, is_built boolean)"
        )

    def _read_build(self, home: Home) -> None:
        """Fill ``known`` with what the last build has about the rows of accepted batches."""
        database = Build(home.open_build).database
        try:
            if not database.is_file():
                raise FileNotFoundError(f"{database}: there is no build yet")
            self._connection.execute(f"attach {sql_text(database.resolve())} as build (read_only)")
            self._connection.execute(
                f"insert into known select {_PLACE}, record_id, mended_by, true"
                " from build.intermediate.int_quarantine semi join (select * from found where not is_refused)"
                f" using ({_PLACE})"
            )
        except FileNotFoundError as error:
            self._note_build(str(error))
        except duckdb.Error as error:
            if "set lock" in str(error):
                self._note_build(f"{database}: a run is using it; try again when the run has ended")
            else:
                self._note_build(f"{database}: cannot be read: {first_line(error)}")

    def _note_build(self, trouble: str) -> None:
        self.notes.append(f"{trouble}. Which rows are mended is unknown, so mended rows are listed as well")

    def _look_up_keys(self, files: Mapping[Path, Sequence[Entry]]) -> None:
        """Add to ``known`` the keys of rows that the build does not have."""
        self._connection.execute(
            f"create temp table unknown as select {_PLACE} from found anti join known using ({_PLACE})"
        )
        wanted = set(self._rows("select distinct source_system, batch, entity from unknown"))
        for path, entries in files.items():
            batches = {(entry.source, entry.batch) for entry in entries}
            for name in sorted({entity for source, batch, entity in wanted if (source, batch) in batches}):
                key = entities_of(self._kinds[entries[0].source])[name].key
                for part in sorted(path.parent.glob(f"{name}-*.parquet")):
                    try:
                        self._connection.execute(
                            f"insert into known select {_PLACE}, record_id, null, false from (select source_system,"
                            f" _batch as batch, _file as file, {sql_text(name)} as entity,"
                            " row_number() over (partition by _batch, _file order by file_row_number) as nth_of_file,"
                            f" case when not contains(_reasons, '{key}: ') then {key} end as record_id"
                            f" from read_parquet({sql_file(part)}, file_row_number = true) where _reasons is not null)"
                            f" semi join unknown using ({_PLACE})"
                        )
                    except duckdb.Error as error:
                        self.notes.append(f"{part}: cannot be read, and its keys are left out: {first_line(error)}")

    def _list(self, query: Query) -> None:
        """Create ``listed``, the rows of the query, numbered, and ``against``, the reasons against each of them."""
        mended = "" if query.with_mended else "where known.mended_by is null"
        reason = f"where contains(lower(reason), lower({sql_text(query.reason)}))" if query.reason else ""
        self._connection.execute(
            "create temp table listed as select found.*, record_id, mended_by,"
            f" case when is_refused then '{REFUSED}' when mended_by is not null then '{MENDED}'"
            f" when is_built then '{OPEN}' else '{NOT_BUILT}' end as state,"
            " row_number() over (order by source_system, batch, file, line, entity, nth_of_file) as number"
            f" from found left join known using ({_PLACE}) {mended}"
        )
        self._connection.execute(
            "create temp table against as select *, row_number() over (partition by reason order by number) as nth"
            f" from (select number, unnest(string_split(reasons, '; ')) as reason from listed) {reason}"
        )
        self._connection.execute("delete from listed where number not in (select number from against)")


def _row(values: Sequence[Any]) -> Row:
    row = Row(*values)
    return Row(**{**vars(row), "reasons": tuple(values[6].split("; "))})
