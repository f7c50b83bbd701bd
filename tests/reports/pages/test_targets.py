"""What the page of targets shows is what the macro answers, and leads to the conversations that it says."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo_data.business import BOULANGERIE, LOJA
from reports.pages.app import make_app
from reports.pages.formats import ENGLISH
from reports.pages.measures import MEASURES
from reports.pages.routes.targets import FIGURES
from reports.published import connect
from tests.reports.pages.asking import Element, Page, Pages

pytestmark = pytest.mark.builds

OF_CONVERSATIONS = {
    target.name for business in (BOULANGERIE, LOJA) for target in business.targets if target.measure != "reply"
}
"""Targets of which each conversation has one unit at most."""
ACCOUNTS = {"boulangerie": ("2026-09-01", "2026-10-31"), "loja": ("2026-09-01", "2026-10-31")}


def rows(link: Path, account: str, grain: str = "period", filters: str = "") -> list[dict[str, Any]]:
    first, last = ACCOUNTS[account]
    with connect(link.resolve()) as connection:
        sql = f"from report_by_target('{account}', '{first}', '{last}', grain := '{grain}'{filters})"
        answer = connection.execute(sql)
        columns = [column for column, *_ in answer.description]
        return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def address(path: str, account: str, more: str = "") -> str:
    first, last = ACCOUNTS[account]
    return f"{path}?account={account}&from={first}&to={last}{more}"


def table(page: Page) -> dict[str, dict[str, Element]]:
    body = page.html.one("section", aria_labelledby="all").one("tbody")
    return {row.one("th").text: dict(zip(FIGURES.columns, row.all("td"), strict=True)) for row in body.all("tr")}


def counted(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize(("more", "filters"), [("", ""), ("&status=closed", ", statuses := 'closed'")])
def test_the_table_holds_the_macro_and_leads_to_as_many_conversations(
    link: Path, pages: Pages, account: str, more: str, filters: str
) -> None:
    shown = table(pages.read(address("/by-target", account, more)))
    expected = rows(link, account, filters=filters)
    assert len(shown) == len(expected) > 3
    missed = 0
    for row in expected:
        cells = shown[f"{row['target']} · {row['team']}"]
        for column in ("met_percent", "units", "met", "missed", "pending"):
            assert cells[column].text == MEASURES[column].text(row[column], ENGLISH)
        for column, of_units in (("conversations_missed", "missed"), ("conversations_met", "met")):
            count = counted(cells[column].text)
            if row["target"] in OF_CONVERSATIONS:
                assert count == row[of_units]
            assert (count > 0) == (row[of_units] > 0) or column == "conversations_met"
            assert count <= row[of_units]
            for one in cells[column].all("a"):
                assert pages.read(one["href"]).count == count, one["href"]
            assert bool(cells[column].all("a")) == bool(count)
        missed += counted(cells["conversations_missed"].text)
    assert missed > 20


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize(("path", "section"), [("/by-target", "headlines"), ("/", "targets")])
def test_a_card_adds_up_the_teams_and_leads_to_the_conversations_that_missed(
    link: Path, pages: Pages, account: str, path: str, section: str
) -> None:
    whole: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows(link, account):
        for at, column in enumerate(("met", "missed", "pending")):
            whole[row["target"]][at] += row[column]
    cards = pages.read(address(path, account)).headlines(section)
    assert cards.keys() == whole.keys()
    rates = {}
    for name, (met, missed, pending) in whole.items():
        card, rates[name] = cards[name], 100 * met / (met + missed)
        assert card.one("p", class_="value").text == ENGLISH.percent(rates[name])
        count = card.one("p", class_="count")
        assert count.text.startswith(f"of {ENGLISH.number(met + missed)} met or missed")
        assert (f"{pending} pending" in count.text) == (pending > 0)
        behind = count.one("a")
        assert pages.read(behind["href"]).count == counted(behind.text.split()[0])
        assert name not in OF_CONVERSATIONS or counted(behind.text.split()[0]) == missed
    assert [*cards] == sorted(rates, key=lambda name: rates[name])


def test_targets_are_drawn_over_time_for_all_teams(link: Path, pages: Pages) -> None:
    page = pages.read(address("/by-target", "boulangerie", "&grain=month"))
    chart = json.loads(page.html.one("canvas")["data-chart"])
    expected: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in rows(link, "boulangerie", "month"):
        added = expected[row["target"]][str(row["period_start"])]
        added[0] += row["met"]
        added[1] += row["met"] + row["missed"]
    assert {one["name"]: one["values"] for one in chart["series"]} == {
        name: [round(100 * met / of, 4) for _, (met, of) in sorted(months.items())] for name, months in expected.items()
    }


def test_a_ranking_of_targets_and_teams_has_n(link: Path, pages: Pages) -> None:
    bars = pages.read(address("/by-target", "boulangerie")).html.one("table", class_="ranking").one("tbody").all("tr")
    expected = {f"{row['target']} · {row['team']}": row for row in rows(link, "boulangerie")}
    assert [bar.one("th").text for bar in bars] == sorted(
        (name for name in expected if expected[name]["met_percent"] is not None),
        key=lambda name: (-expected[name]["met_percent"], name.casefold()),
    )
    for bar in bars:
        row = expected[bar.one("th").text]
        assert bar.all("td")[2].text == f"n = {ENGLISH.number(row['met'] + row['missed'])}"


def test_a_card_says_how_the_target_was_met_before(pages: Pages) -> None:
    def cards(first: str, last: str) -> dict[str, Element]:
        return pages.read(f"/by-target?account=boulangerie&from={first}&to={last}").headlines()

    before, now = cards("2026-09-21", "2026-10-04"), cards("2026-10-05", "2026-10-18")
    assert now
    for name, card in now.items():
        assert f"was {before[name].one('p', class_='value').text}" in card.one("p", class_="change").text
        assert "pts" in card.one("p", class_="change").text


def test_all_accounts_have_targets_of_their_own(pages: Pages) -> None:
    page = pages.read("/by-target?account=*&period=all")
    names = {target.name for business in (BOULANGERIE, LOJA) for target in business.targets}
    assert page.headlines().keys() == names
    for cells in table(page).values():
        for link in cells["conversations_missed"].all("a"):
            assert pages.read(link["href"]).count == counted(link.text)


def test_a_conversation_names_the_targets_that_it_missed(link: Path, pages: Pages) -> None:
    with connect(link.resolve()) as connection:
        found = connection.execute(
            "select source_system, conversation_id, targets_missed from details"
            " where account_id = 'boulangerie' and len(targets_missed) > 0 limit 1"
        ).fetchone()
        without = connection.execute(
            "select source_system, conversation_id from details where account_id = 'boulangerie'"
            " and len(targets_missed) + len(targets_met) = 0 limit 1"
        ).fetchone()
    assert found and without
    facts = pages.read(f"/details?account=boulangerie&conversation={found[0]}/{found[1]}").html.one(
        "dl", class_="facts"
    )
    assert "Targets missed" in facts.text and ", ".join(found[2]) in facts.text
    other = pages.read(f"/details?account=boulangerie&conversation={without[0]}/{without[1]}")
    assert "Targets m" not in other.text


def test_without_targets_the_page_says_how_to_have_one_and_the_overview_nothing(
    own_link: Path, publish: Callable[..., None]
) -> None:
    publish("second", "delete from reporting.targets", "update details set targets_missed = [], targets_met = []")
    pages = Pages(make_app(own_link))
    page = pages.read("/by-target?account=boulangerie")
    assert "[[accounts.targets]]" in page.text and "docs/configuration.md" in page.text
    assert not pages.read("/?account=boulangerie").html.all("section", aria_labelledby="targets")
