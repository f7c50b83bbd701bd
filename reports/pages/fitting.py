"""A view fitted to a release: what it names must be there.

Here: the account, agents and tags that a view names against those that there are; the filters of the macros. Not here:
reading addresses (``address``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from reports.pages.address import CUSTOM, NAMES, Problem, View
from reports.pages.answers import SORTABLE
from reports.pages.presets import days_of, fitting_grain
from reports.published import Account, Agent
from reports.questions import Filters

WORKING_HOURS = {"all": None, "inside": True, "outside": False}


def account_of(view: View, accounts: Sequence[Account]) -> tuple[Account, list[Problem]]:
    """The account that a view names; the first with data where it names none or one that is not there."""
    for account in accounts:
        if account.account_id == view.account:
            return account, []
    usual = next((account for account in accounts if account.first_date is not None), accounts[0])
    return usual, [] if view.account is None else [Problem(NAMES["account"], view.account)]


def fitted(
    view: View, account: Account, agents: Sequence[Agent], contact_tags: Iterable[str], conversation_tags: Iterable[str]
) -> tuple[View, list[Problem]]:
    """The view with agents and tags of this account only, and those that it has not."""
    problems: list[Problem] = []

    def known(field: str, values: Sequence[str], there: Iterable[str]) -> tuple[str, ...]:
        present = set(there)
        problems.extend(Problem(NAMES[field], value) for value in values if value not in present)
        return tuple(value for value in values if value in present)

    keys = {agent.agent_id: agent.agent_email or agent.agent_id for agent in agents}
    keys |= {agent.agent_email: agent.agent_email for agent in agents if agent.agent_email}
    named = tuple(dict.fromkeys(keys.get(value, value) for value in view.agents))
    sort = view.sort
    if sort.removeprefix("-") not in SORTABLE:
        problems.append(Problem(NAMES["sort"], sort))
        sort = View.sort
    return replace(
        view,
        account=account.account_id,
        agents=known("agents", named, keys.values()),
        contact_tags=known("contact_tags", view.contact_tags, contact_tags),
        conversation_tags=known("conversation_tags", view.conversation_tags, conversation_tags),
        sort=sort,
    ), problems


def days(view: View, account: Account) -> tuple[date, date] | None:
    """First and last day of the period; None for an account without data."""
    if view.period == CUSTOM and view.first and view.last and account.first_date:
        return view.first, view.last
    return days_of(view.period, account)


def filters(view: View, account: Account, first: date, last: date) -> Filters:
    """What is asked of the macros. A list in which nothing is chosen is no filter."""
    return Filters(
        account=account.account_id,
        first_day=first,
        last_day=last,
        grain=fitting_grain(first, last) if view.grain == "auto" else view.grain,
        agents=view.agents or None,
        contact_tags=view.contact_tags or None,
        conversation_tags=view.conversation_tags or None,
        working_hours=WORKING_HOURS[view.hours],
    )
