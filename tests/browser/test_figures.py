"""The figures on every page are those of the table macros."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from reports.pages.formats import ENGLISH, FRENCH
from reports.pages.measures import MEASURES
from reports.pages.presets import days_of
from reports.queries import Filters
from tests.browser.figures import Figures
from tests.browser.reader import Reader, Row

ACCOUNTS = ("boulangerie", "loja")
PARTS = {
    "conversations": ("conversations_inbound", "conversations_inbox", "conversations_flow", "conversations_other"),
    "messages": ("messages_inbound", "messages_outbound"),
}
"""What the bars of a chart consist of, from below; its table unfolds the same."""
TABLES = {"by-agent": "By agent", "by-tag": "By tag", "details": "Conversations"}


def usual(figures: Figures, account_id: str, period: str = "last-30-days") -> Filters:
    """What a page shows of an account when nothing else is chosen."""
    days = days_of(period, figures.account(account_id))
    assert days is not None
    return Filters(account_id, *days)


def same_rows(found: list[Row], expected: list[Row]) -> None:
    assert found and len(found) == len(expected)
    assert sorted(map(str, found)) == sorted(map(str, expected))


def file_name(filters: Filters, key: str) -> str:
    return f"{filters.account}-{key}-{filters.first_day}-{filters.last_day}.csv"


def number(cell: str) -> float | None:
    """The value of a cell, which is drawn formatted but held as it is."""
    return float(cell) if cell else None


def shows_the_cards(reader: Reader, figures: Figures, filters: Filters) -> None:
    """Waits for them, so that it can follow a change."""
    expected = figures.cards(filters)
    reader.until(reader.cards, lambda shown: len(shown) == 16 and shown.items() <= expected.items())


@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_figure_of_the_overview_is_the_macros(reader: Reader, figures: Figures, account: str) -> None:
    reader.open(account=account)
    filters = usual(figures, account)
    shows_the_cards(reader, figures, filters)
    shows_what_was_before(reader, figures, filters)
    for grain in ("day", "week", "month"):
        shows_the_summary(reader, figures, replace(filters, grain=grain))
    file, rows = reader.download("When customers write")
    assert file == file_name(filters, "traffic")
    assert len(rows) == 7 * 24
    same_rows(rows, figures.csv("traffic", filters))
    for column, parts in PARTS.items():
        cells = as_table(reader, column)
        expected = figures.rows("overview", filters)
        assert [row[1:] for row in cells[1:]] == [[ENGLISH.number(row[part]) for part in parts] for row in expected]


def shows_what_was_before(reader: Reader, figures: Figures, filters: Filters) -> None:
    """Each card names the figure of the range of equal length before, where it had a value."""
    length = filters.last_day - filters.first_day + timedelta(days=1)
    before = figures.totals(replace(filters, first_day=filters.first_day - length, last_day=filters.last_day - length))
    for column in reader.cards():
        if before[column] is not None:
            was = MEASURES[column].text(before[column], ENGLISH)
            expect(reader.page.locator(f".st-key-card-{column}")).to_contain_text(f"was {was}")


def shows_the_summary(reader: Reader, figures: Figures, filters: Filters) -> None:
    grain = filters.grain
    reader.page.get_by_role("radiogroup", name="Rows by").get_by_text(grain.capitalize(), exact=True).click()
    name = f"Overview, {grain}"
    expect(reader.page.get_by_role("button", name=f"Download {name} as CSV")).to_be_visible()
    reader.settled()
    file, rows = reader.download(name)
    assert file == file_name(filters, f"overview-{grain}")
    same_rows(rows, figures.csv("overview", filters))
    first = figures.rows("overview", filters)[0]
    period = ENGLISH.period(first["period_start"], first["period_end"], grain)
    cells, *_ = reader.until(lambda: reader.table(name), lambda rows: rows[0]["Period"].startswith(period))
    assert number(cells["Conversations"]) == first["conversations"]
    assert number(cells["First response, median"]) == first["median_first_response_seconds"]


def as_table(reader: Reader, chart: str) -> list[list[str]]:
    """The cells of the table that a chart unfolds, its heading first."""
    drawn = reader.page.locator(f".st-key-chart-{chart}")
    drawn.get_by_text("As a table").click()
    table = drawn.get_by_role("table")
    expect(table).to_be_visible()
    cells: list[list[str]] = table.evaluate(
        "table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    )
    return cells


def test_cards_are_the_same_figures_in_french(reader: Reader, figures: Figures) -> None:
    reader.open(account="boulangerie", lang="fr", period="last-90-days")
    expected = figures.cards(usual(figures, "boulangerie", "last-90-days"), FRENCH)
    reader.until(reader.cards, lambda shown: len(shown) == 16 and shown.items() <= expected.items())


@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_figure_of_the_tables_is_the_macros(reader: Reader, figures: Figures, account: str) -> None:
    reader.open("by-agent", account=account)
    filters = replace(usual(figures, account), grain="period")
    total = figures.totals(filters)["conversations"]
    for report, title in TABLES.items():
        if report != "by-agent":
            reader.go_to("Details" if report == "details" else title)
        file, rows = reader.download(title)
        assert file == file_name(filters, report)
        same_rows(rows, figures.csv(report, filters))
        if report == "details":
            continue
        naming = {"by-agent": "agent_name", "by-tag": "tag"}[report]
        by_name = {row[naming]: row for row in figures.rows(report, filters) if row[naming]}
        cells = reader.until(lambda title=title: reader.table(title), lambda cells, rows=rows: len(cells) == len(rows))
        shown = {next(iter(row.values())): row for row in cells}
        assert by_name and set(by_name) <= set(shown) and len(shown) == len(cells)
        for name, row in by_name.items():
            assert number(shown[name]["Conversations"]) == row["conversations"]
            assert number(shown[name]["Share of conversations"]) == row["conversations"] / total
            assert number(shown[name]["First response, median"]) == row["median_first_response_seconds"]
        reader.choose("Figure", "Messages out")
        chart = reader.page.locator(f".st-key-chart-{report}-ranking")
        expect(chart.get_by_role("heading", name="Messages out")).to_be_visible()
        reader.settled()
        most = max(row["messages_outbound"] for row in figures.rows(report, filters))
        expect(chart.get_by_role("img").first).to_contain_text(ENGLISH.number(most))
