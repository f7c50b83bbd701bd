"""The frames that the suites look at, from a build."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from expectations.facts import gather
from ingestion.catalog import CANDIDATE
from tests.drops import conversation, message, write_batch, write_config
from tests.warehouse import BUILD, build_marts


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
