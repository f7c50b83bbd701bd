"""`causerie status`: what an operator has to know.

Here: its options. Not here: what it gathers (``orchestration.cli.status``).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from orchestration.cli.commands.common import PUBLISHED, REFUSED, config_option, home_of_this_user, read_settings, say


@click.command()
@config_option
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(config: Path, shape: str) -> None:
    """Show the current release, the last run, and everything that is refused or has failed, with the reasons.

    Exit status: 0 nothing is; 1 something is and needs attention, as a run would end; 2 wrong configuration or usage.
    """
    from orchestration.cli.status import as_json, show_status, status_of
    from orchestration.cli.terminal import Terminal

    settings = read_settings(config)
    home_of_this_user(settings)
    found = status_of(settings)
    if shape == "json":
        say(json.dumps(as_json(found), indent=1, ensure_ascii=False))
    else:
        show_status(found, Terminal(sys.stdout))
    sys.exit(REFUSED if found.is_refused else PUBLISHED)
