"""Releases come while pages are open: nothing is restarted, and no page mixes two."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import NewReader
from tests.browser.figures import Figures
from tests.browser.reader import PAGES, Reader
from tests.browser.serving import Home, served
from tests.browser.test_figures import same_rows, shows_the_cards, usual


def test_nothing_is_published_then_a_release_appears_then_a_newer_one_is_offered(
    home: Home, new_reader: NewReader, tmp_path: Path
) -> None:
    own = home.copied(tmp_path)
    link = own.current.parent
    named = link.readlink()
    link.unlink()
    with served(own.config, tmp_path / "log") as base, new_reader(base) as reader, new_reader(base) as other:
        reader.open()
        expect(reader.page.get_by_role("heading", name="Nothing is published yet")).to_be_visible()
        expect(reader.page.get_by_text("causerie run")).to_be_visible()

        link.symlink_to(named)
        before = Figures(own.file)
        expect(reader.page.get_by_text(f"Release {before.release_id}")).to_be_visible()  # by itself
        reader.settled()
        shows_the_cards(reader, before, usual(before, "boulangerie"))
        other.open("by-agent", account="loja")

        own.deliver()
        own.run()
        after = Figures(own.file)
        assert after.release_id != before.release_id
        assert after.totals(usual(after, "boulangerie")) != before.totals(usual(before, "boulangerie"))
        offer = reader.page.locator(".st-key-newer-release")
        expect(offer).to_contain_text("A newer release has been published.")
        shows_the_cards(reader, before, usual(before, "boulangerie"))  # nobody is interrupted
        same_rows(reader.download("Overview, day")[1], before.csv("overview", usual(before, "boulangerie")))

        reader.page.get_by_role("button", name="Show it").click()
        expect(reader.page.get_by_text(f"Release {after.release_id}")).to_be_visible()
        shows_one_release(reader, after)
        expect(offer).to_have_count(0)

        other.go_to("Overview")  # whoever goes on reading comes to the new release too
        shows_the_cards(other, after, usual(after, "loja"))


def shows_one_release(reader: Reader, figures: Figures) -> None:
    """Every page is of this release, with its figures."""
    reader.settled()
    filters = usual(figures, "boulangerie")
    shows_the_cards(reader, figures, filters)
    same_rows(reader.download("Overview, day")[1], figures.csv("overview", filters))
    for page in PAGES[1:]:
        reader.open(page, account="boulangerie")
        expect(reader.page.get_by_text(re.compile("^Release "))).to_have_text(f"Release {figures.release_id}")
    same_rows(reader.download("Conversations")[1], figures.csv("details", filters))
