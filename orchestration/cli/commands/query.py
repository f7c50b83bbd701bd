"""`causerie query`: one SQL query on the current release.

Here: its options and its table. Not here: what the tables hold (``docs/figures.md``).
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

import click

from orchestration.cli.commands.common import REFUSED, WRONG, config_option, read_settings, stop


@click.command()
@config_option
@click.argument("sql")
def query(config: Path, sql: str) -> None:
    """Run one SQL query on the current release: causerie query "select * from overview limit 5"."""
    import duckdb

    from orchestration.cli.terminal import Visible
    from orchestration.home import Home

    current = Home(read_settings(config).home).current_file
    if not current.exists():
        stop(f"{current}: nothing is published yet; run 'causerie run' first", REFUSED)
    with duckdb.connect(str(current), read_only=True, config={"enable_external_access": "false"}) as connection:
        try:
            result = connection.sql(sql)
        except duckdb.Error as error:
            stop(str(error), WRONG)
        if result is not None:
            with redirect_stdout(Visible(sys.stdout)):
                result.show(max_width=200, max_rows=50)
