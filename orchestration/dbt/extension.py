"""An extension: the user's own models, macros and tests, which dbt finds as a package beside our project.

Here: the package, what it holds, and what it must not hold. Not here: how dbt is called (``process``), and the user's
own expectations (``expectations.own``). Our project stays the root, and is not written to: a package refers to its
models and uses its macros, and cannot change, disable or overrule any of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from expectations.grains import views_of
from ingestion.settings import Settings, SettingsError
from orchestration.dbt import PROJECT
from orchestration.home import Home

PACKAGE = "extension"
"""What dbt calls it."""
_OF_DBT = ("models", "macros", "tests")
_FOLDERS = (*_OF_DBT, "expectations")
_READ = (".sql", ".py", ".yml", ".yaml", ".md")
_PROJECT = f"""\
# Written at each run. The folder of a model says what becomes of it.
name: {PACKAGE}
config-version: 2
seed-paths: []
snapshot-paths: []
analysis-paths: []
models:
  {PACKAGE}:
    intermediate: # stays in the build
      +materialized: table
      +schema: intermediate
    marts: # is published
      +materialized: table
      +database: candidate
      +schema: main
      +persist_docs: {{relation: true, columns: true}}
"""
_PLACES = {
    "intermediate": ("warehouse", "intermediate", ("table", "view", "ephemeral")),
    "marts": ("candidate", "main", ("table",)),
}
"""By folder: the database and the schema of its models, and how they may be materialized."""


def environment(settings: Settings) -> dict[str, str]:
    """The variable by which our project finds the package, which is put there; nothing without an extension.

    Raises:
        SettingsError: there is no such folder, nothing in it, or models that would be in the way of ours.
    """
    folder = settings.extension.path
    if folder is None:
        return {}
    if not any((folder / name).is_dir() for name in _FOLDERS):
        raise SettingsError(
            f"extension.path: {folder} has none of the folders {', '.join(_FOLDERS)}; create one, or correct the path"
        )
    models = [path for path in sorted((folder / "models").rglob("*")) if path.suffix in (".sql", ".py")]
    _refuse(f"{path.relative_to(folder)}: {mistake}" for path in models if (mistake := _misplaced(folder, path)))
    packages = Home(settings.home).dbt / "packages"
    package = packages / PACKAGE
    package.mkdir(parents=True, exist_ok=True)
    for name in _OF_DBT:
        link = package / name
        if not link.is_symlink() or link.readlink() != folder / name:
            link.unlink(missing_ok=True)
            link.symlink_to(folder / name)
    project = package / "dbt_project.yml"
    if not project.is_file() or project.read_text() != _PROJECT:
        project.write_text(_PROJECT)
    return {"CAUSERIE_PACKAGES": str(packages)}


def files(folder: Path | None) -> Iterator[tuple[str, bytes]]:
    """The files of an extension by name, in order: with other content it is another one."""
    if folder is None:
        return
    for name in _FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            if path.suffix in _READ and path.is_file():
                yield str(path.relative_to(folder)), path.read_bytes()


def refuse_misconfigured(manifest: Path) -> None:
    """Refuse models whose configuration puts them elsewhere than their folder does.

    Raises:
        SettingsError: there are such models; one line for each.
    """
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    own = (node for node in nodes if node["resource_type"] == "model" and node["package_name"] == PACKAGE)
    _refuse(f"{node['original_file_path']}: {mistake}" for node in own if (mistake := _misconfigured(node)))


def _refuse(mistakes: Iterable[str]) -> None:
    lines = [f"extension.path: {mistake}" for mistake in mistakes]
    if lines:
        raise SettingsError("\n".join(lines))


def _misplaced(folder: Path, model: Path) -> str | None:
    from expectations.marts import COLUMNS  # with DuckDB, which other commands need not load

    name, (_, place, *below) = model.stem, model.relative_to(folder).parts
    if not re.fullmatch("[a-z_][a-z0-9_]*", name):
        return "the name of a model consists of small letters, digits and underscores; give it such a name"
    if name in {"release", *views_of(COLUMNS)} or any((PROJECT / "models").rglob(f"{name}.sql")):
        return f"causerie has a table '{name}'; give the model another name"
    if place not in _PLACES or not below:
        return "move it to models/marts, from where it is published, or to models/intermediate"
    return None


def _misconfigured(node: dict[str, Any]) -> str | None:
    folder = node["fqn"][1]
    database, schema, materialized = _PLACES[folder]
    if node["config"]["materialized"] not in materialized:
        return f"a model of models/{folder} is a {' or '.join(materialized)}; change 'materialized'"
    if (node["database"], node["schema"], node["alias"]) != (database, schema, node["name"]):
        return "its folder says where it goes; remove 'database', 'schema' and 'alias' from its configuration"
    return None
