"""What differs between two releases: rows of each mart by its key, and value by value.

Here: the comparison, which DuckDB makes. Not here: which releases there are (``catalog``), and how differences are
written (``cli.difference_formats``). Different versions of the software may have made the releases: a mart is compared
in the columns that both have, and one that a release lacks has no rows there. Only rows that differ reach Python.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from expectations.marts import MARTS
from ingestion.sql import sql_name, sql_text

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_ROWS_AT_ONCE = 10_000


class IncomparableError(Exception):
    """A mart of a release lacks a column of its key. The message says which."""


@dataclass(frozen=True)
class Side:
    """One of the two releases, as its table ``release`` describes it; None for what that does not say."""

    release_id: str
    published_at: str | None
    data_through: str | None
    software_version: str | None
    tzdata_version: str | None


@dataclass(frozen=True)
class MartDifference:
    """How many rows of a mart differ, and the columns that only one release has, which are not compared.

    ``only_in``: the id of the release that has the mart, if the other has none.
    """

    mart: str
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    columns_only_before: tuple[str, ...]
    columns_only_after: tuple[str, ...]
    only_in: str | None = None

    @property
    def differs(self) -> bool:
        """Whether any row differs."""
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True)
class Change:
    """A value that differs, or, with the ``column`` None, a whole row that only one release has."""

    key: tuple[Any, ...]
    difference: str
    column: str | None
    before: Any
    after: Any

    @property
    def change(self) -> int | float | None:
        """By how much a number changed; None unless both values are numbers."""
        numbers = [value for value in (self.before, self.after) if type(value) in (int, float)]
        return numbers[1] - numbers[0] if len(numbers) == 2 else None


@contextmanager
def compare(before: Path, after: Path, memory_limit: str = "3GB") -> Iterator[Comparison]:
    """Open two releases beside each other, read-only.

    Raises:
        IncomparableError: a mart lacks a column of its key.
    """
    with tempfile.TemporaryDirectory(prefix="causerie-diff-") as folder, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        connection.execute(f"set memory_limit = {sql_text(memory_limit)}; set temp_directory = {sql_text(folder)}")
        for name, path in (("before", before), ("after", after)):
            connection.execute(f"attach {sql_text(path.resolve())} as {name} (read_only)")
        yield Comparison(connection)


class Comparison:
    """Two releases, attached as ``before`` and ``after``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._columns: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        self._only_in: dict[str, str] = {}
        for mart, key in MARTS.items():
            before, after = self._types("before", mart), self._types("after", mart)
            for side, types in ((self.before, before), (self.after, after)):
                missing = [column for column in key if column not in types]
                if types and missing:
                    raise IncomparableError(
                        f"{side.release_id}: {mart} has no {', '.join(missing)}: rows cannot be matched"
                    )
            if before or after:
                self._columns[mart] = before or after, after or before
            if not (before and after):
                self._only_in[mart] = "before" if before else "after"

    @property
    def before(self) -> Side:
        """The first release."""
        return self._side("before")

    @property
    def after(self) -> Side:
        """The second release."""
        return self._side("after")

    def marts(self) -> list[MartDifference]:
        """How many rows of each mart differ."""
        found = []
        for mart, (before, after) in self._columns.items():
            counts = self._connection.execute(
                "select count(before.is_here), count(after.is_here), count(*) filter (before.is_here is null),"
                f" count(*) filter (after.is_here is null), count(*) filter ({self._changed(mart)})"
                f" from {self._pairs(mart)}"
            ).fetchone()
            assert counts is not None
            rows_before, rows_after, added, removed, changed = counts
            only_before = tuple(name for name in before if name not in after)
            only_after = tuple(name for name in after if name not in before)
            only_in = self._side(self._only_in[mart]).release_id if mart in self._only_in else None
            found.append(
                MartDifference(mart, rows_before, rows_after, added, removed, changed, only_before, only_after, only_in)
            )
        return found

    def changes(
        self, mart: str, *, grain: str | None = None, limit: int | None = None, in_full: bool = False
    ) -> Iterator[Change]:
        """The changes in a mart, or in one grain of it, in the order of its key and columns.

        A row that only one release has is one change, or with ``in_full`` one for each of its values.

        Raises:
            IncomparableError: no release has the mart.
        """
        if mart not in self._columns:
            raise IncomparableError(f"neither release has {mart}")
        columns = [sql_name(name) for name in MARTS[mart]]
        query = (
            f"select difference, value.name, value.before, value.after, {', '.join(columns)}"
            f" from ({self._values(mart, grain, in_full)}) order by {', '.join(columns)}, value.place"
        )
        cursor = self._connection.execute(query if limit is None else f"{query} limit {limit}")
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            for difference, name, before, after, *key in rows:
                yield Change(tuple(key), difference, name, _decoded(before), _decoded(after))

    def count_changes(self, mart: str, *, grain: str | None = None, in_full: bool = False) -> int:
        """How many changes there are without a limit."""
        row = self._connection.execute(f"select count(*) from ({self._values(mart, grain, in_full)})").fetchone()
        assert row is not None
        return int(row[0])

    def _types(self, side: str, mart: str) -> dict[str, str]:
        rows = self._connection.execute(
            "select column_name, data_type from duckdb_columns()"
            f" where database_name = '{side}' and schema_name = 'main' and table_name = '{mart}' order by column_index"
        ).fetchall()
        return dict(rows)

    def _side(self, side: str) -> Side:
        known = self._types(side, "release")
        columns = [f"cast({name} as varchar)" if name in known else "null" for name in Side.__dataclass_fields__]
        row = self._connection.execute(f"select {', '.join(columns)} from {side}.main.release").fetchone()
        assert row is not None
        return Side(*row)

    def _pairs(self, mart: str, grain: str | None = None) -> str:
        """SQL: each row of one release beside the row of the other with the same key, if any."""
        of_grain = f"grain = {sql_text(grain)}" if grain else "true"
        only_in = self._only_in.get(mart)
        before, after = (
            f"(select *, true as is_here from {only_in or side}.main.{mart}"
            f" where {of_grain if only_in in (None, side) else 'false'})"
            for side in ("before", "after")
        )
        same_key = " and ".join(f"not ({self._differs(mart, name)})" for name in MARTS[mart])
        return f"{before} as before full join {after} as after on {same_key}"

    def _differs(self, mart: str, name: str) -> str:
        """SQL: whether the values of a column differ; values of different types are compared as text."""
        before, after = (types[name] for types in self._columns[mart])
        both = [f"{side}.{sql_name(name)}" for side in ("before", "after")]
        if before != after and not (before.startswith(_NUMBERS) and after.startswith(_NUMBERS)):
            both = [f"cast({value} as varchar)" for value in both]
        return " is distinct from ".join(both)

    def _compared(self, mart: str) -> list[str]:
        before, after = self._columns[mart]
        return [name for name in after if name in before and name not in MARTS[mart]]

    def _changed(self, mart: str) -> str:
        """SQL: whether a row that both releases have differs."""
        any_differs = " or ".join(["false", *(self._differs(mart, name) for name in self._compared(mart))])
        return f"before.is_here and after.is_here and ({any_differs})"

    def _values(self, mart: str, grain: str | None, in_full: bool) -> str:
        """SQL with a row for each change: the key, and the values as JSON, which holds any type."""
        is_lone = "(before.is_here is null or after.is_here is null)"
        key = [f"coalesce(before.{name}, after.{name}) as {name}" for name in map(sql_name, MARTS[mart])]
        values = [
            f"case when {self._differs(mart, name)} and ({in_full} or not {is_lone}) then"
            f" {{'place': {place}, 'name': {sql_text(name)},"
            f" 'before': to_json(before.{sql_name(name)}), 'after': to_json(after.{sql_name(name)})}} end"
            for place, name in enumerate(self._compared(mart), start=1)
        ]
        whole = "{'place': 0, 'name': cast(null as varchar), 'before': cast(null as json), 'after': cast(null as json)}"
        values.append(f"case when {is_lone} and not {in_full} then {whole} end")
        return (
            f"select * from (select {', '.join(key)}, case when before.is_here is null then '{ADDED}'"
            f" when after.is_here is null then '{REMOVED}' else '{CHANGED}' end as difference,"
            f" unnest([{', '.join(values)}]) as value from {self._pairs(mart, grain)}"
            f" where {is_lone} or ({self._changed(mart)})) where value is not null"
        )


def _decoded(value: str | None) -> Any:
    return None if value is None else json.loads(value)
