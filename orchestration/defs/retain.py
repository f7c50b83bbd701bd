"""Step 6: old releases are removed.

Here: the asset that removes them after a publication. Not here: which are removed (``orchestration.releases.catalog``).
"""

from datetime import UTC, datetime

import dagster as dg

from ingestion.settings import Settings
from orchestration.home import Home, lock
from orchestration.progress import Reporter
from orchestration.releases import catalog


def retained_asset(settings: Settings) -> dg.AssetsDefinition:
    """The releases that a rollback can return to."""

    @dg.asset(
        name="kept_releases",
        deps=["release"],
        group_name="release",
        description="The releases that a rollback can return to: the newest ones, and all within the days of grace.",
    )
    def kept_releases(reporter: dg.ResourceParam[Reporter]) -> dg.MaterializeResult[None]:
        home = Home(settings.home)
        lock(home)
        with reporter.step("retention"):
            limits = settings.releases
            removed = catalog.remove_old(home, limits.keep, limits.keep_days, datetime.now(UTC))
        return dg.MaterializeResult(
            metadata={
                "releases": len(catalog.kept(home)),
                "removed": dg.MetadataValue.json([release.release_id for release in removed]),
            }
        )

    return kept_releases
