"""Builds: whether there is anything to build, what a build begins from, and which builds are kept.

Here: the folders of builds and what is put into them before dbt works. Not here: what a build is made from
(``dbt.plan``), how dbt is called (``dbt.process``), and the assets (``defs``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

from expectations.verdict import read_verdict
from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import create_build
from ingestion.settings import Settings
from orchestration.dbt import process as dbt_process
from orchestration.dbt.plan import Plan, base_build, read_plan
from orchestration.home import Build, Home
from orchestration.releases import catalog
from orchestration.spark.handover import hand_over


def is_made(home: Home, plan: Plan) -> bool:
    """Whether readers have, or have had and left, what a plan would make.

    What an operator went back from is not brought back by a run.
    """
    made = [catalog.current(home), *catalog.gone_back_from(home)]
    return plan.fingerprint in [release.fingerprint for release in made if release is not None]


def refused_as_it_is(home: Home, plan: Plan) -> list[str]:
    """Why the last build was refused, if that was of the same plan and another attempt would end the same way."""
    build, current = home.last_build(), catalog.current(home)
    before = read_plan(build.plan)
    if before is None or before.fingerprint != plan.fingerprint:
        return []
    if failed := dbt_process.failures(build):
        return failed if dbt_process.only_tests_failed(build) else []
    try:
        verdict = read_verdict(build.verdict)
    except (OSError, ValueError, TypeError):
        return []  # it was not audited
    is_against_the_same = verdict.against == (current.release_id if current else None)
    return [str(finding) for finding in verdict.refusals] if is_against_the_same and not verdict.raised else []


def prepare(settings: Settings, build: Build, plan: Plan, progress: Callable[[str], None]) -> None:
    """Make the file of a build, and have dbt find it. Other builds that are not published are removed.

    Raises:
        BatchError: a segment of raw is missing.
    """
    entries, segments = accepted_batches(settings)
    _remove(Home(settings.home), but=[build.id])
    build.folder.mkdir(parents=True, exist_ok=True)
    dbt_process.open_build(settings, build)
    create_build(build.database, settings, entries, segments, base_build(settings, plan) if plan.base else None)
    if settings.engine.kind == "spark":
        hand_over(settings, build, segments, progress)
    plan.write(build.plan)


def remove_leftovers(settings: Settings) -> None:
    """Remove what killed runs left of releases and builds; nothing is new, so that no build is waiting for anything."""
    home = Home(settings.home)
    catalog.remove_leftovers(home)
    current = catalog.current(home)
    published = [release.build_id for release in catalog.existing(home)]
    if current is not None and home.last_build().id not in published and home.build(current.build_id).folder.is_dir():
        dbt_process.open_build(settings, home.build(current.build_id))
    _remove(home, but=published)


def _remove(home: Home, but: list[str]) -> None:
    """Remove all builds but some, and the one that is current."""
    current = catalog.current(home)
    for build in home.builds():
        if build.id not in but and (current is None or build.id != current.build_id):
            shutil.rmtree(build.folder)
