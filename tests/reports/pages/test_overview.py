from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reports.pages.app import make_app
from reports.pages.formats import ENGLISH
from reports.pages.measures import MEASURES
from reports.published import accounts, connect
from reports.queries import REPORTS, Filters, sql_of
from tests.reports.pages.asking import Page, Pages, Publish

pytestmark = pytest.mark.builds

MONTH = "account=boulangerie&from=2026-09-01&to=2026-09-30"
SEPTEMBER = Filters("boulangerie", date(2026, 9, 1), date(2026, 9, 30), "day")


def rows(link: Path, report: str, filters: Filters) -> list[dict[str, Any]]:
    call, values = sql_of(REPORTS[report], filters)
    with connect(link.resolve()) as connection:
        answer = connection.execute(f"select * from {call}", values)
        names = [name for name, *_ in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@pytest.fixture(scope="session")
def month(pages: Pages) -> Page:
    return pages.read(f"/?{MONTH}")


def test_the_eight_headlines_are_the_figures_of_the_macro_with_n_and_change(link: Path, month: Page) -> None:
    now, before, _ = rows(link, "compare", SEPTEMBER)
    shown = {name: card.one("p", class_="value").text for name, card in month.headlines().items()}
    columns = {
        "Conversations": "conversations",
        "First response in working hours, median": "median_first_response_business_seconds",
        "Reply time, average": "avg_reply_seconds",
        "Duration in working hours, median": "median_duration_business_seconds",
        "Unanswered": "conversations_unanswered",
        "Closed": "conversations_closed",
        "Reopened": "conversations_reopened",
        "CSAT": "csat_percent",
    }
    assert shown == {name: MEASURES[column].text(now[column], ENGLISH) for name, column in columns.items()}
    cards = month.headlines()
    assert cards["CSAT"].one("p", class_="count").text == f"of {now['ratings']} ratings"
    assert cards["Unanswered"].one("p", class_="count").text == f"of {now['conversations']} conversations"
    assert before["conversations"] == 0 or "%" in cards["Conversations"].one("p", class_="change").text


def test_charts_hold_the_rows_of_the_macro(link: Path, month: Page) -> None:
    by_day = rows(link, "overview", SEPTEMBER)
    opened, response, *_ = [json.loads(one["data-chart"]) for one in month.html.all("canvas")]
    for series, source in zip(opened["series"], ("inbound", "inbox", "flow", "other"), strict=True):
        assert series["values"] == [row[f"conversations_{source}"] for row in by_day]
    assert response["series"][0]["texts"] == [
        ENGLISH.duration(row["median_first_response_business_seconds"]) for row in by_day
    ]
    assert opened["complete"] == [row["is_complete"] for row in by_day]


def test_each_hour_of_the_heat_map_is_that_of_the_macro(link: Path, month: Page) -> None:
    traffic = rows(link, "traffic", SEPTEMBER)
    table = month.html.one("table", class_="heat")
    cells = [int(cell.text) for cell in table.all("td")]
    assert cells == [row["conversations"] for row in traffic]  # weeks of the account begin on Monday
    assert sum(cells) == rows(link, "overview", replace(SEPTEMBER, grain="period"))[0]["conversations"]


def test_statistic_time_and_figure_are_in_the_address(link: Path, pages: Pages) -> None:
    (totals,) = rows(link, "overview", replace(SEPTEMBER, grain="period"))
    page = pages.read(f"/?{MONTH}&statistic=p90&time=all&figure=messages&heat=messages")
    cards = page.headlines()
    expected = ENGLISH.duration(totals["p90_first_response_seconds"])
    assert cards["First response, 90th percentile"].one("p", class_="value").text == expected
    assert page.html.one("select", id="figure").one("option", selected="")["value"] == "messages"
    assert (
        sum(int(cell.text.replace(",", "")) for cell in page.html.one("table", class_="heat").all("td"))
        == totals["messages"]
    )


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("tag=commande", {"conversation_tags": ("commande",)}),
        ("contact_tag=vip", {"contact_tags": ("vip",)}),
        ("source=inbound&source=flow", {"sources": ("inbound", "flow")}),
        ("system=boulangerie_export", {"source_systems": ("boulangerie_export",)}),
        ("status=closed&answered=yes", {"statuses": ("closed",), "answered": "yes"}),
        ("rated=yes&hours=inside", {"rated": "yes", "working_hours": "inside"}),
        ("team=(no team)", {"teams": ("(no team)",)}),
        ("agent=(unassigned)", {"agents": ("(unassigned)",)}),
    ],
)
def test_every_filter_reaches_the_macro(link: Path, pages: Pages, query: str, changes: dict[str, Any]) -> None:
    (totals,) = rows(link, "overview", replace(SEPTEMBER, grain="period", **changes))
    page = pages.read(f"/?{MONTH}&{query}")
    assert not page.html.all("p", class_="problem")
    if totals["conversations"]:
        assert page.headlines()["Conversations"].one("p", class_="value").text == str(totals["conversations"])
    else:
        assert "Nothing matches" in page.text


