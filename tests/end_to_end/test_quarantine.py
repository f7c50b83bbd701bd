"""A malformed row's way as people see it: listed with file and line, mended by a later batch, listed no more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drops import conversation, message, write_batch, write_config

CAUSERIE = Path(sys.executable).with_name("causerie")


def causerie(config: Path, command: str, *options: str) -> str:
    done = subprocess.run(
        [CAUSERIE, command, "--config", config, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.slow
def test_a_bad_row_is_listed_until_a_later_batch_mends_it(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    good = [message(f"m{number}") for number in range(30)]
    bad = message("late", sent_at="2026-01-02T09:00:00")
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": [*good, bad]})
    causerie(config, "run")
    listed = causerie(config, "quarantine")
    assert "1 quarantined row: 1 open" in listed
    assert "sent_at: an instant without an offset  1 row" in listed
    assert "acme_export  b1  messages.ndjson  line 31  late\n" in listed
    assert json.dumps(bad) in listed

    write_batch(tmp_path / "drop" / "b2", {"messages": [message("late")]})
    causerie(config, "run")
    plan = json.loads((tmp_path / "var" / "builds" / "open" / "plan.json").read_text())
    assert plan["base"] is not None
    assert causerie(config, "quarantine") == "No open rows in quarantine.\n"
    assert "line 31  late  mended by b2" in causerie(config, "quarantine", "--all")
    (row,) = json.loads(causerie(config, "quarantine", "--all", "--format", "json"))
    assert (row["file"], row["line"], row["mended_by"], row["record"]) == ("messages.ndjson", 31, "b2", json.dumps(bad))
