"""Runs are killed at random instants, while a reader looks on.

Here: rounds, each with a new batch; every undisturbed run is compared with a computation of the same batches elsewhere.
Not here: kills at named effects (``test_points``).

CRASH_ROUNDS: how many (200). CRASH_SEED: of batches, and of the instants, which also depend on how fast the machine is.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestration.releases import catalog
from tests.crash import runs
from tests.crash.feed import Feed, write_configuration

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "200"))
SEED = int(os.environ.get("CRASH_SEED", "1"))
UNDISTURBED, EARLY, BROKEN, MENDED, FULL = 0.6, 0.08, 0.15, 0.5, 0.08
"""Probabilities: that a kill is followed by an undisturbed run, that a batch sorts before the others or is broken, that
broken ones are mended, that a run builds from nothing."""
AIMS = (None, None, None, None, "ingest", "audit", "publish", "compact")
"""What the kills aim at: None is any instant of a run, mostly in the models; else an instant from the beginning of a
short step on."""
STEP = 0.1
"""The share of a run that a short step takes, about."""


@contextmanager
def reading(current: Path, output: Path) -> Iterator[None]:
    """A reader in a process of its own, as long as the block lasts."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.reader", str(current), str(output)], cwd=runs.ROOT, stdin=subprocess.PIPE
    ) as reader:
        try:
            yield
        finally:
            assert reader.stdin is not None
            reader.stdin.close()


class Rounds:
    """The rounds, and what came of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.config = write_configuration(folder, "keep = 2\nkeep_days = 0\nparquet = true\n")
        self.home = runs.home_of(self.config)
        self.chance = random.Random(seed)
        self.feed = Feed(folder / "drop", seed=seed)
        self.kills: Counter[str] = Counter()
        self.failures: list[str] = []
        self.compared = 0
        self.usual = 20.0
        """Seconds that a run takes."""

    def one(self, number: int) -> None:
        """A new batch, a run that is killed, and perhaps one that is not."""
        self._deliver()
        options = ["--full-refresh"] if self.chance.random() < FULL else []
        running = runs.start(self.config, *options)
        aim = self.chance.choice(AIMS)
        until = running.started + self.chance.random() * self.usual if aim is None else None
        while running.process.poll() is None and (until is None or time.monotonic() < until):
            if until is None and f"{aim} …" in running.terminal:
                until = time.monotonic() + self.chance.random() * STEP * self.usual
            time.sleep(0.005)
        status = running.kill()
        self.kills[running.step if status < 0 else "ended before"] += 1
        is_first = catalog.current(self.home) is None
        self._fail_for(number, runs.wrong_release(self.config, may_be_none=is_first))
        what = f"round {number}: killed at {running.step}" if status < 0 else f"round {number}: ended with {status}"
        if status not in (-9, 0, 1):
            self.failures.append(f"{what}: {running.terminal[-1500:]}")
        if self.chance.random() < UNDISTURBED or number == ROUNDS:
            what += self._compare(number)
        print(what, flush=True)

    def _deliver(self) -> None:
        if self.feed.broken and self.chance.random() < MENDED:
            self.feed.mend()
        may_break = not self.feed.broken and self.feed.delivered > 4
        self.feed.deliver(
            early=self.chance.random() < EARLY,
            broken=may_break and self.chance.random() < BROKEN,
        )

    def _compare(self, number: int) -> str:
        run = runs.run(self.config)
        self.usual = (
            0.7 * self.usual + 0.3 * (time.monotonic() - run.started)
            if self.compared
            else (time.monotonic() - run.started)
        )
        self.compared += 1
        expected = 1 if self.feed.broken else 0
        if run.process.returncode != expected:
            self.failures.append(f"round {number}: status {run.process.returncode}: {run.terminal[-1500:]}")
        if catalog.current(self.home) is not None:
            self._fail_for(number, runs.wrong_marts(self.config, runs.expected_marts(self.config)))
            self._fail_for(number, runs.leftovers(self.config))
        return f", then undisturbed {time.monotonic() - run.started:.1f} s"

    def _fail_for(self, number: int, wrong: list[str]) -> None:
        self.failures += [f"round {number}: {line}" for line in wrong]


@pytest.mark.slow
def test_runs_are_killed_at_random_instants(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path / "maison à part", SEED)
    seen = tmp_path / "seen"
    with reading(rounds.home.current_file, seen):
        for number in range(1, ROUNDS + 1):
            rounds.one(number)
    looks: list[dict[str, Any]] = [json.loads(line) for line in seen.read_text().splitlines()]
    failures = rounds.failures + [line["flaw"] for line in looks if "flaw" in line]
    print(f"rounds {ROUNDS} (seed {SEED}), of which {rounds.compared} compared with an undisturbed computation")
    print("kills by step: " + ", ".join(f"{step} {count}" for step, count in rounds.kills.most_common()))
    print(f"releases seen by the reader: {sum('release' in line for line in looks)}, in {looks[-1]['looks']} looks")
    print(f"failures: {len(failures)}", *failures, sep="\n  ")
    assert failures == []
    assert any("release" in line for line in looks) or ROUNDS < 5
