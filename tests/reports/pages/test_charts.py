from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from reports.pages.charts import Row, beside
from reports.pages.presets import periods
from reports.published import Account, accounts, connect


def row(first: str, end: str) -> Row:
    return {"period_start": date.fromisoformat(first), "period_end": date.fromisoformat(end)}


def test_a_month_stands_beside_a_month_and_not_beside_a_part_of_one() -> None:
    quarter = [row("2026-07-01", "2026-08-01"), row("2026-08-01", "2026-09-01"), row("2026-09-01", "2026-10-01")]
    before = [row("2026-03-31", "2026-04-01"), *(row(f"2026-0{n}-01", f"2026-0{n + 1}-01") for n in (4, 5, 6))]
    assert beside(quarter, before, timedelta(days=92)) == before[1:]
    assert beside(quarter[:1], before[:1], timedelta(days=92)) == [None]
    assert beside(quarter, [], timedelta(days=92)) == [None] * 3


@pytest.mark.builds
@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter"])
@pytest.mark.parametrize(
    "days", [("2026-09-03", "2026-10-20"), ("2026-01-15", "2027-02-01"), ("2020-01-01", "2020-02-01")]
)
def test_periods_are_those_of_the_macro(link: Path, grain: str, days: tuple[str, str]) -> None:
    with connect(link.resolve()) as connection:
        for account in accounts(connection):
            sql = "select grain, period_start, period_end, is_complete from report_overview($1, $2, $3, grain := $4)"
            expected = connection.execute(sql, [account.account_id, *days, grain]).fetchall()
            assert _periods(account, grain, days) == expected


def _periods(account: Account, grain: str, days: tuple[str, str]) -> list[tuple[object, ...]]:
    first, last = (date.fromisoformat(day) for day in days)
    return [tuple(one.values()) for one in periods(first, last, grain, account)]
