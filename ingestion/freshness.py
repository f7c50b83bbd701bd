"""How old the data of each source is, and how old it may be.

Here: ages, in hours, counted on all days or on the working days of the account. Not here: who warns of them
(``expectations``, ``orchestration.troubles``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from ingestion import zones
from ingestion.settings import WEEKDAYS, Account, Settings
from ingestion.storage.ledger import LEDGER, Ledger


@dataclass(frozen=True)
class Age:
    """Of one source: until when it has delivered, how many ``hours`` ago that was, and how many it may be.

    ``data_through`` and ``hours`` are None where nothing of it was accepted yet. ``stale_since``: when it became too
    old. ``only_working``: whether only hours of working days count.
    """

    account_id: str
    source: str
    data_through: datetime | None
    hours: float | None
    limit: float
    stale_since: datetime | None
    only_working: bool

    @property
    def is_stale(self) -> bool:
        """Whether the source should have delivered since."""
        return self.hours is None or self.hours > self.limit

    def __str__(self) -> str:
        if self.hours is None:
            return f"{self.source}: nothing of it was accepted yet"
        hours = f"{self.hours:.0f} hours{' of working days' if self.only_working else ''}"
        return (
            f"{self.source}: its data ends at {self.data_through:%Y-%m-%d %H:%M}, {hours} ago"
            f" (the limit is {self.limit:g})"
        )


def ages(settings: Settings, now: datetime) -> list[Age]:
    """The age of each configured source, by its last accepted batch."""
    latest: dict[str, datetime] = {}
    if (settings.home / LEDGER).is_file():
        with Ledger(settings.home / LEDGER, read_only=True) as ledger:
            latest = ledger.data_through()
    found = []
    for source in settings.sources:
        through = latest.get(source.name)
        limit = source.stale_after_hours or settings.quality.stale_after_hours
        account = settings.account_of(source)
        only_working = source.stale_on != "all_days"
        spans = _counted(account, through, now, only_working=only_working) if through else []
        hours = sum((end - begin for begin, end in spans), timedelta()) / timedelta(hours=1) if through else None
        since = _reached(spans, timedelta(hours=limit))
        found.append(Age(source.account, source.name, through, hours, limit, since, only_working))
    return found


def _counted(
    account: Account, since: datetime, until: datetime, *, only_working: bool
) -> list[tuple[datetime, datetime]]:
    """What counts between two instants, from when to when; it runs backwards where the first one is in the future."""
    if not only_working or since > until:
        return [(since, until)]
    zone = zones.zone(account.timezone)
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 2)]
    midnights = [datetime.combine(day, time(), zone).astimezone(since.tzinfo) for day in days]
    return [
        (max(begin, since), min(end, until))
        for day, (begin, end) in zip(days, pairwise(midnights), strict=False)
        if _is_working_day(account, day)
    ]


def _reached(spans: list[tuple[datetime, datetime]], limit: timedelta) -> datetime | None:
    """When more than the limit had been counted."""
    for begin, end in spans:
        if end - begin > limit:
            return begin + limit
        limit -= end - begin
    return None


def _is_working_day(account: Account, day: date) -> bool:
    """Whether an account works on a day; without working hours, from Monday to Friday."""
    for holiday in account.holidays:
        if holiday.date == day:
            return bool(holiday.spans)
    begun = [block for block in account.working_hours if (block.valid_from or date.min) <= day]
    if not begun:
        return day.weekday() < 5
    newest = max(block.valid_from or date.min for block in begun)
    return any(
        WEEKDAYS[day.weekday()] in block.days and block.spans
        for block in begun
        if (block.valid_from or date.min) == newest
    )
