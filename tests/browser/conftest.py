"""One demo home, published once, its pages, one browser; a tab of its own for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect, sync_playwright

from tests.browser.figures import Figures
from tests.browser.reader import PATIENCE, Reader
from tests.browser.serving import Home, demo_home, served

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PUBLIC_HOST = "reports.example.org"

NewReader = Callable[..., AbstractContextManager[Reader]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They need a browser of the system, and the machine for themselves: `make test-browser` runs them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """The Chromium of the system, which finds no other machine and takes a public name for this one."""
    arguments = [f"--host-resolver-rules=MAP {PUBLIC_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if shutil.which("chromium") is None:
        pytest.skip(
            "no `chromium` on this machine: the pages are not tested in a browser (Debian: apt install chromium)"
        )
    expect.set_options(timeout=PATIENCE)
    with a_browser() as found:
        yield found


@pytest.fixture(scope="session")
def home(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A published home. It stays as it is: tests that publish have a copy."""
    home = demo_home(tmp_path_factory.mktemp("browser"), conversations=1500, days=420)
    home.run()
    return home


@pytest.fixture(scope="session")
def base(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of its pages."""
    with served(home.config, tmp_path_factory.mktemp("served") / "log") as address:
        yield address


@pytest.fixture(scope="session")
def figures(home: Home) -> Figures:
    """What the table macros of its release say."""
    return Figures(home.file)


@contextmanager
def reading(context: BrowserContext, base: str) -> Iterator[Reader]:
    """A new tab. At the end, it must have met no error and asked no other machine."""
    reader = Reader(context.new_page(), base)
    yield reader
    reader.page.close()
    assert reader.errors == []
    assert reader.hosts == {urlsplit(base).netloc}


@contextmanager
def context_of(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    with browser.new_context(**({"locale": "en-GB", "viewport": DESKTOP} | options)) as context:
        context.set_default_timeout(PATIENCE)
        yield context


@pytest.fixture(scope="session")
def new_reader(browser: Browser) -> NewReader:
    """Readers with a browser of their own, who have seen nothing yet."""

    @contextmanager
    def new(base: str, **options: Any) -> Iterator[Reader]:
        with context_of(browser, **options) as context, reading(context, base) as reader:
            yield reader

    return new


@pytest.fixture(scope="session")
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has the pages' scripts in its cache."""
    with context_of(browser) as context:
        yield context


@pytest.fixture
def reader(base: str, desktop: BrowserContext) -> Iterator[Reader]:
    """A tab of the test's own."""
    with reading(desktop, base) as found:
        yield found
