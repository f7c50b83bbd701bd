"""The files of the bundle, as Superset's own export writes them: YAML in a ZIP.

Here: their names, their identities and the connection. Not here: datasets (``datasets``), charts (``dashboard``).

Identities follow from names, so a bundle that is imported again replaces what it brought before.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import yaml

from reports.superset.dashboard import TITLE, Chart, format_of, native_filters, position, sections
from reports.superset.datasets import Column, Dataset, datasets, title

_VERSION = {"version": "1.0.0"}
_MADE_AT = (1980, 1, 1, 0, 0, 0)
"""The time of every file: the same bundle has the same bytes."""
MASK = "XXXXXXXXXX"
"""What Superset writes in the place of a password, which it asks for at the import."""
SCHEMA = "causerie"
SECONDS_IN_CACHE = 60
"""For which Superset keeps answers: so much later it shows a new release."""


def duckdb_uri(file: Path) -> str:
    """The connection to the release that the link names, with every other file closed to it."""
    return f"duckdb:///{file}?enable_external_access=false"


def write_bundle(path: Path, uri: str, name: str, schema: str = SCHEMA) -> None:
    """Write the ZIP.

    ``uri``: of SQLAlchemy, without a password. ``name``: of the connection in Superset. ``schema``: of the views, in
    PostgreSQL.

    Raises:
        OSError: it cannot be written.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for file, content in files(uri, name, schema):
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
            entry = zipfile.ZipInfo(f"causerie/{file}", _MADE_AT)
            bundle.writestr(entry, text, zipfile.ZIP_DEFLATED)


def files(uri: str, name: str, schema: str = SCHEMA) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each file of the bundle with its content.

    ``metadata.yaml`` names no type: so Superset's import of dashboards takes it, and its import of all assets, too.
    """
    space = uuid5(NAMESPACE_DNS, f"superset.causerie.example/{name}")

    def uuid(kind: str, of: str) -> str:
        return str(uuid5(space, f"{kind}/{of}"))

    is_file = uri.startswith("duckdb:")
    schema = "causerie.main" if is_file else schema
    every = {dataset.name: dataset for dataset in datasets()}
    rows = list(sections(every))
    charts = [chart for _, of_section in rows for row in of_section for chart in row]
    database = uuid("database", name)
    yield "metadata.yaml", _VERSION
    yield f"databases/{_file_name(name)}.yaml", _database(uri, name, is_file) | {"uuid": database}
    for dataset in every.values():
        described = _dataset(dataset, schema) | {"uuid": uuid("dataset", dataset.name), "database_uuid": database}
        yield f"datasets/{_file_name(name)}/{dataset.name}.yaml", described
    for chart in charts:
        identity = {"uuid": uuid("chart", chart.name), "dataset_uuid": uuid("dataset", chart.dataset.name)}
        yield f"charts/{_file_name(chart.name)}.yaml", _chart(chart) | identity
    yield (
        "dashboards/overview.yaml",
        {
            "dashboard_title": TITLE,
            "slug": f"{name}-overview",
            "uuid": uuid("dashboard", "overview"),
            "position": position(rows, uuid),
            "metadata": {"native_filter_configuration": native_filters(uuid("dataset", "overview_day"))},
            "published": True,
            **_VERSION,
        },
    )


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower())


def _database(uri: str, name: str, is_file: bool) -> dict[str, Any]:
    return {
        "database_name": name,
        "sqlalchemy_uri": uri,
        "cache_timeout": SECONDS_IN_CACHE,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {
            "engine_params": {"connect_args": {"read_only": True}} if is_file else {},
            "metadata_cache_timeout": {},
            "allows_virtual_table_explore": True,
        },
        **_VERSION,
    }


def _dataset(dataset: Dataset, schema: str) -> dict[str, Any]:
    return {
        "table_name": dataset.name,
        "main_dttm_col": dataset.time,
        "description": dataset.description,
        "schema": schema,
        "sql": None,
        "filter_select_enabled": True,
        "always_filter_main_dttm": False,
        "normalize_columns": False,
        "columns": [_column(column) for column in dataset.columns],
        "metrics": [
            {
                "metric_name": metric.name,
                "verbose_name": title(metric.name),
                "expression": metric.sql,
                "description": metric.description,
                "d3format": format_of(metric.name),
            }
            for metric in dataset.metrics
        ],
        **_VERSION,
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "column_name": column.name,
        "verbose_name": title(column.name),
        "description": column.description,
        "type": column.type.upper(),
        "is_dttm": column.is_time,
        "groupby": not column.is_measure,
        "filterable": True,
        "expression": column.expression,
    }


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "slice_name": chart.name,
        "viz_type": chart.kind,
        "params": chart.params(),
        "query_context": json.dumps(chart.query_context(), sort_keys=True),
        **_VERSION,
    }


def has_password(uri: str) -> bool:
    """Whether a password stands in it, which is no business of a file. Superset takes ``MASK`` for a gap to fill."""
    return re.search(rf"://[^/:@]*:(?!{MASK}@).*@|[?&]password=", uri) is not None
