"""The drops and homes that are measured: made once, never written to, read from configurations elsewhere.

Here: where things lie and how they are linked and removed. Not here: what is in a drop (`causerie demo`,
``new_batches``, ``hourly``), or measuring.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import CAUSERIE, measure
from benchmarks.rows import sha256_of


@dataclass(frozen=True)
class Given:
    """What to measure on. ``folder`` keeps demo drops from run to run; None: they go with the run."""

    folder: Path | None
    days: int
    seed: int


@contextmanager
def workshop() -> Iterator[Path]:
    """A temporary folder, removed at the end. Its name has a blank: paths with one must work."""
    with tempfile.TemporaryDirectory(prefix="causerie bench ") as folder:
        yield Path(folder)


def demo(given: Given, work: Path, conversations: int) -> Path:
    """The configuration of a demo drop, made unless it is there."""
    folder = given.folder.resolve() if given.folder else work
    drop = folder / f"demo-{conversations}-{given.days}-{given.seed}"
    config = drop / "causerie.toml"
    if not config.is_file():  # it is written last
        shutil.rmtree(drop, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"a demo of {conversations:,} conversations", flush=True)
        options = [f"--conversations={conversations}", f"--days={given.days}", f"--seed={given.seed}"]
        made = measure([*CAUSERIE, "demo", f"--out={drop}", *options], folder)
        print(f"  {made.seconds:.1f} s, {made.memory / 1e9:.2f} GB", flush=True)
    return config


def configure(config: Path, folder: Path, resources: str = "") -> Path:
    """A configuration in ``folder`` for the same sources, with a home of its own in ``folder / "home"``.

    ``resources``: the lines of a section [resources], of which the original must have none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = re.sub("^home = .*$", 'home = "home"', config.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for name, path in drops_of(config).items():
        given = next(source["path"] for source in _sources(config) if source["name"] == name)
        text = text.replace(f"path = {_text(given)}", f"path = {_text(str(path))}")
    if resources:
        text += f"\n[resources]\n{resources}\n"
    target = folder / "causerie.toml"
    target.write_text(text, encoding="utf-8")
    return target


def linked(config: Path, folder: Path) -> Path:
    """A configuration in ``folder`` whose drops are linked file by file: batches can be added to them."""
    for path in drops_of(config).values():
        shutil.copytree(path, folder / "drop" / path.name, copy_function=_link)
    text = config.read_text(encoding="utf-8")
    for source in _sources(config):
        here = f"path = {_text('drop/' + Path(source['path']).name)}"
        text = text.replace(f"path = {_text(source['path'])}", here)
    target = folder / "causerie.toml"
    target.write_text(text, encoding="utf-8")
    return target


def drops_of(config: Path) -> dict[str, Path]:
    """The drop folder of each source."""
    return {source["name"]: config.parent / source["path"] for source in _sources(config)}


def add_files(batch: Path, rows: dict[str, int]) -> None:
    """List further files of a batch in its manifest, which may be a link to another drop's."""
    path = batch / "manifest.json"
    manifest = json.loads(path.read_bytes())
    for name, count in rows.items():
        manifest["files"][name] = {"rows": count, "sha256": sha256_of(batch / name)}
    path.unlink()
    path.write_text(json.dumps(manifest), encoding="utf-8")


def _sources(config: Path) -> list[dict[str, str]]:
    return list(tomllib.loads(config.read_text(encoding="utf-8"))["sources"])


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy(source, target)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
