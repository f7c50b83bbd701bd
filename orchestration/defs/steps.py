"""What the steps of the job share: one run at a time works in a home, and each step is in the record of its run.

Here: beginning and end of a step, and the build that it works on. Not here: any asset.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from ingestion.settings import Settings
from ingestion.shown import visible
from orchestration.defs.stopping import end_when_stopped
from orchestration.home import Build, Home, lock
from orchestration.progress import Reporter
from orchestration.releases import catalog


@contextmanager
def step(settings: Settings, context: dg.AssetExecutionContext, reporter: Reporter, name: str) -> Iterator[None]:
    """Work in the home of a configuration: a step waits while another run is at work there."""
    home = Home(settings.home)
    end_when_stopped(context, reporter)
    for line in filter(None, (lock(home, wait=context.log.info), catalog.give_folders(home))):
        context.log.warning(line)
    with reporter.step(name, context.run.run_id):
        yield


def build_of(settings: Settings, context: dg.AssetExecutionContext) -> Build:
    """The build of this run; of one that makes none, such as a step launched alone, the last build.

    Raises:
        Failure: there is none.
    """
    home = Home(settings.home)
    build = home.build(context.run.run_id)
    if not build.plan.is_file():
        build = home.last_build()
    if not build.plan.is_file():
        raise dg.Failure("there is no build yet: launch the whole job", allow_retries=False)
    return build


def refused(reasons: list[str]) -> dg.Failure:
    """The failure of a step that says why; to try again would end the same way."""
    return dg.Failure(visible("; ".join(reasons)), allow_retries=False)
