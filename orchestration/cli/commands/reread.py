"""`causerie reread`: the next run reads a live source again.

Here: its options. Not here: what may be asked (``ingestion.repairs``), and reading (``ingestion.sources.live``).
"""

from __future__ import annotations

from pathlib import Path

import click

from ingestion.shown import visible
from orchestration.cli.commands.common import config_option, decide, say


@click.command()
@config_option
@click.argument("source")
@click.option("--since", metavar="DATE", help="As 2026-08-31, or 2026-08-31T14:30; in the zone of the account.")
def reread(config: Path, source: str, since: str | None) -> None:
    """Have the next run read a live source again: all of it, or what changed since DATE.

    Reading all of it finds what was deleted and what changed without activity. Reading since a DATE deletes nothing. It
    is asked for until a reading is accepted that did so.
    """
    from ingestion.repairs import read_again

    say(visible(f"{decide(config, lambda settings, now: read_again(settings, source, since, now))}."))
