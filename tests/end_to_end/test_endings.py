"""How every command ends where standard output fails, and where it is stopped: with one line and the right status."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from demo_data import write_demo
from ingestion import decisions
from ingestion.settings import load_settings
from orchestration.cli.main import main
from orchestration.troubles import troubles_of
from tests.drops import agent, conversation, write_batch
from tests.end_to_end.command import CAUSERIE, PUBLISHED, REFUSED, WRONG, Ready, at_step, stop
from tests.published import publish

pytestmark = pytest.mark.systems

CONFIGURED = {
    "run": ([], PUBLISHED),
    "status": ([], REFUSED),
    "alert": ([], PUBLISHED),
    "quarantine": ([], REFUSED),
    "check-engine": ([], REFUSED),
    "check-source": (["boulangerie_export"], REFUSED),
    "check": (["boulangerie_export"], REFUSED),
    "releases": ([], REFUSED),
    "rollback": (["RELEASE"], PUBLISHED),
    "publish": ([], REFUSED),
    "verify": ([], REFUSED),
    "parse-again": ([], PUBLISHED),
    "reread": (["archive"], PUBLISHED),
    "diff": (["current", "current"], REFUSED),
    "report": (["overview"], REFUSED),
    "query": (["from details"], REFUSED),
    "superset": (["--out", "BUNDLE"], PUBLISHED),
    "docs": ([], PUBLISHED),
    "reject": (["boulangerie_export", "BATCH", "--reason", "a try"], PUBLISHED),
    "accept": (["boulangerie_export", "BATCH", "--reason", "a try"], PUBLISHED),
}
"""Each command that ends by itself, its arguments, and its status without standard output: what was only to be shown
was not, what was to be done was."""
HEAVY = {"run", "docs"}
WORDS = {"closed": "it is closed", "full": "No space left on device", "its reader gone": "Broken pipe"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = write_demo(tmp_path_factory.mktemp("endings") / "demo", conversations=40, days=10, seed=3).config
    (config.parent / "archive").mkdir()
    with config.open("a") as file:
        file.write('\n[[alerts]]\nname = "nobody"\nkind = "command"\ncommand = ["true"]\n')
        file.write('\n[[sources]]\nname = "archive"\nkind = "meta_webhooks"\naccount = "loja"\npath = "archive"\n')
    publish(config)
    return config


@contextmanager
def failing(output: str) -> Iterator[tuple[list[str], int | None]]:
    """Words before a command, and its standard output."""
    if output == "closed":
        yield ["bash", "-c", '"$@" >&-', "bash"], None
    elif output == "full":
        with Path("/dev/full").open("w") as full:
            yield [], full.fileno()
    else:
        read, write = os.pipe()
        os.close(read)
        yield [], write
        os.close(write)


def without_output(output: str, *arguments: str | Path) -> tuple[int, list[str]]:
    with failing(output) as (before, stdout):
        command = [*before, CAUSERIE, *arguments]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr.splitlines()


def test_every_command_is_tried() -> None:
    of_its_own = {"dbt"}  # what is shown is dbt's, and so is the status
    assert {*CONFIGURED, *of_its_own, "demo", "init", "manifest", "map", "serve"} == {*main.commands}


ENDINGS = [
    pytest.param(
        output, command, marks=[] if number % len(WORDS) == turn and command not in HEAVY else pytest.mark.slow
    )
    for number, command in enumerate(CONFIGURED)
    for turn, output in enumerate(WORDS)
]
"""Every command with each way to lose standard output; quick are one way for each command that is not heavy."""


@pytest.mark.parametrize(("output", "command"), ENDINGS)
def test_standard_output_that_fails_is_said_in_a_line(config: Path, command: str, output: str) -> None:
    arguments, status = CONFIGURED[command]
    batches = sorted(path.name for path in (config.parent / "var" / "landing" / "boulangerie_export").iterdir())
    known = {
        "RELEASE": (config.parent / "var" / "releases" / "current").readlink().name,
        "BATCH": batches[[*WORDS].index(output)],
        "BUNDLE": str(config.parent / "bundle.zip"),
    }
    if command == "accept":
        with suppress(decisions.DecisionError):  # it is set aside by now
            decisions.reject(load_settings(config), "boulangerie_export", known["BATCH"], "a try", datetime.now(UTC))
    found = without_output(output, command, "--config", config, *(known.get(word, word) for word in arguments))
    written = [known["BUNDLE"]] if command == "superset" else []  # said on standard error
    assert found == (status, [*written, f"standard output: {WORDS[output]}: not everything could be shown"])


@pytest.mark.parametrize("output", WORDS)
def test_also_of_commands_without_a_configuration(tmp_path: Path, output: str) -> None:
    line = f"standard output: {WORDS[output]}: not everything could be shown"
    write_batch(tmp_path / "batch", {"agents": [agent()]}, manifest=False)
    write_batch(tmp_path / "files", {"conversations": [conversation()]}, manifest=False)
    for arguments, status in (
        (["--help"], REFUSED),
        (["--version"], REFUSED),
        (["run", "--help"], REFUSED),
        (["demo", "--out", tmp_path / "demo", "--conversations", "5", "--days", "2"], PUBLISHED),
        (["init", tmp_path / "own"], REFUSED),
        (["manifest", tmp_path / "batch"], REFUSED),
        (["map", tmp_path / "files"], REFUSED),
    ):
        assert without_output(output, *arguments) == (status, [line])
    for written in ("demo/causerie.toml", "own/causerie.toml", "batch/manifest.json"):
        assert (tmp_path / written).is_file()


def test_standard_error_that_fails_changes_no_status(config: Path) -> None:
    for stderr in ("2>&-", "2>/dev/full"):
        command: list[str | Path] = ["bash", "-c", f'"$@" {stderr}', "bash", CAUSERIE, "releases", "--config", config]
        assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == PUBLISHED
        assert subprocess.run([*command, "--nonsense"], check=False).returncode == WRONG


# --- stopped -----------------------------------------------------------------------------------------------------


BEGINNING = """
import os, sys
from orchestration import start

