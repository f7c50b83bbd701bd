"""What a reader does with a page, and reads on it, through what a browser shows and names to assistive software.

Here: how widgets of a page are used and when a page is ready. Not here: what should stand on it (``figures``, tests).
"""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Locator, Page, TimeoutError, expect

from reports.pages.texts import Texts

PAGES = ("overview", "by-agent", "by-tag", "details")

PROBES = re.compile(r"/(by-agent|by-tag|details)/_stcore/(health|host-config)$")
"""Streamlit finds out under which path it is served by asking under the path of the page first: 404 is its answer."""

PATIENCE = 60_000
"""Milliseconds that a page may take; a machine that does other things is slow."""

Row = dict[str, str]
Found = TypeVar("Found")


class Reader:
    """One tab of a browser that reads the pages at ``base``."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self._told(message.type, message.text, str(message.location.get("url"))))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))

    def _told(self, kind: str, text: str, url: str) -> None:
        if kind == "error" and not PROBES.search(urlsplit(url).path):
            self.errors.append(f"{text} ({url})")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.netloc)

    def open(self, page: str = "overview", /, **parameters: str | Sequence[str]) -> None:
        """Load a page again at this address."""
        names = {name.rstrip("_"): value for name, value in parameters.items()}
        path = "" if page == "overview" else page
        self.page.goto(f"{self.base}/{path}?{urlencode(names, doseq=True)}")
        self.settled()

    def settled(self) -> None:
        """Wait until the page is drawn: its run has ended, nothing of the one before is left, nothing is loading."""
        expect(self.page.locator("h1")).to_be_visible()  # by role it is hidden while a list is open
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        expect(
            self.page.locator("[data-stale=true], [data-testid=stSkeleton], [data-testid=stAppSkeleton]")
        ).to_have_count(0)

    def until(self, read: Callable[[], Found], holds: Callable[[Found], bool]) -> Found:
        """Wait until what is read on the page is as it should be, and give it: figures and tables come in parts."""
        latest = time.monotonic() + PATIENCE / 1000
        while not holds(found := read()):
            assert time.monotonic() < latest, found
            self.page.wait_for_timeout(50)
        return found

    def drawn(self) -> None:
        """Wait until charts and fonts are there too, for a picture."""
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("async () => { await document.fonts.ready; }")
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    @property
    def address(self) -> dict[str, list[str]]:
        """The query parameters of the address."""
        return parse_qs(urlsplit(self.page.url).query)

    def at(self, **parameters: str | Sequence[str]) -> None:
        """Wait until these are all query parameters of the address, and the page is drawn."""
        names = {name.rstrip("_"): value for name, value in parameters.items()}
        wanted = parse_qs(urlencode(names, doseq=True))
        try:
            self.page.wait_for_url(lambda url: parse_qs(urlsplit(url).query) == wanted, wait_until="commit")
        except TimeoutError:
            raise AssertionError(f"{self.address}, not {wanted}") from None
        self.settled()

    def choose(self, label: str, option: str) -> None:
        """Choose in a list that opens; what is typed narrows it, since it draws only what is in sight."""
        box = self.page.get_by_role("combobox", name=label, exact=True)
        choice = self.page.get_by_role("option", name=option, exact=True)

        def is_offered() -> bool:
            if not self.page.get_by_role("listbox").count():  # it closes when the page is scrolled, or drawn once more
                box.evaluate("box => box.scrollIntoView({block: 'center'})")
                box.fill("")
                box.fill(option)
            return choice.is_visible()

        self.until(is_offered, bool)
        choice.click()

    def more_filters(self) -> Locator:
        """The opened popover of filters."""
        dialog = self.page.get_by_role("dialog", name=re.compile("More filters"))
        if not dialog.is_visible():
            self.page.get_by_role("button", name=re.compile("^More filters")).click()
        expect(dialog).to_be_visible()
        return dialog

    def close_filters(self) -> None:
        """Escape closes what was opened last: a list, then the popover."""
        dialog = self.page.get_by_role("dialog", name=re.compile("filters|filtres"))
        lists = self.page.get_by_role("listbox")
        if lists.count():
            self.page.keyboard.press("Escape")
            expect(lists).to_have_count(0)
        if dialog.count():
            self.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)

    def choose_days(self, first: date, last: date) -> None:
        """In the calendar of a custom period; both in the month that it shows."""
        self.page.get_by_role("button", name="Choose date range").click()
        for day in (first, last):
            self.page.get_by_role("button", name=re.compile(rf"\b{day.day} {day:%B} {day.year}\b")).click()

    def go_to(self, page: str) -> None:
        """Follow a link of the navigation, by its English name."""
        self.page.get_by_role("link", name=page, exact=True).click()
        expect(self.page.get_by_role("heading", level=1, name=page, exact=True)).to_be_visible()
        self.settled()

    def each_page(self, language: str = "en", **parameters: str | Sequence[str]) -> Iterator[str]:
        """Come to one page after the other, by the navigation."""
        self.open(lang=language, **parameters)
        yield PAGES[0]
        for page in PAGES[1:]:
            self.go_to(Texts(language)(f"page.{page}"))
            yield page

    def card(self, column: str) -> Locator:
        """The figure of a card."""
        return self.page.locator(f".st-key-card-{column}").get_by_test_id("stMetricValue")

    def cards(self) -> dict[str, str]:
        """The figures of all cards, by column."""
        found: dict[str, str] = self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll('[class*="st-key-card-"]')].map(card => [
                [...card.classList].find(name => name.startsWith('st-key-card-')).slice('st-key-card-'.length),
                card.querySelector('[data-testid="stMetricValue"]').textContent.trim()]))"""
        )
        return found

    def table(self, name: str) -> list[Row]:
        """The cells of a table that are in sight, by heading: it is drawn, these are what assistive software reads."""
        region = self.page.get_by_role("region", name=re.compile(f"^Table of {re.escape(name)}"))
        region.scroll_into_view_if_needed()
        grid = region.locator("canvas[data-testid=data-grid-canvas] table")
        expect(grid.locator("tbody tr").first).to_be_attached()
        headings, *rows = grid.evaluate(
            "table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))"
        )
        return [dict(zip(headings, row, strict=True)) for row in rows]

    def download(self, table: str) -> tuple[str, list[Row]]:
        """The name of the CSV of a table, and its rows."""
        return self._download(self.page.get_by_role("button", name=f"Download {table} as CSV", exact=True))

    def download_first(self) -> tuple[str, list[Row]]:
        """The same of the first table, in any language."""
        return self._download(self.page.locator("[class*=st-key-csv-]").get_by_role("button").first)

    def _download(self, button: Locator) -> tuple[str, list[Row]]:
        with self.page.expect_download() as download:
            button.click()
        text = Path(download.value.path()).read_bytes().decode("utf-8")
        return download.value.suggested_filename, list(csv.DictReader(io.StringIO(text, newline="")))

    @property
    def text(self) -> str:
        """All that can be read on the page."""
        return self.page.get_by_role("main").inner_text()
