"""Queries of a release: which report, of whom and when, filtered how; and the SQL that runs it.

Here: the reports that there are and their filters, checked. Not here: what a figure means (the table macros in the
release, ``dbt_project/models/reports``), and how results are shown (``downloads``, ``pages``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

GRAINS = ("day", "week", "month", "quarter", "period")
"""Of the rows of a report; ``period`` is one row for the whole range."""
OF_BACKLOG = ("day", "hour")
"""Those of the backlog: how things stand at the end of each."""

HOURS = {"all": None, "inside": True, "outside": False}
"""The words of the filter by working hours, and the parameter of the table macros that each stands for."""
YES_OR_NO = {"all": None, "yes": True, "no": False}
"""The words of the other filters that are no lists."""


class FilterError(ValueError):
    """A filter that makes no sense, or names what the release does not have. The message says which."""


@dataclass(frozen=True)
class Report:
    """One report: the grains its rows may have, and the published table whose columns it has, by default its own."""

    name: str
    grains: tuple[str, ...] = GRAINS
    of_table: str | None = None

    @property
    def table(self) -> str:
        """The published table whose columns it has."""
        return self.of_table or self.name.replace("-", "_")

    @property
    def macro(self) -> str:
        """Its table macro."""
        return f"report_{self.name.replace('-', '_')}"

    def grain(self, filters: Filters) -> str:
        """The grain of its rows: that of the filters, or a day where it does not have that one."""
        return filters.grain if filters.grain in self.grains else self.grains[0]


REPORTS = {
    report.name: report
    for report in (
        *map(Report, ("overview", "by-agent", "by-tag", "by-team", "by-channel", "by-target", "by-flow")),
        Report("backlog", OF_BACKLOG),
        Report("backlog-details", OF_BACKLOG, of_table="details"),
        Report("details", ()),
        Report("traffic", (), of_table="overview"),
        Report("compare", (), of_table="overview"),
    )
}
"""By the name that the command gives them."""
ALL_GRAINS = tuple(dict.fromkeys((*GRAINS, *OF_BACKLOG)))
"""Of any report."""


def _any_of(option: str, help: str) -> Any:
    return field(default=(), metadata={"option": option, "help": f"Only conversations {help}."})


def _one_of(words: dict[str, bool | None], option: str, help: str) -> Any:
    return field(default="all", metadata={"option": option, "help": f"{help}.", "words": words})


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which conversations a report is about: those that match every filter. This is the list of the filters.

    Each is a parameter of the table macros; its option is that of the command. Of the values of a list any may match;
    without values it selects all. The others are a word.
    """

    agents: tuple[str, ...] = _any_of("--agent", "of this assignee (id or e-mail), or of none: (unassigned)")
    conversation_tags: tuple[str, ...] = _any_of("--conversation-tag", "with this tag, or with none: (untagged)")
    contact_tags: tuple[str, ...] = _any_of("--contact-tag", "whose contact has this tag")
    sources: tuple[str, ...] = _any_of("--source", "opened by inbox, flow, inbound or other")
    source_systems: tuple[str, ...] = _any_of("--source-system", "of this configured source")
    statuses: tuple[str, ...] = _any_of("--status", "that are new, in_flow, in_progress, closed or other")
    teams: tuple[str, ...] = _any_of("--team", "of this team, or of none: (no team)")
    channels: tuple[str, ...] = _any_of("--channel", "of this channel, or of none: (no channel)")
    working_hours: str = _one_of(HOURS, "--working-hours", "When conversations started")
    answered: str = _one_of(YES_OR_NO, "--answered", "Whether a human replied; not known is neither")
    rated: str = _one_of(YES_OR_NO, "--rated", "Whether conversations have a rating")

    def selection(self) -> dict[str, Any]:
        """These filters by name, without what a subclass adds."""
        return {name: getattr(self, name) for name in NO_FILTER}


LISTS = tuple(one.name for one in fields(Selection) if "words" not in one.metadata)
"""The filters that may have several values."""
WORDS: dict[str, dict[str, bool | None]] = {
    one.name: one.metadata["words"] for one in fields(Selection) if "words" in one.metadata
}
"""The others, and the words of each."""
NO_FILTER: dict[str, Any] = {one.name: one.default for one in fields(Selection)}


@dataclass(frozen=True)
class Filters(Selection):
    """What a report of one account is computed from.

    ``first_day`` to ``last_day``, both included, are local to ``account``. ``unmatched``: lists of whose values the
    account has none, so that nothing of it matches.

    Raises:
        FilterError: the last day lies before the first, or there is no such grain.
    """

    account: str
    first_day: date
    last_day: date
    grain: str = "day"
    unmatched: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise FilterError(f"the last day, {self.last_day}, lies before the first, {self.first_day}")
        if self.grain not in ALL_GRAINS:
            raise FilterError(f"there is no grain '{self.grain}'; the grains are {', '.join(ALL_GRAINS)}")


def sql_of(report: Report, filters: Filters, suffix: str = "") -> tuple[str, dict[str, Any]]:
    """The call of the table macro, to stand behind ``from``, and the values of its parameters.

    ``suffix``: of the names of the parameters, where one query calls several macros.
    """
    required = {"account": filters.account, "first_day": filters.first_day, "last_day": filters.last_day}
    optional: dict[str, Any] = {"grain": report.grain(filters)} if report.grains else {}
    optional |= {name: [] if name in filters.unmatched else list(getattr(filters, name)) or None for name in LISTS}
    optional |= {name: words[getattr(filters, name)] for name, words in WORDS.items()}
    arguments = [f"${name}{suffix}" for name in required] + [f"{name} := ${name}{suffix}" for name in optional]
    values = {f"{name}{suffix}": value for name, value in (required | optional).items()}
    return f"{report.macro}({', '.join(arguments)})", values
