"""`causerie init`: a configuration to begin with.

Here: where it is written. Not here: its text (``orchestration.cli.starter``).
"""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.cli.commands.common import WRONG, say, stop


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def init(folder: Path) -> None:
    """Write a causerie.toml with comments into FOLDER (by default this one), and its drop folder.

    Exit status: 0 written; 2 there is one already, or the folder cannot be written.
    """
    from ingestion.shown import shell_word
    from orchestration.cli.starter import STARTER

    path = folder / "causerie.toml"
    try:
        (folder / "drop").mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(STARTER)
    except FileExistsError:
        stop(f"{path}: is there already; it is left as it is", WRONG)
    except OSError as error:
        stop(f"{path}: {error.strerror}; name a folder that can be written", WRONG)
    say(f"{path}: give the account its name and time zone, and put batches into {folder / 'drop'}")
    say(f"Next: causerie check my_export --config {shell_word(str(path))}")
