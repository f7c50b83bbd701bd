"""Marts read from a DuckDB file, and their comparison with others, figure by figure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from expectations.marts import MARTS

KEYS = MARTS
Row = Mapping[str, object]
Marts = dict[str, list[dict[str, object]]]


def read_marts(path: Path) -> Marts:
    """The marts of a release, or of the candidate of a build, each in the order of its key."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        marts = {}
        for mart in KEYS:
            cursor = connection.execute(f"select * from {mart} order by {', '.join(KEYS[mart])}")
            names = [column[0] for column in cursor.description]
            marts[mart] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return marts


def differences(
    mart: str,
    expected: Iterable[Row],
    actual: Iterable[Row],
    limit: int = 20,
    keys: Mapping[str, tuple[str, ...]] = KEYS,
) -> list[str]:
    """What differs between two versions of a mart, in words: rows that only one has, and every other value."""
    left, right = (_by_key(mart, keys[mart], rows) for rows in (expected, actual))
    found = [f"{mart} {key}: missing" for key in left.keys() - right.keys()]
    found += [f"{mart} {key}: not expected" for key in right.keys() - left.keys()]
    for key in left.keys() & right.keys():
        names = left[key].keys() | right[key].keys()
        for name in sorted(names):
            if name not in left[key] or name not in right[key]:
                found.append(f"{mart}: only one has the column {name}")
            elif not _same(left[key][name], right[key][name]):
                found.append(f"{mart} {key} {name}: expected {left[key][name]!r}, found {right[key][name]!r}")
        if len(found) > limit:
            break
    return found[:limit]


def _by_key(mart: str, columns: tuple[str, ...], rows: Iterable[Row]) -> dict[tuple[object, ...], Row]:
    keyed: dict[tuple[object, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in columns)
        assert key not in keyed, f"{mart} has two rows for {key}"
        keyed[key] = row
    return keyed


def _same(expected: object, actual: object) -> bool:
    if isinstance(expected, float) and isinstance(actual, float):
        return math.isclose(expected, actual, rel_tol=1e-9, abs_tol=1e-9)
    return type(expected) is type(actual) and expected == actual
