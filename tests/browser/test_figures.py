"""The figures on every page are those of the table macros, and lead to as many conversations."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from reports.pages.formats import ENGLISH, FRENCH, Formats
from reports.pages.measures import COUNT, MEASURES
from reports.pages.routes.groups import GROUPS
from reports.pages.texts import LANGUAGES
from reports.queries import Filters
from tests.browser.figures import Figures, same_rows, usual
from tests.browser.reader import Reader

ACCOUNTS = ("boulangerie", "loja")
HEADLINES = 8
NOT_CONVERSATIONS = "replies"
"""What a figure may be made of that a list of conversations does not count."""


def shows_the_headlines(reader: Reader, figures: Figures, filters: Filters, formats: Formats = ENGLISH) -> None:
    """The values on the first screen are those of the macros."""
    totals = figures.totals(filters)
    shown = {column: value for column, (value, *_) in reader.headlines().items()}
    assert len(shown) == HEADLINES
    assert shown == {column: MEASURES[column].text(totals[column], formats) for column in shown}


def digits(text: str) -> int:
    return int(re.sub(r"\D", "", text))


@pytest.mark.parametrize(("account", "period"), [("boulangerie", "last-30-days"), ("loja", "last-90-days")])
def test_the_overview_shows_the_macros_and_leads_to_as_many_conversations(
    reader: Reader, figures: Figures, account: str, period: str
) -> None:
    reader.open(account=account, period=period)
    filters = usual(figures, account, period)
    totals = figures.totals(filters)
    shows_the_headlines(reader, figures, filters)
    for column, (_, count, href) in reader.headlines().items():
        if href and MEASURES[column].count != NOT_CONVERSATIONS:
            assert reader.count_at(href) == figures.behind(totals, column), column
        if (counted := MEASURES[column].count) is not None:
            assert digits(count) == totals[counted], column

    shown = reader.cells("section:has(#rows) table")
    rows = figures.rows("overview", filters)[::-1]
    assert len(shown) == len(rows) > 4
    for cells, row in zip(shown, rows, strict=True):
        (_, link), *_ = cells.values()
        assert reader.count_at(link) == row["conversations"], row["period_start"]
        for column in list(cells)[1:]:
            assert cells[column][0] == MEASURES[column].text(row[column], ENGLISH), column

    links = reader.page.locator("table.heat a, #chart-opened td a, .ranking th a").evaluate_all(
        """links => links.map(link => [link.getAttribute('href'),
            (link.closest('.ranking tr')?.querySelector('.number') ?? link).textContent])"""
    )
    assert len(links) > 50
    for href, text in links:
        assert reader.count_at(href) == digits(text), href
    heat = sum(digits(text) for text in reader.page.locator("table.heat a").all_inner_texts())
    assert heat == totals["conversations"]


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("page", GROUPS)
def test_groups_show_the_macros_and_lead_to_as_many_conversations(
    reader: Reader, figures: Figures, account: str, page: str
) -> None:
    filters = replace(usual(figures, account), grain="period")
    group, total = GROUPS[page], figures.totals(filters)["conversations"]
    rows = {group.name(row, LANGUAGES["en"]): row for row in figures.rows(page, filters)}
    reader.open(page, account=account)
    shown = {cells["name"][0]: cells for cells in reader.cells("section:has(#all) table")}
    assert len(shown) > 1 and shown.keys() == rows.keys()
    linked = 0
    for name, cells in shown.items():
        row = {"share_of_conversations": rows[name]["conversations"] / total, **rows[name]}
        for column in list(cells)[1:]:
            text, href = cells[column]
            assert text == MEASURES[column].text(row[column], ENGLISH), (name, column)
            if href and MEASURES[column].count != NOT_CONVERSATIONS:
                assert reader.count_at(href) == figures.behind(row, column), (name, column)
                linked += 1
    assert linked > 10


def test_a_bar_a_point_and_an_agent_lead_there_by_a_click(reader: Reader, figures: Figures) -> None:
    reader.open(account="boulangerie")
    canvas = reader.page.locator("#chart-opened canvas")
    canvas.scroll_into_view_if_needed()
    x, y, value = canvas.evaluate(
        """canvas => { const chart = Chart.getChart(canvas), values = chart.data.datasets[0].data;
            const at = values.indexOf(Math.max(...values)), bar = chart.getDatasetMeta(0).data[at];
            return [bar.x, (bar.y + bar.base) / 2, values[at]]; }"""
    )
    canvas.click(position={"x": x, "y": y})
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(LANGUAGES["en"]("page.details"))
    reader.settled()
    assert reader.count() == value > 0
    reader.open("by-agent", account="boulangerie")
    bar = reader.page.locator(".ranking tbody tr").first
    figure = digits(bar.locator(".number").first.inner_text())
    reader.click(bar.get_by_role("link"))
    assert reader.count() == figure == len(reader.download("details")[1])


def test_all_accounts_add_up(reader: Reader, figures: Figures) -> None:
    reader.open(account="*", period="all")
    totals = [figures.totals(usual(figures, account.account_id, "all")) for account in figures.accounts()]
    assert len(totals) > 1
    for column, (value, _, href) in reader.headlines().items():
        if MEASURES[column].unit == COUNT:
            whole = sum(row[column] for row in totals)
            assert value == ENGLISH.number(whole), column
            assert reader.count_at(href) == whole, column


def test_headlines_are_the_same_figures_in_french(reader: Reader, figures: Figures) -> None:
    reader.open(account="boulangerie", lang="fr", period="last-90-days")
    shows_the_headlines(reader, figures, usual(figures, "boulangerie", "last-90-days"), FRENCH)


@pytest.mark.parametrize(
    ("page", "report"), [("overview", "overview"), ("overview", "traffic"), ("details", "details")]
)
def test_a_file_holds_what_the_macro_answers(reader: Reader, figures: Figures, page: str, report: str) -> None:
    filters = usual(figures, "boulangerie")
    reader.open(page, account="boulangerie")
    name, rows = reader.download(report)
    assert name == f"boulangerie-{report}-{filters.first_day}-{filters.last_day}.csv"
    same_rows(rows, figures.csv(report, filters))
