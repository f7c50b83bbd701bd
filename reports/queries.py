"""Queries of a release: which report, of whom and when, filtered how; and the SQL that runs it.

Here: the reports that there are and their filters, checked. Not here: what a figure means (the table macros in the
release, ``dbt_project/models/reports``), and how results are shown (``downloads``, ``pages``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

GRAINS = ("day", "week", "month", "period")
"""Of the rows of a report; ``period`` is one row for the whole range."""

HOURS = {"all": None, "inside": True, "outside": False}
"""The words of the filter by working hours, and the parameter of the table macros that each stands for."""


class FilterError(ValueError):
    """A filter that makes no sense, or names what the release does not have. The message says which."""


@dataclass(frozen=True)
class Report:
    """One report: its table macro, the published table whose columns it has, and whether its rows have a grain."""

    name: str
    macro: str
    table: str
    has_grain: bool


REPORTS = {
    report.name: report
    for report in (
        Report("overview", "report_overview", "overview", has_grain=True),
        Report("by-agent", "report_by_agent", "by_agent", has_grain=True),
        Report("by-tag", "report_by_tag", "by_tag", has_grain=True),
        Report("details", "report_details", "details", has_grain=False),
        Report("traffic", "report_traffic", "overview", has_grain=False),
        Report("compare", "report_compare", "overview", has_grain=False),
    )
}
"""By the name that the command gives them."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which conversations a report is about: those that match every filter.

    Of the values of one filter any may match; without values it selects all. ``agents`` are ids or e-mail addresses.
    ``working_hours`` is a word of ``HOURS``: whether the conversation started in the working hours of the account.
    """

    agents: tuple[str, ...] = ()
    conversation_tags: tuple[str, ...] = ()
    contact_tags: tuple[str, ...] = ()
    working_hours: str = "all"

    def selection(self) -> dict[str, Any]:
        """These filters by name, without what a subclass adds."""
        return {name: getattr(self, name) for name in NO_FILTER}


LISTS = ("agents", "conversation_tags", "contact_tags")
"""The filters that may have several values."""
NO_FILTER: dict[str, Any] = {field.name: field.default for field in fields(Selection)}


@dataclass(frozen=True)
class Filters(Selection):
    """What a report of one account is computed from.

    ``first_day`` to ``last_day``, both included, are local to ``account``.

    Raises:
        FilterError: the last day lies before the first, or there is no such grain.
    """

    account: str
    first_day: date
    last_day: date
    grain: str = "day"

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise FilterError(f"the last day, {self.last_day}, lies before the first, {self.first_day}")
        if self.grain not in GRAINS:
            raise FilterError(f"there is no grain '{self.grain}'; the grains are {', '.join(GRAINS)}")


def sql_of(report: Report, filters: Filters, suffix: str = "") -> tuple[str, dict[str, Any]]:
    """The call of the table macro, to stand behind ``from``, and the values of its parameters.

    ``suffix``: of the names of the parameters, where one query calls several macros.
    """
    required = {"account": filters.account, "first_day": filters.first_day, "last_day": filters.last_day}
    optional: dict[str, Any] = {"grain": filters.grain} if report.has_grain else {}
    optional |= {name: list(getattr(filters, name)) or None for name in LISTS}
    optional["working_hours"] = HOURS[filters.working_hours]
    arguments = [f"${name}{suffix}" for name in required] + [f"{name} := ${name}{suffix}" for name in optional]
    values = {f"{name}{suffix}": value for name, value in (required | optional).items()}
    return f"{report.macro}({', '.join(arguments)})", values
