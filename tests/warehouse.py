"""The warehouse without its command: batches to marts in about a second, for tests that need it many times.

dbt takes seconds to start. Here its compiled models run in DuckDB as they are, in the order of the manifest and as
their materializations say; the end-to-end tests run the real thing.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import BaseBuild, create_build
from ingestion.builds.names import CANDIDATE
from ingestion.ingest import SourceReport, ingest_sources
from ingestion.settings import load_settings
from ingestion.source_kinds import EXPORT, LIVE_KINDS
from orchestration.dbt.process import MANIFEST, PROJECT, kinds_of, project_fingerprint, start
from orchestration.home import Home
from tests.comparison import Marts, read_marts
from tests.drops import write_config

BUILD = "warehouse.duckdb"
SCHEMAS = ("staging", "intermediate", "candidate.reporting")
"""Those that models write into, made before them."""


def build_marts(config: Path, *, ingest_first: bool = True, incremental: bool = False) -> Marts:
    """Ingest what is new and build the marts: a run without audit and publication.

    With ``incremental`` the build begins as a copy of the one that this function made before in the same home, if any.
    """
    if ingest_first:
        accept(config)
    settings = load_settings(config)
    folder = settings.home / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    build, before, known = folder / BUILD, folder / "before" / BUILD, folder / "batches.json"
    base = None
    if incremental and build.exists():
        before.parent.mkdir(exist_ok=True)
        build.rename(before)
        base = BaseBuild("before", before, frozenset(map(tuple, json.loads(known.read_text()))))
    for name in (BUILD, CANDIDATE):
        (folder / name).unlink(missing_ok=True)
    entries, segments = accepted_batches(settings)
    create_build(build, settings, entries, segments, base)
    known.write_text(json.dumps([(entry.source, entry.batch) for entry in entries]))
    run_models(build, kinds_of(settings), incremental=base is not None)
    return read_marts(build.with_name(CANDIDATE))


def quarantine(build: Path) -> list[tuple[object, ...]]:
    """What a build says about quarantined rows, in order."""
    columns = "source_system, entity, batch, file, nth_of_file, record_id, mended_by, reasons"
    with duckdb.connect(str(build), read_only=True) as connection:
        return connection.execute(f"select {columns} from intermediate.int_quarantine order by all").fetchall()


def accept(config: Path) -> list[SourceReport]:
    """Ingest what is new."""
    return ingest_sources(load_settings(config), lambda _: None)


def run_models(build: Path, kinds: frozenset[str] = frozenset([EXPORT]), *, incremental: bool = False) -> None:
    """Run every model on a build file, as dbt would; the marts go into the candidate beside it.

    ``kinds``: of the sources that the build has.
    """
    candidate = build.with_name(CANDIDATE)
    with duckdb.connect(str(build)) as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 1")  # of a few rows more would cost more
        connection.execute(f"attach '{candidate}' as candidate (storage_version 'v1.0.0')")
        for schema in SCHEMAS:
            connection.execute(f"create schema if not exists {schema}")
        for model in compiled_models(incremental, kinds):
            model.run(connection)


@dataclass(frozen=True)
class Model:
    """A compiled model and how it becomes a relation."""

    relation: str
    materialized: str
    sql: str
    parameters: Sequence[str] = ()

    def run(self, connection: duckdb.DuckDBPyConnection) -> None:
        if self.materialized == "table_macro":
            database, name = self.relation.split(".", 1)
            connection.execute(f"use {database}")
            connection.execute(f"create or replace macro {name}({', '.join(self.parameters)}) as table ({self.sql})")
            connection.execute(f"use {Path(BUILD).stem}")
            return
        if self.materialized != "incremental" or not self._exists(connection):
            kind = "view" if self.materialized == "view" else "table"
            connection.execute(f"create or replace {kind} {self.relation} as {self.sql}")
            return
        connection.execute(f"create or replace temp table recomputed as {self.sql}")
        for statement in filter(None, map(str.strip, _replace_affected(self.relation, connection).split(";"))):
            connection.execute(statement)

    def _exists(self, connection: duckdb.DuckDBPyConnection) -> bool:
        schema, name = self.relation.split(".")[-2:]
        query = "select count(*) from duckdb_tables() where schema_name = $1 and table_name = $2"
        return connection.execute(query, [schema, name]).fetchone() == (1,)


def _replace_affected(relation: str, connection: duckdb.DuckDBPyConnection) -> str:
    """The project's incremental strategy, by its macro."""
    columns = connection.execute("describe recomputed").fetchall()
    arguments = {
        "target_relation": relation,
        "temp_relation": "recomputed",
        "dest_columns": [{"name": name} for name, *_ in columns],
    }
    return str(_macros().get_incremental_replace_affected_sql(arguments))


