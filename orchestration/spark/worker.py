"""What an engine does in a process that has a session of Spark: views, dbt, and counts of what it made.

    python -m orchestration.spark.worker ORDER

reads an order, a file of JSON that ``orchestration.spark.process`` wrote:

* ``session``: address and configuration; ``prefix``: what the names of its schemas begin with; ``kept``: that of other
  schemas of this home, all but which are dropped, or null; ``location``: where the tables of its schemas lie;
* ``views``: by schema and name, the addresses of files of Parquet; ``schemas``: others that are made;
* ``statements``: SQL after that; ``dbt``: its arguments, variables and folder, if it is called;
* ``counted``: the tables whose rows are counted; ``result``: the file that gets what was found.

It ends with dbt's exit status. When its standard input ends, it ends too: it does not outlive the process that started
it. Here: that, in a process that imports nothing else of ours.
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
"""The configuration of every session: instants mean the same everywhere, and keep their microseconds."""
SAIL = "sail"
"""The catalogue of Sail, another engine that speaks Spark's language: without views of files, and without comments."""
QUIET = {"spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false"}


def session(remote: str | None, conf: dict[str, str]) -> Any:
    """A session of Spark, which dbt finds as the one of this process."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("causerie")
    for name, value in {**QUIET, **conf, **ALWAYS}.items():
        builder = builder.config(name, value)
    if remote is None:
        return builder.getOrCreate()
    os.environ["SPARK_REMOTE"] = remote
    return builder.remote(remote).getOrCreate()


def main() -> None:
    """Do an order."""
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    order = json.loads(Path(sys.argv[1]).read_text())
    prefix = order["prefix"]
    spark = session(**order["session"])
    if order["kept"] is not None:
        for (name,) in spark.sql(f"show databases like '{prefix.rsplit('_', 2)[0]}_*'").collect():
            if not name.startswith(tuple(order["kept"])):
                spark.sql(f"drop database {name} cascade")
    for schema in sorted({view.split(".")[0] for view in order["views"]} | set(order["schemas"])):
        spark.sql(f"create database {prefix}{schema} location '{order['location']}/{schema}'")
    is_sail = spark.catalog.currentCatalog() == SAIL
    made = "table {} using parquet location '{}'" if is_sail else "view {} as select * from parquet.`{}`"
    for view, address in order["views"].items():
        spark.sql(f"create {made.format(prefix + view, address)}")
    os.environ["CAUSERIE_COMMENTS"] = str(not is_sail)
    for statement in order["statements"]:
        spark.sql(statement)
    status = _dbt(**order["dbt"]) if order["dbt"] else 0
    if status == 0:
        found = {
            "version": spark.version,
            "time_zone": spark.sql("select current_timezone()").collect()[0][0],
            "rows": {
                table: spark.sql(f"select count(*) from {prefix}{table}").collect()[0][0] for table in order["counted"]
            },
        }
        Path(order["result"]).write_text(json.dumps(found))
    _end(spark, order["session"]["remote"])
    sys.exit(status)


def _end(spark: Any, remote: str | None) -> None:
    """End a session; one of this machine with its Java, whose memory the next step needs."""
    java = None if remote else spark.sparkContext._gateway
    spark.stop()
    if java is not None:
        java.shutdown()
        java.proc.stdin.close()
        java.proc.wait()


def _dbt(arguments: list[str], environment: dict[str, str], folder: str) -> int:
    """Invoke dbt; its exit status."""
    os.environ.update(environment)
    os.chdir(folder)
    from dbt.cli.main import dbtRunner

    result = dbtRunner().invoke(arguments)
    if result.exception is not None:
        print(result.exception, flush=True)
    return 0 if result.success else 1 if result.exception is None else 2


if __name__ == "__main__":
    main()
