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
    """Set a batch aside, so that later batches of its source are ingested; an accepted batch is removed again.

    Its files stay in landing. The decision is about the batch as it was delivered: if it is delivered again with other
    content, it is judged again.
    """
    from ingestion import decisions

    decide(config, lambda settings, now: decisions.reject(settings, source, batch, reason, now))
    say(f"{visible(source)} {visible(batch)}: set aside; the next run continues without it.")
