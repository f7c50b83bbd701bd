"""Item `postgres`: how long a release takes into a PostgreSQL, which is read back and compared.

Here: the step of a whole run on a new home and an empty schema. Not here: the server, which the environment variable
``WAREHOUSE_DSN`` names, and what readers see meanwhile (``tests/postgres``).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.drops import Given, configure, demo
from benchmarks.measuring import causerie_run, measure
from benchmarks.page import Report, table

DSN = "WAREHOUSE_DSN"
STEP = "postgres"


def postgres(given: Given, work: Path, sizes: Sequence[int]) -> Report:
    """Publish a release of every size into the server.

    Raises:
        CommandError: a run failed.
    """
    report = Report("postgres", "A release in PostgreSQL")
    report.blocks.append(
        f"The step *{STEP}* of `causerie run` on a new home, with a server on the same machine: every table of the"
        " release loaded, read back and compared, keys and indexes made, and the views set. *Rows*: of all tables."
    )
    rows: list[list[object]] = []
    for size in sizes:
        config = configure(demo(given, work, size), work / f"postgres-{size}")
        schema = f"bench_{secrets.token_hex(4)}"
        target = f'\n[[publish]]\nkind = "postgres"\ndsn_env = "{DSN}"\nschema = "{schema}"\n'
        config.write_text(config.read_text(encoding="utf-8") + target, encoding="utf-8")
        print(f"{size:,} conversations, into {schema}", flush=True)
        run = measure(causerie_run(config), config.parent)
        step = run.steps[STEP]
        loaded = _rows(config.parent / "home" / "releases" / "current" / "causerie.duckdb")
        rows.append(
            [
                *(f"{size:,}", f"{loaded:,}", f"{step.seconds:.1f}", f"{step.cpu:.1f}"),
                *(f"{loaded / step.seconds:,.0f}", f"{step.memory / 1e9:.2f}", f"{run.seconds:.1f}"),
            ]
        )
    headers = ["conversations", "rows", "s", "cpu s", "rows a second", "peak GB", "whole run s"]
    report.blocks.append(table(headers, rows))
    return report


def _rows(release: Path) -> int:
    with duckdb.connect(str(release.resolve()), read_only=True) as connection:
        ((rows,),) = connection.execute("select sum(estimated_size) from duckdb_tables()").fetchall()
    return int(rows)
