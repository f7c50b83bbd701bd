"""What work costs, in what can be counted: rows, statements, files, modules. Seconds are for the benchmarks.

A limit stands a third or so above what was counted when it was set. What exceeds it does more work than it did.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo_data import write_demo
from expectations.marts import MARTS
from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import BaseBuild, create_build
from ingestion.builds.names import CANDIDATE
from ingestion.ingest import ingest_sources
from ingestion.parsing import parser
from ingestion.settings import load_settings
from tests import warehouse

CONVERSATIONS = 1500
THICK = 4


@dataclass
class Work:
    """Rows that came out of scans of tables and files, and rows that were written."""

    scanned: int = 0
    written: int = 0
    by_model: dict[str, tuple[int, int]] = field(default_factory=dict)


class Counting:
    """A connection that counts what its statements scan and write."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, profile: Path) -> None:
        self.connection, self.profile, self.work = connection, profile, Work()
        connection.execute("set enable_profiling = 'json'")
        connection.execute(f"set profiling_output = '{profile}'")
        connection.execute(
            """set custom_profiling_settings = '{"OPERATOR_TYPE": "true", "OPERATOR_CARDINALITY": "true"}'"""
        )

    def execute(self, sql: str, *arguments: Any) -> duckdb.DuckDBPyConnection:
        self.profile.unlink(missing_ok=True)
        done = self.connection.execute(sql, *arguments)
        if self.profile.exists():
            self.work.scanned += _scanned(json.loads(self.profile.read_text()))
        if sql.startswith(("create or replace t", "insert", "delete")):
            row = done.fetchone()
            self.work.written += row[0] if row else 0
        return done


def _scanned(operator: dict[str, Any]) -> int:
    is_scan = str(operator.get("operator_type", "")).endswith("SCAN")
    return (operator["operator_cardinality"] if is_scan else 0) + sum(map(_scanned, operator.get("children", [])))


def build(path: Path, *, incremental: bool) -> Work:
    """Run the models on a build file and count."""
    total = Work()
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{path.with_name(CANDIDATE)}' as candidate (storage_version 'v1.0.0')")
        for schema in warehouse.SCHEMAS:
            connection.execute(f"create schema if not exists {schema}")
        counting = Counting(connection, path.with_name("profile.json"))
        for model in warehouse.compiled_models(incremental):
            counting.work = Work()
            model.run(counting)  # type: ignore[arg-type]
            total.by_model[model.relation] = (counting.work.scanned, counting.work.written)
            total.scanned += counting.work.scanned
            total.written += counting.work.written
    return total


@dataclass(frozen=True)
class Story:
    """A history and a day's new batches after it, built in full and incrementally."""

    landed: int
    delta: int
    full: Work
    incremental: Work
    messages: int
    """Messages of the past."""


def tell(folder: Path, messages: int) -> Story:
    """A demo whose messages come ``messages`` times over, under other ids."""
    config = write_demo(folder / "demo", conversations=CONVERSATIONS, days=60, seed=3, file_format="parquet").config
    settings = load_settings(config)
    held = []
    for source in settings.sources:
        last = sorted(path for path in source.path.iterdir() if path.is_dir())[-1]
        held.append((shutil.move(last, folder / source.name), last))
    ingest_sources(settings, lambda _: None)
    _thicken(settings.home, messages)
    before = folder / "before" / warehouse.BUILD
    before.parent.mkdir()
    entries, segments = accepted_batches(settings)
    create_build(before, settings, entries, segments)
    full = build(before, incremental=False)
    landed = sum(of.landed for entry in entries for of in entry.counts.values())
    for kept, place in held:
        shutil.move(kept, place)
    ingest_sources(settings, lambda _: None)
    entries, segments = accepted_batches(settings)
    path = folder / "after" / warehouse.BUILD
    path.parent.mkdir()
    known = frozenset((entry.source, entry.batch) for entry in entries) - {
        (source.name, place.name) for source in settings.sources for _, place in held
    }
    create_build(path, settings, entries, segments, BaseBuild("b", before, known))
    incremental = build(path, incremental=True)
    delta = sum(of.landed for entry in entries for of in entry.counts.values()) - landed
    with duckdb.connect(str(before), read_only=True) as connection:
        row = connection.execute("select count(*) from intermediate.int_messages").fetchone()
    assert row is not None
    return Story(landed, delta, full, incremental, row[0])


