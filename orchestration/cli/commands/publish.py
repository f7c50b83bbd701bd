"""`causerie publish`: the last build becomes the current release.

Here: its options. Not here: the conditions for a build (``orchestration.releases.publication``).
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from orchestration.cli.commands.common import config_option, home_to_oneself, leave, read_settings


@click.command()
@config_option
def publish(config: Path) -> None:
    """Publish the last build after a run that was stopped between its audit and its publication.

    The build must have passed its own audit, as in a run.

    Exit status: 0 published; 1 there is no build that passed its audit, or it could not be published; 2 wrong
    configuration or usage.
    """
    started = time.monotonic()
    settings = read_settings(config)
    with home_to_oneself(settings, config):
        from orchestration.cli.runner import publish_last_build

        leave(publish_last_build(settings, started))
