"""`causerie rollback`: readers see a kept release again.

Here: its options and what it says. Not here: what a release is (``orchestration.releases.catalog``).
"""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.cli.commands.common import REFUSED, WRONG, config_option, home_to_oneself, read_settings, say, stop


@click.command()
@config_option
@click.argument("release_id", metavar="ID")
def rollback(config: Path, release_id: str) -> None:
    """Have readers see a kept release again; ID may be its beginning, or 'previous'. Forward again works the same way.

    The releases behind it stay. A run with nothing new leaves it so; the next news are published on top of all that is
    accepted: a batch that spoiled a release is set aside by 'causerie reject'.
    """
    settings = read_settings(config)
    with home_to_oneself(settings, config):
        from datetime import UTC, datetime

        from orchestration.home import Home
        from orchestration.releases import catalog, exports, publication

        home = Home(settings.home)
        try:
            release = catalog.find(home, release_id)
            with publication.fresh_reader() as reader:
                publication.verify(catalog.file_of(home, release), release.contents, reader)
            had_exports = home.current_exports.is_symlink()
            if settings.releases.parquet:
                exports.ensure(home, release)
        except catalog.UnknownReleaseError as error:
            stop(str(error), WRONG)
        except (publication.UnpublishableError, exports.ExportError) as error:
            stop(f"{error}; readers keep what they have", REFUSED)
        catalog.go_to(home, release, datetime.now(UTC))
        say(f"Readers see {release.release_id} now.")
        if had_exports and not home.current_exports.is_symlink():
            say(f"  it has no Parquet exports: {home.current_exports} is gone until a release has them again")
        for left in catalog.gone_back_from(home):
            say(f"  gone back from {left.release_id}: 'causerie rollback {left.release_id}' goes forward again")
