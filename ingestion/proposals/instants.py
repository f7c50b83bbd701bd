"""How the instants of a column are written: found by trying formats on its values.

Here: the formats that are tried, and which of them fit. Not here: reading instants (``parsing.mapped_reader``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ingestion.file_mapping import EPOCHS, EXCEL, ISO
from ingestion.parsing.rules import INSTANT, INSTANT_WITHOUT_OFFSET
from ingestion.proposals.tables import Column
from ingestion.sql import sql_text

DAY_FIRST, MONTH_FIRST = "day first", "month first"
_TRIED = 300
"""So many different values say which formats are tried on all."""
_MOST = 3
_EPOCHS = {"epoch": r"1\d{9}(\.\d+)?|9\d{8}", "epoch_ms": r"1\d{12}|9\d{11}", "epoch_us": r"1\d{15}"}
_EXCEL = r"[34]\d{4}(\.\d+)?"
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", "T%H:%M:%S", " %H:%M:%S.%f", " %Hh%M")


_SHAPES = {
    **dict.fromkeys("dmHIMS", r"\d\d?"),
    **{"Y": r"\d{4}", "y": r"\d\d", "f": r"\d+", "p": "[AaPp][Mm]", "z": r"[+-]\d\d:?\d\d"},
    **{"a": "[A-Za-z]{3}", "b": "[A-Za-z]{3}", "B": "[A-Za-z]{3,9}"},
}


@dataclass(frozen=True)
class Format:
    """A format that is tried. ``order``: of day and month, where it decides. ``is_local``: it says no offset.

    ``shape``: a pattern of texts that may fit it. ``fits``: SQL that is true of a text, ``value``, that does.
    """

    name: str
    shape: str
    fits: str
    order: str | None = None
    is_local: bool = True


def _formats() -> Iterator[Format]:
    yield _patterned(ISO, INSTANT, is_local=False)
    yield _patterned(ISO, INSTANT_WITHOUT_OFFSET)
    for name in EPOCHS:
        yield _patterned(name, _EPOCHS[name], is_local=False)
    yield _patterned(EXCEL, _EXCEL)
    for zoned in ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M %z", "%d/%m/%Y %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %z"):
        yield _spelled(zoned, None, is_local=False)
    yield _spelled("%Y-%m-%d %H:%M:%S UTC", None)
    days: list[tuple[str, str | None]] = [("%Y/%m/%d", None), ("%Y.%m.%d", None), ("%Y%m%d", None)]
    for mark in "/-.":
        for year in ("%Y", "%y"):
            days.append((f"%d{mark}%m{mark}{year}", DAY_FIRST))
            days.append((f"%m{mark}%d{mark}{year}", MONTH_FIRST))
    for month in ("%b", "%B"):
        days += [(f"%d {month} %Y", None), (f"{month} %d, %Y", None), (f"%d-{month}-%Y", None)]
    for day, order in days:
        for clock in _CLOCKS:
            yield _spelled(f"{day}{clock}", order)
            if clock.startswith(" "):
                yield _spelled(f"{day},{clock}", order)


def _patterned(name: str, pattern: str, *, is_local: bool = True) -> Format:
    return Format(name, pattern, f"regexp_full_match(value, {sql_text(pattern)})", is_local=is_local)


def _spelled(name: str, order: str | None, *, is_local: bool = True) -> Format:
    shape = "".join(_SHAPES[part[1]] if part[0] == "%" else re.escape(part) for part in re.findall("%?.", name))
    year = f"year(try_strptime(value, {sql_text(name)}))"
    return Format(name, shape, f"{year} between 1990 and 2100", order, is_local)


FORMATS = tuple(_formats())


@dataclass(frozen=True)
class Instants:
    """How a column writes instants. ``formats``: those that together fit most. ``fitting``: values that they fit, of
    ``filled``. ``orders``: of day and month, that fit equally well.
    """

    formats: tuple[Format, ...]
    fitting: int
    filled: int
    orders: frozenset[str]

    @property
    def share(self) -> float:
        """The share of the values that were read."""
        return self.fitting / self.filled

    @property
    def is_local(self) -> bool:
        """Whether some of it says no offset."""
        return any(one.is_local for one in self.formats)

    @property
    def is_ambiguous(self) -> bool:
        """Whether day and month may be the other way round."""
        return len(self.orders) > 1


@cache
def instants_of(column: Column, order: str | None = None) -> Instants | None:
    """How the values of a column are instants; None where most are not. ``order``: is preferred if it fits as well."""
    if not column.filled:
        return None
    some = f"select distinct {column.said} from {column.table.sql} where {column.said} is not null limit {_TRIED}"
    tried = [value for (value,) in column.table.connection.execute(some).fetchall()]
    likely = [one for one in FORMATS if any(re.fullmatch(one.shape, value) for value in tried)]
    if not likely:
        return None
    whole = f"(select {column.said} as value from {column.table.sql} where {column.said} is not null)"
    chosen: list[Format] = []
    orders: set[str] = set()
    fitting = 0
    while len(chosen) < _MOST and fitting < column.filled:
        counts = dict(zip(likely, _counts(column, likely, whole, chosen), strict=True))
        most = max(counts.values())
        if not most or (chosen and most < 0.001 * column.filled and most < 2):
            break
        best = [one for one in likely if counts[one] == most]
        if not chosen:
            orders = {one.order for one in best if one.order}
        wanted = order or (chosen[0].order if chosen else None)
        best.sort(key=lambda one: one.order not in (wanted, None))
        chosen.append(best[0])
        fitting += most
    if fitting < 0.5 * column.filled:
        return None
    return Instants(tuple(chosen), fitting, column.filled, frozenset(orders))


def _counts(column: Column, formats: Sequence[Format], relation: str, others: Collection[Format] = ()) -> list[int]:
    """Of each format, how many values fit it that no other one fits."""
    left = "".join(f" and not coalesce({one.fits}, false)" for one in others)
    counted = ", ".join(f"count(*) filter ({one.fits}{left})" for one in formats)
    (found,) = column.table.connection.execute(f"select {counted} from {relation}").fetchall()
    return list(found)
