"""Step 2b, of builds on Spark: the tables that the engine made come back into the files of the build.

Here: the asset. Not here: how they come back (``orchestration.spark.bring_back``).
"""

import dagster as dg

from expectations.marts import MARTS
from ingestion.settings import Settings
from orchestration.home import Home
from orchestration.progress import Reporter
from orchestration.spark.bring_back import BringBackError, bring_back


def brought_back_asset(settings: Settings) -> dg.AssetsDefinition:
    """The files of a build, filled with what Spark made."""

    @dg.asset(
        name="brought_back",
        deps=[dg.AssetKey(["marts", mart]) for mart in MARTS] + [dg.AssetKey(["intermediate", "int_row_accounting"])],
        group_name="release",
        description="The tables that Spark made, as the files that are audited and published: the same rows, in the"
        " types of the contract.",
    )
    def brought_back(
        context: dg.AssetExecutionContext, reporter: dg.ResourceParam[Reporter]
    ) -> dg.MaterializeResult[None]:
        build = Home(settings.home).build(context.run.run_id)
        if not build.plan.is_file():
            raise dg.Failure("this run has built nothing: run the whole job", allow_retries=False)
        with reporter.step("bring back"):
            try:
                rows = bring_back(settings, build, reporter.progress)
            except BringBackError as error:
                reporter.build_failures = [str(error)]
                raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(metadata={table.replace(".", "_"): count for table, count in rows.items()})

    return brought_back
