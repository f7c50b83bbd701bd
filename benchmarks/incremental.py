"""Item `incremental`: a day's new batches on a long history, beside a full refresh of the same day; then nothing new.

Here: delivering the batches day by day and measuring each run. Not here: what they contain (``new_batches``).
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.drops import Given, configure, demo, drops_of, linked
from benchmarks.marts import unequal_rows
from benchmarks.measuring import Measured, causerie_run, measure, size_of
from benchmarks.new_batches import SPREAD, Mix, write_new_batches
from benchmarks.page import Limit, Report, at_most, table
from benchmarks.thicken import thicken

RATIO, NOTHING_NEW_SECONDS = 0.7, 8.0
"""A day's run over a full refresh of the same day; a run without new batches."""
MILLION, THINNEST = 1_000_000, 10


@dataclass
class Found:
    """What one history gave. ``sizes``: bytes of the home after each day; ``full``: a full refresh after each."""

    history: Measured
    days: list[Measured]
    sizes: list[int]
    none: Measured
    stays: bool
    full: list[Measured]
    different: list[dict[str, int]]

    @property
    def seconds(self) -> float:
        """Median of a day's run."""
        return statistics.median(day.seconds for day in self.days)

    @property
    def full_seconds(self) -> float:
        """Median of a full refresh."""
        return statistics.median(run.seconds for run in self.full)


def incremental(given: Given, work: Path, sizes: Sequence[int], messages: Sequence[int], days: int, mix: Mix) -> Report:
    """Measure every size with every number of messages a conversation.

    Raises:
        CommandError: a run failed.
    """
    spread = mix.ages == SPREAD
    title = "A day's new batches on a long history" + (", changing all of it" if spread else "")
    report = Report("incremental-spread" if spread else "incremental", title)
    reach = "spread over as many days as there are changes" if spread else "nine in ten of them of the last week"
    report.blocks.append(
        f"A home that has published its history is given {days} day(s) of new batches, one a source and a run each: of"
        f" {mix.share:.1%} of the conversations, new ones and changes of all kinds (`new_batches.py`),"
        f" {reach}. After each day a full refresh of the same home. In the end a run with nothing new. Figures are"
        " medians."
    )
    rows: list[list[object]] = []
    drift: list[list[object]] = []
    for size in sizes:
        for thickness in messages:
            name = f"{size:,} conversations, {thickness} messages each"
            print(name, flush=True)
            found = _one(given, work, size, thickness, days, mix)
            for what, runs in (
                ("the history, all at once", [found.history]),
                ("a day's new batches", found.days),
                ("nothing new", [found.none]),
                ("a full refresh of the same day", found.full),
            ):
                rows.append([f"{size:,}", thickness, what, *_medians(runs)])
            for number, (day, bytes_) in enumerate(zip(found.days, found.sizes, strict=True), 1):
                drift.append(
                    [f"{size:,}", thickness, number, f"{day.seconds:.1f}", f"{day.cpu:.1f}", f"{bytes_ / 1e6:,.0f}"]
                )
            report.limits += _limits(name, size, thickness, days, mix, found)
    report.blocks.append(table(["conversations", "messages each", "run", "wall s", "cpu s", "peak GB"], rows))
    if days > 1:
        report.blocks.append(table(["conversations", "messages each", "day", "wall s", "cpu s", "home MB"], drift))
    return report


def _one(given: Given, work: Path, size: int, thickness: int, days: int, mix: Mix) -> Found:
    if thickness % THINNEST:
        raise SystemExit(f"--messages {thickness}: the demo has {THINNEST} a conversation; name a multiple")
    config = demo(given, work, size)
    history = linked(config, work / "history")
    if thickness > THINNEST:
        print("  more messages", flush=True)
        thicken(history, thickness // THINNEST)
    print(f"  writing {days} day(s) of new batches", flush=True)
    waiting = {
        drop: write_new_batches(drop, work / "new" / drop.name, work / "scratch", days=days, seed=given.seed, mix=mix)
        for drop in drops_of(history).values()
    }
    here = configure(history, work / "kept")
    command = causerie_run(here)
    current = here.parent / "home" / "releases" / "current" / "causerie.duckdb"
    print("  the history", flush=True)
    first = measure(command, here.parent)
    measured, sizes, full, different = [], [], [], []
    for day in range(days):
        for drop, batches in waiting.items():
            shutil.move(batches[day], drop / batches[day].name)
        before = current.resolve()
        print(f"  the new batches of day {day + 1}", flush=True)
        measured.append(measure(command, here.parent))
        if current.resolve() == before:
            raise SystemExit(f"the new batches made no release:\n{measured[-1].output}")
        sizes.append(size_of(here.parent / "home"))
        print("  a full refresh of the same day", flush=True)
        incremental = shutil.copy(current.resolve(), work / "incremental.duckdb")
        full.append(measure([*command, "--full-refresh"], here.parent))
        different.append(unequal_rows(Path(incremental), current))
    print("  nothing new", flush=True)
    before = current.resolve()
    none = measure(command, here.parent)
    stays = current.resolve() == before
    (work / "incremental.duckdb").unlink()
    for folder in ("history", "new", "scratch", "kept"):
        shutil.rmtree(work / folder, ignore_errors=True)
    return Found(first, measured, sizes, none, stays, full, different)


def _limits(name: str, size: int, thickness: int, days: int, mix: Mix, found: Found) -> list[Limit]:
    command = _command(size, str(thickness), days, mix)
    return [
        at_most(
            f"{name}: a day over a full refresh of it ({found.seconds:.1f} s, {found.full_seconds:.1f} s)",
            found.seconds / found.full_seconds,
            RATIO,
            command,
            asked=size >= MILLION,
        ),
        at_most(
            f"{name}: mart rows unlike a full refresh's",
            sum(rows for day in found.different for rows in day.values()),
            0,
            command,
            digits=0,
        ),
        at_most(f"{name}: nothing new", found.none.seconds, NOTHING_NEW_SECONDS, command, unit=" s", digits=1),
        Limit(
            f"{name}: release after nothing new",
            "the same" if found.stays else "another",
            "the same",
            found.stays,
            command,
        ),
    ]


def _command(size: int, messages: str, days: int, mix: Mix) -> str:
    usual = Mix()
    options = {
        f" --messages {messages}": messages != str(THINNEST),
        f" --days {days}": days > 1,
        f" --share {mix.share}": mix.share != usual.share,
        f" --mix {' '.join(f'{kind}={part}' for kind, part in mix.kinds.items())}": mix.kinds != usual.kinds,
        " --spread": mix.ages == SPREAD,
    }
    chosen = "".join(option for option, is_other in options.items() if is_other)
    return f"python benchmarks/bench.py incremental --conversations {size}{chosen}"


def _medians(runs: Sequence[Measured]) -> list[str]:
    seconds, cpu = (statistics.median(values) for values in zip(*((run.seconds, run.cpu) for run in runs), strict=True))
    return [f"{seconds:.1f}", f"{cpu:.1f}", f"{max(run.memory for run in runs) / 1e9:.2f}"]
