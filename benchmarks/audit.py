"""Item `audit`: what the expectations cost of a run.

Here: the share of the step that judges a build. Not here: the rest of the run (``whole``).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.drops import Given, configure, demo
from benchmarks.measuring import causerie_run, measure, middle
from benchmarks.page import Report, at_most, table

SHARE, MILLION = 0.1, 1_000_000
MEMORY_GB = 1.0
"""Our own reading of "memory bounded"."""
STEP = "audit"


def audit(given: Given, work: Path, sizes: Sequence[int], repeat: int) -> Report:
    """Measure the step at every size.

    Raises:
        CommandError: a run failed.
    """
    report = Report("audit", "The expectations")
    report.blocks.append(f"The step *{STEP}* of `causerie run` on a new home; medians of {repeat}.")
    rows: list[list[object]] = []
    for size in sizes:
        config = demo(given, work, size)
        runs = []
        for turn in range(repeat):
            shutil.rmtree(work / "audit", ignore_errors=True)
            here = configure(config, work / "audit")
            print(f"{size:,} conversations ({turn + 1} of {repeat})", flush=True)
            runs.append(measure(causerie_run(here), here.parent))
        shutil.rmtree(work / "audit")
        run = middle(runs)
        step = run.steps[STEP]
        memory = max(each.steps[STEP].memory for each in runs) / 1e9
        rows.append([f"{size:,}", f"{step.seconds:.2f}", f"{step.cpu:.2f}", f"{run.seconds:.1f}", f"{memory:.2f}"])
        command = f"python benchmarks/bench.py audit --conversations {size}"
        name = f"{size:,} conversations"
        report.limits.append(
            at_most(
                f"{name}: share of the run", step.seconds / run.seconds, SHARE, command, digits=3, asked=size >= MILLION
            )
        )
        report.limits.append(at_most(f"{name}: memory in the step", memory, MEMORY_GB, command, unit=" GB"))
    report.blocks.append(table(["conversations", "audit s", "cpu s", "whole run s", "peak GB"], rows))
    return report
