"""The pictures of the pages in `docs/screenshots`, made from demo data: `make screenshots`.

Here: which pictures there are. Not here: tests. Paper needs `pdftoppm` (Debian: poppler-utils).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from reports.pages.routes import PAGES
from tests.browser.conftest import a_browser
from tests.browser.reader import PATIENCE, Reader
from tests.browser.serving import demo_home, served

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
LARGEST = 300_000
"""Bytes of a picture, which everybody who clones the repository fetches."""

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
FRENCH = {"locale": "fr-FR"}


@dataclass(frozen=True)
class Picture:
    """A page in a browser, cut at ``height`` pixels, or its first sheet of paper."""

    name: str
    page: str
    height: int = 1700
    address: dict[str, str] = field(default_factory=dict)
    browser: dict[str, Any] = field(default_factory=dict)
    is_paper: bool = False


PICTURES = (
    *(Picture(page, page) for page in PAGES),
    Picture("conversation", "details", 1000, {"sort": "-messages"}),
    Picture("overview-fr-dark", "overview", 1700, {}, {"color_scheme": "dark", **FRENCH}),
    Picture(
        "backlog-fr-dark",
        "backlog",
        1300,
        {"grain": "week", "period": "last-90-days"},
        {"color_scheme": "dark", **FRENCH},
    ),
    Picture("by-agent-fr", "by-agent", 1700, {}, FRENCH),
    Picture("by-target-fr-dark", "by-target", 1500, {}, {"color_scheme": "dark", **FRENCH}),
    Picture("overview-phone", "overview", 1700, {}, {"viewport": PHONE, "is_mobile": True, "has_touch": True}),
    Picture("overview-paper", "overview", is_paper=True),
    Picture("details-paper", "details", is_paper=True),
)


def main() -> None:
    """Make all of them again."""
    FOLDER.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE)
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
                    reader.page.set_viewport_size(options["viewport"] | {"height": picture.height})
                    reader.open(picture.page, account="boulangerie", **picture.address)
                    if picture.name == "conversation":
                        reader.click(reader.page.locator("table.list tbody a").first)
                    reader.page.wait_for_load_state("networkidle")
                    file = FOLDER / f"{picture.name}.png"
                    if not picture.is_paper:
                        reader.page.screenshot(path=file, animations="disabled")
                    elif not _first_sheet(reader.page, file):
                        print(f"{file.name}  left as it is: there is no `pdftoppm`")
                        continue
                print(f"{file.name}  {file.stat().st_size // 1000} kB")
                if file.stat().st_size > LARGEST:
                    sys.exit(f"{file.name} is larger than {LARGEST // 1000} kB: cut it lower")


def _first_sheet(page: Page, file: Path) -> bool:
    """The first page as paper shows it; whether it could be made."""
    if (program := shutil.which("pdftoppm")) is None:
        return False
    command = [program, "-png", "-singlefile", "-f", "1", "-r", "90", "-", str(file.with_suffix(""))]
    subprocess.run(command, input=page.pdf(format="A4", print_background=True), check=True)
    return True


if __name__ == "__main__":
    main()
