"""A run is killed just before each of its effects on the files of its home, and the next one makes good.

Here: the points at which runs are killed. `make test` kills at a handful of them, one after the other; `make crash` at
every one, in a home of its own; CRASH_SHARE=5: at every fifth. Not here: kills inside DuckDB (``test_random``).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from orchestration.releases import catalog
from tests.comparison import KEYS, Marts, differences, read_marts
from tests.crash import runs, scenes
from tests.crash.feed import Feed, write_configuration
from tests.crash.scenes import Scene

KILLED = -9
SHARE = int(os.environ.get("CRASH_SHARE", "1"))
AT_A_TIME = 2
MANY = 5
"""Of that many equal effects the first, the middle one and the last are tried; of fewer, the first."""
CHANGES_NO_FILE = ("os.fsync", "os.sync")
"""A kill before one finds the files as a kill before the next effect does: the kernel keeps what was written."""
ATTRIBUTES_OF_DOCS = ("os.utime releases/.new-<release>/data_docs", "os.chmod releases/.new-<release>/data_docs")

LANDED = "os.rename landing/<source>/.new-<batch> landing/<source>/<batch> (ingestion.storage.landing.put_in_place)"
PARSED = "os.rename raw/<source>/.new-<segment> raw/<source>/<segment> (ingestion.storage.landing.put_in_place)"
COMMITTED = "sqlite3.commit (ingestion.storage.ledger._transaction)"
NAMED = "os.rename releases/.new-<release> releases/<release> (orchestration.releases.publication.publish)"
SWAPPED = "os.rename releases/.current releases/current (orchestration.releases.catalog._swap)"
SEEN = "os.symlink builds/<run>/candidate.duckdb (orchestration.releases.publication.link_candidate)"


def points(log: Path, *, one_of_each: bool) -> list[str]:
    """The effects to die at, from the log of a run that did not."""
    counts = Counter(line.split(" ", 1)[1] for line in log.read_text().splitlines())
    found = []
    for name, count in counts.items():
        if not name.startswith((*CHANGES_NO_FILE, *ATTRIBUTES_OF_DOCS)):
            found += [f"{name}#{number}" for number in ([1] if one_of_each or count < MANY else [1, count // 2, count])]
    return found


def different(expected: Marts, found: Marts) -> list[str]:
    return [line for mart in KEYS for line in differences(mart, expected[mart], found[mart], 3)]


def wrong_after(config: Path, at: str, before: Marts | None, after: Marts) -> list[str]:
    """Run to the kill, look at what readers see, run again undisturbed: what is wrong."""
    old = catalog.current(runs.home_of(config))
    killed = runs.listened_to(config, at)
    if killed.process.returncode != KILLED:
        return [f"the run ended with status {killed.process.returncode} without this effect: {killed.terminal[-500:]}"]
    found = runs.wrong_release(config, may_be_none=before is None)
    now = catalog.current(runs.home_of(config))
    if now is not None:
        is_old = old is not None and old.release_id == now.release_id
        expected = before if is_old else after
        assert expected is not None
        found += different(expected, read_marts(runs.home_of(config).current_file))
    again = runs.run(config)
    if again.process.returncode != 0:
        return [*found, f"the next run ended with status {again.process.returncode}: {again.terminal[-1500:]}"]
    found += different(after, read_marts(runs.home_of(config).current_file))
    return found + runs.leftovers(config)


def failures(prepared: Sequence[Scene], at: Sequence[str]) -> list[str]:
    """What is wrong after a kill at each of some effects; as many at a time as the scene was prepared times."""
    free: SimpleQueue[Scene] = SimpleQueue()
    for scene in prepared:
        free.put(scene)

    def tried(effect: str) -> list[str]:
        scene = free.get()
        try:
            scene.set()
            wrong = wrong_after(scene.config, effect, scene.before, scene.after)
        except Exception as error:
            wrong = [repr(error)]
        finally:
            free.put(scene)
        print("wrong" if wrong else "well", effect, *wrong, sep="\n    " if wrong else "  ", flush=True)
        return [f"{effect}: {line}" for line in wrong]

    with ThreadPoolExecutor(len(prepared)) as pool:
        return [line for wrong in pool.map(tried, at) for line in wrong]


@pytest.mark.slow
@pytest.mark.parametrize("prepare", [scenes.first_run, scenes.new_batches], ids=lambda scene: scene.__name__)
def test_a_run_is_killed_at_every_effect(
    prepare: Callable[[Path], Scene], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    prepared = [prepare(tmp_path / f"maison à part {number}") for number in range(AT_A_TIME)]
    log = tmp_path / "effects"
    recorded = runs.listened_to(prepared[0].config, log=log)
    assert recorded.process.returncode == 0, recorded.terminal
    assert different(prepared[0].after, read_marts(runs.home_of(prepared[0].config).current_file)) == []
    at = points(log, one_of_each=prepare is scenes.first_run)[::SHARE]
    print(f"{len(at)} effects of {prepare.__name__}:")
    assert SHARE > 1 or {COMMITTED, LANDED, PARSED, NAMED, SWAPPED, SEEN} <= {name.partition("#")[0] for name in at}
    assert failures(prepared, at) == []


@pytest.mark.slow
def test_runs_are_killed_one_after_the_other_until_one_ends(tmp_path: Path) -> None:
    """Each gets further than the one before; readers see nothing, or the whole release, at every moment."""
    config = write_configuration(tmp_path / "maison à part")
    home = runs.home_of(config)
    feed = Feed(config.parent / "drop", seed=3)
    for source in ("mill", "mill", "shop"):
        feed.deliver(source)
    after = runs.expected_marts(config)
    for at in (f"{LANDED}#2", PARSED, f"{COMMITTED}#3", SWAPPED):
        assert runs.listened_to(config, at).process.returncode == KILLED, at
        assert catalog.current(home) is None
    last = runs.run(config)
    assert last.process.returncode == 0, last.terminal
    assert different(after, read_marts(home.current_file)) == []
    assert runs.leftovers(config) == []
