"""`causerie check`: the dry run of a drop folder.

Here: its options, and which folder or source is meant. Not here: what is found (``ingestion.inspection``) and how it is
shown (``orchestration.cli.inspection_formats``).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from orchestration.cli.commands.common import (
    REFUSED,
    WRONG,
    config_option,
    home_of_this_user,
    opened,
    read_settings,
    say_over,
    stop,
)


@click.command()
@click.argument("target", metavar="SOURCE|FOLDER")
@config_option
@click.option("--timezone", help="The zone of the busiest hour, for a FOLDER.  [default: UTC]")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json holds every file and column.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def check(target: str, config: Path, timezone: str | None, file_format: str, out: Path | None) -> None:
    """Read all that a drop folder holds, and say what a run would make of it. Nothing is kept.

    SOURCE is the name of a source of the configuration. FOLDER is any folder that holds batches, or is one batch, with
    or without a manifest; ./FOLDER where a source has the same name. It is judged by the default limits.

    Names, phone numbers and texts are not shown. Reading takes as much room in the folder for temporary files (TMPDIR)
    as a run does in its home. Of a live source only the access is checked, as by check-source.

    Exit status: 0 all is well; 1 a run would refuse something, or its figures would mislead; 2 wrong configuration or
    usage.
    """
    from ingestion import machine, zones
    from ingestion.inspection import inspect_folder, inspect_source
    from ingestion.source_settings import DeliveredSource
    from ingestion.sources import connector_of
    from orchestration.cli import inspection_formats as formats

    settings = read_settings(config) if config.is_file() else None
    source = next((source for source in settings.sources if source.name == target), None) if settings else None
    findings, inspection = [], None
    if source is not None and timezone is not None:
        stop(f"--timezone: '{target}' is a source, and its account has a zone", WRONG)
    if source is None and not Path(target).is_dir():
        known = f"; the sources are {', '.join(source.name for source in settings.sources)}" if settings else ""
        stop(f"'{target}' is neither a source of {config} nor a folder{known}", WRONG)
    if timezone not in (None, *zones.names()):
        stop(f"--timezone: unknown time zone '{timezone}'; use an IANA name such as 'Europe/Paris'", WRONG)
    try:
        if settings is None or source is None:
            inspection = inspect_folder(Path(target), timezone or "UTC", say_over)
        else:
            findings = list(connector_of(source.kind).check(source))
            if isinstance(source, DeliveredSource):
                home_of_this_user(settings)
                inspection = inspect_source(settings, source, say_over)
    except OSError as error:
        stop(machine.remedy(Path(tempfile.gettempdir()), error), REFUSED)
    say_over("")
    write = formats.write_json if file_format == "json" else formats.write_text
    with opened(out) as file:
        write(findings, inspection, file)
    if not formats.is_well(findings, inspection):
        sys.exit(REFUSED)
