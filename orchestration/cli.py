"""The `causerie` command.

Here: arguments, exit statuses, and nothing that takes time to import. Not here: what the commands do.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from ingestion.settings import Settings

PUBLISHED, REFUSED, WRONG = 0, 1, 2
"""Exit statuses: published or nothing new; a batch or the build was refused; wrong configuration or usage."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="causerie")
def main() -> None:
    """A batch ELT warehouse for WhatsApp conversations.

    Takes conversations in from the systems where support teams work, builds the report tables overview, by_agent,
    by_tag and details, audits each build, and publishes only one that holds, as a DuckDB file.
    """


_config = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("causerie.toml"),
    show_default=True,
    help="The configuration file.",
)


@main.command()
@_config
@click.option(
    "--full-refresh", is_flag=True, help="Build from nothing, also where an update of the last build would do."
)
def run(config: Path, full_refresh: bool) -> None:
    """Take in what is new, build, audit and publish: one scheduled materialization.

    Exit status: 0 published, or nothing new; 1 a batch or the build was refused (what could be published is);
    2 wrong configuration or usage.
    """
    started = time.monotonic()
    from ingestion.intake import missing_sources

    settings = _settings(config)
    missing = missing_sources(settings)
    if missing:
        _stop("\n".join(f"{config}: {line}" for line in missing), WRONG)
    with _home_to_oneself(settings, config):
        from orchestration import dbt

        dbt.begin_parsing(settings)  # beside the imports, which take as long
        dbt.load_ahead(settings)
        gc.disable()  # what is imported stays: to look through it for garbage, again and again, finds none
        from orchestration.runner import run_job

        gc.freeze()
        gc.enable()
        _leave(run_job(settings, started, full_refresh=full_refresh))


@main.command()
@_config
@click.argument("sql")
def query(config: Path, sql: str) -> None:
    """Ask the current release one question in SQL: causerie query "select * from overview limit 5"."""
    import duckdb

    from orchestration.home import Home

    current = Home(_settings(config).home).current
    if not current.exists():
        _stop(f"{current}: nothing is published yet; run 'causerie run' first", REFUSED)
    with duckdb.connect(str(current), read_only=True, config={"enable_external_access": "false"}) as connection:
        try:
            answer = connection.sql(sql)
        except duckdb.Error as error:
            _stop(str(error), WRONG)
        if answer is not None:
            answer.show(max_width=200, max_rows=50)


@main.command()
@_config
def docs(config: Path) -> None:
    """Write dbt's documentation of the last build: every table and column, and how they come about."""
    from orchestration.dbt import generate_docs
    from orchestration.home import Home

    settings = _settings(config)
    if not Home(settings.home).open_build.exists():
        _stop(f"{settings.home}: nothing is built yet; run 'causerie run' first", REFUSED)
    with _home_to_oneself(settings, config):
        click.echo(generate_docs(settings))


@main.command()
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
        _stop(str(error), WRONG)
    if sys.stderr.isatty():
        _progress("")
    rows = ", ".join(f"{count:,} {entity}" for entity, count in summary.rows.items())
    click.echo(f"{summary.batches} batches: {rows}")
    click.echo(f"now: causerie run --config {summary.config}")


def _progress(message: str) -> None:
    """On one line of the terminal, each message over the one before."""
    click.echo(f"\r\033[K{message}", err=True, nl=False)


def _settings(config: Path) -> Settings:
    from ingestion.settings import SettingsError, load_settings

    try:
        return load_settings(config)
    except SettingsError as error:
        _stop(str(error), WRONG)


@contextmanager
def _home_to_oneself(settings: Settings, config: Path) -> Iterator[None]:
    """One command at a time works in a home. What goes wrong beside the job itself ends in a line."""
    from ingestion.settings import SettingsError
    from orchestration.home import BusyError, Home, lock, unlock

    home = Home(settings.home)
    try:
        lock(home)
    except BusyError as error:
        _stop(str(error), REFUSED)
    except OSError as error:
        _stop(f"{config}: home: {home.path}: {error.strerror}; name a folder that can be written", WRONG)
    try:
        yield
    except SettingsError as error:
        _stop(f"{config}: {error}", WRONG)
    except (OSError, RuntimeError) as error:
        _stop(f"the run could not be made: {error}; what was published before is untouched", REFUSED)
    finally:
        unlock(home)


def _leave(status: int) -> NoReturn:
    """End at once: Python takes two seconds to dismantle the libraries, and everything is written by now."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _stop(message: str, status: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(status)
