"""When there is nothing to show, pages say why and what to do. (Nothing published: ``test_releases``.)"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from playwright.sync_api import expect

from reports import published
from reports.queries import Filters
from tests.browser.figures import Figures
from tests.browser.reader import Reader
from tests.browser.test_figures import same_rows, shows_the_cards, usual


def test_a_period_without_data_tells_where_there_are_some(reader: Reader, figures: Figures) -> None:
    first = figures.account("loja").first_date
    assert first
    message = reader.page.get_by_role("heading", name="No data in this period")
    for _ in reader.each_page(account="loja", from_="2001-01-01", to="2001-01-31"):
        expect(message).to_be_visible()
        assert f"{first.day} {first:%b} {first.year}" in reader.text
    reader.choose("Period", "All data")
    reader.at(account="loja", period="all", lang="en")
    expect(message).to_have_count(0)
    expect(reader.page.get_by_role("region", name="Table of Conversations")).to_be_visible()


def nothing(figures: Figures) -> Filters:
    """Filters of which each matches something and all together nothing."""
    filters = usual(figures, "boulangerie", "last-7-days")
    tags = sorted(published.filter_values(figures.connection)["boulangerie", "conversation_tags"] - {"(untagged)"})
    contact_tags = sorted(published.filter_values(figures.connection)["boulangerie", "contact_tags"])
    for tag, contact_tag in product(tags, contact_tags):
        chosen = replace(filters, conversation_tags=(tag,), contact_tags=(contact_tag,), working_hours="outside")
        totals = figures.totals(chosen)
        if not totals["conversations"] and not totals["messages"] and not totals["messages_failed"]:
            return chosen
    raise AssertionError("all filters match something: take a smaller demo")


def test_filters_that_match_nothing_are_told_and_can_be_cleared(reader: Reader, figures: Figures) -> None:
    filters = nothing(figures)
    assert filters.conversation_tags and filters.contact_tags
    message = reader.page.get_by_role("heading", name="Nothing matches these filters")
    chosen = {"tag": filters.conversation_tags, "contact_tag": filters.contact_tags, "hours": "outside"}
    for _ in reader.each_page(account="boulangerie", period="last-7-days", **chosen):
        expect(message).to_be_visible()
    reader.page.get_by_role("button", name="Clear filters").click()
    reader.at(account="boulangerie", period="last-7-days", lang="en")
    expect(message).to_have_count(0)
    all_of_it = replace(filters, conversation_tags=(), contact_tags=(), working_hours="all")
    same_rows(reader.download("Conversations")[1], figures.csv("details", all_of_it))


def test_what_an_address_holds_that_cannot_be_used_is_told_and_left_out(reader: Reader, figures: Figures) -> None:
    bad = {"account": "nobody", "period": "someday", "agent": "x' or true --", "hours": "9", "tag": "<b>no</b>"}
    reader.open("details", **bad, sort="1; drop table release", page_="-3", conversation_="")
    warning = reader.page.get_by_role("alert").filter(has_text="could not be used")
    for name, value in bad.items():
        expect(warning).to_contain_text(f"{name}={value}")
    expect(warning).to_contain_text("sort=1; drop table release")
    expect(reader.page.get_by_role("region", name="Table of Conversations")).to_be_visible()
    assert reader.address == {"account": ["boulangerie"]}
    reader.go_to("Overview")
    shows_the_cards(reader, figures, usual(figures, "boulangerie"))


def test_days_in_the_wrong_order_are_told(reader: Reader, figures: Figures) -> None:
    reader.open(account="boulangerie", from_="2026-10-20", to="2026-10-10")
    expect(reader.page.get_by_role("alert")).to_contain_text("from … to=2026-10-20 … 2026-10-10")
    shows_the_cards(reader, figures, usual(figures, "boulangerie"))
