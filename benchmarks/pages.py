"""Item `pages`: what a page costs the server, and a change of a filter the browser.

Here: each page for one month of days that nobody has asked for yet, in a Chromium where there is one. Not here: the
table macros alone (``reports``), or what stands on a page (``tests/browser``).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from benchmarks.drops import Given
from benchmarks.page import Report, at_most, table
from benchmarks.reports import release_of_one_account
from reports import published
from reports.pages.routes import PAGES
from tests.browser.conftest import a_browser
from tests.browser.serving import served

SERVER, BROWSER, MILLION = 200, 300, 1_000_000
"""Milliseconds that each may work, and the size at which this is asked."""
MONTH = timedelta(days=29)


def pages(given: Given, work: Path, sizes: Sequence[int], repeat: int) -> Report:
    """Publish a release of every size and read its pages.

    Raises:
        CommandError: a run failed.
    """
    report = Report("pages", "Report pages")
    report.blocks.append(
        "`causerie serve` on a release whose conversations all belong to one account, each page for a month of"
        f" days that was not asked for before: medians of {repeat}. *Server*: until the answer is there."
        " *Browser*: the work of the main thread for charts by week, as the DevTools protocol counts it."
    )
    rows: list[list[object]] = []
    for size in sizes:
        config, release = release_of_one_account(given, work, size)
        with published.opened(release) as connection:
            account = next(one for one in published.accounts(connection) if one.last_date)
        assert account.last_date
        months = [account.last_date - timedelta(days=n + 1) for n in range(repeat)]
        queries = [f"?account={account.account_id}&from={last - MONTH}&to={last}" for last in months]
        with served(config, config.parent / "log") as base:
            server = {page: _server(f"{base}{path}", queries) for page, (path, _) in PAGES.items()}
            browser = _browser(base, queries) if shutil.which("chromium") else {}
        for page, milliseconds in server.items():
            rows.append([f"{size:,}", page, f"{milliseconds:.0f}", f"{browser[page]:.0f}" if browser else "–"])
        command = f"python benchmarks/bench.py pages --conversations {size}"
        for what, limit, found in (("server", SERVER, server), ("browser", BROWSER, browser)):
            if found:
                name = f"{size:,} conversations: work of the {what} for the slowest page"
                asked = size >= MILLION
                report.limits.append(
                    at_most(name, max(found.values()), limit, command, unit=" ms", digits=0, asked=asked)
                )
    report.blocks.append(table(["conversations", "page", "server ms", "browser ms"], rows))
    return report


def _server(address: str, queries: Sequence[str]) -> float:
    """Milliseconds until a page is there."""

    urlopen(address, timeout=60).close()  # the first reader waits for what all share

    def seconds() -> Iterator[float]:
        for query in queries:
            begun = time.perf_counter()
            with urlopen(address + query, timeout=60) as answer:
                answer.read()
            yield time.perf_counter() - begun

    return 1000 * median(seconds())


def _browser(base: str, queries: Sequence[str]) -> dict[str, float]:
    """Milliseconds of work of the main thread for a chart by weeks, by page."""
    found = {}
    with a_browser() as browser, browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        tab = context.new_page()
        devtools = context.new_cdp_session(tab)
        devtools.send("Performance.enable")

        def worked() -> float:
            tab.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
            metrics = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
            return float(metrics["TaskDuration"])

        for page, (path, _) in PAGES.items():
            works = []
            for query in queries:
                tab.goto(f"{base}{path}{query}", wait_until="networkidle")
                begun = worked()
                tab.locator("select#grain").select_option("week")
                tab.locator("#page:not([aria-busy])[data-address*='grain=week']").wait_for()
                works.append(worked() - begun)
            found[page] = 1000 * median(works)
    return found
