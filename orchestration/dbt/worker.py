"""dbt as a process that has loaded everything before it is given its command.

    python -m orchestration.dbt.worker OPTION...

imports dbt and parses the project with the options given, beside the ingestion of new batches. Then it reads one line
of JSON from standard input, ``{"folder": …, "arguments": […], "environment": {…}}``, invokes dbt with that in that
folder, and ends with dbt's exit status. When its standard input ends, it ends too, whatever it is doing: it does not
outlive the process that started it. Here: that, in a process that imports neither Dagster nor anything of ours.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading


def main() -> None:
    """Load, wait, invoke."""
    gc.disable()  # what is loaded stays, and the process ends before garbage adds up
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    silently = ["--quiet", "--log-level-file", "none", "--no-write-json"]
    parsed = dbtRunner().invoke([*silently, "parse", *sys.argv[1:]]).result
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    order = json.loads(line)
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    # a project that cannot be parsed is parsed again, so that dbt says what is wrong with it
    dbt = dbtRunner(manifest=parsed if isinstance(parsed, Manifest) else None)
    result = dbt.invoke(order["arguments"])
    if result.exception is not None:
        print(result.exception, flush=True)
    # DuckDB's files are whole only when their connections are closed; to unload the rest takes longer than that
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    sys.stdout.flush()
    os._exit(0 if result.success else 1 if result.exception is None else 2)


def end_with_standard_input() -> None:
    """End this process when nothing can come from its standard input any more."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(3)


if __name__ == "__main__":
    main()
