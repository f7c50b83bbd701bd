"""The address of a page: everything that a reader has chosen, as query parameters.

Here: addresses read and written, what in them is wrong. Not here: the widgets by which people choose (``filter_bar``).

Whatever stands in an address is data: words are looked up in closed lists, all else reaches the release as a bound
value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

from reports.pages.presets import PRESETS

CUSTOM = "custom"
DEFAULT_PERIOD = "last-30-days"
GRAINS = ("auto", "day", "week", "month")
HOURS = ("all", "inside", "outside")
LANGUAGES = ("en", "fr")

LONGEST = 500
"""Characters of a value that are read; nobody types more."""


@dataclass(frozen=True)
class View:
    """What a reader looks at. ``first`` and ``last`` only when the period is custom; empty tuples filter nothing.

    The fields from ``search`` on concern Details: ``sort`` is a column, with `-` before it for descending;
    ``conversation`` is the key of the one that is open: source system, `/`, conversation id.
    """

    account: str | None = None
    period: str = DEFAULT_PERIOD
    first: date | None = None
    last: date | None = None
    grain: str = "auto"
    agents: tuple[str, ...] = ()
    contact_tags: tuple[str, ...] = ()
    conversation_tags: tuple[str, ...] = ()
    hours: str = "all"
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
    """A value in an address that could not be used. ``parameter`` is its name, ``value`` as it stands there."""

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
    "hours": "hours",
    "language": "lang",
    "search": "search",
    "sort": "sort",
    "page": "page",
    "conversation": "conversation",
}
"""The query parameter of each field of a view."""

_WORDS: dict[str, Sequence[str]] = {
    "period": (*PRESETS, CUSTOM),
    "grain": GRAINS,
    "hours": HOURS,
    "language": LANGUAGES,
}
_LISTS = ("agents", "contact_tags", "conversation_tags")


def read(parameters: Mapping[str, Sequence[str]]) -> tuple[View, list[Problem]]:
    """The view of an address, and what in it could not be used: there the view has its default.

    Parameters that are not ours are passed over. Of one that is repeated, but for lists, the last counts. A range is
    custom when it says so or when it has days and no period.
    """
    found: dict[str, object] = {}
    problems: list[Problem] = []
    for field, name in NAMES.items():
        values = [value[:LONGEST] for value in parameters.get(name, ()) if value]
        if not values:
            continue
        if field in _LISTS:
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
    for field in fields(View):
        value = getattr(view, field.name)
        if value == field.default:
            continue
        if isinstance(value, tuple):
            parameters[NAMES[field.name]] = list(value)
        else:
            parameters[NAMES[field.name]] = [value.isoformat() if isinstance(value, date) else str(value)]
    return parameters
