"""What a reader chooses is in the address, holds for every page, and survives a reload and the way back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from reports.pages.formats import ENGLISH
from reports.pages.queries import PAGE_ROWS
from reports.pages.routes import PAGES
from reports.pages.texts import LANGUAGES
from tests.browser.conftest import NewReader
from tests.browser.figures import Figures, same_rows, usual
from tests.browser.reader import Reader
from tests.browser.test_figures import shows_the_headlines

EN, FR = LANGUAGES["en"], LANGUAGES["fr"]
CHOICES = {"period": "last-90-days", "grain": "week", "time": "all", "statistic": "p90", "figure": "replies"}


def test_everything_chosen_is_in_the_address_and_survives(reader: Reader) -> None:
    reader.open(account="loja")
    for name, value in (CHOICES | {"heat": "messages"}).items():
        reader.choose(name, value)
    reader.at(account="loja", heat="messages", **CHOICES)
    shown = reader.headlines()
    chosen = {name: reader.page.locator(f"select#{name}").input_value() for name in CHOICES}
    assert chosen == CHOICES
    reader.page.reload()
    reader.settled()
    assert reader.headlines() == shown
    reader.page.go_back()
    reader.at(account="loja", **CHOICES)
    reader.page.go_back()
    reader.at(account="loja", **{name: CHOICES[name] for name in ("period", "grain", "time", "statistic")})
    reader.page.go_forward()
    reader.at(account="loja", **CHOICES)


def test_each_filter_is_the_macros(reader: Reader, figures: Figures) -> None:
    plain = usual(figures, "boulangerie", "last-90-days")
    tagged = next(row for row in figures.rows("details", plain) if row["conversation_tags"] and row["agent_email"])
    values: dict[str, tuple[str, Any]] = {
        "tag": ("conversation_tags", tagged["conversation_tags"][0]),
        "agent": ("agents", tagged["agent_email"]),
        "status": ("statuses", "closed"),
        "source": ("sources", "inbound"),
    }
    reader.open(account="boulangerie", period="last-90-days", grain="week")
    reader.page.locator("#more-filters > summary").click()
    filters, address = replace(plain, grain="week"), {"account": "boulangerie", "period": "last-90-days"}
    address["grain"] = "week"
    for name, (field, value) in values.items():
        reader.page.locator(f"input[name={name}][value='{value}']").check()
        changed: dict[str, Any] = {field: (value,)}
        filters, address[name] = replace(filters, **changed), value
        reader.at(**address)
        shows_the_headlines(reader, figures, filters)
    for name, field, word in (("hours", "working_hours", "inside"), ("answered", "answered", "yes")):
        reader.page.locator(f"select#{name}").select_option(word)
        changed = {field: word}
        filters, address[name] = replace(filters, **changed), word
        reader.at(**address)
        shows_the_headlines(reader, figures, filters)
    reader.click(reader.page.get_by_role("link", name=EN("page.details"), exact=True))
    assert reader.count() == figures.totals(filters)["conversations"] > 0
    same_rows(reader.download("details")[1], figures.csv("details", filters))
    reader.click(reader.page.get_by_role("link", name=EN("filter.clear")))
    reader.at(account="boulangerie", period="last-90-days", grain="week")
    assert reader.count() == figures.totals(plain)["conversations"]


def test_another_account_keeps_what_all_accounts_have(reader: Reader, figures: Figures) -> None:
    agent = next(row["agent_email"] for row in figures.rows("by-agent", usual(figures, "boulangerie", "all")))
    reader.open(account="boulangerie", period="last-90-days", agent=agent, statistic="avg")
    reader.choose("account", "loja")
    reader.at(account="loja", period="last-90-days", statistic="avg")
    shows_the_headlines(reader, figures, usual(figures, "loja", "last-90-days"))
    assert any(column.startswith("avg_duration") for column in reader.headlines())


def test_days_of_a_custom_period(reader: Reader, figures: Figures) -> None:
    usually = usual(figures, "boulangerie")
    reader.open(account="boulangerie")
    reader.choose("period", "custom")
    reader.at(account="boulangerie", period="custom", from_=str(usually.first_day), to=str(usually.last_day))
    first = usually.last_day.replace(day=1)
    reader.page.locator("#from").fill(str(first))
    reader.at(account="boulangerie", period="custom", from_=str(first), to=str(usually.last_day))
    shows_the_headlines(reader, figures, replace(usually, first_day=first))


@pytest.mark.parametrize(("page", "column"), [("details", "messages"), ("by-agent", "ratings"), ("by-tag", "replies")])
def test_a_heading_sorts_all_rows(reader: Reader, figures: Figures, page: str, column: str) -> None:
    filters = replace(usual(figures, "boulangerie", "all"), grain="period" if page != "details" else "day")
    values = sorted(row[column] for row in figures.rows(page, filters))
    reader.open(page, account="boulangerie", period="all")
    for sort, ordered in ((f"-{column}", values[::-1]), (column, values)):
        reader.click(reader.page.locator(f"a#sort-{column}"))
        reader.at(account="boulangerie", period="all", sort=sort)
        order = "descending" if sort.startswith("-") else "ascending"
        expect(reader.page.locator(f"th:has(#sort-{column})")).to_have_attribute("aria-sort", order)
        assert reader.column(column) == [ENGLISH.number(value) for value in ordered[:PAGE_ROWS]]


def test_pages_of_details_hold_every_conversation_once(reader: Reader, figures: Figures) -> None:
    filters = usual(figures, "boulangerie", "last-90-days")
    wanted = [row["conversation_id"] for row in figures.rows("details", filters)]
    reader.open("details", account="boulangerie", period="last-90-days")
    found = reader.column("conversation_id")
    while (following := reader.page.locator("a[rel=next]")).count():
        assert len(found) % PAGE_ROWS == 0
        reader.click(following)
        found += reader.column("conversation_id")
    assert len(wanted) > 2 * PAGE_ROWS and sorted(found) == sorted(wanted)
    assert reader.address["page"] == [str(-(-len(wanted) // PAGE_ROWS))]


def test_a_search_finds_all_words_and_a_row_opens_its_conversation(reader: Reader, figures: Figures) -> None:
    rows = figures.rows("details", usual(figures, "boulangerie", "all"))
    name = next(row["contact_name"] for row in rows if row["contact_name"] and " " in row["contact_name"])
    expected = {row["conversation_id"] for row in rows if row["contact_name"] == name}
    reader.open("details", account="boulangerie", period="all", page_="2")
    reader.page.locator("#search").fill(" ".join(reversed(name.upper().split())))
    reader.page.keyboard.press("Enter")
    reader.at(account="boulangerie", period="all", search=" ".join(reversed(name.upper().split())))
    assert expected <= set(reader.column("conversation_id")) and reader.count() < len(rows)
    listed = reader.page.url
    reader.click(reader.page.locator("table.list tbody th a").first)
    expect(reader.page.locator(".timeline li").first).to_be_visible()
    assert len(reader.address["conversation"]) == 1
    reader.page.reload()
    expect(reader.page.locator(".timeline li").first).to_be_visible()
    reader.page.go_back()
    reader.page.wait_for_url(listed)
    reader.settled()
    assert reader.count() == reader.count_at(listed)


def test_a_filter_a_sort_and_a_conversation_by_keyboard_only(reader: Reader) -> None:
    reader.open("details", account="boulangerie")
    keyboard = reader.page.keyboard
    keyboard.press("Tab")
    expect(reader.page.locator("a.skip")).to_be_focused()
    for _ in range(len(PAGES) + 5):  # pages, languages, the badge, the account, the period
        keyboard.press("Tab")
        if reader.page.evaluate("document.activeElement.id") == "period":
            break
    expect(reader.page.locator("#period")).to_be_focused()
    keyboard.press("ArrowDown")
    reader.page.wait_for_url(re.compile("period=last-90-days"))
    reader.settled()
    expect(reader.page.locator("#period")).to_be_focused()  # it can go on from where it was
    reader.page.locator("#sort-messages").focus()
    keyboard.press("Enter")
    reader.page.wait_for_url(re.compile("sort=-messages"))
    reader.settled()
    expect(reader.page.locator("#sort-messages")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(reader.page.locator("#help-sort-messages")).to_be_visible()
    keyboard.press("Escape")
    expect(reader.page.locator("#help-sort-messages")).not_to_be_visible()
    reader.page.locator("table.list tbody a").first.focus()
    keyboard.press("Enter")
    expect(reader.page.locator(".timeline")).to_be_visible()


@pytest.mark.parametrize("page", PAGES)
def test_the_language_is_the_browsers_or_the_chosen_one(base: str, new_reader: NewReader, page: str) -> None:
    with new_reader(base, locale="fr-FR") as reader:
        reader.open(page, account="boulangerie")
        html, heading = reader.page.locator("html"), reader.page.get_by_role("heading", level=1)
        expect(html).to_have_attribute("lang", "fr")
        expect(heading).to_have_text(FR(f"page.{page}"))
        reader.click(reader.page.get_by_role("link", name=EN.name, exact=True))
        reader.at(account="boulangerie", lang="en")
        expect(html).to_have_attribute("lang", "en")
        expect(heading).to_have_text(EN(f"page.{page}"))
        expect(reader.page).to_have_title(f"{EN(f'page.{page}')} · causerie")


def test_the_release_tells_of_itself(reader: Reader, figures: Figures) -> None:
    reader.open(account="boulangerie")
    reader.page.locator("#about > summary").click()
    expect(reader.page.locator("#about .panel")).to_contain_text(figures.release_id)


def test_without_its_script_a_page_is_filtered_by_a_button(base: str, new_reader: NewReader, figures: Figures) -> None:
    with new_reader(base, java_script_enabled=False) as reader:
        reader.page.goto(f"{base}/details?{urlencode({'account': 'boulangerie'})}")
        reader.page.locator("#period").select_option("last-7-days")
        reader.page.get_by_role("button", name=EN("filter.apply")).click()
        reader.page.wait_for_url(re.compile("period=last-7-days"))
        assert parse_qs(urlsplit(reader.page.url).query)["account"] == ["boulangerie"]
        total = figures.totals(usual(figures, "boulangerie", "last-7-days"))["conversations"]
        assert reader.count() == total
