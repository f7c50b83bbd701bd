"""All definitions, put together for one configuration.

Here: wiring. Not here: asset code (``defs``). The command brings a reporter of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from ingestion.settings import Settings, SettingsError
from orchestration.defs.audit import audit_asset
from orchestration.defs.bring_back import brought_back_asset
from orchestration.defs.compact import compacted_asset
from orchestration.defs.launch import schedule_of, sensor_of
from orchestration.defs.names import Names
from orchestration.defs.outcome import outcome_asset
from orchestration.defs.publish import release_asset
from orchestration.defs.raw import raw_assets
from orchestration.defs.readers import configuration, readers
from orchestration.defs.repair import repair_jobs
from orchestration.defs.retain import retained_asset
from orchestration.defs.targets import target_assets
from orchestration.defs.transform import dbt_models, manifest_of
from orchestration.home import Home
from orchestration.progress import Reporter

JOB = "causerie"
_RETRIED_IF_KILLED = {
    "dagster/retry_strategy": "ALL_STEPS",
    "dagster/retry_on_asset_or_op_failure": "false",
}
"""A run is retried as a whole, and only if its process was killed: a refusal would come again."""


def build_defs(
    settings: Settings,
    *,
    key_prefix: str | Sequence[str] = (),
    group_prefix: str = "",
    owners: Sequence[str] = (),
    reporter: Reporter | None = None,
) -> dg.Definitions:
    """Assets, checks, the job, its schedule and its sensor.

    They have no resource and no executor in common with other definitions, so ``Definitions.merge`` puts them into any
    deployment. ``key_prefix`` keeps several homes apart, in the keys of assets and the names of jobs.

    Raises:
        SettingsError: Dagster does not understand the schedule.
        RuntimeError: dbt cannot parse its project.
    """
    prefix = (key_prefix,) if isinstance(key_prefix, str) else tuple(key_prefix)  # as Dagster's own functions have it
    names = Names(prefix, group_prefix, tuple(owners))
    reporter = reporter or Reporter(Home(settings.home))
    manifest = manifest_of(settings)
    models = dbt_models(settings, names, reporter, manifest)
    specs = list(models.specs)
    assets = [
        raw_assets(settings, names, reporter),
        models,
        *([brought_back_asset(settings, names, reporter, specs)] if settings.engine.kind == "spark" else []),
        audit_asset(settings, names, reporter, specs),
        release_asset(settings, names, reporter),
        compacted_asset(settings, names, reporter),
        retained_asset(settings, names, reporter),
        *target_assets(settings, names, reporter),
        outcome_asset(settings, names, reporter),
    ]
    job = dg.define_asset_job(
        names.of(JOB),
        selection=dg.AssetSelection.assets(*assets),
        description="Ingests new batches, builds the marts, audits the build and publishes it.",
        executor_def=dg.in_process_executor,  # a process a step costs 15 s more
        tags={**_RETRIED_IF_KILLED, "dagster/max_retries": settings.schedule.retries if settings.schedule else 0},
    )
    try:
        schedules = [schedule_of(settings, names, job)] if settings.schedule and settings.schedule.cron else []
    except dg.DagsterInvalidDefinitionError as error:
        raise SettingsError(f"schedule.cron: {error}") from None
    return dg.Definitions(
        assets=[configuration(names), *assets, *readers(names, manifest)],
        jobs=[job, *repair_jobs(settings, names.of(""))],
        schedules=schedules,
        sensors=[sensor_of(settings, names, job)],
    )
