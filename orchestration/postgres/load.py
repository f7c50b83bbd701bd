"""A release as a schema of its own in PostgreSQL: loaded, read back and compared in one transaction.

Here: types, rows, keys, comments, and which releases are there. Not here: what readers see of it (``views``).

Rows go as CSV, which both engines write and read by themselves, through a pipe. They come back the same way, and
DuckDB computes the checksums that were judged (``expectations.contents``): so every value is compared. ``copy …
freeze`` lets also transactions that began before the load see the rows; without it they would find empty tables.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from expectations.contents import MACROS, OF_ROWS, REPORTING, contents
from expectations.grains import shown_in, views_of
from expectations.marts import MARTS
from ingestion.sql import sql_name, sql_text
from ingestion.target_settings import PostgresTarget
from orchestration.postgres.server import TargetError
from orchestration.releases.catalog import Release

if TYPE_CHECKING:
    from orchestration.postgres.server import Session

Progress = Callable[[str], None]

_TYPES = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
}
_INDEXES: dict[str, list[tuple[str, ...]]] = {
    "details": [("account_id", "started_date")],
    "reporting_conversations": [("conversation_key",), ("started_date",)],
    "reporting_messages": [("sent_date",)],
    "reporting_replies": [("started_date",)],
}
"""What tools filter by, besides the keys."""
_CSV = (
    "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', nullstr = '',"
    " allow_quoted_nulls = false, parallel = false, max_line_size = 1000000000"
)
_BLOCK, _LONGEST = 1 << 16, 63


@dataclass(frozen=True)
class Column:
    """A column of a release, as both engines have it. What PostgreSQL has no type for is the text that DuckDB shows."""

    name: str
    type: str
    is_nullable: bool
    comment: str | None

    @property
    def element(self) -> str | None:
        """The type of the elements of a list that PostgreSQL has as an array."""
        of = self.type.removesuffix("[]")
        return of if of != self.type and _type_of(of) else None

    @property
    def is_text(self) -> bool:
        """Whether its values may hold what CSV has another meaning for."""
        return _type_of(self.type) in (None, "text")

    @property
    def defined(self) -> str:
        """As ``create table`` has it."""
        kind = f"{_type_of(self.element)}[]" if self.element else _type_of(self.type) or "text"
        return f"{sql_name(self.name)} {kind}{'' if self.is_nullable else ' not null'}"

    @property
    def value(self) -> str:
        """What is published of it, in DuckDB: text has U+FFFD for NUL, which PostgreSQL cannot hold."""
        name = sql_name(self.name)
        if self.element == "VARCHAR":
            return f"list_transform({name}, lambda each: {_without_nul('each')})"
        if self.type == "VARCHAR":
            return _without_nul(name)
        return name if self.element or _type_of(self.type) else _without_nul(f"cast({name} as varchar)")

    @property
    def sent(self) -> str:
        """The same as PostgreSQL's CSV has it."""
        if self.element is None:
            return self.value
        quoted = r"""'"' || replace(replace(cast(each as varchar), '\', '\\'), '"', '\"') || '"'"""
        each = f"list_transform({self.value}, lambda each: if(each is null, 'NULL', {quoted}))"
        return f"'{{' || array_to_string({each}, ',') || '}}'"

    @property
    def returned(self) -> str:
        """What PostgreSQL sends back."""
        return f"to_json({sql_name(self.name)})" if self.element else sql_name(self.name)

    @property
    def read(self) -> str:
        """What DuckDB reads from that."""
        name = sql_name(self.name)
        if self.element:
            return f"cast(cast({name} as json) as {self.type})"
        return f"cast({name} as {self.type})" if _type_of(self.type) else name


def _type_of(type_: str) -> str | None:
    """PostgreSQL's name of a type of DuckDB, if it has it."""
    return type_.replace("DECIMAL", "numeric") if type_.startswith("DECIMAL(") else _TYPES.get(type_)


def _without_nul(expression: str) -> str:
    return f"replace({expression}, chr(0), chr(65533))"


@dataclass(frozen=True)
class Table:
    """A table of a release. ``schema`` and ``in_file``: where it is in the file; ``name``: what PostgreSQL calls it."""

    schema: str
    in_file: str
    comment: str | None
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """Its name beside the others, as dbt's models have it."""
        return f"{REPORTING}_{self.in_file}" if self.schema == REPORTING else self.in_file

    @property
    def relation(self) -> str:
        """Where it is in the file."""
        return f"{sql_name(self.schema)}.{sql_name(self.in_file)}"

    @property
    def judged_as(self) -> str:
        """Its name among the checksums of a release."""
        return f"{REPORTING}.{self.in_file}" if self.schema == REPORTING else self.in_file

    def listed(self, of: Callable[[Column], str]) -> str:
        """Its columns as a select list."""
        return ", ".join(f"{of(column)} as {sql_name(column.name)}" for column in self.columns)


