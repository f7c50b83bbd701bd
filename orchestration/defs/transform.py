"""Step 2: dbt builds the marts in the run's private file; each model is an asset, each data test a check.

Here: the assets made from dbt's manifest. Not here: how dbt is called (``orchestration.dbt``), or SQL.
"""

import threading
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import dagster as dg
from packaging.version import Version

from expectations import great
from ingestion.settings import Settings
from orchestration.without_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from orchestration import dbt as dbt_process
from orchestration.home import Home
from orchestration.reporting import Reporter


class Dbt(DbtCliResource):
    """The resource without the two things that cost seconds at each start and serve nothing here.

    It starts ``dbt --version`` to tell dbt from its successor, and loads an adapter to count rows that nobody asks for.
    Both methods are private: the exact pin of dagster-dbt, and the tests of the job, hold them in place.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> None:
        return None


def dbt_resource() -> Dbt:
    """dbt on our project."""
    project = str(dbt_process.PROJECT)
    return Dbt(project_dir=project, profiles_dir=project, dbt_executable=str(dbt_process.EXECUTABLE))


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
    """The dbt project as assets, built by one ``dbt build``."""

    @dbt_assets(manifest=manifest, name="dbt_build", dagster_dbt_translator=Translator())
    def dbt_build(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, reporter: dg.ResourceParam[Reporter]
    ) -> Iterator[Any]:
        build = Home(settings.home).build(context.run.run_id)
        if not build.plan.is_file():
            raise dg.Failure("this run has taken nothing in: run the whole job", allow_retries=False)
        # the next step needs it, it takes seconds to import, and this process only waits for dbt
        threading.Thread(target=great.load, daemon=True).start()
        with reporter.step("dbt build"), dbt_process.in_environment(settings):
            command = ["build", "--exclude-resource-type", "unit_test"]
            invocation = dbt.cli(command, context=context, target_path=build.target, raise_on_error=False)
            for event in invocation.stream():
                key = getattr(event, "asset_key", None) or getattr(event, "output_name", "")
                reporter.progress(str(key.path[-1] if isinstance(key, dg.AssetKey) else key))
                yield event
            dbt_process.keep_parsed(settings, build)
            reporter.build_failures = dbt_process.failures(build)
            if not invocation.is_successful():
                reporter.build_failures = reporter.build_failures or [f"dbt: {invocation.get_error()}"]
                raise dg.Failure("\n".join(reporter.build_failures), allow_retries=False)

    return cast(dg.AssetsDefinition, dbt_build)
