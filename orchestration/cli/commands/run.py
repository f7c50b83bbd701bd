"""`causerie run`: the whole job.

Here: its options. Not here: the job (``orchestration.cli.runner``).
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from orchestration.cli.commands.common import WRONG, config_option, home_to_oneself, leave, read_settings, stop


@click.command()
@config_option
@click.option("--full-refresh", is_flag=True, help="Build everything from raw, even if nothing is new.")
@click.option("--parquet", is_flag=True, help="Also write the marts as Parquet files beside the release.")
def run(config: Path, full_refresh: bool, parquet: bool) -> None:
    """Ingest new batches, build, audit and publish: the same job that Dagster schedules.

    Exit status: 0 published, or nothing new; 1 a batch or the build was refused (the rest is published); 2 wrong
    configuration or usage.
    """
    started = time.monotonic()
    from ingestion.mistakes import changed_kinds, missing_sources

    settings = read_settings(config)
    if parquet:
        kept = settings.releases.model_copy(update={"parquet": True})
        settings = settings.model_copy(update={"releases": kept})
    wrong = missing_sources(settings) or changed_kinds(settings)
    if wrong:
        stop("\n".join(f"{config}: {line}" for line in wrong), WRONG)
    with home_to_oneself(settings, config):
        from orchestration.dbt import process as dbt_process

        dbt_process.begin_parsing(settings)  # while the imports below take as long
        dbt_process.load_ahead(settings)
        from orchestration.cli.runner import run_job

        leave(run_job(settings, started, full_refresh=full_refresh))