@dataclass(frozen=True)
class Loaded:
    """A release that is whole in the server, in a schema of its own."""

    schema: str
    release_id: str
    home: str
    tables: tuple[str, ...]
    views: tuple[str, ...]
    """Those of one grain."""

    @property
    def relations(self) -> tuple[str, ...]:
        """All that readers see of it."""
        return self.tables + self.views


def tables_of(file: Path) -> list[Table]:
    """The tables of a release: the marts, the table ``release``, and those of ``reporting``."""
    with _opened(file) as release:
        comments = {
            (schema, table): comment
            for schema, table, comment in release.execute(
                "select schema_name, table_name, comment from duckdb_tables()"
                f" where schema_name in ('main', {sql_text(REPORTING)})"
            ).fetchall()
        }
        columns: dict[tuple[str, str], list[Column]] = {key: [] for key in sorted(comments)}
        for schema, table, *column in release.execute(
            "select schema_name, table_name, column_name, data_type, is_nullable, comment from duckdb_columns()"
            " where not internal order by column_index"
        ).fetchall():
            if (schema, table) in columns:
                columns[schema, table].append(Column(*column))
    return [Table(*key, comments[key], tuple(of)) for key, of in columns.items()]


def _opened(file: Path) -> duckdb.DuckDBPyConnection:
    release = duckdb.connect(str(file), read_only=True)
    release.execute("set TimeZone = 'UTC'")
    return release


def loaded(session: Session, target: PostgresTarget) -> list[Loaded]:
    """The releases that are in the server, of whatever home: schemas with our name, our comment and our owner."""
    prefix = f"{target.views_in}_"
    rows = session.execute(
        "select nspname, obj_description(oid, 'pg_namespace') from pg_namespace"
        " where starts_with(nspname, %s) and pg_has_role(nspowner, 'usage')",
        [prefix],
    ).fetchall()
    found = []
    for schema, comment in rows:
        if re.fullmatch(rf"{prefix}\d{{8}}t\d{{6}}z_\w+", schema):
            try:
                about = json.loads(comment)
                found.append(Loaded(schema, about["release"], about["home"], *map(tuple, about["has"])))
            except (TypeError, ValueError, KeyError):
                continue  # somebody else's
    return found


def load(
    session: Session, target: PostgresTarget, file: Path, release: Release, home: str, progress: Progress
) -> Loaded:
    """Load a release into a schema of its own: all of it, or nothing.

    Raises:
        TargetError: the file is not what was judged, or the server has other rows.
    """
    tables = tables_of(file)
    marts = {table.name: table for table in tables if table.schema != REPORTING}
    views = views_of({name: [column.name for column in table.columns] for name, table in marts.items()})
    about = Loaded(_schema_of(target, release), release.release_id, home, tuple(of.name for of in tables), tuple(views))
    if long := [name for name in about.relations if len(name.encode()) > _LONGEST]:
        raise TargetError(
            f"{', '.join(long)}: PostgreSQL takes names of {_LONGEST} bytes at most; give it a shorter one"
        )
    judged = contents(file)
    judged.pop(MACROS, None)
    if wrong := [name for name, of in judged.items() if release.contents.get(name, of) != of]:
        raise TargetError(f"{file}: {', '.join(wrong)} changed after the audit: see causerie verify")
    with session.transaction():
        schema = sql_name(about.schema)
        session.execute(f"create schema {schema}")
        ours = {"made by": "causerie", "release": about.release_id, "home": home, "has": [about.tables, about.views]}
        session.execute(f"comment on schema {schema} is {sql_text(json.dumps(ours, ensure_ascii=False))}")
        session.execute(f"set local search_path = {schema}")
        for table in tables:
            progress(f"loading {table.name}")
            _load(session, file, table)
            progress(f"reading {table.name} back")
            if not _is_equal(session, file, table, judged.get(table.judged_as)):
                raise TargetError(
                    f"{table.name}: the server has other values than the release; where that stays so, it has values"
                    " that PostgreSQL reads otherwise"
                )
            _add_keys(session, table)
            session.execute("; ".join(_comments(table)))
        for view, query in views.items():
            session.execute(f"create view {sql_name(view)} as {query}")
            mart, words = shown_in(view)
            columns = tuple(column for column in marts[mart].columns if column.name != "grain")
            session.execute("; ".join(_comments(Table("main", view, words, columns), "view")))
    return about


