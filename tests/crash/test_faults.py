"""What else can go wrong with a machine: a disk that is full or cannot be written to, two runs at once.

Here: that the command ends in words, and the next run as if nothing had happened. Not here: kills at chosen or random
instants (``test_points``, ``test_random``); homes on paths with blanks and other letters than ASCII's: those of all
these tests are such.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from tests.crash import runs
from tests.crash.feed import Feed, write_configuration

pytestmark = pytest.mark.slow


@cache
def _namespace() -> list[str]:
    """How a process gets mounts of its own."""
    for command in (["unshare", "--user", "--map-root-user", "--mount"], ["unshare", "--mount"]):
        mount = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if shutil.which("unshare") and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            return command
    return []


@pytest.mark.parametrize("what", ["full", "read_only"])
def test_a_home_on_a_disk_that_cannot_be_written_to(what: str, tmp_path: Path) -> None:
    if not _namespace():
        pytest.skip("neither root nor a user namespace may mount a disk here")
    folder = tmp_path / "à part"
    folder.mkdir()
    run = subprocess.run(
        [*_namespace(), sys.executable, "-m", "tests.crash.small_disk", what, str(folder)],
        cwd=runs.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout) == []


def wait_for(run: runs.Run, words: str) -> None:
    """Wait until a run tells something."""
    while words not in run.terminal:
        assert run.process.poll() is None, run.terminal
        time.sleep(0.02)


def test_of_two_runs_one_works_and_one_killed_holds_nothing(tmp_path: Path) -> None:
    config = write_configuration(tmp_path / "deux à la fois")
    Feed(tmp_path / "deux à la fois" / "drop").deliver("mill")
    other = config.with_name("other.toml")  # the output of each stands beside its configuration
    shutil.copy(config, other)
    first = runs.start(config)
    wait_for(first, "ingest …")
    second = runs.run(other)
    assert second.process.returncode == 1
    assert f"another run (process {first.process.pid}) is in progress here; wait for it to end" in second.terminal
    assert len(second.terminal.splitlines()) == 1
    wait_for(first, "dbt build …")
    os.kill(first.process.pid, signal.SIGKILL)  # alone: what it started is to end by itself
    third = runs.start(other)
    first.wait()
    assert third.wait() == 0, third.terminal
    expected = runs.expected_marts(config)
    assert runs.wrong_marts(config, expected) == []
    assert runs.leftovers(config) == []
    fourth = runs.start(config, "--full-refresh")
    wait_for(fourth, "dbt build …")
    fourth.kill()
    last = runs.run(config, "--full-refresh")
    assert last.process.returncode == 0, last.terminal
    assert runs.wrong_marts(config, expected) == []
    assert runs.leftovers(config) == []
