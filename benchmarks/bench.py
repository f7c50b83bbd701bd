"""The whole run, from drop to release, beside one hand-written DuckDB script for the same marts from the same drop.

    python benchmarks/bench.py --conversations 1000000

makes a demo drop, runs `causerie run` on a new home, runs `handwritten.py`, checks that both gave the same marts, and
prints wall time and peak memory (resident, of the process and its children) of each step. Linux only: reads /proc.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
CAUSERIE = Path(sys.executable).with_name("causerie")
MARTS = ("overview", "by_agent", "by_tag", "details")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Measured:
    """Seconds and peak memory (bytes) of a command, in all and by the steps that it prints."""

    seconds: float = 0.0
    memory: int = 0
    steps: dict[str, tuple[float, int]] = field(default_factory=dict)


def measure(*command: str | Path) -> Measured:
    """Run a command to its end. A line `name …` begins a step, as the reporter of a run prints it."""
    measured, started, step, begun = Measured(), time.monotonic(), "start-up", time.monotonic()
    peaks: dict[str, int] = {}
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    stop = threading.Event()

    def sample() -> None:
        while not stop.wait(0.1):
            peaks[step] = max(peaks.get(step, 0), _resident(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    assert process.stdout is not None
    for line in process.stdout:
        print("   ", line.rstrip())
        if line.rstrip().endswith(" …"):
            measured.steps[step] = (time.monotonic() - begun, 0)
            step, begun = line.rstrip()[:-2], time.monotonic()
    process.wait()
    measured.steps[step] = (time.monotonic() - begun, 0)
    stop.set()
    sampler.join()
    measured.seconds = time.monotonic() - started
    measured.steps = {name: (seconds, peaks.get(name, 0)) for name, (seconds, _) in measured.steps.items()}
    measured.memory = max(peaks.values(), default=0)
    if process.returncode:
        sys.exit(f"{command[0]} ended with status {process.returncode}")
    return measured


def _resident(pid: int) -> int:
    return sum(_memory_of(each) for each in _family(pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for task in Path(f"/proc/{pid}/task").iterdir():
            if task.name != str(pid):
                children += (task / "children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _memory_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def unequal_rows(left: Path, right: Path) -> dict[str, int]:
    """Rows of each mart that only one of two files has."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{left}' as a (read_only)")
        connection.execute(f"attach '{right}' as b (read_only)")
        found = {}
        for mart in MARTS:
            names = [
                f"round({name}, 6)" if kind == "DOUBLE" else name
                for name, kind, *_ in connection.execute(f"describe a.main.{mart}").fetchall()
            ]
            columns = ", ".join(names)
            row = connection.execute(
                f"select count(*) from ((select {columns} from a.main.{mart} except all select {columns} from"
                f" b.main.{mart}) union all (select {columns} from b.main.{mart} except all"
                f" select {columns} from a.main.{mart}))"
            ).fetchone()
            assert row is not None
            found[mart] = row[0]
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the drop here, and use it again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        drop = folder / f"demo-{arguments.conversations}-{arguments.days}-{arguments.seed}"
        config = drop / "causerie.toml"
        if not config.is_file():
            print(f"demo of {arguments.conversations:,} conversations")
            options = ["--conversations", arguments.conversations, "--days", arguments.days, "--seed", arguments.seed]
            made = measure(CAUSERIE, "demo", "--out", drop, *map(str, options))
            print(f"  {made.seconds:.1f} s, {made.memory / 1e9:.2f} GB")
        shutil.rmtree(drop / "var", ignore_errors=True)
        print("causerie run, from nothing")
        run = measure(CAUSERIE, "run", "--config", config)
        print("causerie run, nothing new")
        again = measure(CAUSERIE, "run", "--config", config)
        script = Path(temporary) / "handwritten.duckdb"
        print("hand-written script")
        handwritten = measure(sys.executable, HERE / "handwritten.py", "--config", config, "--out", script)
        different = unequal_rows((drop / "var" / "releases" / "current.duckdb").resolve(), script)
        size = sum(path.stat().st_size for path in (drop / "drop").rglob("*") if path.is_file())
    print(f"\nDuckDB {duckdb.__version__}, {os.cpu_count()} cores, a drop of {size / 1e6:,.0f} MB")
    print(f"{'step':<22}{'wall s':>10}{'peak GB':>10}")
    for name, (seconds, memory) in run.steps.items():
        print(f"  {name:<20}{seconds:>10.1f}{memory / 1e9:>10.2f}")
    for name, measured in (("whole run", run), ("nothing new", again), ("hand-written", handwritten)):
        print(f"{name:<22}{measured.seconds:>10.1f}{measured.memory / 1e9:>10.2f}")
    allowed = 4 * handwritten.seconds + 15
    print(f"whole run / hand-written: {run.seconds / handwritten.seconds:.2f}; aim: {allowed:.0f} s and 6 GB")
    print("rows that differ: " + ", ".join(f"{mart} {count}" for mart, count in different.items()))
    if any(different.values()):
        sys.exit("the marts differ")


if __name__ == "__main__":
    main()
