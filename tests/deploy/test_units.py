"""The systemd units: systemd understands them, what they start is there, and how a run ends means what it should."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from orchestration.cli.main import main

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
BIN = "/opt/causerie/.venv/bin"


def lines_of(unit: str) -> list[tuple[str, str]]:
    """The settings of a unit and of its drop-ins; some have several values."""
    drop_in = UNITS / ("causerie.service.d" if unit == "causerie.service" else "causerie-.service.d") / "hardening.conf"
    text = (UNITS / unit).read_text() + drop_in.read_text()
    return re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)


def verify(folder: Path, unit: str) -> str:
    """What systemd says about a unit whose programs are there."""
    programs = folder / "bin"
    shutil.copytree(UNITS, folder / "system", symlinks=True)
    programs.mkdir()
    for name in ("causerie", "python"):
        (programs / name).symlink_to("/bin/true")
    for path in (folder / "system").glob("*.service"):
        path.write_text(path.read_text().replace(BIN, str(programs)))
    command = ["systemd-analyze", "verify", "--man=no", folder / "system" / unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here (Debian: systemd)"
)


@needs_systemd
@pytest.mark.parametrize("unit", [*SERVICES, "causerie.timer"])
def test_systemd_finds_nothing_to_say(tmp_path: Path, unit: str) -> None:
    assert verify(tmp_path, unit) == ""


@needs_systemd
def test_systemd_finds_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mistaken = tmp_path / "mistaken"
    shutil.copytree(UNITS, mistaken, symlinks=True)
    with (mistaken / "causerie-.service.d" / "hardening.conf").open("a") as hardening:
        hardening.write("ProtectSytem=strict\n")
    monkeypatch.setattr(sys.modules[__name__], "UNITS", mistaken)
    for unit in ("causerie.service", "causerie-pages.service"):  # each reads the drop-in
        (tmp_path / unit).mkdir()
        assert "ProtectSytem" in verify(tmp_path / unit, unit)


@pytest.mark.parametrize("unit", SERVICES)
def test_what_a_unit_starts_is_there(unit: str) -> None:
    (command,) = [value for name, value in lines_of(unit) if name == "ExecStart"]
    program, *arguments = command.split()
    if program == f"{BIN}/causerie":
        name, *options = arguments
        assert isinstance(main, click.Group)
        main.commands[name].make_context(name, options)
    else:
        assert (program, arguments[:2]) == (f"{BIN}/python", ["-m", "orchestration.dagster_home"])
        assert Path(sys.executable).with_name(arguments[3]).exists()


def test_a_refused_run_is_not_started_again_and_a_stopped_one_has_not_failed() -> None:
    found = lines_of("causerie.service")
    assert "Restart" not in dict(found)
    assert ("SuccessExitStatus", "130 143") in found
    assert ("OnFailure", "causerie-alert.service") in found


def test_web_interfaces_listen_on_this_machine_alone() -> None:
    assert "--host 127.0.0.1" in dict(lines_of("causerie-dagster-webserver.service"))["ExecStart"]
    assert "--host" not in dict(lines_of("causerie-pages.service"))["ExecStart"]  # 127.0.0.1 is its default
