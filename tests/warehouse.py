"""The warehouse without its command: batches to marts in about a second, for tests that need it many times.

dbt takes seconds to start. Here its compiled models run in DuckDB as they are, in the order of the manifest; the
end-to-end tests run the real thing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from ingestion.catalog import create_build
from ingestion.intake import SourceReport, accepted_batches, take_in
from ingestion.settings import load_settings
from orchestration.dbt import PROJECT
from tests.comparison import Marts, read_marts

BUILD = "warehouse.duckdb"


def build_marts(config: Path, *, take_in_first: bool = True) -> Marts:
    """Take in what is new and build the marts: a run without audit and publication."""
    if take_in_first:
        accept(config)
    settings = load_settings(config)
    build = settings.home / "tests" / BUILD
    build.parent.mkdir(parents=True, exist_ok=True)
    build.unlink(missing_ok=True)
    create_build(build, settings, *accepted_batches(settings))
    run_models(build)
    return read_marts(build, "marts")


def accept(config: Path) -> list[SourceReport]:
    """Take in what is new."""
    return take_in(load_settings(config), lambda _: None)


def run_models(build: Path) -> None:
    """Run every model on a build file, as dbt would."""
    with duckdb.connect(str(build)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for schema in ("staging", "intermediate", "marts"):
            connection.execute(f"create schema if not exists {schema}")
        for relation, kind, sql in _compiled_models():
            connection.execute(f"create or replace {kind} {relation} as {sql}")


@cache
def _compiled_models() -> list[tuple[str, str, str]]:
    """Relation, kind and SQL of each model, each after those that it reads."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / BUILD
        duckdb.connect(str(database)).close()
        environment = {"CAUSERIE_BUILD_FILE": str(database), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        subprocess.run(
            [
                str(Path(sys.executable).with_name("dbt")),
                "compile",
                "--quiet",
                "--no-introspect",
                "--project-dir",
                str(PROJECT),
                "--profiles-dir",
                str(PROJECT),
                "--target-path",
                folder,
                "--log-path",
                folder,
            ],
            env=environment,
            cwd=PROJECT,
            check=True,
            capture_output=True,
        )
        nodes = json.loads((Path(folder) / "manifest.json").read_text())["nodes"]
    models = {name: node for name, node in nodes.items() if node["resource_type"] == "model"}
    order = TopologicalSorter({name: set(node["depends_on"]["nodes"]) & models.keys() for name, node in models.items()})
    return [
        (f"{models[name]['schema']}.{models[name]['name']}", models[name]["config"]["materialized"], sql)
        for name in order.static_order()
        for sql in [models[name]["compiled_code"]]
    ]
