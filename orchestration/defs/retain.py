"""Step 6: old releases are removed.

Here: the asset that removes them after a publication. Not here: which are removed (``orchestration.releases.catalog``).
"""

from datetime import UTC, datetime

import dagster as dg

from ingestion.settings import Settings
from orchestration.defs.names import Names
from orchestration.defs.steps import step
from orchestration.home import Home
from orchestration.progress import Reporter
from orchestration.releases import catalog


def retained_asset(settings: Settings, names: Names, reporter: Reporter) -> dg.AssetsDefinition:
    """The releases that a rollback can return to."""

    @dg.multi_asset(
        name=names.of("kept_releases"),
        specs=[
            names.spec(
                "kept_releases",
                group="upkeep",
                deps=[("release",)],
                kinds={"duckdb"},
                description="The releases that a rollback can return to: the newest ones, and all within the days of"
                " grace.",
            )
        ],
    )
    def kept_releases(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        home, limits = Home(settings.home), settings.releases
        with step(settings, context, reporter, "retention"):
            removed = catalog.remove_old(home, limits.keep, limits.keep_days, datetime.now(UTC))
        return dg.MaterializeResult(
            metadata={
                "releases": len(catalog.kept(home)),
                "removed": len(removed),
                **({"removed_ids": ", ".join(release.release_id for release in removed)} if removed else {}),
            }
        )

    return kept_releases
