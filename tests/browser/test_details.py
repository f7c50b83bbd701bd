"""Details: sorting, paging, search, one conversation with its timeline and back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from reports.pages.formats import ENGLISH
from reports.pages.queries import PAGE_ROWS
from tests.browser.figures import Figures
from tests.browser.reader import Reader
from tests.browser.test_figures import same_rows, usual

EVENTS = ("started_at", "first_inbound_at", "first_response_at", "last_message_at", "closed_at", "rated_at")


def conversations(figures: Figures, period: str = "all") -> list[dict[str, object]]:
    """All of the account in the period, the newest first."""
    rows = figures.rows("details", usual(figures, "boulangerie", period))
    return sorted(rows, key=lambda row: (-row["started_at"].timestamp(), row["source_system"], row["conversation_id"]))


def started(rows: list[dict[str, object]]) -> list[str]:
    zone = ZoneInfo("Europe/Paris")
    instants = [row["started_at"] for row in rows]
    return [ENGLISH.instant(one.astimezone(zone)) for one in instants if isinstance(one, datetime)]


def shows(reader: Reader, column: str, expected: list[str]) -> None:
    """The rows of the table that are in sight are the first of these."""

    def cells() -> list[str]:
        return [row[column] for row in reader.table("Conversations")]

    reader.until(cells, lambda shown: bool(shown) and shown == expected[: len(shown)])


def test_pages_hold_all_conversations_the_newest_first(reader: Reader, figures: Figures) -> None:
    rows = conversations(figures)
    pages = -(-len(rows) // PAGE_ROWS)
    assert pages > 2
    reader.open("details", account="boulangerie", period="all")
    expect(reader.page.get_by_text(f"{ENGLISH.number(len(rows))} conversations, rows 1–{PAGE_ROWS}.")).to_be_visible()
    expect(reader.page.get_by_role("button", name="Previous page")).to_be_disabled()
    shows(reader, "Started", started(rows))

    reader.page.get_by_role("button", name="Next page").click()
    reader.at(account="boulangerie", period="all", page="2")
    expect(reader.page.get_by_text(f"rows {PAGE_ROWS + 1}–{2 * PAGE_ROWS}.")).to_be_visible()
    shows(reader, "Started", started(rows)[PAGE_ROWS:])

    reader.open("details", account="boulangerie", period="all", page=str(pages))
    expect(reader.page.get_by_text(f"–{ENGLISH.number(len(rows))}.")).to_be_visible()
    expect(reader.page.get_by_role("button", name="Next page")).to_be_disabled()
    reader.page.get_by_role("button", name="Previous page").click()
    reader.at(account="boulangerie", period="all", page=str(pages - 1))


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
def test_all_are_sorted_not_only_those_of_the_page(reader: Reader, figures: Figures, order: str) -> None:
    reader.open("details", account="boulangerie", period="all")
    reader.choose("Sort by", "Messages")
    reader.at(account="boulangerie", period="all", sort="-messages")
    if order == "Ascending":
        reader.page.get_by_role("radiogroup", name="Order").get_by_text(order, exact=True).click()
        reader.at(account="boulangerie", period="all", sort="messages")
    counts = sorted((row["messages"] for row in conversations(figures)), reverse=order == "Descending")
    shows(reader, "Messages", [str(count) for count in counts])


def test_a_search_finds_every_word_and_its_csv_holds_what_was_found(reader: Reader, figures: Figures) -> None:
    rows = conversations(figures)
    name = str(next(row["contact_name"] for row in rows if row["contact_name"] and " " in str(row["contact_name"])))
    reader.open("details", account="boulangerie", period="all", page="2")
    box = reader.page.get_by_role("textbox", name="Search")
    box.fill(" ".join(reversed(name.upper().split())))
    box.press("Enter")
    reader.at(account="boulangerie", period="all", search=" ".join(reversed(name.upper().split())))
    wanted = {row["conversation_id"] for row in rows if row["contact_name"] == name}
    shown = {row["Conversation"] for row in download(reader)}
    assert wanted and wanted <= shown and len(shown) < len(rows)
    box.fill("no-conversation-has-this")
    box.press("Enter")
    expect(reader.page.get_by_text("No conversation matches this search.")).to_be_visible()


def download(reader: Reader) -> list[dict[str, str]]:
    return [{"Conversation": row["conversation_id"]} for row in reader.download("Conversations")[1]]


def test_a_conversation_is_opened_by_its_row_and_closed_again(reader: Reader, figures: Figures) -> None:
    row = conversations(figures, "last-30-days")[0]
    reader.open("details", account="boulangerie", hours="all")
    shows(reader, "Started", started(conversations(figures, "last-30-days")))
    region = reader.page.get_by_role("region", name="Table of Conversations")
    region.locator("canvas[data-testid=data-grid-canvas]").click(
        position={"x": 15, "y": 52}, force=True
    )  # what scrolls lies on it and takes the click
    reader.at(account="boulangerie", conversation=f"{row['source_system']}/{row['conversation_id']}")
    shows_the_conversation(reader, row)
    reader.page.get_by_role("button", name="Back to the list").click()
    reader.at(account="boulangerie")
    expect(reader.page.get_by_role("region", name="Table of Conversations")).to_be_visible()


def test_a_conversation_has_an_address(reader: Reader, figures: Figures) -> None:
    rows = conversations(figures)
    row = next(one for one in rows if one["rated_at"] and one["rating_comment"] and one["first_response_at"])
    key = f"{row['source_system']}/{row['conversation_id']}"
    reader.open("details", account="boulangerie", conversation=key)
    shows_the_conversation(reader, row)
    reader.open("details", account="boulangerie", conversation="nowhere/nothing")
    expect(reader.page.get_by_text("There is no conversation nowhere/nothing")).to_be_visible()


def shows_the_conversation(reader: Reader, row: dict[str, object]) -> None:
    heading = reader.page.get_by_role("heading", level=2, name=f"Conversation {row['conversation_id']}", exact=True)
    expect(heading).to_be_visible()
    times = reader.page.locator("ol.timeline time[datetime]")
    known = sorted(instant for name in EVENTS if isinstance(instant := row[name], datetime))
    expect(times).to_have_count(len(known))
    shown = times.evaluate_all("times => times.map(time => time.getAttribute('datetime'))")
    assert [datetime.fromisoformat(one) for one in shown] == known
    facts = {
        "messages_inbound": str(row["messages_inbound"]),
        "first_response_seconds": ENGLISH.duration(row["first_response_seconds"]),  # type: ignore[arg-type]
        "duration_seconds": ENGLISH.duration(row["duration_seconds"]),  # type: ignore[arg-type]
        "rating_comment": str(row["rating_comment"] or "–"),
    }
    for column, value in facts.items():
        expect(reader.page.locator(f".st-key-fact-{column}").get_by_test_id("stMarkdown").last).to_have_text(value)


def test_the_csv_of_a_page_holds_all_pages(reader: Reader, figures: Figures) -> None:
    reader.open("details", account="boulangerie", period="all", page="2", sort="messages")
    same_rows(reader.download("Conversations")[1], figures.csv("details", usual(figures, "boulangerie", "all")))
