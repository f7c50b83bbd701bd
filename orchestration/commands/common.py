"""What the sub-commands share: the configuration, exit statuses, the home to oneself.

Here: how a command begins and ends. Not here: any command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from ingestion.settings import Settings

PUBLISHED, REFUSED, WRONG = 0, 1, 2
"""Exit statuses: published or nothing new; a batch or the build was refused; wrong configuration or usage."""


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("causerie.toml"),
    show_default=True,
    help="The configuration file.",
)


def read_settings(config: Path) -> Settings:
    """The configuration; a mistake in it ends the command."""
    from ingestion.settings import SettingsError, load_settings

    try:
        return load_settings(config)
    except SettingsError as error:
        stop(str(error), WRONG)


@contextmanager
def home_to_oneself(settings: Settings, config: Path) -> Iterator[None]:
    """One command at a time works in a home. What goes wrong beside its errand itself ends in a line."""
    from ingestion.machine import full_disk
    from ingestion.settings import SettingsError
    from orchestration.home import BusyError, Home, lock, unlock

    home = Home(settings.home)
    try:
        lock(home)
    except BusyError as error:
        stop(str(error), REFUSED)
    except OSError as error:
        remedy = full_disk(home.path, str(error))
        if remedy is not None:
            stop(remedy, REFUSED)
        stop(f"{config}: home: {home.path}: {error.strerror}; name a folder that can be written", WRONG)
    try:
        yield
    except SettingsError as error:
        stop(f"{config}: {error}", WRONG)
    except (OSError, RuntimeError) as error:
        remedy = full_disk(home.path, str(error))
        stop(f"{remedy or error}; what was published before is untouched", REFUSED)
    finally:
        unlock(home)


def opened(out: Path | None) -> AbstractContextManager[IO[str]]:
    """Where output goes: into the file of ``--out``, or to standard output."""
    try:
        return out.open("w", encoding="utf-8", newline="") if out else nullcontext(sys.stdout)
    except OSError as error:
        stop(f"--out: {out}: {error.strerror}; name a file that can be written", WRONG)


def leave(status: int) -> NoReturn:
    """End at once: Python takes two seconds to dismantle the libraries, and everything is written by now."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def stop(message: str, status: int) -> NoReturn:
    """End with a message."""
    click.echo(message, err=True)
    sys.exit(status)
