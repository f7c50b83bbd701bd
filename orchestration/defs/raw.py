"""Step 1: new batches are landed, parsed and judged; what is accepted is what the build will read.

Here: the raw assets and the decision whether there is anything to build. Not here: how batches are ingested
(``ingestion``).
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace

import dagster as dg

from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import create_build
from ingestion.export_format import ENTITIES
from ingestion.ingest import SourceReport, ingest_sources
from ingestion.settings import Settings
from ingestion.shown import visible
from ingestion.source_kinds import EXPORT, LIVE_KINDS, entities_of, shape_of_records
from ingestion.storage.landing import BatchError
from orchestration.dbt import process as dbt_process
from orchestration.dbt.plan import base_build, make_plan
from orchestration.home import Build, Home, lock
from orchestration.progress import Reporter
from orchestration.releases import catalog, exports
from orchestration.spark.handover import hand_over
from orchestration.spark.views import ViewsError, point_views

_DESCRIPTIONS = {
    "conversations": "Conversations as the sources delivered them: every version, typed.",
    "messages": "Messages as the sources delivered them: every version, typed. No texts.",
    "contacts": "Contacts with phone and tags, every version.",
    "agents": "Agents, every version.",
    "events": "Hand-overs, closings, reopenings and assignments.",
    "ratings": "Survey records, answered or not, every version.",
}
ACCEPTED = dg.AssetCheckSpec(
    "no_batch_refused",
    asset=["raw", "conversations"],
    description="Every complete batch of every source was accepted. A refused batch stops its source, not the others.",
)


class IngestConfig(dg.Config):
    """How a run ingests and builds."""

    full_refresh: bool = False
    """Build in full, also where nothing is new or an incremental build would do."""


def raw_assets(settings: Settings) -> dg.AssetsDefinition:
    """The raw entities, as one step: a batch is accepted or refused as a whole."""

    kinds = [kind for kind in LIVE_KINDS if any(source.kind == kind for source in settings.sources)]
    entities = [("raw", EXPORT, entity) for entity in ENTITIES]
    entities += [(kind, kind, entity) for kind in kinds for entity in entities_of(kind)]

    @dg.multi_asset(
        name="ingest",
        specs=[
            dg.AssetSpec([prefix, entity], description=_description(kind, entity), group_name="raw", skippable=True)
            for prefix, kind, entity in entities
        ],
        check_specs=[ACCEPTED],
    )
    def ingest(
        context: dg.AssetExecutionContext, config: IngestConfig, reporter: dg.ResourceParam[Reporter]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        home = Home(settings.home)
        for line in filter(None, (lock(home), catalog.give_folders(home))):
            context.log.warning(line)
        dbt_process.load_ahead(settings)
        build = home.build(context.run.run_id)
        with reporter.step("ingest"):
            reporter.sources = ingest_sources(settings, reporter.progress)
            try:
                entries, segments = accepted_batches(settings)
            except BatchError as error:
                reporter.build_failures = [str(error)]
                raise dg.Failure(str(error), allow_retries=False) from None
            plan = make_plan(settings, entries)
            current = catalog.current(home)
            made = [current, *catalog.gone_back_from(home)]  # what an operator left is not brought back by a run
            is_known = plan.fingerprint in [release.fingerprint for release in made if release is not None]
            reporter.is_new = bool(entries) and (config.full_refresh or not is_known)
            if reporter.is_new:
                reporter.progress("preparing the build")
                base = None if config.full_refresh else base_build(settings, plan)
                reporter.is_incremental = base is not None
                _remove_unpublished(home, build)
                build.folder.mkdir(parents=True, exist_ok=True)
                dbt_process.open_build(settings, build)
                create_build(build.database, settings, entries, segments, base)
                if settings.engine.kind == "spark":
                    hand_over(settings, build, segments, reporter.progress)
                replace(plan, base=base.build_id if base else None).write(build.plan)
        refusals = [reason for source in reporter.sources for reason in source.refusals]
        for line in refusals:
            context.log.error(visible(line))
        for line in (warning for source in reporter.sources for warning in source.warnings):
            context.log.warning(visible(line))
        if reporter.is_new:
            for prefix, kind, entity in entities:
                named = {source.name for source in settings.sources if shape_of_records(source.kind) == kind}
                reports = [report for report in reporter.sources if report.source in named]
                yield dg.MaterializeResult(asset_key=[prefix, entity], metadata=_counts(entity, reports))
        else:
            _remove_leftovers(
                settings, home
            )  # of a run that was killed; else they would stay until the next new batches
            if current is not None:
                try:
                    if settings.releases.parquet:
                        exports.ensure(home, current)
                    point_views(settings, current)
                except (catalog.UnpublishableError, ViewsError) as error:
                    reporter.build_failures = [str(error)]
                    raise dg.Failure(str(error), allow_retries=False) from None
            dbt_process.dismiss(settings)
            context.log.info("nothing new: the current release stays")
        yield dg.AssetCheckResult(
            check_name=ACCEPTED.name,
            asset_key=ACCEPTED.asset_key,
            passed=not refusals,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"refusals": dg.MetadataValue.json(refusals)},
        )

    return ingest


def _description(kind: str, entity: str) -> str:
    if kind == EXPORT:
        return _DESCRIPTIONS[entity]
    return f"The {entity} of {kind} sources as they came: every reading, typed."


def _remove_unpublished(home: Home, build: Build) -> None:
    """Remove all builds but the one that is current and the one that is being made."""
    current = catalog.current(home)
    for old in home.builds():
        if old.id != build.id and (current is None or old.id != current.build_id):
            shutil.rmtree(old.folder)


def _remove_leftovers(settings: Settings, home: Home) -> None:
    """Remove what killed runs left of releases and builds; nothing is new, so that no build is waiting for anything."""
    catalog.remove_leftovers(home)
    current = catalog.current(home)
    if current is None:
        return
    published = {release.build_id for release in catalog.kept(home)}
    build = home.build(current.build_id)
    if home.last_build().id not in published and build.folder.is_dir():
        dbt_process.open_build(settings, build)
    for left in home.builds():
        if left.id not in published:
            shutil.rmtree(left.folder)


def _counts(entity: str, sources: list[SourceReport]) -> dict[str, int]:
    """Rows of an entity that this run accepted."""
    accepted = [
        entry.counts[entity] for source in sources for entry in source.having("accepted") if entity in entry.counts
    ]
    return {
        "rows_landed": sum(counts.landed for counts in accepted),
        "rows_quarantined": sum(counts.quarantined for counts in accepted),
        "records_restated": sum(counts.restated for counts in accepted),
    }
