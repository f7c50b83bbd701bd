"""Tables that come back from another engine: what is not what the engine made, or not what the contract says, fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.spark.bring_back import BringBackError, fill


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("set TimeZone = 'UTC'")
        made.execute("create table mart (day date, rows bigint, tags varchar[], sent timestamptz)")
        made.execute("insert into mart values (null, 7, null, null)")  # as of a model that has a constant
        yield made


GOOD = "select date '2026-01-05' as day, 3 as rows, ['vip'] as tags, timestamptz '2026-01-05 08:00:00Z' as sent"


def came_back(connection: duckdb.DuckDBPyConnection, folder: Path, *queries: str) -> list[Path]:
    files = [folder / f"{number}.parquet" for number in range(len(queries))]
    for query, file in zip(queries, files, strict=True):
        connection.execute(f"copy ({query}) to '{file}' (format parquet)")
    return files


def test_the_rows_of_all_files_take_the_place_of_what_was_there(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files = came_back(connection, tmp_path, GOOD, f"select tags, sent, rows, day from ({GOOD})")
    assert fill(connection, "mart", files, 2) == 2
    assert connection.execute("select count(*), sum(rows) from mart").fetchone() == (2, 6)


def test_a_table_may_be_empty(connection: duckdb.DuckDBPyConnection) -> None:
    assert fill(connection, "mart", [], 0) == 0
    assert connection.execute("select count(*) from mart").fetchone() == (0,)


@pytest.mark.parametrize("count", [0, 2])
def test_rows_that_are_lost_or_double_are_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, count: int
) -> None:
    with pytest.raises(BringBackError, match=f"1 rows came back of the {count} that the engine made"):
        fill(connection, "mart", came_back(connection, tmp_path, GOOD), count)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"select * exclude (tags) from ({GOOD})", "tags is missing"),
        (f"select *, 1 as more from ({GOOD})", "more is unknown"),
        (f"select * replace (3.5 as rows) from ({GOOD})", "rows DECIMAL"),
        (f"select * replace (timestamp '2026-01-05 08:00:00' as sent) from ({GOOD})", "sent TIMESTAMP"),
        (f"select * replace ('vip' as tags) from ({GOOD})", "tags VARCHAR"),
    ],
)
def test_other_columns_and_types_are_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, query: str, words: str
) -> None:
    with pytest.raises(BringBackError, match="mart: its columns came back otherwise: ") as caught:
        fill(connection, "mart", came_back(connection, tmp_path, query), 1)
    assert words in str(caught.value)
