"""What a person reads at the end of a run: the figures of the last complete week.

Here: figures from a release, and their words. Not here: colours and layout of a terminal (``console``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.cli.tables import count, duration, percent

_WEEKS = """
    select * from overview
    where grain = 'week' and is_complete
    qualify row_number() over (partition by account_id order by period_start desc) <= 2
    order by account_id, period_start desc
"""


@dataclass(frozen=True)
class Headline:
    """One figure of a week beside the week before; ``now`` and ``before`` are ready to be read."""

    figure: str
    now: str
    before: str
    change: str


@dataclass(frozen=True)
class Week:
    """The last complete week of an account: from ``start`` to before ``end``."""

    account_id: str
    start: date
    end: date
    headlines: list[Headline]


def rolled_back_from(release_id: str) -> str:
    """The line about a newer release that an operator went back from."""
    return f"  rolled back from {release_id}; 'causerie rollback {release_id}' returns to it"


def last_weeks(release: Path) -> list[Week]:
    """The headline figures of each account's last complete week, and of the week before."""
    with duckdb.connect(str(release), read_only=True) as connection:
        cursor = connection.execute(_WEEKS)
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    weeks = []
    for account in dict.fromkeys(row["account_id"] for row in rows):
        now, *before = [row for row in rows if row["account_id"] == account]
        weeks.append(
            Week(account, now["period_start"], now["period_end"], _headlines(now, before[0] if before else None))
        )
    return weeks


Figures = dict[str, Any]
Show = Callable[[float | None], str]


def _headlines(now: Figures, before: Figures | None) -> list[Headline]:
    found = [
        _headline("Conversations", now, before, "conversations", count),
        _headline("Contacts", now, before, "distinct_contacts", count),
        _headline("Messages", now, before, "messages", count),
        _headline("Answered", now, before, "conversations_answered", count),
        _headline("Closed", now, before, "conversations_closed", count),
        _headline("First response, median", now, before, "median_first_response_seconds", duration),
        _headline("… in working hours", now, before, "median_first_response_business_seconds", duration),
        _headline("Duration, median", now, before, "median_duration_seconds", duration),
        _headline("Satisfied (CSAT)", now, before, "csat_percent", percent),
    ]
    return [headline for headline in found if headline is not None]


def _headline(figure: str, now: Figures, before: Figures | None, column: str, show: Show) -> Headline | None:
    """None if neither week has a value."""
    value, earlier = now[column], before[column] if before else None
    if value is None and earlier is None:
        return None
    change = ""
    if value is not None and earlier:
        share = value / earlier - 1
        change = f"{value - earlier:+.1f} pts" if show is percent else f"{share:+.0%}"
    return Headline(figure, show(value), show(earlier), change)
