"""The marts of the current release in the engine's own catalogue, for those who read them from the lake.

Here: views that point at the tables of the published build. Not here: when they are set (after a publication or
a rollback), and the tables, which ``handover`` keeps as long as their release.
"""

from __future__ import annotations

from expectations.grains import views_of
from expectations.marts import COLUMNS, MARTS
from ingestion.settings import Settings
from ingestion.storage.landing import write_durably
from orchestration.releases.catalog import Release
from orchestration.spark import process
from orchestration.spark.handover import prefix_of, session_of

SHOWN = "shown_release"
"""The file of a home that names the release of the views."""


class ViewsError(Exception):
    """The views could not be set; they are those of the release before."""


def point_views(settings: Settings, release: Release) -> None:
    """Have the views of the configured database show a release, if they do not yet.

    Each view is replaced at once, one after the other: a catalogue has no transaction over several.

    Raises:
        ViewsError: the engine did not do it.
    """
    database, shown = settings.releases.catalog, settings.home / SHOWN
    if database is None or (shown.is_file() and shown.read_text() == release.release_id):
        return
    prefix = prefix_of(settings, release.build_id)
    folder = process.scratch(settings)
    engine = process.give(
        folder,
        {
            "session": session_of(settings, folder),
            "prefix": prefix,
            "kept": None,
            "location": "",
            "views": {},
            "schemas": [],
            "statements": [
                f"create database if not exists {database}",
                *(f"create or replace view {database}.{mart} as select * from {prefix}main.{mart}" for mart in MARTS),
                *(
                    f"create or replace view {database}.{view} as {query}"
                    for view, query in views_of(COLUMNS, f"{prefix}main.", "`{}`".format).items()
                ),
            ],
            "dbt": None,
            "counted": [f"main.{mart}" for mart in MARTS],
        },
    )
    if engine.wait():
        raise ViewsError(f"releases.catalog: {process.trouble(folder)}; the views are as they were, run again")
    write_durably(shown, release.release_id.encode())
