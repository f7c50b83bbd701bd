"""Item `startup`: what passes before the first useful work, and what is imported for it.

Here: the command without anything to do. Not here: its steps (``whole``).
"""

from __future__ import annotations

import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.drops import Given, configure, demo
from benchmarks.measuring import CAUSERIE, measure
from benchmarks.page import Report, at_most, table

HELP_SECONDS, NOTHING_NEW_SECONDS = 0.5, 8.0
SHOWN = 15
"""Packages that are shown; the others are summed."""
_IMPORT = re.compile(r"import time: +(\d+) \| +\d+ \| *([\w.]+)")
_COMMAND = "python benchmarks/bench.py startup"


def startup(given: Given, work: Path, conversations: int, repeat: int) -> Report:
    """Measure the command on a home that has published.

    Raises:
        CommandError: a run failed.
    """
    config = configure(demo(given, work, conversations), work / "startup")
    run = ["run", "--config", str(config)]
    print("a first run", flush=True)
    first = measure([*CAUSERIE, *run], config.parent)
    commands = {
        "`python -c pass`": [sys.executable, "-c", "pass"],
        "`causerie --help`": [*CAUSERIE, "--help"],
        "`causerie run`, nothing new": [*CAUSERIE, *run],
    }
    found = {}
    for name, command in commands.items():
        print(f"{name}, {repeat} times", flush=True)
        found[name] = [measure(command, config.parent) for _ in range(repeat)]
    rows: list[list[object]] = [
        [
            name,
            f"{statistics.median(each.seconds for each in runs):.2f}",
            f"{statistics.median(each.cpu for each in runs):.2f}",
            f"{max(each.memory for each in runs) / 1e9:.2f}",
        ]
        for name, runs in found.items()
    ]
    rows.append(
        [
            f"`causerie run`, first of {conversations:,} conversations",
            f"{first.seconds:.2f}",
            f"{first.cpu:.2f}",
            f"{first.memory / 1e9:.2f}",
        ]
    )
    report = Report("startup", "Start-up")
    report.blocks.append(f"Medians of {repeat}.")
    report.blocks.append(table(["command", "wall s", "cpu s", "peak GB"], rows))
    report.blocks.append(
        f"What is imported, in seconds of each package's own modules (`-X importtime`, medians of {repeat}):"
    )
    watched = [sys.executable, "-X", "importtime", *CAUSERIE[1:]]
    report.blocks.append(
        _imports(
            {
                "`orchestration.cli.main`": [sys.executable, "-X", "importtime", "-c", "import orchestration.cli.main"],
                "`causerie --help`": [*watched, "--help"],
                "`causerie run`, nothing new": [*watched, *run],
            },
            config.parent,
            repeat,
        )
    )
    medians = {name: statistics.median(each.seconds for each in runs) for name, runs in found.items()}
    report.limits = [
        at_most("`causerie --help`", medians["`causerie --help`"], HELP_SECONDS, _COMMAND, unit=" s"),
        at_most(
            "`causerie run` with nothing new",
            medians["`causerie run`, nothing new"],
            NOTHING_NEW_SECONDS,
            _COMMAND,
            unit=" s",
        ),
    ]
    return report


def _imports(commands: dict[str, list[str]], folder: Path, repeat: int) -> str:
    tables = {}
    for name, command in commands.items():
        print(f"imports of {name}, {repeat} times", flush=True)
        found = []
        for _ in range(repeat):
            log = folder / "home" / "run.log"  # takes what the job says on standard error
            log.unlink(missing_ok=True)
            output = measure(command, folder).output
            found.append(imported(output + (log.read_text() if log.is_file() else "")))
        packages = {package for each in found for package in each}
        tables[name] = {
            package: tuple(statistics.median(each.get(package, (0, 0))[place] for each in found) for place in (0, 1))
            for package in packages
        }
    last = list(tables.values())[-1]
    shown = sorted(last, key=lambda package: -last[package][0])[:SHOWN]
    rows: list[list[object]] = []
    for package in shown:
        rows.append([package, *(_cell(*of.get(package, (0, 0))) for of in tables.values())])
    for title, left_out in (("all others", set(shown)), ("**all**", set())):
        sums = [
            [sum(value[place] for package, value in of.items() if package not in left_out) for place in (0, 1)]
            for of in tables.values()
        ]
        rows.append([title, *(_cell(*each) for each in sums)])
    return table(["package", *(f"{name}: s (modules)" for name in tables)], rows)


def imported(output: str) -> dict[str, tuple[float, int]]:
    """Seconds and number of modules by top-level package, from what `-X importtime` said."""
    found: defaultdict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for micros, module in _IMPORT.findall(output):
        seconds, modules = found[module.partition(".")[0]]
        found[module.partition(".")[0]] = seconds + int(micros) / 1e6, modules + 1
    return dict(found)


def _cell(seconds: float, modules: float) -> str:
    return f"{seconds:.3f} ({modules:.0f})" if modules else "–"
