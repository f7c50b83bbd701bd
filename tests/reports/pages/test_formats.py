from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.pages.formats import ENGLISH, FIXED, FRENCH, MINUS, NOTHING, Formats
from reports.pages.measures import COUNT, DURATION, PERCENT, RATING, Measure

NARROW, THIN = "\N{NARROW NO-BREAK SPACE}", "\N{THIN SPACE}"


@pytest.mark.parametrize(
    ("value", "decimals", "english", "french"),
    [
        (1234.5, 1, "1,234.5", f"1{NARROW}234,5"),
        (0, 0, "0", "0"),
        (-0.04, 1, "0.0", "0,0"),
        (-1234567, 0, f"{MINUS}1,234,567", f"{MINUS}1{NARROW}234{NARROW}567"),
        (None, 0, NOTHING, NOTHING),
    ],
)
def test_numbers(value: float | None, decimals: int, english: str, french: str) -> None:
    assert ENGLISH.number(value, decimals) == english
    assert FRENCH.number(value, decimals) == french


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (11520, "3 h 12 min"),
        (0, "0 s"),
        (59.6, "1 min 00 s"),
        (245, "4 min 05 s"),
        (86_399.7, "1 d 0 h"),
        (187_200, "2 d 4 h"),
        (-90, f"{MINUS}1 min 30 s"),
        (None, NOTHING),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert ENGLISH.duration(seconds) == text.replace(" ", FIXED)
    assert FRENCH.duration(seconds) == text.replace(" ", FIXED).replace("d", "j")


@given(st.floats(0, 10**9))
def test_a_duration_shows_at_most_two_units_and_none_overflows(seconds: float) -> None:
    parts = ENGLISH.duration(seconds).split(FIXED)
    assert len(parts) in (2, 4)
    if len(parts) == 4:
        assert int(parts[2]) < (24 if parts[1] == "d" else 60)


def test_percents() -> None:
    assert ENGLISH.percent(62.5) == "62.5%"
    assert FRENCH.percent(62.5) == f"62,5{FIXED}%"


@pytest.mark.parametrize(
    ("first", "last", "english", "french"),
    [
        ("2026-08-03", "2026-08-03", "3 Aug 2026", "3 août 2026"),
        ("2026-08-01", "2026-08-09", "1–9 Aug 2026", "1er–9 août 2026"),
        ("2026-08-30", "2026-09-02", f"30 Aug{THIN}–{THIN}2 Sept 2026", f"30 août{THIN}–{THIN}2 sept. 2026"),
        ("2025-12-30", "2026-01-02", f"30 Dec 2025{THIN}–{THIN}2 Jan 2026", f"30 déc. 2025{THIN}–{THIN}2 janv. 2026"),
    ],
)
def test_ranges_say_once_what_they_share(first: str, last: str, english: str, french: str) -> None:
    days = date.fromisoformat(first), date.fromisoformat(last)
    assert ENGLISH.days(*days) == english
    assert FRENCH.days(*days) == french


def test_rows_of_reports() -> None:
    assert ENGLISH.period(date(2026, 8, 3), date(2026, 8, 4), "day") == "Mon 3 Aug 2026"
    assert FRENCH.period(date(2026, 8, 3), date(2026, 8, 4), "day") == "lun. 3 août 2026"
    assert FRENCH.period(date(2026, 8, 1), date(2026, 9, 1), "month") == "août 2026"
    assert ENGLISH.period(date(2026, 8, 3), date(2026, 9, 1), "month") == "3–31 Aug 2026"  # cut at the range
    assert ENGLISH.period(date(2026, 7, 1), date(2026, 10, 1), "quarter") == "Q3 2026"
    assert FRENCH.period(date(2026, 7, 1), date(2026, 10, 1), "quarter") == "T3 2026"
    assert ENGLISH.period(date(2026, 7, 2), date(2026, 10, 1), "quarter") == f"2 Jul{THIN}–{THIN}30 Sept 2026"
    assert ENGLISH.period(date(2026, 8, 3), date(2026, 8, 10), "week") == "3–9 Aug 2026"
    assert ENGLISH.instant(datetime(2026, 8, 3, 14, 5, 9), seconds=True) == "3 Aug 2026, 14:05:09"


@pytest.mark.parametrize("formats", [ENGLISH, FRENCH], ids=["en", "fr"])
def test_each_language_names_all_days_and_months(formats: Formats) -> None:
    assert len({formats.weekday(day) for day in range(1, 8)}) == 7
    assert len({formats.tick(date(2026, month, 1), date(2026, month, 2), "day") for month in range(1, 13)}) == 12


@pytest.mark.parametrize(
    ("kind", "now", "before", "change"),
    [
        (COUNT, 110, 100, "+10%"),
        (COUNT, 90, 100, f"{MINUS}10%"),
        (COUNT, 5, 0, None),
        (DURATION, None, 60, None),
        (PERCENT, 62.5, 76.2, f"{MINUS}13.7 pts"),
        (RATING, 4.25, 4.0, "+0.25"),
    ],
)
def test_changes(kind: str, now: float | None, before: float | None, change: str | None) -> None:
    assert Measure("x", kind).change(now, before, ENGLISH) == change
