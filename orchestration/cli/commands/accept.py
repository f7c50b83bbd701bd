"""`causerie accept`: the next run ingests a batch that was refused or set aside.

Here: its options. Not here: what may be decided, and what it does (``ingestion.decisions``).
"""

from __future__ import annotations

from pathlib import Path

import click

from ingestion.shown import visible
from orchestration.cli.commands.common import config_option, decide, reason_option, say


@click.command()
@config_option
@click.argument("source")
@click.argument("batch")
@reason_option
def accept(config: Path, source: str, batch: str, reason: str) -> None:
    """Have the next run take in a batch that is refused, or was set aside, whatever its quarantined rows and clocks.

    It holds for the batch as it was delivered: delivered again otherwise, it is judged anew.
    """
    decide("accept", config, source, batch, reason)
    say(f"{visible(source)} {visible(batch)}: the next run takes it in.")
