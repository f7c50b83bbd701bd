"""Time zones by the pinned ``tzdata`` package, and by no table of the machine, of DuckDB or of a JVM.

Here: the names that there are, zones for Python, and each zone's stretches of constant offset, from which every engine
derives local time: a law that changes reaches all of them with one line of ``requirements.lock``. Not here: local dates
and working hours (dbt), and which account lives in which zone (``settings``).
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from calendar import isleap
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from importlib.metadata import version
from itertools import pairwise
from zoneinfo import ZoneInfo

VERSION = version("tzdata")
"""A build is made by these rules."""

_PACKAGE = resources.files("tzdata")
_EPOCH = datetime(1970, 1, 1)
_DAY = 86_400
_WEEK = 7 * _DAY
BEGIN = (datetime.min - _EPOCH) // timedelta(seconds=1)
"""Where the first stretch of each zone begins: the year 1. Stretches are in seconds since 1970 in UTC."""
END = (datetime.max - _EPOCH) // timedelta(seconds=1) + 1
"""Where the last stretch of each zone ends: after the year 9999."""


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

    The first stretch begins at :data:`BEGIN`, each ends where the next begins, the last at :data:`END`.
    """
    clock = zone(name)
    listed = [instant for instant in _listed(name) if BEGIN < instant < END]
    changes = [(instant, _offset(clock, instant)) for instant in listed]
    changes += _changes_by_rule(clock, listed[-1] if listed else BEGIN)
    found = [(BEGIN, _offset(clock, BEGIN))]
    for change in changes:
        if change[1] != found[-1][1]:  # else only the name of the time changes
            found.append(change)
    return found


def _listed(name: str) -> tuple[int, ...]:
    """The changes that a zone's file lists, from its second block, whose instants have 64 bits (RFC 9636, 3.1)."""
    content = _file(name).read_bytes()
    header = struct.Struct(">20x6l")
    utc_flags, standard_flags, leaps, changes, types, letters = header.unpack_from(content)
    second = header.size + 5 * changes + 6 * types + letters + 8 * leaps + standard_flags + utc_flags
    count = header.unpack_from(content, second)[3]
    return struct.unpack_from(f">{count}q", content, second + header.size)


def _changes_by_rule(clock: ZoneInfo, last: int) -> Iterator[tuple[int, int]]:
    """The changes after the last one that a file lists, each with the offset from there on.

    A rule such as "from the last Sunday of March" gives the same to all years that begin on the same day of the week
    and have as many days: the first of each kind is searched, the others follow it.
    """
    last_year = (_EPOCH + timedelta(seconds=last)).year
    yield from (change for change in _searched(clock, last_year) if change[0] > last)
    of_kind: dict[tuple[int, bool], list[tuple[int, int]]] = {}
    for year, begin, kind in _years()[last_year:]:
        if kind not in of_kind:
            of_kind[kind] = [(instant - begin, offset) for instant, offset in _searched(clock, year)]
        for second, offset in of_kind[kind]:
            yield begin + second, offset


@cache
def _years() -> list[tuple[int, int, tuple[int, bool]]]:
    """The years from 1, each with its first instant, and with the weekday of its first day and whether it is long."""
    return [(year, _begin(year), (date(year, 1, 1).weekday(), isleap(year))) for year in range(1, date.max.year + 1)]


def _searched(clock: ZoneInfo, year: int) -> list[tuple[int, int]]:
    """The changes of a year, of which no two are in one week, to the second."""
    found = []
    for begin, end in pairwise([*range(_begin(year), _begin(year + 1), _WEEK), _begin(year + 1)]):
        before, after = _offset(clock, begin), _offset(clock, end)
        if before != after:
            instants = range(begin, end)
            found.append((begin + bisect_left(instants, True, key=lambda at: _offset(clock, at) != before), after))
    return found


def _begin(year: int) -> int:
    return (date(year, 1, 1) - _EPOCH.date()).days * _DAY


def _offset(clock: ZoneInfo, instant: int) -> int:
    """The offset at an instant; a day from the ends of Python's calendar, so that local time has a date, too."""
    held = min(max(instant, BEGIN + _DAY), END - 2 * _DAY)
    offset = datetime.fromtimestamp(held, clock).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def _file(name: str) -> resources.abc.Traversable:
    return _PACKAGE.joinpath("zoneinfo", *name.split("/"))
