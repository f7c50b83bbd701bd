"""The checksums that tie a verdict to what it judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from expectations.contents import contents
from expectations.marts import MARTS


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    """Four small marts."""
    file = tmp_path / "candidate.duckdb"
    with duckdb.connect(str(file)) as connection:
        for mart in MARTS:
            connection.execute(
                f"create table {mart} as select * from (values (1, 'a', timestamptz '2026-01-01 00:00:00Z', ['x']),"
                " (2, null, null, [])) as records (id, name, since, tags)"
            )
    return file


def changed(candidate: Path, statement: str) -> set[str]:
    """The marts that a statement gives other checksums."""
    before = contents(candidate)
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(statement)
    after = contents(candidate)
    return {mart for mart in MARTS if before[mart] != after[mart]}


@pytest.mark.parametrize(
    "statement",
    [
        "update details set name = 'b' where id = 1",
        "update details set name = '' where id = 2",
        "update details set since = since + interval 1 microsecond",
        "update details set tags = ['x', 'x'] where id = 1",
        "update details set id = 3 - id",
        "delete from details where id = 2",
        "insert into details select * from details",
        "insert into details from details where id = 1 union all from details where id = 1",
        "create or replace table details as select id, since, name, tags from details",
    ],
)
def test_any_change_of_a_mart_is_detected(candidate: Path, statement: str) -> None:
    assert changed(candidate, statement) == {"details"}


@pytest.mark.parametrize(
    "statement",
    [
        "create or replace table details as from details order by id desc",
        "comment on column details.name is 'The name.'",
        "create table release as select 1 as id",
    ],
    ids=["order of rows", "comments", "another table"],
)
def test_what_readers_do_not_count_on_changes_nothing(candidate: Path, statement: str) -> None:
    assert changed(candidate, statement) == set()


def test_a_mart_of_an_extension_is_among_them(candidate: Path) -> None:
    before = contents(candidate)
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("create table by_desk as select 1 as id; create table release as select 1 as id")
    after = contents(candidate)
    assert [*after][: len(MARTS) + 1] == [*MARTS, "by_desk"]
    assert after.pop("by_desk")[0] == "1"
    assert after == before


def test_another_process_says_the_same(candidate: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "expectations.contents"],
        input=json.dumps(str(candidate)) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(said.stdout) == contents(candidate)
