"""A view fitted to a release: what it names must be there.

Here: the accounts, agents, tags and other values that a view names against those that there are; the filters of the
macros. Not here: reading addresses (``address``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from reports import published
from reports.pages.address import CUSTOM, EVERY_ACCOUNT, GRAINS, NAMES, Problem, View
from reports.pages.presets import days_of, fitting_grain
from reports.pages.releases import Release
from reports.pages.texts import Texts
from reports.published import Account
from reports.queries import LISTS, Filters

Choices = Mapping[str, Mapping[str, str]]
"""What the filters can select: by filter, each value with its name on a page."""


@dataclass(frozen=True)
class Whom:
    """Of whom a page tells: one account, or all that have data, of which ``account`` has what is common."""

    accounts: tuple[Account, ...]
    account: Account

    @property
    def ids(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(account.account_id for account in self.accounts)

    @property
    def is_one(self) -> bool:
        """Whether one was chosen, and not all."""
        return self.account.account_id != EVERY_ACCOUNT

    @property
    def compared_from(self) -> date | None:
        """The first day from which all of them have data: an earlier one has fewer accounts to compare with."""
        return max((account.first_date for account in self.accounts if account.first_date), default=None)

    @property
    def grains(self) -> tuple[str, ...]:
        """What charts can be drawn by: weeks, when those of all begin on the same day."""
        same_weeks = len({account.week_starts_on for account in self.accounts}) == 1
        return tuple(grain for grain in GRAINS if same_weeks or grain != "week")

    def usual_grain(self, first: date, last: date) -> str:
        """The grain that a chart has unless somebody chooses another."""
        grain = fitting_grain(first, last)
        return grain if grain in self.grains else "month"

    @property
    def timezones(self) -> str:
        """Their time zones."""
        return ", ".join(dict.fromkeys(account.timezone for account in self.accounts))


def whom_of(view: View, accounts: Sequence[Account]) -> tuple[Whom, list[Problem]]:
    """The account that a view names, or all; if it names none, or an unknown one, the first account with data."""
    used = [account for account in accounts if account.first_date] or accounts
    if view.account == EVERY_ACCOUNT and len(accounts) > 1:
        return Whom(tuple(used), _together(used)), []
    named = [account for account in accounts if account.account_id == view.account]
    problems = [] if named or view.account in (None, EVERY_ACCOUNT) else [Problem("account", str(view.account))]
    account = (named or used)[0]
    return Whom((account,), account), problems


def _together(accounts: Sequence[Account]) -> Account:
    """They cover the days that any of them covers, and reach as far as the one that reaches least."""
    reached = [account.data_through for account in accounts if account.data_through]
    return replace(
        accounts[0],
        account_id=EVERY_ACCOUNT,
        first_date=min((account.first_date for account in accounts if account.first_date), default=None),
        last_date=max((account.last_date for account in accounts if account.last_date), default=None),
        data_through=min(reached) if len(reached) == len(accounts) else None,
    )


def choices_of(release: Release, whom: Whom, texts: Texts) -> Choices:
    """What the filters can select. An e-mail address tells agents of two sources apart, an id may not."""
    found = {}
    for field, there in _values(release, whom).items():
        values = sorted(there, key=lambda value: (value.startswith("("), value.casefold(), value))
        found[field] = {value: texts.word(field, value) for value in values}
    agents = [agent for account in whom.ids for agent in release.read(published.agents, account)]
    nobody = {key: texts("table.unassigned") for key in ("(unassigned)",) if key in found["agents"]}
    return found | {"agents": {agent.key: agent.name for agent in agents} | nobody}


def _values(release: Release, whom: Whom) -> dict[str, set[str]]:
    """What each filter may name; of an agent its id too."""
    values = release.read(published.filter_values)
    return {field: set().union(*(values.get((account, field), ()) for account in whom.ids)) for field in LISTS}


def fitted(view: View, release: Release, whom: Whom, sortable: Collection[str]) -> tuple[View, list[Problem]]:
    """The view with values of these accounts only, and those that they do not have."""
    problems: list[Problem] = []
    kept: dict[str, Any] = {"account": whom.account.account_id}
    for field, there in _values(release, whom).items():
        named = getattr(view, field)
        problems += [Problem(NAMES[field], value) for value in named if value not in there]
        kept[field] = tuple(value for value in named if value in there)
    if view.grain not in whom.grains:
        problems.append(Problem(NAMES["grain"], view.grain))
        kept["grain"] = View.grain
    if view.sort and view.sort.removeprefix("-") not in sortable:
        problems.append(Problem(NAMES["sort"], view.sort))
        kept["sort"] = View.sort
    return replace(view, **kept), problems


def filters(view: View, whom: Whom) -> Filters:
    """The filters of the reports on a page, with the grain of its charts."""
    days = days_of(view.period if view.period != CUSTOM else View.period, whom.account)
    days = days or (date.today(), date.today())  # an account without data: nothing is asked of it
    first, last = (view.first, view.last) if view.first and view.last else days
    grain = whom.usual_grain(first, last) if view.grain == "auto" else view.grain
    return Filters(whom.account.account_id, first, last, grain, **view.selection())
