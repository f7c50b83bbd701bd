"""`causerie check-engine`, where an engine is not installed, or does not answer as it should."""

from __future__ import annotations

import json
import os
import subprocess
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import main
from orchestration.spark import check, process
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


class Kept:
    """A storage in which a file is as it was written, or cut off; Spark leaves there what it is said to leave."""

    def __init__(self, *, is_cut: bool = False, made: bool = True) -> None:
        self._is_cut, self._made = is_cut, made

    def put(self, path: Path, name: str) -> None:
        self._content = path.read_bytes()

    def read(self, name: str) -> bytes:
        return self._content[:-1] if self._is_cut else self._content

    def sizes(self, folder: str) -> dict[str, int]:
        return {"part-0.parquet": 1} if self._made else {}

    def of_engine(self, name: str) -> str:
        return f"file:///lake/{name}"

    def remove(self, folder: str) -> None: ...


GOOD = {"version": "4.3.0", "time_zone": "UTC", "rows": {"raw.written": 1, "main.made": 1}}


@pytest.mark.parametrize(
    ("storage", "says", "missing", "words"),
    [
        (Kept(), GOOD, None, "The engine can be used."),
        (Kept(is_cut=True), GOOD, "storage", "does not give back what was written"),
        (Kept(), GOOD | {"version": "3.5.1"}, "session", "4.0 or newer is needed"),
        (Kept(), GOOD | {"time_zone": "Europe/Paris"}, "time zone", "does not take UTC"),
        (Kept(), GOOD | {"rows": {"raw.written": 0, "main.made": 0}}, "exchange", "not so"),
        (Kept(made=False), GOOD, "exchange", "not so"),
        (Kept(), "ERROR the cluster is full", "session", "the cluster is full; the log is "),
        (Kept(), None, "session", "no answer within"),
    ],
)
def test_what_an_engine_does_otherwise_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    storage: Kept,
    says: dict[str, object] | str | None,
    missing: str | None,
    words: str,
) -> None:
    """``says``: what it has found, the last words of its log, or nothing within the time it has."""

    def give(folder: Path, order: object) -> subprocess.Popen[bytes]:
        if isinstance(says, dict):
            (folder / process.RESULT).write_text(json.dumps(says))
        (folder / process.LOG).write_text(str(says))
        return subprocess.Popen(["sleep", "60"] if says is None else ["true"] if isinstance(says, dict) else ["false"])

    monkeypatch.setattr(check, "version", lambda name: "1.0")
    monkeypatch.setattr(check, "_java", lambda settings: [])
    monkeypatch.setattr(check, "storage_of", lambda settings: storage)
    monkeypatch.setattr(check, "PATIENCE", 0.2 if says is None else 60)
    monkeypatch.setattr(process, "give", give)
    done = checked(tmp_path, SPARK)
    assert words in done.output
    assert done.exit_code == (0 if missing is None else 1)
    assert done.output.count("missing  ") == (0 if missing is None else 1)
    assert missing is None or f"missing  {missing}" in done.output