class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == "orchestration.cli.main":
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Stop())
start.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_while_it_begins_says_so(number: signal.Signals) -> None:
    command = [sys.executable, "-c", BEGINNING.format(number=int(number))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == (f"stopped by {number.name}\n", 128 + number)


@pytest.mark.slow  # and while dbt builds: ``test_run``
@pytest.mark.parametrize(
    ("step", "after", "number"),
    [("ingest", 1, signal.SIGINT), ("audit", 0, signal.SIGINT)],
)
def test_a_run_that_is_stopped_says_so_and_the_next_one_publishes(
    config: Path, step: str, after: float, number: signal.Signals
) -> None:
    current = config.parent / "var" / "releases" / "current"
    before = current.readlink().name
    said = stop(["run", "--full-refresh", "--config", config], at_step(step, after), number)
    assert said == [f"stopped by {number.name}; readers keep release {before}; run again to continue"]
    assert current.readlink().name == before
    done = subprocess.run([CAUSERIE, "run", "--full-refresh", "--config", config], capture_output=True, check=False)
    assert done.returncode == PUBLISHED
    assert current.readlink().name != before


@pytest.mark.parametrize(
    ("step", "after"), [pytest.param("ingest", 1, marks=pytest.mark.slow), ("dbt build", 1), ("audit", 0)]
)
def test_a_run_whose_every_process_is_stopped_has_refused_nothing(config: Path, step: str, after: float) -> None:
    """systemd and containers tell them all at once: that dbt ends then must not be taken for a failed build."""
    command: list[str | Path] = ["run", "--full-refresh", "--config", config]
    (said,) = stop(command, at_step(step, after), signal.SIGTERM, with_its_own=True)
    assert said.startswith("stopped by SIGTERM; readers keep release ")
    found = troubles_of(load_settings(config), datetime.now(UTC))
    assert {trouble.kind for trouble in found} == {"run failed", "source stale"}
    assert str(found[0].reasons).startswith("('it was stopped at the step ")


@pytest.mark.slow
def test_before_the_first_release_nothing_is_published(tmp_path: Path) -> None:
    config = write_demo(tmp_path / "demo", conversations=40, days=10, seed=3).config
    said = stop(["run", "--config", config], at_step("ingest"), signal.SIGTERM)
    assert said == ["stopped by SIGTERM; nothing is published; run again to continue"]


def has_opened(path: Path) -> Ready:
    """Wait until a command has a file open."""

    def wait(process: subprocess.Popen[bytes]) -> None:
        descriptors = Path(f"/proc/{process.pid}/fd")
        latest = time.monotonic() + 60
        while path.resolve() not in {entry.resolve() for entry in descriptors.iterdir()}:
            assert process.poll() is None
            assert time.monotonic() < latest
            time.sleep(0.05)
        time.sleep(0.3)  # from opening the file to asking it

    return wait


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_question_that_takes_long_is_stopped(
    config: Path, number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    endless = "select sum(a.range * b.range) from range(10000000) as a, range(10000) as b"
    release = config.parent / "var" / "releases" / "current" / "causerie.duckdb"
    said = stop(["query", "--config", config, endless], has_opened(release), number)
    assert said == [f"stopped by {number.name}"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_the_pages_are_stopped(config: Path, number: signal.Signals) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def answers(process: subprocess.Popen[bytes]) -> None:
        for _ in range(100):
            try:
                urlopen(f"http://127.0.0.1:{port}/").close()
            except OSError:
                time.sleep(0.3)
            else:
                return
        raise AssertionError("the pages are not served")

    said = stop(["serve", "--no-browser", "--port", str(port), "--config", config], answers, number)
    assert said[-1] == f"stopped by {number.name}"
    assert "Traceback" not in "".join(said)
