"""When there is nothing to show, pages say why and what to do. (Nothing published, unreadable: ``test_releases``.)"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from playwright.sync_api import expect

from reports.pages.formats import ENGLISH
from reports.pages.routes import PAGES
from reports.pages.texts import LANGUAGES
from reports.queries import Filters
from tests.browser.conftest import NewReader
from tests.browser.figures import Figures, usual
from tests.browser.reader import Reader
from tests.browser.serving import Home, served
from tests.browser.test_figures import shows_the_headlines
from tests.drops import contact, conversation, message, write_batch, write_config

EN = LANGUAGES["en"]
COUNTED = tuple(page for page in PAGES if page != "details")
"""Pages of figures: an empty list of conversations says so itself."""


def test_a_period_without_data_tells_where_there_are_some(reader: Reader, figures: Figures) -> None:
    first = figures.account("loja").first_date
    assert first
    message = reader.page.get_by_role("heading", name=EN("state.outside"))
    for page in COUNTED:
        reader.open(page, account="loja", from_="2001-01-01", to="2001-01-31")
        expect(message).to_be_visible()
        expect(reader.page.locator(".notice")).to_contain_text(ENGLISH.day(first))
    reader.open("details", account="loja", from_="2001-01-01", to="2001-01-31")
    expect(reader.page.get_by_text(EN("details.none_found"))).to_be_visible()
    reader.choose("period", "all")
    assert reader.count() == figures.totals(usual(figures, "loja", "all"))["conversations"]


def nothing(figures: Figures) -> Filters:
    """Filters of which each matches something and all together nothing."""
    filters = usual(figures, "boulangerie", "last-7-days")
    rows = figures.rows("details", filters)
    agents = {row["agent_email"] for row in rows if row["agent_email"]}
    tags = {tag for row in rows for tag in row["conversation_tags"]}
    for agent in sorted(agents):
        for tag in sorted(tags):
            chosen = replace(filters, agents=(agent,), conversation_tags=(tag,), working_hours="outside")
            totals = figures.totals(chosen)
            if not totals["conversations"] and not totals["messages"] and not totals["messages_failed"]:
                return chosen
    raise AssertionError("all filters match something: take a smaller demo")


def test_filters_that_match_nothing_are_told_and_can_be_cleared(reader: Reader, figures: Figures) -> None:
    filters = nothing(figures)
    chosen = {"agent": filters.agents, "tag": filters.conversation_tags, "hours": "outside"}
    for page in COUNTED:
        reader.open(page, account="boulangerie", period="last-7-days", **chosen)
        expect(reader.page.get_by_role("heading", name=EN("state.nothing_matches"))).to_be_visible()
    reader.open(account="boulangerie", period="last-7-days", **chosen)
    reader.click(reader.page.locator(".notice").get_by_role("link", name=EN("filter.clear")))
    reader.at(account="boulangerie", period="last-7-days")
    shows_the_headlines(reader, figures, usual(figures, "boulangerie", "last-7-days"))


def test_what_an_address_holds_that_cannot_be_used_is_told_and_left_out(reader: Reader, figures: Figures) -> None:
    bad = {"account": "nobody", "period": "someday", "agent": "x' or true --", "hours": "9", "tag": "<b>no</b>"}
    reader.open("details", **bad, sort="1; drop table release", page_="-3", conversation_="")
    warning = reader.page.get_by_role("alert")
    for name, value in (bad | {"sort": "1; drop table release", "page": "-3"}).items():
        expect(warning).to_contain_text(f"{name}={value}")
    assert reader.count() == figures.totals(usual(figures, "boulangerie"))["conversations"]
    reader.click(reader.page.get_by_role("link", name=EN("page.overview"), exact=True))
    reader.at(account="boulangerie")
    expect(warning).to_have_count(0)
    reader.open(account="boulangerie", from_="2026-10-20", to="2026-10-10")
    expect(warning).to_contain_text("from … to=2026-10-20 … 2026-10-10")
    shows_the_headlines(reader, figures, usual(figures, "boulangerie"))


def test_an_account_without_conversations_says_so(new_reader: NewReader, tmp_path: Path) -> None:
    accounts = [{"id": name, "timezone": "Europe/Paris"} for name in ("acme", "empty")]
    config = write_config(tmp_path, accounts=accounts)
    entities = {
        "conversations": [conversation("c1", contact_id="k1")],
        "messages": [message("m1", "c1")],
        "contacts": [contact("k1", name="Ada")],
    }
    write_batch(tmp_path / "drop" / "b1", entities)
    home = Home(config, tmp_path / "waiting")
    home.run()
    with served(config, tmp_path / "log") as base, new_reader(base) as reader:
        for page in PAGES:
            reader.open(page, account="empty")
            expect(reader.page.get_by_role("heading", name=EN("state.no_data"))).to_be_visible()
