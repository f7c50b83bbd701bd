"""`causerie dbt`: any command of dbt, on a copy of the last build.

Here: its options. Not here: the copy, and how dbt is called (``orchestration.dbt.by_hand``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from orchestration.cli.commands.common import (
    REFUSED,
    WRONG,
    config_option,
    home_of_this_user,
    home_to_oneself,
    read_settings,
    stop,
)


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@config_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="COMMAND [ARGUMENTS]...")
def dbt(config: Path, arguments: tuple[str, ...]) -> None:
    """Call dbt on a copy of the last build: with our models, those of your extension, and all variables set.

    Options of causerie come before dbt's command; the command and all that follows go to dbt as they are.

    \b
    causerie dbt show --select overview --limit 5
    causerie dbt build --select by_agent
    causerie dbt --config demo/causerie.toml docs generate
    causerie dbt show --help

    No command can change a release or the next build. The copy lies in <home>/dbt/copy. It stays for the next command
    until there is a newer build, and can be removed at any time.

    Exit status: dbt's; 1 also if there is no build, 2 also if the configuration is wrong.
    """
    from ingestion.settings import SettingsError
    from orchestration.dbt import by_hand
    from orchestration.home import Home

    settings = read_settings(config)
    home_of_this_user(settings)
    if settings.engine.kind == "spark":
        stop("a build on Spark has its tables in the engine: there is no copy of it for dbt", REFUSED)
    if not Home(settings.home).last_build().database.is_file():
        stop(f"{settings.home}: nothing is built yet; run 'causerie run' first", REFUSED)
    with home_to_oneself(settings, config):
        copy = by_hand.copy_of_last_build(settings)
    try:  # a run may begin meanwhile: dbt works on files of its own
        sys.exit(by_hand.call(settings, copy, arguments))
    except SettingsError as error:
        stop(f"{config}: {error}", WRONG)
