"""How values and tables of figures read on a terminal.

Here: the words for one value, by the name of its column, and the table that has a name in front of figures. Not here:
which rows are shown, and the terminal itself (``terminal``).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from rich.table import Table

from ingestion.shown import visible

NOTHING = "–"
"""For a value that is not there."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def figures(title: str, *columns: str) -> Table:
    """An empty table whose rows have a name and then a figure for each of the columns."""
    table = Table(title=f"\n{visible(title)}" if title else None, title_justify="left", title_style="bold")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def minute(instant: str | None) -> str:
    """An instant in ISO 8601 (UTC), to the minute."""
    return instant[:16].replace("T", " ") if instant else "unknown"


def count(value: float | None) -> str:
    """12,345"""
    return NOTHING if value is None else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """87.5 %"""
    return NOTHING if value is None else f"{value:.1f} %"


def duration(seconds: float | None) -> str:
    """2 d 3 h, 3 h 12 min, 4 min 05 s, -42 s"""
    if seconds is None:
        return NOTHING
    if seconds < 0:
        return f"-{duration(-seconds)}"
    whole = round(seconds)
    days, hours, minutes = whole // 86_400, whole % 86_400 // 3_600, whole % 3_600 // 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {whole % 60:02d} s" if minutes else f"{whole} s"


def is_duration(column: str) -> bool:
    """Whether a column holds seconds."""
    return column.endswith(("_seconds", "_seconds_sum"))


def readable(column: str, value: Any) -> str:
    """A value of a mart's column in readable units."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if not isinstance(value, int | float):
        return str(value)
    if is_duration(column):
        return duration(value)
    if column.endswith("_percent"):
        return percent(value)
    if column == "share_of_conversations":
        return percent(100 * value)
    if column == "weekday":
        return _WEEKDAYS[int(value) - 1]
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
