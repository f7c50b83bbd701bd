from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from reports.pages import queries
from reports.pages.queries import PAGE_ROWS, SORTABLE, Query
from reports.published import accounts, connect
from reports.queries import REPORTS, Filters

pytestmark = pytest.mark.builds


@pytest.fixture
def connection(link: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(link.resolve()) as connection:
        yield connection


@pytest.fixture
def filters(connection: duckdb.DuckDBPyConnection) -> Filters:
    account = accounts(connection)[0]
    assert account.first_date and account.last_date
    return Filters(account.account_id, account.first_date, account.last_date)


def ids(connection: duckdb.DuckDBPyConnection, query: Query) -> list[str]:
    result = queries.run(connection, *query)
    return [row["conversation_id"] for row in result.dicts()]


def test_pages_together_are_the_whole_list_in_any_order(
    connection: duckdb.DuckDBPyConnection, filters: Filters
) -> None:
    everything = sorted(ids(connection, queries.details(filters)))
    assert len(everything) > 2 * PAGE_ROWS
    for column in SORTABLE:
        for sign in ("", "-"):
            pages = range(1, -(-len(everything) // PAGE_ROWS) + 1)
            found = [ids(connection, queries.details_page(filters, "", sign + column, page)) for page in pages]
            assert sorted(one for page in found for one in page) == everything
            assert all(len(page) == PAGE_ROWS for page in found[:-1])


def test_rows_without_a_value_come_last_either_way(connection: duckdb.DuckDBPyConnection, filters: Filters) -> None:
    for sort in ("rating", "-rating"):
        rows = queries.run(connection, *queries.details_page(filters, "", sort, 1)).dicts()
        assert rows[0]["rating"] is not None


@pytest.mark.parametrize("sort", ["", "started_at desc; drop table details", "(select 1)", "-", "rating_comment"])
def test_nothing_else_can_be_sorted_by(filters: Filters, sort: str) -> None:
    with pytest.raises(ValueError):
        queries.details_page(filters, "", sort, 1)


def test_a_search_finds_all_its_words_without_case_and_accents(
    connection: duckdb.DuckDBPyConnection, filters: Filters
) -> None:
    rows = queries.run(connection, *queries.details(filters)).dicts()
    row = next(row for row in rows if row["agent_name"] and row["conversation_tags"])
    tag, agent = row["conversation_tags"][0], row["agent_name"].split()[0]
    found = ids(connection, queries.details(filters, f"{tag.upper()} {agent.lower()}"))
    assert row["conversation_id"] in found
    assert queries.run(connection, *queries.details_count(filters, f"{tag} {agent}")).rows == [(len(found),)]


@pytest.mark.parametrize("search", ["' or 1 = 1 --", "%", "_", "\\", "$word_0", "{}"])
def test_a_search_is_data(connection: duckdb.DuckDBPyConnection, filters: Filters, search: str) -> None:
    assert ids(connection, queries.details(filters, search)) == []


def test_a_csv_is_the_rows_of_the_macro(connection: duckdb.DuckDBPyConnection, filters: Filters) -> None:
    for name in REPORTS:
        query = queries.report(name, replace(filters, grain="week"))
        result = queries.run(connection, *query)
        read = list(csv.reader(io.StringIO(queries.as_csv(connection, query).decode())))
        assert tuple(read[0]) == result.columns
        assert len(read) == len(result.rows) + 1
        for cells, row in zip(read[1:], result.rows, strict=True):
            assert cells == [_cell(value) for value in row]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
