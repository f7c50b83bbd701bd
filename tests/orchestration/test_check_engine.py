"""`causerie check-engine`, where an engine is not installed, or does not answer as it should."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import main
from orchestration.spark import check
from tests.drops import write_config

SPARK = '[engine]\nkind = "spark"\n'


def checked(folder: Path, extra: str) -> Result:
    return CliRunner().invoke(main, ["check-engine", "--config", str(write_config(folder, extra=extra))])


def test_duckdb_is_there(tmp_path: Path) -> None:
    done = checked(tmp_path, "")
    assert (done.exit_code, done.output) == (0, "The engine is DuckDB, which is part of causerie.\n")


def test_packages_that_are_not_installed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(check, "version", version)
    done = checked(tmp_path, SPARK)
    assert done.exit_code == 1
    assert "missing  packages" in done.output and "pip install 'causerie[spark]'" in done.output
    assert "session" not in done.output, "nothing more is asked"


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (None, "a session on this machine needs Java 17 or newer"),
        ('openjdk version "11.0.2" 2019-01-15', "11.0.2"),
        ("a shell without a version", "needs Java 17"),
    ],
)
def test_java_that_is_missing_or_too_old_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | None, words: str
) -> None:
    monkeypatch.setattr(check, "version", lambda name: "1.0")
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    if says is not None:
        java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
        java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", os.fspath(java.parents[1]))
    done = checked(tmp_path, SPARK)
    assert done.exit_code == 1 and "missing  Java" in done.output and words in done.output
