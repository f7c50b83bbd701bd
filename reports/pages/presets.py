"""Periods that people ask for by name, as days.

Here: what `last week` or `this month` means for an account. Not here: their names on the page (``texts``).

All are relative to the last day that the data of the account cover, not to the clock of the reader: a page shows the
latest figures also when the last run was yesterday.
"""

from __future__ import annotations

from datetime import date, timedelta

from reports.published import Account

PRESETS = (
    "today",
    "last-7-days",
    "last-30-days",
    "last-90-days",
    "this-week",
    "last-week",
    "this-month",
    "last-month",
    "this-quarter",
    "last-quarter",
    "this-year",
    "last-year",
    "all",
)
"""By their names in an address."""

DAY = timedelta(days=1)


def last_whole_day(account: Account) -> date | None:
    """The last day that the data cover to its end; None for an account without data.

    While a source has delivered nothing, how far the data reach is unknown: then it is the last active day.
    """
    if account.data_through is None:
        return account.last_date
    return account.data_through.date() - DAY


def days_of(preset: str, account: Account) -> tuple[date, date] | None:
    """First and last day, both included; None for an account without data.

    `this` week, month, quarter or year ends with the last day that the data cover. `today` is the day in which the data
    end, if something has happened on it, and otherwise the last whole day.

    Raises:
        KeyError: there is no such preset.
    """
    if preset not in PRESETS:
        raise KeyError(preset)
    last = last_whole_day(account)
    if last is None or account.first_date is None or account.last_date is None:
        return None
    if preset == "all":
        return account.first_date, max(account.last_date, account.first_date)
    if preset == "today":
        begun = account.data_through is not None and account.last_date >= account.data_through.date() > last
        return (last + DAY, last + DAY) if begun else (last, last)
    which, _, unit = preset.partition("-")
    if unit.endswith("-days"):
        return last - (int(unit.removesuffix("-days")) - 1) * DAY, last
    start = _start(unit, last, account.week_starts_on)
    if which == "this":
        return start, last
    return _start(unit, start - DAY, account.week_starts_on), start - DAY


def _start(unit: str, day: date, week_starts_on: int) -> date:
    """First day of the week, month, quarter or year that holds a day."""
    if unit == "week":
        return day - (day.isoweekday() - week_starts_on) % 7 * DAY
    month = {"month": day.month, "quarter": day.month - (day.month - 1) % 3, "year": 1}[unit]
    return date(day.year, month, 1)


def fitting_grain(first: date, last: date) -> str:
    """The grain in which a range has a number of points that a chart can show well."""
    days = (last - first).days + 1
    return "day" if days <= 45 else "week" if days <= 400 else "month" if days <= 1_600 else "quarter"
