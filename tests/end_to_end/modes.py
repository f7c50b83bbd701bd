"""Who may read what a run leaves: its user alone all that holds names and texts, everybody the releases."""

from __future__ import annotations

import stat
from pathlib import Path

_PRIVATE = ("landing", "raw", "builds", "dbt", "ledger.sqlite", "run.log", "last_run.json", "lock")


def private(home: Path) -> list[Path]:
    """All that only the user of the home may read."""
    found = [home / name for name in _PRIVATE] + sorted(home.glob("releases/*/data_docs"))
    return found + [inside for path in found for inside in path.rglob("*") if not inside.is_symlink()]


def open_to_others(home: Path) -> list[str]:
    """What of that others may read, write or enter."""
    return [str(path.relative_to(home)) for path in private(home) if stat.S_IMODE(path.stat().st_mode) & 0o077]


def closed_to_others(home: Path) -> list[str]:
    """What a BI tool under another user needs, and could not open; or could write to."""
    releases = home / "releases"
    current = (releases / "current").resolve()
    exported = [path for path in [current / "parquet"] if path.exists()]
    folders = [home.parent, home, releases, current, *exported]
    files = [current / "causerie.duckdb", *releases.glob("*/release.json")]
    files += [file for folder in exported for file in folder.iterdir()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (*files, *folders)}
    return [
        f"{path} {mode:o}"
        for path, mode in modes.items()
        if mode & 0o022 or mode & 0o444 != 0o444 or (path in folders and mode & 0o111 != 0o111)
    ]
