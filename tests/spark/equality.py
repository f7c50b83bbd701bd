"""Whether two engines made the same of the same home: every row and every value, without a tolerance.

Here: the comparison of the marts and of the tables of ``reporting``, in both directions. The numbers that a build gives
(of agents, lists of tags, conversations and contacts) are replaced by what they stand for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from expectations.marts import MARTS

NUMBERS = {
    "agent_no": "(select a from {side}_agents where no = {column})",
    "first_responder_no": "(select a from {side}_agents where no = {column})",
    "credited_no": "(select a from {side}_agents where no = {column})",
    "replier_no": "(select a from {side}_agents where no = {column})",
    "tag_set_no": "(select t from {side}_tags where no = {column})",
    "contact_tag_set_no": "(select t from {side}_tags where no = {column})",
    "traits_no": "(select t from {side}_traits where no = {column})",
    "conversation_key": "(select c from {side}_conversations where key = {column})",
    "contact_key": "(select c from {side}_contacts where key = {column})",
}
"""By column, what a number stands for."""
TRAITS = (
    *("account_no", "source_system", "source", "status", "team", "channel"),
    *("is_answered", "is_rated", "started_in_working_hours"),
)
"""What a number of traits stands for."""


MACROS = (
    "select function_name, parameters, macro_definition from duckdb_functions()"
    " where function_type = 'table_macro' and not internal"
)


def differences(
    releases: Mapping[str, Path], conversations: Mapping[str, Path | str]
) -> dict[str, tuple[int, int, int]]:
    """Of each table: its rows in the first release, those that only the first has, and those that only the second has.

    ``releases``: two files by a name for each. ``conversations``: where the keys of conversations and contacts are that
    each was made from: the private file of a build, or files of Parquet.
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; set scalar_subquery_error_on_multiple_rows = true")
        for side, path in releases.items():
            connection.execute(f"attach '{path}' as {side} (read_only)")
            connection.execute(
                f"create temp table {side}_agents as select agent_no as no, [account_id, source_system, agent_id] as a"
                f" from {side}.reporting.agents"
            )
            connection.execute(
                f"create temp table {side}_tags as select tag_set_no as no, tags as t from {side}.reporting.tag_sets"
            )
            connection.execute(
                f"create temp table {side}_traits as select traits_no as no,"
                f" struct_pack({', '.join(f'{name} := {name}' for name in TRAITS)}) as t from {side}.reporting.traits"
            )
            keys = f"read_parquet('{conversations[side]}')"
            if isinstance(conversations[side], Path):
                connection.execute(f"attach '{conversations[side]}' as {side}_build (read_only)")
                keys = f"{side}_build.intermediate.int_conversations"
            connection.execute(
                f"create temp table {side}_conversations as select conversation_key as key,"
                f" [source_system, conversation_id] as c from {keys}"
            )
            connection.execute(
                f"create temp table {side}_contacts as select distinct contact_key as key,"
                f" [source_system, contact_id] as c from {keys} where contact_key is not null"
            )
        one, other = releases
        tables = [f"main.{mart}" for mart in MARTS]
        tables += [
            f"reporting.{name}"
            for (name,) in connection.execute(
                f"select table_name from duckdb_tables() where database_name = '{one}' and schema_name = 'reporting'"
                " order by all"
            ).fetchall()
        ]
        found = {table: _compared(connection, table, one, other) for table in tables}
        macros = [f"({MACROS} and database_name = '{side}')" for side in releases]
        return found | {"macros": _counted(connection, macros, macros[0])}


def _compared(connection: duckdb.DuckDBPyConnection, table: str, one: str, other: str) -> tuple[int, int, int]:
    return _counted(connection, [_meaning(connection, table, side) for side in (one, other)], f"{one}.{table}")


def _counted(connection: duckdb.DuckDBPyConnection, rows: Sequence[str], relation: str) -> tuple[int, int, int]:
    """The rows of a relation, and those of each of two queries that the other does not have."""
    one, other = rows
    queries = (relation, f"({one} except all {other})", f"({other} except all {one})")
    first, *rest = (connection.execute(f"select count(*) from {query}").fetchall()[0][0] for query in queries)
    return first, rest[0], rest[1]


def _meaning(connection: duckdb.DuckDBPyConnection, table: str, side: str) -> str:
    """A query of a table in which no number of a build is left."""
    columns = [name for name, *_ in connection.execute(f"describe {side}.{table}").fetchall()]
    values = []
    for name in columns:
        if name not in NUMBERS or table.startswith("main."):
            values.append(f"rows.{name}")
        elif table not in (f"reporting.{name.removesuffix('_no')}s", f"reporting.{name.removesuffix('_no')}"):
            values.append(NUMBERS[name].format(side=side, column=f"rows.{name}") + f" as {name}")
    return f"select {', '.join(values)} from {side}.{table} as rows"
