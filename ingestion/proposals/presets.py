"""Known exports of helpdesks, recognised by the names of their columns.

Here: only what the public documentation of a helpdesk says of its columns, with where it says so. How values are
written is found in the values themselves, as of any file (``guesses``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """``header``: columns that all are there. ``entities``: of each, which column of the file each of its columns is.

    ``needs``: columns without which a record is none of an entity. ``values``: by entity and column, words that mean
    something else here than elsewhere.
    """

    name: str
    header: frozenset[str]
    entities: Mapping[str, Mapping[str, str]]
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)


PRESETS: tuple[Preset, ...] = ()


def preset_of(columns: Collection[str]) -> Preset | None:
    """The preset whose header a table has; of several, that with most columns."""
    found = [preset for preset in PRESETS if preset.header <= set(columns)]
    return max(found, key=lambda preset: len(preset.header), default=None)
