"""`causerie quarantine`: the rows that were kept out, for whoever has to correct them.

Here: its options. Not here: which rows these are (``orchestration.quarantine``) and how they are shown
(``orchestration.cli.quarantine_formats``).
"""

from __future__ import annotations

from pathlib import Path

import click

from ingestion.shown import visible
from ingestion.source_kinds import KINDS, entities_of
from orchestration.cli.commands.common import (
    REFUSED,
    WRONG,
    config_option,
    home_of_this_user,
    opened,
    read_settings,
    say,
    stop,
)

_ENTITIES = list(dict.fromkeys(entity for kind in KINDS for entity in entities_of(kind)))


@click.command()
@config_option
@click.option("--source", help="Only rows of this source.")
@click.option("--batch", help="Only rows of this batch.")
@click.option("--entity", type=click.Choice(_ENTITIES), help="Only rows of this entity.")
@click.option("--reason", metavar="TEXT", help="Only rows with a reason that contains TEXT, in any letter case.")
@click.option("--all", "with_mended", is_flag=True, help="Include mended rows, each with the batch that mended it.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help="Rows to show for each reason, 0 for all; by default 5 in a table, otherwise all.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="csv and json hold every row once, with the record as it was delivered.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def quarantine(
    config: Path,
    source: str | None,
    batch: str | None,
    entity: str | None,
    reason: str | None,
    with_mended: bool,
    limit: int | None,
    file_format: str,
    out: Path | None,
) -> None:
    """List the rows that were kept out as malformed, by reason, with file and line.

    A row is open until a later batch delivers a valid version of its record. Rows of refused batches are listed too,
    although no figure counts them: they show what to correct before the batch is delivered again.

    Exit status: 0 whether there are rows or not; 1 the ledger cannot be read; 2 wrong configuration or usage.
    """
    settings = read_settings(config)
    home_of_this_user(settings)
    names = [known.name for known in settings.sources]
    if source is not None and source not in names:
        stop(f"--source: there is no source '{source}'; the sources are {', '.join(names)}", WRONG)

    from orchestration.cli import quarantine_formats as formats
    from orchestration.quarantine import Query, UnknownBatchError, UnreadableLedgerError, quarantined

    if limit is None and file_format == "table":
        limit = formats.EXAMPLES
    write = {"table": formats.write_table, "csv": formats.write_csv, "json": formats.write_json}[file_format]
    try:
        with quarantined(settings, Query(source, batch, entity, reason, with_mended)) as rows:
            for note in rows.notes:
                say(visible(note), err=True)
            with opened(out) as file:
                write(rows, limit or None, file)
    except UnknownBatchError as error:
        stop(visible(f"--batch: {error}"), WRONG)
    except UnreadableLedgerError as error:
        stop(str(error), REFUSED)
