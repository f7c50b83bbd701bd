"""`causerie map`: its exit statuses, and where the proposal goes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingestion.settings import load_settings
from orchestration.cli.main import main
from tests.drops import write_config
from tests.ingestion.test_proposals import dump, put


def propose(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["map", *map(str, arguments)], catch_exceptions=False)


def test_a_proposal_ends_a_configuration(tmp_path: Path) -> None:
    folder = put(tmp_path / "dumps", dump())
    result = propose(folder, "--name", "helpdesk", "--account", "acme", "--timezone", "Europe/Paris")
    assert result.exit_code == 0, result.output
    (source,) = load_settings(write_config(tmp_path, sources=[], extra=result.output)).sources
    assert (source.name, source.kind, source.account) == ("helpdesk", "files", "acme")


def test_a_proposal_fits_below_the_accounts_of_a_new_configuration(tmp_path: Path) -> None:
    folder = put(tmp_path / "dumps", dump())
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    config = tmp_path / "causerie.toml"
    before, heading, after = config.read_text().partition("# --- sources")
    config.write_text(f"{before}{propose(folder).output}\n{heading}{after}")
    assert [source.name for source in load_settings(config).sources] == ["dumps", "my_export"]


def test_a_proposal_into_a_file(tmp_path: Path) -> None:
    folder = put(tmp_path / "dumps", dump())
    result = propose(folder, "--out", tmp_path / "proposal.toml")
    assert (result.exit_code, result.output) == (0, "")
    assert tomllib.loads((tmp_path / "proposal.toml").read_text())["sources"][0]["name"] == "dumps"


def test_what_is_missing_is_a_status(tmp_path: Path) -> None:
    files = dump()
    del files["tickets.csv"]
    result = propose(put(tmp_path / "dumps", files))
    assert result.exit_code == 1
    assert "# No file seems to hold conversations." in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "'nowhere' is not a folder"),
        ([".", "--timezone", "Paris"], "unknown time zone 'Paris'"),
        ([".", "--name", "a/b"], "--name: 'a/b' is also the name of a folder"),
        ([".", "--out", "nowhere/proposal.toml"], "name a file that can be written"),
    ],
)
def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = propose(*arguments)
    assert result.exit_code == 2
    assert words in result.output
