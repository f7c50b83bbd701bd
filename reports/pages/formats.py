"""Figures as people read them, by the rules of their language (Babel).

Here: numbers, durations, dates and their parts. Not here: words (``texts``), nor the unit of a figure (``measures``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from babel import Locale, dates, numbers, units

NOTHING = "–"
"""For a missing value, which is not zero."""

MINUS = "\N{MINUS SIGN}"
FIXED = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Formats:
    """How a language writes figures. ``day_unit`` is the abbreviation of a day."""

    locale: Locale
    day_unit: str
    first_of_month: str = "1"

    def number(self, value: float | None, decimals: int = 0) -> str:
        """1,234.5 or 1 234,5."""
        if value is None:
            return NOTHING
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        text = numbers.format_decimal(round(value, decimals) + 0.0, pattern, locale=self.locale)
        return text.replace("-", MINUS)

    def percent(self, value: float | None, decimals: int = 1) -> str:
        """87.5%, of a value in percent."""
        if value is None:
            return NOTHING
        sign = numbers.format_percent(0, locale=self.locale)[1:]
        return self.number(value, decimals) + sign

    def duration(self, seconds: float | None) -> str:
        """The two greatest units: 2 d 3 h, 3 h 12 min, 4 min 05 s, 42 s."""
        if seconds is None:
            return NOTHING
        whole = abs(round(seconds))
        sign = MINUS if round(seconds) < 0 else ""
        days, hours, minutes = whole // 86_400, whole % 86_400 // 3_600, whole % 3_600 // 60
        if days:
            text = f"{self.number(days)} {self.day_unit} {hours} h"
        elif hours:
            text = f"{hours} h {minutes:02d} min"
        elif minutes:
            text = f"{minutes} min {whole % 60:02d} s"
        else:
            text = f"{whole} s"
        return sign + text.replace(" ", FIXED)

    def unit(self, name: str) -> str:
        """The name of a unit of time: hours."""
        return str(units.get_unit_name(f"duration-{name}", locale=self.locale))

    def signed(self, text: str) -> str:
        """With a plus sign unless it has a minus sign."""
        return text if text.startswith(MINUS) else f"+{text}"

    def day(self, day: date | None) -> str:
        """3 Aug 2026."""
        return NOTHING if day is None else self._date(day, "d MMM y")

    def long_day(self, day: date) -> str:
        """Mon 3 Aug 2026."""
        return self._date(day, "EEE d MMM y")

    def short_day(self, day: date) -> str:
        """3 Aug."""
        return self._date(day, "d MMM")

    def days(self, first: date, last: date) -> str:
        """A range, both days included; what they share is written once."""
        if first == last:
            return self.day(first)
        return self._ordinal(dates.format_interval(first, last, "yMMMd", locale=self.locale))

    def period(self, first: date, end: date, grain: str) -> str:
        """A row of a report, ``end`` excluded: a day and its weekday, an hour of it, a whole month or quarter by name,
        or the days. Those of an hour are datetimes.
        """
        if grain == "day":
            return self.long_day(first)
        if grain == "hour":
            return f"{self.long_day(first)}, {first:%H:%M}–{end:%H:%M}"
        if pattern := _whole(first, end, grain):
            return self._date(first, pattern)
        return self.days(first, end - timedelta(days=1))

    def tick(self, first: date, end: date, grain: str) -> str:
        """The same on an axis, where room is scarce."""
        if grain == "hour":
            return f"{first:%H:%M}"
        pattern = _whole(first, end, grain)
        return self._date(first, pattern.replace("MMMM", "MMM")) if pattern else self.short_day(first)

    def instant(self, instant: datetime | None, seconds: bool = False) -> str:
        """A wall clock: 3 Aug 2026, 14:05."""
        if instant is None:
            return NOTHING
        return f"{self.day(instant.date())}, {instant:%H:%M:%S}" if seconds else f"{self.day(instant)}, {instant:%H:%M}"

    def hours(self, hour: int) -> str:
        """An hour as a span of time, by its first hour: 14:00 to 15:00."""
        return f"{hour:02d}:00–{hour + 1:02d}:00"

    def weekday(self, weekday: int, width: Literal["wide", "abbreviated"] = "wide") -> str:
        """A day of the week, 1 is Monday."""
        return str(dates.get_day_names(width, "stand-alone", self.locale)[weekday - 1])

    def _date(self, day: date, pattern: str) -> str:
        return self._ordinal(dates.format_date(day, pattern, locale=self.locale))

    def _ordinal(self, text: str) -> str:
        """A date in which the first of a month is written as people say it; no other number in it is 1."""
        return re.sub(r"\b1\b", self.first_of_month, text)


def _whole(first: date, end: date, grain: str) -> str:
    """The pattern for a whole month or quarter; empty for a part of one."""
    if grain == "month" and first.day == 1 and end.day == 1:
        return "MMMM y"
    if grain == "quarter" and (first.day, first.month % 3, end.day, end.month % 3) == (1, 1, 1, 1):
        return "QQQ y"
    return ""


ENGLISH = Formats(Locale("en", "GB"), "d")
FRENCH = Formats(Locale("fr", "FR"), "j", "1er")
