"""Repairs as jobs: what an operator does in the launchpad, as the commands do it on a terminal.

Here: their configuration, and what a run of one says. Not here: what they do (``ingestion.repairs``,
``ingestion.decisions``, ``orchestration.releases.going_back``, ``orchestration.verification``), and a full refresh,
which is the main job with its configuration.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import dagster as dg
from pydantic import Field

from ingestion import decisions, repairs
from ingestion.settings import Settings
from ingestion.shown import visible
from ingestion.source_kinds import LIVE_KINDS
from orchestration.home import Home, lock
from orchestration.postgres.server import TargetError
from orchestration.releases import catalog
from orchestration.releases.going_back import go_back
from orchestration.spark.views import ViewsError
from orchestration.verification import in_words
from orchestration.verification import verify as verified

_MISTAKES = (decisions.DecisionError, catalog.UnknownReleaseError, catalog.UnpublishableError, ViewsError, TargetError)
_NOT_TRIED_AGAIN = {"dagster/max_retries": "0"}
"""Whatever the instance says: an operator looks at what became of it."""
_SECONDS_BETWEEN_LINES = 10
"""A log keeps every line, so progress is told now and then."""


def repair_jobs(settings: Settings, name_prefix: str = "") -> list[dg.JobDefinition]:
    """The jobs of a home. ``name_prefix``: of jobs and ops, where other homes are in the same code location."""
    live = [source.name for source in settings.sources if source.kind in LIVE_KINDS]
    ops = [
        *([_reread_source(settings, name_prefix, live)] if live else []),
        _parse_again(settings, name_prefix),
        *(_decision(settings, name_prefix, verb) for verb in ("accept", "reject")),
        _roll_back(settings, name_prefix),
        _verify(settings, name_prefix),
    ]
    return [
        dg.GraphDefinition(name=f"{op.name}_graph", node_defs=[op]).to_job(
            name=op.name, description=op.description, executor_def=dg.in_process_executor, tags=_NOT_TRIED_AGAIN
        )
        for op in ops
    ]


def _choice(names: Iterable[str]) -> Any:
    """A type that the launchpad shows as a choice. Dagster takes two types of one name for the same."""
    listed = list(names)
    return StrEnum(f"Source_{hashlib.sha256(repr(listed).encode()).hexdigest()[:8]}", {name: name for name in listed})


@contextmanager
def _at_work(settings: Settings, context: dg.OpExecutionContext) -> Iterator[Callable[[str], None]]:
    """Take the home for a repair, as soon as no other run is at work.

    What is said of it is logged and is metadata of the run. A mistake fails the run.
    """
    home, said = Home(settings.home), list[str]()

    def say(line: str) -> None:
        context.log.info(visible(line))
        said.append(visible(line))

    try:
        for line in filter(None, (lock(home, wait=context.log.info), catalog.give_folders(home))):
            context.log.warning(line)
        yield say
    except _MISTAKES as error:
        raise dg.Failure("\n".join(map(visible, str(error).splitlines())), allow_retries=False) from None
    context.add_output_metadata({"done": " ".join(said)})


def _reread_source(settings: Settings, prefix: str, live: Iterable[str]) -> dg.OpDefinition:
    source_name = _choice(live)

    class RereadSource(dg.Config):
        source: source_name = Field(description="The live source.")  # type: ignore[valid-type]
        since: str | None = Field(
            default=None,
            description="A date as 2026-08-31, or an instant as 2026-08-31T14:30, in the zone of the account: what"
            " changed since is read again, and nothing counts as deleted by that. Without it all is read again, which"
            " also finds what was deleted.",
        )

    @dg.op(name=f"{prefix}reread_source", description="Has the next run read a live source again: all of it, or since.")
    def reread_source(context: dg.OpExecutionContext, config: RereadSource) -> None:
        with _at_work(settings, context) as say:
            say(repairs.read_again(settings, str(config.source), config.since, datetime.now(UTC)))

    return reread_source


def _parse_again(settings: Settings, prefix: str) -> dg.OpDefinition:
    source_name = _choice(source.name for source in settings.sources)

    class ParseAgain(dg.Config):
        source: source_name | None = Field(  # type: ignore[valid-type]
            default=None, description="The source whose batches are parsed again; without it, all sources."
        )

    @dg.op(
        name=f"{prefix}parse_again",
        description="Has the next run make raw again from landing, where raw is damaged or doubted, and build in full.",
    )
    def parse_again(context: dg.OpExecutionContext, config: ParseAgain) -> None:
        with _at_work(settings, context) as say:
            say(repairs.parse_again(settings, None if config.source is None else str(config.source), datetime.now(UTC)))

    return parse_again


def _decision(settings: Settings, prefix: str, verb: str) -> dg.OpDefinition:
    source_name = _choice(source.name for source in settings.sources)
    decide, does, then = {
        "accept": (
            decisions.accept,
            "Has the next run ingest a batch that was refused or set aside, as it is.",
            "accepted; the next run ingests it",
        ),
        "reject": (
            decisions.reject,
            "Sets a batch aside, so that later ones of its source are ingested; an accepted one is taken out again.",
            "set aside; the next run continues without it",
        ),
    }[verb]

    class Decide(dg.Config):
        source: source_name = Field(description="The source of the batch.")  # type: ignore[valid-type]
        batch: str = Field(description="Its name, as `causerie status` shows it.")
        reason: str = Field(description="Why. It is kept with the decision, and listed with the releases.")

    @dg.op(name=f"{prefix}{verb}_batch", description=does)
    def decide_batch(context: dg.OpExecutionContext, config: Decide) -> None:
        with _at_work(settings, context) as say:
            decide(settings, str(config.source), config.batch, config.reason, datetime.now(UTC))
            say(f"{config.source} {config.batch}: {then}")

    return decide_batch


def _roll_back(settings: Settings, prefix: str) -> dg.OpDefinition:
    class RollBack(dg.Config):
        release: str = Field(
            default="previous",
            description="The id of a kept release, the beginning of one, or `previous`; also a newer one.",
        )

    @dg.op(name=f"{prefix}roll_back", description="Has readers see a kept release again.")
    def roll_back(context: dg.OpExecutionContext, config: RollBack) -> None:
        with _at_work(settings, context) as say:
            go_back(settings, config.release, datetime.now(UTC), say)

    return roll_back


def _verify(settings: Settings, prefix: str) -> dg.OpDefinition:
    @dg.op(
        name=f"{prefix}verify",
        description="Reads all that is kept: releases against what was judged, landing against its manifests, raw"
        " against the ledger. Fails where something is not as it was written. Writes nothing, and disturbs no run.",
    )
    def verify(context: dg.OpExecutionContext) -> None:
        found = verified(settings, _now_and_then(context.log.info))
        for line in in_words(found):
            context.log.info(line)
        for line in found.notes:
            context.log.warning(line)
        for line in found.faults:
            context.log.error(line)
        numbers = dict(found.looked_at) | {"faults": len(found.faults)}
        if found.faults:
            listed = dg.MetadataValue.md("\n".join(f"* {visible(line)}" for line in found.faults))
            raise dg.Failure(
                f"faults: {len(found.faults):,}; the first: {found.faults[0]}",
                metadata=numbers | {"found": listed},
                allow_retries=False,
            )
        context.add_output_metadata(numbers)

    return verify


def _now_and_then(say: Callable[[str], None]) -> Callable[[str], None]:
    last = time.monotonic()

    def told(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            say(line)

    return told