def _thicken(home: Path, times: int) -> None:
    """Raw with more messages, as if the conversations had been longer."""
    for path in home.glob("raw/*/*/messages-*.parquet"):
        fresh = path.with_suffix(".new")
        copies = (
            "select old.* replace (message_id || '-' || copy as message_id)"
            f" from old cross join range({times - 1}) as _ (copy)"
        )
        with duckdb.connect() as connection:
            connection.execute(f"create table old as from read_parquet('{path}')")
            connection.execute(f"copy (from old union all {copies}) to '{fresh}' (format parquet)")
        fresh.replace(path)


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Story]]:
    yield {times: tell(tmp_path_factory.mktemp(f"times{times}"), times) for times in (1, THICK)}


def test_a_full_build_scans_and_writes_a_row_a_few_times(stories: dict[int, Story]) -> None:
    story = stories[1]
    # each mart of the measure set is half a scan; the backlog is two and a half, two targets are five
    assert story.full.scanned < 26 * story.landed, story.full.by_model
    assert story.full.written < 3.7 * story.landed, story.full.by_model


EVENT_GRAIN = (
    *("int_conversations", "int_messages", "int_events", "int_ratings", "int_conversation_messages", "int_waits"),
    *("int_first_responses", "int_conversation_ratings", "int_message_hours", "int_conversation_facts"),
    *("int_open_intervals", "int_waiting_intervals"),
)


def test_an_incremental_build_writes_what_the_new_batches_affect(stories: dict[int, Story]) -> None:
    for story in stories.values():
        for model in EVENT_GRAIN:
            full, incremental = (work.by_model[f"intermediate.{model}"][1] for work in (story.full, story.incremental))
            assert incremental < 0.4 * full, model  # rows deleted, and rows inserted


def test_statements_of_an_ingestion_depend_on_files_and_not_on_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = parser.connect
    counts = []
    for conversations in (100, 400):
        config = write_demo(tmp_path / str(conversations), conversations=conversations, days=30, seed=3).config
        statements: list[str] = []
        monkeypatch.setattr(parser, "connect", lambda made=statements: Listening(connect(), made))
        assert all(not report.refusals for report in ingest_sources(load_settings(config), lambda _: None))
        counts.append(len(statements))
    assert counts[1] <= 1.1 * counts[0]
    assert counts[1] < 700


class Listening:
    """A connection that keeps what is executed on it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, statements: list[str]) -> None:
        self.connection, self.statements = connection, statements

    def execute(self, sql: str, *arguments: Any) -> duckdb.DuckDBPyConnection:
        self.statements.append(sql)
        return self.connection.execute(sql, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


def imported_by(code: str) -> set[str]:
    """Modules that are loaded after a statement."""
    tell = f"{code}; import sys; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True).stdout.split())


def test_the_command_loads_what_it_needs() -> None:
    heavy = {"dagster", "dagster_dbt", "dbt", "duckdb", "great_expectations", "pandas", "pydantic"}
    assert not imported_by("import orchestration.cli.main") & heavy
    assert not imported_by("import orchestration.dbt.process") & (heavy - {"pydantic"})
    assert not imported_by("import orchestration.assembly") & {"dbt", "great_expectations", "pandas"}
    judging = imported_by("from expectations import great; great.load()")
    assert "great_expectations.expectations" in judging
    assert "scipy.stats._stats_py" not in judging


def test_a_release_is_read_back_without_pandas(tmp_path: Path) -> None:
    file = tmp_path / "release.duckdb"
    with duckdb.connect(str(file)) as connection:
        for mart in MARTS:
            connection.execute(f"create table {mart} as select 1 as figure")
    read = f"from pathlib import Path; from expectations.contents import contents; contents(Path({str(file)!r}))"
    assert not imported_by(read) & {"pandas", "pyarrow", "great_expectations"}
