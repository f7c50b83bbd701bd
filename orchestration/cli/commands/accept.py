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
    """Accept a batch that was refused or set aside, in spite of its quarantined and restated rows.

    The next run ingests it. The decision is about the batch as it was delivered: if it is delivered again with other
    content, it is judged again.
    """
    from ingestion import decisions

    decide(config, lambda settings, now: decisions.accept(settings, source, batch, reason, now))
    say(f"{visible(source)} {visible(batch)}: accepted; the next run ingests it.")
