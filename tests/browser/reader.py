"""What a reader does with a page, and reads on it, through what a browser shows.

Here: how a page is used and when it is ready. Not here: what should stand on it (``figures``, tests).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from playwright.sync_api import Locator, Page, TimeoutError, expect

from reports.pages.routes import PAGES

PATIENCE = 30_000
"""Milliseconds that a page may take; a machine that does other things is slow."""

Row = dict[str, str]

# A table by column, which its help or its link to sort names: of each cell its text and the address of its link.
CELLS = """table => { const names = [...table.tHead.rows[0].cells].map(cell =>
        (cell.querySelector('[popovertarget]')?.getAttribute('popovertarget') ?? cell.querySelector('a')?.id ?? '')
        .replace(/^(help-)?(sort|rows)-/, ''));
    return [...table.tBodies[0].rows].map(row => Object.fromEntries([...row.cells].map((cell, at) => [names[at],
        [cell.textContent.trim(), cell.querySelector('a')?.getAttribute('href') ?? '']]))); }"""


class Reader:
    """One tab of a browser that reads the pages at ``base``."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self._told(message.type, f"{message.text} ({message.location.get('url')})"))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))

    def _told(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.netloc)

    def open(self, page: str = "overview", /, **parameters: str | Sequence[str]) -> None:
        """Load a page anew at this address; `from_` stands for `from`."""
        names = {name.rstrip("_"): value for name, value in parameters.items()}
        self.page.goto(f"{self.base}{PAGES[page][0]}?{urlencode(names, doseq=True)}")
        self.settled()

    def settled(self) -> None:
        """Wait until no other page is on its way."""
        expect(self.page.locator("#page:not([aria-busy]) h1")).to_be_visible()

    @property
    def address(self) -> dict[str, list[str]]:
        """The query parameters of the address."""
        return parse_qs(urlsplit(self.page.url).query)

    def at(self, **parameters: str | Sequence[str]) -> None:
        """Wait until these are all query parameters of the address, and the page is drawn."""
        wanted = parse_qs(urlencode({name.rstrip("_"): value for name, value in parameters.items()}, doseq=True))
        try:
            self.page.wait_for_url(lambda url: parse_qs(urlsplit(url).query) == wanted, wait_until="commit")
        except TimeoutError:
            raise AssertionError(f"{self.address}, not {wanted}") from None
        self.settled()

    def choose(self, name: str, value: str) -> None:
        """Choose in a list of the form of filters."""
        self.page.locator(f"select#{name}").select_option(value)
        self.settled()

    def click(self, link: Locator) -> None:
        """Follow a link of the pages."""
        link.click()
        self.settled()

    def headlines(self) -> dict[str, tuple[str, str, str]]:
        """By column: the value, what it is made of, and the address of its conversations."""
        found: dict[str, tuple[str, str, str]] = self.page.locator("section:has(#headlines) .headlines").evaluate(
            """list => Object.fromEntries([...list.children].map(one => [
                one.querySelector('[popovertarget]').getAttribute('popovertarget').replace('help-headline-', ''),
                [one.querySelector('.value').textContent.trim(), one.querySelector('.count').textContent.trim(),
                 one.querySelector('.value a')?.getAttribute('href') ?? '']]))"""
        )
        return found

    def cells(self, table: str) -> list[dict[str, tuple[str, str]]]:
        """The rows of a table: by column, the text of a cell and the address of its link."""
        found: list[dict[str, tuple[str, str]]] = self.page.locator(table).evaluate(CELLS)
        return found

    def column(self, name: str) -> list[str]:
        """The texts of a column of the list of conversations, or of the table of groups."""
        return [row[name][0] for row in self.cells("table:has(a[id^=sort-])")]

    def count(self) -> int:
        """How many conversations Details says that there are."""
        counted = self.page.locator("#counted")
        return int(counted.get_attribute("data-count") or -1) if counted.count() else 0

    def count_at(self, href: str) -> int:
        """The same of an address, asked beside the page."""
        answer = self.page.request.get(urljoin(self.base, href))
        assert answer.ok, href
        found = re.search(r'data-count="(\d+)"', answer.text())
        return int(found[1]) if found else 0

    def download(self, report: str) -> tuple[str, list[Row]]:
        """The name of the CSV of a report, and its rows."""
        with self.page.expect_download() as waiting:
            self.page.locator(f"a[href*='/download/{report}.csv']").click()
        text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
        return waiting.value.suggested_filename, list(csv.DictReader(io.StringIO(text)))
