"""dbt by hand: any of its commands, on a copy of the last build.

Here: the copy, and how dbt is called on it. Not here: the command line (``cli.commands.dbt``), and dbt in a run
(``process``). A copy is a file of its own: whatever is done to it, the build and the release are as they were.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ingestion.builds.build_file import add_absent_kinds
from ingestion.settings import Settings
from ingestion.source_kinds import EXPORT, LIVE_KINDS
from ingestion.storage.landing import copy_file
from orchestration import processes
from orchestration.dbt import PROJECT, extension
from orchestration.dbt.process import EXECUTABLE, PARTIAL_PARSE, environment
from orchestration.home import Build, Home

_OF = "copy_of"
"""The file that names the build whose copy is whole."""


def copy_of_last_build(settings: Settings) -> Build:
    """The copy of the last build, made anew when that is another one; the home is locked meanwhile.

    Raises:
        FileNotFoundError: there is no build.
    """
    home = Home(settings.home)
    last, copy = home.last_build(), Build(home.dbt / "copy")
    with suppress(FileNotFoundError):
        if (copy.folder / _OF).read_text() == last.id:
            return copy
    shutil.rmtree(copy.folder, ignore_errors=True)
    copy.target.mkdir(parents=True)
    copy_file(last.database, copy.database)
    add_absent_kinds(copy.database)
    if last.candidate.exists():
        copy_file(last.candidate, copy.candidate)
    with suppress(FileNotFoundError):
        shutil.copyfile(home.dbt / "loaded" / PARTIAL_PARSE, copy.target / PARTIAL_PARSE)
    (copy.folder / _OF).write_text(last.id)
    return copy


def call(settings: Settings, copy: Build, arguments: Sequence[str]) -> int:
    """Call dbt with these arguments, which it gets as they are; its exit status."""
    folder = copy.folder.resolve()
    places = {"PROJECT_DIR": PROJECT, "PROFILES_DIR": PROJECT, "TARGET_PATH": copy.target, "LOG_PATH": copy.target}
    variables = environment(settings.resources, (EXPORT, *LIVE_KINDS)) | extension.environment(settings)
    variables |= {f"DBT_{name}": str(Path(path).resolve()) for name, path in places.items()}
    return processes.start([str(EXECUTABLE), *arguments], variables, cwd=folder, umask=0o077).wait()
