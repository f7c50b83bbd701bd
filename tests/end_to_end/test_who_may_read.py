"""What a user hears of whom nothing but the releases of a home may be read, and what is written for its own user.

Here: other commands than `run`. Not here: the modes of what a run leaves (``test_run``).
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.drops import contact, conversation, message, write_batch, write_config
from tests.end_to_end.command import CAUSERIE
from tests.end_to_end.modes import open_to_others
from tests.published import publish

pytestmark = pytest.mark.systems


@pytest.fixture
def config(tmp_path: Path) -> Path:
    rows = {
        "conversations": [conversation(contact_id="k1")],
        "messages": [message()],
        "contacts": [contact("k1", name="Zoé", phone="+33612345678")],
    }
    write_batch(tmp_path / "drop" / "b1", rows)
    return write_config(tmp_path)


@pytest.mark.slow
def test_what_is_written_for_the_user_follows_the_umask(config: Path, tmp_path: Path) -> None:
    def causerie(*arguments: str | Path) -> str:
        command = [CAUSERIE, *arguments, "--config", config]
        done = subprocess.run(command, capture_output=True, text=True, check=False, umask=0o027)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    written = tmp_path / "overview.csv"
    causerie("run")
    causerie("report", "overview", "--out", written)
    first_page = Path(causerie("docs").strip())
    assert {stat.S_IMODE(path.stat().st_mode) for path in (written, first_page)} == {0o640}
    first_page.unlink()
    assert open_to_others(tmp_path / "var") == []


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can give a home away")
def test_another_user_reads_reports_and_hears_why_nothing_else_can_be_read(config: Path, tmp_path: Path) -> None:
    publish(config)
    home = tmp_path / "var"
    for path in (home, *home.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    owner = home.owner()

    def as_another(*arguments: str) -> subprocess.CompletedProcess[str]:
        """Root without its right to pass over modes."""
        without = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
        command = [*without, CAUSERIE, *arguments, "--config", config]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    report = as_another("report", "overview", "--format", "csv")
    assert report.returncode == 0, report.stderr
    assert "acme" in report.stdout
    for errand in (["status"], ["quarantine"], ["run"], ["docs"]):
        done = as_another(*errand)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert f"{home}: belongs to {owner}: run this as that user" in done.stderr
    home.chmod(0o700)
    assert f"{home}: belongs to {owner}" in as_another("status").stderr
