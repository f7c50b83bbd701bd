"""The address of a page: everything that a reader has chosen, as query parameters.

Here: addresses read and written, and what is wrong in them. Not here: the widgets by which people choose
(``filter_bar``).

Whatever an address contains is data: words are looked up in closed lists, everything else reaches the release as a
bound value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from reports import queries
from reports.pages.presets import PRESETS
from reports.pages.texts import LANGUAGES
from reports.queries import HOURS, Selection

CUSTOM = "custom"
DEFAULT_PERIOD = "last-30-days"
GRAINS = ("auto", "day", "week", "month")

LONGEST = 500
"""Characters of a value that are read; more is cut off."""


@dataclass(frozen=True)
class View(Selection):
    """What a reader looks at. ``first`` and ``last`` only when the period is custom.

    The fields from ``search`` on concern Details: ``sort`` is a column, with `-` before it for descending;
    ``conversation`` is the key of the one that is open: source system, `/`, conversation id.
    """

    account: str | None = None
    period: str = DEFAULT_PERIOD
    first: date | None = None
    last: date | None = None
    grain: str = "auto"
    language: str | None = None
    search: str = ""
    sort: str = "-started_at"
    page: int = 1
    conversation: str | None = None

    def filters_only(self) -> View:
        """The same without what concerns Details: it is kept from page to page."""
        return replace(self, search="", sort=View.sort, page=1, conversation=None)


@dataclass(frozen=True)
class Problem:
    """A value in an address that could not be used. ``parameter`` is its name, ``value`` what it says there."""

    parameter: str
    value: str


NAMES = {
    "account": "account",
    "period": "period",
    "first": "from",
    "last": "to",
    "grain": "grain",
    "agents": "agent",
    "contact_tags": "contact_tag",
    "conversation_tags": "tag",
    "working_hours": "hours",
    "language": "lang",
    "search": "search",
    "sort": "sort",
    "page": "page",
    "conversation": "conversation",
}
"""The query parameter of each field of a view."""
LISTS = tuple(name for name in queries.LISTS if name in NAMES)
"""The filters of the pages that may have several values."""

_WORDS: dict[str, Sequence[str]] = {
    "period": (*PRESETS, CUSTOM),
    "grain": GRAINS,
    "working_hours": tuple(HOURS),
    "language": tuple(LANGUAGES),
}


def read(parameters: Mapping[str, Sequence[str]]) -> tuple[View, list[Problem]]:
    """The view of an address, and the values that could not be used: there the view has its default.

    Unknown parameters are ignored. Of a repeated parameter that is not a list, the last value counts. A range is custom
    when the period says so, or when there are days and no period.
    """
    found: dict[str, object] = {}
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
    problems += _settle_period(found)
    return View(**found), problems  # type: ignore[arg-type]


def _value(field: str, text: str) -> object | None:
    if field in _WORDS:
        return text if text in _WORDS[field] else None
    if field in ("first", "last"):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    if field == "page":
        return int(text) if text.isascii() and text.isdecimal() and 0 < int(text) < 10**9 else None
    return text


def _settle_period(found: dict[str, object]) -> list[Problem]:
    """Days count when the period is custom, and only as a pair in order."""
    first, last = found.get("first"), found.get("last")
    if "period" not in found and (first or last):
        found["period"] = CUSTOM
    if found.get("period") != CUSTOM:
        found.pop("first", None)
        found.pop("last", None)
        return []
    if isinstance(first, date) and isinstance(last, date) and first <= last:
        return []
    for name in ("period", "first", "last"):
        found.pop(name, None)
    return [Problem("from … to", f"{first or '?'} … {last or '?'}")]


def write(view: View) -> dict[str, list[str]]:
    """The query parameters of a view: what differs from the defaults, in a fixed order."""
    parameters: dict[str, list[str]] = {}
    for field, name in NAMES.items():
        value = getattr(view, field)
        if value == getattr(View, field):
            continue
        if isinstance(value, tuple):
            parameters[name] = list(value)
        else:
            parameters[name] = [value.isoformat() if isinstance(value, date) else str(value)]
    return parameters
