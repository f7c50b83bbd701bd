"""Wrong configuration and usage: status 2, and a message that names the file, the key and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli.main import main
from tests.drops import write_config

WRONG = 2
BLOCK = '\n[[accounts.working_hours]]\ndays = ["mon"]\nspans = {}\n'


def run(config: Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["run", "--config", str(config)])
    return result.exit_code, result.output


def test_no_configuration(tmp_path: Path) -> None:
    status, output = run(tmp_path / "causerie.toml")
    assert status == WRONG
    assert "no such configuration file; name one with --config" in output


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("[qality]\n", ["qality: unknown key"]),
        ("[quality]\nquarantine_shar = 0.1\n", ["quality.quarantine_shar: unknown key"]),
        ('[[accounts]]\nid = "b"\ntimezone = "Europe/Pari"\n', ["accounts[1].timezone", "'Europe/Paris'"]),
        (
            '[[accounts]]\nid = "b"\ntimezone = "UTC"\n' + BLOCK.format('["09:00-12:00", "11:00-13:00"]'),
            ["accounts[1]", "overlapping spans", "09:00-12:00 and 11:00-13:00"],
        ),
        ('[schedule]\ncron = "every day"\n', ["schedule.cron"]),
        ("home = 3 3\n", ["not valid TOML"]),
    ],
    ids=["unknown section", "unknown key", "bad zone", "overlapping spans", "bad cron", "bad TOML"],
)
def test_wrong_configuration(tmp_path: Path, extra: str, words: list[str]) -> None:
    (tmp_path / "drop").mkdir()
    config = write_config(tmp_path, extra=extra)
    status, output = run(config)
    assert status == WRONG, output
    assert str(config) in output
    for word in words:
        assert word in output


def test_a_source_that_never_was_is_a_wrong_configuration(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    status, output = run(config)
    assert status == WRONG
    assert "sources[0].path" in output
    assert "create the folder or correct the path" in output
    assert not (tmp_path / "var").exists()


def test_a_home_that_is_a_file_is_a_wrong_configuration(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    (tmp_path / "var").write_text("")
    status, output = run(write_config(tmp_path))
    assert status == WRONG
    assert "home: " in output
    assert "name a folder that can be written" in output


def test_unknown_option_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["run", "--nonsense"]).exit_code == WRONG


def test_demo_refuses_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path), "--conversations", "10"])
    assert result.exit_code == WRONG
    assert (tmp_path / "precious").read_text() == "x"
