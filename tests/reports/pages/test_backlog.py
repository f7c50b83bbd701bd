from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reports.pages.app import make_app
from reports.pages.formats import ENGLISH
from reports.pages.measures import AGES, MEASURES, STANDING
from reports.pages.routes import backlog
from reports.pages.texts import LANGUAGES
from reports.published import connect
from tests.reports.pages.asking import Element, Page, Pages, Publish

pytestmark = pytest.mark.builds

OCTOBER = "from=2026-10-01&to=2026-10-31"
PERIOD = f"account=boulangerie&{OCTOBER}"
ACCOUNTS = {"boulangerie": "'boulangerie'", "*": "null"}
LAST, BEFORE = "'2026-10-31', '2026-10-31'", "'2026-09-30', '2026-09-30'"
TEXTS = LANGUAGES["en"]


def asked(link: Path, query: str) -> list[dict[str, Any]]:
    with connect(link.resolve()) as connection:
        answer = connection.execute(query)
        names = [name for name, *_ in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


COUNTS = (*backlog.FLOWS, *backlog.STOCKS, *AGES)
OVER_1D = "waiting_1d_3d + waiting_3d_7d + waiting_over_7d as waiting_over_1d"


def days(link: Path, account: str, first_and_last: str, filters: str = "") -> list[dict[str, Any]]:
    """The counts of each day, of all teams and accounts together."""
    counts = ", ".join(f"sum({column}) as {column}" for column in COUNTS)
    macro = f"report_backlog({account}, {first_and_last}{filters})"
    return asked(link, f"select local_date, {counts} from (select *, {OVER_1D} from {macro}) group by all order by all")


def standing(link: Path, account: str, day: str, filters: str = "") -> dict[str, Any]:
    """The counts of a day, and the medians of all its conversations."""
    medians = ", ".join(f"median({of}_seconds) as median_{of}_seconds" for of in ("waiting", "open"))
    (found,) = days(link, account, day, filters)
    (of_all,) = asked(link, f"select {medians} from report_backlog_details({account}, {day}{filters})")
    return found | of_all


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize(
    ("address", "filters"), [("", ""), ("&status=in_progress&status=new", ", statuses := ['in_progress', 'new']")]
)
def test_cards_are_the_macro_at_the_end_of_the_last_day_against_the_day_before(
    link: Path, pages: Pages, account: str, address: str, filters: str
) -> None:
    page = pages.read(f"/backlog?account={account}&{OCTOBER}{address}")
    assert "As of the end of 31 Oct 2026. Compared with the end of 30 Sept 2026." in page.text
    now, before = (standing(link, ACCOUNTS[account], days, filters) for days in (LAST, BEFORE))
    cards = page.headlines()
    assert len(cards) == len(backlog.CARDS)
    for column in backlog.CARDS:
        card, measure = cards[TEXTS(f"column.{column}")], MEASURES[column]
        assert card.one("p", class_="value").text == measure.text(now[column], ENGLISH)
        change = card.one("p", class_="change").text
        assert f"was {measure.text(before[column], ENGLISH)}" in change
        assert (measure.change(now[column], before[column], ENGLISH) or "") in change
        if measure.count:
            assert card.one("p", class_="count").text.split()[1] == ENGLISH.number(now[measure.count])
        if now[column]:
            assert (
                pages.read(card.one("p", class_="value").one("a")["href"]).count
                == now[measure.count if measure.unit == "duration" else column]
            )


def cells(page: Page, of: str) -> list[list[Element]]:
    rows = page.html.one("section", aria_labelledby=of).one("tbody").all("tr")
    return [row.all("th") + row.all("td") for row in rows]


@pytest.mark.parametrize("more", ["", "&account=*", "&hours=inside&agent=(unassigned)", "&grain=week"])
def test_what_stands_leads_to_as_many_conversations(pages: Pages, more: str) -> None:
    page = pages.read(f"/backlog?{PERIOD}{more}")
    counts = [
        one
        for of in ("teams", "rows")
        for row in cells(page, of)
        for cell in row
        if cell.text.isdecimal()
        for one in cell.all("a")
    ]
    assert len(counts) > 20
    for one in counts[:: len(counts) // 20]:
        assert pages.read(one["href"]).count == int(one.text), one["href"]
    ages, flows = (json.loads(canvas["data-chart"]) for canvas in page.html.all("canvas"))
    for series in ages["series"]:
        for value, link in list(zip(series["values"], series["links"], strict=True))[::6]:
            assert bool(link) == bool(value)
            assert not link or pages.read(link).count == value, link
    assert not any(link for series in flows["series"] for link in series["links"])


def test_teams_are_the_rows_of_the_macro(link: Path, pages: Pages) -> None:
    rows = asked(link, f"select *, {OVER_1D} from report_backlog('boulangerie', {LAST})")
    flows = asked(
        link,
        "select team, sum(opened) as opened, sum(reopened) as reopened, sum(closed) as closed"
        " from report_backlog('boulangerie', '2026-10-01', '2026-10-31') group by team",
    )
    whole = {row["team"]: row | next(flow for flow in flows if flow["team"] == row["team"]) for row in rows}
    shown = cells(pages.read(f"/backlog?{PERIOD}"), "teams")
    assert len(shown) == len(whole) > 1
    for name, *figures in shown:
        row = whole[name.text]
        assert [one.text for one in figures] == [
            MEASURES[column].text(row[column], ENGLISH) for column in backlog.OF_TEAMS
        ]


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_periods_show_the_end_of_their_last_day_and_add_up_what_happened(link: Path, pages: Pages, grain: str) -> None:
    page = pages.read(f"/backlog?{PERIOD}&grain={grain}")
    found: dict[date, dict[str, Any]] = {}
    for row in days(link, "'boulangerie'", "'2026-10-01', '2026-10-31'"):
        day = row["local_date"]
        start = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[grain]
        last = found.get(start)
        found[start] = row | ({one: last[one] + row[one] for one in backlog.FLOWS} if last else {})
    expected = list(found.values())
    columns = (*backlog.FLOWS, *backlog.STOCKS)
    shown = [[one.text for one in row[1:]] for row in cells(page, "rows")[::-1]]
    assert shown == [[MEASURES[column].text(row[column], ENGLISH) for column in columns] for row in expected]
    ages, flows = (json.loads(canvas["data-chart"]) for canvas in page.html.all("canvas"))
    assert [one["values"] for one in ages["series"]] == [[row[age] for row in expected] for age in AGES]
    assert [sum(values) for values in zip(*(one["values"] for one in ages["series"]), strict=True)] == [
        row["waiting_for_us"] for row in expected
    ]
    assert [one["values"] for one in flows["series"]] == [[row[flow] for row in expected] for flow in backlog.FLOWS]
    assert [one["stack"] for one in flows["series"]] == ["in", "in", "out"]


def test_one_or_two_days_are_shown_by_hour(link: Path, pages: Pages) -> None:
    page = pages.read("/backlog?account=boulangerie&from=2026-10-24&to=2026-10-25")  # the clock goes back on the second
    ages, _ = (json.loads(canvas["data-chart"]) for canvas in page.html.all("canvas"))
    expected = asked(
        link,
        "select hour_start, sum(waiting_for_us) as waiting"
        " from report_backlog('boulangerie', '2026-10-24', '2026-10-25', 'hour') group by all order by all",
    )
    assert [sum(values) for values in zip(*(one["values"] for one in ages["series"]), strict=True)] == [
        row["waiting"] for row in expected
    ]
    assert ages["labels"] == [f"{hour:02d}:00" for hour in (*range(24), 0, 1, 2, *range(2, 24))]
    assert ages["periods"][0] == "Sat 24 Oct 2026, 00:00–01:00"
    together = pages.read("/backlog?account=*&from=2026-10-24&to=2026-10-25")  # their clocks differ
    assert len(json.loads(together.html.all("canvas")[0]["data-chart"])["labels"]) == 2


def test_a_period_without_a_whole_day_and_filters_without_a_conversation_say_so(
    own_link: Path, publish: Publish
) -> None:
    pages = Pages(make_app(own_link))
    assert (
        "No day of this period has ended yet"
        in pages.read("/backlog?account=boulangerie&from=2026-11-01&to=2026-11-30").text
    )
    beside = pages.read("/backlog?account=loja&from=2001-01-01&to=2001-12-31")
    assert "No data in this period" in beside.text and "2 Sept 2026" in beside.text
    publish("second", "update reporting.traits set started_in_working_hours = true")
    assert "Nothing matches these filters" in pages.read(f"/backlog?{PERIOD}&hours=outside").text


def test_the_first_day_of_the_data_has_nothing_to_be_compared_with(pages: Pages) -> None:
    page = pages.read("/backlog?account=boulangerie&period=all")
    assert "nothing to compare with" in page.headlines()["Open"].text
    assert "no data before" in page.text


@pytest.mark.parametrize("word", ["", *STANDING])
def test_details_say_what_they_are_narrowed_to(link: Path, pages: Pages, word: str) -> None:
    page = pages.read(f"/details?{PERIOD}&at=2026-10-20&only={word}")
    column = STANDING[word][0] if word else "open"
    name = TEXTS(f"column.{column}")
    (chip,) = page.html.one("ul", class_="selected").all("a")
    assert chip.text == f"{name} at the end of 20 Oct 2026, whenever they started ×"
    assert "at=" not in chip["href"] and "only=" not in chip["href"]
    then = standing(link, "'boulangerie'", "'2026-10-20', '2026-10-20'")
    assert page.count == then[column]
    assert not page.html.all("canvas")
    kept = {one["name"]: one["value"] for one in page.html.one("form").all("input", type="hidden")}
    assert kept.items() >= {"at": "2026-10-20", **({"only": word} if word else {})}.items()


def test_of_those_open_then_details_find_those_answered_by_now_and_the_longest_wait_comes_first(pages: Pages) -> None:
    page = pages.read(f"/details?{PERIOD}&at=2026-10-20&only=answered")
    chips = [one.text for one in page.html.one("ul", class_="selected").all("a")]
    assert chips == ["Open at the end of 20 Oct 2026, whenever they started ×", "Only those behind “Answered” ×"]
    whole = pages.read(f"/details?{PERIOD}&at=2026-10-20")
    assert 0 < page.count < whole.count
    listed = whole.html.one("table", class_="list")
    heads = [one.text for one in listed.one("thead").all("th")]
    assert (
        listed.one("thead").all("th")[heads.index(next(one for one in heads if one.startswith("Waiting since")))][
            "aria-sort"
        ]
        == "ascending"
    )


def test_downloads_hold_the_macro_and_the_conversations_of_a_day(link: Path, pages: Pages) -> None:
    days = pages.get(f"/download/backlog.csv?{PERIOD}&grain=week&rows=day").text
    assert len(list(csv.DictReader(io.StringIO(days)))) == len(
        asked(link, "from report_backlog('boulangerie', '2026-10-01', '2026-10-31')")
    )
    page = pages.read(f"/details?{PERIOD}&at=2026-10-20&only=waiting_for_us")
    address = next(one["href"] for one in page.html.all("a") if "details.csv" in one["href"])
    rows = list(csv.DictReader(io.StringIO(pages.get(address).text)))
    assert len(rows) == page.count and {row["state"] for row in rows} == {"waiting_for_us"}
