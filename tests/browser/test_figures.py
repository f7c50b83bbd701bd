"""The figures on every page are those of the table macros."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from reports.pages.formats import ENGLISH, FRENCH
from reports.pages.measures import MEASURES
from reports.pages.presets import days_of
from reports.questions import Filters
from tests.browser.figures import Figures
from tests.browser.reader import Reader, Row

ACCOUNTS = ("boulangerie", "loja")
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
    """The value of a cell, which is drawn formatted but told as it is."""
    return float(cell) if cell else None


def shows_the_cards(reader: Reader, figures: Figures, filters: Filters) -> None:
    """Waits for the first of them, so that it can follow a change."""
    expected = figures.cards(filters)
    expect(reader.card("conversations")).to_have_text(expected["conversations"])
    shown = reader.cards()
    assert shown == {column: expected[column] for column in shown} and len(shown) == 16


@pytest.mark.parametrize("account", ACCOUNTS)
def test_cards_are_the_totals_of_the_period_beside_those_before(
    reader: Reader, figures: Figures, account: str
) -> None:
    reader.open(account=account)
    filters = usual(figures, account)
    shows_the_cards(reader, figures, filters)
    length = filters.last_day - filters.first_day + timedelta(days=1)
    before = figures.totals(replace(filters, first_day=filters.first_day - length, last_day=filters.last_day - length))
    for column in reader.cards():
        if before[column] is not None:
            was = MEASURES[column].text(before[column], ENGLISH)
            expect(reader.page.locator(f".st-key-card-{column}")).to_contain_text(f"was {was}")


def test_cards_are_the_same_figures_in_french(reader: Reader, figures: Figures) -> None:
    reader.open(account="boulangerie", lang="fr")
    expected = figures.cards(usual(figures, "boulangerie"), FRENCH)
    shown = reader.cards()
    assert shown == {column: " ".join(expected[column].split(" ")) for column in shown} and shown


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_the_summary_table_and_its_csv_are_the_overview(reader: Reader, figures: Figures, grain: str) -> None:
    reader.open(account="boulangerie")
    reader.page.get_by_role("radiogroup", name="Rows by").get_by_text(grain.capitalize(), exact=True).click()
    name = f"Overview, {grain}"
    expect(reader.page.get_by_role("button", name=f"Download {name} as CSV")).to_be_visible()
    reader.settled()
    filters = replace(usual(figures, "boulangerie"), grain=grain)
    file, rows = reader.download(name)
    assert file == file_name(filters, f"overview-{grain}")
    same_rows(rows, figures.csv("overview", filters))
    first = figures.rows("overview", filters)[0]
    cells = reader.table(name)[0]
    assert cells["Period"].startswith(ENGLISH.period(first["period_start"], first["period_end"], grain))
    assert number(cells["Conversations"]) == first["conversations"]
    assert number(cells["First response, median"]) == first["median_first_response_seconds"]


def test_the_csv_of_the_traffic_is_the_macro(reader: Reader, figures: Figures) -> None:
    reader.open(account="loja")
    filters = usual(figures, "loja")
    file, rows = reader.download("When customers write")
    assert file == file_name(filters, "traffic")
    assert len(rows) == 7 * 24
    same_rows(rows, figures.csv("traffic", filters))


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("report", TABLES)
def test_the_csv_of_a_table_is_the_macro(reader: Reader, figures: Figures, report: str, account: str) -> None:
    reader.open(report, account=account)
    filters = replace(usual(figures, account), grain="period")
    file, rows = reader.download(TABLES[report])
    assert file == file_name(filters, report)
    same_rows(rows, figures.csv(report, filters))


def test_the_table_of_agents_shows_the_macro(reader: Reader, figures: Figures) -> None:
    reader.open("by-agent", account="boulangerie")
    rows = figures.rows("by-agent", replace(usual(figures, "boulangerie"), grain="period"))
    total = figures.totals(usual(figures, "boulangerie"))["conversations"]
    by_name = {row["agent_name"]: row for row in rows if row["agent_name"]}
    shown = {row["Agent"]: row for row in reader.table("By agent") if row["Agent"] in by_name}
    assert set(shown) == set(by_name)
    for name, row in by_name.items():
        assert number(shown[name]["Conversations"]) == row["conversations"]
        assert number(shown[name]["Share of conversations"]) == row["conversations"] / total
        assert number(shown[name]["First response, median"]) == row["median_first_response_seconds"]


def test_the_table_of_tags_shows_the_macro(reader: Reader, figures: Figures) -> None:
    reader.open("by-tag", account="loja")
    rows = figures.rows("by-tag", replace(usual(figures, "loja"), grain="period"))
    shown = {row["Tag"]: row for row in reader.table("By tag")}
    assert set(shown) == {row["tag"] for row in rows}
    for row in rows:
        assert number(shown[row["tag"]]["Conversations"]) == row["conversations"]
        assert number(shown[row["tag"]]["Share of conversations"]) == row["share_of_conversations"]


@pytest.mark.parametrize("page", ["by-agent", "by-tag"])
def test_a_ranking_is_of_the_figure_that_was_chosen(reader: Reader, figures: Figures, page: str) -> None:
    reader.open(page, account="boulangerie")
    reader.choose("Figure", "Messages out")
    chart = reader.page.locator(f".st-key-chart-{page}-ranking")
    expect(chart.get_by_role("heading", name="Messages out")).to_be_visible()
    reader.settled()
    rows = figures.rows(page, replace(usual(figures, "boulangerie"), grain="period"))
    most = max(row["messages_outbound"] for row in rows)
    expect(chart.get_by_role("img").first).to_contain_text(ENGLISH.number(most))


@pytest.mark.parametrize("column", ["conversations", "messages"])
def test_a_chart_over_time_as_a_table_is_the_overview(reader: Reader, figures: Figures, column: str) -> None:
    reader.open(account="loja", grain="week")
    parts = {
        "conversations": ("conversations_inbound", "conversations_inbox", "conversations_flow", "conversations_other"),
        "messages": ("messages_inbound", "messages_outbound"),
    }[column]
    chart = reader.page.locator(f".st-key-chart-{column}")
    chart.get_by_text("As a table").click()
    table = chart.get_by_role("table")
    expect(table).to_be_visible()
    cells = table.evaluate("table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))")
    rows = figures.rows("overview", replace(usual(figures, "loja"), grain="week"))
    assert [row[1:] for row in cells[1:]] == [[ENGLISH.number(row[part]) for part in parts] for row in rows]
