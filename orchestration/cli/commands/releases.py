"""`causerie releases`: the releases that are kept.

Here: its options and its table. Not here: what a release is (``orchestration.releases.catalog``).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from orchestration.cli.commands.common import config_option, read_settings, say


@click.command()
@config_option
@click.option("--format", "shape", type=click.Choice(["table", "json"]), default="table", show_default=True)
def releases(config: Path, shape: str) -> None:
    """List the kept releases: when published, data through, rows and verdict. The current one is marked."""
    from dataclasses import asdict

    from orchestration.home import Home
    from orchestration.releases import catalog

    home = Home(read_settings(config).home)
    now, there, left = catalog.current(home), catalog.kept(home), catalog.gone_back_from(home)
    if shape == "json":
        listed = [asdict(release) | {"is_current": release == now} for release in there]
        say(json.dumps(listed, indent=1, ensure_ascii=False))
        return
    if not there:
        say(f"{home.releases}: nothing is published yet; run 'causerie run' first")
        return
    from rich.table import Table

    from orchestration.cli.tables import minute
    from orchestration.cli.terminal import Terminal

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "release", "published", "data through", "details", "quarantined (open)", "verdict"):
        is_count = name in ("details", "quarantined (open)")
        table.add_column(name, justify="right" if is_count else "left", no_wrap=True)
    notes: list[str] = []
    for release in there:
        mark = "*" if release == now else "<" if release in left else ""
        warned = f"{len(release.warnings)} warned" if release.warnings else "passed"
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
    marks = "* current" + ("; < rolled back, 'causerie rollback ID' returns to it" if left else "")
    console.say((f"{marks}; times in UTC", "dim"))