def test_quarters_are_periods_too(link: Path, pages: Pages) -> None:
    page = pages.read(f"/?{MONTH}&grain=quarter")
    assert json.loads(page.html.all("canvas")[0]["data-chart"])["labels"] == ["1 Sept"]  # cut at the range


def test_all_accounts_are_added_up(link: Path, pages: Pages) -> None:
    with connect(link.resolve()) as connection:
        names = [account.account_id for account in accounts(connection)]
    totals = [rows(link, "overview", replace(SEPTEMBER, account=name, grain="period"))[0] for name in names]
    page = pages.read("/?account=*&from=2026-09-01&to=2026-09-30")
    cards = page.headlines()
    assert cards["Conversations"].one("p", class_="value").text == str(sum(row["conversations"] for row in totals))
    seconds = sum(row["first_response_business_seconds_sum"] or 0 for row in totals)
    count = sum(row["first_response_business_count"] for row in totals)
    average = cards["First response in working hours, average"].one("p", class_="value").text
    assert average == ENGLISH.duration(seconds / count)
    for name in names:
        assert name in page.html.all("section", aria_labelledby="apart")[0].text


def test_an_account_without_what_is_filtered_by_leads_to_no_conversations(pages: Pages) -> None:
    """Alone it would be shown without the filter."""
    rows = pages.read("/?account=*&period=all&tag=commande").html.one("section", aria_labelledby="apart").all("tr")[1:]
    counts = {row.one("th").text: (row.all("td")[0].text, len(row.all("a"))) for row in rows}
    assert {links for count, links in counts.values() if count == "0"} == {1}, "the account itself"
    assert min(links for count, links in counts.values() if count != "0") > 1


def test_warnings_are_said_in_a_managers_words(month: Page) -> None:
    assert "3 warnings" not in month.text
    assert "1 warning" in month.text
    assert "a source has not delivered for longer than expected" in month.html.one("ul", class_="warnings").text


def test_an_account_without_a_schedule_counts_all_hours(own_link: Path, publish: Publish) -> None:
    publish(
        "second",
        "update reporting.conversations set first_response_business_seconds = null, duration_business_seconds = null",
        "update reporting.accounts set rating_worst = 0, rating_best = 10",
    )
    page = Pages(make_app(own_link)).read("/?period=all")
    assert "First response, median" in page.headlines()
    assert "scores here go from 0 to 10" in page.text
    forced = Pages(make_app(own_link)).read("/?period=all&time=working")
    assert "No working hours are configured" in forced.text


def test_a_year_before_is_shown_where_there_is_one(own_link: Path, publish: Publish, pages: Pages) -> None:
    publish("second", "update reporting.accounts set first_date = date '2025-01-01'")
    shown = Pages(make_app(own_link)).read(f"/?{MONTH}").headlines()["Conversations"].one("p", class_="change").text
    assert "a year before: 0" in shown
    assert "a year before" not in pages.read(f"/?{MONTH}").text


def test_a_period_is_compared_only_where_there_are_data_for_all_of_it(pages: Pages) -> None:
    page = pages.read("/?period=all")
    assert "There are no data before" in page.text
    assert all('is_compared": true' not in canvas["data-chart"] for canvas in page.html.all("canvas"))


def test_a_part_of_a_period_has_no_change(pages: Pages) -> None:
    page = pages.read("/?account=boulangerie&from=2026-10-25&to=2026-11-05")
    assert "no change is shown" in page.text
    for card in page.headlines().values():
        assert "%" not in card.one("p", class_="change").text.split("was")[0]


def test_all_accounts_are_compared_only_with_days_of_which_all_have_data(own_link: Path, publish: Publish) -> None:
    days = "/?account=*&from=2026-10-05&to=2026-10-18"
    assert "Compared with" in Pages(make_app(own_link)).read(days).text
    publish("second", "update reporting.accounts set first_date = date '2026-10-01' where account_id = 'loja'")
    assert "There are no data before 1 Oct 2026" in Pages(make_app(own_link)).read(days).text


def test_weeks_that_begin_on_different_days_are_not_mixed(pages: Pages) -> None:
    page = pages.read("/?account=*&period=all&grain=week")
    assert "grain=week" in page.html.one("p", class_="problem").text
    assert "week" not in [one["value"] for one in page.html.one("select", id="grain").all("option")]
    assert not pages.read("/?account=loja&period=all&grain=week").html.all("p", class_="problem")


def test_an_account_without_data_makes_nothing_incomplete(own_link: Path, publish: Publish) -> None:
    empty = "first_date = null, last_date = null, data_through = null"
    publish("second", f"update reporting.accounts set {empty} where account_id = 'loja'")
    page = Pages(make_app(own_link)).read("/?account=*&from=2026-10-05&to=2026-10-18")
    assert "no change is shown" not in page.text
    assert all(json.loads(page.html.all("canvas")[0]["data-chart"])["complete"])


def test_averages_of_nothing_are_no_number(pages: Pages) -> None:
    page = pages.read("/?account=*&period=all&grain=day&figure=csat_percent")
    drawn = [canvas["data-chart"] for canvas in page.html.all("canvas")]
    assert any("null" in chart for chart in drawn) and not any("NaN" in chart for chart in drawn)
