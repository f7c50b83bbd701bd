"""When a build may begin as a copy of the last published one, and when it is built in full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion import zones
from ingestion.builds.build_file import BaseBuild
from ingestion.settings import Settings, load_settings
from ingestion.storage.ledger import Counts, Entry
from orchestration.dbt import plan as plan_module
from orchestration.dbt.plan import Plan, base_build, make_plan, read_plan
from orchestration.home import Build, Home
from orchestration.releases import catalog
from orchestration.releases.catalog import Release
from tests.drops import write_config

BATCHES = [("s", "b1", "content 1", 50), ("s", "b2", "content 2", 30), ("t", "b5", "content 3", 20)]
NEW = ("s", "b3", "content 4", 10)
BEFORE = Plan("rules", BATCHES)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(write_config(tmp_path, extra='[schedule]\ncron = "15 3 * * *"\n'))


@pytest.fixture
def published(settings: Settings) -> Build:
    """A published build that was made from ``BATCHES``."""
    home = Home(settings.home)
    build = home.build("before")
    build.folder.mkdir(parents=True)
    build.database.touch()
    BEFORE.write(build.plan)
    release = Release("r1", build.id, BEFORE.fingerprint, "2026-01-01T00:00:00+00:00", None, {}, 0, 1, ())
    folder = home.releases / release.release_id
    folder.mkdir(parents=True)
    release.write(folder)
    (folder / "causerie.duckdb").touch()
    catalog.point_to(home, release)
    return build


def plan(*batches: tuple[str, str, str, int], rules: str = "rules") -> Plan:
    return Plan(rules, list(batches))


def test_a_few_new_rows_make_an_incremental_build(settings: Settings, published: Build) -> None:
    known = frozenset({("s", "b1"), ("s", "b2"), ("t", "b5")})
    assert base_build(settings, plan(*BATCHES, NEW)) == BaseBuild("before", published.database, known)


@pytest.mark.parametrize(
    "new",
    [
        ("s", "b3", "another content", 25),
        ("t", "b6", "content 4", 10),
        ("u", "b0", "content 4", 10),
        ("s", "b15", "content 4", 10),
    ],
    ids=["a fifth of all rows", "of another source", "of a new source", "of an earlier name"],
)
def test_what_an_incremental_build_may_add(
    settings: Settings, published: Build, new: tuple[str, str, str, int]
) -> None:
    before = base_build(settings, plan(*BATCHES, new))
    assert before is not None
    assert before.build_id == published.id


@pytest.mark.parametrize(
    "next_plan",
    [
        plan(*BATCHES, NEW, rules="other rules"),
        plan(("s", "b1", "other content", 50), *BATCHES[1:], NEW),
        plan(("s", "b1", "content 1", 51), *BATCHES[1:], NEW),
        plan(*BATCHES[1:], NEW),
        plan(*BATCHES, ("s", "b3", "content 4", 26)),
        plan(*BATCHES, ("s", "b3", "content 4", 13), ("t", "b6", "content 5", 13)),
    ],
    ids=[
        "other rules",
        "a batch has changed",
        "a batch has other rows",
        "a batch is gone",
        "more than a fifth of all rows",
        "more than a fifth in all",
    ],
)
def test_anything_unusual_is_built_from_nothing(settings: Settings, published: Build, next_plan: Plan) -> None:
    assert base_build(settings, plan(*BATCHES, NEW)) is not None
    assert base_build(settings, next_plan) is None


def test_new_batches_of_a_live_source_ask_for_a_full_build(settings: Settings, published: Build) -> None:
    source = settings.sources[0].model_copy(update={"name": "t", "kind": "chatwoot"})
    live = settings.model_copy(update={"sources": [source]})
    assert base_build(live, plan(*BATCHES, NEW)) is not None
    assert base_build(live, plan(*BATCHES, ("t", "b6", "content 4", 10))) is None


def test_without_a_release_there_is_nothing_to_begin_with(settings: Settings) -> None:
    assert base_build(settings, plan(NEW)) is None


@pytest.mark.parametrize(
    "lose",
    [
        lambda build: build.database.unlink(),
        lambda build: build.plan.unlink(),
        lambda build: build.plan.write_text("{"),
        lambda build: build.plan.write_text("{}"),
        lambda build: build.plan.write_text('{"rules": "rules", "batches": [["s"]], "base": null}'),
    ],
    ids=["no build file", "no plan", "torn plan", "empty plan", "other plan"],
)
def test_a_build_that_is_not_whole_is_no_base(
    settings: Settings, published: Build, lose: Callable[[Build], object]
) -> None:
    lose(published)
    assert base_build(settings, plan(*BATCHES, NEW)) is None


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = replace(BEFORE, base="the build before")
    written.write(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == written


# What a plan tells apart

EXTRACTED_AT = datetime(2026, 1, 5, tzinfo=UTC)
ENTRY = Entry("s", "b1", "accepted", EXTRACTED_AT, EXTRACTED_AT, {"messages": Counts(10, 2), "events": Counts(5)})


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


def test_another_target_is_another_rule(settings: Settings, tmp_path: Path) -> None:
    rules = {make_plan(settings, [ENTRY]).rules}
    for within in ("1h", "2h"):
        target = {"name": "answer", "measure": "reply", "within": within}
        accounts = [{"id": "acme", "timezone": "Europe/Paris", "targets": [target]}]
        rules.add(make_plan(load_settings(write_config(tmp_path, accounts=accounts)), [ENTRY]).rules)
    assert len(rules) == 3


def test_where_and_when_it_runs_is_no_rule(settings: Settings, tmp_path: Path) -> None:
    resources = settings.resources.model_copy(update={"memory_limit": "1GB"})
    elsewhere = settings.model_copy(update={"home": tmp_path / "elsewhere", "resources": resources, "schedule": None})
    assert make_plan(elsewhere, [ENTRY]) == make_plan(settings, [ENTRY])


def test_who_is_told_is_no_rule(settings: Settings, tmp_path: Path) -> None:
    alerts = '[[alerts]]\nname = "a"\nkind = "command"\ncommand = ["true"]\n[ping]\nurl_env = "URL"\n'
    told = load_settings(write_config(tmp_path, extra=alerts))
    assert make_plan(told, [ENTRY]) == make_plan(settings, [ENTRY])


def test_the_same_again_is_nothing_new(settings: Settings) -> None:
    now = make_plan(settings, [ENTRY])
    assert replace(now, base="before").fingerprint == now.fingerprint
    assert make_plan(settings, [ENTRY, replace(ENTRY, batch="b2")]).fingerprint != now.fingerprint
    assert replace(now, rules="other rules").fingerprint != now.fingerprint
