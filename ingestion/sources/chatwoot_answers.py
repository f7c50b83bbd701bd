"""Values in the answers of Chatwoot: records, counts, instants and ids.

Here: how one value is found, and how an unusual shape is read. Not here: what is asked for (``chatwoot``,
``chatwoot_conversation``), and what the warehouse keeps of a record (``live_formats``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeGuard

Record = Mapping[str, Any]


def rows_of(answer: Any) -> list[Record]:
    """The records of an answer: an array, or the array in its ``payload``, which may be inside ``data``.

    Raises:
        ValueError: the answer has another shape.
    """
    rows = answer
    if isinstance(rows, dict) and isinstance(rows.get("data"), dict):
        rows = rows["data"]
    if isinstance(rows, dict):
        rows = rows.get("payload")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("an answer that is not a list of records")
    return rows


def count_of(answer: Any) -> int | None:
    """How many records a list says it has: ``all_count`` of conversations, ``count`` of contacts."""
    found = answer.get("data", answer) if isinstance(answer, dict) else None
    meta = found.get("meta") if isinstance(found, dict) else None
    count = meta.get("all_count", meta.get("count")) if isinstance(meta, dict) else None
    return int(count) if is_whole(count) else None


def seconds(value: object) -> float | None:
    """Unix seconds of an instant as the API gives it; None when it is missing or not an instant."""
    if isinstance(value, bool) or value in (None, 0, "0", ""):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
        return number if math.isfinite(number) else None
    except (TypeError, ValueError):
        pass
    except OverflowError:
        return None
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except (ValueError, OverflowError):
        return None


def activity_of(row: Record) -> float | None:
    """When something last happened in a conversation, in unix seconds."""
    return seconds(row.get("last_activity_at"))


def mark_of(row: Record) -> str:
    """A text that differs when a conversation has changed."""
    return f"{row.get('last_activity_at')}/{row.get('updated_at')}"


def contact_of(row: Record) -> str | None:
    """The id of the contact of a conversation."""
    sender = found_in(row, "meta", "sender", "id")
    return str(sender) if is_whole(sender) else None


def found_in(value: object, *names: str) -> object:
    """A value in nested objects; None when it is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def is_whole(value: object) -> TypeGuard[int | str]:
    """Whether it is a whole number, or text of one."""
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, str) and value.isdecimal()))
