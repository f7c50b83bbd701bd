"""Releases come and go while pages are open: nothing is restarted, and no page mixes two."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from reports.pages.routes import PAGES
from reports.pages.texts import LANGUAGES
from tests.browser.conftest import NewReader
from tests.browser.figures import Figures, same_rows, usual
from tests.browser.reader import Reader
from tests.browser.serving import Home, served
from tests.browser.test_figures import shows_the_headlines

EN = LANGUAGES["en"]
SOON = 15_000
"""Milliseconds after which an open page has to offer a newer release."""


def test_nothing_is_published_then_a_release_appears_then_a_newer_one_is_offered(
    home: Home, new_reader: NewReader, tmp_path: Path
) -> None:
    own = home.copied(tmp_path)
    link = own.current.parent
    named = link.readlink()
    link.unlink()
    with served(own.config, tmp_path / "log") as base, new_reader(base) as reader, new_reader(base) as other:
        for page in PAGES:
            reader.open(page, account="boulangerie")
            expect(reader.page.get_by_role("heading", name=EN("state.nothing_published"))).to_be_visible()
            expect(reader.page.get_by_text("causerie run")).to_be_visible()
        reader.open(account="boulangerie")
        reader.errors.clear()  # the browser tells that 503 is no success
        link.symlink_to(named)
        before = Figures(own.file)
        expect(reader.page.locator(".headline").first).to_be_visible(timeout=SOON)  # by itself
        shows_the_headlines(reader, before, usual(before, "boulangerie"))
        other.open("by-agent", account="loja")

        own.deliver()
        own.run()
        after = Figures(own.file)
        assert after.totals(usual(after, "boulangerie")) != before.totals(usual(before, "boulangerie"))
        newer = reader.page.locator("#newer")
        expect(newer).to_be_visible(timeout=SOON)
        reader.choose("period", "last-90-days")  # nobody is interrupted
        shows_the_headlines(reader, before, usual(before, "boulangerie", "last-90-days"))
        same_rows(reader.download("overview")[1], before.csv("overview", usual(before, "boulangerie", "last-90-days")))
        reader.click(newer.get_by_role("link"))
        shows(reader, after)
        expect(newer).to_be_hidden()

        (own.current.parents[1] / named / "causerie.duckdb").unlink()  # retention takes it from under the other page
        other.click(other.page.get_by_role("link", name=EN("page.overview"), exact=True))
        release_id = other.page.locator("#page").get_attribute("data-release")
        figures = before if release_id == before.release_id else after
        assert release_id == figures.release_id
        shows_the_headlines(other, figures, usual(figures, "loja"))
        other.open(account="loja")
        shows_the_headlines(other, after, usual(after, "loja"))


def shows(reader: Reader, figures: Figures) -> None:
    """Every page is of this release, with its figures."""
    filters = usual(figures, "boulangerie", "last-90-days")
    shows_the_headlines(reader, figures, filters)
    same_rows(reader.download("overview")[1], figures.csv("overview", filters))
    for page in PAGES:
        reader.open(page, account="boulangerie", period="last-90-days")
        expect(reader.page.locator("#page")).to_have_attribute("data-release", figures.release_id)
    same_rows(reader.download("details")[1], figures.csv("details", filters))


@pytest.mark.parametrize("spoiled", [b"", b"no database " * 1000])
def test_a_release_that_cannot_be_read_is_told(
    home: Home, new_reader: NewReader, tmp_path: Path, spoiled: bytes
) -> None:
    folder = tmp_path / "demo"
    release = folder / "var" / "releases" / "r1"
    release.mkdir(parents=True)
    (folder / home.config.name).write_bytes(home.config.read_bytes())
    (release / "causerie.duckdb").write_bytes(spoiled)
    (release.parent / "current").symlink_to("r1")
    with served(folder / home.config.name, tmp_path / "log") as base, new_reader(base) as reader:
        for page in PAGES:
            reader.open(page)
            expect(reader.page.get_by_role("heading", name=EN("state.unreadable"))).to_be_visible()
        reader.errors.clear()
