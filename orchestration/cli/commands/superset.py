"""`causerie superset`: a bundle of datasets, charts and a dashboard for Apache Superset.

Here: its options. Not here: what the bundle holds (``reports.superset``).
"""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.cli import ending
from orchestration.cli.commands import files
from orchestration.cli.commands.common import WRONG, config_option, read_settings, say, stop


@click.command()
@config_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("causerie-superset.zip"),
    show_default=True,
    help="The ZIP to write.",
)
@click.option("--uri", help="SQLAlchemy's address of the tables, without a password; by default the current release.")
@click.option("--schema", default="causerie", show_default=True, help="The schema of the views, in PostgreSQL.")
@click.option("--name", default="causerie", show_default=True, help="What Superset calls the connection.")
def superset(config: Path, out: Path, uri: str | None, schema: str, name: str) -> None:
    """Write a bundle that Apache Superset imports: datasets, charts and a dashboard.

    The datasets are the views of one grain (overview_day, …) and details, with descriptions of their columns, and with
    metrics that are right at any grouping. Importing a bundle again replaces what it brought before; bundles of several
    configurations need a --name each.
    """
    from orchestration.home import Home
    from reports.superset.bundle import MASK, duckdb_uri, has_password, write_bundle

    ending.go_on_without_output()
    if uri is None:
        uri = duckdb_uri(Home(read_settings(config).home).current_file.absolute())
    elif has_password(uri):
        stop(f"--uri: holds a password; write {MASK} in its place, and Superset asks for it at the import", WRONG)
    with files.whole(out) as path:
        assert path
        write_bundle(path, uri, name, schema)
    say("Import it in Superset, under Dashboards.")
