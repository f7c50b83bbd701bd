"""dbt as a process that has loaded everything before it is told what to do.

    python -m orchestration.dbt.worker OPTION...

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
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any


def main() -> None:
    """Load, wait, invoke."""
    gc.disable()  # what is loaded stays, and the process ends before what is left over adds up
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    _spell_out_only_what_is_told()
    silently = ["--quiet", "--log-level-file", "none", "--no-write-json"]
    parsed = dbtRunner().invoke([*silently, "parse", *sys.argv[1:]]).result
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
    _write_files_at_once(DuckDBConnectionManager._ENV)
    # DuckDB's files are whole only when their connections are closed; to take the rest apart, object by object, takes
    # longer than that
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    sys.stdout.flush()
    os._exit(0 if result.success else 1 if result.exception is None else 2)


def _spell_out_only_what_is_told() -> None:
    """Have dbt's loggers ask for the level of an event before they spell it out, and not after.

    Every statement is an event of level debug, its SQL spelled out as JSON for the console and as text for the file,
    which both then pass over: a twentieth of the time of an update.
    """
    from dbt.events import logging
    from dbt_common.events.base_types import EventLevel, EventMsg
    from dbt_common.events.logger import LoggerConfig

    levels, add = list(EventLevel), logging.add_logger_to_manager  # type: ignore[attr-defined]

    def add_asking(config: LoggerConfig) -> None:
        concerns, told = config.filter, {level.value for level in levels[levels.index(config.level) :]}

        def is_told(message: EventMsg) -> bool:
            return message.info.level in told and concerns(message)

        config.filter = is_told
        add(config)

    logging.add_logger_to_manager = add_asking  # type: ignore[attr-defined, assignment]


def _write_files_at_once(environment: Any) -> None:
    """Have DuckDB write the build's files side by side; what it does not, closing them does, one after the other."""
    if environment is None or environment.conn is None:
        return
    import duckdb

    listed = "select database_name from duckdb_databases() where not internal and not readonly and path is not null"

    def write(name: str) -> None:
        with suppress(duckdb.Error), environment.conn.cursor() as cursor:
            cursor.execute(f'checkpoint "{name}"')

    with suppress(duckdb.Error):  # a full disk, say, of which dbt's results tell
        names = [name for (name,) in environment.conn.execute(listed).fetchall()]
        with ThreadPoolExecutor(max(1, len(names))) as pool:
            list(pool.map(write, names))


def _end_with_standard_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(3)


if __name__ == "__main__":
    main()
