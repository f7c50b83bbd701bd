"""A PostgreSQL server of some tests alone, on loopback; as another user where the tests are root's."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Database:
    """The server. ``causerie`` is its superuser."""

    programs: Path
    folder: Path
    port: int
    password: str
    settings: str = ""

    @property
    def url(self) -> str:
        return f"postgresql+psycopg2://causerie:{self.password}@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str | Path, before: tuple[str, ...] = ()) -> None:
        """Run one of its programs. ``before``: a command that runs it."""
        subprocess.run(
            [*before, self.programs / program, *arguments],
            user="postgres" if os.geteuid() == 0 and not before else None,
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def start(self, before: tuple[str, ...] = ()) -> None:
        settings = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off {self.settings}"
        data, log = self.folder / "data", self.folder / "log"
        self.run("pg_ctl", "start", "-w", "-D", data, "-l", log, "-o", settings, before=before)

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self.folder / "data")


@contextmanager
def a_database(settings: str = "", before: tuple[str, ...] = ()) -> Iterator[Database]:
    """A server while it is needed; skips visibly where there is no PostgreSQL.

    ``TEST_POSTGRES``: the programs of another one than Debian's newest.
    """
    debian = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))
    programs = Path(os.environ.get("TEST_POSTGRES", debian[-1] if debian else ""))
    if not (programs / "initdb").exists():
        pytest.skip("no PostgreSQL here (Debian: postgresql)")
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        made = Database(programs, Path(name), free_port(), secrets.token_hex(), settings)
        word = made.folder / "password"
        word.write_text(made.password)
        if os.geteuid() == 0:
            shutil.chown(made.folder, "postgres")
            shutil.chown(word, "postgres")
        made.run(
            "initdb", "--auth=scram-sha-256", "--username=causerie", f"--pwfile={word}", "-D", made.folder / "data"
        )
        made.start(before)
        try:
            yield made
        finally:
            if (made.folder / "data" / "postmaster.pid").exists():
                made.stop()
