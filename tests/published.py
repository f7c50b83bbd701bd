"""Audited builds and releases made without dbt and Great Expectations, for tests of what is done with one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from expectations.contents import contents
from expectations.verdict import Verdict
from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import create_build
from ingestion.settings import Settings, load_settings
from orchestration.dbt.plan import make_plan, read_plan
from orchestration.dbt.process import open_build
from orchestration.home import Build, Home, lock, unlock
from orchestration.releases import catalog, publication
from tests.warehouse import accept, kinds_of, run_models


def make_marts(settings: Settings, build: Build) -> None:
    """Fill the files of a build."""
    create_build(build.database, settings, *accepted_batches(settings))
    run_models(build.database, kinds_of(settings))


def audited(config: Path, build_id: str, make: Callable[[Settings, Build], None] = make_marts) -> Build:
    """A build of all that was delivered, the last one of its home; its verdict is good."""
    accept(config)
    settings = load_settings(config)
    home = Home(settings.home)
    build, current = home.build(build_id), catalog.current(home)
    build.target.mkdir(parents=True)
    make_plan(settings, accepted_batches(settings)[0]).write(build.plan)
    make(settings, build)
    open_build(settings, build)
    against = current.release_id if current else None
    Verdict(build_id, 5, 0, (), contents(build.candidate), against).write(build.verdict)
    return build


def publish(config: Path) -> None:
    """A release of all that was delivered, as a run leaves it: to the next run nothing is new."""
    home = Home(load_settings(config).home)
    lock(home)
    build = audited(config, "b1-0123456789")
    plan = read_plan(build.plan)
    assert plan is not None
    publication.publish(home, build, plan.fingerprint, datetime.now(UTC))
    unlock(home)
