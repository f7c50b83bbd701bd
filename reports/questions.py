"""Questions to a release: which report, of whom and when, filtered how; and the SQL that asks it.

Here: the reports that there are and their filters, checked. Not here: what a figure means (the table macros in the
release, ``dbt_project/models/reports``), and how answers are shown (``downloads``, ``pages``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

GRAINS = ("day", "week", "month", "period")
"""Of the rows of a report; ``period`` is one row for the whole range."""


class QuestionError(ValueError):
    """A filter that cannot be asked. The message says why."""


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


@dataclass(frozen=True)
class Filters:
    """What is asked of a report, with the meaning of the parameters of its table macro.

    ``first_day`` to ``last_day``, both included, local to ``account``. ``agents``, ``contact_tags`` and
    ``conversation_tags``: None is no filter, an empty tuple matches nothing. ``working_hours``: True inside, False
    outside, None no filter.

    Raises:
        QuestionError: the last day lies before the first, or there is no such grain.
    """

    account: str
    first_day: date
    last_day: date
    grain: str = "day"
    agents: tuple[str, ...] | None = None
    contact_tags: tuple[str, ...] | None = None
    conversation_tags: tuple[str, ...] | None = None
    working_hours: bool | None = None

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise QuestionError(f"the last day, {self.last_day}, lies before the first, {self.first_day}")
        if self.grain not in GRAINS:
            raise QuestionError(f"there is no grain '{self.grain}'; the grains are {', '.join(GRAINS)}")


def sql_of(report: Report, filters: Filters, suffix: str = "") -> tuple[str, dict[str, Any]]:
    """The call of the table macro, to stand behind ``from``, and the values of its parameters.

    ``suffix``: of the names of the parameters, where one query asks several times.
    """
    values: dict[str, Any] = {
        "account": filters.account,
        "first_day": filters.first_day,
        "last_day": filters.last_day,
        **({"grain": filters.grain} if report.has_grain else {}),
        "agents": _list(filters.agents),
        "contact_tags": _list(filters.contact_tags),
        "conversation_tags": _list(filters.conversation_tags),
        "working_hours": filters.working_hours,
    }
    positional = ("account", "first_day", "last_day")
    arguments = [f"${name}{suffix}" if name in positional else f"{name} := ${name}{suffix}" for name in values]
    return f"{report.macro}({', '.join(arguments)})", {f"{name}{suffix}": value for name, value in values.items()}


def _list(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)
