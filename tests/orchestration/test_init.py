"""`causerie init`: a configuration that can be read as it is, with its examples, and that replaces none."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner, Result

from ingestion.limits import Quality
from ingestion.settings import load_settings
from ingestion.source_kinds import KINDS
from orchestration.cli.main import main


def init(folder: Path) -> Result:
    return CliRunner().invoke(main, ["init", str(folder)], catch_exceptions=False)


def test_it_can_be_read(tmp_path: Path) -> None:
    assert init(tmp_path / "new").exit_code == 0
    settings = load_settings(tmp_path / "new" / "causerie.toml")
    (source,) = settings.sources
    assert source.kind == "export"
    assert source.path == tmp_path / "new" / "drop"
    assert source.path.is_dir()
    assert settings.accounts[0].working_hours
    assert settings.quality == Quality()
    assert settings.quality.model_fields_set == set(Quality.model_fields)


def test_its_examples_can_be_used(tmp_path: Path) -> None:
    init(tmp_path)
    path = tmp_path / "causerie.toml"
    path.write_text(re.sub(r"^#(?=\S)", "", path.read_text(), flags=re.MULTILINE))
    settings = load_settings(path)
    assert [source.kind for source in settings.sources] == list(KINDS)
    assert settings.accounts[0].holidays
    assert settings.schedule
    assert settings.alerts
    assert settings.ping


def test_it_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "causerie.toml").write_text("mine")
    result = init(tmp_path)
    assert (result.exit_code, "is there already" in result.output) == (2, True)
    assert (tmp_path / "causerie.toml").read_text() == "mine"
