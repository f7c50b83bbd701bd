"""A home on a disk of its own, which becomes full, or cannot be written to.

    unshare --map-root-user --user --mount python -m tests.crash.small_disk full|read_only FOLDER

mounts the disk in a namespace that ends with the process, and prints what went wrong, a JSON list. Here: what is
done there. Not here: whether the machine lets it (``test_faults``).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.crash import runs
from tests.crash.effects import fill_disk
from tests.crash.feed import SOURCES, Feed, write_configuration

FULL_AT = {
    "lock": "open lock (orchestration.home.lock)",
    "landing": "open landing/<source>/.new-<batch>/<file> (ingestion.storage.landing._copy_verified)",
    "landing of files": "open landing/<source>/.new-<batch>/<file> (ingestion.sources.files._land_dump)",
    "raw": "os.mkdir raw/<source>/.new-<segment> (ingestion.storage.landing.new_folder)",
    "ledger": "sqlite3.commit (ingestion.storage.ledger._transaction)#3",
    "copy of the last build": "open builds/<run>/warehouse.duckdb (ingestion.storage.landing.copy_file)",
    "dbt": "open builds/<run>/target/dbt.log (orchestration.dbt.worker.main)",
    "models": "open builds/<run>/target/… (a thread of dbt)#20",
    "verdict": "open builds/<run>/.verdict.json (expectations.verdict.write)",
    "Data Docs": "open builds/<run>/data_docs/… (expectations.data_docs.write)",
    "release": "os.fsync releases/.new-<release>/causerie.duckdb (orchestration.releases.publication._complete)",
    "Data Docs of the release": "open releases/.new-<release>/data_docs/… (orchestration.releases.publication.publish)",
    "description": "open releases/.new-<release>/release.json (ingestion.storage.landing.write_durably)",
}
"""From which effect on nothing more can be written."""


class House:
    """A configuration whose home lies on the small disk; drops and output do not."""

    def __init__(self, folder: Path) -> None:
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.mount("size=300M")
        self.config = write_configuration(folder / "house")
        self.config.write_text(self.config.read_text().replace('"var"', '"../disk/var"'))
        self.feed = Feed(folder / "house" / "drop", size=60)
        self.ballast = self.disk / "ballast"

    def mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.disk], check=True)


def full(folder: Path) -> list[str]:
    """The disk is full before anything, and then from each of some effects on."""
    house = House(folder)
    for source in ("mill", "mill", "mill", "shop", "shop", "shop"):
        house.feed.deliver(source)
    fill_disk(str(house.ballast))
    wrong = [f"from the beginning: {line}" for line in _ill_told(runs.run(house.config))]
    house.ballast.unlink()
    wrong += [f"after the beginning: {line}" for line in _not_well(house)]
    for name, effect in FULL_AT.items():
        for source in SOURCES:
            house.feed.deliver(source)
        before = runs.home_of(house.config).current.readlink()
        run = runs.listened_to(house.config, effect, fill=house.ballast)
        found = [] if house.ballast.exists() else ["the disk was never full"]
        found += _ill_told(run) + runs.wrong_release(house.config, may_be_none=False)
        if runs.home_of(house.config).current.readlink() != before:
            found.append("another release was published")
        house.ballast.unlink(missing_ok=True)
        found += _not_well(house)
        print("wrong" if found else "well", name, *found, file=sys.stderr, flush=True)
        wrong += [f"{name}: {line}" for line in found]
    return wrong


def _ill_told(run: runs.Run) -> list[str]:
    """What is wrong with the end of a run that could not write."""
    found = [] if run.process.returncode == 1 else [f"status {run.process.returncode}"]
    found += [f"it does not tell '{words}'" for words in (" is full: make room",) if words not in run.terminal]
    found += ["a traceback on the terminal"] if "Traceback" in run.terminal else []
    return [f"{line}: {run.terminal[-1500:]}" for line in found]


def _not_well(house: House) -> list[str]:
    """What is wrong after a run that nothing disturbs."""
    run = runs.run(house.config)
    if run.process.returncode != 0:
        return [f"the next run ended with status {run.process.returncode}: {run.terminal[-1500:]}"]
    return runs.wrong_marts(house.config, runs.expected_marts(house.config)) + runs.leftovers(house.config)


def read_only(folder: Path) -> list[str]:
    """The disk cannot be written to, with nothing on it and with a release."""
    house = House(folder)
    house.feed.deliver("mill")
    wrong = []
    for name in ("an empty disk", "a release"):
        house.mount("remount,ro")
        run = runs.run(house.config)
        words = (
            f"{house.config}: home: {runs.home_of(house.config).path}: Read-only file system; name a folder that can"
        )
        if run.process.returncode != 2 or words not in run.terminal:
            wrong.append(f"{name}: status {run.process.returncode}: {run.terminal[-1500:]}")
        if name == "a release":
            wrong += runs.wrong_release(house.config, may_be_none=False)
        house.mount("remount,rw")
        house.feed.deliver("shop")
        wrong += [f"after {name}: {line}" for line in _not_well(house)]
    return wrong


if __name__ == "__main__":
    print(json.dumps({"full": full, "read_only": read_only}[sys.argv[1]](Path(sys.argv[2]))))
