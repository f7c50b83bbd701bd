"""``[quality]`` and ``[resources]`` of the configuration: what a batch, a release and a run may do.

Here: the limits. Not here: the rest of the file (``settings``), and where they are applied.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ingestion.bounds import DEFAULTS, Bounds


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Share = Annotated[float, Field(ge=0, le=1)]


class Quality(_Section):
    """Limits of what a batch and a release may do; a batch is refused past both its share and its rows."""

    quarantine_share: Share = 0.01
    quarantine_rows: int = Field(default=10, ge=0)
    restated_share: Share = 0.01
    restated_rows: int = Field(default=10, ge=0)
    unknown_share: Share = 0.01
    unknown_rows: int = Field(default=10, ge=0)
    """Of the words of one column of a drop folder's batch that the figures do not follow."""
    orphan_share: Share = 0.2
    orphan_rows: int = Field(default=10, ge=0)
    """A drop folder's new batches are held back past both, of the rows of one entity: in them, and in all."""
    earliest: AwareDatetime = DEFAULTS.earliest
    """A row with an earlier instant is quarantined; an earlier ``updated_at`` counts as missing."""
    shrink_share: Share = 0.2
    shrink_rows: int = Field(default=100, ge=0)
    """A build is refused when a mart has lost more than both since the release before."""
    stale_after_hours: float = Field(default=48, gt=0)
    """A release gets a warning when its data ends more than this before its build."""


Size = Annotated[str, Field(pattern=r"^\d+(\.\d+)?\s?([KMGT]i?B)$")]
"""Bytes in words, as DuckDB reads them: '16MB' are 16,000,000, '16MiB' 16 times 1,048,576."""


def _bytes(size: str) -> int:
    number, power, binary = re.findall(r"^([\d.]+)\s?([KMGT])(i?)B$", size)[0]
    return int(float(number) * (1024 if binary else 1000) ** (" KMGT".index(power)))


class Resources(_Section):
    """What a run may take of the machine.

    ``record_limit``: a longer record is quarantined unread. ``inflated_limit``, ``inflated_ratio``: a compressed file
    that decompresses to more, or to more than so many times its size, refuses its batch.
    """

    memory_limit: Size = "3GB"
    record_limit: Size = "16MB"
    inflated_limit: Size = "64GB"
    inflated_ratio: float = Field(default=200, gt=1)
    threads: int | None = Field(default=None, ge=1)
    intake_processes: int = Field(default=1, ge=1)
    """Batches of a source are parsed in so many processes, which share memory and threads."""

    @property
    def memory_bytes(self) -> int:
        """``memory_limit`` as a number."""
        return _bytes(self.memory_limit)

    def bounds(self, earliest: datetime) -> Bounds:
        """The limits of what is believed of a delivery."""
        return Bounds(earliest, _bytes(self.record_limit), _bytes(self.inflated_limit), self.inflated_ratio)
