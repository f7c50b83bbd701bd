"""When a build may begin as a copy of the last published one, and when it is made from nothing."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion import zones
from ingestion.builds.build_file import CarriedOver
from ingestion.settings import Resources, Settings, load_settings
from ingestion.storage.ledger import Counts, Entry
from orchestration.dbt import plan as plan_module
from orchestration.dbt.plan import Plan, carried_over, make_plan, read_plan
from orchestration.dbt.process import EXECUTABLE, PROJECT, SAME_IN_UPDATES, environment
from orchestration.home import Build, Home
from orchestration.releases.catalog import Release
from tests.drops import write_config
from tests.warehouse import compiled_models

BATCHES = [("s", "b1", "content 1", 50), ("s", "b2", "content 2", 30), ("t", "b5", "content 3", 20)]
NEWS = ("s", "b3", "content 4", 10)
BEFORE = Plan("rules", BATCHES)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "var")


@pytest.fixture
def published(home: Home) -> Build:
    """A published build that was made from ``BATCHES``."""
    build = home.build("before")
    build.folder.mkdir(parents=True)
    build.database.touch()
    BEFORE.write(build.plan)
    release = Release("r1", build.id, BEFORE.fingerprint, "2026-01-01T00:00:00+00:00", None, {}, 0, 1, ())
    home.releases.mkdir()
    (home.releases / "r1.json").write_text(json.dumps(asdict(release)))
    (home.releases / "r1.duckdb").touch()
    home.current.symlink_to("r1.duckdb")
    return build


def plan(*batches: tuple[str, str, str, int], rules: str = "rules") -> Plan:
    return Plan(rules, list(batches))


def test_a_little_news_is_an_update(home: Home, published: Build) -> None:
    last = {"s": "b2", "t": "b5"}
    assert carried_over(home, plan(*BATCHES, NEWS)) == CarriedOver(
        "before", published.database, home.releases / "r1.duckdb", last
    )


@pytest.mark.parametrize(
    "news",
    [
        ("s", "b3", "another content", 25),
        ("t", "b6", "content 4", 10),
        ("u", "b0", "content 4", 10),
        ("s", "b20", "content 4", 10),
    ],
    ids=["a fifth of all rows", "of another source", "of a new source, whatever its name", "behind b2 as text"],
)
def test_what_an_update_may_take_in(home: Home, published: Build, news: tuple[str, str, str, int]) -> None:
    before = carried_over(home, plan(*BATCHES, news))
    assert before is not None
    assert before.build_id == published.id


@pytest.mark.parametrize(
    "next_plan",
    [
        plan(*BATCHES, NEWS, rules="other rules"),
        plan(("s", "b1", "other content", 50), *BATCHES[1:], NEWS),
        plan(("s", "b1", "content 1", 51), *BATCHES[1:], NEWS),
        plan(*BATCHES[1:], NEWS),
        plan(*BATCHES, ("s", "b15", "content 4", 10)),
        plan(*BATCHES, NEWS, ("t", "b4", "content 5", 1)),
        plan(*BATCHES, ("s", "b3", "content 4", 26)),
        plan(*BATCHES, ("s", "b3", "content 4", 13), ("t", "b6", "content 5", 13)),
    ],
    ids=[
        "other rules",
        "a batch has changed",
        "a batch has other rows",
        "a batch is gone",
        "an earlier name",
        "one earlier name among others",
        "more than a fifth of all rows",
        "more than a fifth in all",
    ],
)
def test_anything_unusual_is_built_from_nothing(home: Home, published: Build, next_plan: Plan) -> None:
    assert carried_over(home, plan(*BATCHES, NEWS)) is not None
    assert carried_over(home, next_plan) is None


def test_without_a_release_there_is_nothing_to_begin_with(home: Home) -> None:
    assert carried_over(home, plan(NEWS)) is None


@pytest.mark.parametrize(
    "lose",
    [
        lambda build: build.database.unlink(),
        lambda build: (build.folder.parent.parent / "releases" / "r1.duckdb").unlink(),
        lambda build: build.plan.unlink(),
        lambda build: build.plan.write_text("{"),
        lambda build: build.plan.write_text("{}"),
        lambda build: build.plan.write_text('{"rules": "rules", "batches": [["s"]], "carried_over": null}'),
    ],
    ids=["no build file", "no release file", "no plan", "torn plan", "empty plan", "other plan"],
)
def test_a_build_that_is_not_whole_is_not_carried_over(
    home: Home, published: Build, lose: Callable[[Build], object]
) -> None:
    lose(published)
    assert carried_over(home, plan(*BATCHES, NEWS)) is None


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = replace(BEFORE, carried_over="the build before")
    written.write(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == written


# What a plan tells apart

EXTRACTED_AT = datetime(2026, 1, 5, tzinfo=UTC)
ENTRY = Entry("s", "b1", "accepted", EXTRACTED_AT, EXTRACTED_AT, {"messages": Counts(10, 2), "events": Counts(5)})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(write_config(tmp_path, extra='[schedule]\ncron = "15 3 * * *"\n'))


def test_rows_of_a_batch_are_those_of_all_its_entities(settings: Settings) -> None:
    ((source, batch, _, rows),) = make_plan(settings, [ENTRY]).batches
    assert (source, batch, rows) == ("s", "b1", 15)


@pytest.mark.parametrize(
    "entry",
    [
        replace(ENTRY, extracted_at=datetime(2026, 1, 6, tzinfo=UTC)),
        replace(ENTRY, counts={"messages": Counts(10, 1), "events": Counts(5)}),
        replace(ENTRY, counts={"messages": Counts(5, 2), "events": Counts(10)}),
    ],
    ids=["extracted otherwise", "quarantined otherwise", "landed otherwise"],
)
def test_another_content_is_another_batch(settings: Settings, entry: Entry) -> None:
    assert make_plan(settings, [entry]).batches != make_plan(settings, [ENTRY]).batches


def test_the_rules_are_configuration_software_and_time_zones(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = make_plan(settings, [ENTRY])
    privacy = settings.privacy.model_copy(update={"contact_phone": "plain"})
    assert make_plan(settings.model_copy(update={"privacy": privacy}), [ENTRY]).rules != now.rules
    for place, name in (
        (plan_module, "rules_of"),
        (zones, "VERSION"),
        (plan_module, "project_fingerprint"),
        (plan_module, "version"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, -1 if name == "VERSION" else lambda *_: "another")
            assert make_plan(settings, [ENTRY]).rules != now.rules, name


def test_where_and_when_it_runs_is_no_rule(settings: Settings, tmp_path: Path) -> None:
    resources = settings.resources.model_copy(update={"memory_limit": "1GB"})
    elsewhere = settings.model_copy(update={"home": tmp_path / "elsewhere", "resources": resources, "schedule": None})
    assert make_plan(elsewhere, [ENTRY]) == make_plan(settings, [ENTRY])


def test_the_same_again_is_nothing_new(settings: Settings) -> None:
    now = make_plan(settings, [ENTRY])
    assert replace(now, carried_over="before").fingerprint == now.fingerprint
    assert make_plan(settings, [ENTRY, replace(ENTRY, batch="b2")]).fingerprint != now.fingerprint
    assert replace(now, rules="other rules").fingerprint != now.fingerprint


def test_what_an_update_leaves_out_is_the_same_in_every_build(tmp_path: Path) -> None:
    """A build that began as a copy has these views and macros: their SQL must not ask whether it is an update."""
    command = ["ls", "--quiet", "--output", "name", "--resource-type", "model", "--select", *SAME_IN_UPDATES]
    project = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", tmp_path, "--log-path", tmp_path]
    listed = subprocess.run(
        list(map(str, [EXECUTABLE, *command, *project])),
        env={**os.environ, **environment(Resources()), "CAUSERIE_BUILD_FILE": str(tmp_path / "none.duckdb")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {"stg_export__messages", "int_delivered_ratings", "int_tags", "report_details"} <= set(listed)
    full, update = (
        {model.relation.split(".")[-1]: model for model in compiled_models(is_update)} for is_update in (False, True)
    )
    for name in listed:
        if name in full:  # of the kinds that are there
            assert full[name].materialized in ("view", "table_macro"), name
            assert full[name].sql == update[name].sql, name
    assert full["int_first_responses"].sql != update["int_first_responses"].sql
