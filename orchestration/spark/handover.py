"""What a build on Spark is made from: copies of raw and of the configuration in the engine's storage.

Here: the copies, and the part of the order that says where they are. Not here: which segments count (the ledger says,
never a listing of the storage), dbt's project, and what comes back (``bring_back``).

The storage holds, in a folder of this home:

* ``raw/<source>/<segment>/<entity>.parquet``: the rows that a build file's view of raw has, of one segment. A segment
  never changes, so it is copied once. ``copied.json`` has the bytes and the SHA-256 of each file, and is written last.
  Drivers have no checksum in common, so each file is read back once, when it is written; later its bytes are counted.
* ``builds/<build>/``: the tables of the configuration, and what the engine makes of it all.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from expectations.marts import MARTS
from ingestion.builds.build_file import raw_rows
from ingestion.raw.segments import Segment
from ingestion.settings import Settings
from ingestion.source_kinds import EXPORT, LIVE_KINDS, entities_of, shape_of_records
from ingestion.sql import sql_text
from orchestration.dbt import PROJECT
from orchestration.home import Build, Home
from orchestration.releases import catalog
from orchestration.spark.storage import Storage, StorageError

HANDED_OVER = "handed_over.json"
COPIED = "copied.json"
_Write = Callable[[str, str], dict[str, Any]]
"""Writes the rows of a query into the storage, as a file of a name; its bytes and checksum."""


def storage_of(settings: Settings) -> Storage:
    """Where the engine of a configuration reads and writes: other homes may have the same address."""
    address = (settings.engine.storage or str(settings.home / "engine")).rstrip("/")
    return Storage(f"{address}/{prefix_of_home(settings)}".rstrip("_"))


def hand_over(settings: Settings, build: Build, segments: Sequence[Segment], progress: Callable[[str], None]) -> None:
    """Copy what a build is made from to where the engine reads it, and write the order for it.

    Raises:
        SettingsError, StorageError: there is no such storage, or a copy is not what was written.
    """
    storage = storage_of(settings)
    with (
        duckdb.connect(str(build.database), read_only=True) as connection,
        tempfile.TemporaryDirectory(dir=build.folder) as scratch,
    ):
        connection.execute(f"set memory_limit = {sql_text(settings.resources.memory_limit)}")
        write = partial(_write, connection, Path(scratch, "rows.parquet"), storage)
        views = _raw(write, settings, build, segments, storage, progress)
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'settings' order by all"
        ).fetchall():
            name = f"builds/{build.id}/settings/{table}.parquet"
            write(f"from settings.{table}", name)
            views[f"settings.{table}"] = storage.of_engine(name)
    prefix, kept = prefix_of(settings, build.id), builds_kept(settings)
    handed_over = {
        "session": session_of(settings, build.folder),
        "prefix": prefix,
        "location": storage.of_engine(f"builds/{build.id}/tables"),
        "kept": [prefix_of(settings, before) for before in kept],
        "views": views,
    }
    (build.folder / HANDED_OVER).write_text(json.dumps(handed_over))
    _remove_others(storage, [build.id, *kept], segments)


def builds_kept(settings: Settings) -> list[str]:
    """The builds before this one whose tables stay: those of kept releases, where views may show them."""
    if settings.releases.catalog is None:
        return []
    return [release.build_id for release in catalog.kept(Home(settings.home))]


def prefix_of(settings: Settings, build_id: str) -> str:
    """What the names of the schemas of a build begin with."""
    return f"{prefix_of_home(settings)}{hashlib.sha256(build_id.encode()).hexdigest()[:8]}_"


def prefix_of_home(settings: Settings) -> str:
    """What the names of all schemas of a home begin with, in a catalogue that other homes may use, too."""
    return f"causerie_{hashlib.sha256(str(settings.home).encode()).hexdigest()[:8]}_"


def session_of(settings: Settings, folder: Path) -> dict[str, Any]:
    """How a session is made: its address, and its configuration beside what every build needs.

    ``folder``: where one on this machine has its scratch space.
    """
    engine = settings.engine
    if engine.remote:
        return {"remote": engine.remote, "conf": engine.conf}
    scratch = str(folder.resolve() / "spill")
    threads = settings.resources.threads or os.cpu_count() or 1
    alone = {
        "spark.master": f"local[{threads}]",
        "spark.sql.shuffle.partitions": str(8 * threads),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    conf = {
        **({} if "spark.master" in engine.conf else alone),  # the machines of a cluster must reach this one
        "spark.driver.memory": f"{settings.resources.memory_bytes >> 20}m",
        "spark.local.dir": scratch,
        "spark.sql.warehouse.dir": scratch,
        "spark.ui.enabled": "false",
    }
    return {"remote": None, "conf": conf | engine.conf}


def _raw(
    write: _Write,
    settings: Settings,
    build: Build,
    segments: Sequence[Segment],
    storage: Storage,
    progress: Callable[[str], None],
) -> dict[str, str]:
    """The address of each entity of raw, by schema and name."""
    kind_of = {source.name: shape_of_records(source.kind) for source in settings.sources}
    held: defaultdict[str, list[str]] = defaultdict(list)
    for number, segment in enumerate(segments, 1):
        progress(f"copying raw to the engine's storage, segment {number} of {len(segments)}")
        kind = kind_of[segment.listed.source]
        folder = f"raw/{segment.listed.source}/{segment.folder.name}"
        for name in _copied(write, segment, kind, storage, folder):
            held[f"{kind}.{name}"].append(f"{segment.listed.source}/{segment.folder.name}")
    views = {}
    for kind in (EXPORT, *(kind for kind in LIVE_KINDS if kind in kind_of.values())):
        for entity in entities_of(kind).values():
            view = f"{kind}.{entity.name}"
            if view in held:
                views[view] = storage.of_engine(f"raw/{{{','.join(held[view])}}}/{entity.name}.parquet")
            else:
                name = f"builds/{build.id}/nothing/{view}.parquet"
                write(raw_rows(entity, []), name)
                views[view] = storage.of_engine(name)
    return views


def _copied(write: _Write, segment: Segment, kind: str, storage: Storage, folder: str) -> Iterable[str]:
    """The entities of a segment, copied now or before; those copied before are there as they were written."""
    try:
        copied: Mapping[str, Any] = json.loads(storage.read(f"{folder}/{COPIED}") or "{}")
    except ValueError:  # a run was killed while it wrote this
        copied = {}
    there = storage.sizes(folder) if copied else {}
    if copied and all(there.get(f"{name}.parquet") == about["bytes"] for name, about in copied.items()):
        return copied
    copied = {
        name: write(raw_rows(entities_of(kind)[name], [segment]), f"{folder}/{name}.parquet")
        for name, parts in segment.listed.parts.items()
        if parts
    }
    with tempfile.NamedTemporaryFile() as file:
        file.write(json.dumps(copied).encode())
        file.flush()
        storage.put(Path(file.name), f"{folder}/{COPIED}")
    return copied


def _write(
    connection: duckdb.DuckDBPyConnection, scratch: Path, storage: Storage, rows: str, name: str
) -> dict[str, Any]:
    """Write rows as a file of Parquet, by way of one on this machine; its bytes and checksum.

    Raises:
        StorageError: what the storage gives back is not what was written.
    """
    connection.execute(f"copy ({rows}) to {sql_text(scratch)} (format parquet, compression zstd)")
    about = _described(scratch)
    storage.put(scratch, name)
    storage.get(name, scratch)
    if _described(scratch) != about:
        raise StorageError(f"{storage.of_engine(name)}: is not there as it was written; run again")
    return about


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _remove_others(storage: Storage, builds: Sequence[str], segments: Sequence[Segment]) -> None:
    """Remove what no build will read: copies of segments that were joined or retired, and other builds."""
    for other in storage.folders("builds"):
        if other not in builds:
            storage.remove(f"builds/{other}")
    kept = {(segment.listed.source, segment.folder.name) for segment in segments}
    for source in storage.folders("raw"):
        for name in storage.folders(f"raw/{source}"):
            if (source, name) not in kept:
                storage.remove(f"raw/{source}/{name}")


def brought_back() -> dict[str, str]:
    """The tables that come back: of each its schema and name in the engine, and its name in the files of a build."""
    tables = (PROJECT / "models" / "reports" / "tables").glob("reporting_*.sql")
    reporting = sorted(path.stem.removeprefix("reporting_") for path in tables)
    return {
        **{f"main.{mart}": f"candidate.main.{mart}" for mart in MARTS},
        **{f"reporting.{name}": f"candidate.reporting.{name}" for name in reporting},
        **{f"intermediate.{name}": f"intermediate.{name}" for name in ("int_row_accounting", "int_quarantine")},
    }
