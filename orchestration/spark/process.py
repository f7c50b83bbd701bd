"""How a build on Spark is started: dbt in a process that has a session.

Here: the process, its environment and its order. Not here: what it reads (``handover``), and what it does (``worker``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from ingestion.settings import Settings
from orchestration import processes
from orchestration.dbt import process as dbt_process
from orchestration.home import Build
from orchestration.spark.handover import ORDER, brought_back
from orchestration.spark.homecoming import COUNTS

LOG = "spark.log"
ENVIRONMENT = ("JAVA_HOME", "SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_CONF_DIR", "YARN_CONF_DIR")
CREDENTIALS = ("AWS_", "AZURE_", "GOOGLE_")
"""How the names of variables begin with which drivers of object stores log in."""


def start(settings: Settings, build: Build) -> subprocess.Popen[bytes]:
    """Have dbt build all models but the table macros on Spark, as ``dbt.process.start`` does on DuckDB."""
    command = ["build", "--target", "spark", "--full-refresh", "--exclude-resource-type", "unit_test"]
    options = [*dbt_process.left_out(settings), "config.materialized:table_macro"]
    arguments, variables = dbt_process.order_of(settings, [*command, *options], build.target)
    path = build.folder / ORDER
    order = json.loads(path.read_text())
    tables = list(brought_back())
    order |= {
        "arguments": arguments,
        "environment": variables | {"CAUSERIE_SCHEMA_PREFIX": order["prefix"]},
        "folder": str(build.folder.resolve()),
        "schemas": ["staging", *{table.split(".")[0] for table in tables}],
        "counted": tables,
        "counts": str(build.folder.resolve() / COUNTS),
    }
    path.write_text(json.dumps(order))
    kept = {name: value for name, value in os.environ.items() if name in ENVIRONMENT or name.startswith(CREDENTIALS)}
    with (build.folder / LOG).open("wb") as log:
        return processes.start(
            [sys.executable, "-m", "orchestration.spark.worker", str(path.resolve())],
            {**kept, "PYTHONUNBUFFERED": "1"},
            cwd=dbt_process.PROJECT.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
