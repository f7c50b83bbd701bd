"""`causerie manifest`: the manifest of a batch.

Here: its options and messages. Not here: counting and hashing (``ingestion.manifest_writer``).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from orchestration.cli.commands.common import WRONG, say, stop


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--extracted-at",
    help="When the source was read, with an offset. Default: when the newest file was written.",
)
def manifest(folder: Path, extracted_at: str | None) -> None:
    """Write the manifest.json of a batch of the export format, when FOLDER holds all its files."""
    from ingestion.manifest_writer import UnfinishedError, write_manifest

    at = None
    if extracted_at is not None:
        try:
            at = datetime.fromisoformat(extracted_at)
        except ValueError:
            at = datetime.min
        if at.tzinfo is None:
            stop(f"--extracted-at: '{extracted_at}' is no instant with an offset, such as 2026-01-05T02:00:00Z", WRONG)
    try:
        at, rows, left_out = write_manifest(folder, at)
    except UnfinishedError as error:
        stop(str(error), WRONG)
    for name, count in rows.items():
        say(f"{name}: {count:,} rows")
    for line in left_out:
        say(f"not in the batch: {line}", err=True)
    say(f"{folder / 'manifest.json'}: extracted at {at.isoformat()}")
