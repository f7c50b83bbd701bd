"""Each link behind a figure leads to exactly as many conversations as the figure says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.pages.measures import MEASURES, NARROWED, OF_CONVERSATIONS, STANDING
from reports.pages.routes import groups
from reports.published import connect
from tests.reports.pages.asking import Pages, parameters

pytestmark = pytest.mark.builds

PERIOD = "account=boulangerie&from=2026-09-01&to=2026-10-31"


@pytest.fixture(scope="session")
def totals(link: Path) -> dict[str, int]:
    with connect(link.resolve()) as connection:
        answer = connection.execute(
            "select * from report_overview('boulangerie', '2026-09-01', '2026-10-31', grain := 'period')"
        )
        names = [name for name, *_ in answer.description]
        return dict(zip(names, answer.fetchall()[0], strict=True))


COUNTED = {
    measure.column: measure.count if measure.unit != "count" else measure.column
    for measure in OF_CONVERSATIONS
    if measure.only is not None and measure.column != "avg_reply_seconds"
}


@pytest.mark.parametrize(("column", "counted"), COUNTED.items())
def test_details_behind_a_figure_are_as_many(pages: Pages, totals: dict[str, int], column: str, counted: str) -> None:
    page = pages.read(f"/details?{PERIOD}&only={MEASURES[column].only}")
    assert page.count == totals[counted]


def test_every_narrowing_is_used_by_a_figure_and_names_itself(pages: Pages) -> None:
    assert {*NARROWED, *STANDING} == {measure.only for measure in MEASURES.values()} - {None, ""}
    page = pages.read(
        f"/details?{PERIOD}&only=ended_in_hours&responder=nobody&missed=first&met=second&weekday=1&hour=14"
    )
    assert [one.text for one in page.html.one("ul", class_="selected").all("li")] == [
        "Only those behind “Duration in working hours” ×",
        "First response by nobody ×",
        "Missed the target “first” ×",
        "Met the target “second” ×",
        "Started on Monday, 14:00–15:00 ×",
    ]


def test_cards_bars_and_hours_lead_to_their_conversations(pages: Pages) -> None:
    page = pages.read(f"/?{PERIOD}")
    cards = page.headlines()
    for name in ("Conversations", "Unanswered", "Closed", "Reopened"):
        value = cards[name].one("p", class_="value")
        assert pages.read(value.one("a")["href"]).count == int(value.text)
    ratings = int(cards["CSAT"].one("p", class_="count").text.split()[1])
    assert pages.read(cards["CSAT"].one("p", class_="value").one("a")["href"]).count == ratings
    opened = json.loads(page.html.all("canvas")[0]["data-chart"])
    for series in opened["series"]:
        for value, link in list(zip(series["values"], series["links"], strict=True))[::4]:
            assert pages.read(link).count == value
    hours = [cell for cell in page.html.one("table", class_="heat").all("td") if cell.all("a")]
    assert hours
    for cell in hours[::10]:
        assert pages.read(cell.one("a")["href"]).count == int(cell.text)


@pytest.mark.parametrize("name", groups.GROUPS)
@pytest.mark.parametrize("more", ["", "&status=closed&hours=inside", "&account=*"])
def test_rows_of_groups_lead_to_their_conversations(pages: Pages, name: str, more: str) -> None:
    page = pages.read(f"/{name}?{PERIOD}{more}")
    table = page.html.one("section", aria_labelledby="all").one("table")
    counts = [cell.one("a") for cell in table.all("td") if cell.all("a") and cell.text.isdecimal()]
    assert len(counts) > 10
    for link in counts[::7]:
        assert pages.read(link["href"]).count == int(link.text), link["href"]


def test_first_responses_of_an_agent_lead_to_those_that_the_agent_gave(pages: Pages) -> None:
    page = pages.read(f"/by-agent?{PERIOD}&figure=median_first_response_business_seconds")
    for row in page.html.one("table", class_="ranking").all("tr")[1:]:
        link, count = row.one("a"), row.all("td")[-1].text
        assert parameters(link["href"])["responder"]
        assert pages.read(link["href"]).count == int(count.split()[-1])


def test_a_tag_beside_a_chosen_one_leads_nowhere(pages: Pages) -> None:
    """Its row counts conversations that have both; Details takes any."""
    rows = pages.read(f"/by-tag?{PERIOD}").html.one("section", aria_labelledby="all").one("table").all("tr")[1:]
    tag = next(row.one("th").text for row in rows if "(" not in row.one("th").text)
    page = pages.read(f"/by-tag?{PERIOD}&tag={tag}")
    for row in page.html.one("section", aria_labelledby="all").one("table").all("tr")[1:]:
        assert bool(row.all("a")) == (row.one("th").text == tag)
