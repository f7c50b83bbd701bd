from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from reports.pages.app import make_app
from reports.published import connect
from reports.queries import REPORTS, Filters, sql_of
from tests.reports.pages.asking import Pages, Publish

pytestmark = pytest.mark.builds

PERIOD = "account=boulangerie&from=2026-09-01&to=2026-10-31"
FILTERS = Filters("boulangerie", date(2026, 9, 1), date(2026, 10, 31), "week", statuses=("closed",))


@pytest.mark.parametrize("name", REPORTS)
def test_a_csv_is_the_rows_of_the_macro(link: Path, pages: Pages, name: str) -> None:
    answer = pages.get(f"/download/{name}.csv?{PERIOD}&status=closed&rows=week")
    assert answer.headers["content-type"].startswith("text/csv")
    assert f'filename="boulangerie-{name}-2026-09-01-2026-10-31.csv"' in answer.headers["content-disposition"]
    read = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
    call, values = sql_of(REPORTS[name], FILTERS)
    with connect(link.resolve()) as connection:
        expected = connection.execute(f"select * from {call}", values)
        columns = [column for column, *_ in expected.description]
        rows = expected.fetchall()
    assert read[0] == columns
    assert sorted(read[1:]) == sorted([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def test_a_workbook_has_the_same_rows_and_says_what_it_is(pages: Pages) -> None:
    address = f"/download/details.%s?{PERIOD}&only=closed&search=a&source=inbound&answered=yes"
    book = openpyxl.load_workbook(io.BytesIO(pages.get(address % "xlsx").content))
    about = dict(book["about"].iter_rows(values_only=True))
    assert (about["report"], about["release"], about["days"]) == ("details", "first", "2026-09-01 to 2026-10-31")
    assert (about["only"], about["search"]) == ("closed", "a")
    assert (about["Opened by"], about["Answered by a person"]) == ("The customer", "Yes")
    lines = list(csv.reader(io.StringIO(pages.get(address % "csv").content.decode(), newline="")))
    assert book["details"].max_row == len(lines) > 1
    assert book["details"].max_column == len(lines[0])


def test_what_a_page_offers_is_what_it_shows(pages: Pages) -> None:
    page = pages.read(f"/details?{PERIOD}&only=unanswered&tag=commande")
    (link,) = [one["href"] for one in page.html.all("a") if ".csv" in one["href"]]
    assert len(pages.get(link).text.splitlines()) == page.count + 1


def test_a_download_comes_from_the_release_of_its_page(own_link: Path, publish: Publish) -> None:
    pages = Pages(make_app(own_link))
    page = pages.read(f"/?{PERIOD}")
    links = [one["href"] for one in page.html.all("a") if "/download/" in one["href"]]
    assert links and all("release=first" in link for link in links)
    before = pages.get(links[0]).content
    publish("second", "delete from reporting.conversations", "delete from reporting.messages")
    assert pages.get(links[0]).content == before
    assert pages.get(links[0].replace("release=first", "release=second")).content != before


@pytest.mark.parametrize("path", ["nothing.csv", "overview.exe", "details", "../release.csv"])
def test_there_is_no_other_download(pages: Pages, path: str) -> None:
    assert pages.get(f"/download/{path}").status_code == 404


def test_a_release_that_cannot_be_read_names_no_file(own_link: Path) -> None:
    own_link.resolve().write_bytes(b"no database")
    answer = Pages(make_app(own_link)).get("/download/overview.csv")
    assert (answer.status_code, str(own_link.parent) in answer.text, "duckdb" in answer.text) == (503, False, False)


def test_a_download_that_fails_leaves_no_file(
    own_link: Path, publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("second", "drop table reporting.traits")
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    answer = Pages(make_app(own_link)).get("/download/overview.csv")
    assert (answer.status_code, "traits" in answer.text) == (500, False)
    assert "content-security-policy" in answer.headers
    assert list(folder.iterdir()) == []


def test_a_download_that_fails_elsewhere_leaves_none_either(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("reports.pages.routes.downloads.write_workbook", full)
    answer = pages.get(f"/download/overview.xlsx?{PERIOD}")
    assert (answer.status_code, "disk" in answer.text) == (500, False)
    assert list(tmp_path.iterdir()) == []
