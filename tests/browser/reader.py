"""What a reader does with a page, and reads on it, through what a browser shows and names to assistive software.

Here: how widgets of a page are used and when a page is ready. Not here: what should stand on it (``figures``, tests).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Locator, Page, TimeoutError, expect

PAGES = ("overview", "by-agent", "by-tag", "details")

PROBES = re.compile(r"/(by-agent|by-tag|details)/_stcore/(health|host-config)$")
"""Streamlit finds out under which path it is served by asking under the path of the page first: 404 is its answer."""

Row = dict[str, str]


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

    def open(self, page: str = "overview", **parameters: str | Sequence[str]) -> None:
        """Load a page anew at this address."""
        names = {name.rstrip("_"): value for name, value in parameters.items()}
        path = "" if page == "overview" else page
        self.page.goto(f"{self.base}/{path}?{urlencode(names, doseq=True)}")
        self.settled()

    def settled(self) -> None:
        """Wait until the page is drawn: its run has ended, nothing of the run before is left, no part is being loaded."""
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        expect(self.page.locator("[data-stale=true], [data-testid=stSkeleton], [data-testid=stAppSkeleton]")).to_have_count(0)

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
        self.page.get_by_role("combobox", name=label, exact=True).fill(option)
        self.page.get_by_role("option", name=option, exact=True).click()

    def more_filters(self) -> Locator:
        """The opened popover of filters."""
        dialog = self.page.get_by_role("dialog", name=re.compile("More filters"))
        if not dialog.is_visible():
            self.page.get_by_role("button", name=re.compile("^More filters")).click()
        expect(dialog).to_be_visible()
        return dialog

    def choose_days(self, first: date, last: date) -> None:
        """In the calendar of a custom period; both in the month that it shows."""
        self.page.get_by_role("button", name="Choose date range").click()
        for day in (first, last):
            self.page.get_by_role("button", name=re.compile(rf"\b{day.day} {day:%B} {day.year}\b")).click()
        self.page.keyboard.press("Escape")

    def go_to(self, page: str) -> None:
        """Follow a link of the navigation, by its English name."""
        self.page.get_by_role("link", name=page, exact=True).click()
        expect(self.page.get_by_role("heading", level=1, name=page, exact=True)).to_be_visible()
        self.settled()

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
        """The cells that a table shows, those in sight, by heading. A table is drawn; assistive software reads these."""
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
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=f"Download {table} as CSV", exact=True).click()
        text = Path(download.value.path()).read_bytes().decode("utf-8")
        return download.value.suggested_filename, list(csv.DictReader(io.StringIO(text, newline="")))

    @property
    def text(self) -> str:
        """All that can be read on the page."""
        return self.page.get_by_role("main").inner_text()
