"""How an engine is given an order: a process that has a session, its environment, and what it says when it fails.

Here: the process and the order of a build. Not here: what the engine reads (``handover``), and what the process does
(``worker``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingestion.settings import Settings
from orchestration import processes
from orchestration.dbt import process as dbt_process
from orchestration.home import Build, Home
from orchestration.spark.handover import HANDED_OVER, brought_back

RESULT = "engine.json"
LOG = "spark.log"
ENVIRONMENT = ("JAVA_HOME", "SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_CONF_DIR", "YARN_CONF_DIR")
CREDENTIALS = ("AWS_", "AZURE_", "GOOGLE_")
"""How the names of variables begin with which drivers of object stores log in."""


def start(settings: Settings, build: Build) -> subprocess.Popen[bytes]:
    """Have dbt build all models but the table macros on Spark, as ``dbt.process.start`` does on DuckDB."""
    command = ["build", "--target", "spark", "--full-refresh", "--exclude-resource-type", "unit_test"]
    options = [*dbt_process.left_out(settings), "config.materialized:table_macro"]
    arguments, variables = dbt_process.order_of(settings, [*command, *options], build.target)
    handed_over = json.loads((build.folder / HANDED_OVER).read_text())
    variables["CAUSERIE_SCHEMA_PREFIX"] = handed_over["prefix"]
    tables = list(brought_back())
    order = {
        **handed_over,
        "schemas": ["staging", *sorted({table.split(".")[0] for table in tables})],
        "statements": [],
        "dbt": {"arguments": arguments, "environment": variables, "folder": str(build.folder.resolve())},
        "counted": tables,
    }
    return give(build.folder, order)


def scratch(settings: Settings) -> Path:
    """A folder for an order that belongs to no build; what the last one said stays there."""
    folder = Home(settings.home).dbt / "engine"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def give(folder: Path, order: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Give an order to a new process. It reports on its standard output; what Spark says is in a log in the folder."""
    folder = folder.resolve()
    path = folder / "order.json"
    path.write_text(json.dumps({**order, "result": str(folder / RESULT)}))
    kept = {name: value for name, value in os.environ.items() if name in ENVIRONMENT or name.startswith(CREDENTIALS)}
    with (folder / LOG).open("wb") as log:
        return processes.start(
            [sys.executable, "-m", "orchestration.spark.worker", str(path)],
            {**kept, "PYTHONUNBUFFERED": "1"},
            cwd=dbt_process.PROJECT.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )


def trouble(folder: Path) -> str:
    """What ended a process, in the last words of its log."""
    lines = (folder / LOG).read_text(errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip() and not line.startswith((" ", "\t", "WARNING", "JVM "))]
    last = said[-1] if said else "it said nothing"
    return f"Spark: {last[:1000]}; the log is {folder / LOG}"
