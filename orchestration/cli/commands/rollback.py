"""`causerie rollback`: a kept release becomes the current one again.

Here: its options and messages. Not here: what a release is (``orchestration.releases.catalog``).
"""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.cli.commands.common import REFUSED, WRONG, config_option, home_to_oneself, read_settings, say, stop


@click.command()
@config_option
@click.argument("release_id", metavar="ID")
def rollback(config: Path, release_id: str) -> None:
    """Make a kept release the current one. ID is its id, the beginning of it, or 'previous'.

    Newer releases are kept, and the same command returns to one of them. A run without new batches changes nothing. The
    next new batch is published together with everything that is accepted: if a batch spoiled a release, set it aside
    with 'causerie reject'.
    """
    settings = read_settings(config)
    with home_to_oneself(settings, config):
        from datetime import UTC, datetime

        from orchestration.cli.summary import rolled_back_from
        from orchestration.home import Home
        from orchestration.releases import catalog, exports, publication
        from orchestration.spark.views import ViewsError, point_views

        home = Home(settings.home)
        try:
            release = catalog.find(home, release_id)
            with publication.fresh_reader() as reader:
                publication.verify(catalog.file_of(home, release), release.contents, reader)
            had_exports = home.current_exports.is_dir()
            if settings.releases.parquet:
                exports.ensure(home, release)
        except catalog.UnknownReleaseError as error:
            stop(str(error), WRONG)
        except catalog.UnpublishableError as error:
            stop(f"{error}; readers keep the release they have", REFUSED)
        catalog.go_to(home, release, datetime.now(UTC))
        say(f"Readers now see {release.release_id}.")
        try:
            point_views(settings, release)
        except ViewsError as error:
            stop(str(error), REFUSED)
        if had_exports and not home.current_exports.is_dir():
            say(f"  it has no Parquet exports: {home.current_exports} is missing until a release has exports again")
        for left in catalog.gone_back_from(home):
            say(rolled_back_from(left.release_id))
