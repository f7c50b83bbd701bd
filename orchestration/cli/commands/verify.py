"""`causerie verify`: whether the home is whole.

Here: its options, and how findings are shown. Not here: what is looked at (``orchestration.verification``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from orchestration.cli.commands.common import (
    PUBLISHED,
    REFUSED,
    config_option,
    home_of_this_user,
    read_settings,
    say_over,
)


@click.command()
@config_option
def verify(config: Path) -> None:
    """Read all that is kept, and say what is not as it was written: releases, landing, the ledger and raw.

    Each kept release is compared with what was judged, each file of landing with its manifest, raw with the ledger.
    Nothing is written, and a run may work meanwhile. Each fault has its remedy.

    Exit status: 0 all is whole; 1 something is not; 2 wrong configuration or usage.
    """
    from orchestration.cli.terminal import Terminal
    from orchestration.verification import in_words
    from orchestration.verification import verify as verified

    settings = read_settings(config)
    home_of_this_user(settings)
    found = verified(settings, say_over)
    say_over("")
    console = Terminal(sys.stdout)
    for line in in_words(found):
        console.say(line)
    for note in found.notes:
        console.say(f"note: {note}")
    for fault in found.faults:
        console.say((f"fault: {fault}", "red"))
    faults = len(found.faults)
    console.say(
        (f"{faults:,} {'fault' if faults == 1 else 'faults'}.", "bold red") if faults else ("All is whole.", "green")
    )
    sys.exit(REFUSED if faults else PUBLISHED)
