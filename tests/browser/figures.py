"""The figures that pages must show: the table macros of a release, asked directly.

Here: those answers, as CSV files spell them. Not here: pages.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from reports import published
from reports.pages.measures import COUNT, MEASURES
from reports.pages.presets import days_of, fitting_grain
from reports.published import Account
from reports.queries import REPORTS, Filters, sql_of
from tests.browser.reader import Row


class Figures:
    """Those of one release."""

    def __init__(self, file: Path) -> None:
        self.connection = published.connect(file)
        self.release_id = str(published.about(self.connection)["release_id"])

    def account(self, account_id: str) -> Account:
        """An account of it."""
        return next(one for one in published.accounts(self.connection) if one.account_id == account_id)

    def accounts(self) -> list[Account]:
        """All that have data."""
        return [one for one in published.accounts(self.connection) if one.first_date]

    def rows(self, report: str, filters: Filters) -> list[dict[str, Any]]:
        """The answer of a table macro."""
        call, values = sql_of(REPORTS[report], filters)
        answer = self.connection.execute(f"select * from {call}", values)
        names = [name for name, *_ in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def csv(self, report: str, filters: Filters) -> list[Row]:
        """The same as a CSV holds it."""
        return [{name: _spelled(value) for name, value in row.items()} for row in self.rows(report, filters)]

    def totals(self, filters: Filters) -> dict[str, Any]:
        """The figures of the whole range."""
        (row,) = self.rows("overview", replace(filters, grain="period"))
        return row

    def behind(self, row: dict[str, Any], column: str) -> int:
        """How many conversations a figure of a row is made of."""
        measure = MEASURES[column]
        counted = column if measure.unit == COUNT else measure.count or "conversations"
        return int(row[counted] or 0)


def usual(figures: Figures, account_id: str, period: str = "last-30-days") -> Filters:
    """What a page shows of an account when nothing else is chosen."""
    days = days_of(period, figures.account(account_id))
    assert days is not None
    return Filters(account_id, *days, fitting_grain(*days))


def same_rows(found: list[Row], expected: list[Row]) -> None:
    """Whether two files hold the same, in any order."""
    assert found and sorted(map(str, found)) == sorted(map(str, expected))


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime) and value.microsecond:
        fraction = f".{value.microsecond:06d}"
        return value.isoformat().replace(fraction, fraction.rstrip("0"))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, list) else str(value)
