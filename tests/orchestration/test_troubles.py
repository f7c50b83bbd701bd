"""What needs attention in a home: found where it lies, the same for the command, Dagster and alerts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from expectations.verdict import Finding, read_verdict
from ingestion.decisions import reject
from ingestion.ingest import SourceReport
from ingestion.settings import Settings, load_settings
from orchestration import builds
from orchestration.assembly import build_defs
from orchestration.dbt.plan import read_plan
from orchestration.home import Build, Home, lock, unlock
from orchestration.news import news
from orchestration.progress import Reporter
from orchestration.releases import publication
from orchestration.run_record import RunRecord
from orchestration.troubles import troubles_of
from tests.drops import conversation, message, write_batch, write_config
from tests.orchestration.conftest import MakeBuild
from tests.warehouse import accept

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
LOST = Finding("volumes", "e", "critical", "A mart does not lose rows.", "details: 0.5")


def kinds(settings: Settings, now: datetime = NOW) -> list[str]:
    return [trouble.kind for trouble in troubles_of(settings, now)]


def test_a_home_that_no_run_has_seen_has_no_troubles(tmp_path: Path) -> None:
    assert kinds(load_settings(write_config(tmp_path))) == []


def test_a_refused_batch_is_a_trouble_since_its_first_refusal(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    settings = load_settings(config)
    write_batch(tmp_path / "drop" / "b1", {"messages": [message(f"x{n}", sent_at="no time") for n in range(12)]})
    write_batch(tmp_path / "drop" / "b2", {"conversations": [conversation()]})
    accept(config)
    (first,) = [trouble for trouble in troubles_of(settings, NOW) if trouble.kind == "batch refused"]
    assert first.fails_a_run
    assert "12 of 12 messages rows are quarantined" in first.reasons[0]
    assert first.reasons[-1] == "acme_export: 1 later batch waits behind it"
    accept(config)
    (again,) = [trouble for trouble in troubles_of(settings, NOW) if trouble.kind == "batch refused"]
    assert (again.key, again.since) == (first.key, first.since), "it was judged again, and is the same trouble"


def test_a_source_that_failed_is_a_trouble_until_it_is_read(tmp_path: Path) -> None:
    settings = load_settings(write_config(tmp_path))
    home = Home(settings.home)
    home.path.mkdir()

    def run(failure: str | None) -> None:
        reporter = Reporter(home)
        with reporter.step("ingest", str(failure)):
            reporter.sources_read([SourceReport("acme_export", failure=failure)])
        reporter.is_new = False
        reporter.finish()

    run("it is away")
    (first,) = troubles_of(settings, NOW)
    assert (first.kind, first.reasons, first.fails_a_run) == ("source failed", ("it is away",), True)
    run("it is still away")
    (later,) = troubles_of(settings, NOW)
    assert (later.key, later.since, later.reasons) == (first.key, first.since, ("it is still away",))
    run(None)
    assert kinds(settings) == []


@pytest.mark.parametrize("outcome", ["unfinished", "stopped", "published"])
def test_a_run_that_came_to_no_end_is_a_trouble_unless_it_is_at_work(tmp_path: Path, outcome: str) -> None:
    settings = load_settings(write_config(tmp_path))
    home = Home(settings.home)
    home.path.mkdir()
    RunRecord("2026-02-03T04:05:06+00:00", step="dbt build", outcome=outcome).write(home.record)
    (trouble,) = troubles_of(settings, NOW)
    assert (trouble.kind, trouble.fails_a_run) == ("run failed", True)
    assert "it was stopped at the step dbt build" in trouble.reasons[0]
    lock(home)
    assert kinds(settings) == []
    unlock(home)


def test_steps_that_are_launched_alone_have_not_been_stopped(home: Home, make_build: MakeBuild) -> None:
    """They leave no trouble behind: the next run would end well."""
    publication.publish(home, make_build("b1-0123456789"), "f", NOW)
    settings = load_settings(home.path.parent / "causerie.toml")
    job = build_defs(settings).resolve_job_def("causerie")
    for name in ("kept_releases", "compacted_raw", "outcome"):
        assert job.execute_in_process(asset_selection=[dg.AssetKey(name)]).success
        unlock(home)
        assert [one for one in kinds(settings) if one != "source stale"] == []


@pytest.mark.parametrize(
    ("steps", "minutes", "found"),
    [({"ingest": 1.0}, 4, []), ({"ingest": 1.0}, 6, ["run failed"]), ({"audit": 1.0}, 6, [])],
    ids=["another process begins", "nothing followed", "a step alone"],
)
def test_a_run_whose_steps_end_before_it_is_complete_is_a_trouble(
    tmp_path: Path, steps: dict[str, float], minutes: int, found: list[str]
) -> None:
    """A step may be a process of its own, which takes a while to begin, and between two of them nothing is locked."""
    settings = load_settings(write_config(tmp_path))
    settings.home.mkdir()
    RunRecord(NOW.isoformat(), ended_at=NOW.isoformat(), steps=steps).write(Home(settings.home).record)
    assert kinds(settings, NOW + timedelta(minutes=minutes)) == found


def test_why_a_run_failed_is_told_beside_a_source_that_failed(tmp_path: Path) -> None:
    settings = load_settings(write_config(tmp_path))
    home = Home(settings.home)
    home.path.mkdir()
    reporter = Reporter(home)
    with reporter.step("ingest", "a run"):
        reporter.sources_read([SourceReport("acme_export", failure="it is away")])
    with pytest.raises(OSError, match="no space"), reporter.step("dbt build", "a run"):
        raise OSError("no space")
    assert [(one.kind, one.reasons) for one in troubles_of(settings, NOW)] == [
        ("run failed", ("dbt build: no space",)),
        ("source failed", ("it is away",)),
    ]


def test_a_target_that_failed_is_a_trouble_as_long_as_it_is_configured(tmp_path: Path) -> None:
    target = '[[publish]]\nkind = "postgres"\nname = "bi"\ndsn_env = "BI_DSN"\n'
    settings = load_settings(write_config(tmp_path, extra=target))
    home = Home(settings.home)
    home.path.mkdir()
    reporter = Reporter(home)
    with reporter.step("bi", "a run"):
        reporter.target_tried("bi", "it is away")
    (trouble,) = troubles_of(settings, NOW)
    assert (trouble.kind, trouble.subject, trouble.reasons) == ("target failed", "bi", ("it is away",))
    assert troubles_of(load_settings(write_config(tmp_path)), NOW) == []


@pytest.mark.parametrize(("has_ended", "found"), [(True, []), (False, ["run failed"])])
def test_a_run_is_not_stopped_once_it_has_ended(tmp_path: Path, has_ended: bool, found: list[str]) -> None:
    """Its process takes a while to unload its libraries."""
    settings = load_settings(write_config(tmp_path))
    home = Home(settings.home)
    home.path.mkdir()
    reporter = Reporter(home)
    with reporter.step("ingest", "a run"):
        reporter.is_new = not has_ended
    reporter.stopped()
    assert kinds(settings) == found


def test_a_run_that_failed_for_another_reason_is_a_trouble(tmp_path: Path) -> None:
    settings = load_settings(write_config(tmp_path))
    home = Home(settings.home)
    home.path.mkdir()
    at = "2026-02-03T04:05:06+00:00"
    RunRecord(at, at, outcome="refused", build_failures=["publish: no space left"]).write(home.record)
    (trouble,) = troubles_of(settings, NOW)
    assert (trouble.kind, trouble.reasons) == ("run failed", ("publish: no space left",))


def test_a_stale_source_is_a_trouble_that_fails_no_run(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()]}, NOW.isoformat())
    accept(config)
    settings = load_settings(config)
    assert kinds(settings, NOW + timedelta(hours=47)) == []
    (trouble,) = troubles_of(settings, NOW + timedelta(hours=49))
    assert (trouble.kind, trouble.fails_a_run) == ("source stale", False)
    assert trouble.since == NOW + timedelta(hours=48)


def test_a_refused_build_is_a_trouble_until_one_is_published(home: Home, make_build: MakeBuild) -> None:
    build = make_build("b1-0123456789")
    settings = load_settings(home.path.parent / "causerie.toml")
    good = read_verdict(build.verdict)
    replace(good, findings=(LOST,)).write(build.verdict)
    assert [one for one in kinds(settings) if one != "source stale"] == ["build refused"]
    good.write(build.verdict)
    publication.publish(home, build, "f", NOW)
    assert [one for one in kinds(settings) if one != "source stale"] == []


def judged(build: Build, *findings: Finding, **other: object) -> None:
    verdict = read_verdict(build.verdict)
    replace(verdict, findings=findings, **other).write(build.verdict)  # type: ignore[arg-type]


def test_a_refused_build_is_not_built_again_while_nothing_has_changed(home: Home, make_build: MakeBuild) -> None:
    """The run says the same again, and leaves the build for whoever looks at it."""
    build = make_build("b1-0123456789")
    judged(build, LOST)
    settings = load_settings(home.path.parent / "causerie.toml")
    reporter = Reporter(home)
    result = (
        build_defs(settings, reporter=reporter).resolve_job_def("causerie").execute_in_process(raise_on_error=False)
    )
    unlock(home)
    assert not result.success
    assert (reporter.is_new, reporter.refusals) == (False, [str(LOST)])
    assert [one.id for one in home.builds()] == [build.id]
    assert [one for one in kinds(settings) if one != "source stale"] == ["build refused"], "it is told as one trouble"
    assert news(settings, datetime.now(UTC) + timedelta(days=1)) == [], "and launches nothing"
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_key == "ingest"
    assert "A mart does not lose rows." in failure.step_failure_data.error_display_string


def test_a_refused_first_build_is_over_when_its_batch_is_set_aside(home: Home, make_build: MakeBuild) -> None:
    judged(make_build("b1-0123456789"), LOST)
    settings = load_settings(home.path.parent / "causerie.toml")
    reject(settings, "acme_export", "b1-0123456789", "a test", NOW)
    assert kinds(settings) == ["build refused", "source stale"]
    assert build_defs(settings).resolve_job_def("causerie").execute_in_process().success
    unlock(home)
    assert kinds(settings) == ["source stale"]


@pytest.mark.parametrize(
    ("spoil", "is_same"),
    [
        (lambda build: None, True),
        (lambda build: judged(build, LOST, raised=1), False),
        (lambda build: judged(build, LOST, against="another release"), False),
        (lambda build: build.verdict.unlink(), False),
        (lambda build: (build.target / "run_results.json").write_text(results("fail")), True),
        (lambda build: (build.verdict.unlink(), (build.target / "run_results.json").write_text('{"results":')), False),
        (lambda build: (build.target / "run_results.json").write_text(results("error", "fail")), False),
    ],
    ids=[
        "as it was",
        "an expectation raised",
        "another release",
        "not judged",
        "a test failed",
        "dbt was killed",
        "dbt failed",
    ],
)
def test_what_might_go_better_is_tried_again(home: Home, make_build: MakeBuild, spoil: object, is_same: bool) -> None:
    build = make_build("b1-0123456789")
    judged(build, LOST)
    assert callable(spoil)
    spoil(build)
    plan = read_plan(build.plan)
    assert plan is not None
    assert bool(builds.refused_as_it_is(home, plan)) is is_same
    assert not builds.refused_as_it_is(home, replace(plan, rules="others"))


def results(*statuses: str) -> str:
    return json.dumps(
        {"results": [{"unique_id": f"test.causerie.t{n}", "status": s, "message": "m"} for n, s in enumerate(statuses)]}
    )


def test_a_tick_reports_each_age_once_an_hour_or_when_it_becomes_stale(tmp_path: Path) -> None:
    extra = "[schedule]\nlook_every_seconds = 5\n"
    config = write_config(tmp_path, extra=extra)
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()]}, datetime.now(UTC).isoformat())
    accept(config)
    defs = build_defs(load_settings(config))
    sensor = defs.resolve_sensor_def("watch")
    cursor = None
    reported = []
    for _ in range(3):
        context = dg.build_sensor_context(cursor=cursor)
        data = sensor.evaluate_tick(context)
        cursor = data.cursor
        reported.append([event.check_name for event in data.asset_events])
    assert reported == [["fresh"], [], []]
    (request,) = data.run_requests or []
    (again,) = sensor.evaluate_tick(dg.build_sensor_context(cursor=cursor)).run_requests or []
    assert request.run_key == again.run_key, "no run has looked yet: one is launched"
    assert sensor.minimum_interval_seconds == 5
