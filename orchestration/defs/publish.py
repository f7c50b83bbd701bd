"""Step 4: a build that holds becomes the current release.

Here: the release asset. Not here: how a release is written and swapped (``orchestration.releases``).
"""

from datetime import UTC, datetime

import dagster as dg

from ingestion.settings import Settings
from orchestration import releases
from orchestration.home import Home
from orchestration.reporting import Reporter
from orchestration.updates import read_plan


def release_asset(settings: Settings) -> dg.AssetsDefinition:
    """The release that readers see."""

    @dg.asset(
        name="release",
        deps=["audit"],
        group_name="release",
        description="An immutable DuckDB file with the four marts, and the link `current.duckdb` that readers open.",
    )
    def release(context: dg.AssetExecutionContext, reporter: dg.ResourceParam[Reporter]) -> dg.MaterializeResult[None]:
        home = Home(settings.home)
        build = home.build(context.run.run_id)
        if not build.plan.is_file():
            raise dg.Failure("this run has built nothing to publish: run the whole job", allow_retries=False)
        with reporter.step("publish"):
            plan = read_plan(build.plan)
            if plan is None:
                raise dg.Failure(f"{build.plan}: cannot be read; run the whole job", allow_retries=False)
            try:
                published = releases.publish(
                    home, build, plan.fingerprint, datetime.now(UTC), reporter.wait_for_written
                )
            except releases.UnpublishableError as error:
                raise dg.Failure(str(error), allow_retries=False) from None
            reporter.release = published
        return dg.MaterializeResult(
            metadata={
                "release_id": published.release_id,
                "path": dg.MetadataValue.path(str(releases.file_of(home, published))),
                "data_through": published.data_through or "unknown",
                **{f"{mart}_rows": rows for mart, rows in published.rows.items()},
            }
        )

    return release
