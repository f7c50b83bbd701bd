"""What a candidate holds, as row counts and checksums: they tie a verdict to exactly what it judged.

Here: checksums of the marts, and of what the reports for any filter are made from. ``python -m expectations.contents``
reads the path of a file as a line of JSON, and prints them as JSON. Not here: whether the
contents are good (``verdict``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

from expectations.marts import marts_of
from ingestion.sql import sql_file, sql_name, sql_text

REPORTING = "reporting"
"""The schema of the tables that the reports for any filter are made from."""
MACROS = "macros"
OF_ROWS = "count(*), bit_xor(hash(rows)), sum(cast(hash(rows) as hugeint))"


def contents(candidate: Path) -> dict[str, list[str]]:
    """The number of rows and a checksum over every value, whatever the order of the rows, of each table by name.

    The tables are the marts and those of the schema ``reporting``; ``macros`` stands for the SQL of the reports.
    """
    with duckdb.connect(str(candidate), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        relations = {mart: sql_name(mart) for mart in marts_of(connection)}
        # no parameter: at the first one of a process DuckDB imports pandas, which takes a quarter of a second
        for (table,) in connection.execute(
            f"select table_name from duckdb_tables() where schema_name = {sql_text(REPORTING)} order by all"
        ).fetchall():
            relations[f"{REPORTING}.{table}"] = f"{REPORTING}.{table}"
        relations[MACROS] = (
            "(select function_name, parameters, macro_definition from duckdb_functions()"
            " where function_type = 'table_macro' and not internal)"
        )
        return {name: _checksum(connection, relation) for name, relation in relations.items()}


def contents_of_files(files: Mapping[str, Path]) -> dict[str, list[str]]:
    """As :func:`contents`, of Parquet files: equal to a table's if their rows and the types of their columns are."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {name: _checksum(connection, f"read_parquet({sql_file(path)})") for name, path in files.items()}


def _checksum(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [str(value) for value in connection.execute(f"select {OF_ROWS} from {relation} as rows").fetchone() or ()]


if __name__ == "__main__":
    print(json.dumps(contents(Path(json.loads(sys.stdin.readline())))))
