"""For who looks after releases: `causerie releases`, `causerie rollback`, `causerie publish`.

Here: their options and how they are shown. Not here: what a release is (``orchestration.releases``).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from orchestration.commands.common import (
    REFUSED,
    WRONG,
    config_option,
    home_to_oneself,
    leave,
    read_settings,
    say,
    stop,
)


@click.command()
@config_option
@click.option("--format", "shape", type=click.Choice(["table", "json"]), default="table", show_default=True)
def releases(config: Path, shape: str) -> None:
    """List the releases that are kept: when, data through, rows, verdict, warnings; the current one is marked."""
    from dataclasses import asdict

    from orchestration import releases
    from orchestration.home import Home

    home = Home(read_settings(config).home)
    now, there, left = releases.current(home), releases.kept(home), releases.gone_back_from(home)
    if shape == "json":
        listed = [asdict(release) | {"is_current": release == now} for release in there]
        say(json.dumps(listed, indent=1, ensure_ascii=False))
        return
    if not there:
        say(f"{home.releases}: nothing is published yet; run 'causerie run' first")
        return
    from rich.table import Table

    from orchestration.summary import minute
    from orchestration.terminal import Terminal

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "release", "published", "data through", "details", "quarantined (open)", "verdict"):
        is_count = name in ("details", "quarantined (open)")
        table.add_column(name, justify="right" if is_count else "left", no_wrap=True)
    notes: list[str] = []
    for release in there:
        mark = "*" if release == now else "<" if release in left else ""
        warned = f"{len(release.warnings)} warned" if release.warnings else "holds"
        table.add_row(
            mark,
            release.release_id,
            minute(release.published_at),
            minute(release.data_through),
            f"{release.rows['details']:,}",
            f"{release.rows_quarantined:,} ({release.rows_quarantined_open:,})",
            f"{warned}, {release.evaluated} expectations",
        )
        notes += [f"{release.release_id}: {line}" for line in release.decisions]
    notes += [f"warning: {line}" for line in now.warnings] if now else []
    console = Terminal(sys.stdout)
    console.print(table)
    console.print()
    for note in notes:
        console.say(note)
    marks = "* what readers see" + ("; < gone back from, 'causerie rollback ID' goes forward again" if left else "")
    console.say((f"{marks}; instants in UTC", "dim"))


@click.command()
@config_option
@click.argument("release_id", metavar="ID")
def rollback(config: Path, release_id: str) -> None:
    """Have readers see a kept release again; ID may be its beginning, or 'previous'. Forward again works the same way.

    The releases behind it stay. A run with nothing new leaves it so; the next news are published on top of all that is
    accepted: a batch that spoiled a release is set aside by 'causerie reject'.
    """
    settings = read_settings(config)
    with home_to_oneself(settings, config):
        from datetime import UTC, datetime

        from orchestration import exports, publication, releases
        from orchestration.home import Home

        home = Home(settings.home)
        try:
            release = releases.find(home, release_id)
            with publication.fresh_reader() as reader:
                publication.verify(releases.file_of(home, release), release.contents, reader)
            had_exports = home.current_exports.is_symlink()
            if settings.releases.parquet:
                exports.ensure(home, release)
        except releases.UnknownReleaseError as error:
            stop(str(error), WRONG)
        except (publication.UnpublishableError, exports.ExportError) as error:
            stop(f"{error}; readers keep what they have", REFUSED)
        releases.go_to(home, release, datetime.now(UTC))
        say(f"Readers see {release.release_id} now.")
        if had_exports and not home.current_exports.is_symlink():
            say(f"  it has no Parquet exports: {home.current_exports} is gone until a release has them again")
        for left in releases.gone_back_from(home):
            say(f"  gone back from {left.release_id}: 'causerie rollback {left.release_id}' goes forward again")


@click.command()
@config_option
def publish(config: Path) -> None:
    """Publish the last build, where a run was stopped after its audit: of it the same is demanded as in a run.

    Exit status: 0 published; 1 there is no build with a verdict that holds for exactly it.
    """
    started = time.monotonic()
    settings = read_settings(config)
    with home_to_oneself(settings, config):
        from orchestration.runner import publish_last_build

        leave(publish_last_build(settings, started))
