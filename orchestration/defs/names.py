"""What the definitions of a home are called, so that several homes, and definitions of others, stand side by side.

Here: the prefixes of keys, groups, steps and jobs, and the owners. Not here: any asset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg


@dataclass(frozen=True)
class Names:
    """``key_prefix`` is put before each asset key, and before the names of steps, jobs, schedules and sensors.

    ``group_prefix`` is put before each group. ``owners``: people by e-mail, teams as ``team:name``.
    """

    key_prefix: tuple[str, ...] = ()
    group_prefix: str = ""
    owners: tuple[str, ...] = ()

    def key(self, *path: str) -> dg.AssetKey:
        """The key of an asset."""
        return dg.AssetKey([*self.key_prefix, *path])

    def group(self, name: str) -> str:
        """The name of a group."""
        return f"{self.group_prefix}{name}"

    def of(self, name: str) -> str:
        """The name of a step, a job, a schedule or a sensor: Dagster asks that no two are the same."""
        return "_".join([*self.key_prefix, name]).replace("-", "_")

    def spec(self, *path: str, group: str, deps: Iterable[Sequence[str]] = (), **more: Any) -> dg.AssetSpec:
        """An asset; ``deps`` are the paths of others."""
        return dg.AssetSpec(
            self.key(*path),
            group_name=self.group(group),
            deps=[self.key(*other) for other in deps],
            owners=self.owners,
            tags={"layer": group},
            **more,
        )
