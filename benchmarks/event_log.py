"""What an application of Spark recorded about itself: its plans, and the bytes that tasks wrote for others.

Here: reading the event log (https://spark.apache.org/docs/latest/monitoring.html). Not here: what follows from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECORDED = {
    "spark.eventLog.enabled": "true",
    "spark.eventLog.rolling.enabled": "false",
    "spark.eventLog.compress": "false",
}
"""Configuration of a session that records, into the folder that ``spark.eventLog.dir`` names."""
_TABLE = re.compile(r"Execute InsertIntoHadoopFsRelationCommand\nInput.*\nArguments: .*?/(\w+), false, Parquet")


def plans(folder: Path) -> dict[str, list[str]]:
    """The nodes of the last plan by which each table was made."""
    tables: dict[int, str] = {}
    found: dict[int, list[str]] = {}
    for event in _events(folder):
        if event["Event"].endswith(("SQLExecutionStart", "SQLAdaptiveExecutionUpdate")):
            execution = event["executionId"]
            if match := _TABLE.search(event["physicalPlanDescription"]):
                tables[execution] = match[1]
            found[execution] = list(_nodes(event["sparkPlanInfo"]))
    return {table: found[execution] for execution, table in tables.items()}


def shuffled_bytes(folder: Path) -> int:
    """The bytes that all tasks wrote for others."""
    return sum(
        event["Task Metrics"]["Shuffle Write Metrics"]["Shuffle Bytes Written"]
        for event in _events(folder)
        if event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics")
    )


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            with path.open(encoding="utf-8") as lines:
                yield from map(json.loads, lines)


def _nodes(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["nodeName"]
    for child in plan["children"]:
        yield from _nodes(child)
