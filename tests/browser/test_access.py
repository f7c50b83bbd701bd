"""Pages on a phone, on a dark screen, by keyboard and for assistive software."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import expect

from reports.pages.server import COLOURS
from tests.browser.conftest import NewReader
from tests.browser.reader import Reader

PHONE = {"width": 375, "height": 740}
MOST_TABS = 40
"""More than there are things to reach before the first card."""

NAME = """one => [one.getAttribute('aria-label'), one.getAttribute('title'),
    ...(one.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id)?.textContent),
    ...[...(one.labels || [])].map(label => label.textContent), one.matches('input') ? '' : one.textContent]
    .filter(text => text && text.trim()).map(text => text.trim())"""
"""JavaScript: the texts that name a control."""

# Controls without a name; those that are hidden from everybody, or from assistive software, are passed over.
CONTROLS = (
    """() => { const roles = ['button', 'combobox', 'spinbutton', 'radio'].map(role => `[role=${role}]`);
    return [...document.querySelectorAll(['button', 'input', 'a[href]', 'textarea', 'select', ...roles].join(','))]
    .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.closest('[aria-hidden=true]'))
    .filter(one => !("""
    + NAME
    + """)(one).length).map(one => one.outerHTML.slice(0, 300)); }"""
)

# What is beyond the right edge and nothing scrolls on its own.
TOO_WIDE = """() => [...document.querySelectorAll('[data-testid=stMain] *')]
    .filter(one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
    .filter(one => { for (let e = one.parentElement; e; e = e.parentElement) {
        if (e.dataset.testid === 'stMain') return true;
        if (getComputedStyle(e).overflowX !== 'visible') return false; } })
    .map(one => one.outerHTML.slice(0, 200))"""


def fits_a_phone(reader: Reader) -> None:
    scrolled, shown = reader.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert scrolled <= shown == PHONE["width"]
    assert reader.page.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_phone_needs_no_scrolling_to_the_side(base: str, new_reader: NewReader, language: str) -> None:
    with new_reader(base, viewport=PHONE, has_touch=True, is_mobile=True) as reader:
        for _ in reader.each_page(language, account="boulangerie", tag=["commande", "livraison"]):
            fits_a_phone(reader)
        _, rows = reader.download_first()
        key = f"{rows[0]['source_system']}/{rows[0]['conversation_id']}"
        reader.open("details", account="boulangerie", conversation=key, lang=language)
        expect(reader.page.locator("ol.timeline")).to_be_visible()
        fits_a_phone(reader)


def test_a_dark_screen_gets_dark_pages(base: str, new_reader: NewReader) -> None:
    background = COLOURS["dark"]["backgroundColor"].removeprefix("#")
    red, green, blue = (int(background[at : at + 2], 16) for at in (0, 2, 4))
    with new_reader(base, color_scheme="dark") as reader:
        for _ in reader.each_page(account="boulangerie"):
            expect(reader.page.get_by_test_id("stApp")).to_have_css("background-color", f"rgb({red}, {green}, {blue})")
            title = reader.page.get_by_role("heading", level=1).evaluate("one => getComputedStyle(one).color")
            assert min(int(part) for part in title.strip("rgb()").split(",")) > 180, title


def test_headings_are_in_order_and_every_control_has_a_name(reader: Reader) -> None:
    for _ in reader.each_page(account="boulangerie", hours="inside"):
        tags = reader.page.locator("h1, h2, h3, h4, h5, h6").evaluate_all(
            "headings => headings.filter(one => one.checkVisibility()).map(one => one.tagName)"
        )
        levels = [int(tag[1]) for tag in tags]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels)), levels
        reader.more_filters()
        assert reader.page.evaluate(CONTROLS) == []
        reader.close_filters()


def test_the_keyboard_reaches_the_filters_and_what_a_card_means(reader: Reader) -> None:
    reader.open(account="boulangerie")
    reader.page.get_by_role("link", name="Skip to main content").focus()
    wanted = [
        "Overview",
        "Details",
        "Language",
        "Account",
        "Period",
        "Chart by",
        "More filters",
        "Help for Conversations",
    ]
    reached: list[str] = []
    for _ in range(MOST_TABS):
        reader.page.keyboard.press("Tab")
        reached.append(" ".join(reader.page.evaluate(f"() => ({NAME})(document.activeElement)")))
        if wanted[-1] in reached[-1]:
            break
    order = [next((n for n, name in enumerate(reached) if one in name), None) for one in wanted]
    assert None not in order and order == sorted(order, key=lambda n: n or 0), reached
    expect(reader.page.get_by_role("tooltip")).to_contain_text("onversations")


def test_a_filter_is_chosen_by_keyboard(reader: Reader) -> None:
    reader.open(account="boulangerie")
    reader.page.get_by_role("combobox", name="Period").focus()
    reader.page.keyboard.press("ArrowDown")
    expect(reader.page.get_by_role("listbox")).to_be_visible()
    reader.page.keyboard.type("Last week")
    reader.page.keyboard.press("Enter")
    reader.at(account="boulangerie", period="last-week")
