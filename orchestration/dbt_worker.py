"""dbt as a process that has loaded everything before it is told what to do.

    python -m orchestration.dbt_worker OPTION...

imports dbt and parses the project with the options given, which takes as long as an intake of a day's news, and beside
it; then reads one line of JSON from standard input, ``{"folder": …, "arguments": […], "environment": {…}, "results":
…}``, invokes dbt with that in that folder, writes its results to that file, and ends with dbt's exit status. When its
standard input ends, it ends too, whatever it is at: it does not outlive who started it. Here: that, in a process that
imports neither Dagster nor anything of ours.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading


def main() -> None:
    """Load, wait, invoke."""
    gc.disable()  # what is loaded stays: to look through it for garbage, again and again, finds none
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    silently = ["--quiet", "--log-level-file", "none", "--no-write-json"]
    parsed = dbtRunner().invoke([*silently, "parse", *sys.argv[1:]]).result
    gc.freeze()
    gc.enable()
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    order = json.loads(line)
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    # a project that cannot be parsed is parsed again, so that dbt says what is wrong with it
    dbt = dbtRunner(manifest=parsed if isinstance(parsed, Manifest) else None)
    # of what dbt writes at its end only the results are read; the manifest and the graph take longer than a model
    result = dbt.invoke(["--no-write-json", *order["arguments"]])
    if isinstance(result.result, RunExecutionResult):
        result.result.write(order["results"])
    if result.exception is not None:
        print(result.exception, flush=True)
    # DuckDB's files are whole only when their connections are closed; to take the rest apart, object by object, takes
    # longer than that
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    sys.stdout.flush()
    os._exit(0 if result.success else 1 if result.exception is None else 2)


def _end_with_standard_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(3)


if __name__ == "__main__":
    main()
