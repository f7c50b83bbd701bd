"""The frames that the suites look at, from a build."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from expectations.facts import gather
from ingestion.catalog import CANDIDATE
from tests.drops import conversation, message, write_batch, write_config
from tests.warehouse import BUILD, build_marts


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a build of one conversation."""
    folder = tmp_path_factory.mktemp("sound")
    write_batch(folder / "drop" / "b1", {"conversations": [conversation()], "messages": [message()]})
    build_marts(write_config(folder))
    return folder / "var" / "tests"


@pytest.fixture
def built(sound: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A build and its marts, to be changed."""
    shutil.copytree(sound, tmp_path, dirs_exist_ok=True)
    return tmp_path / BUILD, tmp_path / CANDIDATE


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("details.closed_at", "timestamptz '9999-12-31 00:00:00Z'", id="in Kiribati the year 10000"),
        pytest.param("details.started_at", "timestamptz '0001-01-01 23:59:59Z'", id="in Hawaii the year 0"),
        pytest.param("details.rated_at", "timestamptz 'infinity'", id="for ever"),
        pytest.param("details.started_date", "date '0001-01-01' - 1", id="before Christ"),
        pytest.param("overview.period_start", "date '-infinity'", id="since ever"),
        pytest.param("overview.period_end", "date '9999-12-31' + 1", id="the end of the last day"),
        pytest.param("reporting.messages.sent_date", "date '10000-01-01'", id="of the reports for any filter"),
        pytest.param("reporting.accounts.data_through", "timestamp '20000-01-01'", id="of an account"),
    ],
)
def test_a_date_that_readers_cannot_hold_is_counted(built: tuple[Path, Path], column: str, value: str) -> None:
    build, candidate = built
    table, _, name = column.rpartition(".")
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(f"update {table} set {name} = {value}")
    dates = gather(build, candidate, {}, datetime.now(UTC))["dates"]
    found = dates[dates["unreadable"] > 0]
    assert [(row.table_name, row.column_name) for row in found.itertuples()] == [(table.rpartition(".")[2], name)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("details.closed_at", "timestamptz '9999-12-30 23:59:59.999999Z'"),
        ("details.started_at", "timestamptz '0001-01-02 00:00:00Z'"),
        ("details.started_date", "date '0001-01-01'"),
        ("overview.period_end", "date '9999-12-31'"),
        ("details.rated_at", "null"),
    ],
)
def test_a_date_at_the_ends_of_the_calendar_is_none_of_these(built: tuple[Path, Path], column: str, value: str) -> None:
    build, candidate = built
    table, name = column.split(".")
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(f"update {table} set {name} = {value}")
    dates = gather(build, candidate, {}, datetime.now(UTC))["dates"]
    assert not dates["unreadable"].any()


def test_every_published_date_is_looked_at(built: tuple[Path, Path]) -> None:
    build, candidate = built
    dates = gather(build, candidate, {}, datetime.now(UTC))["dates"]
    assert {(row.table_name, row.column_name) for row in dates.itertuples()} >= {
        *(("details", f"{name}_at") for name in ("started", "first_inbound", "first_response", "closed", "rated")),
        *((mart, f"period_{end}") for mart in ("overview", "by_agent", "by_tag") for end in ("start", "end")),
        *(
            ("details", "rated_at"),
            ("details", "last_message_at"),
            ("details", "started_date"),
            ("conversations", "started_date"),
        ),
        *(("messages", "sent_date"), ("replies", "started_date"), ("accounts", "data_through")),
    }


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
