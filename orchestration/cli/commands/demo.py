"""`causerie demo`: made-up conversations to try causerie with.

Here: its options. Not here: the conversations (``demo_data``).
"""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.cli import ending
from orchestration.cli.commands.common import WRONG, say, say_over, stop


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to, new or empty.")
@click.option("--conversations", type=click.IntRange(min=1), default=2000, show_default=True, help="Number of them.")
@click.option("--days", type=click.IntRange(min=1), default=90, show_default=True, help="Number of days they cover.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["ndjson", "csv", "parquet"]),
    default="ndjson",
    show_default=True,
    help="Format of the files.",
)
def demo(out: Path, conversations: int, days: int, seed: int, file_format: str) -> None:
    """Write made-up conversations of two accounts as export files, and a causerie.toml that reads them."""
    from demo_data import write_demo
    from ingestion.shown import shell_word

    ending.go_on_without_output()

    try:
        summary = write_demo(
            out,
            conversations=conversations,
            days=days,
            seed=seed,
            file_format=file_format,
            progress=say_over,
        )
    except ValueError as error:
        stop(str(error), WRONG)
    say_over("")
    rows = ", ".join(f"{count:,} {entity}" for entity, count in summary.rows.items())
    say(f"{summary.batches} batches: {rows}")
    say(f"Next: causerie run --config {shell_word(str(summary.config))}")
