"""What is wished of a report, held against a release: which accounts, which days, whether what is named is there.

Here: accounts and days that are not given, and names that are not there. Not here: the filters themselves
(``questions``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

import duckdb

from reports import published
from reports.questions import Filters, QuestionError, Report

_NEAREST = 8
"""How many of the names that there are a message tells."""


@dataclass(frozen=True)
class Wish:
    """What is asked, as far as it is said: no accounts are all, no days the active dates of each account.

    The rest as in :class:`reports.questions.Filters`; without names there is no filter.
    """

    accounts: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    grain: str | None = None
    agents: tuple[str, ...] = ()
    contact_tags: tuple[str, ...] = ()
    conversation_tags: tuple[str, ...] = ()
    working_hours: bool | None = None


def filters_of(connection: duckdb.DuckDBPyConnection, report: Report, wish: Wish) -> list[Filters]:
    """The filters of each account in turn; of an account that has no active date in the range there are none.

    An agent or a tag that one of the accounts has is a filter of all.

    Raises:
        QuestionError: an account, an agent or a tag is not in the release, or the days or the grain make no sense.
    """
    if wish.grain is not None and not report.has_grain:
        raise QuestionError(f"{report.name} has no grain; leave it out")
    if wish.first_day and wish.last_day and wish.last_day < wish.first_day:
        raise QuestionError(f"the last day, {wish.last_day}, lies before the first, {wish.first_day}")
    known = {account.account_id: account for account in published.accounts(connection)}
    _refuse_unknown("account", wish.accounts, known)
    chosen = [known[name] for name in dict.fromkeys(wish.accounts or known)]
    names = [account.account_id for account in chosen]
    if wish.agents:
        there = [agent for name in names for agent in published.agents(connection, name)]
        keys = [key for agent in there for key in (agent.agent_id, agent.agent_email) if key is not None]
        _refuse_unknown("agent", wish.agents, keys, {agent.agent_name or "": agent.agent_id for agent in there})
    if wish.contact_tags:
        tags = [tag for name in names for tag in published.contact_tags(connection, name)]
        _refuse_unknown("contact tag", wish.contact_tags, tags)
    if wish.conversation_tags:
        tags = [tag for name in names for tag in published.conversation_tags(connection, name)]
        _refuse_unknown("conversation tag", wish.conversation_tags, tags)
    found = []
    for account in chosen:
        first_day, last_day = wish.first_day or account.first_date, wish.last_day or account.last_date
        if first_day is None or last_day is None or last_day < first_day:
            continue
        found.append(
            Filters(
                account.account_id,
                first_day,
                last_day,
                grain=wish.grain or "day",
                agents=wish.agents or None,
                contact_tags=wish.contact_tags or None,
                conversation_tags=wish.conversation_tags or None,
                working_hours=wish.working_hours,
            )
        )
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
            raise QuestionError(f"no {what} '{name}' in this release; the {what} with this name is '{called[name]}'")
        folded = {one.casefold(): one for one in (*there, *called)}
        near = [folded[one] for one in get_close_matches(name.casefold(), folded, _NEAREST, 0.5)]
        near = list(dict.fromkeys(called.get(one, one) for one in near))
        if len(there) <= _NEAREST:
            known = ", ".join(there) or "none"
        else:
            nearest = f"the nearest are {', '.join(near)}" if near else f"such as {', '.join(there[:_NEAREST])}"
            known = f"{len(there):,}, {nearest}"
        raise QuestionError(f"no {what} '{name}' in this release; it has {known}")


def in_words(report: Report, filters: Sequence[Filters]) -> list[tuple[str, str]]:
    """What is in force, as names and texts: for who reads the answer later."""
    told = [("report", report.name)]
    told += [("account", f"{one.account}, {one.first_day} to {one.last_day}") for one in filters]
    for one in filters[:1]:
        if report.has_grain:
            told.append(("grain", one.grain))
        for name, values in (
            ("agents", one.agents),
            ("contact tags", one.contact_tags),
            ("conversation tags", one.conversation_tags),
        ):
            told.append((name, "all" if values is None else " or ".join(values)))
        hours = {None: "all", True: "started inside", False: "started outside"}
        told.append(("working hours", hours[one.working_hours]))
    return told
