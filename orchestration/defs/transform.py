"""Step 2: dbt builds the marts in the private file of a run; each model is an asset, each data test a check.

Here: the assets made from dbt's manifest. Not here: how dbt is called (``orchestration.dbt.process``), or SQL.
"""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import dagster as dg
from packaging.version import Version

from expectations import great
from ingestion.settings import Settings
from orchestration.dbt import process as dbt_process
from orchestration.dbt.dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, dbt_assets
from orchestration.dbt.plan import read_plan
from orchestration.home import Home
from orchestration.progress import Reporter
from orchestration.spark import process as spark_process


class Translator(DagsterDbtTranslator):
    """dbt's folders as asset groups, sources under the raw assets."""

    def get_asset_key(self, dbt_resource_props: Any) -> dg.AssetKey:
        """``raw/<entity>`` for a source table of raw, ``<layer>/<model>`` for a model."""
        if dbt_resource_props["resource_type"] == "source":
            prefix = "raw" if dbt_resource_props["source_name"] == "export" else dbt_resource_props["source_name"]
            return dg.AssetKey([prefix, dbt_resource_props["name"]])
        if dbt_resource_props["resource_type"] == "model":
            return dg.AssetKey([dbt_resource_props["fqn"][1], dbt_resource_props["name"]])
        return cast(dg.AssetKey, super().get_asset_key(dbt_resource_props))

    def get_group_name(self, dbt_resource_props: Any) -> str | None:
        """The layer: staging, intermediate or marts."""
        return str(dbt_resource_props["fqn"][1])


def dbt_models(settings: Settings, manifest: Path) -> dg.AssetsDefinition:
    """The dbt project as assets; one ``dbt build`` builds all of them, because a build is one whole."""
    translator = Translator()

    @dbt_assets(manifest=manifest, name="dbt_build", dagster_dbt_translator=translator)
    def dbt_build(context: dg.AssetExecutionContext, reporter: dg.ResourceParam[Reporter]) -> Iterator[Any]:
        build = Home(settings.home).build(context.run.run_id)
        plan = read_plan(build.plan)
        if plan is None:
            raise dg.Failure("this run has ingested nothing: run the whole job", allow_retries=False)
        if context.is_subset:
            raise dg.Failure("a build cannot be made in parts: run the whole job", allow_retries=False)
        with reporter.step("dbt build"):
            if settings.engine.kind == "spark":
                process = spark_process.start(settings, build)
            else:
                options = [*dbt_process.left_out(settings), *(["--full-refresh"] if plan.base is None else [])]
                command = ["build", "--exclude-resource-type", "unit_test", *options]
                process = dbt_process.start(settings, build, command)
            great.load_beside()  # for the next step; it takes seconds, and this process only waits
            invocation = DbtCliInvocation(
                process=process,
                manifest=json.loads(manifest.read_bytes()),
                dagster_dbt_translator=translator,
                project_dir=dbt_process.PROJECT,
                target_path=build.target,
                raise_on_error=False,
                context=context,
                cli_version=Version(version("dbt-core")),
            )
            for event in invocation.stream():
                key = getattr(event, "asset_key", None) or getattr(event, "output_name", "")
                reporter.progress(str(key.path[-1] if isinstance(key, dg.AssetKey) else key))
                yield event
            reporter.build_failures = dbt_process.failures(build)
            if not invocation.is_successful():
                if not reporter.build_failures and settings.engine.kind == "spark":
                    reporter.build_failures = [spark_process.trouble(build.folder)]
                reporter.build_failures = reporter.build_failures or [f"dbt: {invocation.get_error()}"]
                raise dg.Failure("\n".join(reporter.build_failures), allow_retries=False)

    return cast(dg.AssetsDefinition, dbt_build)
