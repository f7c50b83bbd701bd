"""Rows as files: CSV, JSON and Parquet of any size, written as the rows come.

Here: the result of a report, the answer to SQL of a reader, and these formats. Not here: workbooks (``workbooks``),
what may be asked (``queries``, ``request``), and text on a terminal.

DuckDB makes the text of each row, which takes seconds for a million rows, and would take minutes in Python. No more
than a batch of rows is in memory at a time.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any

import duckdb

from ingestion.sql import sql_name, sql_text
from reports.queries import Filters, Report, sql_of

ROWS_AT_ONCE = 2_000
"""Rows of a batch, which are fetched and written together."""
_END_OF_LINE = "\r\n"
_ANY_DAY = date(2000, 1, 1)
_ROW = "the_whole_row"
"""What :meth:`Rows.selected` calls a row: a name that no column has."""
_PARQUET = {"compression": "zstd", "use_tmp_file": False, "row_group_size": 30_720}
_NESTED = re.compile(r"(STRUCT|MAP|UNION)\(.*|.*\[\d*\]", re.DOTALL)
NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL\(.*\)")
"""Types of numbers."""
_NEVER_QUOTED = re.compile(NUMBER.pattern + r"|BOOLEAN|DATE|TIME[\w ]*")
"""Types whose text holds no comma, quote or end of a line, and is never empty."""


class Rows:
    """The rows of a query: SQL, and the values of its parameters. Each reading runs it again."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> None:
        self.connection = connection
        self.sql, self.values = sql, values

    def columns(self) -> dict[str, str]:
        """Its columns and their DuckDB types, in order."""
        described = self.connection.execute(f"describe {self.sql}", self.values).fetchall()
        return {name: type_ for name, type_, *_ in described}

    def count(self) -> int:
        """How many rows there are."""
        row = self.connection.execute(f"select count(*) from ({self.sql})", self.values).fetchone()
        assert row is not None
        return int(row[0])

    def rows(self, limit: int | None = None) -> Iterator[tuple[Any, ...]]:
        """The rows as Python values, instants in UTC."""
        return self._fetched(self.sql if limit is None else f"{self.sql} limit {limit:d}")

    def selected(self, expressions: str, replaced: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        """SQL expressions of each row, which is called ``_ROW``; ``replaced``: expressions in place of columns."""
        return self._fetched(f"select {expressions} from (select {_all_but(replaced)} from ({self.sql})) as {_ROW}")

    def copy_to(self, path: Path, **options: Any) -> None:
        """Have DuckDB write a Parquet file, which the connection must allow (``published.connect``)."""
        listed = ", ".join(f"{name} {value}" for name, value in options.items())
        self.connection.execute(f"copy ({self.sql}) to {sql_text(path)} (format parquet, {listed})", self.values)

    def _fetched(self, sql: str) -> Iterator[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        cursor.execute("set TimeZone = 'UTC'")
        cursor.execute(sql, self.values)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


class Answer(Rows):
    """What DuckDB answers to a statement of a reader: a query, ``describe``, ``pragma`` … Each reading runs it again.

    Of columns with the same name, the later ones get a number: ``a``, ``a_1``.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation) -> None:
        self.connection = connection
        self._relation = relation.set_alias(_ROW).project("*")

    def columns(self) -> dict[str, str]:
        """As of any rows."""
        return dict(zip(self._relation.columns, map(str, self._relation.types), strict=True))

    def count(self) -> int:
        """As of any rows."""
        row = self._relation.count("*").fetchone()
        assert row is not None
        return int(row[0])

    def selected(self, expressions: str, replaced: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        """As of any rows; instants are in the time zone of the connection."""
        relation = self._relation.project(_all_but(replaced)).set_alias(_ROW).project(expressions)
        while rows := relation.fetchmany(ROWS_AT_ONCE):
            yield from rows

    def copy_to(self, path: Path, **options: Any) -> None:
        """As of any rows."""
        self._relation.to_parquet(str(path), **options)


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer | None:
    """Run statements; the rows of the last one. None: it has none.

    Raises:
        duckdb.Error: the SQL is wrong. Also reading the answer may raise it.
    """
    relation = connection.sql(sql)
    return None if relation is None else Answer(connection, relation)


def _all_but(replaced: Mapping[str, str]) -> str:
    others = ", ".join(f"{expression} as {sql_name(name)}" for name, expression in replaced.items())
    return f"* replace ({others})" if others else "*"


class Result(Rows):
    """The rows of a report, those of one account after those of another."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, report: Report, filters: Sequence[Filters]) -> None:
        self.report, self.filters = report, filters
        super().__init__(connection, *self._query())

    def _query(self) -> tuple[str, dict[str, Any]]:
        if not self.filters:  # no account has data: no rows, and still the columns
            sql, values = sql_of(self.report, Filters("", _ANY_DAY, _ANY_DAY))
            return f"select * from {sql} where false", values
        queries = [sql_of(self.report, one, f"_{number}") for number, one in enumerate(self.filters)]
        return (
            " union all ".join(f"(select * from {sql})" for sql, _ in queries),
            {name: value for _, values in queries for name, value in values.items()},
        )


def write_csv(rows: Rows, out: IO[str]) -> None:
    """RFC 4180: NULL is empty and empty text ``""``, instants are ISO 8601 with their offset, nested values are JSON.

    Text stays as it is, even if a spreadsheet would run it as a formula.
    """
    columns = rows.columns()
    csv.writer(out, lineterminator=_END_OF_LINE).writerow(columns)
    fields = ", ".join(_csv_field(_column(name), type_) for name, type_ in columns.items())
    for (line,) in rows.selected(f"concat_ws(',', {fields})", {}):
        out.write(line + _END_OF_LINE)


def _csv_field(column: str, type_: str) -> str:
    text = f"cast({f'to_json({column})' if _NESTED.fullmatch(type_) else column} as varchar)"
    if _NEVER_QUOTED.fullmatch(type_):
        return f"coalesce({_instant(column) if type_.startswith('TIMESTAMP') else text}, '')"
    quoted = f"""'"' || replace({text}, '"', '""') || '"'"""
    return (
        f"case when {column} is null then ''"
        f""" when {text} = '' or regexp_matches({text}, '[",\\r\\n]') then {quoted} else {text} end"""
    )


def write_json(rows: Rows, out: IO[str]) -> None:
    """One array of objects, one a line: numbers as numbers, lists as lists, NULL as null, instants in ISO 8601.

    JSON has no number for NaN and infinity: they are null.
    """
    replaced = {}
    for name, type_ in rows.columns().items():
        if type_.startswith("TIMESTAMP") and _NEVER_QUOTED.fullmatch(type_):
            replaced[name] = _instant(sql_name(name))
        elif type_ in ("DOUBLE", "FLOAT"):
            replaced[name] = f"case when isfinite({sql_name(name)}) then {sql_name(name)} end"
    out.write("[")
    for number, (line,) in enumerate(rows.selected(f"cast(to_json({_ROW}) as varchar)", replaced)):
        out.write(("," if number else "") + "\n" + line)
    out.write("\n]\n")


def write_parquet(rows: Rows, path: Path) -> None:
    """The types of the release, compressed with zstd; the connection must be one that may write this file."""
    # One thread: several are no quicker, and keep many groups of rows to write them in order, 0.9 GB instead of 0.3 for
    # a million conversations. No temporary file: the connection may write this one only.
    rows.connection.execute("set threads = 1")
    rows.copy_to(path, **_PARQUET)


def texts(rows: Rows) -> Iterator[tuple[str | None, ...]]:
    """Each value as DuckDB writes it; NULL is None."""
    return rows.selected(", ".join(f"cast({_column(name)} as varchar)" for name in rows.columns()), {})


def _column(name: str) -> str:
    return f"{_ROW}.{sql_name(name)}"


def _instant(column: str) -> str:
    """2026-03-29T01:30:00.5+00:00; a timestamp without a time zone has no offset."""
    return f"regexp_replace(replace(cast({column} as varchar), ' ', 'T'), '([+-]\\d\\d)$', '\\1:00')"


def unfinished(path: Path) -> Path:
    """Where a file is written before it gets its name: beside it, under a name of this process."""
    return path.with_name(f".{path.name}.{os.getpid()}.unfinished")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write a file that appears under its name when it is complete, replacing an older one.

    Raises:
        OSError: it cannot be written. An older file is unchanged.
    """
    fresh = unfinished(path)
    try:
        fresh.open("wb").close()
        yield fresh
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
