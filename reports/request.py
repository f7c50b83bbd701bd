"""A report request, completed from a release: which accounts, which days, and whether the release has what is named.

Here: accounts and days that are not given, and names that the release does not have. Not here: the filters themselves
(``queries``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

import duckdb

from reports import published
from reports.queries import LISTS, FilterError, Filters, Report, Selection

_NEAREST = 8
"""How many of the known names a message lists."""


@dataclass(frozen=True)
class ReportRequest(Selection):
    """What a user asked for: without accounts all of them, without days the active dates of each account."""

    accounts: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    grain: str | None = None


def filters_of(connection: duckdb.DuckDBPyConnection, report: Report, request: ReportRequest) -> list[Filters]:
    """The filters of each account in turn, without the accounts that have no active date in the range.

    An agent or a tag that one of the accounts has is a filter of all of them.

    Raises:
        FilterError: an account, an agent or a tag is not in the release, or the days or the grain make no sense.
    """
    first_day, last_day = request.first_day, request.last_day
    if request.grain is not None and not report.has_grain:
        raise FilterError(f"{report.name} has no grain; leave it out")
    if first_day and last_day and last_day < first_day:
        raise FilterError(f"the last day, {last_day}, lies before the first, {first_day}")
    known = {account.account_id: account for account in published.accounts(connection)}
    _refuse_unknown("account", request.accounts, known)
    chosen = [known[name] for name in dict.fromkeys(request.accounts or known)]
    ids = [account.account_id for account in chosen]
    if request.agents:
        agents = [agent for account in ids for agent in published.agents(connection, account)]
        keys = [key for agent in agents for key in (agent.agent_id, agent.agent_email) if key is not None]
        _refuse_unknown("agent", request.agents, keys, {agent.agent_name or "": agent.agent_id for agent in agents})
    if request.conversation_tags:
        tags = [tag for account in ids for tag in published.conversation_tags(connection, account)]
        _refuse_unknown("conversation tag", request.conversation_tags, tags)
    if request.contact_tags:
        tags = [tag for account in ids for tag in published.contact_tags(connection, account)]
        _refuse_unknown("contact tag", request.contact_tags, tags)
    found = []
    for account in chosen:
        first, last = first_day or account.first_date, last_day or account.last_date
        if first and last and first <= last:
            grain = request.grain or "day"
            found.append(Filters(account.account_id, first, last, grain, **request.selection()))
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
        if report.has_grain:
            words.append(("grain", one.grain))
        words += [(name.replace("_", " "), " or ".join(getattr(one, name)) or "all") for name in sorted(LISTS)]
        words.append(("working hours", "all" if one.working_hours == "all" else f"started {one.working_hours}"))
    return words
