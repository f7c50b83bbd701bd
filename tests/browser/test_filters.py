"""Each filter, set through the widgets of the page: the address keeps it, the figures are the macros' with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pytest
from playwright.sync_api import expect

from reports.pages.presets import fitting_grain
from reports.queries import Filters
from tests.browser.conftest import NewReader
from tests.browser.figures import Figures
from tests.browser.reader import Reader
from tests.browser.test_figures import same_rows, shows_the_cards, usual

AGENT = "julie.mathieu@maison-levain.example"


@dataclass(frozen=True)
class Case:
    """What a reader does, what the address says then, and what is asked of the macros."""

    do: Callable[[Reader], None]
    address: dict[str, str | list[str]]
    asked: Callable[[Figures], Filters]


def choosing(label: str, *options: str) -> Callable[[Reader], None]:
    """In the popover, where a list takes several."""

    def do(reader: Reader) -> None:
        box = reader.more_filters().get_by_role("combobox", name=label, exact=True)
        for number, option in enumerate(options, 1):
            box.fill(option)
            reader.page.get_by_role("option", name=option, exact=True).click()
            expect(reader.page.get_by_role("dialog", name=f"More filters ({number})")).to_be_visible()
            reader.settled()
        reader.close_filters()

    return do


def choosing_hours(option: str) -> Callable[[Reader], None]:
    def do(reader: Reader) -> None:
        reader.more_filters().get_by_role("radiogroup", name="Started").get_by_text(option, exact=True).click()
        reader.close_filters()

    return do


def choosing_days(reader: Reader) -> None:
    reader.choose("Period", "Custom")
    reader.at(account="boulangerie", period="custom", from_="2026-10-01", to="2026-10-30")
    reader.choose_days(date(2026, 10, 6), date(2026, 10, 19))


def asked(account: str = "boulangerie", period: str = "last-30-days", **more: object) -> Callable[[Figures], Filters]:
    return lambda figures: replace(usual(figures, account, period), **more)  # type: ignore[arg-type]


CASES = {
    "account": Case(lambda reader: reader.choose("Account", "loja"), {"account": "loja"}, asked("loja")),
    "last week": Case(
        lambda reader: reader.choose("Period", "Last week"),
        {"period": "last-week"},
        asked(period="last-week"),
    ),
    "today": Case(
        lambda reader: reader.choose("Period", "Today, up to the data"), {"period": "today"}, asked(period="today")
    ),
    "all data": Case(lambda reader: reader.choose("Period", "All data"), {"period": "all"}, asked(period="all")),
    "custom days": Case(
        choosing_days,
        {"period": "custom", "from": "2026-10-06", "to": "2026-10-19"},
        lambda figures: Filters("boulangerie", date(2026, 10, 6), date(2026, 10, 19)),
    ),
    "agent": Case(choosing("Agents", "Julie Mathieu"), {"agent": AGENT}, asked(agents=(AGENT,))),
    "conversation tags": Case(
        choosing("Conversation tags", "commande", "click & collect"),
        {"tag": ["commande", "click & collect"]},
        asked(conversation_tags=("commande", "click & collect")),
    ),
    "contact tags": Case(choosing("Contact tags", "VIP"), {"contact_tag": "VIP"}, asked(contact_tags=("VIP",))),
    "inside": Case(choosing_hours("In working hours"), {"hours": "inside"}, asked(working_hours="inside")),
    "outside": Case(choosing_hours("Outside working hours"), {"hours": "outside"}, asked(working_hours="outside")),
}


@pytest.mark.parametrize("name", CASES)
def test_a_filter_is_kept_in_the_address_and_gives_the_figures_of_the_macros(
    reader: Reader, figures: Figures, name: str
) -> None:
    case = CASES[name]
    filters = case.asked(figures)
    address = {"account": "boulangerie"} | case.address
    reader.open("by-tag", account="boulangerie")
    case.do(reader)
    reader.at(**address)
    same_rows(reader.download("By tag")[1], figures.csv("by-tag", replace(filters, grain="period")))
    grain = fitting_grain(filters.first_day, filters.last_day)
    expect(reader.page.get_by_role("combobox", name="Chart by")).to_have_value(f"Automatic ({grain.capitalize()})")
    reader.go_to("Overview")
    reader.at(**address)
    shows_the_cards(reader, figures, filters)
    same_rows(reader.download("Overview, day")[1], figures.csv("overview", replace(filters, grain="day")))


def test_an_address_with_all_filters_is_the_same_view_for_everybody(
    base: str, new_reader: NewReader, reader: Reader, figures: Figures
) -> None:
    reader.open("by-agent", account="boulangerie", period="custom", from_="2026-08-01", to="2026-10-20", lang="fr")
    for label, option in (("Agents", "Julie Mathieu"), ("Étiquettes de conversation", "commande")):
        reader.page.get_by_role("button", name=re.compile("^Autres filtres")).click()
        reader.choose(label, option)
        reader.settled()
        reader.close_filters()
    reader.at(
        account="boulangerie",
        period="custom",
        from_="2026-08-01",
        to="2026-10-20",
        lang="fr",
        agent=AGENT,
        tag="commande",
    )
    filters = Filters(
        "boulangerie", date(2026, 8, 1), date(2026, 10, 20), agents=(AGENT,), conversation_tags=("commande",)
    )
    with new_reader(base) as other:
        other.page.goto(reader.page.url)
        other.settled()
        assert other.address == reader.address
        same_rows(other.download_first()[1], figures.csv("by-agent", replace(filters, grain="period")))
        other.go_to("Détails")
        assert other.address == reader.address
        same_rows(other.download_first()[1], figures.csv("details", filters))


def test_the_grain_of_the_charts_is_a_choice(reader: Reader, figures: Figures) -> None:
    reader.open(account="loja")
    reader.choose("Chart by", "Week")
    reader.at(account="loja", grain="week")
    rows = figures.rows("overview", replace(usual(figures, "loja"), grain="week"))
    chart = reader.page.locator(".st-key-chart-conversations")
    chart.get_by_text("As a table").click()
    expect(chart.get_by_role("table").get_by_role("row")).to_have_count(len(rows) + 1)
    shows_the_cards(reader, figures, usual(figures, "loja"))


def test_filters_are_counted_told_and_cleared_at_once(reader: Reader, figures: Figures) -> None:
    reader.open(account="boulangerie", agent=AGENT, tag=["commande", "livraison"], hours="inside")
    filters = usual(figures, "boulangerie")
    chosen = replace(filters, agents=(AGENT,), conversation_tags=("commande", "livraison"), working_hours="inside")
    shows_the_cards(reader, figures, chosen)
    expect(reader.page.get_by_role("button", name="More filters (4)")).to_be_visible()
    for words in ("Filtered by", "Julie Mathieu", "commande, livraison", "In working hours"):
        assert words in reader.text
    reader.page.get_by_role("button", name="Clear filters").click()
    reader.at(account="boulangerie")
    shows_the_cards(reader, figures, filters)
    assert "Filtered by" not in reader.text


def test_a_filter_is_taken_away_where_it_was_chosen(reader: Reader, figures: Figures) -> None:
    reader.open(account="boulangerie", agent=AGENT, hours="outside")
    reader.more_filters().get_by_role("button", name=re.compile("Julie Mathieu")).first.click()
    reader.at(account="boulangerie", hours="outside")
    shows_the_cards(reader, figures, replace(usual(figures, "boulangerie"), working_hours="outside"))


def test_back_and_forward_bring_the_views_again(reader: Reader, figures: Figures) -> None:
    reader.open(account="boulangerie")
    reader.choose("Account", "loja")
    reader.at(account="loja")
    shows_the_cards(reader, figures, usual(figures, "loja"))
    reader.go_to("By agent")
    reader.page.go_back()
    expect(reader.page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    shows_the_cards(reader, figures, usual(figures, "loja"))
