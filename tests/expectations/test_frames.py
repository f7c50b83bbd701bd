"""The frames that the suites look at, from a build."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import duckdb
import pytest

from expectations.frames import gather
from expectations.marts import COLUMNS, MARTS
from ingestion.builds.names import CANDIDATE
from tests.drops import conversation, message, write_batch, write_config
from tests.warehouse import BUILD, accept, build_marts

IMPOSSIBLE = {
    "csat_percent": (-0.1, 100.1),
    "survey_response_percent": (-0.1, 100.1),
    "avg_rating": (0.9, 5.1),
    "share_of_conversations": (-0.1, 1.1),
}
AGGREGATED = [mart for mart, key in MARTS.items() if "grain" in key]


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
    dates = gather(build, candidate, {}, [])["dates"]
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
    dates = gather(build, candidate, {}, [])["dates"]
    assert not dates["unreadable"].any()


def test_a_first_release_without_conversations_is_counted_if_rows_were_delivered(built: tuple[Path, Path]) -> None:
    build, candidate = built

    def nothing_understood(before: dict[str, int]) -> list[str]:
        volumes = gather(build, candidate, before, [])["volumes"]
        return list(volumes[volumes["nothing_understood"] > 0]["mart"])

    assert nothing_understood({}) == []
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("delete from details")
    assert nothing_understood({}) == ["details"]
    assert nothing_understood(dict.fromkeys(MARTS, 1)) == []  # another expectation says that it has lost them
    with duckdb.connect(str(build)) as connection:
        connection.execute("delete from settings.batch_counts")
    assert nothing_understood({}) == []


def test_a_mart_of_an_extension_is_counted_and_its_dates_are_looked_at(built: tuple[Path, Path]) -> None:
    """Whatever its names; its columns mean what their author says, also where ours have bounds."""
    build, candidate = built
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("""create table "order" as select 9.5 as avg_rating, date '20000-01-01' as "a day" """)
    frames = gather(build, candidate, {"order": 3}, [])
    volumes = frames["volumes"]
    assert list(volumes["mart"]) == [*MARTS, "order"]
    assert [list(row) for row in volumes[volumes["mart"] == "order"][["rows", "lost_rows"]].to_numpy()] == [[1, 2]]
    dates = frames["dates"]
    assert list(dates[dates["unreadable"] > 0]["column_name"]) == ["a day"]
    assert "order" not in set(frames["ranges"]["table_name"])


def test_every_published_date_is_looked_at_and_no_sound_figure_is_out_of_its_bounds(built: tuple[Path, Path]) -> None:
    build, candidate = built
    frames = gather(build, candidate, {}, [])
    dates = frames["dates"]
    assert not frames["ranges"]["impossible"].any()
    assert {(row.table_name, row.column_name) for row in dates.itertuples()} >= {
        *(("details", f"{name}_at") for name in ("started", "first_inbound", "first_response", "closed", "rated")),
        *((mart, f"period_{end}") for mart in AGGREGATED for end in ("start", "end")),
        *(
            ("details", "rated_at"),
            ("details", "last_message_at"),
            ("details", "started_date"),
            ("conversations", "started_date"),
        ),
        *(("messages", "sent_date"), ("replies", "started_date"), ("accounts", "data_through")),
    }


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (f"{mart}.{column}", value)
        for column, values in IMPOSSIBLE.items()
        for mart, columns in COLUMNS.items()
        if column in columns
        for value in values
    ],
)
def test_a_figure_out_of_its_bounds_is_counted(built: tuple[Path, Path], column: str, value: float) -> None:
    build, candidate = built
    table, name = column.split(".")
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(f"update {table} set {name} = {value}")
    ranges = gather(build, candidate, {}, [])["ranges"]
    found = ranges[ranges["impossible"] > 0]
    assert [(row.table_name, row.column_name) for row in found.itertuples()] == [(table, name)]


@pytest.fixture
def updated(tmp_path: Path) -> Path:
    """A build of two batches, the second one as an update; one row of the first is quarantined."""
    config = write_config(tmp_path)
    bad = message("m2", sent_at="soon")
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": [message(), bad]})
    build_marts(config)
    write_batch(tmp_path / "drop" / "b2", {"messages": [message("m3")]})
    build_marts(config, incremental=True)
    return tmp_path / "var" / "tests" / BUILD


def accounting(build: Path) -> dict[str, tuple[float, float, float]]:
    frame = gather(build, build.with_name(CANDIDATE), {}, [])["accounting"].fillna(0)
    columns = frame[["ingested", "rows_read", "read_off"]].astype(float).itertuples(index=False, name=None)
    return {entity: row for entity, row in zip(frame["entity"], columns, strict=True) if any(row)}


def test_what_a_build_read_is_held_against_the_ledger_also_after_updates(updated: Path) -> None:
    assert accounting(updated) == {"conversations": (1, 1, 0), "messages": (3, 3, 0)}


def test_a_build_of_nothing_has_not_read_what_was_ingested(updated: Path) -> None:
    """As with ``DBT_EMPTY``: every model is there and without rows, and so all of dbt's tests hold."""
    with duckdb.connect(str(updated)) as connection:
        connection.execute("truncate intermediate.int_row_accounting")
    assert accounting(updated) == {"conversations": (1, 0, 1), "messages": (3, 0, 3)}


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
    build_marts(config, ingest_first=False)
    assert accounting(tmp_path / "var" / "tests" / BUILD)["messages"] == (2, 2 * times, 2)
