from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.pages.presets import PRESETS, days_of, fitting_grain, last_whole_day
from reports.published import Account


def account(data_through: datetime | None, week_starts_on: int = 1, last_date: date | None = None) -> Account:
    last = last_date or (data_through.date() if data_through else date(2026, 1, 10))
    return Account("a", date(2024, 1, 1), last, data_through, week_starts_on, 1, 5, "Europe/Paris")


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("last-7-days", "2025-12-26", "2026-01-01"),
        ("last-30-days", "2025-12-03", "2026-01-01"),
        ("this-week", "2025-12-29", "2026-01-01"),
        ("last-week", "2025-12-22", "2025-12-28"),
        ("this-month", "2026-01-01", "2026-01-01"),
        ("last-month", "2025-12-01", "2025-12-31"),
        ("this-quarter", "2026-01-01", "2026-01-01"),
        ("last-quarter", "2025-10-01", "2025-12-31"),
        ("this-year", "2026-01-01", "2026-01-01"),
        ("last-year", "2025-01-01", "2025-12-31"),
        ("all", "2024-01-01", "2026-01-02"),
        ("today", "2026-01-02", "2026-01-02"),
    ],
)
def test_presets_over_the_end_of_a_year(preset: str, first: str, last: str) -> None:
    found = days_of(preset, account(datetime(2026, 1, 2, 3, 0)))
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("week_starts_on", "this", "last"),
    [(1, "2026-10-26", "2026-10-19"), (7, "2026-10-25", "2026-10-18"), (6, "2026-10-31", "2026-10-24")],
)
def test_weeks_start_on_the_day_of_the_account(week_starts_on: int, this: str, last: str) -> None:
    of = account(datetime(2026, 11, 1, 3, 0), week_starts_on)  # the last whole day is Saturday 31 October
    assert days_of("this-week", of) == (date.fromisoformat(this), date(2026, 10, 31))
    first = date.fromisoformat(last)
    assert days_of("last-week", of) == (first, first + timedelta(days=6))


def test_february_of_a_leap_year_is_whole() -> None:
    assert days_of("last-month", account(datetime(2028, 3, 15))) == (date(2028, 2, 1), date(2028, 2, 29))


def test_a_day_that_the_data_cover_to_midnight_is_whole() -> None:
    assert last_whole_day(account(datetime(2026, 3, 2, 0, 0))) == date(2026, 3, 1)


def test_today_is_the_last_whole_day_while_nothing_has_happened_since() -> None:
    of = account(datetime(2026, 3, 2, 5, 0), last_date=date(2026, 3, 1))
    assert days_of("today", of) == (date(2026, 3, 1), date(2026, 3, 1))


def test_without_data_there_are_no_days() -> None:
    assert days_of("last-7-days", Account("a", None, None, None, 1, 1, 5, "UTC")) is None


def test_while_a_source_has_delivered_nothing_days_count_from_the_last_active_one() -> None:
    assert days_of("last-7-days", account(None)) == (date(2026, 1, 4), date(2026, 1, 10))


def test_an_unknown_preset_raises() -> None:
    with pytest.raises(KeyError):
        days_of("yesteryear", account(datetime(2026, 1, 1)))


@given(
    preset=st.sampled_from(PRESETS),
    through=st.datetimes(datetime(2024, 6, 1), datetime(2030, 1, 1)),
    week_starts_on=st.integers(1, 7),
)
def test_periods_are_in_order_and_reach_no_further_than_the_data(
    preset: str, through: datetime, week_starts_on: int
) -> None:
    days = days_of(preset, account(through, week_starts_on))
    assert days is not None
    first, last = days
    assert first <= last <= through.date()
    assert fitting_grain(first, last) in ("day", "week", "month", "quarter")
    if preset in ("last-week", "this-week"):
        assert first.isoweekday() == week_starts_on
    if preset == "last-week":
        assert (last - first).days == 6
