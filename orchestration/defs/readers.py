"""What stands before and after the job in the graph: the configuration, and who reads a release.

Here: assets that no step makes. Not here: what they are, which dbt's exposures say (``dbt_project/models/marts``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.defs.names import Names


def configuration(names: Names) -> dg.AssetSpec:
    """The tables of settings that dbt reads."""
    return names.spec(
        "configuration",
        group="sources",
        description="causerie.toml as tables: accounts, sources, working hours, holidays.",
        kinds={"toml"},
    )


def readers(names: Names, manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """dbt's exposures: they read the release, not the models, which nobody sees before it."""
    return [
        names.spec(
            *("readers", exposure["name"]),
            group="readers",
            deps=[("release",)],
            description=exposure["description"],
            kinds={exposure["type"]},
        )
        for exposure in manifest["exposures"].values()
    ]
