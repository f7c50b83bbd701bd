"""What the last build knows of delivered records: looked up once, for the judgement of their batches and for the build.

Here: finding the versions in force of delivered keys, and keeping what was found in a run for the build that follows.
Not here: comparing their clocks (``restatements``), or which build may be looked into (its ``CarriedOver`` says).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingestion.builds.build_file import CarriedOver
from ingestion.export_format import Entity
from ingestion.sql import sql_text

TABLE = "known_records"
"""What dbt finds in ``settings``: source_no, entity, record_id, updated_at (UTC), conversation_no (of what hangs on
one)."""
_COLUMNS = "source_no smallint, entity varchar, record_id varchar, updated_at timestamp, conversation_no bigint"


class InForce:
    """The versions in force in a build of the records that a run delivers.

    To look for delivered keys among all that a source ever told is what grows with a history in a day's run: so it is
    done once.
    """

    def __init__(self) -> None:
        """Nothing has been looked up yet."""
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._build: CarriedOver | None = None
        self._batches: set[tuple[str, str]] = set()

    def begin(self, connection: duckdb.DuckDBPyConnection, build: CarriedOver) -> None:
        """Look into a build from now on."""
        if self._build is None:
            connection.execute(f"attach {sql_text(build.database)} as last_build (read_only)")
            connection.execute(f"create temp table {TABLE} ({_COLUMNS})")
            self._connection, self._build = connection, build

    def look_up(self, entity: Entity, source_no: int, delivered: str) -> str:
        """SQL of the versions in force of the records that a query delivers, with the columns of ``clocks.versions``.

        Of these only: to compute anything for all that a source ever told takes longer than to look for them. That keys
        are not empty goes without saying; but only where the side that asks is filtered, DuckDB looks into the other
        one before it reads all of its columns.
        """
        assert self._connection is not None
        hangs = any(column.name == "conversation_id" for column in entity.columns) and entity.key != "conversation_id"
        self._connection.execute(
            f"create or replace temp table delivered_keys as select distinct key from ({delivered})"
        )
        self._connection.execute(
            f"create or replace temp table in_force as select {entity.key} as record_id, {entity.clock} as clock,"
            f" updated_at, {'conversation_no' if hangs else 'null::bigint'} as conversation_no"
            f" from last_build.intermediate.int_{entity.name} where source_no = {source_no}"
            f" and {entity.key} in (select key from delivered_keys where key <> '')"
        )
        self._connection.execute(
            f"insert into {TABLE} select {source_no}, {sql_text(entity.name)}, record_id, updated_at, conversation_no"
            " from in_force"
        )
        return (
            "select record_id as key, make_timestamptz(epoch_us(clock)) as clock,"
            " coalesce(make_timestamptz(epoch_us(updated_at)), '-infinity') as updated_at,"
            " '' as _batch, '' as _file, 0 as line from in_force"
        )

    def add(self, source: str, batch: str) -> None:
        """All records of a batch, of entities with a clock, have been looked up."""
        self._batches.add((source, batch))

    def covers(self, build: CarriedOver, news: set[tuple[str, str]]) -> bool:
        """Whether all that these batches delivered, by source and name, has been looked up in this very build."""
        return build == self._build and news <= self._batches

    def write(self, database: Path) -> None:
        """Hand what was found to the build file that begins as a copy of the build that was looked into."""
        assert self._connection is not None
        self._connection.execute(f"attach {sql_text(database)} as next_build")
        self._connection.execute(f"create table next_build.settings.{TABLE} as select distinct * from {TABLE}")
        self._connection.execute("detach next_build")
