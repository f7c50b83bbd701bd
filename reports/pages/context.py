"""What every part of a page is given: the release, the account, the filters, the language.

Here: that, and the queries made with it. Not here: where it comes from (``main``), nor drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from ingestion.zones import zone
from reports.pages import queries
from reports.pages.address import View
from reports.pages.formats import Formats
from reports.pages.queries import Query, Result
from reports.pages.release import Release
from reports.pages.texts import Texts
from reports.published import Account
from reports.queries import Filters

Row = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """One run of a page. ``filters`` have the grain of the charts."""

    texts: Texts
    formats: Formats
    release: Release
    account: Account
    view: View
    filters: Filters

    @property
    def first(self) -> date:
        """First day of the period."""
        return self.filters.first_day

    @property
    def last(self) -> date:
        """Last day of the period, included."""
        return self.filters.last_day

    def query(self, report: str, grain: str | None = None) -> Query:
        """The query for all rows of a report, with the filters of this page."""
        return queries.report(report, replace(self.filters, grain=grain) if grain else self.filters)

    def rows(self, report: str, grain: str | None = None) -> list[Row]:
        """These rows."""
        return self.run(self.query(report, grain)).dicts()

    def run(self, query: Query) -> Result:
        """Run a query on the release of this run."""
        return self.release.run(*query)

    @cached_property
    def compared(self) -> dict[str, Row]:
        """The figures of the period and of the periods it is compared with, by their column ``compared``."""
        return {row["compared"]: row for row in self.rows("compare")}

    @property
    def totals(self) -> Row:
        """The figures of the whole period."""
        return self.compared["period"]

    @property
    def has_schedule(self) -> bool:
        """Whether working hours are known for what is shown; True if that cannot be seen."""
        totals = self.totals
        pairs = (
            ("first_response_count", "first_response_business_count"),
            ("duration_count", "duration_business_count"),
        )
        return not any(totals[count] and not totals[business] for count, business in pairs)

    def definition(self, table: str, column: str) -> str:
        """What a column means, in the language of the page."""
        return self.texts.definition(self.release.descriptions(table).get(column, ""))

    def local(self, instant: datetime | None) -> datetime | None:
        """An instant on the wall clock of the account."""
        return None if instant is None else instant.astimezone(zone(self.account.timezone))
