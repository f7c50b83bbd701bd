"""Names, tags, comments and addresses that look like HTML, scripts or links: read as they are, and nothing fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from reports.pages.routes import PAGES
from tests.browser.conftest import NewReader
from tests.browser.reader import Reader
from tests.browser.serving import Home, served
from tests.drops import agent, contact, conversation, message, rating, write_batch, write_config

IMAGE = "![x](https://evil.example/{}.png)"
IMG = "<img src=//evil.example/i.png onerror=window.acted=1>"
LINKS = f"https://evil.example www.evil.example ada@evil.example [x](https://evil.example) {IMG}"
ACCOUNT = f"[red]acme {IMAGE.format('account')}"
AGENT = f"Ada {LINKS} :material/home: `{IMAGE.format('agent')}"
TAG = f"\n\n{IMAGE.format('tag')} :smile: {LINKS}"
COMMENT = f"1. so\n\n# so {LINKS} <script>window.acted = true; alert(1)</script> $x$ {IMAGE.format('comment')}"
ID = f"c1 {LINKS} {IMAGE.format('id')}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of one conversation, of which everything that people write is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    account = {"id": ACCOUNT, "timezone": "Europe/Paris"}
    config = write_config(folder, accounts=[account])
    named = {"contact_id": "k1", "agent_id": "a1", "channel": COMMENT, "team": AGENT, "tags": [TAG, "refund"]}
    entities = {
        "conversations": [conversation(ID, source="inbox", **named), conversation("c2", **named)],
        "messages": [message("m1", ID), message("m2", "c2")],
        "contacts": [contact("k1", name=AGENT, phone=COMMENT, tags=[TAG])],
        "agents": [agent("a1", name=AGENT, email="ada@evil.example"), agent("a2", email="www.evil.example")],
        "ratings": [rating("r1", ID, rating=5, comment=COMMENT, asked_at="2026-01-02T10:00:00+01:00")],
    }
    write_batch(folder / "drop" / "b1", entities)
    home = Home(config, folder / "waiting")
    home.run()
    return home


def nothing_acts(reader: Reader) -> None:
    """No element is theirs, no script of theirs has run, and (at the end of a reader) no other host was asked."""
    for selector in ("a[href*='//evil']", "a[href*='//www.evil']", "a[href^='mailto']", "img[src*='evil']"):
        expect(reader.page.locator(selector)).to_have_count(0)
    assert reader.page.evaluate("[...document.scripts].every(one => one.src.startsWith(location.origin))")
    assert reader.page.evaluate("window.acted") is None


def test_no_name_and_no_address_acts_on_a_page(hostile: Home, new_reader: NewReader, tmp_path: Path) -> None:
    everything = {"agent": "ada@evil.example", "tag": TAG, "contact_tag": TAG, "team": AGENT, "channel": COMMENT}
    usual = {"account": ACCOUNT, "period": "all"}
    with served(hostile.config, tmp_path / "log") as base, new_reader(base) as reader:
        for page in PAGES:
            for chosen in ({}, everything):
                reader.open(page, **usual, **chosen)
                expect(reader.page.locator("#account")).to_have_value(ACCOUNT)
                reader.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
                nothing_acts(reader)
        reader.open("details", **usual, search="alert")
        assert reader.count() == 2
        reader.open("details", **usual, conversation=f"acme_export/{ID}")
        expect(reader.page.locator(".facts")).to_contain_text(" ".join(COMMENT.split()))
        nothing_acts(reader)
        for bad in (TAG, LINKS, COMMENT, "'; drop table details; --", "javascript:alert(1)", "\u202e\x00%00"):
            for page in PAGES:
                names = (
                    "account",
                    "tag",
                    "sort",
                    "agent",
                    "search",
                    "figure",
                    "heat",
                    "only",
                    "lang",
                    "period",
                    "hour",
                )
                reader.open(page, **dict.fromkeys(names, bad))
                expect(reader.page.get_by_role("alert")).to_be_visible()
                nothing_acts(reader)
            reader.open("details", conversation=bad)
            nothing_acts(reader)


def test_the_browser_would_run_nothing_and_a_foreign_request_would_be_seen(base: str, desktop: BrowserContext) -> None:
    reader = Reader(desktop.new_page(), base)
    reader.open()
    reader.page.evaluate(
        """() => { const one = document.createElement('div'); document.body.append(one);
            one.innerHTML = '<img src="https://evil.example/i.png" onerror="window.acted = true">';
            const script = document.createElement('script'); script.text = 'window.acted = true';
            document.body.append(script); }"""
    )
    reader.page.wait_for_timeout(200)
    assert reader.page.evaluate("window.acted") is None
    assert len(reader.errors) == 3 and all("Content Security Policy" in error for error in reader.errors)
    assert "evil.example" in reader.hosts
    reader.page.close()
