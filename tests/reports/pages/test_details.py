from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reports.pages.app import make_app
from reports.pages.routes.details import INSTANTS, events
from tests.drops import agent, contact, conversation, message, rating, write_batch, write_config
from tests.reports.pages.asking import Pages, Publish, parameters
from tests.reports.pages.conftest import released

pytestmark = pytest.mark.builds

PERIOD = "account=boulangerie&period=all"


def test_a_heading_sorts_all_rows_and_turns_them_the_next_time(pages: Pages) -> None:
    page = pages.read(f"/details?{PERIOD}")
    heading = page.html.one("a", id="sort-messages")
    assert parameters(heading["href"])["sort"] == ["-messages"]
    sorted_page = pages.read(heading["href"])
    place = [one.text for one in sorted_page.html.one("table", class_="list").one("thead").all("th")]
    column = next(number for number, text in enumerate(place) if text.startswith("Messages"))
    rows = sorted_page.html.one("table", class_="list").one("tbody").all("tr")
    counts = [int(row.all("td")[column - 1].text) for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == max(int(count) for count in _column(pages, column))
    assert parameters(sorted_page.html.one("a", id="sort-messages")["href"])["sort"] == ["messages"]


def _column(pages: Pages, column: int) -> list[str]:
    """The values of a column on all pages."""
    found: list[str] = []
    address: str | None = f"/details?{PERIOD}"
    while address:
        page = pages.read(address)
        found += [
            row.all("td")[column - 1].text for row in page.html.one("table", class_="list").one("tbody").all("tr")
        ]
        further = page.html.all("a", rel="next")
        address = further[0]["href"] if further else None
    return found


def test_all_pages_hold_all_conversations(pages: Pages) -> None:
    total = pages.read(f"/details?{PERIOD}").count
    assert len(_column(pages, 1)) == total > 100
    assert pages.read(f"/details?{PERIOD}&page=999999").text.endswith("Excel")  # the last page


def test_a_row_opens_its_conversation_and_the_way_back_keeps_the_list(pages: Pages) -> None:
    listed = pages.read("/details?account=*&period=all&sort=-messages&page=2&search=a")
    opened = listed.html.one("table", class_="list").one("tbody").all("a")[0]["href"]
    page = pages.read(opened)
    assert (
        page.html.one("h2", id="conversation").text
        == f"Conversation {parameters(opened)['conversation'][0].split('/')[1]}"
    )
    instants = [one["datetime"] for one in page.html.all("time")]
    assert instants == sorted(instants)
    back = page.html.one("main").all("a")
    assert parameters(next(one["href"] for one in back if "Back" in one.text)) == parameters(
        listed.answer.url.raw_path.decode()
    )


def test_the_list_is_drawn_over_time_and_each_bar_leads_to_its_part(pages: Pages) -> None:
    page = pages.read(f"/details?{PERIOD}&only=closed&search=a&grain=month")
    chart = json.loads(page.html.one("canvas")["data-chart"])["series"][0]
    assert sum(chart["values"]) == page.count
    for value, link in zip(chart["values"], chart["links"], strict=True):
        assert pages.read(link).count == value


def test_what_other_pages_need_is_kept_and_not_offered(pages: Pages) -> None:
    page = pages.read(f"/details?{PERIOD}&statistic=p90&time=all")
    assert not page.html.all("select", id="statistic") and not page.html.all("select", id="time")
    kept = {one["name"]: one["value"] for one in page.html.one("form").all("input", type="hidden")}
    assert kept == {"time": "all", "statistic": "p90"}


def test_an_unknown_conversation_is_reported(pages: Pages) -> None:
    page = pages.read(f"/details?{PERIOD}&conversation=<b>/1")
    assert "There is no conversation <b>/1 in this release." in page.text


@pytest.mark.parametrize(
    ("address", "is_shown"),
    [
        ("https://desk.example/1?a=b&c=d", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
    ],
)
def test_a_conversation_leads_to_its_own_system(own_link: Path, publish: Publish, address: str, is_shown: bool) -> None:
    publish("second", f"update details set source_url = '{address}'")
    pages = Pages(make_app(own_link))
    opened = pages.read(f"/details?{PERIOD}").html.one("table", class_="list").one("tbody").all("a")[0]["href"]
    found = [one["href"] for one in pages.read(opened).html.all("a") if one.attributes.get("target") == "_blank"]
    assert found == ([address] if is_shown else [])


START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


def test_events_stand_in_the_order_of_their_instants_with_the_waits_between() -> None:
    row = {
        **dict.fromkeys(INSTANTS),
        "started_at": START,
        "first_inbound_at": START,
        "first_response_at": START + timedelta(seconds=90.9),
        "closed_at": START + timedelta(hours=30),
        "rated_at": START + timedelta(hours=29),
    }
    assert [(column, wait) for column, _, wait in events(row)] == [
        ("started_at", None),
        ("first_inbound_at", 0),
        ("first_response_at", 90),
        ("rated_at", 29 * 3600 - 91),
        ("closed_at", 3600),
    ]
    alone = {**dict.fromkeys(INSTANTS), "started_at": START, "last_message_at": START}
    assert [column for column, *_ in events(alone)] == ["started_at", "last_message_at"]


HOSTILE = "<script>alert(1)</script> \"' &amp; {{ 7 * 7 }} {% x %} www.evil.example ![x](https://evil.example/i.png)"


def test_hostile_names_are_read_as_they_are(tmp_path: Path) -> None:
    account = {"id": HOSTILE, "timezone": "Europe/Paris"}
    config = write_config(tmp_path, accounts=[account])
    named = {"contact_id": "k1", "agent_id": "a1", "channel": HOSTILE, "team": HOSTILE, "tags": [HOSTILE]}
    entities = {
        "conversations": [conversation(HOSTILE, **named)],
        "messages": [message("m1", HOSTILE)],
        "contacts": [contact("k1", name=HOSTILE, tags=[HOSTILE])],
        "agents": [agent("a1", name=HOSTILE, email=HOSTILE)],
        "ratings": [rating("r1", HOSTILE, rating=5, comment=HOSTILE)],
    }
    write_batch(tmp_path / "drop" / "b1", entities)
    pages = Pages(make_app(released(config, tmp_path / "released")))
    opened = pages.read("/details?period=all").html.one("table", class_="list").one("tbody").all("a")[0]["href"]
    for address in ("/?period=all", "/by-agent?period=all", "/by-tag?period=all", "/details?period=all", opened):
        page = pages.read(address)
        assert all(script["src"].startswith("/static/") for script in page.html.all("script"))
        assert not [one for one in page.html.all("a") if "evil" in one["href"].split("?")[0]]
        assert not [one for one in page.html.all("img") if "evil" in one["src"]]
        assert "49" not in page.html.one("select", id="account").text
        assert HOSTILE in page.html.one("select", id="account").text
    assert HOSTILE in pages.read(opened).text
