"""The pictures of the pages in `docs/screenshots`, made from demo data: `make screenshots`.

Here: which pictures there are. Not here: tests.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import a_browser
from tests.browser.reader import Reader
from tests.browser.serving import demo_home, served

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
LARGEST = 300_000
"""Bytes of a picture, which everybody who clones the repository fetches."""

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Picture:
    """A page in a browser, cut at ``height`` pixels."""

    name: str
    page: str
    height: int
    address: dict[str, str] = field(default_factory=dict)
    browser: dict[str, Any] = field(default_factory=dict)


PICTURES = (
    Picture("overview", "overview", 2080),
    Picture("by-agent", "by-agent", 1180),
    Picture("by-tag", "by-tag", 1400),
    Picture("details", "details", 1280),
    Picture("overview-fr-dark", "overview", 2080, {"lang": "fr"}, {"color_scheme": "dark", "locale": "fr-FR"}),
    Picture("overview-phone", "overview", 1700, {}, {"viewport": PHONE, "is_mobile": True, "has_touch": True}),
)


def main() -> None:
    """Make all of them again."""
    FOLDER.mkdir(exist_ok=True)
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        home = demo_home(folder, conversations=6000, days=420, held_back=False)
        home.run()
        with served(home.config, folder / "log") as base, a_browser() as browser:
            for picture in PICTURES:
                options = {"locale": "en-GB", "viewport": WIDE} | picture.browser
                with browser.new_context(**options) as context:
                    reader = Reader(context.new_page(), base)
                    # all of it is in the window, so that everything is drawn and nothing scrolls
                    window = options["viewport"] | {"height": picture.height}
                    reader.page.set_viewport_size(window)
                    reader.open(picture.page, account="boulangerie", **picture.address)
                    reader.drawn()
                    reader.page.screenshot(path=FOLDER / f"{picture.name}.png", animations="disabled")
                size = (FOLDER / f"{picture.name}.png").stat().st_size
                print(f"{picture.name}.png  {size // 1000} kB")
                if size > LARGEST:
                    sys.exit(f"{picture.name}.png is larger than {LARGEST // 1000} kB: cut it lower")


if __name__ == "__main__":
    main()
