"""What the page of flows shows is what the macro answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.pages.app import make_app
from reports.pages.formats import ENGLISH
from reports.pages.measures import MEASURES
from reports.pages.routes.flows import CARDS, FIGURES, STATES
from reports.published import connect
from tests.reports.pages.asking import Pages

pytestmark = pytest.mark.builds

PERIOD = "account=boulangerie&from=2026-09-01&to=2026-10-31"


def rows(
    link: Path, grain: str = "period", first: str = "2026-09-01", last: str = "2026-10-31"
) -> list[dict[str, Any]]:
    with connect(link.resolve()) as connection:
        answer = connection.execute(f"from report_by_flow('boulangerie', '{first}', '{last}', grain := '{grain}')")
        columns = [column for column, *_ in answer.description]
        return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def added(found: list[dict[str, Any]]) -> dict[str, Any]:
    whole = {column: sum(row[column] for row in found) for column in ("runs", *STATES)}
    return whole | {"completed_percent": 100 * whole["completed"] / (whole["runs"] - whole["ongoing"])}


def test_the_table_holds_the_figures_of_the_macro_and_leads_nowhere(link: Path, pages: Pages) -> None:
    expected = rows(link)
    body = pages.read(f"/by-flow?{PERIOD}").html.one("section", aria_labelledby="all").one("tbody")
    assert len(body.all("tr")) == len(expected) > 2
    assert [row.one("th").text for row in body.all("tr")] == [
        row["flow_name"] for row in sorted(expected, key=lambda row: (-row["runs"], row["flow_name"].casefold()))
    ]
    by_name = {row["flow_name"]: row for row in expected}
    for row in body.all("tr"):
        figures = by_name[row.one("th").text]
        texts = [MEASURES[column].text(figures[column], ENGLISH) for column in FIGURES.columns]
        assert [cell.text for cell in row.all("td")] == texts
        assert not row.all("a")


def test_cards_add_up_the_flows_with_n_and_change(link: Path, pages: Pages) -> None:
    now = added(rows(link, first="2026-10-05", last="2026-10-18"))
    before = added(rows(link, first="2026-09-21", last="2026-10-04"))
    cards = [*pages.read("/by-flow?account=boulangerie&from=2026-10-05&to=2026-10-18").headlines().values()]
    assert len(cards) == len(CARDS)
    for card, column in zip(cards, CARDS, strict=True):
        measure = MEASURES[column]
        assert card.one("p", class_="value").text == measure.text(now[column], ENGLISH)
        change = card.one("p", class_="change").text
        assert (measure.change(now[column], before[column], ENGLISH) or "") in change
        assert f"was {measure.text(before[column], ENGLISH)}" in change
    assert cards[1].one("p", class_="count").text.startswith(f"of {now['runs'] - now['ongoing']} ended run")


def test_a_ranking_and_lines_of_flows(link: Path, pages: Pages) -> None:
    page = pages.read(f"/by-flow?{PERIOD}&grain=month")
    by_name = {row["flow_name"]: row for row in rows(link)}
    chart = json.loads(page.html.one("canvas")["data-chart"])
    assert {one["name"]: sum(one["values"]) for one in chart["series"]}.items() <= {
        name: row["runs"] for name, row in by_name.items()
    }.items()
    assert len(chart["series"]) == min(5, len(by_name))
    best = (
        pages.read(f"/by-flow?{PERIOD}&figure=completed_percent")
        .html.one("table", class_="ranking")
        .one("tbody")
        .all("tr")
    )
    assert [bar.all("td")[2].text for bar in best] == [
        f"n = {by_name[bar.one('th').text]['runs'] - by_name[bar.one('th').text]['ongoing']}" for bar in best
    ]
    rates = [by_name[bar.one("th").text]["completed_percent"] for bar in best]
    assert rates == sorted(rates, reverse=True)


def test_runs_count_beyond_the_active_days_of_the_account(own_link: Path, publish: Callable[..., None]) -> None:
    """Neither the page nor its chart leaves out runs of days without conversations and messages."""
    publish(
        "second",
        "update reporting.accounts set last_known_date = date '2026-11-25'",
        "update reporting.flow_runs set started_date = date '2026-11-20' where started_date > '2026-10-20'",
    )
    page = Pages(make_app(own_link)).read("/by-flow?account=boulangerie&from=2026-11-15&to=2026-11-25")
    chart = json.loads(page.html.one("canvas")["data-chart"])
    runs = int(page.headlines()["Runs"].one("p", class_="value").text)
    assert runs == sum(sum(one["values"]) for one in chart["series"]) > 0


def test_without_runs_the_page_says_where_they_come_from(own_link: Path, publish: Callable[..., None]) -> None:
    publish("second", "delete from reporting.flow_runs")
    page = Pages(make_app(own_link)).read("/by-flow?account=boulangerie")
    assert "flow_runs" in page.text and "docs/export-format.md" in page.text
