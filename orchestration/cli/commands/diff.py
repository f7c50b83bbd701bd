"""`causerie diff`: what changed between two kept releases.

Here: its options. Not here: the comparison (``orchestration.releases.differences``) and its formats.
"""

from __future__ import annotations

from pathlib import Path

import click

from expectations.grains import GRAINS
from orchestration.cli.commands.common import REFUSED, WRONG, config_option, opened, read_settings, stop

LINES_ON_A_TERMINAL = 50


@click.command()
@config_option
@click.argument("a", default="previous")
@click.argument("b", default="current")
@click.option(
    "--grain",
    type=click.Choice(GRAINS),
    help="Grain of the figures, month by default; with --mart, only rows of this grain.",
)
@click.option(
    "--mart",
    metavar="MART",
    help="List the changed rows of one mart, such as details, instead of the figures by period.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help=f"Number of lines, 0 for all; by default {LINES_ON_A_TERMINAL} in a table of --mart, otherwise all.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="csv holds one table, the figures or the rows of --mart; json holds everything in one document.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def diff(
    config: Path,
    a: str,
    b: str,
    grain: str | None,
    mart: str | None,
    limit: int | None,
    file_format: str,
    out: Path | None,
) -> None:
    """Show what changed from release A to release B, mart by mart, and which figures late data restated.

    A and B are ids of kept releases, beginnings of ids, `current`, or `previous`: the newest kept release that is
    older than the current one. By default, previous is compared with current.

    Exit status: 0 whether anything differs or not; 1 nothing is published yet, or a file cannot be read; 2 wrong
    configuration or usage.
    """
    settings = read_settings(config)

    import duckdb

    from expectations.marts import MARTS
    from ingestion.sql import first_line
    from orchestration.cli import difference_formats as formats
    from orchestration.cli.terminal import Visible
    from orchestration.home import Home
    from orchestration.releases import catalog
    from orchestration.releases.differences import IncomparableError, compare

    if mart and mart not in MARTS:
        stop(f"--mart: there is no mart '{mart}'; the marts are {', '.join(MARTS)}", WRONG)
    if mart and grain and "grain" not in MARTS[mart]:
        stop(f"--grain: rows of {mart} have no grain; leave it out", WRONG)
    home = Home(settings.home)
    if not catalog.kept(home):
        stop(f"{home.current_file}: nothing is published yet; run 'causerie run' first", REFUSED)
    if limit is None and mart and file_format == "table":
        limit = LINES_ON_A_TERMINAL
    query = formats.Query(mart, grain or (None if mart else "month"), limit or None)
    write = {"table": formats.write_table, "csv": formats.write_csv, "json": formats.write_json}[file_format]
    try:
        before, after = (catalog.file_of(home, catalog.find(home, name)) for name in (a, b))
        with compare(before, after, settings.resources.memory_limit) as comparison, opened(out) as file:
            acts = file_format != "table" and file.isatty()  # what a table shows is escaped cell by cell
            write(comparison, query, Visible(file) if acts else file)
    except catalog.UnknownReleaseError as error:
        stop(str(error), WRONG)
    except IncomparableError as error:
        stop(str(error), REFUSED)
    except duckdb.Error as error:
        stop(first_line(error), REFUSED)
