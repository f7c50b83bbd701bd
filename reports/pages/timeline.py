"""The instants of one conversation in their order, with the waits between them.

Here: that order. Not here: drawing (``conversation``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

INSTANTS = ("started_at", "first_inbound_at", "first_response_at", "last_message_at", "closed_at", "rated_at")
"""Columns of details, in the order that events of the same instant have."""


@dataclass(frozen=True)
class Event:
    """One instant of a conversation. ``since_before``: whole seconds since the event before; None for the first."""

    column: str
    instant: datetime
    since_before: int | None


def events(row: Mapping[str, Any]) -> list[Event]:
    """The events of a conversation, from the first to the last."""
    known = sorted(
        ((row[column], order, column) for order, column in enumerate(INSTANTS) if row[column] is not None),
        key=lambda event: event[:2],
    )
    found: list[Event] = []
    for instant, _, column in known:
        before = found[-1].instant if found else None
        found.append(Event(column, instant, None if before is None else int((instant - before).total_seconds())))
    return found
