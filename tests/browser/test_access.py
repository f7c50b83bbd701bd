"""Pages on a phone, on a dark screen, by keyboard and for assistive software."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from reports.pages.server import COLOURS
from tests.browser.conftest import NewReader
from tests.browser.reader import PAGES, Reader

PHONE = {"width": 375, "height": 740}
MOST_TABS = 40
"""More than there are things to reach before the first card."""

# Every control with how it is named; hidden ones and those that are not in the accessibility tree are passed over.
CONTROLS = """() => [...document.querySelectorAll(
    'main button, main input, main a[href], main [role=button], main [role=combobox], main [role=spinbutton],' +
    'main [role=radio], main textarea, main select, [data-testid=stMain] button, [data-testid=stMain] input')]
    .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.closest('[aria-hidden=true]'))
    .filter(one => { const name = (one.getAttribute('aria-label') || '')
        + (one.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id)?.textContent || '')
            .join('')
        + [...(one.labels || [])].map(label => label.textContent).join('')
        + (one.getAttribute('title') || '') + (one.matches('input') ? '' : one.textContent);
        return !name.trim(); })
    .map(one => one.outerHTML.slice(0, 300))"""


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_phone_needs_no_scrolling_to_the_side(base: str, new_reader: NewReader, page: str, language: str) -> None:
    with new_reader(base, viewport=PHONE, has_touch=True, is_mobile=True) as reader:
        reader.open(page, account="boulangerie", tag=["commande", "livraison"], lang=language)
        wide = reader.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= PHONE["width"] and wide[1] <= PHONE["width"], wide
        too_wide = reader.page.evaluate(
            """() => [...document.querySelectorAll('[data-testid=stMain] *')]
                .filter(one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
                .filter(one => { for (let e = one.parentElement; e; e = e.parentElement) {
                    if (e.dataset.testid === 'stMain') return true;
                    if (getComputedStyle(e).overflowX !== 'visible') return false; } })
                .map(one => one.outerHTML.slice(0, 200))"""
        )
        assert too_wide == []


def test_one_conversation_fits_a_phone(base: str, new_reader: NewReader) -> None:
    with new_reader(base, viewport=PHONE, has_touch=True, is_mobile=True) as reader:
        reader.open("details", account="boulangerie")
        cell = reader.table("Conversations")[0]
        reader.open("details", account="boulangerie", search=cell["Contact"])
        assert reader.page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("page", PAGES)
def test_a_dark_screen_gets_dark_pages(base: str, new_reader: NewReader, page: str) -> None:
    with new_reader(base, color_scheme="dark") as reader:
        reader.open(page, account="boulangerie")
        background = COLOURS["dark"]["backgroundColor"].removeprefix("#")
        red, green, blue = (int(background[at : at + 2], 16) for at in (0, 2, 4))
        expect(reader.page.get_by_test_id("stApp")).to_have_css("background-color", f"rgb({red}, {green}, {blue})")
        title = reader.page.get_by_role("heading", level=1).evaluate("one => getComputedStyle(one).color")
        assert min(int(part) for part in title.strip("rgb()").split(",")) > 180, title


@pytest.mark.parametrize("page", PAGES)
def test_headings_are_in_order_and_every_control_has_a_name(reader: Reader, page: str) -> None:
    reader.open(page, account="boulangerie", hours="inside")
    levels = [int(tag[1]) for tag in reader.page.locator("h1, h2, h3, h4, h5, h6").evaluate_all(
        "headings => headings.filter(one => one.checkVisibility()).map(one => one.tagName)"
    )]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in zip(levels, levels[1:], strict=False)), levels
    reader.more_filters()
    assert reader.page.evaluate(CONTROLS) == []


def test_the_keyboard_reaches_the_filters_and_what_a_card_means(reader: Reader) -> None:
    reader.open(account="boulangerie")
    wanted = ["Overview", "Details", "Language", "Account", "Period", "Chart by", "More filters", "Help for Conversations"]
    reached: list[str] = []
    for _ in range(MOST_TABS):
        reader.page.keyboard.press("Tab")
        reached.append(
            reader.page.evaluate(
                """() => { const one = document.activeElement;
                    return (one.getAttribute('aria-label') || [...(one.labels || [])].map(l => l.textContent).join('')
                        || one.textContent).trim(); }"""
            )
        )
        if reached[-1] == wanted[-1]:
            break
    order = [next((n for n, name in enumerate(reached) if name.endswith(one)), None) for one in wanted]
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
