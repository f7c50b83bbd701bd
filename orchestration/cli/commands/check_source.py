"""`causerie check-source`: whether a source can be read.

Here: its options and how findings are shown. Not here: what is checked (``ingestion.sources``).
"""

from __future__ import annotations

from pathlib import Path

import click

from ingestion.shown import visible
from orchestration.cli.commands.common import REFUSED, WRONG, config_option, read_settings, say, stop


@click.command("check-source")
@click.argument("name")
@config_option
def check_source(name: str, config: Path) -> None:
    """Check whether the source NAME can be read, and report what it offers and what is missing.

    Authenticates and reads one page of each entity; of a folder, it lists the batches. Nothing is written.

    Exit status: 0 the source can be read; 1 something required is missing; 2 wrong configuration or usage.
    """
    settings = read_settings(config)
    source = next((source for source in settings.sources if source.name == name), None)
    if source is None:
        known = ", ".join(source.name for source in settings.sources)
        stop(f"{config}: there is no source '{name}'; the sources are {known}", WRONG)
    from ingestion.sources import connector_of
    from orchestration.cli.inspection_formats import marked

    say(visible(f"{source.name} ({source.kind}, account {source.account})"))
    is_readable = True
    for finding in connector_of(source.kind).check(source):
        say(visible(marked(finding)))
        is_readable &= finding.is_there or not finding.is_needed
    if not is_readable:
        stop(f"{source.name} cannot be read: see what is missing above", REFUSED)
    say("The source can be read.")
