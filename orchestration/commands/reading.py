"""For who reads, and who tries: `causerie query`, `causerie docs`, `causerie demo`.

Here: their options. Not here: what they show.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

import click

from orchestration import ending
from orchestration.commands.common import (
    REFUSED,
    WRONG,
    config_option,
    home_of_this_user,
    home_to_oneself,
    read_settings,
    say,
    stop,
)


@click.command()
@config_option
@click.argument("sql")
def query(config: Path, sql: str) -> None:
    """Ask the current release one question in SQL: causerie query "select * from overview limit 5"."""
    import duckdb

    from orchestration.home import Home
    from orchestration.terminal import Visible

    current = Home(read_settings(config).home).current
    if not current.exists():
        stop(f"{current}: nothing is published yet; run 'causerie run' first", REFUSED)
    with duckdb.connect(str(current), read_only=True, config={"enable_external_access": "false"}) as connection:
        try:
            answer = connection.sql(sql)
        except duckdb.Error as error:
            stop(str(error), WRONG)
        if answer is not None:
            with redirect_stdout(Visible(sys.stdout)):
                answer.show(max_width=200, max_rows=50)


@click.command()
@config_option
def docs(config: Path) -> None:
    """Write dbt's documentation of the last build: every table and column, and how they come about."""
    from orchestration import publication, releases
    from orchestration.dbt import generate_docs
    from orchestration.home import Home

    settings = read_settings(config)
    home_of_this_user(settings)
    if not Home(settings.home).open_build.exists():
        stop(f"{settings.home}: nothing is built yet; run 'causerie run' first", REFUSED)
    with home_to_oneself(settings, config):
        home = Home(settings.home)
        build = home.last_build()
        for release in releases.kept(home):
            if release.build_id == build.id:  # a run that was killed in between has published it, and not said so
                publication.link_candidate(home, build, release)
        say(str(generate_docs(settings)))


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
@click.option("--conversations", type=click.IntRange(min=1), default=2000, show_default=True, help="How many.")
@click.option("--days", type=click.IntRange(min=1), default=90, show_default=True, help="Over how many days.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["ndjson", "csv", "parquet"]),
    default="ndjson",
    show_default=True,
    help="Of the files.",
)
def demo(out: Path, conversations: int, days: int, seed: int, file_format: str) -> None:
    """Write a drop with made-up conversations of two accounts, and a causerie.toml that reads it."""
    from ingestion.demo import write_demo
    from ingestion.shown import shell_word

    ending.go_on_without_output()

    try:
        summary = write_demo(
            out,
            conversations=conversations,
            days=days,
            seed=seed,
            file_format=file_format,
            progress=_progress if sys.stderr.isatty() else None,
        )
    except ValueError as error:
        stop(str(error), WRONG)
    if sys.stderr.isatty():
        _progress("")
    rows = ", ".join(f"{count:,} {entity}" for entity, count in summary.rows.items())
    say(f"{summary.batches} batches: {rows}")
    say(f"now: causerie run --config {shell_word(str(summary.config))}")


def _progress(message: str) -> None:
    """On one line of the terminal, each message over the one before."""
    click.echo(f"\r\033[K{message}", err=True, nl=False)
