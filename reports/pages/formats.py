"""Figures as people read them, in English and French.

Here: numbers, durations, dates and their parts by language. Not here: words (``texts``), nor the unit of a figure
(``measures``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

NOTHING = "–"
"""For a missing value, which is not zero."""

MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
FIXED = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Formats:
    """How a language writes figures. ``weekdays`` begin with Monday."""

    decimal: str
    thousands: str
    percent_sign: str
    day_unit: str
    weekdays: tuple[str, ...]
    long_weekdays: tuple[str, ...]
    months: tuple[str, ...]
    long_months: tuple[str, ...]
    first_of_month: str
    day_pattern: str
    """Of the field in which a reader types days."""

    def number(self, value: float | None, decimals: int = 0) -> str:
        """1,234.5 or 1 234,5."""
        if value is None:
            return NOTHING
        text = f"{abs(value):,.{decimals}f}".replace(",", "\0").replace(".", self.decimal).replace("\0", self.thousands)
        is_negative = round(value, decimals) < 0
        return MINUS + text if is_negative else text

    def percent(self, value: float | None, decimals: int = 1) -> str:
        """87.5%, of a value in percent."""
        return NOTHING if value is None else self.number(value, decimals) + self.percent_sign

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

    def signed(self, text: str) -> str:
        """With a plus sign unless it has a minus sign."""
        return text if text.startswith(MINUS) else f"+{text}"

    def day(self, day: date | None) -> str:
        """3 Aug 2026."""
        return NOTHING if day is None else f"{self._day(day)} {self.months[day.month - 1]} {day.year}"

    def short_day(self, day: date) -> str:
        """3 Aug."""
        return f"{self._day(day)} {self.months[day.month - 1]}"

    def long_day(self, day: date) -> str:
        """Mon 3 Aug 2026."""
        return f"{self.weekdays[day.isoweekday() - 1]} {self.day(day)}"

    def month(self, day: date) -> str:
        """August 2026."""
        return f"{self.long_months[day.month - 1]} {day.year}"

    def days(self, first: date, last: date) -> str:
        """A range, both days included; what they share is written once."""
        if first == last:
            return self.day(first)
        if (first.year, first.month) == (last.year, last.month):
            return f"{self._day(first)}–{self.day(last)}"
        if first.year == last.year:
            return f"{self.short_day(first)} – {self.day(last)}"
        return f"{self.day(first)} – {self.day(last)}"

    def period(self, first: date, end: date, grain: str) -> str:
        """A row of a report, ``end`` excluded: a day with its weekday, a whole month by name, else the days."""
        last = end - timedelta(days=1)
        if grain == "day":
            return self.long_day(first)
        if grain == "month" and first.day == 1 and end.day == 1:
            return self.month(first)
        return self.days(first, last)

    def instant(self, instant: datetime | None, seconds: bool = False) -> str:
        """A wall clock: 3 Aug 2026, 14:05."""
        if instant is None:
            return NOTHING
        return f"{self.day(instant.date())}, {instant:%H:%M:%S}" if seconds else f"{self.day(instant)}, {instant:%H:%M}"

    def _day(self, day: date) -> str:
        return self.first_of_month if day.day == 1 else str(day.day)


ENGLISH = Formats(
    decimal=".",
    thousands=",",
    percent_sign="%",
    day_unit="d",
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    long_weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    long_months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    first_of_month="1",
    day_pattern="YYYY-MM-DD",
)

FRENCH = Formats(
    decimal=",",
    thousands=NARROW,
    percent_sign=f"{FIXED}%",
    day_unit="j",
    weekdays=("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
    long_weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    months=("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    long_months=(
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    first_of_month="1er",
    day_pattern="DD/MM/YYYY",
)
