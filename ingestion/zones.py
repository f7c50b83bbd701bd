"""Time zones by the pinned ``tzdata`` package, and by no table of the machine, of DuckDB or of a JVM.

Here: the names that there are, zones for Python, and each zone's stretches of constant offset, from which every engine
derives local time: a law that changes reaches all of them with one line of ``requirements.lock``. Not here: local dates
and working hours (dbt), and which account lives in which zone (``settings``).
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from importlib.metadata import version
from zoneinfo import ZoneInfo

VERSION = version("tzdata")
"""A build is made by these rules."""

_PACKAGE = resources.files("tzdata")
_EPOCH = datetime(1970, 1, 1)
_DAY = 86_400
_FOUR_WEEKS = 28 * _DAY
BEGIN = (datetime.min - _EPOCH) // timedelta(seconds=1)
"""Where the first stretch of each zone begins: the year 1. Stretches are in seconds since 1970 in UTC."""
END = (datetime.max - _EPOCH) // timedelta(seconds=1) + 1
"""Where the last stretch of each zone ends: after the year 9999."""
_LAST_CHANGE = (datetime(2100, 1, 1) - _EPOCH) // timedelta(seconds=1)
"""Rules such as "from the last Sunday of March" are followed up to 2100."""


@cache
def names() -> frozenset[str]:
    """All IANA names, the same on every machine."""
    return frozenset((_PACKAGE / "zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, for Python's own instants."""
    with _file(name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def stretches(name: str) -> list[tuple[int, int]]:
    """Since when a zone has which offset: instant, and local time minus UTC, both in seconds, in the order of time.

    The first stretch begins at :data:`BEGIN`, each ends where the next begins, the last, which begins before 2100, at
    :data:`END`.
    """
    clock = zone(name)
    listed = [instant for instant in _listed(name) if BEGIN < instant < _LAST_CHANGE]
    found = [(BEGIN, _offset(clock, BEGIN))]
    for instant in (*listed, *_changes_by_rule(clock, listed[-1] if listed else 0)):
        if (offset := _offset(clock, instant)) != found[-1][1]:  # else only the name of the time changes
            found.append((instant, offset))
    return found


def _listed(name: str) -> tuple[int, ...]:
    """The changes that a zone's file lists, from its second block, whose instants have 64 bits (RFC 9636, 3.1)."""
    content = _file(name).read_bytes()
    header = struct.Struct(">20x6l")
    utc_flags, standard_flags, leaps, changes, types, letters = header.unpack_from(content)
    second = header.size + 5 * changes + 6 * types + letters + 8 * leaps + standard_flags + utc_flags
    count = header.unpack_from(content, second)[3]
    return struct.unpack_from(f">{count}q", content, second + header.size)


def _changes_by_rule(clock: ZoneInfo, last: int) -> Iterator[int]:
    """The changes after the last one that a file lists, of which no two are within four weeks, to the second."""
    for begin in range(last, _LAST_CHANGE, _FOUR_WEEKS):
        before = _offset(clock, begin)
        if _offset(clock, begin + _FOUR_WEEKS) != before:
            instants = range(begin, begin + _FOUR_WEEKS)
            yield begin + bisect_left(instants, True, key=lambda at: _offset(clock, at) != before)


def _offset(clock: ZoneInfo, instant: int) -> int:
    """The offset at an instant; of the first day of Python's calendar that of the second."""
    offset = datetime.fromtimestamp(max(instant, BEGIN + _DAY), clock).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def _file(name: str) -> resources.abc.Traversable:
    return _PACKAGE.joinpath("zoneinfo", *name.split("/"))
