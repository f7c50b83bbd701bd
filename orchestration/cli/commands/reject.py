"""`causerie reject`: a batch is set aside.

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
def reject(config: Path, source: str, batch: str, reason: str) -> None:
    """Set a batch aside, so that the later ones of its source go on; one that was accepted is taken out again.

    It stays in landing. It holds for the batch as it was delivered: delivered again otherwise, it is judged anew.
    """
    decide("reject", config, source, batch, reason)
    say(f"{visible(source)} {visible(batch)}: set aside; the next run continues without it.")
