from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reports.pages.formats import ENGLISH
from reports.pages.measures import MEASURES
from reports.pages.routes import groups
from reports.published import connect
from reports.queries import REPORTS
from tests.reports.pages.asking import Element, Page, Pages

pytestmark = pytest.mark.builds

PERIOD = "account=boulangerie&from=2026-09-01&to=2026-10-31"


def name_of(name: str, row: dict[str, Any]) -> str:
    return row[groups.GROUPS[name].column] or f"{row['agent_id']} (no name)"


def rows(link: Path, name: str) -> list[dict[str, Any]]:
    with connect(link.resolve()) as connection:
        answer = connection.execute(
            f"select * from {REPORTS[name].macro}('boulangerie', '2026-09-01', '2026-10-31', grain := 'period')"
        )
        columns = [column for column, *_ in answer.description]
        return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def table(page: Page) -> list[Element]:
    return page.html.one("section", aria_labelledby="all").one("tbody").all("tr")


@pytest.mark.parametrize("name", groups.GROUPS)
def test_the_table_holds_the_figures_of_the_macro(link: Path, pages: Pages, name: str) -> None:
    expected = rows(link, name)
    shown = {
        row.one("th").text: [cell.text for cell in row.all("td")] for row in table(pages.read(f"/{name}?{PERIOD}"))
    }
    assert len(shown) == len(expected)
    for row in expected:
        cells = shown[name_of(name, row)]
        for at, column in {
            0: "conversations",
            3: "conversations_closed",
            7: "avg_reply_seconds",
            10: "csat_percent",
        }.items():
            assert cells[at] == MEASURES[column].text(row[column], ENGLISH)


@pytest.mark.parametrize("figure", ["median_first_response_business_seconds", "csat_percent"])
@pytest.mark.parametrize("name", groups.GROUPS)
def test_a_ranking_shows_the_best_first_with_n(link: Path, pages: Pages, name: str, figure: str) -> None:
    measure = MEASURES[figure]
    ranked = [row for row in rows(link, name) if row[figure] is not None]
    values = sorted((row[figure] for row in ranked), reverse=measure.good > 0)[: groups.MOST_BARS]
    bars = pages.read(f"/{name}?{PERIOD}&figure={figure}").html.one("table", class_="ranking").one("tbody").all("tr")
    assert [bar.all("td")[1].text for bar in bars] == [measure.text(value, ENGLISH) for value in values]
    counts = [int(bar.all("td")[2].text.split()[-1]) for bar in bars]
    assert all(counts) and (len(ranked) > len(bars) or sum(counts) == sum(row[measure.count] for row in ranked))
    most = pages.read(f"/{name}?{PERIOD}").html.one("table", class_="ranking").one("tbody").all("tr")
    counts = [int(bar.all("td")[1].text) for bar in most]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("name", groups.GROUPS)
def test_any_heading_sorts_all_rows(pages: Pages, name: str) -> None:
    for at, column in enumerate(("name", "conversations", "share_of_conversations", "conversations_unanswered")):
        up, down = (_column(pages, name, at, sort) for sort in (column, f"-{column}"))
        assert sorted(up) == sorted(down)
        if len(set(up)) == len(up):
            assert up == down[::-1]
    counts = [int(text) for text in _column(pages, name, 3, "-conversations_unanswered")]
    assert counts == sorted(counts, reverse=True)


def _column(pages: Pages, name: str, at: int, sort: str) -> list[str]:
    page = pages.read(f"/{name}?{PERIOD}&sort={sort}")
    ordered = page.html.one("section", aria_labelledby="all").one("thead").all("th")[at]
    assert ordered["aria-sort"] == ("descending" if sort.startswith("-") else "ascending")
    return [(row.all("th") + row.all("td"))[at].text for row in table(page)]


@pytest.mark.parametrize("name", groups.GROUPS)
def test_the_largest_groups_are_drawn_over_time(link: Path, pages: Pages, name: str) -> None:
    (canvas,) = pages.read(f"/{name}?{PERIOD}&grain=month").html.all("canvas")
    chart = json.loads(canvas["data-chart"])
    assert chart["labels"] == ["Sept 2026", "Oct 2026"]
    totals = {name_of(name, row): row["conversations"] for row in rows(link, name)}
    assert {one["name"]: sum(one["values"]) for one in chart["series"]}.items() <= totals.items()
    for one in chart["series"]:
        assert [pages.read(link).count for link in one["links"]] == one["values"]
    assert sum(sum(one["values"]) for one in chart["series"]) == sum(sorted(totals.values())[-groups.MOST_LINES :])


def test_groups_of_the_same_name_are_told_apart(pages: Pages) -> None:
    for name in groups.GROUPS:
        names = [row.one("th").text for row in table(pages.read(f"/{name}?account=*&period=all"))]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("name", groups.GROUPS)
def test_a_ranking_says_how_each_has_changed(link: Path, pages: Pages, name: str) -> None:
    with connect(link.resolve()) as connection:

        def asked(days: str) -> dict[str, int]:
            key = groups.GROUPS[name].column
            sql = f"select {key}, conversations from {REPORTS[name].macro}('boulangerie', {days}, grain := 'period')"
            return dict(connection.execute(sql).fetchall())

        now, before = asked("'2026-10-05', '2026-10-18'"), asked("'2026-09-21', '2026-10-04'")
    page = pages.read(f"/{name}?account=boulangerie&from=2026-10-05&to=2026-10-18")
    shown = {row.one("th").text: row.one("td", class_="change").text for row in _ranked(page)}
    both = shown.keys() & now.keys() & before.keys()
    assert any(shown[one] for one in both)
    for one in both:
        assert shown[one] == (MEASURES["conversations"].change(now[one], before[one], ENGLISH) or "")
    unfinished = pages.read(f"/{name}?account=boulangerie&from=2026-10-19&to=2026-11-05")
    assert "no change is shown" in unfinished.text
    assert not any(row.all("td", class_="change") for row in _ranked(unfinished))


def _ranked(page: Page) -> list[Element]:
    return page.html.one("table", class_="ranking").one("tbody").all("tr")


@pytest.mark.parametrize("name", groups.GROUPS)
def test_groups_of_all_accounts_are_drawn_over_time(pages: Pages, name: str) -> None:
    page = pages.read(f"/{name}?account=*&from=2026-09-01&to=2026-10-31&grain=month")
    chart = json.loads(page.html.one("canvas")["data-chart"])
    assert len(chart["series"]) == groups.MOST_LINES and sum(chart["series"][0]["values"]) > 0
    for one in chart["series"]:
        assert [pages.read(at).count if at else 0 for at in one["links"]] == one["values"]
