"""A full disk is reported as such, and keeps nothing from being printed. Real ones: ``tests/crash``."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from ingestion.machine import full_disk
from ingestion.settings import load_settings
from orchestration import home as homes
from orchestration.cli import runner
from orchestration.cli.main import main
from orchestration.home import Home
from orchestration.progress import Reporter
from orchestration.run_record import RunRecord
from tests.drops import write_config

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "error",
    [
        FULL,
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        sqlite3.OperationalError("database or disk is full"),
        RuntimeError('dbt: m: IO Error: Could not write file "warehouse.duckdb": No space left on device'),
    ],
    ids=["disk", "quota", "SQLite", "DuckDB"],
)
def test_a_full_disk_is_reported_with_its_remedy(error: Exception, tmp_path: Path) -> None:
    printed = full_disk(tmp_path, str(error))
    assert printed is not None
    assert f"the disk of {tmp_path} is full: make room there and run again" in printed


def test_another_error_is_no_full_disk(tmp_path: Path) -> None:
    assert full_disk(tmp_path, str(OSError(errno.EACCES, os.strerror(errno.EACCES)))) is None


def test_a_disk_that_is_full_at_the_start_is_no_wrong_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock(_: Home) -> None:
        raise FULL

    (tmp_path / "drop").mkdir()
    monkeypatch.setattr(homes, "lock", lock)
    result = CliRunner().invoke(main, ["run", "--config", str(write_config(tmp_path))])
    assert result.exit_code == 1
    assert result.output == f"the disk of {tmp_path / 'var'} is full: make room there and run again\n"


def test_a_run_whose_log_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def execute(**_: object) -> None:
        RunRecord("2026-02-03T04:05:06+00:00", step="dbt build").write(home.record)
        raise FULL

    channel = f'[[alerts]]\nname = "file"\nkind = "command"\ncommand = ["tee", "{tmp_path / "told"}"]\n'
    settings = load_settings(write_config(tmp_path, extra=channel))
    home = Home(settings.home)
    home.path.mkdir()
    defs = Mock(**{"resolve_job_def.return_value.execute_in_process": execute})
    monkeypatch.setattr(runner, "build_defs", lambda *_, **__: defs)
    with pytest.raises(OSError, match="No space left"):
        runner.run_job(settings, 0)
    assert "it was stopped at the step dbt build" in (tmp_path / "told").read_text()


def test_a_record_that_cannot_be_written_stops_no_step(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.record.with_name(f".{home.record.name}").symlink_to("/dev/full")
    reporter = Reporter(home)
    with reporter.step("publish"):
        pass
    reporter.finish()
    assert list(reporter.steps) == ["publish"]
    assert reporter.build_failures == []
