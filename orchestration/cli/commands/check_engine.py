"""`causerie check-engine`: whether the engine that computes the models can be used.

Here: its options and how findings are shown. Not here: what is asked (``orchestration.spark.check``).
"""

from __future__ import annotations

from pathlib import Path

import click

from ingestion.shown import visible
from orchestration.cli.commands.common import REFUSED, config_option, home_to_oneself, read_settings, say, stop


@click.command("check-engine")
@config_option
def check_engine(config: Path) -> None:
    """Check whether the engine of the configuration can be reached, and say what is missing.

    Of Spark: packages, Java, storage, session, its version and time zone, and whether it reads what is written here and
    the other way round. A small file and a table are written, and removed.

    Exit status: 0 the engine can be used; 1 something is missing; 2 wrong configuration or usage.
    """
    settings = read_settings(config)
    if settings.engine.kind == "duckdb":
        say("The engine is DuckDB, which is part of causerie.")
        return
    from orchestration.cli.inspection_formats import marked
    from orchestration.spark.check import check_engine as check

    is_usable = True
    with home_to_oneself(settings, config):
        for finding in check(settings):
            say(visible(marked(finding)))
            is_usable &= finding.is_there
        if not is_usable:
            stop("The engine cannot be used: see what is missing above", REFUSED)
    say("The engine can be used.")
