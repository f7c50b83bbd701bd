"""Who may read what a run leaves: its user alone all that holds names and texts, everybody the releases."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drops import contact, conversation, message, write_batch, write_config

CAUSERIE = Path(sys.executable).with_name("causerie")
PRIVATE = ("landing", "raw", "builds", "dbt", "ledger.sqlite", "run.log", "last_run.json", "lock")
WORLD_READABLE = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


class Warehouse:
    """A home below a folder that is not there yet; each test continues where the one before left it."""

    def __init__(self, folder: Path) -> None:
        self.config = write_config(folder)
        self.config.write_text(self.config.read_text().replace('home = "var"', 'home = "srv/var"'))
        self.home = folder / "srv" / "var"
        self.drop = folder / "drop"
        self.batches = 0

    def deliver(self) -> None:
        self.batches += 1
        rows = {
            "conversations": [conversation(f"c{self.batches}", contact_id="k1")],
            "messages": [message(f"m{self.batches}", f"c{self.batches}")],
            "contacts": [contact("k1", name="Zoé", phone="+33612345678")],
        }
        write_batch(self.drop / f"b{self.batches}", rows, f"2026-01-0{self.batches + 4}T02:00:00+00:00")

    def causerie(self, *arguments: str | Path, umask: int) -> str:
        done = subprocess.run(
            [CAUSERIE, *arguments, "--config", self.config], capture_output=True, text=True, check=False, umask=umask
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def private(self) -> list[Path]:
        """All that only the user of the home may read."""
        found = [self.home / name for name in PRIVATE] + sorted(self.home.glob("releases/*/data_docs"))
        return found + [inside for path in found for inside in path.rglob("*") if not inside.is_symlink()]

    def open_to_others(self) -> list[str]:
        return [
            str(path.relative_to(self.home)) for path in self.private() if stat.S_IMODE(path.stat().st_mode) & 0o077
        ]

    def closed_to_others(self) -> list[str]:
        """What a BI tool under another user needs, and could not open; or could write to."""
        releases = self.home / "releases"
        current = (releases / "current").resolve()
        exports = current / "parquet"
        files = [current / "causerie.duckdb", *exports.iterdir(), *releases.glob("*/release.json")]
        folders = [self.home.parent, self.home, releases, current, exports]
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (*files, *folders)}
        return [
            f"{path} {mode:o}"
            for path, mode in modes.items()
            if mode & 0o022 or mode & 0o444 != 0o444 or (path in folders and mode & 0o111 != 0o111)
        ]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(tmp_path_factory.mktemp("modes"))


def test_an_open_umask_opens_nothing_that_is_private(warehouse: Warehouse) -> None:
    warehouse.deliver()
    printed = warehouse.causerie("run", "--parquet", umask=0o000)
    assert warehouse.open_to_others() == []
    assert warehouse.closed_to_others() == []
    assert "other users" not in printed
    assert (
        warehouse.home / "releases" / "current" / "causerie.duckdb"
    ).stat().st_mode & WORLD_READABLE == WORLD_READABLE


def test_a_home_that_others_could_read_is_mended_with_one_line_and_its_drop_is_left_alone(warehouse: Warehouse) -> None:
    for path in (*warehouse.private(), *warehouse.drop.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    warehouse.deliver()
    printed = warehouse.causerie("run", "--parquet", umask=0o077)
    assert warehouse.open_to_others() == []
    assert warehouse.closed_to_others() == []
    lines = [line for line in printed.splitlines() if "other users" in line]
    assert len(lines) == 1
    assert str(warehouse.home) in lines[0]
    assert {stat.S_IMODE(path.stat().st_mode) for path in warehouse.drop.rglob("b1/*")} == {0o644}
    assert "other users" not in warehouse.causerie("run", umask=0o022)


@pytest.mark.slow
def test_what_is_written_for_the_user_follows_the_umask(warehouse: Warehouse, tmp_path: Path) -> None:
    umask = 0o027
    written = tmp_path / "overview.csv"
    warehouse.causerie("report", "overview", "--out", written, umask=umask)
    first_page = Path(warehouse.causerie("docs", umask=umask).strip())
    assert {stat.S_IMODE(path.stat().st_mode) for path in (written, first_page)} == {0o640}
    first_page.unlink()
    assert warehouse.open_to_others() == []


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can give a home away")
def test_another_user_reads_reports_and_hears_why_nothing_else_can_be_read(warehouse: Warehouse) -> None:
    for path in (warehouse.home, *warehouse.home.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    owner = warehouse.home.owner()

    def as_another(*arguments: str) -> subprocess.CompletedProcess[str]:
        """Root without its right to pass over modes."""
        without = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
        command = [*without, CAUSERIE, *arguments, "--config", warehouse.config]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    report = as_another("report", "overview", "--format", "csv")
    assert report.returncode == 0, report.stderr
    assert "acme" in report.stdout
    for errand in (["status"], ["quarantine"], ["run"], ["docs"]):
        done = as_another(*errand)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert f"{warehouse.home}: belongs to {owner}: run this as that user" in done.stderr
    warehouse.home.chmod(0o700)
    assert f"{warehouse.home}: belongs to {owner}" in as_another("status").stderr
