"""For operators who know better: `causerie accept`, `causerie reject`.

Here: their options. Not here: what may be decided, and what it does (``ingestion.decisions``).
"""

from __future__ import annotations

from pathlib import Path

import click

from ingestion.shown import visible
from orchestration.commands.common import WRONG, config_option, home_to_oneself, read_settings, say, stop

_reason = click.option("--reason", required=True, help="Why; kept, and shown in the history of releases.")


@click.command()
@config_option
@click.argument("source")
@click.argument("batch")
@_reason
def accept(config: Path, source: str, batch: str, reason: str) -> None:
    """Have the next run take in a batch that is refused, or was set aside, whatever its quarantined rows and clocks.

    It holds for the batch as it was delivered: delivered again otherwise, it is judged anew.
    """
    _decide("accept", config, source, batch, reason)
    say(f"{visible(source)} {visible(batch)}: the next run takes it in.")


@click.command()
@config_option
@click.argument("source")
@click.argument("batch")
@_reason
def reject(config: Path, source: str, batch: str, reason: str) -> None:
    """Set a batch aside, so that the later ones of its source go on; one that was accepted is taken out again.

    It stays in landing. It holds for the batch as it was delivered: delivered again otherwise, it is judged anew.
    """
    _decide("reject", config, source, batch, reason)
    say(f"{visible(source)} {visible(batch)}: set aside; the next run continues without it.")


def _decide(verb: str, config: Path, source: str, batch: str, reason: str) -> None:
    from datetime import UTC, datetime

    from ingestion import decisions

    if not reason.strip():
        stop("--reason: say why; it is kept with the decision", WRONG)
    settings = read_settings(config)
    decide = decisions.accept if verb == "accept" else decisions.reject
    with home_to_oneself(settings, config):
        try:
            decide(settings, source, batch, " ".join(reason.split()), datetime.now(UTC))
        except decisions.DecisionError as error:
            stop(visible(str(error)), WRONG)
