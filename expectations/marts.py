"""The marts: their names and their keys, read from where the dbt project declares them; and those of an extension.

Here: the one list of ours, and which ones a file holds, for whoever judges, publishes, exports or compares marts. Not
here: what they hold (``dbt_project/models/marts``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import yaml

from ingestion.sql import sql_text

_DECLARED = Path(__file__).resolve().parents[1] / "dbt_project" / "models" / "marts" / "_marts__models.yml"


MODELS: list[dict[str, Any]] = yaml.load(_DECLARED.read_bytes(), yaml.CSafeLoader)["models"]
"""Each mart as dbt's YAML describes it: name, description, and columns with their types and descriptions."""
COLUMNS = {model["name"]: tuple(column["name"] for column in model["columns"]) for model in MODELS}
"""Each mart with its columns."""
MARTS: dict[str, tuple[str, ...]] = {
    model["name"]: tuple(test["unique_rows"]["arguments"]["columns"])
    for model in MODELS
    for test in model["data_tests"]
    if "unique_rows" in test
}
"""Each mart with the columns of its key. ``agent_id`` may be NULL, which is one value like any other."""


def columns_of(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    """The columns of each mart in an attached file."""
    marts = marts_of(connection, database)
    found = connection.execute(
        "select table_name, list(column_name order by column_index) from duckdb_columns()"
        f" where database_name = {sql_text(database)} and schema_name = 'main' group by table_name"
    ).fetchall()
    return {name: columns for name, columns in found if name in marts}


def marts_of(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> list[str]:
    """The marts in a file, ours first; an extension adds to them. ``database``: as which it is attached."""
    named = "current_database()" if database is None else sql_text(database)
    found = connection.execute(
        f"select table_name from duckdb_tables() where database_name = {named} and schema_name = 'main'"
        " and table_name <> 'release' order by all"
    ).fetchall()
    return sorted((name for (name,) in found), key=lambda name: [*MARTS, name].index(name))
