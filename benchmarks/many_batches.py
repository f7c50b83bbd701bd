"""Item `batches`: years of hourly batches, ingested at once, one by one, and read back.

Here: what many small batches cost. Not here: writing them (``hourly``).
"""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path

import duckdb

from benchmarks.hourly import write_batch, write_hourly
from benchmarks.measuring import Measured, causerie_run, measure, size_of
from benchmarks.page import Report, at_most, table
from benchmarks.rows import text

READING, NOTHING_NEW_SECONDS = 2.0, 8.0
"""All raw messages against the same rows in one file (our own reading of "readable at speed"); a run without new
batches."""
THREE_YEARS = 26_000


def many_batches(work: Path, batches: int, conversations: int, repeat: int) -> Report:
    """Measure ``batches`` batches of ``conversations`` new conversations each.

    Raises:
        CommandError: a run failed.
    """
    started = time.monotonic()
    config = write_hourly(work / "hourly", batches, conversations)
    print(f"{batches:,} batches written in {time.monotonic() - started:.0f} s", flush=True)
    command = causerie_run(config)
    home = config.parent / "home"
    print("all at once", flush=True)
    first = measure(command, config.parent)
    files = {kind: sum(1 for _ in (home / "raw").rglob(f"*.{kind}")) for kind in ("parquet", "json")}
    size = size_of(home)
    many, one, rows = _reading(home, work, repeat)
    print("nothing new", flush=True)
    nothing = [measure(command, config.parent) for _ in range(repeat)]
    hours = []
    for number in range(repeat):
        print(f"one more hour ({number + 1} of {repeat})", flush=True)
        write_batch(config.parent / "drop", batches + number, conversations)
        hours.append(measure(command, config.parent))
    again, _, _ = _reading(home, work, repeat)
    shutil.rmtree(config.parent)
    repeated = f"python benchmarks/bench.py batches --batches {batches}"
    report = Report("batches", "Many small batches")
    report.blocks.append(
        f"One source, {batches:,} hourly batches of {conversations} new conversations each (plain NDJSON, five or six"
        f" files and a manifest a batch). Afterwards raw holds {files['parquet']:,} Parquet files and the home"
        f" {size / 1e6:,.0f} MB. All {rows:,} raw messages, every column, are read through the build's"
        " `export.messages`, and from one Parquet file of the same rows; in turn, medians of"
        f" {repeat}."
    )
    steps: list[list[object]] = [
        [f"first run: {name}", f"{step.seconds:.1f}", f"{step.cpu:.1f}", f"{step.memory / 1e9:.2f}"]
        for name, step in first.steps.items()
    ]
    steps.append(_line("**first run, all batches**", [first]))
    steps.append(_line("**nothing new**", nothing))
    steps.append(_line("**one more hour**", hours))
    steps.append(["reading raw messages", f"{many:.3f}", "", ""])
    steps.append(["… after the further hours", f"{again:.3f}", "", ""])
    steps.append(["… from one file", f"{one:.3f}", "", ""])
    report.blocks.append(table(["what", "wall s", "cpu s", "peak GB"], steps))
    idle = statistics.median(run.seconds for run in nothing)
    report.limits = [
        at_most("raw messages: all batches over one file", many / one, READING, repeated),
        at_most("nothing new", idle, NOTHING_NEW_SECONDS, repeated, unit=" s", digits=1),
    ]
    return report


def _reading(home: Path, work: Path, repeat: int) -> tuple[float, float, int]:
    """Seconds to read all raw messages through the build, and from one file; and how many there are."""
    single = work / "single.parquet"
    build = home / "builds" / "open" / "warehouse.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach {text(build)} as build (read_only)")
        connection.execute(f"copy (from build.export.messages) to {text(single)} (format parquet)")
        seconds: dict[str, list[float]] = {}
        for _ in range(repeat):
            for relation in ("build.export.messages", f"read_parquet({text(single)})"):
                started = time.monotonic()
                row = connection.execute(f"select count(*), sum(hash(columns(*)) % 1000) from {relation}").fetchone()
                seconds.setdefault(relation, []).append(time.monotonic() - started)
    single.unlink()
    assert row is not None
    many, one = (statistics.median(values) for values in seconds.values())
    return many, one, int(row[0])


def _line(name: str, runs: list[Measured]) -> list[object]:
    seconds, cpu = (statistics.median(values) for values in zip(*((run.seconds, run.cpu) for run in runs), strict=True))
    return [name, f"{seconds:.1f}", f"{cpu:.1f}", f"{max(run.memory for run in runs) / 1e9:.2f}"]
