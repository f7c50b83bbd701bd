"""Repairs by command and by job: what they say, how they end, and what verify finds wrong with releases."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from click.testing import CliRunner

from expectations.contents import contents
from expectations.verdict import read_verdict
from ingestion.accepted import accepted_batches
from ingestion.settings import Settings, load_settings
from ingestion.storage.ledger import LEDGER, Ledger
from orchestration.assembly import build_defs
from orchestration.cli.main import main
from orchestration.dbt.plan import base_build, make_plan, read_plan
from orchestration.defs.repair import repair_jobs
from orchestration.home import Home, lock, unlock
from orchestration.news import look
from orchestration.releases import catalog, publication
from orchestration.releases.catalog import Release
from orchestration.verification import verify
from tests.drops import conversation, message, write_batch, write_config
from tests.orchestration.conftest import MakeBuild, change

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
CHATWOOT = """
[[sources]]
name = "cw"
kind = "chatwoot"
account = "acme"
base_url = "https://a.example"
account_id = 1
token_env = "TOKEN"
"""


@pytest.fixture
def releases(home: Home, make_build: MakeBuild) -> list[Release]:
    """Two, the second one with exports and current."""
    return [
        publication.publish(
            home, make_build(f"b{number}-0123456789", number + 1), f"f{number}", NOW, parquet=number == 2
        )
        for number in (1, 2)
    ]


@pytest.fixture
def settings(home: Home, tmp_path: Path) -> Settings:
    """Of the same home, with a live source beside the export."""
    (tmp_path / "drop").mkdir(exist_ok=True)
    lock(home)  # which closes it to others, and says so
    unlock(home)
    return load_settings(write_config(tmp_path, extra=CHATWOOT))


def command(home: Home, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*arguments, "--config", str(home.path.parent / "causerie.toml")])
    return result.exit_code, result.output


def run(settings: Settings, name: str, **config: str) -> tuple[dict[str, Any], str]:
    """Launch a job; its metadata, and why it failed."""
    (job,) = (job for job in repair_jobs(settings) if job.name == name)
    run_config = {"ops": {name: {"config": config}}} if config else {}
    result = job.execute_in_process(run_config=run_config, raise_on_error=False)
    unlock(Home(settings.home))
    (event,) = [one for one in result.all_events if one.is_step_failure or one.is_successful_output]
    if not result.success:
        data = event.step_failure_data
        assert data.user_failure_data
        return _values(data.user_failure_data.metadata), str(data.user_failure_data.description)
    return _values(event.step_output_data.metadata), ""


def _values(metadata: Any) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


# verify


def test_a_good_home_is_whole_by_command_and_by_job(home: Home, releases: list[Release], settings: Settings) -> None:
    before = written(home)
    assert command(home, "verify") == (
        0,
        f"releases: 2 kept, {sum(len(one.contents) for one in releases)} checksums over"
        f" {sum(int(rows) for one in releases for rows, *_ in one.contents.values()):,} rows\n"
        "landing: 2 batches, 4 files, 0.0 MB\nraw: 2 segments, 4 Parquet files, 7 rows\nAll is whole.\n",
    )
    metadata, failure = run(settings, "verify")
    assert failure == ""
    assert {"releases": 2, "batches": 2, "files": 4, "segments": 2, "rows": 7, "faults": 0}.items() <= metadata.items()
    assert written(home) == before, "nothing is"


def written(home: Home) -> dict[Path, int]:
    """When each file was."""
    return {path: path.stat().st_mtime_ns for path in home.path.rglob("*")}


def changed(path: Path, statement: str) -> None:
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)


def flip(path: Path) -> None:
    """Change a byte of the stored rows."""
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[content.index(b"Europe/Paris")] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("nth", [1, pytest.param(0, marks=pytest.mark.systems)])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (flip, "cannot be read back: "),
        (lambda path: changed(path, "update details set channel = 'other'"), "details: not what was judged"),
        (lambda path: changed(path, "delete from reporting.accounts"), "reporting.accounts: not what was judged"),
    ],
    ids=["a byte", "a mart", "a reporting table"],
)
def test_a_release_that_is_not_what_was_judged(
    home: Home, releases: list[Release], settings: Settings, nth: int, spoil: Callable[[Path], None], words: str
) -> None:
    path = catalog.file_of(home, releases[nth])
    spoil(path)
    (fault,) = verify(settings, lambda _: None).faults
    assert fault.startswith(f"{path}: ")
    assert words in fault
    is_current = nth == 1
    assert ("causerie rollback ID" in fault) == is_current
    assert ("it cannot be gone back to" in fault) != is_current
    status, printed = command(home, "verify")
    assert (status, f"fault: {fault}" in printed, "1 fault." in printed) == (1, True, True)
    metadata, failure = run(settings, "verify")
    assert failure == f"faults: 1; the first: {fault}"
    assert (metadata["faults"], metadata["found"]) == (1, f"* {fault}")
    if not is_current:
        status, printed = command(home, "rollback", "previous")
        assert (status, "readers keep the release they have" in printed) == (1, True)


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


@pytest.mark.systems
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda folder: (folder / "release.json").write_text("{"),
            "its database or its description is missing or damaged",
        ),
        (without("causerie.duckdb"), "its database or its description is missing or damaged"),
        (shutil.rmtree, "it leads to no whole release"),
        (lambda folder: (folder.parent / "notes.txt").touch(), "notes.txt: nothing knows what this is"),
        (lambda folder: (folder.parent / "stray").mkdir(), "stray: nothing knows what this is"),
        (lambda folder: (folder / "parquet" / "details.parquet").unlink(), "parquet: it cannot be read"),
        (
            lambda folder: shutil.copy(folder / "parquet" / "by_tag.parquet", folder / "parquet" / "overview.parquet"),
            "parquet: overview: not what was judged; remove this folder",
        ),
    ],
    ids=["description", "database", "gone", "stray file", "stray folder", "export gone", "export changed"],
)
def test_what_else_is_wrong_with_releases(
    home: Home, releases: list[Release], settings: Settings, spoil: Callable[[Path], object], words: str
) -> None:
    folder = home.releases / releases[1].release_id
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    is_about_the_release = words.startswith("its")
    if is_about_the_release:
        catalog.go_to(home, releases[0], NOW)  # else nobody knows which others readers saw
    spoil(folder)
    faults = verify(settings, lambda _: None).faults
    assert [words in fault for fault in faults] == [True], faults


def test_an_export_of_a_mart_of_ones_own_is_looked_at_too(home: Home, make_build: MakeBuild, tmp_path: Path) -> None:
    build = make_build("b1-0123456789")
    change(build, "create table by_desk as select 'shop' as desk")
    replace(read_verdict(build.verdict), contents=contents(build.candidate)).write(build.verdict)
    release = publication.publish(home, build, "f", NOW, parquet=True)
    settings = load_settings(tmp_path / "causerie.toml")
    assert verify(settings, lambda _: None).faults == []
    folder = home.releases / release.release_id / "parquet"
    (folder / "by_desk.parquet").chmod(0o644)
    shutil.copy(folder / "by_tag.parquet", folder / "by_desk.parquet")
    (fault,) = verify(settings, lambda _: None).faults
    assert "parquet: by_desk: not what was judged" in fault


def test_what_a_killed_publication_left_is_no_fault(home: Home, releases: list[Release], settings: Settings) -> None:
    (home.releases / ".new-20260204T040506Z-b3").mkdir()
    found = verify(settings, lambda _: None)
    assert found.faults == []
    assert "the next publication removes it" in found.notes[0]


def test_a_run_in_progress_is_said_and_not_disturbed(home: Home, releases: list[Release], settings: Settings) -> None:
    code = (
        "import sys; from pathlib import Path; from orchestration.home import *\n"
        "lock(Home(Path(sys.argv[1]))); print('locked', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code, home.path], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout and process.stdout.readline() == "locked\n"
        status, printed = command(home, "verify")
        assert status == 0
        assert "a run was at work meanwhile" in printed
        metadata, failure = run(settings, "verify")
        assert (metadata["faults"], failure) == (0, "")
        assert process.stdin
        threading.Timer(1, process.stdin.close).start()
        began = time.monotonic()
        assert run(settings, "parse_again")[1] == "", "it waits"
        assert time.monotonic() - began > 0.5
    assert "meanwhile" not in command(home, "verify")[1]


# the others


def test_reread_and_parse_again_by_command(home: Home, releases: list[Release], settings: Settings) -> None:
    assert command(home, "reread", "cw") == (0, "cw: the next run reads all of it again.\n")
    status, printed = command(home, "reread", "cw", "--since", "2026-01-02")
    assert (status, "what changed since 2026-01-02 00:00+01:00" in printed) == (0, True)
    words = "acme_export: the next run parses 2 batches again from landing, and builds in full.\n"
    assert command(home, "parse-again") == command(home, "parse-again", "acme_export") == (0, words)
    for wrong in (["reread", "acme_export"], ["reread", "cw", "--since", "soon"], ["parse-again", "cw"]):
        status, printed = command(home, *wrong)
        assert status == 2, printed
        assert len(printed.splitlines()) == 1


def test_the_same_by_job(home: Home, releases: list[Release], settings: Settings) -> None:
    metadata, _ = run(settings, "reread_source", source="cw", since="2026-01-02")
    assert "what changed since 2026-01-02 00:00+01:00" in metadata["done"]
    assert run(settings, "reread_source", source="cw")[0] == {"done": "cw: the next run reads all of it again"}
    assert "parses 2 batches again" in run(settings, "parse_again")[0]["done"]
    assert "parses 2 batches again" in run(settings, "parse_again", source="acme_export")[0]["done"]
    with Ledger(home.path / LEDGER) as ledger:
        assert [(one.verb, bool(one.since)) for one in ledger.repairs("cw")] == [
            ("read again", True),
            ("read again", False),
        ]
        assert [one.verb for one in ledger.repairs("acme_export")] == ["parse again"] * 2
    assert "'soon' is neither a date" in run(settings, "reread_source", source="cw", since="soon")[1]
    assert "cw: no batch is in raw" in run(settings, "parse_again", source="cw")[1]
    with pytest.raises(dg.DagsterInvalidConfigError, match="not in enum"):
        run(settings, "reread_source", source="acme_export")


def test_what_was_built_of_doubted_raw_is_built_again_in_full(
    home: Home, releases: list[Release], settings: Settings
) -> None:
    settings = load_settings(write_config(home.path.parent))
    entries, _ = accepted_batches(settings)
    before = make_plan(settings, entries)
    assert before == read_plan(home.last_build().plan)
    assert base_build(settings, before), "else this shows nothing"
    command(home, "parse-again")
    after = make_plan(settings, entries)
    assert after.fingerprint != before.fingerprint
    assert base_build(settings, after) is None


def test_what_is_asked_for_is_news_for_the_next_run(home: Home, releases: list[Release], settings: Settings) -> None:
    seen = []
    for words in (["verify"], ["reread", "cw"], ["parse-again"]):
        command(home, *words)
        seen.append(look(settings))
    changed = [{name: of for name, of in after.items() if of != before[name]} for before, after in pairwise(seen)]
    assert changed == [{"what operators decided or asked for": {number: ""}} for number in ("1", "2")]


def test_a_batch_is_decided_about_by_job(home: Home, settings: Settings, tmp_path: Path) -> None:
    from tests.warehouse import accept

    settings = load_settings(write_config(tmp_path))
    bad = [message(f"m{number}", direction="sideways") for number in range(20)]
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": bad})
    accept(tmp_path / "causerie.toml")
    batch = {"source": "acme_export", "batch": "b1"}
    assert "a decision needs a reason" in run(settings, "accept_batch", **batch, reason=" ")[1]
    assert run(settings, "reject_batch", **batch, reason="it is odd")[0] == {
        "done": "acme_export b1: set aside; the next run continues without it"
    }
    assert "it is set aside already" in run(settings, "reject_batch", **batch, reason="still")[1]
    assert run(settings, "accept_batch", **batch, reason="it is  right")[0] == {
        "done": "acme_export b1: accepted; the next run ingests it"
    }
    with Ledger(home.path / LEDGER) as ledger:
        assert [(one.verb, one.reason) for one in ledger.decisions()] == [
            ("reject", "it is odd"),
            ("accept", "it is right"),
        ]


def test_rolling_back_by_job(home: Home, releases: list[Release], settings: Settings) -> None:
    first, second = (release.release_id for release in releases)
    metadata, _ = run(settings, "roll_back")
    assert f"Readers now see {first}." in metadata["done"]
    assert f"'causerie rollback {second}' returns to it" in metadata["done"]
    assert catalog.current(home) == releases[0]
    assert "no kept release is older" in run(settings, "roll_back")[1]
    run(settings, "roll_back", release=second)
    assert catalog.current(home) == releases[1]


def test_a_mistake_is_not_tried_again(settings: Settings) -> None:
    (job,) = (job for job in repair_jobs(settings) if job.name == "roll_back")
    with pytest.raises(dg.Failure, match="nothing is published yet") as caught:
        job.execute_in_process()
    assert not caught.value.allow_retries


@pytest.mark.systems
def test_jobs_of_two_homes_are_in_one_place(settings: Settings) -> None:
    both = dg.Definitions.merge(build_defs(settings), build_defs(settings, key_prefix=["other"]))
    found = {job.name for job in both.get_repository_def().get_all_jobs()}
    assert {f"{prefix}{name}" for prefix in ("", "other_") for name in NAMES} <= found


def test_without_a_live_source_nothing_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    assert {job.name for job in repair_jobs(load_settings(write_config(tmp_path)))} == NAMES - {"reread_source"}


NAMES = {"reread_source", "parse_again", "accept_batch", "reject_batch", "roll_back", "verify"}


def test_the_launchpad_describes_every_field(settings: Settings) -> None:
    for job in repair_jobs(settings):
        assert job.description
        config = job.run_config_schema.config_type.fields["ops"].config_type.fields[job.name].config_type.fields
        fields = getattr(config["config"].config_type, "fields", {})
        assert all(field.description for field in fields.values()), job.name
        assert bool(fields) == (job.name != "verify")
        assert json.dumps([*fields])
