"""`causerie query`: SQL on the current release, on the terminal or as a file.

Here: its options. Not here: what the tables hold (``docs/figures.md``), files (``reports.downloads``), and how a
terminal shows rows (``orchestration.cli.query_table``).
"""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.cli.commands import files
from orchestration.cli.commands.common import REFUSED, WRONG, config_option, read_settings, stop


@click.command()
@config_option
@click.argument("sql")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(files.FORMATS),
    help="By default the format that the ending of --out names, otherwise table.",
)
@files.out_option
def query(config: Path, sql: str, file_format: str | None, out: Path | None) -> None:
    """Run SQL on the current release: causerie query "select * from overview limit 5".

    A terminal shows the first rows and says how many there are. A pipe and a file get all rows and columns: as table,
    csv (RFC 4180, UTF-8, NULL empty, nested values as JSON), json (one array) or parquet. Instants are UTC, unless the
    SQL begins with: set TimeZone = 'Europe/Paris'; Of several statements the last one is shown.

    Exit status: 0 whether there are rows or not; 1 nothing is published yet, or not everything could be written;
    2 wrong configuration or usage, or SQL that fails.
    """
    shape = files.format_of(file_format, out, files.FORMATS)
    settings = read_settings(config)

    import duckdb

    from orchestration.cli.query_table import write_table
    from orchestration.home import Home
    from reports import published
    from reports.downloads import answer

    try:
        file = published.file_of_link(Home(settings.home).current_file)
        with files.reading(published.connect_any, file, settings, shape, out) as connection:
            rows = answer(connection, sql)
            if rows is None:
                stop("this SQL answers with no rows; end it with a query, such as: from overview", WRONG)
            with files.whole(out) as path:
                files.write(rows, shape, path, lambda file: write_table(rows, file))
    except published.UnreadableError as error:
        stop(str(error), REFUSED)
    except duckdb.Error as error:
        stop(str(error), WRONG)
