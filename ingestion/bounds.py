"""How much of a delivery is believed: the earliest instant, the longest record, the size of what is unpacked.

Here: the limits and what they are by default. Not here: where they are configured (``settings``), and what is done
about what is beyond them (``rules``, ``compression``, ``readers``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Bounds:
    """``earliest``: an instant before it is no date. ``record_bytes``: a longer record is quarantined unread.

    ``inflated_bytes``, ``inflated_ratio``: a packed file that unpacks to more, or to more than so many times its own
    size, is refused.
    """

    earliest: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    record_bytes: int = 16_000_000
    inflated_bytes: int = 64_000_000_000
    inflated_ratio: float = 200


DEFAULTS = Bounds()
