from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

WITHOUT = (
    "dbt-spark and pyspark are not installed: make test-spark"
    if find_spec("pyspark") is None
    else "there is no Java (Debian: openjdk-17-jre-headless)"
    if shutil.which("java") is None
    else ""
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Visibly skipped where there is no Spark."""
    for item in items:
        if WITHOUT and item.path.is_relative_to(__file__.rsplit("/", 1)[0]) and item.get_closest_marker("spark"):
            item.add_marker(pytest.mark.skip(reason=WITHOUT))
