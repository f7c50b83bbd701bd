"""The one list of the marts is that of dbt, and whoever shows marts shows all of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from expectations.marts import MARTS
from orchestration.dbt.process import MANIFEST, PREPARED, prepare
from reports.pages.routes import PAGES
from reports.queries import REPORTS


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    prepare()
    return dict(json.loads((PREPARED / MANIFEST).read_bytes()))


@pytest.fixture(scope="module")
def nodes(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return list(manifest["nodes"].values())


def test_the_marts_are_the_public_models(nodes: list[dict[str, Any]]) -> None:
    assert {node["name"] for node in nodes if node["resource_type"] == "model" and node["access"] == "public"} == {
        *MARTS
    }


def test_the_key_of_a_mart_is_what_its_rows_are_unique_by(nodes: list[dict[str, Any]]) -> None:
    tests = [node for node in nodes if (node.get("test_metadata") or {}).get("name") == "unique_rows"]
    keys = {test["attached_node"].split(".")[-1]: tuple(test["test_metadata"]["kwargs"]["columns"]) for test in tests}
    assert {mart: keys[mart] for mart in MARTS} == MARTS


def test_who_reads_the_marts_and_the_reports_is_told_of_each(manifest: dict[str, Any]) -> None:
    read = {
        exposure["name"]: {node.split(".")[-1] for node in exposure["depends_on"]["nodes"]}
        for exposure in manifest["exposures"].values()
    }
    macros = {report.macro for report in REPORTS.values()}
    for name, names in read.items():
        shown = {node for node in names if not node.startswith("reporting_")}
        assert shown in ({*MARTS}, macros), name
    assert len(read) == 5


def test_each_mart_has_a_report_and_a_page() -> None:
    assert {report.table for report in REPORTS.values()} == {*MARTS}
    assert {name.replace("-", "_") for name in PAGES} == {*MARTS}
