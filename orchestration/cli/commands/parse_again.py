"""`causerie parse-again`: the next run makes raw again from landing.

Here: its options. Not here: what may be asked (``ingestion.repairs``), and parsing (``ingestion.ingest``).
"""

from __future__ import annotations

from pathlib import Path

import click

from ingestion.shown import visible
from orchestration.cli.commands.common import config_option, decide, say


@click.command("parse-again")
@config_option
@click.argument("source", required=False)
def parse_again(config: Path, source: str | None) -> None:
    """Have the next run parse all batches of SOURCE again from landing, or those of all sources, and build in full.

    For raw that is damaged or doubted. The figures are the same as before where raw was right. A source whose landing
    is not what it was keeps its raw, and the run says so.
    """
    from ingestion import repairs

    say(visible(f"{decide(config, lambda settings, now: repairs.parse_again(settings, source, now))}."))
