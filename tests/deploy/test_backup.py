"""A home is restored from what docs/deploying.md says to copy, in the way it says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ingestion.settings import load_settings
from orchestration.home import Home, lock, unlock
from tests.drops import conversation, message, write_batch, write_config
from tests.end_to_end.command import PUBLISHED, causerie
from tests.published import publish

PAGE = Path(__file__).parents[2] / "docs" / "deploying.md"


@pytest.mark.systems
@pytest.mark.skipif(shutil.which("flock") is None, reason="no flock here (Debian: util-linux)")
def test_a_home_is_restored_from_a_copy(tmp_path: Path) -> None:
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": [message()]})
    config = write_config(tmp_path)
    publish(config)
    home, saved = Home(load_settings(config).home), tmp_path / "saved"
    saved.mkdir()
    release, shown = home.current.readlink(), causerie("query", "--config", config, "from overview").stdout
    (copy,) = re.findall(r"^flock .+$", PAGE.read_text(), re.MULTILINE)
    command = copy.replace("/var/lib/causerie", str(home.path)).replace("/backup/", str(saved))

    lock(home)  # a run is at work
    assert subprocess.run(command.replace("flock", "flock --nonblock"), shell=True, check=False).returncode == 1
    unlock(home)
    subprocess.run(command, shell=True, check=True)
    shutil.rmtree(home.path)
    shutil.rmtree(tmp_path / "drop")  # its batches are landed
    (tmp_path / "drop").mkdir()
    saved.rename(home.path)

    assert causerie("query", "--config", config, "from overview").stdout == shown
    run = causerie("run", "--config", config)
    assert (run.returncode, "Nothing new" in run.stdout) == (PUBLISHED, True), run.stdout + run.stderr
    assert home.current.readlink() == release
    assert list((home.path / "raw").rglob("*.parquet")), "raw is parsed again"
