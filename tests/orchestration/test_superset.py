"""`causerie superset`: a bundle for the configured home, or a message."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from orchestration.cli.main import main
from tests.drops import write_config


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["superset", "--config", str(write_config(folder)), *arguments])


def address(bundle: Path) -> str:
    with zipfile.ZipFile(bundle) as found:
        (name,) = (name for name in found.namelist() if name.startswith("causerie/databases/"))
        return str(yaml.safe_load(found.read(name))["sqlalchemy_uri"])


def test_it_is_of_the_current_release_of_the_home(tmp_path: Path) -> None:
    out = tmp_path / "bundle.zip"
    done = run(tmp_path, "--out", str(out))
    assert (done.exit_code, done.output) == (0, f"{out}: import it in Superset, under Dashboards\n")
    assert address(out) == f"duckdb:///{tmp_path}/var/releases/current/causerie.duckdb?enable_external_access=false"


def test_another_address_takes_its_place(tmp_path: Path) -> None:
    uri = "postgresql+psycopg2://reader:XXXXXXXXXX@db.example/warehouse"
    assert run(tmp_path, "--out", str(tmp_path / "a.zip"), "--uri", uri).exit_code == 0
    assert address(tmp_path / "a.zip") == uri


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--uri", "postgresql://reader:secret@db/warehouse"],
            "--uri: holds a password; write XXXXXXXXXX in its place",
        ),
        (["--out", "/nowhere/a.zip"], "--out: /nowhere/a.zip: No such file or directory; name a file"),
    ],
)
def test_wrong_usage_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run(tmp_path, "--out", str(tmp_path / "a.zip"), *arguments)
    assert done.exit_code == 2 and message in done.output and "secret" not in done.output
    assert not (tmp_path / "a.zip").exists()
