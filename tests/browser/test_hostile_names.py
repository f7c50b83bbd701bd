"""Names, tags, comments and addresses that look like Markdown, HTML or links: read as they are, and nothing fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewReader
from tests.browser.reader import Reader
from tests.browser.serving import Home, served
from tests.drops import agent, contact, conversation, message, rating, write_batch, write_config

IMAGE = "![x](https://evil.example/{}.png)"
LINKS = (
    "https://evil.example www.evil.example ada@evil.example [x](https://evil.example) <img src=//evil.example/i.png>"
)
ACCOUNT = f"[red]acme {IMAGE.format('account')}"
AGENT = f"Ada {LINKS} :material/home: `{IMAGE.format('agent')}"
TAG = f"\n\n{IMAGE.format('tag')} :smile: {LINKS}"
COMMENT = f"1. so\n\n# so {LINKS} <script>alert(1)</script> $x$ {IMAGE.format('comment')}"
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
    """No link, no image but ours, no heading of theirs, and (at the end of a reader) no other host was asked."""
    reader.drawn()
    for selector in ("a[href*='//evil']", "a[href*='//www.evil']", "a[href^='mailto']", "img[src*='evil']"):
        expect(reader.page.locator(f"#root {selector}")).to_have_count(0)
    scripts = reader.page.locator("#root script").evaluate_all("all => all.map(one => one.textContent)")
    assert not [script for script in scripts if "alert" in script]


def test_no_name_and_no_address_acts_on_a_page(hostile: Home, new_reader: NewReader, tmp_path: Path) -> None:
    everything = {"agent": "ada@evil.example", "tag": TAG, "contact_tag": TAG}
    key = f"acme_export/{ID}"
    with served(hostile.config, tmp_path / "log") as base, new_reader(base) as reader:
        for chosen in ({}, everything):
            for _ in reader.each_page(account=ACCOUNT, period="all", **chosen):
                nothing_acts(reader)
                for closed in reader.page.get_by_text("As a table").all():
                    closed.click()
                nothing_acts(reader)
        reader.open("details", account=ACCOUNT, period="all", conversation=key)
        expect(reader.page.get_by_role("heading", name=f"Conversation {ID}", exact=True)).to_be_visible()
        expect(reader.page.locator(".st-key-fact-rating_comment")).to_contain_text(" ".join(COMMENT.split()))
        nothing_acts(reader)
        for bad in (TAG, f"`{TAG}", LINKS, COMMENT, f"a``{IMAGE}"):
            reader.open("details", account=bad, tag=bad, sort=bad, conversation=bad, search=bad, agent=bad)
            expect(reader.page.get_by_role("alert").first).to_be_visible()
            nothing_acts(reader)
