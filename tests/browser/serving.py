"""A demo home with a release, and the report pages of a home served as people serve them: by the command.

Here: processes of the command `causerie`. Not here: the browser (``reader``).
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from demo_data import write_demo

CAUSERIE = Path(sys.executable).with_name("causerie")
STARTING = 60
"""Seconds that a server may take to answer."""


class Home:
    """A home of the demo, and batches of it that have not been delivered yet."""

    def __init__(self, config: Path, waiting: Path) -> None:
        self.config = config
        self.drop = config.parent / "drop"
        self.waiting = waiting
        self.current = config.parent / "var" / "releases" / "current" / "causerie.duckdb"

    @property
    def file(self) -> Path:
        """The current release."""
        return self.current.resolve(strict=True)

    def run(self) -> None:
        """Publish what has been delivered."""
        before = self.current.resolve()
        done = subprocess.run(
            [CAUSERIE, "run", "--config", self.config], capture_output=True, text=True, check=False, cwd=self.drop
        )
        assert done.returncode == 0 and self.current.resolve() != before, done.stdout + done.stderr

    def deliver(self) -> None:
        """What was held back arrives: a batch of each account."""
        for batch in sorted(self.waiting.glob("*/*")):
            shutil.move(batch, self.drop / batch.parent.name / batch.name)

    def copied(self, folder: Path) -> Home:
        """The same in another folder, with the same release."""
        shutil.copytree(self.config.parent, folder / "demo", symlinks=True)
        shutil.copytree(self.waiting, folder / "waiting")
        return Home(folder / "demo" / self.config.name, folder / "waiting")


def demo_home(folder: Path, conversations: int, days: int, held_back: bool = True) -> Home:
    """A demo, not published yet, whose last batch of each account is held back."""
    config = write_demo(folder / "demo", conversations=conversations, days=days, seed=11).config
    home = Home(config, folder / "waiting")
    for account in sorted(home.drop.iterdir()):
        (home.waiting / account.name).mkdir(parents=True)
        if held_back:
            newest = max(account.iterdir())
            shutil.move(newest, home.waiting / account.name / newest.name)
    return home


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def served(config: Path, log: Path, *options: str, path: str = "") -> Iterator[str]:
    """The address of the pages of a home, until the end; then their server is stopped."""
    port = free_port()
    command = [str(CAUSERIE), "serve", "--config", str(config), "--port", str(port), "--no-browser", *options]
    with log.open("w", encoding="utf-8") as written:
        process = subprocess.Popen(command, stdout=written, stderr=subprocess.STDOUT, cwd=log.parent)
    try:
        address = f"http://127.0.0.1:{port}{path}"
        _wait_for(address, process, log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urlopen(f"{address}/healthz", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)  # a process that starts cannot tell when it listens
    raise AssertionError(f"no answer in {STARTING} s: {log.read_text(encoding='utf-8')}")
