"""Reports as files: CSV, JSON and Parquet of any size, written as the rows come.

Here: the result of a report, and these formats. Not here: workbooks (``workbooks``), what may be asked
(``choices``, ``questions``), and text on a terminal.

DuckDB makes the text of each row, which takes seconds for a million rows, and would take minutes in Python. No more
than a batch of rows is in memory at a time.
"""

from __future__ import annotations

import os
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
_ROWS_OF_A_GROUP = 30_720
_END_OF_LINE = "\r\n"
_ANY_DAY = date(2000, 1, 1)


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
        """SQL expressions of each row, which is called ``row``; ``replaced``: expressions in place of columns."""
        others = ", ".join(f"{expression} as {sql_name(name)}" for name, expression in replaced.items())
        inner = f"select *{f' replace ({others})' if others else ''} from ({self.sql})"
        return self._fetched(f"select {expressions} from ({inner}) as row")

    def copy_to(self, path: Path, options: str) -> None:
        """Have DuckDB write a file, which the connection must allow (``published.connect``)."""
        self.connection.execute(f"copy ({self.sql}) to {sql_text(path)} ({options})", self.values)

    def _fetched(self, sql: str) -> Iterator[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        cursor.execute("set TimeZone = 'UTC'")
        cursor.execute(sql, self.values)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


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
    """RFC 4180: NULL is empty and empty text ``""``, instants are ISO 8601 with their offset, lists are JSON.

    Text stays as it is, even if a spreadsheet would run it as a formula.
    """
    columns = rows.columns()
    out.write(",".join(columns) + _END_OF_LINE)
    fields = ", ".join(_csv_field(f"row.{sql_name(name)}", type_) for name, type_ in columns.items())
    for (line,) in rows.selected(f"concat_ws(',', {fields})", {}):
        out.write(line + _END_OF_LINE)


def _csv_field(column: str, type_: str) -> str:
    if type_.startswith("TIMESTAMP"):
        return f"coalesce({_instant(column, type_)}, '')"
    if type_.endswith("[]"):
        column = f"cast(to_json({column}) as varchar)"
    elif type_ != "VARCHAR":
        return f"coalesce(cast({column} as varchar), '')"
    quoted = f"""'"' || replace({column}, '"', '""') || '"'"""
    return (
        f"case when {column} is null then ''"
        f""" when {column} = '' or regexp_matches({column}, '[",\\r\\n]') then {quoted} else {column} end"""
    )


def write_json(rows: Rows, out: IO[str]) -> None:
    """One array of objects, one a line: numbers as numbers, lists as lists, NULL as null, instants in ISO 8601."""
    instants = {
        name: _instant(sql_name(name), type_) for name, type_ in rows.columns().items() if type_.startswith("TIMESTAMP")
    }
    out.write("[")
    for number, (line,) in enumerate(rows.selected("cast(to_json(row) as varchar)", instants)):
        out.write(("," if number else "") + "\n" + line)
    out.write("\n]\n")


def write_parquet(rows: Rows, path: Path) -> None:
    """The types of the release, compressed with zstd; the connection must be one that may write this file."""
    # One thread: several are no quicker, and keep many groups of rows to write them in order, 0.9 GB instead of 0.3 for
    # a million conversations. No temporary file: the connection may write this one only.
    rows.connection.execute("set threads = 1")
    rows.copy_to(path, f"format parquet, compression zstd, use_tmp_file false, row_group_size {_ROWS_OF_A_GROUP}")


def _instant(column: str, type_: str) -> str:
    """2026-03-29T01:30:00.5+00:00: the time zone of the connection is UTC. A wall clock has no offset."""
    offset = " || ':00'" if type_ == "TIMESTAMP WITH TIME ZONE" else ""
    return f"replace(cast({column} as varchar), ' ', 'T'){offset}"


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
