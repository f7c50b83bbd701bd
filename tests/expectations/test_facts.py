"""The frames that the suites look at, from a build."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from expectations.facts import gather
from ingestion.catalog import CANDIDATE
from tests.drops import conversation, message, write_batch, write_config
from tests.warehouse import BUILD, accept, build_marts


def test_totals_keep_an_account_that_a_mart_has_lost(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": [message()]})
    build_marts(config)
    build, candidate = (tmp_path / "var" / "tests" / name for name in (BUILD, CANDIDATE))
    assert not gather(build, candidate, {}, datetime.now(UTC))["totals"][["overview_off", "by_agent_off"]].any().any()
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("delete from overview")
        connection.execute("delete from by_tag")
    totals = gather(build, candidate, {}, datetime.now(UTC))["totals"].set_index("figure")
    assert totals.loc["conversations", "overview_off"] == 1
    assert totals.loc["messages", "by_agent_off"] == 1


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A build of two batches, the second one as an update; one row of the first is quarantined."""
    config = write_config(tmp_path)
    bad = message("m2", sent_at="soon")
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": [message(), bad]})
    build_marts(config)
    write_batch(tmp_path / "drop" / "b2", {"messages": [message("m3")]})
    build_marts(config, update=True)
    return tmp_path / "var" / "tests" / BUILD


def accounting(build: Path) -> dict[str, tuple[float, float, float]]:
    frame = gather(build, build.with_name(CANDIDATE), {}, datetime.now(UTC))["accounting"].fillna(0)
    columns = frame[["ingested", "rows_read", "read_off"]].astype(float).itertuples(index=False, name=None)
    return {entity: row for entity, row in zip(frame["entity"], columns, strict=True) if any(row)}


def test_what_a_build_read_is_held_against_the_ledger_also_after_updates(built: Path) -> None:
    assert accounting(built) == {"conversations": (1, 1, 0), "messages": (3, 3, 0)}


def test_a_build_of_nothing_has_not_read_what_was_ingested(built: Path) -> None:
    """As with ``DBT_EMPTY``: every model is there and without rows, and so all of dbt's tests hold."""
    with duckdb.connect(str(built)) as connection:
        connection.execute("truncate intermediate.int_row_accounting")
    assert accounting(built) == {"conversations": (1, 0, 1), "messages": (3, 0, 3)}


@pytest.mark.parametrize("times", [0, 2])
def test_a_part_of_raw_that_is_lost_or_read_twice_is_seen(tmp_path: Path, times: int) -> None:
    config = write_config(tmp_path)
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": [message(), message("m2")]})
    accept(config)
    ledger = tmp_path / "var" / "ledger.sqlite"
    with sqlite3.connect(ledger) as connection:
        ((listed,),) = connection.execute("select parts from segments").fetchall()
        parts = json.loads(listed)
        parts["messages"] *= times
        connection.execute("update segments set parts = ?", [json.dumps(parts)])
    build_marts(config, take_in_first=False)
    assert accounting(tmp_path / "var" / "tests" / BUILD)["messages"] == (2, 2 * times, 2)
