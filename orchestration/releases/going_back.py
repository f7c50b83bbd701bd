"""Going back: readers see a kept release again.

Here: the order of its steps, with exports and the views of an engine. Not here: which releases there are, and the link
(``catalog``); what a command or a job says about a mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ingestion.settings import Settings
from orchestration.cli.summary import rolled_back_from
from orchestration.home import Home
from orchestration.releases import catalog, exports, publication
from orchestration.spark.views import point_views


def go_back(settings: Settings, wanted: str, now: datetime, say: Callable[[str], None]) -> None:
    """Make a kept release current again, older or newer. ``say`` is called with each line about what was done.

    Raises:
        UnknownReleaseError: no kept release is meant.
        UnpublishableError: it is not what was judged any more; readers keep the release they have.
        ViewsError: readers of releases see it, those of the engine's catalogue do not.
    """
    home = Home(settings.home)
    release = catalog.find(home, wanted)
    with publication.fresh_reader() as reader:
        publication.verify(catalog.file_of(home, release), release.contents, reader)
    had_exports = home.current_exports.is_dir()
    if settings.releases.parquet:
        exports.ensure(home, release)
    catalog.go_to(home, release, now)
    say(f"Readers now see {release.release_id}.")
    point_views(settings, release)
    if had_exports and not home.current_exports.is_dir():
        say(f"  it has no Parquet exports: {home.current_exports} is missing until a release has exports again")
    for left in catalog.gone_back_from(home):
        say(rolled_back_from(left.release_id))
