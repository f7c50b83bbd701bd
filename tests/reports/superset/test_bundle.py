"""The files of the bundle: the same each time, by stable identities, and without secrets."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.marts import COLUMNS, MODELS
from reports.superset.bundle import duckdb_uri, files, has_password, write_bundle
from reports.superset.dashboard import sections
from reports.superset.datasets import datasets

URI = duckdb_uri(Path("/srv/causerie/releases/current/causerie.duckdb"))


def content(name: str = "causerie", uri: str = URI) -> dict[str, Any]:
    return dict(files(uri, name))


def uuids(found: dict[str, Any]) -> dict[str, str]:
    return {file: one["uuid"] for file, one in found.items() if "uuid" in one}


def test_the_same_bundle_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_bundle(tmp_path / name, URI, "causerie")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a") as bundle:
        names = bundle.namelist()
        assert len(names) == len(set(names)) == len(content())
        read = {name.removeprefix("causerie/"): yaml.safe_load(bundle.read(name)) for name in names}
    assert read == content()


def test_identities_follow_from_names_and_the_connection() -> None:
    ours, theirs, elsewhere = (
        uuids(content(*of)) for of in ((), ("other",), ("causerie", "postgresql://reader@db/warehouse"))
    )
    assert len(set(ours.values())) == len(ours)
    assert ours == elsewhere  # another address of the same connection replaces the first
    assert not set(ours.values()) & set(theirs.values())


def test_what_refers_to_another_names_it() -> None:
    found = content()
    known = set(uuids(found).values())
    referred = [one[key] for one in found.values() for key in ("database_uuid", "dataset_uuid") if key in one]
    dashboard = found["dashboards/overview.yaml"]
    placed = [one["meta"]["uuid"] for one in dashboard["position"].values() if str(one).count("sliceName")]
    assert len(placed) == len([file for file in found if file.startswith("charts/")])
    targets = [
        target["datasetUuid"]
        for one in dashboard["metadata"]["native_filter_configuration"]
        for target in one["targets"]
        if target
    ]
    assert {*referred, *placed, *targets} <= known


def test_charts_use_what_datasets_have() -> None:
    for _, rows in sections({dataset.name: dataset for dataset in datasets()}):
        for row in rows:
            assert 12 % len(row) == 0
            for chart in row:
                assert {*chart.metrics} <= {metric.name for metric in chart.dataset.metrics}
                assert {*chart.by, *chart.columns} <= {column.name for column in chart.dataset.columns}


def test_columns_and_descriptions_are_those_of_the_documentation() -> None:
    found = content()
    documented = {mart["name"]: {one["name"]: one["description"] for one in mart["columns"]} for mart in MODELS}
    for mart, columns in documented.items():
        if "grain" not in COLUMNS[mart]:
            continue
        given = {one["column_name"]: one for one in found[f"datasets/causerie/{mart}_week.yaml"]["columns"]}
        assert given.keys() == columns.keys() - {"grain"}
        assert all(one["description"].startswith(columns[name]) for name, one in given.items())
        assert given["account_id"]["groupby"]
        assert not any(given[name]["groupby"] for name in ("conversations", "units") if name in given)
    details = found["datasets/causerie/details.yaml"]
    assert {one["column_name"] for one in details["columns"] if not one["expression"]} == set(COLUMNS["details"])


def test_a_file_is_opened_read_only_with_all_others_shut_and_nothing_can_be_written() -> None:
    database = content()["databases/causerie.yaml"]
    assert database["sqlalchemy_uri"].endswith("/current/causerie.duckdb?enable_external_access=false")
    assert database["extra"]["engine_params"] == {"connect_args": {"read_only": True}}
    assert not any(value for name, value in database.items() if name.startswith("allow"))
    other = content(uri="postgresql://reader@db/warehouse")["databases/causerie.yaml"]
    assert other["extra"]["engine_params"] == {}


@pytest.mark.parametrize(
    ("uri", "holds"),
    [
        (URI, False),
        ("postgresql://reader@db/warehouse", False),
        ("postgresql://reader:XXXXXXXXXX@db/warehouse", False),
        ("postgresql://db:5432/warehouse", False),
        ("postgresql://reader:secret@db/warehouse", True),
        ("postgresql://reader:se/cret@db/warehouse", True),
        ("postgresql://reader:XXXXXXXXXX/@db/warehouse", True),
        ("postgresql://db/warehouse?user=reader&password=secret", True),
    ],
)
def test_passwords_are_noticed(uri: str, holds: bool) -> None:
    assert has_password(uri) is holds
