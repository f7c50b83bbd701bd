"""Limits of what is believed of a delivery: the earliest instant, the longest record, the size after decompression.

Here: the limits and their defaults. Not here: where they are configured (``settings``), and what happens to what is
beyond them (``rules``, ``compression``, ``readers``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Bounds:
    """``earliest``: an earlier instant is not believed. ``record_bytes``: a longer record is quarantined unread.

    ``inflated_bytes``, ``inflated_ratio``: a compressed file that decompresses to more, or to more than so many times
    its own size, is refused.
    """

    earliest: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    record_bytes: int = 16_000_000
    inflated_bytes: int = 64_000_000_000
    inflated_ratio: float = 200


DEFAULTS = Bounds()
