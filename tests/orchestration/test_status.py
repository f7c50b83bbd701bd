"""What a home tells of itself: the last run, what is refused and why; in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from expectations.verdict import Finding, read_verdict
from ingestion.settings import load_settings
from orchestration.cli.main import main
from orchestration.cli.status import status_of
from orchestration.home import Home, lock, unlock
from orchestration.progress import Reporter
from orchestration.releases import publication
from orchestration.run_record import RunRecord, read_record
from tests.drops import conversation, message, write_batch, write_config
from tests.orchestration.conftest import MakeBuild
from tests.orchestration.test_going_back import NOW
from tests.warehouse import accept

LOST = Finding(
    "volumes",
    "expect_column_values_to_be_between",
    "critical",
    "A mart does not lose a large share of its rows at once.",
    "details: lost_share 0.5",
    ({"mart": "details", "rows": "10", "rows_before": "20"},),
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path)


def status(config: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["status", "--config", str(config), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_a_new_home_has_nothing_to_report(config: Path) -> None:
    code, printed = status(config)
    assert code == 0
    assert "Nothing is published yet" in printed
    assert "Nothing is refused" in printed
    assert not Home(config.parent / "var").path.exists()


def test_a_refused_batch_is_shown_with_its_reason_and_what_can_be_decided(config: Path) -> None:
    broken = [message(f"x{number}", sent_at="2026-01-02T09:00:00") for number in range(11)]
    write_batch(config.parent / "drop" / "b1", {"conversations": [conversation()]})
    write_batch(config.parent / "drop" / "b2", {"messages": broken})
    write_batch(config.parent / "drop" / "b3", {"messages": [message()]})
    accept(config)
    code, printed = status(config)
    assert code == 1
    assert "11 of 11 messages rows are quarantined" in printed
    assert "causerie accept acme_export b2 --reason" in printed
    assert "1 later batch waits behind it" in printed
    found = json.loads(status(config, "--format", "json")[1])
    assert found["is_refused"]
    assert [(entry["batch"], len(entry["reasons"])) for entry in found["refused"]] == [("b2", 1)]
    assert (
        CliRunner().invoke(main, ["reject", "acme_export", "b2", "--reason", "x", "--config", str(config)]).exit_code
        == 0
    )
    accept(config)
    code, printed = status(config)
    assert code == 0
    assert "Set aside: acme_export b2" in printed


def test_what_is_no_batch_yet_is_shown_with_its_age(config: Path) -> None:
    write_batch(config.parent / "drop" / "b1", {"conversations": [conversation()]}, manifest=False)
    code, printed = status(config)
    assert code == 0
    assert "Not read: " in printed
    assert "has no manifest.json and is not read; it has not changed for 0:00" in printed
    assert len(json.loads(status(config, "--format", "json")[1])["unfinished"]) == 1


def test_a_failed_expectation_is_shown_with_what_was_expected_and_observed(home: Home, make_build: MakeBuild) -> None:
    config = home.path.parent / "causerie.toml"
    publication.publish(home, make_build("b1-0123456789"), "f", NOW)
    assert status(config)[0] == 0
    build = make_build("b2-0123456789")
    replace(read_verdict(build.verdict), findings=(LOST,)).write(build.verdict)
    code, printed = status(config)
    assert code == 1
    for words in (
        "Readers see 20260203T040506Z-b1-01234",
        "volumes: expect_column_values_to_be_between",
        "expected A mart does not lose a large share of its rows at once.",
        "observed details: lost_share 0.5",
        "row      mart details, rows 10, rows_before 20",
    ):
        assert words in printed
    (finding,) = json.loads(status(config, "--format", "json")[1])["findings"]
    assert finding["samples"] == [{"mart": "details", "rows": "10", "rows_before": "20"}]


def test_of_a_published_build_nothing_is_refused(home: Home, make_build: MakeBuild) -> None:
    build = make_build("b1-0123456789")
    publication.publish(home, build, "f", NOW)
    replace(read_verdict(build.verdict), findings=(LOST,)).write(build.verdict)
    assert status(home.path.parent / "causerie.toml")[0] == 0


@pytest.fixture
def record(config: Path) -> Iterator[Path]:
    home = Home(load_settings(config).home)
    home.path.mkdir()
    yield home.record
    unlock(home)


def test_a_run_that_was_killed_is_reported(config: Path, record: Path) -> None:
    RunRecord("2026-02-03T04:05:06+00:00", step="dbt build", steps={"ingest": 1.5}).write(record)
    code, printed = status(config)
    assert code == 1
    assert "did not finish: it was stopped at the step dbt build" in printed
    assert "\nFailed\n" in printed
    assert "Refused" not in printed, "a stop refuses nothing"
    assert "Nothing is lost" in printed


def test_a_run_in_progress_is_reported(config: Path, record: Path) -> None:
    RunRecord("2026-02-03T04:05:06+00:00", step="audit").write(record)
    lock(Home(record.parent))
    code, printed = status(config)
    assert code == 0
    assert "A run is in progress since 2026-02-03 04:05, at the step audit." in printed


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"x": 1}', '{"started_at": null}', '{"started_at": "", "steps": 1}']
)
def test_a_record_that_cannot_be_read_is_none(config: Path, record: Path, content: str) -> None:
    record.write_text(content)
    assert read_record(record) is None
    assert status_of(load_settings(config)).run is None


def test_a_record_of_a_newer_version_is_read(record: Path) -> None:
    record.write_text('{"started_at": "2026-02-03T04:05:06+00:00", "news_of_tomorrow": 1}')
    assert read_record(record) == RunRecord("2026-02-03T04:05:06+00:00")


def test_a_step_that_fails_is_in_the_record(tmp_path: Path) -> None:
    home = Home(tmp_path)
    reporter = Reporter(home)
    with reporter.step("ingest"):
        assert read_record(home.record) == RunRecord(reporter.record.started_at, step="ingest")
    with pytest.raises(OSError, match="disk"), reporter.step("publish"):
        raise OSError("the disk is full")
    found = read_record(home.record)
    assert found is not None
    assert (found.step, found.outcome) == ("publish", "refused")
    assert found.refusals == ["publish: the disk is full"]
    assert set(found.steps) == {"ingest", "publish"}
    reporter.finish()
    ended = read_record(home.record)
    assert ended is not None
    assert ended.ended_at is not None
