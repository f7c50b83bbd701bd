"""`causerie rollback`: a kept release becomes the current one again.

Here: its options and exit statuses. Not here: how it is done (``orchestration.releases.going_back``).
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

        from orchestration.postgres.server import TargetError
        from orchestration.releases.catalog import UnknownReleaseError, UnpublishableError
        from orchestration.releases.going_back import go_back
        from orchestration.spark.views import ViewsError

        try:
            go_back(settings, release_id, datetime.now(UTC), say)
        except UnknownReleaseError as error:
            stop(str(error), WRONG)
        except UnpublishableError as error:
            stop(f"{error}; readers keep the release they have", REFUSED)
        except (ViewsError, TargetError) as error:
            stop(str(error), REFUSED)
