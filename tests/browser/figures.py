"""The figures that pages must show: the table macros of a release, asked directly.

Here: those answers, as cards and CSV files spell them. Not here: pages.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from reports import published
from reports.pages.formats import ENGLISH, Formats
from reports.pages.measures import MEASURES
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

    def cards(self, filters: Filters, formats: Formats = ENGLISH) -> dict[str, str]:
        """The same, of all columns, as cards show them."""
        totals = self.totals(filters)
        return {name: MEASURES[name].text(totals[name], formats) for name in MEASURES if name in totals}


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
