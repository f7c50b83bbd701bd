"""What reads a table as the build before left it, runs before that table is changed.

It is no `ref`, so dbt does not see to that by itself; and in an update it works on two models at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.export_format import ENTITIES
from orchestration.dbt.process import MANIFEST, prepare
from orchestration.dbt.process import PREPARED as FOLDER

READING = re.compile(r"before_update\(([^()]*)\)")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    prepare()
    content = json.loads((FOLDER / MANIFEST).read_bytes())
    assert isinstance(content, dict)
    return content


def read_before(code: str) -> Iterator[str]:
    """The models that a model reads as they were."""
    for argument in READING.findall(code):
        if argument == "'int_' ~ entity":
            yield from (f"int_{entity}" for entity in ENTITIES)
        else:
            assert re.fullmatch(r"'\w+'", argument), f"a name that this test does not understand: {argument}"
            yield argument.strip("'")


def behind(manifest: dict[str, Any], node: str) -> set[str]:
    """All that runs only after a node."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        children = set(manifest["child_map"][waiting.pop()]) - found
        found |= children
        waiting += children
    return found


def test_who_reads_a_table_of_the_build_before_runs_before_it_is_changed(manifest: dict[str, Any]) -> None:
    models = {node["name"]: key for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    pairs = [
        (name, read)
        for name, key in models.items()
        for read in read_before(manifest["nodes"][key]["raw_code"])
        if read != name  # a table is replaced when its rows are there
    ]
    assert ("int_credits_before", "int_conversation_facts") in pairs
    assert ("int_repeated_records", "int_messages") in pairs
    late = [pair for pair in pairs if models[pair[1]] not in behind(manifest, models[pair[0]])]
    assert not late


def test_only_models_read_tables_of_the_build_before() -> None:
    project = FOLDER.parent
    readers = {path.relative_to(project).parts[0] for path in Path(project).rglob("*.sql") if reads(path)}
    assert readers == {"models"}


def reads(path: Path) -> bool:
    inside = path.relative_to(FOLDER.parent).parts[0]
    return inside in ("models", "macros", "tests") and bool(
        READING.search(path.read_text(encoding="utf-8").replace("before_update(model_name)", ""))
    )
