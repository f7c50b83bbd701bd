"""The image and the compose file: what linters say, who may do what, and that what the image holds works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from orchestration.cli.main import main
from tests.end_to_end.command import CAUSERIE

ROOT = Path(__file__).parents[2]
DOCKERFILE, COMPOSE = ROOT / "deploy" / "Dockerfile", ROOT / "deploy" / "compose.yaml"
HADOLINT = Path(sys.executable).with_name("hadolint")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]


def lint(content: str) -> str:
    done = subprocess.run([HADOLINT, "-"], input=content, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.skipif(not HADOLINT.exists(), reason="no hadolint here (make setup installs it)")
def test_the_linter_finds_nothing_to_say() -> None:
    content = DOCKERFILE.read_text()
    assert lint(content) == ""
    assert "DL3002" in lint(content.replace("USER 10001:10001", "USER root"))


def has_compose() -> bool:
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_compose(), reason="no docker compose here")
def test_docker_understands_the_compose_file() -> None:
    command = ["docker", "compose", "--file", COMPOSE, "--profile", "*", "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_what_it_needs_and_no_more(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["healthcheck" if "healthcheck" in service else "ports"]  # the pages have that of the image
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    if service["command" if "command" in service else "image"] == "postgres:17-alpine":
        return
    program, *arguments = service["command"]
    if program == "causerie":
        assert isinstance(main, click.Group)
        main.commands[arguments[0]].make_context(arguments[0], arguments[1:])
    else:
        assert "-m orchestration.dagster_home causerie.toml" in " ".join(service["command"])


def test_a_deployment_has_the_versions_that_are_tested() -> None:
    ours, tested = (
        set(re.findall(r"^[\w.\[\]-]+==\S+", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements-deploy.lock", "requirements.lock")
    )
    assert len(ours) > 100
    assert ours <= tested


def run_lines() -> Iterator[str]:
    """The commands of the stage of the image that installs."""
    stage = DOCKERFILE.read_text().split("\nFROM ")[1]
    for line in re.findall(r"^RUN ((?:.*\\\n)*.*)", stage, re.MULTILINE):
        yield line.replace("\\\n", " ")


@pytest.mark.systems
@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write whatever the modes are"
)
def test_what_the_image_holds_works_though_nobody_can_write_to_it(tmp_path: Path) -> None:
    """The commands of the Dockerfile, on what .dockerignore lets through; the libraries are those of the tests."""
    context, installed = tmp_path / "context", tmp_path / "opt"
    for pattern in re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        for path in ROOT.glob(pattern):
            there = context / path.relative_to(ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, there, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
            else:
                shutil.copyfile(path, there)
    installed.mkdir()
    make_environment, install_libraries, install = run_lines()
    assert "--require-hashes" in install_libraries
    subprocess.run(
        make_environment, shell=True, cwd=installed, check=True, env={"PATH": str(Path(sys.executable).parent)}
    )
    (library,) = installed.glob(".venv/lib/python*/site-packages")
    (library / "tested.pth").write_text(sysconfig.get_paths()["purelib"])
    (installed / ".venv" / "bin" / "dbt").symlink_to(CAUSERIE.with_name("dbt"))
    subprocess.run(install.replace("/tmp/causerie", str(context)), shell=True, cwd=installed, check=True)

    before = [(path, path.lstat().st_mtime_ns) for path in sorted(installed.rglob("*"))]
    subprocess.run(["chmod", "-R", "a-w", installed], check=True)
    python, causerie = installed / ".venv" / "bin" / "python", installed / ".venv" / "bin" / "causerie"
    alone = ["setpriv", "--bounding-set", "-dac_override,-fowner"] if os.geteuid() == 0 else []
    config = tmp_path / "demo" / "causerie.toml"
    demo = [causerie, "demo", "--out", config.parent, "--conversations", "40", "--days", "10"]
    subprocess.run([*alone, *demo], cwd=tmp_path, check=True)
    run = [python, "-m", "orchestration.dagster_home", config, causerie, "run", "--config", config]
    done = subprocess.run([*alone, *run], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert [(path, path.lstat().st_mtime_ns) for path in sorted(installed.rglob("*"))] == before
    where = [python, "-c", "import orchestration; print(orchestration.__file__)"]
    assert str(library) in subprocess.run(where, cwd=tmp_path, capture_output=True, text=True).stdout
    home = config.parent / "var"
    assert (home / "dagster" / "dagster.yaml").read_bytes() == (ROOT / "deploy" / "dagster.yaml").read_bytes()
    assert (home / "dagster" / "history" / "runs.db").exists()
    assert (home / "releases" / "current").exists()
