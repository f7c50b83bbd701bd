"""A view fitted to a release: what it names must be there.

Here: the account, agents and tags that a view names against those that there are; the filters of the macros. Not here:
reading addresses (``address``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from reports.pages.address import CUSTOM, LISTS, NAMES, Problem, View
from reports.pages.presets import days_of, fitting_grain
from reports.pages.queries import SORTABLE
from reports.published import Account, Choices
from reports.queries import Filters


def account_of(view: View, accounts: Sequence[Account]) -> tuple[Account, list[Problem]]:
    """The account that a view names; if it names none, or an unknown one, the first account with data."""
    for account in accounts:
        if account.account_id == view.account:
            return account, []
    usual = next((account for account in accounts if account.first_date is not None), accounts[0])
    return usual, [] if view.account is None else [Problem(NAMES["account"], view.account)]


def fitted(view: View, account: Account, choices: Choices) -> tuple[View, list[Problem]]:
    """The view with agents and tags of this account only, and those that the account does not have."""
    problems: list[Problem] = []
    keys = {agent.agent_id: agent.key for agent in choices.agents}  # an address may name an agent by id, too
    kept: dict[str, Any] = {}
    for field in LISTS:
        named = getattr(view, field)
        if field == "agents":
            named = dict.fromkeys(keys.get(value, value) for value in named)
        options = choices.options(field)
        problems += [Problem(NAMES[field], value) for value in named if value not in options]
        kept[field] = tuple(value for value in named if value in options)
    sort = view.sort
    if sort.removeprefix("-") not in SORTABLE:
        problems.append(Problem(NAMES["sort"], sort))
        sort = View.sort
    return replace(view, account=account.account_id, sort=sort, **kept), problems


def days(view: View, account: Account) -> tuple[date, date] | None:
    """First and last day of the period; None for an account without data."""
    if view.period == CUSTOM and view.first and view.last and account.first_date:
        return view.first, view.last
    return days_of(view.period, account)


def filters(view: View, account: Account, first: date, last: date) -> Filters:
    """The filters of the reports on a page, with the grain of its charts."""
    grain = fitting_grain(first, last) if view.grain == "auto" else view.grain
    return Filters(account.account_id, first, last, grain, **view.selection())
