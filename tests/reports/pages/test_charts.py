from __future__ import annotations

from datetime import date, timedelta

from reports.pages.charts import Row, beside


def row(first: str, end: str) -> Row:
    return {"period_start": date.fromisoformat(first), "period_end": date.fromisoformat(end)}


def test_a_month_stands_beside_a_month_and_not_beside_a_part_of_one() -> None:
    quarter = [row("2026-07-01", "2026-08-01"), row("2026-08-01", "2026-09-01"), row("2026-09-01", "2026-10-01")]
    before = [row("2026-03-31", "2026-04-01"), *(row(f"2026-0{n}-01", f"2026-0{n + 1}-01") for n in (4, 5, 6))]
    assert beside(quarter, before, timedelta(days=92)) == before[1:]
    assert beside(quarter[:1], before[:1], timedelta(days=92)) == [None]
    assert beside(quarter, [], timedelta(days=92)) == [None] * 3
