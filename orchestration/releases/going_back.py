"""Going back: readers see a kept release again.

Here: the order of its steps, with exports, the views of an engine, and targets. Not here: which releases there are, and
the link (``catalog``); what a command or a job says about a mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ingestion.settings import Settings
from orchestration.cli.summary import rolled_back_from
from orchestration.home import Home
from orchestration.postgres.server import TargetError
from orchestration.postgres.target import why_not_right
from orchestration.releases import catalog, exports, publication
from orchestration.run_record import read_record
from orchestration.spark.views import point_views


def go_back(settings: Settings, wanted: str, now: datetime, say: Callable[[str], None]) -> None:
    """Make a kept release current again, older or newer. ``say`` is called with each line about what was done.

    Raises:
        UnknownReleaseError: no kept release is meant.
        UnpublishableError: it is not what was judged any more; readers keep the release they have.
        ViewsError: readers of releases see it, those of the engine's catalogue do not.
        TargetError: readers of releases see it, those of some targets do not.
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
    failed = _publish_again(settings, now)
    if had_exports and not home.current_exports.is_dir():
        say(f"  it has no Parquet exports: {home.current_exports} is missing until a release has exports again")
    for left in catalog.gone_back_from(home):
        say(rolled_back_from(left.release_id))
    if failed:
        raise TargetError("; ".join(failed))


def _publish_again(settings: Settings, now: datetime) -> list[str]:
    """Have each target show what is current now; why some do not, which also the record says from now on."""
    home = Home(settings.home)
    failures = {target.name: why_not_right(settings, target, lambda _: None) for target in settings.publish}
    record = read_record(home.record)
    if record is not None and failures:
        for name, failure in failures.items():
            record.target_tried(name, failure, now.isoformat())
        record.write(home.record)
    return list(filter(None, failures.values()))
