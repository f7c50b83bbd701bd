"""The folders of one home, the lock that lets one run at a time work in it, and who may read what.

Here: where things are. Not here: what is in them.

A home holds names, phone numbers and texts. From the moment a process locks it, a umask keeps everything that the
process, its threads and its children create to its user. Releases are for other users, too: whoever writes one sets its
mode.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingestion.builds.names import CANDIDATE, DATABASE
from ingestion.storage.ledger import LEDGER

RELEASE_FILE = "causerie.duckdb"
"""The database in the folder of a release. BI tools remember it as the name of the catalogue."""
DBT_PAGE = "static_index.html"
"""As dbt calls its documentation in one file."""
_LOOK_AGAIN = 0.5
"""Seconds between two looks at whether another process has ended."""
_ITS_USER_ALONE = 0o077
"""The umask of a process that works in a home."""


class BusyError(Exception):
    """Another run is in progress in this home."""


@dataclass(frozen=True)
class Build:
    """The folder of one run: its database files, dbt's artifacts, its verdict and Data Docs."""

    folder: Path

    @property
    def id(self) -> str:
        """The id of the run that it belongs to."""
        return self.folder.name

    @property
    def database(self) -> Path:
        """The private file with everything that leads to the marts: dbt is its only writer."""
        return self.folder / DATABASE

    @property
    def candidate(self) -> Path:
        """The file with the marts: dbt writes it, publication makes it the release."""
        return self.folder / CANDIDATE

    @property
    def target(self) -> Path:
        """dbt's artifacts: manifest, run results, compiled SQL."""
        return self.folder / "target"

    @property
    def verdict(self) -> Path:
        """What the expectations say about this build."""
        return self.folder / "verdict.json"

    @property
    def docs(self) -> Path:
        """Data Docs of its audit."""
        return self.folder / "data_docs"

    @property
    def plan(self) -> Path:
        """What the build is made from."""
        return self.folder / "plan.json"


@dataclass(frozen=True)
class Home:
    """Where a configuration's data lives."""

    path: Path

    @property
    def releases(self) -> Path:
        """The published files."""
        return self.path / "releases"

    @property
    def current(self) -> Path:
        """The link to the folder of the current release."""
        return self.releases / "current"

    @property
    def current_file(self) -> Path:
        """The database of the current release, which readers open."""
        older = self.releases / "current.duckdb"  # all that there is until this version has worked in the home
        return older if older.is_symlink() and not self.current.is_symlink() else self.current / RELEASE_FILE

    @property
    def current_exports(self) -> Path:
        """The Parquet exports of the current release, if it has any."""
        return self.current / "parquet"

    @property
    def identity(self) -> Path:
        """What tells this home from others, in a PostgreSQL that shows its releases."""
        return self.path / "identity"

    @property
    def log(self) -> Path:
        """What Dagster and dbt said in the last run of the command."""
        return self.path / "run.log"

    @property
    def record(self) -> Path:
        """The record of the last run."""
        return self.path / "last_run.json"

    @property
    def alerts(self) -> Path:
        """Which troubles each channel has been told of."""
        return self.path / "alerts.json"

    @property
    def alerts_lock(self) -> Path:
        """Held by the process that tells."""
        return self.path / "alerts.lock"

    @property
    def dbt(self) -> Path:
        """dbt's parsed project, kept from run to run."""
        return self.path / "dbt"

    @property
    def dbt_docs(self) -> Path:
        """dbt's documentation of the project, as one page."""
        return self.dbt / DBT_PAGE

    @property
    def dagster(self) -> Path:
        """Dagster's history of runs, unless it is kept elsewhere; no run removes it."""
        return self.path / "dagster"

    @property
    def open_build(self) -> Path:
        """A link to the build of the running job, or of the last one: dbt's parsed project needs a path that stays."""
        return self.path / "builds" / "open"

    def private(self) -> list[Path]:
        """The existing paths that only its user may read. Nothing else below the home is touched."""
        names = ("landing", "raw", "builds", "dbt", "dagster", LEDGER, "lock")
        ours = (*(self.path / name for name in names), self.log, self.record, self.alerts, self.alerts_lock)
        there = [path for path in ours if os.access(path, os.F_OK)]
        return [*there, *self.releases.glob("*Z-*/data_docs"), *self.releases.glob("*-data-docs")]

    def build(self, run_id: str) -> Build:
        """The build of a run."""
        return Build(self.path / "builds" / run_id)

    def last_build(self) -> Build:
        """The build of the last run that made one; it may be removed by now."""
        return Build(self.open_build.resolve())

    def builds(self) -> list[Build]:
        """All builds that are kept."""
        folder = self.path / "builds"
        return (
            [Build(entry) for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink()]
            if folder.is_dir()
            else []
        )


