"""Item `engines`: the same home computed by DuckDB and by a session of Spark on this machine.

Here: seconds, processor seconds, memory, shuffled bytes, and what each model takes. Needs the environment of
`make test-spark`. Not here: whether both make the same (`tests/spark`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.drops import Given, configure, demo
from benchmarks.event_log import RECORDED, plans, shuffled_bytes
from benchmarks.measuring import Measured, causerie_run, measure
from benchmarks.page import Report, table
from benchmarks.scale import growth, model_seconds

SLOWEST = 15
"""Models and tests that are shown."""


def engines(given: Given, work: Path, sizes: Sequence[int], memory: str) -> Report:
    """Measure one run of each engine at each size; ``memory``: what a session of Spark may take.

    Raises:
        CommandError: a run failed.
    """
    rows: list[list[object]] = []
    seconds: dict[int, dict[str, float]] = {}
    shuffles: dict[str, tuple[int, int]] = {}
    for size in sorted(sizes):
        config = demo(given, work, size)
        for engine in ("duckdb", "spark"):
            here = configure(config, work / engine)
            events = here.parent / "events"
            if engine == "spark":
                events.mkdir()
                conf = {"spark.driver.memory": memory, "spark.eventLog.dir": str(events), **RECORDED}
                spelled = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in conf.items())
                here.write_text(here.read_text() + f'\n[engine]\nkind = "spark"\nconf = {{ {spelled} }}\n')
            print(f"{engine}: {size:,} conversations", flush=True)
            run = measure(causerie_run(here), here.parent)
            rows.append(_row(size, engine, run, shuffled_bytes(events)))
            if engine == "spark":
                seconds[size] = model_seconds(here.parent / "home")
                shuffles = {name: _exchanges(nodes) for name, nodes in plans(events).items()}
            shutil.rmtree(here.parent)
        if given.folder is None:
            shutil.rmtree(config.parent)
    report = Report("engines", "DuckDB and Spark on one machine")
    headers = [
        "conversations",
        "engine",
        "whole run, s",
        "processor, s",
        "build, s",
        "back, s",
        "peak GB",
        "shuffled MB",
    ]
    report.blocks.append(table(headers, rows))
    last = seconds[max(seconds)]
    slowest = sorted(last, key=lambda name: -last[name])[:SLOWEST]
    report.blocks.append(
        growth(
            "model or test on Spark",
            {name: [of.get(name, 0.0) for of in seconds.values()] for name in slowest},
            list(seconds),
        )
    )
    report.blocks.append(
        table(
            ["model", "exchanges", "of these broadcast"],
            [[name, *counts] for name, counts in sorted(shuffles.items(), key=lambda one: -one[1][0])[:SLOWEST]],
        )
    )
    return report


def _row(size: int, engine: str, run: Measured, shuffled: int) -> list[object]:
    build, back = run.steps["dbt build"].seconds, run.steps.get("bring back")
    return [
        f"{size:,}",
        engine,
        f"{run.seconds:.1f}",
        f"{run.cpu:.0f}",
        f"{build:.1f}",
        f"{back.seconds:.1f}" if back else "–",
        f"{run.memory / 1e9:.2f}",
        f"{shuffled / 1e6:,.0f}" if shuffled else "–",
    ]


def _exchanges(nodes: Sequence[str]) -> tuple[int, int]:
    """How often rows change their task in a plan, and how often all of them go to all tasks."""
    broadcast = sum(node.startswith("BroadcastExchange") for node in nodes)
    return broadcast + sum(node.startswith("Exchange") for node in nodes), broadcast
