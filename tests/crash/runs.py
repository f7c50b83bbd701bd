"""Runs of the command in a process group of their own, to be killed as a whole.

Here: starting, killing, and what must be true afterwards. Not here: what is killed when (the tests).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingestion.accepted import accepted_batches
from ingestion.raw.compaction import GRACE_SECONDS, compact
from ingestion.settings import load_settings
from ingestion.storage.ledger import LEDGER, Ledger
from orchestration.home import Home
from orchestration.releases import catalog
from tests.comparison import KEYS, differences, read_marts
from tests.crash import effects
from tests.crash.reader import flaws, flaws_of_exports
from tests.warehouse import build_marts

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (
    f"from orchestration import processes; processes.KEPT += {['PYTHONPATH', *effects.VARIABLES]};"
    " from orchestration.cli.main import main; main(prog_name='causerie')"
)
"""The command, whose processes are listened to as well."""
LONGEST = 180


@dataclass
class Run:
    """A run that was started. Its output stands in files: who reads a pipe could hold up what is to be killed."""

    process: subprocess.Popen[bytes]
    output: Path
    started: float

    def wait(self) -> int:
        """Its status, minus the signal when it was killed; nothing of its group is left then."""
        status = self.process.wait(LONGEST)
        self._wait_for_group()
        return status

    def kill(self) -> int:
        """Kill its whole group at once, as a machine that fails would; its status."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.wait()

    def _wait_for_group(self) -> None:
        """A child that was killed may hold the lock for a moment longer than the process that was waited for."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.01)
        raise AssertionError("something of the run outlives it")

    @property
    def terminal(self) -> str:
        """What stands on the terminal."""
        return self.output.read_text(errors="replace")

    @property
    def step(self) -> str:
        """The step that the run was at when it ended."""
        lines = self.terminal.splitlines()
        begun = [line.removesuffix(" …") for line in lines if line.endswith(" …")]
        ended = [line for line in lines if re.fullmatch(r"\S.* +[\d.]+ s", line)]
        if not begun:
            return "start-up"
        return begun[-1] if len(ended) < len(begun) else f"after {begun[-1]}"


def start(config: Path, *options: str, environment: Mapping[str, str] | None = None) -> Run:
    """Start `causerie run` as the head of a group of its own."""
    output = config.with_suffix(".output")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "run", "--config", str(config), *options],
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Run(process, output, time.monotonic())


def killed_when(config: Path, is_due: Callable[[], bool]) -> Run:
    """A run whose first process alone is killed when it is due; all that it started ends by itself."""
    running = start(config)
    try:
        while not is_due():
            assert running.process.poll() is None, running.terminal
            time.sleep(0.05)
        os.kill(running.process.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    finally:
        running.kill()
    return running


def run(config: Path, *options: str) -> Run:
    """A run that nothing disturbs, to its end."""
    running = start(config, *options)
    running.wait()
    return running


def listened_to(config: Path, at: str = "", log: Path | None = None, fill: Path | None = None) -> Run:
    """A run whose effects are listened to, to its end; at one it is to die, or finds the disk full from then on."""
    path = os.pathsep.join([str(ROOT / "tests" / "crash" / "injected"), str(ROOT)])
    environment = {"PYTHONPATH": path, effects.HOME: str(home_of(config).path), effects.AT: at}
    if log is not None:
        environment[effects.LOG] = str(log)
    if fill is not None:
        environment[effects.FILL] = str(fill)
    running = start(config, environment=environment)
    running.wait()
    return running


def home_of(config: Path) -> Home:
    """The home of a configuration."""
    return Home(load_settings(config).home)


def expected_marts(config: Path, name: str = "plain") -> dict[str, list[dict[str, object]]]:
    """The marts of all batches that the drops hold now, computed without the command in a home of their own."""
    other = config.with_name(f"{name}.toml")
    other.write_text(re.sub('^home = ".*"', f'home = "{name}"', config.read_text()))
    return build_marts(other)


def wrong_marts(config: Path, expected: Mapping[str, list[dict[str, object]]]) -> list[str]:
    """How what is published differs from what is expected."""
    found = read_marts(home_of(config).current_file)
    return [line for mart in KEYS for line in differences(mart, expected[mart], found[mart])]


def wrong_release(config: Path, *, may_be_none: bool) -> list[str]:
    """What is wrong with the release that readers see at this moment."""
    current = home_of(config).current_file
    if may_be_none and not current.exists():
        return []
    return [*flaws(current), *flaws_of_exports(home_of(config).current_exports)]


def leftovers(config: Path) -> list[str]:
    """What is there after an undisturbed run and should not be. Segments that only grace keeps are made old, and go."""
    home = home_of(config)
    found = _left_over(home, ".*", "*.wal", "tmp*")
    now = catalog.current(home)
    assert now is not None
    builds = [build.id for build in home.builds()]
    if now.build_id not in builds or len(builds) > 2:
        found.append(f"builds {builds}, of which {now.build_id} is published")
    known = {release.release_id for release in catalog.kept(home)}
    for path in home.releases.iterdir():
        if path.name not in {*known, "current", "current.duckdb", "current-parquet", "went_back.json"}:
            found.append(f"{path} is of no release")
    for release in catalog.kept(home):
        found += flaws(catalog.file_of(home, release))
        if not catalog.file_of(home, release).with_name("data_docs").is_dir():
            found.append(f"{release.release_id} has no Data Docs")
    if home.current_exports.is_dir() != load_settings(config).releases.parquet:
        found.append(f"{home.current_exports} is missing with the option, or there without it")
    found += _segments_left(config)
    # a journal of the ledger that was never synced means nothing, and goes with the next transaction
    return found + _left_over(home, "*-journal")


def _left_over(home: Home, *patterns: str) -> list[str]:
    found = [path for pattern in patterns for path in home.path.rglob(pattern)]
    return [f"{path} is left over" for path in found if home.dbt not in path.parents]


def _segments_left(config: Path) -> list[str]:
    settings = load_settings(config)
    old = time.time() - GRACE_SECONDS - 60
    for folder in (settings.home / "raw").glob("*/*"):
        os.utime(folder, (old, old))
    _, segments = accepted_batches(settings)
    compact(settings, lambda _: None, [segment.folder for segment in segments])
    with Ledger(settings.home / LEDGER) as ledger:
        named = {
            settings.home / "raw" / source.name / listed.segment
            for source in settings.sources
            for listed in ledger.segments(source.name)
        }
    used = {segment.folder for segment in segments}
    found = set((settings.home / "raw").glob("*/*"))
    return [f"{path} is named by nobody" for path in found - named - used] + [
        f"{path} is named and not there" for path in named - found
    ]


def restore(kept: Path, folder: Path) -> None:
    """A folder as it was kept, under the same path: builds name paths."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept, folder, symlinks=True)