_held: dict[Path, tuple[IO[str], int]] = {}
"""Of each home that this process has locked: the file of the lock, and the umask before it."""


def lock(home: Home, wait: Callable[[str], None] | None = None) -> str | None:
    """Lock the home for this process; the lock ends with the process, however it ends.

    Files that an older version left readable for other users are closed to them; then a line that says so is returned.

    ``wait``: told that another process holds it, which is then waited for.

    Raises:
        BusyError: another process holds it, and it is not waited for.
        OSError: the home cannot be created, or belongs to another user.
    """
    path = home.path / "lock"
    if path in _held:
        return None
    before = keep_private(home)
    try:
        file = path.open("a+")
        has_told = False
        while not _is_ours(file):
            file.seek(0)
            holder = f"{home.path}: another run ({file.read().strip() or 'just starting'}) is in progress here"
            if wait is None:
                file.close()
                raise BusyError(f"{holder}; wait for it to end")
            if not has_told:
                wait(f"{holder}; this one begins when it has ended")
                has_told = True
            time.sleep(_LOOK_AGAIN)
        mended = _close_to_others(home)
    except BaseException:
        os.umask(before)
        raise
    file.truncate(0)
    file.write(f"process {os.getpid()}")
    file.flush()
    _held[path] = file, before
    return mended


def _is_ours(file: IO[str]) -> bool:
    """Whether this process has got the lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def keep_private(home: Home) -> int:
    """Keep what this process creates from now on to its user, and create the home. Returns the umask before."""
    make_readable_folder(home.path)
    return os.umask(_ITS_USER_ALONE)


def umask_of_user(home: Home) -> int:
    """The umask of the user, for files that are written for others while this process works in the home."""
    return _held[home.path / "lock"][1]


def make_readable_folder(folder: Path) -> None:
    """Create a folder and its parents so that every user may look into them; an existing one keeps its mode."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o755)


def _close_to_others(home: Home) -> str | None:
    """Close to other users what a umask let them read. Links are left alone: they may name a release."""
    open_ones = [path for path in home.private() if path.stat().st_mode & _ITS_USER_ALONE]
    for path in open_ones:
        _close(path)
        for folder, folders, files in os.walk(path):
            for inside in (Path(folder, name) for name in (*folders, *files)):
                if not inside.is_symlink():
                    _close(inside)
    if not open_ones:
        return None
    names = ", ".join(path.name for path in open_ones)
    return f"{home.path}: other users could read {names}, which may contain names, numbers and texts; now they cannot"


def _close(path: Path) -> None:
    path.chmod(path.stat().st_mode & ~_ITS_USER_ALONE & 0o7777)


def closed_to_us(home: Home) -> str | None:
    """Why this user cannot work in a home, nor see its status; None if the user can."""
    if not (os.access(home.path, os.F_OK) and home.path.is_dir()):
        return None
    if os.access(home.path, os.R_OK | os.X_OK) and all(os.access(path, os.R_OK) for path in home.private()):
        return None
    try:
        owner = home.path.owner()
    except KeyError:
        owner = f"user {home.path.stat().st_uid}"
    return f"{home.path}: belongs to {owner}: run this as that user; what is published can be read by everybody"


def is_locked(home: Home) -> bool:
    """Whether another process is at work in the home."""
    try:
        with (home.path / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def unlock(home: Home) -> None:
    """Unlock the home before the process ends."""
    held = _held.pop(home.path / "lock", None)
    if held is not None:
        file, before = held
        os.umask(before)
        file.close()