def _schema_of(target: PostgresTarget, release: Release) -> str:
    return f"{target.views_in}_{release.release_id.lower().replace('-', '_')}"


def _load(session: Session, file: Path, table: Table) -> None:
    name = sql_name(table.name)
    session.execute(f"create table {name} ({', '.join(column.defined for column in table.columns)})")
    texts = [sql_name(column.name) for column in table.columns if column.is_text]
    force = f", force_quote ({', '.join(texts)})" if texts else ""  # an empty text is not NULL, and a lone \\. no end
    reader, writer = os.pipe()

    def write() -> None:
        try:
            with _opened(file) as release:
                release.execute("set threads = 1")
                release.execute(
                    f"copy (select {table.listed(lambda column: column.sent)} from {table.relation})"
                    f" to '/dev/fd/{writer}' (format csv, header false, use_tmp_file false{force})"
                )
        finally:
            os.close(writer)

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        try:
            with session.cursor().copy(f"copy {name} from stdin (format csv, freeze)") as copy:
                while block := os.read(reader, _BLOCK):
                    copy.write(block)
                written.result()  # what it failed for ends the copy, which is not complete
        finally:
            os.close(reader)  # so that the thread ends also where the server does not take more


def changed(session: Session, release: Loaded, file: Path) -> list[str]:
    """The tables of a loaded release that are not those of its file."""
    with session.transaction():
        session.execute(f"set local search_path = {sql_name(release.schema)}")
        return [table.name for table in tables_of(file) if not _is_equal(session, file, table, None)]


def _is_equal(session: Session, file: Path, table: Table, judged: list[str] | None) -> bool:
    """Whether the server has what was judged; or, where types or NUL make a difference, what should be published."""
    found = _returned(session, table)
    if found == judged:
        return True
    values = f"select {table.listed(lambda column: column.value)} from {table.relation}"
    with _opened(file) as release:
        return found == _checksum(release, values)


def _checksum(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [str(value) for value in connection.execute(f"select {OF_ROWS} from ({query}) as rows").fetchone() or ()]


def _returned(session: Session, table: Table) -> list[str]:
    """The checksum of a table in the server."""
    reader, writer = os.pipe()
    columns = ", ".join(f"{sql_text(column.name)}: 'VARCHAR'" for column in table.columns)
    rows = f"read_csv('/dev/fd/{reader}', {_CSV}, columns = {{{columns}}})"

    def read() -> list[str]:
        try:
            with duckdb.connect() as connection:
                connection.execute("set TimeZone = 'UTC'; set threads = 1")
                return _checksum(connection, f"select {table.listed(lambda column: column.read)} from {rows}")
        finally:
            os.close(reader)

    query = f"select {table.listed(lambda column: column.returned)} from {sql_name(table.name)}"
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(read)
        out = f"copy ({query}) to stdout (format csv)"
        with suppress(BrokenPipeError), os.fdopen(writer, "wb", _BLOCK) as pipe, session.cursor().copy(out) as copy:
            for block in copy:
                pipe.write(block)
        return found.result()


def _add_keys(session: Session, table: Table) -> None:
    name, optional = sql_name(table.name), {column.name: column.is_nullable for column in table.columns}
    statements = [(columns, f"create index on {name}") for columns in _INDEXES.get(table.name, ())]
    if key := MARTS.get(table.name):
        kind = "unique" if any(map(optional.get, key)) else "primary key"
        statements.append((key, f"alter table {name} add {kind}"))
    for columns, statement in statements:
        if optional.keys() >= {*columns}:  # a release of older software may lack some
            session.execute(f"{statement} ({', '.join(map(sql_name, columns))})")
    session.execute(f"analyze {name}")


def _comments(table: Table, kind: str = "table") -> Iterator[str]:
    name = sql_name(table.name)
    yield f"comment on {kind} {name} is {sql_text(table.comment or '')}"
    for column in table.columns:
        yield f"comment on column {name}.{sql_name(column.name)} is {sql_text(column.comment or '')}"


def drop(session: Session, release: Loaded) -> bool:
    """Remove a release: what was made with it, and nothing else. False if somebody still reads it."""
    import psycopg

    try:
        with session.transaction():
            session.execute("set local lock_timeout = '100ms'")
            schema = sql_name(release.schema)
            for kind, names in (("view", release.views), ("table", release.tables)):
                for name in names:
                    session.execute(f"drop {kind} if exists {schema}.{sql_name(name)}")
            session.execute(f"drop schema {schema}")
    except psycopg.errors.LockNotAvailable:
        return False
    return True
