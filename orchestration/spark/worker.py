"""dbt in a process that has a session of Spark.

    python -m orchestration.spark.worker ORDER

reads an order, a file of JSON that ``orchestration.spark.handover`` wrote, makes the session and the views that the
models read, invokes dbt with the arguments in it, counts the rows of each table that comes back, and ends with dbt's
exit status. When its standard input ends, it ends too: it does not outlive the process that started it. Here: that, in
a process that imports nothing else of ours.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from orchestration.dbt.worker import end_with_standard_input

ALWAYS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
"""What every session is told: instants mean the same everywhere, and keep their microseconds."""


def session(remote: str | None, conf: dict[str, str]) -> Any:
    """A session of Spark, which dbt finds as the one of this process."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("causerie")
    for name, value in {"spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false", **conf, **ALWAYS}.items():
        builder = builder.config(name, value)
    if remote is None:
        return builder.getOrCreate()
    os.environ["SPARK_REMOTE"] = remote
    return builder.remote(remote).getOrCreate()


def main() -> None:
    """Do an order."""
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    order = json.loads(Path(sys.argv[1]).read_text())
    spark = session(**order["session"])
    for (name,) in spark.sql(f"show databases like '{order['prefix'].rsplit('_', 2)[0]}_*'").collect():
        if not name.startswith(tuple(order["kept"])):
            spark.sql(f"drop database {name} cascade")
    schemas = {view.split(".")[0] for view in order["views"]} | set(order["schemas"])
    for schema in sorted(schemas):
        spark.sql(f"create database {order['prefix']}{schema} location '{order['location']}/{schema}'")
    for view, address in order["views"].items():
        spark.sql(f"create view {order['prefix']}{view} as select * from parquet.`{address}`")
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    from dbt.cli.main import dbtRunner

    result = dbtRunner().invoke(order["arguments"])
    if result.exception is not None:
        print(result.exception, flush=True)
    if result.success:
        counts = {
            table: spark.sql(f"select count(*) from {order['prefix']}{table}").collect()[0][0]
            for table in order["counted"]
        }
        Path(order["counts"]).write_text(json.dumps(counts))
    spark.stop()
    sys.exit(0 if result.success else 1 if result.exception is None else 2)


if __name__ == "__main__":
    main()
