"""Homes as a run can find them, each with new batches waiting.

Here: how they come about. Not here: the runs that are killed in them.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.comparison import Marts, read_marts
from tests.crash.feed import Feed, write_configuration
from tests.crash.runs import expected_marts, home_of, restore, run
from tests.warehouse import accept

DUE = 23
"""Small segments of a source that are joined as soon as one more comes."""


@dataclass(frozen=True)
class Scene:
    """A configuration, its folder as it was kept, and the marts before the new batches and after."""

    config: Path
    kept: Path
    before: Marts | None
    after: Marts

    def set(self) -> None:
        """Have everything as it was kept."""
        restore(self.kept, self.config.parent)


def _kept(config: Path, before: Marts | None) -> Scene:
    after = expected_marts(config)
    folder = config.parent
    kept = folder.with_name(f"{folder.name} kept")
    shutil.rmtree(folder / "plain")
    shutil.copytree(folder, kept, symlinks=True)
    return Scene(config, kept, before, after)


def first_run(folder: Path) -> Scene:
    """No home yet, and batches of every source."""
    config = write_configuration(folder)
    feed = Feed(folder / "drop", seed=2)
    for source in ("mill", "mill", "shop", "desk"):
        feed.deliver(source)
    return _kept(config, None)


def new_batches(folder: Path) -> Scene:
    """A release; a new batch in one source, in another a refused one that was mended, new files in the third; in the
    first two the small segments are due to be joined; the release is the only one to be kept, so the old one is to go,
    and each has Parquet exports."""
    config = write_configuration(folder, "keep = 1\nkeep_days = 0\nparquet = true\n")
    feed = Feed(folder / "drop")
    for number in range(2 * DUE):
        feed.deliver("mill" if number < DUE else "shop")
        accept(config)
    feed.deliver("desk")
    first = run(config)
    assert first.process.returncode == 0, first.terminal
    before = read_marts(home_of(config).current_file)
    feed.deliver("shop", broken=True)
    assert [bool(report.refusals) for report in accept(config)] == [False, True, False]
    feed.mend()
    feed.deliver("mill")
    feed.deliver("desk")
    return _kept(config, before)
