"""What the sub-commands share: the configuration, exit statuses, locking the home.

Here: how a command begins and ends. Not here: any command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

import click

from ingestion.shown import visible
from orchestration.cli import ending
from orchestration.cli.ending import PUBLISHED as PUBLISHED
from orchestration.cli.ending import REFUSED as REFUSED
from orchestration.cli.ending import WRONG as WRONG
from orchestration.cli.ending import leave as leave

if TYPE_CHECKING:
    from datetime import datetime

    from ingestion.settings import Settings
    from orchestration.home import Home


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("causerie.toml"),
    show_default=True,
    help="The configuration file.",
)
reason_option = click.option("--reason", required=True, help="Why. Kept, and listed with the releases.")


def read_settings(config: Path) -> Settings:
    """The configuration; an error in it ends the command."""
    from ingestion.settings import SettingsError, load_settings

    try:
        return load_settings(config)
    except SettingsError as error:
        stop(str(error), WRONG)


def home_of_this_user(settings: Settings) -> None:
    """End the command if the home belongs to another user, whose names and texts it would read."""
    from orchestration.home import Home, closed_to_us

    reason = closed_to_us(Home(settings.home))
    if reason is not None:
        stop(reason, WRONG)


@contextmanager
def home_to_oneself(settings: Settings, config: Path) -> Iterator[None]:
    """Lock the home: one command at a time works in it. An error on the way ends the command with a line."""
    from ingestion.machine import full_disk
    from ingestion.settings import SettingsError
    from orchestration.home import BusyError, Home, closed_to_us, lock, unlock
    from orchestration.releases.catalog import give_folders

    home = Home(settings.home)
    ending.go_on_without_output()
    ending.end_at_once(lambda: f"{_what_readers_keep(home)}; run again to continue")
    try:
        mended = lock(home)
    except BusyError as error:
        stop(str(error), REFUSED)
    except OSError as error:
        remedy = full_disk(home.path, str(error))
        if remedy is not None:
            stop(remedy, REFUSED)
        stop(
            closed_to_us(home) or f"{config}: home: {home.path}: {error.strerror}; name a folder that can be written",
            WRONG,
        )
    try:
        for line in filter(None, (mended, give_folders(home))):
            say(line, err=True)
        yield
    except SettingsError as error:
        stop(f"{config}: {error}", WRONG)
    except (OSError, RuntimeError) as error:
        remedy = full_disk(home.path, str(error))
        stop(f"{remedy or error}; the current release is unchanged", REFUSED)
    finally:
        unlock(home)


def _what_readers_keep(home: Home) -> str:
    if not home.current.is_symlink():
        return "nothing is published"
    return f"readers keep release {home.current.readlink().name}"


def opened(out: Path | None) -> AbstractContextManager[IO[str]]:
    """Where output goes: to the file of ``--out``, or to standard output."""
    try:
        return out.open("w", encoding="utf-8", newline="") if out else nullcontext(sys.stdout)
    except OSError as error:
        stop(f"--out: {out}: {error.strerror}; name a file that can be written", WRONG)


def say(message: str, *, err: bool = False) -> None:
    """Print lines in which no text of others acts on a terminal."""
    from orchestration.cli.terminal import lines

    click.echo(lines(message), err=err)


def say_over(message: str) -> None:
    """Show progress on one line of a terminal, each message over the one before."""
    from ingestion.shown import visible

    if sys.stderr.isatty():
        click.echo(f"\r\033[K{visible(message)}", err=True, nl=False)


def stop(message: str, status: int) -> NoReturn:
    """End with a message, unless a signal ends the command, which has its own."""
    if ending.is_stopped():
        raise ending.StoppedError
    say(message, err=True)
    sys.exit(status)


def decide(config: Path, decided: Callable[[Settings, datetime], object]) -> object:
    """What an operator decides or asks of the next run; where that is impossible, a message and the status WRONG."""
    from datetime import UTC, datetime

    from ingestion.decisions import DecisionError

    settings = read_settings(config)
    with home_to_oneself(settings, config):
        try:
            return decided(settings, datetime.now(UTC))
        except DecisionError as error:
            stop(visible(str(error)), WRONG)
