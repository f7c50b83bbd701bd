from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from reports.pages import queries
from reports.pages.formats import ENGLISH
from reports.published import accounts, connect
from reports.queries import Filters

pytestmark = pytest.mark.builds

TIMEOUT = 30


def _script(link: str) -> None:
    from pathlib import Path

    from reports.pages.main import show

    show(Path(link))


def app(link: Path, **parameters: str | list[str]) -> AppTest:
    test = AppTest.from_function(_script, default_timeout=TIMEOUT, args=(str(link),))
    for name, value in parameters.items():
        test.query_params[name] = value
    return test.run()


def address(test: AppTest) -> dict[str, list[str]]:
    return {name: [value] if isinstance(value, str) else list(value) for name, value in test.query_params.items()}


def headers(test: AppTest) -> str:
    return "\n".join(header.value for header in test.header)


def changed(link: Path, folder: Path, *statements: str) -> None:
    """Publish another release: a copy with something else in it."""
    newer = folder / "second.duckdb"
    shutil.copy(link.resolve(), newer)
    with duckdb.connect(str(newer)) as connection:
        for statement in statements:
            connection.execute(statement)
    link.unlink()
    link.symlink_to(newer)


def test_cards_show_the_totals_of_the_macro(link: Path) -> None:
    test = app(link, account="boulangerie", period="all")
    assert not test.exception
    with connect(link.resolve()) as connection:
        account = accounts(connection)[0]
        assert account.first_date and account.last_date
        query = queries.report("overview", Filters("boulangerie", account.first_date, account.last_date, "period"))
        (totals,) = queries.run(connection, *query).dicts()
    shown = {metric.label: metric.value for metric in test.metric}
    assert shown["Conversations"] == ENGLISH.number(totals["conversations"])
    assert shown["First response, median"] == ENGLISH.duration(totals["median_first_response_seconds"])
    assert shown["CSAT"] == ENGLISH.percent(totals["csat_percent"])


def test_a_choice_is_kept_in_the_address(link: Path) -> None:
    test = app(link)
    test.selectbox(key="account").set_value("loja").run()
    test.selectbox(key="period").set_value("last-week").run()
    test.radio(key="hours").set_value("inside").run()
    assert not test.exception
    assert address(test) == {"account": ["loja"], "period": ["last-week"], "hours": ["inside"]}
    before = [metric.value for metric in test.metric]
    again = app(link, **address(test))
    assert [metric.value for metric in again.metric] == before


def test_another_account_takes_agents_and_tags_away(link: Path) -> None:
    test = app(link, account="boulangerie")
    options = test.multiselect(key="agents").options
    assert options
    test.multiselect(key="agents").select(options[0]).run()
    assert address(test)["agent"]
    test.selectbox(key="account").set_value("loja").run()
    assert address(test) == {"account": ["loja"]}


def test_french_is_a_switch_away(link: Path) -> None:
    test = app(link)
    test.selectbox(key="language").set_value("fr").run()
    assert test.title[0].value == "Vue d'ensemble"
    assert address(test)["lang"] == ["fr"]
    assert "Rapidité" in [header.value for header in test.header]


def test_a_bad_address_is_reported_and_shown_without_what_is_bad(link: Path) -> None:
    test = app(link, account="nobody", period="someday", agent=["x' or true --"])
    assert not test.exception
    for problem in ("account=nobody", "period=someday", "agent=x' or true --"):
        assert problem in test.warning[0].value
    assert test.metric


def test_a_period_without_data_says_which_there_are(link: Path) -> None:
    test = app(link, account="loja", **{"from": "2001-01-01", "to": "2001-12-31"})
    assert "No data in this period" in headers(test)
    assert any("2 Sep 2026" in markdown.value for markdown in test.markdown)
    assert not test.exception


def test_filters_that_match_nothing_are_reported(own_link: Path, tmp_path: Path) -> None:
    changed(own_link, tmp_path, "update reporting.traits set started_in_working_hours = true")
    test = app(own_link, account="loja", period="all", hours="outside")
    assert not test.exception
    assert "Nothing matches these filters" in headers(test) or test.metric[0].value == "0"


def test_before_the_first_release_the_page_says_what_to_do(tmp_path: Path) -> None:
    test = app(tmp_path / "current.duckdb")
    assert "Nothing is published yet" in headers(test)
    assert any("causerie run" in markdown.value for markdown in test.markdown)
    assert not test.exception


def test_a_release_of_older_software_is_reported(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "old.duckdb")) as connection:
        connection.execute("create table release as select 'old' as release_id")
    (tmp_path / "current.duckdb").symlink_to(tmp_path / "old.duckdb")
    test = app(tmp_path / "current.duckdb")
    assert any("--full-refresh" in markdown.value for markdown in test.markdown)
    assert not test.exception


def test_a_new_release_is_offered_and_shown_whole(own_link: Path, tmp_path: Path) -> None:
    test = app(own_link, account="loja", period="all")
    before = test.metric[0].value
    changed(
        own_link,
        tmp_path,
        "update release set release_id = 'second'",
        "update reporting.conversations set started_date = date '2001-01-01'",
    )
    test.run()
    assert any("second" in caption.value for caption in test.caption)
    assert test.metric[0].value != before


def test_an_account_without_a_schedule_says_so(own_link: Path, tmp_path: Path) -> None:
    changed(
        own_link,
        tmp_path,
        "update reporting.traits set started_in_working_hours = null;"
        " update reporting.conversations set first_response_business_seconds = null,"
        " duration_business_seconds = null",
        "update reporting.accounts set rating_worst = 0, rating_best = 10",
    )
    test = app(own_link, period="all")
    assert not test.exception
    captions = [caption.value for caption in test.caption]
    assert any("No working hours are configured" in caption for caption in captions)
    assert any("scores here go from 0 to 10" in caption for caption in captions)


def test_custom_days_begin_with_those_that_were_shown(link: Path) -> None:
    test = app(link, account="loja", period="last-month")
    test.selectbox(key="period").set_value("custom").run()
    assert address(test)["from"] == ["2026-09-01"]
    test.date_input(key="range").set_value((date(2026, 9, 10), date(2026, 9, 20))).run()
    assert address(test)["to"] == ["2026-09-20"]
