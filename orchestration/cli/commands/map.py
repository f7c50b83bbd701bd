"""`causerie map`: a mapping for a folder of another system's files.

Here: its options. Not here: the proposal (``ingestion.proposals``).
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import click

from orchestration.cli.commands.common import REFUSED, WRONG, opened, stop


@click.command("map")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="Of the source.  [default: that of the folder]")
@click.option("--account", default="my_account", show_default=True, help="The id of the account that it belongs to.")
@click.option("--timezone", help="The zone of local times.  [default: UTC, to be corrected]")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def map_folder(folder: Path, name: str | None, account: str, timezone: str | None, out: Path | None) -> None:
    """Look at the files of FOLDER, and propose a source of the kind 'files' that reads them.

    The proposal is TOML for causerie.toml. A comment at the end of each line says how sure it is. It shows names of
    columns and words of enumerations; names, phone numbers and texts of people are not shown.

    Exit status: 0 the proposal is complete; 1 something that is required was not found; 2 wrong usage.
    """
    from ingestion import machine, zones
    from ingestion.proposals.proposal import proposal

    if not folder.is_dir():
        stop(f"'{folder}' is not a folder", WRONG)
    if timezone not in (None, *zones.names()):
        stop(f"--timezone: unknown time zone '{timezone}'; use an IANA name such as 'Europe/Paris'", WRONG)
    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        stop(f"--name: '{name}' is also the name of a folder: use letters, digits, '_' and '-'", WRONG)
    try:
        text, is_complete = proposal(folder, name, account, timezone)
    except OSError as error:
        stop(machine.remedy(Path(tempfile.gettempdir()), error), REFUSED)
    with opened(out) as file:
        file.write(text)
    if not is_complete:
        sys.exit(REFUSED)
