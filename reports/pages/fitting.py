"""A view fitted to a release: what it names must be there.

Here: the accounts, agents, tags and other values that a view names against those that there are; the filters of the
macros. Not here: reading addresses (``address``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

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
    """Of whom a page tells: one account, or several together, of which ``account`` has what is common."""

    accounts: tuple[Account, ...]
    account: Account

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of those that have data; what has none says nothing of what is complete."""
        found = tuple(account.account_id for account in self.accounts if account.first_date)
        return found or tuple(account.account_id for account in self.accounts)

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

    @property
    def is_one(self) -> bool:
        """Whether it is one account."""
        return len(self.accounts) == 1


def whom_of(view: View, accounts: Sequence[Account]) -> tuple[Whom, list[Problem]]:
    """The account that a view names, or all; if it names none, or an unknown one, the first account with data."""
    if view.account == EVERY_ACCOUNT and len(accounts) > 1:
        return Whom(tuple(accounts), _all(accounts)), []
    for account in accounts:
        if account.account_id == view.account:
            return Whom((account,), account), []
    usual = next((account for account in accounts if account.first_date is not None), accounts[0])
    return Whom((usual,), usual), [] if view.account in (None, EVERY_ACCOUNT) else [
        Problem("account", view.account or "")
    ]


def _all(accounts: Sequence[Account]) -> Account:
    """They cover the days that any of them covers, and reach as far as the one that reaches least."""
    used = [account for account in accounts if account.first_date]
    reached = [account.data_through for account in used if account.data_through]
    return replace(
        accounts[0],
        account_id=EVERY_ACCOUNT,
        first_date=min((account.first_date for account in used if account.first_date), default=None),
        last_date=max((account.last_date for account in used if account.last_date), default=None),
        data_through=min(reached) if reached and len(reached) == len(used) else None,
    )


def choices_of(release: Release, whom: Whom, texts: Texts) -> Choices:
    """What the filters can select. An e-mail address tells agents of two sources apart, an id may not."""
    values = release.filter_values()
    found: dict[str, dict[str, str]] = {}
    for field in LISTS:
        there = sorted({value for account in whom.ids for value in values.get((account, field), ())}, key=_folded)
        if field == "agents":
            agents = [agent for account in whom.ids for agent in release.agents(account)]
            found[field] = {agent.key: agent.name for agent in agents}
            found[field] |= {"(unassigned)": texts("table.unassigned")} if "(unassigned)" in there else {}
        else:
            found[field] = {value: texts.word(field, value) for value in there}
    return found


def _folded(value: str) -> tuple[bool, str, str]:
    return value.startswith("("), value.casefold(), value


def fitted(
    view: View, release: Release, whom: Whom, choices: Choices, sortable: Collection[str]
) -> tuple[View, list[Problem]]:
    """The view with values of these accounts only, and those that they do not have."""
    problems: list[Problem] = []
    values = release.filter_values()
    kept: dict[str, Any] = {}
    for field in LISTS:
        named = getattr(view, field)
        there = {value for account in whom.ids for value in values.get((account, field), ())}
        problems += [Problem(NAMES[field], value) for value in named if value not in there]
        kept[field] = tuple(value for value in named if value in there)
    if view.grain not in whom.grains:
        problems.append(Problem(NAMES["grain"], view.grain))
        kept["grain"] = "auto"
    sort = view.sort
    if sort and sort.removeprefix("-") not in sortable:
        problems.append(Problem(NAMES["sort"], sort))
        sort = ""
    account = EVERY_ACCOUNT if not whom.is_one else whom.account.account_id
    return replace(view, account=account, sort=sort, **kept), problems


def days(view: View, account: Account) -> tuple[date, date] | None:
    """First and last day of the period; None for an account without data."""
    if view.period == CUSTOM and account.first_date:
        if view.first and view.last:
            return view.first, view.last
        return days_of(View.period, account)
    return days_of(view.period, account)


def filters(view: View, whom: Whom, first: date, last: date) -> Filters:
    """The filters of the reports on a page, with the grain of its charts."""
    grain = whom.usual_grain(first, last) if view.grain == "auto" else view.grain
    return Filters(whom.account.account_id, first, last, grain, **view.selection())
