"""Are two files' marts the same, row for row."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from benchmarks.rows import text
from expectations.marts import MARTS

_DECIMALS = 6
"""Of averages and percentiles: the same sum in another order differs far below."""


def unequal_rows(left: Path, right: Path, without: Collection[str] = ()) -> dict[str, int]:
    """Rows of each mart, but for those ``without``, that only one of two files has, counted in both.

    Raises:
        ValueError: a mart has other columns in one than in the other.
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {text(left)} as a (read_only)")
        connection.execute(f"attach {text(right)} as b (read_only)")
        return {mart: _unequal(connection, mart) for mart in MARTS if mart not in without}


def _unequal(connection: duckdb.DuckDBPyConnection, mart: str) -> int:
    columns, others = (
        [(name, kind) for name, kind, *_ in connection.execute(f"describe {side}.main.{mart}").fetchall()]
        for side in "ab"
    )
    if sorted(columns) != sorted(others):
        raise ValueError(f"{mart}: only one file has {sorted(set(columns) ^ set(others))}")
    values = ", ".join(f"round({name}, {_DECIMALS})" if kind == "DOUBLE" else name for name, kind in columns)
    one, other = (f"select {values} from {side}.main.{mart}" for side in "ab")
    row = connection.execute(
        f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))"
    ).fetchone()
    assert row is not None
    return int(row[0])
