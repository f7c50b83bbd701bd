"""A report request, completed from a release: which accounts, which days, and whether the release has what is named.

Here: accounts and days that are not given, and names that the release does not have. Not here: the filters themselves
(``queries``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches

import duckdb

from reports import published
from reports.queries import LISTS, WORDS, FilterError, Filters, Report, Selection

_NEAREST = 8
"""How many of the known names a message lists."""
_WHAT = {one.name: one.metadata["option"].strip("-").replace("-", " ") for one in fields(Selection)}
"""The word for a value of each filter."""


@dataclass(frozen=True)
class ReportRequest(Selection):
    """What a user asked for: without accounts all of them, without days the active dates of each account."""

    accounts: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    grain: str | None = None


def filters_of(connection: duckdb.DuckDBPyConnection, report: Report, request: ReportRequest) -> list[Filters]:
    """The filters of each account in turn, without the accounts that have no active date in the range.

    What one of the accounts has is a filter of all of them; where it is not, nothing matches.

    Raises:
        FilterError: an account, or what a filter names, is not in the release, or the days or the grain make no sense.
    """
    first_day, last_day = request.first_day, request.last_day
    if request.grain is not None and not report.grains:
        raise FilterError(f"{report.name} has no grain; leave it out")
    if request.grain is not None and request.grain not in report.grains:
        raise FilterError(f"{report.name} has no grain '{request.grain}'; it has {', '.join(report.grains)}")
    if first_day and last_day and last_day < first_day:
        raise FilterError(f"the last day, {last_day}, lies before the first, {first_day}")
    known = {account.account_id: account for account in published.accounts(connection)}
    _refuse_unknown("account", request.accounts, known)
    chosen = [known[name] for name in dict.fromkeys(request.accounts or known)]
    ids = [account.account_id for account in chosen]
    values = published.filter_values(connection)
    for name in LISTS:
        there = [value for account in ids for value in values[account, name]]
        agents = (
            [agent for account in ids for agent in published.agents(connection, account)] if name == "agents" else []
        )
        called = {agent.agent_name or "": agent.agent_id for agent in agents}
        _refuse_unknown(_WHAT[name], getattr(request, name), there, called)
    found = []
    for account in chosen:
        first, last = first_day or account.first_date, last_day or account.last_date
        if first and last and first <= last:
            selection = request.selection()
            own = {
                name: tuple(value for value in selection[name] if value in values[account.account_id, name])
                for name in LISTS
            }
            unmatched = frozenset(name for name in LISTS if selection[name] and not own[name])
            grain = request.grain or "day"
            found.append(Filters(account.account_id, first, last, grain, unmatched=unmatched, **(selection | own)))
    return found


def _refuse_unknown(
    what: str, names: Sequence[str], there: Iterable[str], called: dict[str, str] | None = None
) -> None:
    """``called``: what people may call them, and the name that is meant."""
    there, called = sorted(set(there)), called or {}
    for name in names:
        if name in there:
            continue
        if name in called:
            raise FilterError(f"no {what} '{name}' in this release; the {what} with this name is '{called[name]}'")
        folded = {one.casefold(): one for one in (*there, *called)}
        near = [folded[one] for one in get_close_matches(name.casefold(), folded, _NEAREST, 0.5)]
        near = list(dict.fromkeys(called.get(one, one) for one in near))
        if len(there) <= _NEAREST:
            known = ", ".join(there) or "none"
        else:
            nearest = f"the nearest are {', '.join(near)}" if near else f"such as {', '.join(there[:_NEAREST])}"
            known = f"{len(there):,}, {nearest}"
        raise FilterError(f"no {what} '{name}' in this release; it has {known}")


def in_words(report: Report, filters: Sequence[Filters]) -> list[tuple[str, str]]:
    """What a report was made from, as names and texts: for whoever reads the file later."""
    words = [("report", report.name)]
    words += [("account", f"{one.account}, {one.first_day} to {one.last_day}") for one in filters]
    for one in filters[:1]:
        if report.grains:
            words.append(("grain", report.grain(one)))
        words += [
            (
                name.replace("_", " "),
                " or ".join(dict.fromkeys(v for each in filters for v in getattr(each, name))) or "all",
            )
            for name in sorted(LISTS)
        ]
        words += [(name.replace("_", " "), getattr(one, name)) for name in WORDS]
    return words
