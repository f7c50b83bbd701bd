"""Step 2b, of builds on Spark: the tables that the engine made come back into the files of the build.

Here: the asset. Not here: how they come back (``orchestration.spark.bring_back``).
"""

from typing import Any

import dagster as dg

from ingestion.settings import Settings
from orchestration.defs.audit import JUDGED
from orchestration.defs.names import Names
from orchestration.defs.steps import build_of, refused, step
from orchestration.progress import Reporter
from orchestration.spark.bring_back import BringBackError, bring_back


def brought_back_asset(settings: Settings, names: Names, reporter: Reporter, models: list[Any]) -> dg.AssetsDefinition:
    """The files of a build, filled with what Spark made. ``models``: the specs of dbt's models."""

    @dg.multi_asset(
        name=names.of("brought_back"),
        specs=[
            names.spec(
                "brought_back",
                group="release",
                kinds={"duckdb"},
                description="The tables that Spark made, as the files that are audited and published: the same rows, in"
                " the types of the contract.",
            ).replace_attributes(deps=[spec.key for spec in models if spec.group_name in map(names.group, JUDGED)])
        ],
    )
    def brought_back(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with step(settings, context, reporter, "bring back"):
            try:
                rows = bring_back(settings, build_of(settings, context), reporter.progress)
            except BringBackError as error:
                reporter.build_failures = [str(error)]
                raise refused(reporter.build_failures) from None
        return dg.MaterializeResult(metadata={table.replace(".", "_"): count for table, count in rows.items()})

    return brought_back
