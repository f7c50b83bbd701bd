"""The address of a page: everything that a reader has chosen, as query parameters.

Here: addresses read and written, and what is wrong in them. Not here: what a release has of it (``fitting``), and the
form in which people choose (``templates/filters.html``).

Whatever an address contains is data: words are looked up in closed lists, everything else reaches the release as a
bound value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from reports.pages.measures import NARROWED, STANDING
from reports.pages.presets import PRESETS
from reports.pages.texts import LANGUAGES
from reports.queries import LISTS, WORDS, Selection

CUSTOM = "custom"
DEFAULT_PERIOD = "last-30-days"
GRAINS = ("auto", "day", "week", "month", "quarter")
STATISTICS = ("median", "avg", "p90")
CLOCKS = ("auto", "working", "all")
"""Which time durations count; ``auto``: working hours where the account has a schedule."""
EVERY_ACCOUNT = "*"

YEARS = (1900, 2999)
"""The first and the last of a day: beside these there is room for the periods that it is compared with."""

LONGEST = 500
"""Characters of a value that are read; more is cut off."""


@dataclass(frozen=True)
class View(Selection):
    """What a reader looks at. ``first`` and ``last`` only when the period is custom.

    The fields from ``figure`` on concern one page, the others are kept from page to page. ``sort`` is a column, with
    `-` before it for descending; empty, the page's own order. ``only``, ``at``, ``responder``, ``missed`` and ``met``
    (a target), ``weekday`` and ``hour`` narrow Details to the conversations behind one figure; ``at`` to those that
    were open at the end of that day. ``conversation`` is the one that is open: source system, `/`, id.
    """

    account: str | None = None
    period: str = DEFAULT_PERIOD
    first: date | None = None
    last: date | None = None
    grain: str = "auto"
    statistic: str = "median"
    clock: str = "auto"
    language: str | None = None
    figure: str = ""
    heat: str = ""
    only: str = ""
    at: date | None = None
    responder: str = ""
    missed: str = ""
    met: str = ""
    weekday: int | None = None
    hour: int | None = None
    search: str = ""
    sort: str = ""
    page: int = 1
    conversation: str | None = None

    def kept(self, **changes: Any) -> Self:
        """The same without what concerns one page, and with what is changed."""
        return replace(self, **{name: _USUAL[name] for name in OF_ONE_PAGE} | changes)


NARROWING = ("only", "at", "responder", "missed", "met", "weekday", "hour")
"""What narrows Details to the conversations behind one figure."""
OF_ONE_PAGE = ("figure", "heat", *NARROWING, "search", "sort", "page", "conversation")


@dataclass(frozen=True)
class Problem:
    """A value in an address that could not be used. ``parameter`` is its name, ``value`` what it says there."""

    parameter: str
    value: str


_SPELLED = {
    "first": "from",
    "last": "to",
    "agents": "agent",
    "contact_tags": "contact_tag",
    "conversation_tags": "tag",
    "sources": "source",
    "source_systems": "system",
    "statuses": "status",
    "teams": "team",
    "channels": "channel",
    "working_hours": "hours",
    "clock": "time",
    "language": "lang",
}
NAMES = {field.name: _SPELLED.get(field.name, field.name) for field in fields(View)}
"""The query parameter of each field of a view: its own name, unless it is spelled otherwise."""

_USUAL: dict[str, Any] = {field.name: field.default for field in fields(View)}
_WORDS: dict[str, Sequence[str]] = {
    "period": (*PRESETS, CUSTOM),
    "grain": GRAINS,
    "statistic": STATISTICS,
    "clock": CLOCKS,
    "language": tuple(LANGUAGES),
    "only": (*NARROWED, *STANDING),
    **{name: tuple(words) for name, words in WORDS.items()},
}
_NUMBERS = {"page": (1, 10**9 - 1), "weekday": (1, 7), "hour": (0, 23)}
"""The smallest and the greatest that each may be."""


def read(parameters: Mapping[str, Sequence[str]]) -> tuple[View, list[Problem]]:
    """The view of an address, and the values that could not be used: there the view has its default.

    Unknown parameters are ignored. Of a repeated parameter that is not a list, the last value counts. A range is custom
    when the period says so, or when there are days and no period.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for field, name in NAMES.items():
        values = [value[:LONGEST] for value in parameters.get(name, ()) if value]
        if not values:
            continue
        if field in LISTS:
            found[field] = tuple(dict.fromkeys(values))
            continue
        value = _value(field, values[-1])
        if value is None:
            problems.append(Problem(name, values[-1]))
        else:
            found[field] = value
    if "hour" in found and "weekday" not in found:  # the heat map has both, and a page names them together
        problems.append(Problem("hour", str(found.pop("hour"))))
    if found.get("only") in STANDING and "at" not in found:
        problems.append(Problem("only", found.pop("only")))
    problems += _settle_period(found)
    return View(**found), problems


def _value(field: str, text: str) -> object | None:
    if field in _WORDS:
        return text if text in _WORDS[field] else None
    if field in ("first", "last", "at"):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return day if YEARS[0] <= day.year <= YEARS[1] else None
    if field in _NUMBERS:
        least, most = _NUMBERS[field]
        is_number = text.isascii() and text.isdecimal() and len(text) < 10
        return int(text) if is_number and least <= int(text) <= most else None
    return text


def _settle_period(found: dict[str, Any]) -> list[Problem]:
    """Days count when the period is custom, and only as a pair in order."""
    first, last = found.get("first"), found.get("last")
    if "period" not in found and (first or last):
        found["period"] = CUSTOM
    if found.get("period") != CUSTOM:
        found.pop("first", None)
        found.pop("last", None)
        return []
    if first and last and first <= last:
        return []
    for name in ("period", "first", "last"):
        found.pop(name, None)
    # `custom` alone is a choice that waits for its days
    return [Problem("from … to", f"{first or '?'} … {last or '?'}")] if first or last else []


def write(view: View) -> dict[str, list[str]]:
    """The query parameters of a view: what differs from the defaults, in a fixed order."""
    parameters: dict[str, list[str]] = {}
    for field, name in NAMES.items():
        value = getattr(view, field)
        if value == _USUAL[field]:
            continue
        parameters[name] = [str(one) for one in (value if isinstance(value, tuple) else (value,))]
    return parameters


def query_of(view: View) -> str:
    """The same as they stand behind the path, with the question mark; empty when all is usual."""
    query = urlencode(write(view), doseq=True)
    return f"?{query}" if query else ""
