"""Item `whole`: the whole run, from drop to release, beside one hand-written script for the same marts.

Here: running both in turn on the same drop. Not here: the script (``handwritten``).
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.drops import Given, configure, demo, drops_of
from benchmarks.marts import unequal_rows
from benchmarks.measuring import ROOT, Measured, causerie_run, measure, middle, size_of
from benchmarks.page import Limit, Report, at_most, table

TIMES, SECONDS, MEMORY_GB = 2.0, 10.0, 4.0
"""The run may take so many times the script's seconds, and so many more."""
SCRIPT = ROOT / "benchmarks" / "handwritten.py"
NOT_IN_SCRIPT = ("backlog", "by_flow")
"""Marts that the script does not compute, so that the run does more than it."""


def whole(given: Given, work: Path, sizes: Sequence[int], repeat: int) -> Report:
    """Measure every size.

    Raises:
        CommandError: a run or the script failed.
    """
    report = Report("whole", "The whole run, from drop to release")
    report.blocks.append(
        "`causerie run` on a new home beside `handwritten.py`, one DuckDB script that computes the same marts from the"
        " same drop (NDJSON.gz, ten messages a conversation) and keeps nothing else. Accounts have no targets, which"
        " the script does not know. In turn, medians of"
        f" {repeat}. Memory is resident, of the process and its children."
    )
    rows: list[list[object]] = []
    for size in sizes:
        _one(given, work, size, repeat, rows, report.limits)
    report.blocks.append(table(["conversations", "step", "wall s", "cpu s", "peak GB"], rows))
    return report


def _one(given: Given, work: Path, size: int, repeat: int, rows: list[list[object]], limits: list[Limit]) -> None:
    config = demo(given, work, size)
    runs, scripts = [], []
    marts = work / "handwritten.duckdb"
    for turn in range(repeat):
        shutil.rmtree(work / "whole", ignore_errors=True)
        here = without_targets(configure(config, work / "whole"))
        print(f"{size:,} conversations, causerie run ({turn + 1} of {repeat})", flush=True)
        runs.append(measure(causerie_run(here), here.parent))
        print(f"{size:,} conversations, the script ({turn + 1} of {repeat})", flush=True)
        scripts.append(measure([sys.executable, SCRIPT, "--config", here, "--out", marts], work))
    different = unequal_rows(here.parent / "home" / "releases" / "current" / "causerie.duckdb", marts, NOT_IN_SCRIPT)
    run, script = middle(runs), middle(scripts)
    for name, step in run.steps.items():
        rows.append([f"{size:,}", name, f"{step.seconds:.1f}", f"{step.cpu:.1f}", f"{step.memory / 1e9:.2f}"])
    memory = max(each.memory for each in runs)
    rows.append(_line(size, "**whole run**", run, memory))
    rows.append(_line(size, "**the script**", script, max(each.memory for each in scripts)))
    megabytes = sum(size_of(drop) for drop in drops_of(config).values()) / 1e6
    ratio, cpu = run.seconds / script.seconds, run.cpu / script.cpu
    print(f"  {megabytes:,.0f} MB; {ratio:.2f} times the script by the clock, {cpu:.2f} times in processor seconds")
    name, command = f"{size:,} conversations", f"python benchmarks/bench.py whole --conversations {size}"
    limits.append(
        Limit(
            f"{name}: whole run, and the script ({ratio:.1f} times)",
            f"{run.seconds:.1f} s, {script.seconds:.1f} s",
            f"≤ {TIMES:.0f} × script + {SECONDS:.0f} s = {TIMES * script.seconds + SECONDS:.1f} s",
            run.seconds <= TIMES * script.seconds + SECONDS,
            command,
        )
    )
    limits.append(at_most(f"{name}: peak memory", memory / 1e9, MEMORY_GB, command, unit=" GB"))
    limits.append(at_most(f"{name}: mart rows unlike the script's", sum(different.values()), 0, command, digits=0))
    shutil.rmtree(here.parent)
    marts.unlink()


def without_targets(config: Path) -> Path:
    """A configuration without the targets of its accounts, which the script does not compute."""
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"^\[\[accounts\.targets\]\]\n(?:.+\n)*", "", text, flags=re.MULTILINE), encoding="utf-8")
    return config


def _line(size: int, name: str, measured: Measured, memory: int) -> list[object]:
    return [f"{size:,}", name, f"{measured.seconds:.1f}", f"{measured.cpu:.1f}", f"{memory / 1e9:.2f}"]
