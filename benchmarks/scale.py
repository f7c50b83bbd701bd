"""Item `scale`: sizes in a row, each step and each dbt model, and how much longer each takes at ten times the size.

Here: where the curve bends. Not here: a yardstick (``whole``).
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.drops import Given, configure, demo
from benchmarks.measuring import Measured, causerie_run, measure, size_of
from benchmarks.page import Report, table

SLOWEST = 20
"""Models and tests that are shown."""


def scale(given: Given, work: Path, sizes: Sequence[int], resources: str) -> Report:
    """Measure one run at each size; ``resources``: the lines of the section [resources].

    Raises:
        CommandError: a run failed.
    """
    found: dict[int, Measured] = {}
    models: dict[int, dict[str, float]] = {}
    homes: dict[int, int] = {}
    for size in sorted(sizes):
        config = demo(given, work, size)
        here = configure(config, work / "scale", resources)
        print(f"{size:,} conversations", flush=True)
        found[size] = measure(causerie_run(here), here.parent)
        models[size] = model_seconds(here.parent / "home")
        homes[size] = size_of(here.parent / "home")
        shutil.rmtree(here.parent)
        if given.folder is None:  # the disk is needed for the next one
            shutil.rmtree(config.parent)
    report = Report("scale", "Growth with size")
    report.blocks.append(
        "One `causerie run` on a new home at each size (ten messages a conversation)"
        + (f", with {resources.replace(chr(10), ', ')}" if resources else "")
        + ". *Growth*: how many times longer a step takes at ten times the size; 10 is a straight line."
    )
    sizes = list(found)
    steps = {
        name: [found[size].steps[name].seconds for size in sizes if name in found[size].steps]
        for name in found[sizes[-1]].steps
    }
    steps["**whole run**"] = [found[size].seconds for size in sizes]
    report.blocks.append(growth("step", steps, sizes))
    report.blocks.append(
        table(
            ["", *(f"{size:,}" for size in sizes)],
            [
                ["cpu s", *(f"{found[size].cpu:.1f}" for size in sizes)],
                ["peak GB", *(f"{found[size].memory / 1e9:.2f}" for size in sizes)],
                ["most spilled at once, GB", *(f"{found[size].spilled / 1e9:.2f}" for size in sizes)],
                ["home afterwards, GB", *(f"{homes[size] / 1e9:.2f}" for size in sizes)],
                *(
                    [f"peak GB: {name}", *(f"{found[size].steps[name].memory / 1e9:.2f}" for size in sizes)]
                    for name in found[sizes[-1]].steps
                    if all(name in found[size].steps for size in sizes)
                ),
            ],
        )
    )
    last = models[sizes[-1]]
    slowest = sorted(last, key=lambda name: -last[name])[:SLOWEST]
    of_dbt = {"**all, without dbt itself**": [sum(models[size].values()) for size in sizes]}
    of_dbt |= {name: [models[size].get(name, math.nan) for size in sizes] for name in slowest}
    report.blocks.append(growth("model or test", of_dbt, sizes))
    return report


def growth(what: str, seconds: dict[str, list[float]], sizes: Sequence[int]) -> str:
    """Seconds at each size, and between neighbours the growth per factor ten."""
    headers = [what, f"{sizes[0]:,}"]
    for size in sizes[1:]:
        headers += ["growth", f"{size:,}"]
    rows: list[list[object]] = []
    for name, values in seconds.items():
        row: list[object] = [name, f"{values[0]:.2f}"]
        for (small, before), (large, after) in zip(
            zip(sizes, values, strict=False), zip(sizes[1:], values[1:], strict=False), strict=False
        ):
            factor = (after / before) ** (1 / math.log10(large / small)) if before > 0 and after > 0 else math.nan
            row += ["–" if math.isnan(factor) else f"{factor:.1f}", f"{after:.2f}"]
        rows.append(row)
    return table(headers, rows)


def model_seconds(home: Path) -> dict[str, float]:
    """Seconds of each model and test of the last build."""
    results = max((home / "builds").glob("*/target/run_results.json"), key=lambda path: path.stat().st_mtime)
    return {
        result["unique_id"].split(".")[2]: result["execution_time"]
        for result in json.loads(results.read_bytes())["results"]
    }