@cache
def _macros() -> Any:
    environment = jinja2.Environment()
    environment.globals["ref"] = lambda name: f"intermediate.{name}"
    environment.globals["get_quoted_csv"] = lambda names: ", ".join(f'"{name}"' for name in names)
    return environment.from_string((PROJECT / "macros" / "updates.sql").read_text(encoding="utf-8")).module


@cache
def compiled_models(incremental: bool, kinds: frozenset[str] = frozenset([EXPORT])) -> list[Model]:
    """The models as they are in a full build or in an incremental one, each after those that it reads.

    dbt takes four seconds to compile them: what it gave stays beside the parsed project, until that changes.
    """
    name = "-".join([*sorted(kinds), "incremental" if incremental else "full"])
    kept = PROJECT / "target" / "compiled_for_tests" / project_fingerprint() / f"{name}.json"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_name(f".{name}.{os.getpid()}")
        fresh.write_text(json.dumps([asdict(model) for model in _compiled(incremental, kinds)]))
        fresh.replace(kept)
    return [Model(**model) for model in json.loads(kept.read_text())]


def _compiled(incremental: bool, kinds: frozenset[str]) -> list[Model]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "drop").mkdir()
        settings = load_settings(write_config(folder))
        sources = [source.model_copy(update={"kind": kind}) for source in settings.sources for kind in kinds]
        settings = settings.model_copy(update={"sources": sources})
        build, base = Home(settings.home).build("compiled"), None
        build.target.mkdir(parents=True)
        if incremental:
            base = BaseBuild("before", folder / BUILD, frozenset())
            create_build(base.database, settings, [], [])
            run_models(base.database)
        create_build(build.database, settings, [], [], base)
        process = start(settings, build, ["compile", "--exclude", "resource_type:test", "resource_type:unit_test"])
        assert process.stdout is not None
        output = process.stdout.read()
        assert process.wait() == 0, output
        nodes = json.loads((build.target / MANIFEST).read_text())["nodes"]
    models = {
        name: node for name, node in nodes.items() if node["resource_type"] == "model" and not _is_left_out(node, kinds)
    }
    order = TopologicalSorter({name: set(node["depends_on"]["nodes"]) & models.keys() for name, node in models.items()})
    return [_model(models[name]) for name in order.static_order()]


def _is_left_out(node: dict[str, Any], kinds: frozenset[str]) -> bool:
    """Whether a model is of a kind of source that is not there: as ``orchestration.defs.transform`` leaves it out."""
    if node["name"] == "int_whatsapp_messages":
        return not kinds & {"activecampaign", "meta_webhooks"}
    return node["fqn"][1] == "staging" and node["fqn"][2] in LIVE_KINDS and node["fqn"][2] not in kinds


def _model(node: dict[str, object]) -> Model:
    config = node["config"]
    assert isinstance(config, dict)
    schema = f"candidate.{node['schema']}" if node["database"] == "candidate" else node["schema"]
    return Model(
        f"{schema}.{node['alias']}",
        config["materialized"],
        str(node["compiled_code"]),
        config.get("parameters") or [],
    )
