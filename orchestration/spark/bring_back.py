"""The tables that Spark made become the files of a build, as dbt on DuckDB would have left them.

Here: reading them back. Not here: what is judged and published of them, which is as of any build.

dbt itself makes both files first, with all tables empty: so names, types, comments and the table macros are those of
any build. Then the rows come in. A row that did not come, or a column of another type, fails the build.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from ingestion.settings import Settings
from ingestion.sql import first_line, sql_files, sql_text
from orchestration.dbt import process as dbt_process
from orchestration.home import Build
from orchestration.spark.handover import brought_back, storage_of
from orchestration.spark.process import RESULT


class BringBackError(Exception):
    """What came back is not what the engine made."""


def bring_back(settings: Settings, build: Build, progress: Callable[[str], None]) -> dict[str, int]:
    """Fill the files of a build with what the engine made of it; the rows of each table.

    Raises:
        BringBackError: dbt could not make the files, or what came back is not what the engine made.
    """
    process = dbt_process.start(
        settings,
        build,
        ["run", "--empty", "--full-refresh", *dbt_process.left_out(settings)],
        build.folder / "skeleton",
    )
    assert process.stdout is not None
    output = process.stdout.read()  # its standard input stays open: when that ends, it ends, too
    if process.wait():
        raise BringBackError(f"dbt could not make the empty tables: {output.decode(errors='replace')[-2000:]}")
    counts = json.loads((build.folder / RESULT).read_text())["rows"]
    storage = storage_of(settings)
    rows = {}
    with duckdb.connect(str(build.database)) as connection, tempfile.TemporaryDirectory(dir=build.folder) as scratch:
        connection.execute(f"set TimeZone = 'UTC'; set memory_limit = {sql_text(settings.resources.memory_limit)}")
        connection.execute(f"attach {sql_text(build.candidate)} as candidate")
        for table, target in brought_back().items():
            progress(f"{table} comes back")
            folder = f"builds/{build.id}/tables/{table.replace('.', '/')}"
            files = []
            for number, name in enumerate(sorted(storage.sizes(folder))):
                if name.endswith(".parquet"):
                    files.append(Path(scratch, f"{table}-{number}.parquet"))
                    storage.get(f"{folder}/{name}", files[-1])
            try:
                rows[table] = fill(connection, target, files, counts[table])
            except duckdb.Error as error:
                raise BringBackError(f"{table}: {first_line(error)}") from None
            for file in files:
                file.unlink()
    return rows


def fill(connection: duckdb.DuckDBPyConnection, target: str, files: list[Path], count: int) -> int:
    """Replace the rows of a table by those of files; how many these are."""
    connection.execute(f"delete from {target}")  # constants stand in a model whose sources are empty
    if files:
        found = f"read_parquet({sql_files(files)})"
        _refuse_other_columns(connection, target, found)
        (inserted,) = connection.execute(f"insert into {target} by name select * from {found}").fetchall()[0]
    else:
        inserted = 0
    if inserted != count:
        raise BringBackError(f"{target}: {inserted:,} rows came back of the {count:,} that the engine made")
    return int(inserted)


def _refuse_other_columns(connection: duckdb.DuckDBPyConnection, target: str, found: str) -> None:
    """Refuse rows of other columns or of other types than a table has; whole numbers may be of another width."""
    wanted, there = (
        {name: "whole number" if kind.endswith("INT") or kind == "INTEGER" else kind for name, kind, *_ in described}
        for described in (
            connection.execute(f"describe select * from {relation}").fetchall() for relation in (target, found)
        )
    )
    wrong = [f"{name} {there.get(name, 'is missing')}" for name in wanted if wanted[name] != there.get(name)]
    wrong += [f"{name} is unknown" for name in there if name not in wanted]
    if wrong:
        raise BringBackError(f"{target}: its columns came back otherwise: {', '.join(wrong)}")
