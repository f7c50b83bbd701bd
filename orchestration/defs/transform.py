"""Step 2: dbt builds the marts in the private file of a run; each model is an asset, each data test a check.

Here: the assets made from dbt's manifest. Not here: how dbt is called (``orchestration.dbt.process``), or SQL.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import dagster as dg
import duckdb
from packaging.version import Version

from expectations import great
from ingestion.accepted import accepted_batches
from ingestion.settings import Settings
from ingestion.sql import sql_name
from ingestion.storage.landing import BatchError
from orchestration import builds
from orchestration.dbt import process as dbt_process
from orchestration.dbt.dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliInvocation,
    dbt_assets,
)
from orchestration.dbt.plan import make_plan, read_plan
from orchestration.defs.names import Names
from orchestration.defs.steps import refused, step
from orchestration.home import Build, Home
from orchestration.progress import Reporter
from orchestration.spark import process as spark_process

Manifest = Mapping[str, Any]


class Translator(DagsterDbtTranslator):
    """dbt's folders as asset groups, sources under the raw assets."""

    def __init__(self, names: Names) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))
        self._names = names

    def get_asset_key(self, dbt_resource_props: Any) -> dg.AssetKey:
        """``raw/<entity>`` for a source table of raw, ``<layer>/<model>`` for a model."""
        name = dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] == "source":
            source = dbt_resource_props["source_name"]
            if source == "settings":
                return self._names.key("configuration")
            return self._names.key("raw" if source == "export" else source, name)
        return self._names.key(dbt_resource_props["fqn"][1], name)

    def get_group_name(self, dbt_resource_props: Any) -> str | None:
        """The layer; of reports the tables apart, because marts and reports read them."""
        _, layer, *folders = dbt_resource_props["fqn"]
        return self._names.group("reporting" if "tables" in folders else layer)

    def get_tags(self, dbt_resource_props: Any) -> Mapping[str, str]:
        """The layer, and those of dbt."""
        return {**super().get_tags(dbt_resource_props), "layer": dbt_resource_props["fqn"][1]}

    def get_owners(self, dbt_resource_props: Any) -> list[str]:
        """Those of the home."""
        return list(self._names.owners)


def dbt_models(settings: Settings, names: Names, reporter: Reporter, manifest: Manifest) -> dg.AssetsDefinition:
    """The dbt project as assets; one ``dbt build`` builds all of them, because a build is one whole.

    ``manifest``: dbt's, with the models that the configuration needs.
    """
    translator = Translator(names)
    of_dbt = dbt_assets(manifest=manifest, name="specs", dagster_dbt_translator=translator)(lambda: None)

    @dg.multi_asset(
        name=names.of("dbt_build"),
        specs=list(of_dbt.specs),
        check_specs=list(of_dbt.check_specs),
        can_subset=False,
        allow_arbitrary_check_specs=True,
    )
    def dbt_build(context: dg.AssetExecutionContext) -> Iterator[Any]:
        build = Home(settings.home).build(context.run.run_id)
        with step(settings, context, reporter, "dbt build"):
            _prepare(settings, build, reporter)
            plan = read_plan(build.plan)
            assert plan is not None
            if settings.engine.kind == "spark":
                process = spark_process.start(settings, build)
            else:
                options = [*dbt_process.left_out(settings), *(["--full-refresh"] if plan.base is None else [])]
                command = ["build", "--exclude-resource-type", "unit_test", *options]
                process = dbt_process.start(settings, build, command)
            great.load_beside()  # for the next step; it takes seconds, and this process only waits
            invocation = DbtCliInvocation(
                process=process,
                manifest=manifest,
                dagster_dbt_translator=translator,
                project_dir=dbt_process.PROJECT,
                target_path=build.target,
                raise_on_error=False,
                context=context,
                cli_version=Version(version("dbt-core")),
            )
            in_marts = [spec.key for spec in of_dbt.specs if spec.group_name == names.group("marts")]
            marts = {key.to_python_identifier(): key.path[-1] for key in in_marts}
            held: list[Any] = []
            for event in invocation.stream():
                key = getattr(event, "asset_key", None) or getattr(event, "output_name", "")
                reporter.progress(str(key.path[-1] if isinstance(key, dg.AssetKey) else key))
                if held or getattr(event, "output_name", "") in marts:
                    held.append(event)  # until the rows of marts can be counted; what depends on them comes later
                else:
                    yield event
            reporter.build_failures = dbt_process.failures(build)
            is_successful = invocation.is_successful()
            for event in held:
                mart = marts.get(getattr(event, "output_name", "")) if is_successful else None
                yield event.with_metadata({**event.metadata, **_rows(settings, build, mart)}) if mart else event
            if not is_successful:
                if not reporter.build_failures and settings.engine.kind == "spark":
                    reporter.build_failures = [spark_process.trouble(build.folder)]
                reporter.build_failures = reporter.build_failures or [f"dbt: {invocation.get_error()}"]
                raise dg.Failure("\n".join(reporter.build_failures), allow_retries=False)

    return dbt_build


def _prepare(settings: Settings, build: Build, reporter: Reporter) -> None:
    """Make the file of the build. A run that has ingested nothing builds what is accepted, in full."""
    reporter.progress("preparing the build")
    try:
        plan = read_plan(build.plan) or make_plan(settings, accepted_batches(settings)[0])
        if not plan.batches:
            raise refused(["no batch is accepted yet: launch the whole job"])
        builds.prepare(settings, build, plan, reporter.progress)
    except BatchError as error:
        reporter.build_failures = [str(error)]
        raise refused(reporter.build_failures) from None


def _rows(settings: Settings, build: Build, mart: str) -> dict[str, int]:
    """The rows of a mart, as Dagster draws them; on Spark they are elsewhere at this step."""
    if settings.engine.kind == "spark":
        return {}
    with duckdb.connect(str(build.candidate), read_only=True) as connection:
        ((rows,),) = connection.execute(f"select count(*) from {sql_name(mart)}").fetchall()
    return {"dagster/row_count": rows}


def manifest_of(settings: Settings) -> Manifest:
    """dbt's manifest with the models and tests that a build of this configuration runs.

    Raises:
        RuntimeError: dbt cannot parse the project.
    """
    manifest: dict[str, Any] = json.loads(dbt_process.ensure_manifest(settings).read_bytes())
    nodes = manifest["nodes"]
    gone = {name for name, node in nodes.items() if dbt_process.is_left_out(settings, node)}
    gone |= {
        name
        for name, node in nodes.items()
        if node["resource_type"] == "test" and gone.issuperset(node["depends_on"]["nodes"])
    }
    kinds = {"export", "settings", *dbt_process.kinds_of(settings)}
    gone |= {name for name, source in manifest["sources"].items() if source["source_name"] not in kinds}
    manifest["nodes"] = {name: node for name, node in nodes.items() if name not in gone}
    for node in manifest["nodes"].values():
        node.get("depends_on", {})["nodes"] = [
            other for other in node.get("depends_on", {}).get("nodes", []) if other not in gone
        ]
    for links in ("parent_map", "child_map"):
        manifest[links] = {
            name: [other for other in others if other not in gone]
            for name, others in manifest[links].items()
            if name not in gone
        }
    return manifest
