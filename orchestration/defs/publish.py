"""Step 4: a build that passed its audit becomes the current release.

Here: the release asset. Launched alone, it publishes the last build, under the same conditions. Not here: how a
release is written and swapped (``orchestration.releases.publication``).
"""

from datetime import UTC, datetime

import dagster as dg

from ingestion.settings import Settings
from ingestion.storage.ledger import LEDGER, Ledger
from orchestration.dbt.plan import read_plan
from orchestration.home import Home, lock
from orchestration.progress import Reporter
from orchestration.releases import catalog, publication
from orchestration.spark.views import ViewsError, point_views


def release_asset(settings: Settings) -> dg.AssetsDefinition:
    """The release that readers see."""

    @dg.asset(
        name="release",
        deps=["audit"],
        group_name="release",
        description="A folder with the four marts in a DuckDB file, with their Data Docs and, if the configuration says"
        " so, the marts as Parquet. Readers open it through the link `current`.",
    )
    def release(context: dg.AssetExecutionContext, reporter: dg.ResourceParam[Reporter]) -> dg.MaterializeResult[None]:
        home = Home(settings.home)
        for line in filter(None, (lock(home), catalog.give_folders(home))):
            context.log.warning(line)
        build = home.build(context.run.run_id)
        if not build.folder.is_dir():  # launched alone
            build = home.last_build()
        with reporter.step("publish"):
            plan = read_plan(build.plan)
            if plan is None:
                raise dg.Failure("there is no build to publish: run the whole job", allow_retries=False)
            try:
                published = publication.publish(
                    home,
                    build,
                    plan.fingerprint,
                    datetime.now(UTC),
                    reporter.wait_for_written,
                    _decided_since(settings, catalog.current(home)),
                    parquet=settings.releases.parquet,
                )
            except catalog.UnpublishableError as error:
                raise dg.Failure(str(error), allow_retries=False) from None
            reporter.release = published
            try:
                point_views(settings, published)
            except ViewsError as error:
                reporter.build_failures = [str(error)]
                raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(
            metadata={
                "release_id": published.release_id,
                "path": dg.MetadataValue.path(str(catalog.file_of(home, published))),
                "data_through": published.data_through or "unknown",
                **{f"{mart}_rows": rows for mart, rows in published.rows.items()},
            }
        )

    return release


def _decided_since(settings: Settings, before: catalog.Release | None) -> list[str]:
    """What operators decided about batches since a release."""
    with Ledger(settings.home / LEDGER) as ledger:
        decisions = ledger.decisions()
    since = datetime.fromisoformat(before.published_at) if before else datetime.min.replace(tzinfo=UTC)
    return [str(decision) for decision in decisions if decision.decided_at > since]
