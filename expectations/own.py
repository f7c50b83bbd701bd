"""Suites of the user's own: the modules in the folder ``expectations`` of an extension (docs/extending.md).

Here: finding them, and making the frame and the expectations of each. Not here: their evaluation (``verdict``), which
is that of any suite. A module that cannot be used is a suite with a mistake, which refuses the build.
"""

from __future__ import annotations

import ast
import runpy
import traceback
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.frames import opened
from ingestion.limits import Quality
from ingestion.settings import SettingsError

if TYPE_CHECKING:
    import pandas

QUERY, EXPECTATIONS = "QUERY", "expectations"
"""What a module has: SQL that makes its frame, and a function of the limits that gives what is expected of that."""
MOST_ROWS = 100_000
"""Of a frame, which pandas holds in memory: SQL makes it small."""


@dataclass(frozen=True)
class OwnSuite:
    """What a module expects, and its frame; or the mistake for which it cannot be used."""

    name: str
    expected: tuple[Any, ...] = ()
    frame: pandas.DataFrame | None = None
    mistake: str = ""


def described(extension: Path | None, taken: Collection[str] = ()) -> dict[str, str]:
    """The names of the user's own suites, each with what its module says of itself. ``taken``: names of other suites.

    Raises:
        SettingsError: a module is not Python, or its name is of no use; one line for each.
    """
    found: dict[str, str] = {}
    wrong = []
    for path in _modules(extension):
        try:
            found[path.stem] = ast.get_docstring(ast.parse(path.read_bytes(), path.name)) or ""
        except (SyntaxError, ValueError) as error:
            wrong.append(f"{path.name}: {error}")
        if path.stem in taken or not path.stem.isidentifier():
            wrong.append(f"{path.name}: a suite of ours is called so, or no suite can be; give it another name")
    if wrong:
        raise SettingsError("\n".join(f"extension.path: expectations/{mistake}" for mistake in wrong))
    return found


def own_suites(extension: Path | None, build: Path, candidate: Path, limits: Quality) -> list[OwnSuite]:
    """The user's own suites on a build, whose marts are in the file ``candidate``."""
    with opened(build, candidate) as connection:
        connection.execute("set python_enable_replacements = false")  # a table is never a variable of ours
        connection.execute(f"set search_path = 'candidate.main,{build.stem}.intermediate'")
        return [_suite(connection, path, limits) for path in _modules(extension)]


def _modules(extension: Path | None) -> list[Path]:
    found = (extension / "expectations").glob("*.py") if extension else ()
    return sorted(path for path in found if path.name != "__init__.py")


def _suite(connection: duckdb.DuckDBPyConnection, path: Path, limits: Quality) -> OwnSuite:
    from great_expectations.expectations.expectation import Expectation

    try:
        module = runpy.run_path(str(path))  # leaves no __pycache__
        missing = [name for name in (QUERY, EXPECTATIONS) if name not in module]
        if missing:
            raise ValueError(f"it has no {' and no '.join(missing)}")
        rows = connection.sql(module[QUERY])
        if rows is None:
            raise ValueError(f"{QUERY} gives no rows; write a select")
        frame = rows.limit(MOST_ROWS + 1).df()
        if len(frame) > MOST_ROWS:
            raise ValueError(f"{QUERY} gives more than {MOST_ROWS:,} rows; have SQL sum them up")
        expected = tuple(module[EXPECTATIONS](limits))
        if not expected or not all(isinstance(one, Expectation) for one in expected):
            raise ValueError(f"{EXPECTATIONS}() gives no list of Great Expectations' expectations")
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f"line {lines[-1]}: " if lines else ""
        kind = "" if isinstance(error, duckdb.Error) else f"{type(error).__name__}: "
        return OwnSuite(path.stem, mistake=f"{where}{kind}{' '.join(str(error).split())}")
    return OwnSuite(path.stem, expected, frame)
