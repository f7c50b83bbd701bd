"""Publishing alone: a run that selects only that step, and the command; of the last build the same is demanded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from expectations.contents import contents
from expectations.verdict import Finding, Verdict, read_verdict
from ingestion.settings import load_settings
from orchestration.assembly import build_defs
from orchestration.home import Build, Home, unlock
from orchestration.releases import catalog, publication
from tests.end_to_end.command import causerie
from tests.orchestration.conftest import MakeBuild, change

pytestmark = pytest.mark.systems

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
FAILED = Finding("totals", "e", "critical", "The agents sum up to overview.", "acme messages: by_agent_off 1")
Publish = Callable[[Home], tuple[bool, str]]


def by_dagster(home: Home) -> tuple[bool, str]:
    """A run of Dagster that selects only the publish step: whether it succeeded, and what it says."""
    settings = load_settings(home.path.parent / "causerie.toml")
    job = build_defs(settings).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(asset_selection=[dg.AssetKey("release")], raise_on_error=False)
    unlock(home)
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    return result.success, " ".join(error.to_string() for error in errors if error is not None)


def by_command(home: Home) -> tuple[bool, str]:
    run = causerie("publish", "--config", home.path.parent / "causerie.toml")
    assert "Traceback" not in run.stdout + run.stderr
    return run.returncode == 0, run.stdout


def of_another_build(home: Home, build: Build) -> None:
    other = next(each for each in home.builds() if each.id != build.id)
    other.verdict.replace(build.verdict)


def of_an_older_state(home: Home, build: Build) -> None:
    """The build was made again after its audit."""
    change(build, "insert into by_tag select * from by_tag limit 1")


def with_nothing_evaluated(home: Home, build: Build) -> None:
    replace(read_verdict(build.verdict), evaluated=0).write(build.verdict)


def with_one_that_raised(home: Home, build: Build) -> None:
    replace(read_verdict(build.verdict), raised=1).write(build.verdict)


def with_one_that_failed(home: Home, build: Build) -> None:
    replace(read_verdict(build.verdict), findings=(FAILED,)).write(build.verdict)


def without_a_verdict(home: Home, build: Build) -> None:
    build.verdict.unlink()


def with_half_a_verdict(home: Home, build: Build) -> None:
    build.verdict.write_text(build.verdict.read_text()[:40])


def without_marts(home: Home, build: Build) -> None:
    build.candidate.unlink()


def with_a_mart_less(home: Home, build: Build) -> None:
    change(build, "drop table by_tag")


def after_another_publication(home: Home, build: Build) -> None:
    other = next(each for each in home.builds() if each.id != build.id)
    other.candidate.unlink()
    build.candidate.with_name("copy").write_bytes(build.candidate.read_bytes())
    build.candidate.with_name("copy").rename(other.candidate)
    seen = catalog.current(home)
    judged = Verdict(other.id, 5, 0, (), contents(other.candidate), seen and seen.release_id)
    judged.write(other.verdict)
    publication.publish(home, other, "other", datetime.now(UTC))


REFUSED = [
    (of_another_build, "the verdict is about build b1"),
    (of_an_older_state, "by_tag changed after the audit"),
    (with_nothing_evaluated, "no expectation was evaluated"),
    (with_one_that_raised, "failed its audit"),
    (with_one_that_failed, "The agents sum up to overview"),
    (without_a_verdict, "has no verdict"),
    (with_half_a_verdict, "cannot be read"),
    (without_marts, "has no marts to publish"),
    (with_a_mart_less, "by_tag"),
    (after_another_publication, "was judged against release"),
]


ALSO_IN_TEST_RELEASES = {
    of_another_build,
    of_an_older_state,
    with_nothing_evaluated,
    with_one_that_raised,
    without_a_verdict,
}


@pytest.mark.parametrize("publish", [by_dagster, pytest.param(by_command, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(*case, id=case[0].__name__, marks=pytest.mark.slow if case[0] in ALSO_IN_TEST_RELEASES else [])
        for case in REFUSED
    ],
)
def test_a_build_without_a_verdict_that_holds_for_it_is_refused(
    home: Home, make_build: MakeBuild, publish: Publish, spoil: Callable[[Home, Build], None], words: str
) -> None:
    publication.publish(home, make_build("b1-0123456789"), "f", NOW)
    build = make_build("b2-0123456789", 3)
    spoil(home, build)
    before = catalog.current(home)
    succeeded, printed = publish(home)
    assert not succeeded
    assert words in printed
    assert catalog.current(home) == before
    assert [path.name for path in home.releases.glob(".new*")] == []


@pytest.mark.parametrize("publish", [by_dagster, by_command])
def test_the_last_build_is_published_where_a_run_was_stopped_after_its_audit(
    home: Home, make_build: MakeBuild, publish: Publish
) -> None:
    publication.publish(home, make_build("b1-0123456789"), "f", NOW)
    build = make_build("b2-0123456789", 3)
    succeeded, printed = publish(home)
    assert succeeded, printed
    current = catalog.current(home)
    assert current is not None
    assert (current.build_id, current.rows["details"]) == (build.id, 3)
    succeeded, printed = publish(home)
    assert not succeeded
    assert "is published already" in printed


@pytest.mark.parametrize("publish", [by_dagster, pytest.param(by_command, marks=pytest.mark.slow)])
def test_with_nothing_built_nothing_is_published(home: Home, tmp_path: Path, publish: Publish) -> None:
    from tests.drops import write_config

    write_config(tmp_path)
    succeeded, printed = publish(home)
    assert not succeeded
    assert "there is no build yet" in printed
    assert catalog.current(home) is None
