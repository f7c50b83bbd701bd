"""Items of the bench from the command line, at a small size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measuring import ROOT
from reports.pages.routes import PAGES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("whole --conversations 300 --repeat 1", ["dbt build", "mart rows unlike the script's", "handwritten.py"]),
        (
            "incremental --conversations 300 --days 2 --mix new=1 tagged=2",
            ["home MB", "mart rows unlike", "--mix new=1"],
        ),
        ("ingest --conversations 300 --repeat 1 --formats csv", ["all entities, csv"]),
        ("batches --batches 5 --repeat 1", ["all batches over one file"]),
        ("scale --conversations 200 400", ["growth", "model or test"]),
        ("startup --conversations 200 --repeat 1", ["dagster", "`causerie --help`"]),
        ("audit --conversations 300", ["share of the run"]),
        ("reports --conversations 300 --repeat 1", ["the slowest report", "by-agent"]),
        ("pages --conversations 300 --repeat 1", ["work of the server for the slowest page", *PAGES]),
    ],
)
def test_an_item_measures_and_leaves_nothing_behind(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, arguments: str, words: list[str]
) -> None:
    temporary = tmp_path_factory.mktemp("of it")  # a socket of Chromium there must not have a long name
    run = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "bench.py", *arguments.split(), f"--folder={tmp_path / 'kept drops'}"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    for word in words:
        assert word in run.stdout
    assert list(temporary.iterdir()) == []
    assert not list((tmp_path / "kept drops").glob("*/home")), "a run worked beside the drop that is kept"
