"""Pages on a phone, on a dark screen, on paper and for assistive software, and what they cost a browser.

The rules are those of axe-core, which is too large for this repository: npm fetches it, or its test is skipped.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from reports.pages.routes import PAGES
from tests.browser.conftest import DESKTOP, NewReader
from tests.browser.figures import Figures, usual
from tests.browser.reader import Reader

AXE = "axe-core@4.14.1"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SCREENS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "dark phone": PHONE | {"color_scheme": "dark"},
}
MOST_SHIFTED = 0.1
MOST_BYTES, MOST_REQUESTS = 500_000, 8

# What is beyond the right edge and nothing scrolls on its own.
TOO_WIDE = """() => [...document.querySelectorAll('body *')]
    .filter(one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
    .filter(one => { for (let e = one.parentElement; e; e = e.parentElement)
        if (getComputedStyle(e).overflowX !== 'visible') return false;
        return !one.matches('.unseen, .unseen *'); })
    .map(one => one.outerHTML.slice(0, 200))"""
SHIFTED = """() => { window.shifted = 0; new PerformanceObserver(list => list.getEntries().forEach(
    one => { window.shifted += one.value; })).observe({type: 'layout-shift', buffered: true}); }"""


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core."""
    if (npm := shutil.which("npm")) is None:
        pytest.skip(f"no `npm` on this machine: the rules of {AXE} are not tried")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        [npm, "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        pytest.skip(f"npm has no {AXE}: its rules are not tried: {done.stderr[-300:]}")
    with tarfile.open(folder / done.stdout.split()[-1]) as packed:
        script = packed.extractfile("package/axe.min.js")
        assert script
        return script.read().decode()


def states(figures: Figures) -> Iterator[tuple[str, dict[str, str]]]:
    """Every page, and those that look otherwise: of all accounts, one conversation, without figures, wrong."""
    yield from ((page, {"account": "boulangerie", "tag": "livraison"}) for page in PAGES)
    yield "overview", {"account": "*"}
    yield "by-target", {"account": "*", "period": "last-90-days"}  # long names, with n and changes
    row = figures.rows("details", usual(figures, "boulangerie"))[0]
    yield "details", {"conversation": f"{row['source_system']}/{row['conversation_id']}", "account": "boulangerie"}
    yield "details", {"account": "boulangerie", "only": "closed", "sort": "-messages", "page_": "2"}
    yield "overview", {"from_": "2001-01-01", "to": "2001-01-31", "account": "nobody"}


@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing(axe: str, base: str, new_reader: NewReader, figures: Figures, screen: str) -> None:
    with new_reader(base, bypass_csp=True, **SCREENS[screen]) as reader:  # the pages allow no script of another origin
        for page, address in states(figures):
            reader.open(page, **address)
            reader.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            reader.page.evaluate(axe)
            found = reader.page.evaluate("async () => (await axe.run()).violations")
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], (page, address)


def test_axe_would_find_a_control_without_a_name(axe: str, base: str, new_reader: NewReader) -> None:
    with new_reader(base, bypass_csp=True) as reader:
        reader.open()
        reader.page.locator(".headline .help").first.evaluate(
            "one => { one.removeAttribute('aria-label'); one.textContent = ''; }"
        )
        reader.page.evaluate(axe)
        assert "button-name" in reader.page.evaluate("async () => (await axe.run()).violations.map(one => one.id)")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_phone_needs_no_scrolling_to_the_side(
    base: str, new_reader: NewReader, figures: Figures, language: str
) -> None:
    with new_reader(base, **PHONE) as reader:
        for page, address in states(figures):
            reader.open(page, lang=language, **address)
            scrolled, shown = reader.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
            assert scrolled <= shown == PHONE["viewport"]["width"], page
            assert reader.page.evaluate(TOO_WIDE) == [], page


def test_a_dark_screen_gets_dark_pages_and_charts(base: str, new_reader: NewReader) -> None:
    with new_reader(base, color_scheme="dark") as reader:
        reader.open(account="boulangerie")
        colours = "one => getComputedStyle(one).color + getComputedStyle(document.body).backgroundColor"
        ink, paper = reader.page.locator("h1").evaluate(colours).strip("rgb()").split(")rgb(")
        assert min(map(int, ink.split(","))) > 180 and max(map(int, paper.split(","))) < 60
        drawn = reader.page.evaluate(
            "Chart.getChart(document.querySelector('canvas')).data.datasets[0].backgroundColor"
        )
        reader.page.emulate_media(color_scheme="light")
        reader.page.wait_for_function(
            "was => Chart.getChart(document.querySelector('canvas')).data.datasets[0].backgroundColor[0] !== was",
            arg=drawn[0],
        )


def test_paper_cuts_no_card_and_has_every_figure(base: str, new_reader: NewReader) -> None:
    with new_reader(base) as reader:
        for page in PAGES:
            reader.open(page, account="boulangerie")
            reader.page.emulate_media(media="print")
            # A4 with the margins of a printer; the list of conversations has it landscape
            width = 1046 if page == "details" else 718
            reader.page.set_viewport_size({"width": width, "height": 1000})
            reader.page.evaluate("dispatchEvent(new Event('beforeprint'))")
            assert reader.page.evaluate(TOO_WIDE) == [], page
            cut = reader.page.locator(".headline, figure.card, tr").evaluate_all(
                "all => all.filter(one => getComputedStyle(one).breakInside !== 'avoid').length"
            )
            assert cut == 0, page
            charts = reader.page.locator(".canvas").evaluate_all(
                "all => all.map(one => [one, one.firstChild].map(part => part.getBoundingClientRect().toJSON()))"
            )
            assert charts, page
            for around, canvas in charts:  # as wide as its card, whatever the paper, and all of it
                assert canvas["width"] == pytest.approx(around["width"], abs=1) and around["width"] > 0.85 * width, page
                assert canvas["height"] <= around["height"] + 1, page
            hidden = reader.page.locator("table").evaluate_all(
                """tables => tables.filter(one => one.checkVisibility() && one.parentElement.matches('.scroll')
                    && one.scrollWidth > one.parentElement.clientWidth + 1).length"""
            )
            assert hidden == 0, page
            assert len(reader.page.pdf(format="A4")) > 10_000
            reader.page.emulate_media(media="screen")
            reader.page.set_viewport_size(DESKTOP)


@pytest.mark.parametrize("page", PAGES)
def test_a_first_visit_is_small_and_nothing_moves(base: str, new_reader: NewReader, page: str) -> None:
    with new_reader(base) as reader:
        network = reader.page.context.new_cdp_session(reader.page)
        sizes: list[float] = []
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        reader.page.add_init_script(f"({SHIFTED})()")
        reader.open(page, account="boulangerie", period="last-90-days")
        reader.page.wait_for_load_state("networkidle")
        assert 0 < sum(sizes) < MOST_BYTES and len(sizes) <= MOST_REQUESTS, sizes
        for period in ("last-7-days", "this-year"):
            reader.choose("period", period)
            reader.page.wait_for_timeout(
                600
            )  # only what a choice moves half a second later counts, and all of it is asked
        assert reader.page.evaluate("shifted") < MOST_SHIFTED
        reader.page.evaluate("document.querySelector('main').style.marginTop = '300px'")
        reader.page.wait_for_timeout(300)
        assert reader.page.evaluate("shifted") > 0  # else it would see no shift at all


def test_a_change_of_a_filter_asks_for_the_page_only(reader: Reader) -> None:
    reader.open(account="boulangerie")
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    reader.choose("period", "last-7-days")
    expect(reader.page.locator("#said")).not_to_be_empty()
    assert len([url for url in asked if "/static/" not in url and not url.endswith("/release")]) == 1
