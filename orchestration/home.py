"""The folders of one home, and the lock that lets one run at a time work in it.

Here: where things lie. Not here: what is in them.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingestion.build_files import CANDIDATE, DATABASE


class BusyError(Exception):
    """Another run is at work in this home."""


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
        """The file with the marts that becomes the release: dbt writes it, publication moves it."""
        return self.folder / CANDIDATE

    @property
    def target(self) -> Path:
        """dbt's artifacts: manifest, run results, compiled SQL."""
        return self.folder / "target"

    @property
    def verdict(self) -> Path:
        """What the expectations say of this build."""
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
        """The link that readers open."""
        return self.releases / "current.duckdb"

    @property
    def current_exports(self) -> Path:
        """The link to the Parquet exports of what readers open; none where that has no exports."""
        return self.releases / "current-parquet"

    @property
    def log(self) -> Path:
        """What Dagster and dbt said in the last run of the command."""
        return self.path / "run.log"

    @property
    def record(self) -> Path:
        """What came of the last run."""
        return self.path / "last_run.json"

    @property
    def dbt(self) -> Path:
        """dbt's parsed project, kept from run to run."""
        return self.path / "dbt"

    @property
    def open_build(self) -> Path:
        """A link to the running job's build, or the last one's: a path that stays the same, as dbt's parse needs it."""
        return self.path / "builds" / "open"

    def build(self, run_id: str) -> Build:
        """The build of a run."""
        return Build(self.path / "builds" / run_id)

    def last_build(self) -> Build:
        """The build of the last run that made one, whether it is there any more or not."""
        return Build(self.open_build.resolve())

    def builds(self) -> list[Build]:
        """All builds that are kept."""
        folder = self.path / "builds"
        return (
            [Build(entry) for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink()]
            if folder.is_dir()
            else []
        )


_held: dict[Path, IO[str]] = {}


def lock(home: Home) -> None:
    """Take the home for this process; the lock ends with the process, however it ends.

    Raises:
        BusyError: another process holds it.
    """
    path = home.path / "lock"
    if path in _held:
        return
    home.path.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise BusyError(
            f"{home.path}: another run ({holder or 'just starting'}) is at work here; wait for it to end"
        ) from None
    file.truncate(0)
    file.write(f"process {os.getpid()}")
    file.flush()
    _held[path] = file


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
    """Give the home back before the process ends."""
    file = _held.pop(home.path / "lock", None)
    if file is not None:
        file.close()
