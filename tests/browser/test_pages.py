"""Each page with data: its headings, cards, charts and tables, in English and in French. (Errors: ``new_reader``.)"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from reports.pages.texts import Texts
from tests.browser.conftest import NewReader
from tests.browser.figures import Figures
from tests.browser.reader import PAGES, Reader

SECTIONS = {
    "overview": ("volume", "speed", "satisfaction", "over_time", "traffic", "tables"),
    "by-agent": ("ranking", "table"),
    "by-tag": ("ranking", "table"),
    "details": ("conversations",),
}
CHARTS = {
    "overview": (
        *("conversations", "distinct_contacts", "duration", "messages", "first-response", "rating"),
        *("sources", "ratings", "traffic"),
    ),
    "by-agent": ("by-agent-ranking",),
    "by-tag": ("by-tag-ranking",),
    "details": (),
}
CARDS = {"overview": 16, "by-agent": 0, "by-tag": 0, "details": 0}
LOCALES = {"en": "en-GB", "fr": "fr-FR"}


def shows_all_of(reader: Reader, page: str, language: str) -> None:
    texts = Texts(language)
    expect(reader.page.locator("html")).to_have_attribute("lang", language)
    expect(reader.page).to_have_title(f"{texts(f'page.{page}')} · causerie")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(texts(f"page.{page}"))
    for section in SECTIONS[page]:
        expect(
            reader.page.get_by_role("heading", level=2, name=texts(f"section.{section}"), exact=True)
        ).to_be_visible()
    assert len(reader.cards()) == CARDS[page]
    for chart in CHARTS[page]:
        drawn = reader.page.locator(f".st-key-chart-{chart}")
        expect(drawn.get_by_role("img").first).to_be_visible()
        box = drawn.get_by_role("img").first.bounding_box()
        assert box and box["width"] > 200 and box["height"] > 50, chart
    expect(reader.page.locator("canvas[data-testid=data-grid-canvas] tbody tr").first).to_be_attached()
    expect(reader.page.get_by_test_id("stException")).to_have_count(0)
    for name in ("state.failed", "state.outside", "state.nothing_matches"):
        expect(reader.page.get_by_role("heading", name=texts(name))).to_have_count(0)


@pytest.mark.parametrize("language", LOCALES)
def test_pages_show_all_that_belongs_to_them_in_the_language_of_the_browser(
    base: str, new_reader: NewReader, language: str
) -> None:
    with new_reader(base, locale=LOCALES[language]) as reader:
        reader.open(account="boulangerie")
        shows_all_of(reader, "overview", language)
        for page in PAGES[1:]:
            reader.go_to(Texts(language)(f"page.{page}"))
            assert reader.address == {"account": ["boulangerie"]}
            shows_all_of(reader, page, language)


def test_the_language_is_a_switch_away_and_stays(reader: Reader) -> None:
    reader.open("by-agent", account="boulangerie")
    reader.choose("Language", "Français")
    reader.at(account="boulangerie", lang="fr")
    shows_all_of(reader, "by-agent", "fr")
    reader.go_to("Par étiquette")
    reader.at(account="boulangerie", lang="fr")
    shows_all_of(reader, "by-tag", "fr")
    reader.choose("Langue", "English")
    reader.at(account="boulangerie", lang="en")
    shows_all_of(reader, "by-tag", "en")


def test_the_release_tells_of_itself(reader: Reader, figures: Figures) -> None:
    reader.open("by-tag")
    reader.page.get_by_role("button", name="Data through").click()
    dialog = reader.page.get_by_role("dialog")
    for named in ("About these data", "Release", "Verdict", "Quarantine", figures.release_id):
        expect(dialog).to_contain_text(named)
