"""Local time of an account: its offsets, the shape of its days, and its opening hours, all as arrays.

Instants are milliseconds since 1970 in UTC. What people do at those instants is in ``history``.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from demo_data.business import END_DAY, Business
from ingestion import zones

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
AnyInts: TypeAlias = npt.NDArray[np.integer[Any]]

HOUR = 3_600_000
DAY = 24 * HOUR
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Replies to the last conversations still look for an opening after the end, over Christmas at the worst.
_HORIZON_DAYS = 45


def millis(at: datetime) -> int:
    """Milliseconds since 1970 of an instant with an offset."""
    return int(at.timestamp()) * 1000


class Clock:
    """The local calendar of one business over the covered range."""

    def __init__(self, business: Business, first_day: date) -> None:
        self._zone = zones.zone(business.timezone)
        self.first_day = first_day
        self.start = self.midnight(first_day)
        self.end = self.midnight(END_DAY)
        self._read_hours(business)
        self._read_schedule(business)

    def midnight(self, day: date) -> int:
        """The instant at which a local day begins."""
        return millis(datetime.combine(day, time(), self._zone))

    def _read_hours(self, business: Business) -> None:
        """One slot for each hour that passes: so a day of 23 or 25 hours needs no special case later on."""
        days = [self.first_day + timedelta(days=number) for number in range((END_DAY - self.first_day).days)]
        begins = np.array([self.midnight(day) for day in [*days, END_DAY]], dtype=np.int64)
        lengths = np.diff(begins) // HOUR
        self.slots = np.arange(self.start, self.end, HOUR, dtype=np.int64)
        self.slot_day = np.repeat(np.arange(len(days)), lengths)
        hour = (self.slots - begins[self.slot_day]) // HOUR
        for slot in np.flatnonzero(lengths[self.slot_day] != 24):
            hour[slot] = datetime.fromtimestamp(int(self.slots[slot]) // 1000, self._zone).hour
        self.slot_hour = hour
        self.slot_weekday = np.array([day.weekday() for day in days], dtype=np.int64)[self.slot_day]
        self.slot_month = np.array([day.month - 1 for day in days], dtype=np.int64)[self.slot_day]
        closed = {holiday.day for holiday in business.holidays(self.first_day) if not holiday.spans}
        self.slot_holiday = np.array([day in closed for day in days], dtype=np.bool_)[self.slot_day]

    def _read_schedule(self, business: Business) -> None:
        holidays = {holiday.day: holiday.spans for holiday in business.holidays(self.first_day)}
        blocks = business.working_hours(self.first_day)
        starts: list[int] = []
        ends: list[int] = []
        day = self.first_day
        while day < END_DAY + timedelta(days=_HORIZON_DAYS):
            since = max(b.valid_from or date.min for b in blocks if (b.valid_from or date.min) <= day)
            week_day = _WEEK[day.weekday()]
            valid_blocks = [b for b in blocks if (b.valid_from or date.min) == since and week_day in b.days]
            for span in holidays.get(day, tuple(s for block in valid_blocks for s in block.spans)):
                opening, closing = (time.fromisoformat(text) for text in span.split("-"))
                starts.append(millis(datetime.combine(day, opening, self._zone)))
                ends.append(millis(datetime.combine(day, closing, self._zone)))
            day += timedelta(days=1)
        self.opens = np.array(starts, dtype=np.int64)
        self.closes = np.array(ends, dtype=np.int64)

    def span_at(self, at: Ints) -> Ints:
        """Index of the first span of opening hours that ends after each instant."""
        return np.minimum(np.searchsorted(self.closes, at, side="right"), len(self.closes) - 1)

    def is_open(self, at: Ints) -> Flags:
        """Whether each instant lies in the working hours."""
        span = self.span_at(at)
        return np.asarray((self.opens[span] <= at) & (at < self.closes[span]))

    def demand(self, business: Business, rng: np.random.Generator) -> Floats:
        """How many conversations to expect in each slot, up to a factor."""
        by_hour = np.where(
            (self.slot_weekday >= 5) | self.slot_holiday,
            np.array(business.hours_weekend)[self.slot_hour],
            np.array(business.hours_work_day)[self.slot_hour],
        )
        by_day = np.exp(rng.normal(0.0, 0.09, int(self.slot_day[-1]) + 1))
        years = self.slot_day / 365.25
        weight: Floats = (
            by_hour
            * np.array(business.weekday_weights)[self.slot_weekday]
            * np.array(business.month_weights)[self.slot_month]
            * np.where(self.slot_holiday, 0.6, 1.0)
            * by_day[self.slot_day]
            * (1.0 + business.yearly_growth) ** years
        )
        return weight
