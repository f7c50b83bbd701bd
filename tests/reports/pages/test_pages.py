"""What holds for every page: addresses, languages, notices, releases."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import duckdb
import pytest

from reports.pages.app import make_app
from reports.pages.routes import PAGES
from tests.drops import contact, conversation, write_batch, write_config
from tests.reports.pages.asking import Pages, Publish, parameters
from tests.reports.pages.conftest import released

pytestmark = pytest.mark.builds

PATHS = [path for path, _ in PAGES.values()]
COUNTED = [path for path, page in PAGES.values() if not page.is_list]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "query", ["", "?lang=fr", "?account=*", "?period=all&grain=quarter", "?statistic=avg&time=all"]
)
def test_every_page_answers(pages: Pages, path: str, query: str) -> None:
    page = pages.read(path + query)
    assert page.html.one("html")["lang"] == ("fr" if "fr" in query else "en")
    assert not page.html.all("section", class_="notice")


@pytest.mark.parametrize("path", PATHS)
def test_ids_are_unique_and_every_question_mark_has_its_definition(pages: Pages, path: str) -> None:
    page = pages.read(path)
    ids = [one["id"] for one in page.html.inside if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    buttons = page.html.all("button", class_="help")
    assert buttons
    definitions = {one["id"]: one.text for one in page.html.all("span", class_="definition")}
    assert all(definitions[button["popovertarget"]] for button in buttons)


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(pages: Pages, path: str) -> None:
    page = pages.read(path)
    for script in page.html.all("script"):
        assert script["src"].startswith("/static/") and not script.text
    for one in page.html.inside:
        assert "style" not in one.attributes
        assert not [name for name in one.attributes if name.startswith("on")]
        for name in ("src", "href", "action"):
            assert one.attributes.get(name, "").startswith(("/", "#", "?")) or name not in one.attributes


def test_a_choice_is_kept_from_page_to_page(pages: Pages) -> None:
    page = pages.read("/?account=loja&period=last-week&hours=inside&statistic=p90&figure=messages&lang=fr")
    for link in page.html.one("nav", aria_label="Pages").all("a"):
        assert parameters(link["href"]) == {
            "account": ["loja"],
            "period": ["last-week"],
            "hours": ["inside"],
            "statistic": ["p90"],
            "lang": ["fr"],
        }
    assert parameters(page.html.one("div", id="page")["data-address"])["figure"] == ["messages"]


def test_a_bad_address_is_reported_and_shown_without_what_is_bad(pages: Pages) -> None:
    bad = {
        "account": "nobody", "period": "someday", "agent": "x' or true --", "only": "<b>", "hours": "9",
        "tag": "<b>no</b>", "sort": "1; drop table release", "page": "-3",
    }  # fmt: skip
    for path in PATHS:
        page = pages.read(f"{path}?{urlencode(bad)}")
        (problem,) = page.html.all("p", role="alert")
        assert all(f"{name}={value}" in problem.text for name, value in bad.items())
        assert "<b>" not in page.answer.text.split('id="figures"')[1]
        for link in page.html.one("nav", aria_label="Pages").all("a"):
            assert parameters(link["href"]) == {"account": ["boulangerie"]}
    assert page.count == pages.read("/details").count  # of all that is usual
    turned = pages.read("/?from=2026-10-20&to=2026-10-10")
    assert "from … to=2026-10-20 … 2026-10-10" in turned.text
    assert turned.headlines().keys() == pages.read("/").headlines().keys()


def test_the_language_is_that_of_the_browser_until_another_is_chosen(pages: Pages) -> None:
    assert pages.read("/", **{"accept-language": "fr-FR,fr;q=0.9"}).html.one("h1").text == "Vue d’ensemble"
    assert pages.read("/?lang=en", **{"accept-language": "fr"}).html.one("h1").text == "Overview"


@pytest.mark.parametrize("path", COUNTED)
def test_a_period_without_data_says_which_there_are(pages: Pages, path: str) -> None:
    page = pages.read(f"{path}?account=loja&from=2001-01-01&to=2001-12-31")
    assert page.html.one("section", class_="notice").one("h2").text == "No data in this period"
    assert "2 Sept 2026" in page.text


def test_an_empty_list_says_so_itself(pages: Pages) -> None:
    assert "No conversation matches." in pages.read("/details?account=loja&from=2001-01-01&to=2001-12-31").text


@pytest.mark.parametrize("path", COUNTED)
def test_filters_that_match_nothing_are_reported(own_link: Path, publish: Publish, path: str) -> None:
    publish("second", "update reporting.traits set started_in_working_hours = true")
    pages = Pages(make_app(own_link))
    page = pages.read(f"{path}?period=all&hours=outside")
    assert "Nothing matches these filters" in page.text
    cleared = page.html.one("section", class_="notice").one("a")["href"]
    assert parameters(cleared) == {"period": ["all"], "account": ["boulangerie"]}
    assert not pages.read(cleared).html.all("section", class_="notice")


def test_an_account_without_conversations_says_so(tmp_path: Path) -> None:
    config = write_config(tmp_path, accounts=[{"id": name, "timezone": "Europe/Paris"} for name in ("acme", "empty")])
    entities = {"conversations": [conversation("c1", contact_id="k1")], "contacts": [contact("k1", name="Ada")]}
    write_batch(tmp_path / "drop" / "b1", entities)
    pages = Pages(make_app(released(config, tmp_path / "released")))
    for path in PATHS:
        page = pages.read(f"{path}?account=empty")
        assert page.html.one("section", class_="notice").one("h2").text == "This account has no conversations yet"
        assert not page.html.all("select", id="period")
    assert pages.get("/download/details.csv?account=empty").status_code == 404


def test_before_the_first_release_the_page_says_what_to_do(tmp_path: Path) -> None:
    answer = Pages(make_app(tmp_path / "current.duckdb")).get("/")
    assert answer.status_code == 503
    assert "Nothing is published yet" in answer.text and "causerie run" in answer.text


def test_a_release_of_older_software_is_reported(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with duckdb.connect(str(tmp_path / "old" / "causerie.duckdb")) as connection:
        connection.execute("create table release as select 'old' as release_id")
    (tmp_path / "current.duckdb").symlink_to(tmp_path / "old" / "causerie.duckdb")
    answer = Pages(make_app(tmp_path / "current.duckdb")).get("/")
    assert answer.status_code == 503 and "--full-refresh" in answer.text
    assert 'data-release="old"' in answer.text  # so that the page looks for another one, and is not loaded for ever


def test_a_page_that_fails_says_so_and_tells_nothing(own_link: Path, publish: Publish) -> None:
    publish("second", "drop table reporting.traits")
    answer = Pages(make_app(own_link)).get("/")
    assert answer.status_code == 500
    assert "This page could not be shown" in answer.text
    assert "reporting.traits" not in answer.text


def test_an_open_page_stays_in_its_release_until_the_newer_one_is_asked_for(own_link: Path, publish: Publish) -> None:
    pages = Pages(make_app(own_link))
    before = pages.read("/?period=all")
    assert pages.get("/release").json() == {"release": "first"}
    publish("second", "update reporting.conversations set started_date = date '2026-10-01'")
    assert pages.get("/release").json() == {"release": "second"}
    pinned = pages.read("/?period=all", **{"x-causerie-release": "first"})
    assert pinned.answer.headers["x-causerie-release"] == "first"
    assert pinned.text == before.text
    newer = pages.read("/?period=all")
    assert newer.answer.headers["x-causerie-release"] == newer.html.one("div", id="page")["data-release"] == "second"
    assert newer.text != before.text


def test_a_release_that_is_gone_gives_way_to_the_newest(own_link: Path, publish: Publish) -> None:
    publish("second")
    (own_link.parent / "releases" / "first" / "causerie.duckdb").unlink()
    answer = Pages(make_app(own_link)).read("/", **{"x-causerie-release": "first"}).answer
    assert answer.headers["x-causerie-release"] == "second"


@pytest.mark.parametrize("release_id", ["..", "../..", "/etc", "first/../first", "%2e%2e", ""])
def test_no_name_of_a_release_leads_out_of_their_folder(own_link: Path, publish: Publish, release_id: str) -> None:
    publish("second")
    (own_link.parent / "causerie.duckdb").symlink_to(own_link.resolve())
    pages = Pages(make_app(own_link))
    assert pages.get("/", **{"x-causerie-release": release_id}).headers["x-causerie-release"] == "second"
    assert pages.get(f"/download/overview.csv?release={release_id}").status_code == 200


def test_an_answer_that_has_not_changed_is_not_made_again(pages: Pages) -> None:
    tag = pages.get("/?period=all").headers["etag"]
    again = pages.get("/?period=all", **{"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    for address, headers in (("/?period=last-week", {}), ("/?period=all", {"accept-language": "fr"})):
        assert pages.get(address, **{"if-none-match": tag}, **headers).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("days", ["from=0001-01-01&to=9999-12-31", "from=1900-01-01&to=2999-12-31", "hour=3"])
def test_days_that_no_calendar_needs_break_no_page(pages: Pages, path: str, days: str) -> None:
    page = pages.read(f"{path}?{days}")
    assert bool(page.html.all("p", class_="problem")) == ("1900" not in days)


@pytest.mark.parametrize("release_id", ["a" * 5000, "a" * 101])
def test_a_long_name_of_a_release_is_none(pages: Pages, release_id: str) -> None:
    assert pages.read("/", **{"x-causerie-release": release_id}).answer.headers["x-causerie-release"] == "first"
    assert pages.get(f"/download/overview.csv?release={release_id}").status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_every_page_says_of_whom_and_what_it_is_compared_with(pages: Pages, path: str) -> None:
    page = pages.read(f"{path}?account=boulangerie&from=2026-10-05&to=2026-10-18")
    said = page.html.one("main").text
    assert "boulangerie · 5–18 Oct 2026" in said
    before = "the end of 4 Oct 2026" if path == "/backlog" else f"21 Sept{chr(0x2009)}–{chr(0x2009)}4 Oct 2026"
    assert before in said
    assert "CSV" in said and "Excel" in said
