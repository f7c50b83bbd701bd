from __future__ import annotations

from pathlib import Path

import pytest

from reports.pages import queries
from reports.pages.address import View
from reports.pages.queries import PAGE_ROWS, SORTABLE, Query
from reports.pages.releases import Release
from reports.published import accounts
from reports.queries import Filters

pytestmark = pytest.mark.builds


ACCOUNTS = ("boulangerie",)


@pytest.fixture(scope="module")
def release(link: Path) -> Release:
    return Release(link.resolve())


@pytest.fixture
def filters(release: Release) -> Filters:
    account = release.read(accounts)[0]
    assert account.first_date and account.last_date
    return Filters(account.account_id, account.first_date, account.last_date)


def ids(release: Release, query: Query) -> list[str]:
    return [row["conversation_id"] for row in release.run(query).dicts()]


def page(filters: Filters, sort: str, number: int) -> Query:
    return queries.details_page(filters, ACCOUNTS, View(sort=sort), number)


def test_pages_together_are_the_whole_list_in_any_order(release: Release, filters: Filters) -> None:
    everything = sorted(ids(release, queries.details(filters, ACCOUNTS, View())))
    assert len(everything) > 2 * PAGE_ROWS
    for column in SORTABLE:
        for sign in ("", "-"):
            pages = range(1, -(-len(everything) // PAGE_ROWS) + 1)
            found = [ids(release, page(filters, sign + column, number)) for number in pages]
            assert sorted(one for page in found for one in page) == everything
            assert all(len(page) == PAGE_ROWS for page in found[:-1])


def test_rows_without_a_value_come_last_either_way(release: Release, filters: Filters) -> None:
    for sort in ("rating", "-rating"):
        assert release.run(page(filters, sort, 1)).dicts()[0]["rating"] is not None


@pytest.mark.parametrize("sort", ["", "started_at desc; drop table details", "(select 1)", "-", "rating_comment"])
def test_nothing_else_can_be_sorted_by(filters: Filters, sort: str) -> None:
    with pytest.raises(ValueError):
        page(filters, sort, 1)


def test_a_search_finds_all_its_words_without_case_and_accents(release: Release, filters: Filters) -> None:
    rows = release.run(queries.details(filters, ACCOUNTS, View())).dicts()
    row = next(row for row in rows if row["agent_name"] and row["conversation_tags"])
    tag, agent = row["conversation_tags"][0], row["agent_name"].split()[0]
    found = ids(release, queries.details(filters, ACCOUNTS, View(search=f"{tag.upper()} {agent.lower()}")))
    assert row["conversation_id"] in found
    days = release.run(queries.details_days(filters, ACCOUNTS, View(search=f"{tag} {agent}"))).dicts()
    assert sum(day["conversations"] for day in days) == len(found)


@pytest.mark.parametrize("search", ["' or 1 = 1 --", "%", "_", "\\", "$word_0", "{}"])
def test_a_search_is_data(release: Release, filters: Filters, search: str) -> None:
    assert ids(release, queries.details(filters, ACCOUNTS, View(search=search))) == []


def test_accounts_that_are_not_meant_are_in_no_row(release: Release, filters: Filters) -> None:
    both = [account.account_id for account in release.read(accounts)]
    for report in ("overview", "by-agent", "by-tag", "details", "traffic", "compare"):
        rows = release.run(queries.report(report, filters, both)).dicts()
        assert {row["account_id"] for row in rows} == set(both)
        rows = release.run(queries.report(report, filters, both[:1])).dicts()
        assert {row["account_id"] for row in rows} == {both[0]}
