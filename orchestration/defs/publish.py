"""Step 4: a build that passed its audit becomes the current release.

Here: the release asset. Launched alone, it publishes the last build, under the same conditions. Not here: how a
release is written and swapped (``orchestration.releases.publication``).
"""

from datetime import UTC, datetime

import dagster as dg

from expectations.data_docs import PAGE
from ingestion.settings import Settings
from ingestion.storage.ledger import LEDGER, Ledger
from orchestration.dbt.plan import read_plan
from orchestration.defs.names import Names
from orchestration.defs.steps import build_of, refused, step
from orchestration.home import Home
from orchestration.progress import Reporter
from orchestration.releases import catalog, publication
from orchestration.spark.views import ViewsError, point_views


def release_asset(settings: Settings, names: Names, reporter: Reporter) -> dg.AssetsDefinition:
    """The release that readers see."""

    @dg.multi_asset(
        name=names.of("release"),
        specs=[
            names.spec(
                "release",
                group="release",
                deps=[("audit",)],
                kinds={"duckdb", *(["parquet"] if settings.releases.parquet else [])},
                description="A folder with the marts in a DuckDB file, with their Data Docs and, if the"
                " configuration says so, the marts as Parquet. Readers open it through the link `current`.",
            )
        ],
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        home = Home(settings.home)
        with step(settings, context, reporter, "publish"):
            build = build_of(settings, context)
            plan = read_plan(build.plan)
            assert plan is not None
            try:
                published = publication.publish(
                    home,
                    build,
                    plan.fingerprint,
                    datetime.now(UTC),
                    _decided_since(settings, catalog.current(home)),
                    parquet=settings.releases.parquet,
                )
                reporter.release = published
                point_views(settings, published)
            except (catalog.UnpublishableError, ViewsError) as error:
                reporter.build_failures = [str(error)]
                raise refused(reporter.build_failures) from None
        return dg.MaterializeResult(
            metadata={
                "release_id": published.release_id,
                "path": dg.MetadataValue.path(str(catalog.file_of(home, published))),
                **_links(settings, published.release_id),
                "data_through": published.data_through or "unknown",
                "published_at": dg.MetadataValue.timestamp(datetime.fromisoformat(published.published_at)),
                "rows_quarantined": published.rows_quarantined,
                "rows_quarantined_open": published.rows_quarantined_open,
                "warnings": len(published.warnings),
                **{f"{mart}_rows": rows for mart, rows in published.rows.items()},
            }
        )

    return release


def _links(settings: Settings, release_id: str) -> dict[str, dg.MetadataValue[str]]:
    """Where the documentation of a release is: at an address that the configuration knows, or in a file."""
    names = {"data_docs": f"{release_id}/{catalog.DOCS}/{PAGE}", "dbt_docs": f"{release_id}/{catalog.DBT_DOCS}"}
    if settings.releases.base_url is not None:
        return {name: dg.MetadataValue.url(f"{settings.releases.base_url}/{path}") for name, path in names.items()}
    releases = Home(settings.home).releases
    return {name: dg.MetadataValue.path(str(releases / path)) for name, path in names.items()}


def _decided_since(settings: Settings, before: catalog.Release | None) -> list[str]:
    """What operators decided about batches since a release."""
    with Ledger(settings.home / LEDGER) as ledger:
        decisions = ledger.decisions()
    since = datetime.fromisoformat(before.published_at) if before else datetime.min.replace(tzinfo=UTC)
    return [str(decision) for decision in decisions if decision.decided_at > since]
