"""All definitions, put together for one configuration.

Here: wiring. Not here: asset code (``defs``). Tests and the command replace the reporter.
"""

from __future__ import annotations

import dagster as dg

from ingestion.settings import Settings, SettingsError
from orchestration.dbt import process as dbt_process
from orchestration.defs.audit import audit_asset
from orchestration.defs.bring_back import brought_back_asset
from orchestration.defs.compact import compacted_asset
from orchestration.defs.publish import release_asset
from orchestration.defs.raw import raw_assets
from orchestration.defs.retain import retained_asset
from orchestration.defs.transform import dbt_models
from orchestration.home import Home
from orchestration.progress import Reporter

JOB = "causerie"


def build_defs(settings: Settings, reporter: Reporter | None = None) -> dg.Definitions:
    """Assets, the job and its schedule.

    Raises:
        SettingsError: Dagster does not understand the schedule.
    """
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        description="Ingests new batches, builds the marts, audits the build and publishes it.",
    )
    schedules = []
    if settings.schedule is not None:
        try:
            schedules.append(
                dg.ScheduleDefinition(
                    name="scheduled_run",
                    job=job,
                    cron_schedule=settings.schedule.cron,
                    execution_timezone=settings.schedule.timezone,
                    default_status=dg.DefaultScheduleStatus.RUNNING,
                )
            )
        except dg.DagsterInvalidDefinitionError as error:
            raise SettingsError(f"schedule.cron: {error}") from None
    return dg.Definitions(
        assets=[
            raw_assets(settings),
            dbt_models(settings, dbt_process.ensure_manifest(settings)),
            *([brought_back_asset(settings)] if settings.engine.kind == "spark" else []),
            audit_asset(settings),
            release_asset(settings),
            compacted_asset(settings),
            retained_asset(settings),
        ],
        jobs=[job],
        schedules=schedules,
        executor=dg.in_process_executor,  # a run's steps share its lock; a process a step costs 15 s more
        resources={
            "reporter": dg.ResourceDefinition.hardcoded_resource(reporter or Reporter(Home(settings.home))),
        },
    )
