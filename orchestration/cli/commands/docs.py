"""`causerie docs`: dbt's documentation of the last build.

Here: its options. Not here: how dbt is called (``orchestration.dbt.process``).
"""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.cli.commands.common import (
    REFUSED,
    config_option,
    home_of_this_user,
    home_to_oneself,
    read_settings,
    say,
    stop,
)


@click.command()
@config_option
def docs(config: Path) -> None:
    """Write dbt's documentation of the last build: every table and column, and what they are computed from."""
    from orchestration.dbt.process import generate_docs
    from orchestration.home import Home
    from orchestration.releases import catalog, publication

    settings = read_settings(config)
    home_of_this_user(settings)
    if not Home(settings.home).open_build.exists():
        stop(f"{settings.home}: nothing is built yet; run 'causerie run' first", REFUSED)
    with home_to_oneself(settings, config):
        home = Home(settings.home)
        build = home.last_build()
        for release in catalog.kept(home):
            if release.build_id == build.id:  # published by a run that was killed before it linked the candidate
                publication.link_candidate(home, build, release)
        say(str(generate_docs(settings)))
