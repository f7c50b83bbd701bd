"""The bundle in a real Superset: figures, dashboard, a release that comes meanwhile, and files that stay shut."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, expect

from expectations.marts import MARTS
from reports.superset.dashboard import SATISFACTION, SPEED, TITLE, VOLUME, Chart, sections
from reports.superset.datasets import datasets, title
from tests.browser.serving import Home
from tests.superset.serving import USER, Superset

DATASETS = {dataset.name: dataset for dataset in datasets()}
CHARTS = [chart for _, rows in sections(DATASETS) for row in rows for chart in row]
CARDS = {title(metric): metric for metric in (*VOLUME, *SPEED, *SATISFACTION)}
UNITS = {"_seconds": 1000, "_percent": 0.01}
PICTURE = os.environ.get("CAUSERIE_SUPERSET_PICTURE")
FILES = (
    "select * from read_csv('{home}/drop.csv')",
    "select * from '{home}/drop.csv'",
    "select * from read_text('/etc/passwd')",
    "select * from glob('{home}/*')",
    "attach '{home}/other.duckdb' as other",
    "copy (select 1) to '{home}/written.csv'",
    "set enable_external_access = true",
    "reset enable_external_access",
    "set allowed_directories = ['{home}']",
    "install httpfs",
    "create table own as select 1",
)


def true(home: Home, account: str, first: str = "2020-01-01", last: str = "2035-01-01") -> dict[str, Any]:
    """The figures of the macro."""
    with duckdb.connect(str(home.file), read_only=True) as release:
        call = "select * from report_overview($account, $first, $last, grain := 'period')"
        answer = release.execute(call, {"account": account, "first": first, "last": last})
        (row,) = answer.fetchall()
        return dict(zip((name for name, *_ in answer.description), row, strict=True))


def days_of(home: Home) -> tuple[date, date]:
    with duckdb.connect(str(home.file), read_only=True) as release:
        return release.execute("select min(period_start), max(period_start) from overview_day").fetchone()  # type: ignore[return-value]


def in_unit(metric: str, value: float) -> float:
    return value * UNITS.get(metric[-8:], 1)


def query_of(superset: Superset, chart: dict[str, Any], *filters: dict[str, Any]) -> dict[str, Any]:
    """What Superset keeps as the query of a chart, with more filters, as a dashboard adds them."""
    kept = superset.asked("GET", f"chart/{chart['id']}")["result"]
    query: dict[str, Any] = json.loads(kept["query_context"])
    for one in query["queries"]:
        replaced = {added["col"] for added in filters}
        one["filters"] = [old for old in one["filters"] if old["col"] not in replaced] + list(filters)
    return query


def charts(superset: Superset) -> dict[str, dict[str, Any]]:
    return {one["slice_name"]: one for one in superset.listed("chart")}


def test_a_second_import_updates_what_is_there(superset: Superset) -> None:
    assert len(superset.listed("dataset")) == len(DATASETS)
    assert len(superset.listed("chart")) == len(CHARTS) == len({chart.name for chart in CHARTS})
    (dashboard,) = superset.listed("dashboard")
    assert dashboard["dashboard_title"] == TITLE and dashboard["published"]
    (database,) = superset.listed("database")
    assert not database["allow_dml"] and not database["allow_file_upload"]


@pytest.mark.parametrize("page", ["dataset", "chart", "dashboard"])
def test_the_same_file_is_taken_by_the_import_of_each_page(superset: Superset, bundle: Path, page: str) -> None:
    counts = [len(superset.listed(kind)) for kind in ("database", "dataset", "chart", "dashboard")]
    with bundle.open("rb") as file:
        sent = {"formData": (bundle.name, file, "application/zip")}
        superset.asked("POST", f"{page}/import/", files=sent, data={"overwrite": "true"})
    assert [len(superset.listed(kind)) for kind in ("database", "dataset", "chart", "dashboard")] == counts


def test_every_table_and_column_is_there_and_described(superset: Superset, home: Home) -> None:
    with duckdb.connect(str(home.file), read_only=True) as release:
        found = {
            table: {name for (name,) in release.execute(f"select column_name from (describe {table})").fetchall()}
            for table in DATASETS
        }
    for one in superset.listed("dataset"):
        dataset = superset.asked("GET", f"dataset/{one['id']}")["result"]
        columns = {column["column_name"]: column for column in dataset["columns"] if not column["expression"]}
        name = dataset["table_name"]
        assert columns.keys() == found[name] if name != "release" else columns.keys() <= found[name], name
        assert all(column["description"] for column in columns.values())
        assert columns[dataset["main_dttm_col"]]["is_dttm"]
        assert len(dataset["metrics"]) == len(DATASETS[name].metrics)


def test_every_chart_answers(superset: Superset) -> None:
    for chart in superset.listed("chart"):
        (result,) = superset.asked("GET", f"chart/{chart['id']}/data/")["result"]
        assert result["error"] is None and result["rowcount"] > 0, chart["slice_name"]


@pytest.mark.parametrize("account", ["boulangerie", "loja"])
@pytest.mark.parametrize("whole", [True, False])
def test_the_cards_are_the_figures_of_the_macro(superset: Superset, home: Home, account: str, whole: bool) -> None:
    first, last = days_of(home)
    if not whole:
        first, last = first + timedelta(days=20), last - timedelta(days=20)
    figures = true(home, account, str(first), str(last))
    every = charts(superset)
    period = f"{first} : {last + timedelta(days=1)}"
    for name, metric in CARDS.items():
        time = "period_start" if metric == "messages" else "started_date"
        filters = (
            {"col": "account_id", "op": "IN", "val": [account]},
            {"col": time, "op": "TEMPORAL_RANGE", "val": period},
        )
        ((value,),) = [row.values() for row in superset.rows(query_of(superset, every[name], *filters))]
        assert value == pytest.approx(in_unit(metric, figures[metric])), name


@pytest.mark.parametrize(
    "chart", [chart for chart in CHARTS if chart.name.endswith(" over time")], ids=lambda one: one.name
)
@pytest.mark.parametrize(("grain", "duration"), [("day", "P1D"), ("month", "P1M")])
def test_charts_over_time_are_the_figures_of_the_macro(
    superset: Superset, home: Home, chart: Chart, grain: str, duration: str
) -> None:
    with duckdb.connect(str(home.file), read_only=True) as release:
        answer = release.execute(
            "select * from report_overview('loja', '2020-01-01', '2035-01-01', grain := $grain)", {"grain": grain}
        )
        names = [name for name, *_ in answer.description]
        figures = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    expected = {
        row["period_start"].replace(day=row["period_start"].day if grain == "day" else 1): row for row in figures
    }
    query = query_of(superset, charts(superset)[chart.name], {"col": "account_id", "op": "IN", "val": ["loja"]})
    query["queries"][0]["columns"][0]["timeGrain"] = duration
    rows = superset.rows(query)
    assert len(rows) > 1
    for row in rows:
        start = datetime.fromtimestamp(row.pop(chart.dataset.time) / 1000, UTC).date()
        for label, metric in zip(row, chart.metrics, strict=True):
            assert label in (metric, title(metric))
            true_value = expected[start][metric]
            assert row[label] == (None if true_value is None else pytest.approx(in_unit(metric, true_value)))


def ask(dataset_id: int, metrics: Sequence[str], columns: Sequence[Any], **more: Any) -> dict[str, Any]:
    query = {"metrics": list(metrics), "columns": list(columns), "filters": [], "row_limit": 50_000, **more}
    return {"datasource": {"id": dataset_id, "type": "table"}, "queries": [query]}


def test_every_metric_answers_and_can_be_sorted_by(superset: Superset) -> None:
    for one in superset.listed("dataset"):
        metrics = [metric.name for metric in DATASETS[one["table_name"]].metrics]
        for by in {"conversations", "reopens", "csat_percent"} & {*metrics}:
            rows = superset.rows(ask(one["id"], metrics, ["account_id"], orderby=[[by, False]]))
            assert len(rows) == 2 and rows[0].keys() == {"account_id", *metrics}


def test_a_dataset_of_the_listed_schema_shows_the_new_release(superset: Superset, home: Home) -> None:
    (database,) = superset.listed("database")
    schemas = superset.asked("GET", f"database/{database['id']}/schemas/")["result"]
    assert "causerie.main" in schemas
    listed = superset.asked("GET", f"database/{database['id']}/tables/", params={"q": "(schema_name:causerie.main)"})
    assert {table["value"] for table in listed["result"]} >= {*MARTS, *DATASETS}
    wanted = {"database": database["id"], "schema": "causerie.main", "table_name": "overview"}
    made = superset.asked("POST", "dataset/", json=wanted)["id"]
    described = superset.asked("GET", f"dataset/{made}")["result"]["columns"]
    assert all(column["description"] for column in described)  # from the release itself

    total = {"expressionType": "SQL", "sqlExpression": "sum(messages) filter (where grain = 'day')", "label": "n"}
    own = ask(made, [total], ["account_id"])  # type: ignore[list-item]
    over_time = query_of(superset, charts(superset)["Messages over time"])
    release = query_of(superset, charts(superset)["The release that this shows"])
    before = [superset.rows(query) for query in (own, over_time, release)]
    figures = {account: true(home, account)["messages"] for account in ("boulangerie", "loja")}
    assert {row["account_id"]: row["n"] for row in before[0]} == figures

    home.deliver()
    home.run()

    kept = [superset.rows(query) for query in (own, over_time, release)]
    assert kept == before  # for as long as Superset keeps answers
    after = [superset.rows(query | {"force": True}) for query in (own, over_time, release)]
    newer = {account: true(home, account)["messages"] for account in figures}
    assert newer != figures and {row["account_id"]: row["n"] for row in after[0]} == newer
    assert sum(row["messages_inbound"] + row["messages_outbound"] for row in after[1]) == sum(newer.values())
    assert after[2][0]["release_id"] == home.file.parent.name != before[2][0]["release_id"]
    superset.asked("DELETE", f"dataset/{made}")


def test_sql_lab_reads_no_file(superset: Superset, home: Home) -> None:
    folder = home.config.parent
    (folder / "drop.csv").write_text("phone\n+33612345678\n", encoding="utf-8")
    answer = superset.sql_lab("select release_id from release")
    assert answer.json()["data"] == [{"release_id": home.file.parent.name}]
    for sql in FILES:
        refused = superset.sql_lab(sql.format(home=folder))
        assert not refused.is_success and "+336" not in refused.text and "root:" not in refused.text, sql
        assert re.search(
            "disabled by configuration|disabled through configuration|Cannot enable|Cannot change|does not exist"
            "|not allow",
            refused.text,
        ), refused.text
    assert not (folder / "written.csv").exists()


def test_the_dashboard_in_a_browser(superset: Superset, home: Home, browser: Browser, tmp_path: Path) -> None:
    figures = true(home, "boulangerie")
    page = browser.new_page(viewport={"width": 1600, "height": 4100})
    page.set_default_timeout(60_000)
    answers: list[int] = []
    page.on("response", lambda one: answers.append(one.status) if "chart/data" in one.url else None)
    page.goto(f"{superset.base}/login/")
    page.get_by_placeholder("Username").or_(page.locator("#username")).first.fill(USER["username"])
    page.locator("input[type=password]").fill(USER["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/superset/welcome/"))
    page.goto(f"{superset.base}/superset/dashboard/causerie-overview/")

    def card(name: str) -> Any:
        chart = page.locator(".dashboard-component-chart-holder").filter(has=page.get_by_text(name, exact=True))
        return chart.locator(".header-line").first

    for name in ("Conversations", "Contacts", "Messages", "Closed"):  # of the first account, which the filter chose
        expect(card(name)).to_have_text(f"{figures[CARDS[name]]:,}")
    expect(page.locator(".dashboard-component-chart-holder")).to_have_count(len(CHARTS))
    expect(page.locator(".loading, [aria-label=Loading]")).to_have_count(0)
    page.wait_for_timeout(3000)  # charts grow as they appear
    page.screenshot(path=PICTURE or tmp_path / "superset.png", full_page=True)
    assert len(answers) > len(CHARTS) and set(answers) == {200}
    expect(page.get_by_text("Unexpected error")).to_have_count(0)
    page.close()
