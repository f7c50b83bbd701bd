"""`causerie superset`: a bundle for the configured home, or a message."""

from __future__ import annotations

import errno
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
    assert (done.exit_code, done.stdout) == (0, "Import it in Superset, under Dashboards.\n")
    assert address(out) == f"duckdb:///{tmp_path}/var/releases/current/causerie.duckdb?enable_external_access=false"


def test_another_address_takes_its_place(tmp_path: Path) -> None:
    uri = "postgresql+psycopg2://reader:XXXXXXXXXX@db.example/warehouse"
    assert run(tmp_path, "--out", str(tmp_path / "a.zip"), "--uri", uri).exit_code == 0
    assert address(tmp_path / "a.zip") == uri


def test_the_schema_of_the_views_is_that_of_the_target(tmp_path: Path) -> None:
    for number, (arguments, schema) in enumerate([((), "causerie"), (("--schema", "whatsapp"), "whatsapp")]):
        out = tmp_path / f"{number}.zip"
        assert run(tmp_path, "--out", str(out), "--uri", "postgresql://reader@db/warehouse", *arguments).exit_code == 0
        with zipfile.ZipFile(out) as found:
            (name,) = (name for name in found.namelist() if name.endswith("/details.yaml"))
            assert yaml.safe_load(found.read(name))["schema"] == schema


def test_a_bundle_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.zip"
    out.write_bytes(b"before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    done = run(tmp_path, "--out", str(out))
    assert (done.exit_code, out.read_bytes()) == (1, b"before")
    assert f"{out} is unchanged" in done.output and list(tmp_path.glob(".a.zip*")) == []


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
