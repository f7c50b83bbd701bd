"""Step 1: new batches are landed, parsed and judged; what is accepted is what the build will read.

Here: the assets of sources and of raw, and what Dagster shows of refusals. Not here: how batches are ingested
(``ingestion``), and what there is to build (``orchestration.builds``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from pydantic import Field

from ingestion.accepted import accepted_batches
from ingestion.export_format import ENTITIES
from ingestion.freshness import Age, ages
from ingestion.ingest import SourceReport, ingest_sources
from ingestion.settings import Settings
from ingestion.shown import visible
from ingestion.source_kinds import EXPORT, LIVE_KINDS, entities_of, shape_of_records
from ingestion.source_settings import AnySource
from ingestion.storage.landing import BatchError
from orchestration import builds, news
from orchestration.dbt import process as dbt_process
from orchestration.dbt.plan import Plan, base_build, make_plan
from orchestration.defs.names import Names
from orchestration.defs.standing import keep_verdicts
from orchestration.defs.steps import refused, step
from orchestration.defs.targets import TARGETS, make_targets_right
from orchestration.home import Home
from orchestration.progress import Reporter
from orchestration.releases import catalog, exports
from orchestration.spark.views import ViewsError, point_views

ACCEPTED, FRESH = "accepted", "fresh"
_DESCRIPTIONS = {
    "conversations": "Conversations as the sources delivered them: every version, typed.",
    "messages": "Messages as the sources delivered them: every version, typed. No texts.",
    "contacts": "Contacts with phone and tags, every version.",
    "agents": "Agents, every version.",
    "events": "Hand-overs, closings, reopenings and assignments.",
    "ratings": "Survey records, answered or not, every version.",
    "flow_runs": "Runs of automated flows, every version.",
}


class IngestConfig(dg.Config):
    """How a run ingests and builds."""

    full_refresh: bool = Field(
        default=False, description="Build in full, also where nothing is new or an incremental build would do."
    )


def raw_assets(settings: Settings, names: Names, reporter: Reporter) -> dg.AssetsDefinition:
    """Sources and raw entities, as one step: a batch is accepted or refused as a whole."""
    shapes = {source.name: shape_of_records(source.kind) for source in settings.sources}
    entities = [
        ("raw" if kind == EXPORT else kind, kind, entity)
        for kind in (EXPORT, *LIVE_KINDS)
        if kind in shapes.values()
        for entity in (ENTITIES if kind == EXPORT else entities_of(kind))
    ]

    @dg.multi_asset(
        name=names.of("ingest"),
        specs=[
            names.spec(
                *("sources", source.name),
                group="sources",
                description=f"What {source.name} delivers ({source.kind}), of the account {source.account}.",
                kinds={source.kind},
                skippable=True,
            )
            for source in settings.sources
        ]
        + [
            names.spec(
                *(prefix, entity),
                group="raw",
                deps=[("sources", name) for name, shape in shapes.items() if shape == kind],
                description=_description(kind, entity),
                kinds={"parquet"},
                skippable=True,
            )
            for prefix, kind, entity in entities
        ],
        check_specs=[
            check
            for source in settings.sources
            for check in (
                dg.AssetCheckSpec(
                    ACCEPTED,
                    asset=names.key("sources", source.name),
                    description="It could be read, and each batch was accepted. A refused batch stops its source only.",
                ),
                dg.AssetCheckSpec(
                    FRESH, asset=names.key("sources", source.name), description="It has delivered recently."
                ),
            )
        ]
        + [
            dg.AssetCheckSpec(
                ACCEPTED, asset=names.key(prefix, entity), description=f"No batch was refused for its {entity}."
            )
            for prefix, _, entity in entities
        ],
    )
    def ingest(
        context: dg.AssetExecutionContext, config: IngestConfig
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        home = Home(settings.home)
        with step(settings, context, reporter, "ingest"):
            dbt_process.load_ahead(settings)
            reporter.sources_seen(news.look(settings))
            reporter.sources_read(ingest_sources(settings, reporter.progress))
            reports = {report.source: report for report in reporter.sources}
            for report in reporter.sources:
                for line in report.refusals:
                    context.log.error(visible(line))
                for line in report.warnings:
                    context.log.warning(visible(line))
            plan = _plan(settings, reporter)
            is_made = builds.is_made(home, plan) or not plan.batches
            reporter.build_failures = [] if config.full_refresh else builds.refused_as_it_is(home, plan)
            reporter.is_new = bool(plan.batches) and (config.full_refresh or not (is_made or reporter.build_failures))
            if reporter.is_new:
                base = None if config.full_refresh else base_build(settings, plan)
                reporter.is_incremental = base is not None
                build = home.build(context.run.run_id)
                build.folder.mkdir(parents=True, exist_ok=True)
                replace(plan, base=base.build_id if base else None).write(build.plan)
            else:
                dbt_process.dismiss(settings)
                if not reporter.build_failures:
                    builds.remove_leftovers(settings)
                _mend_release(settings, reporter)
                make_targets_right(settings, names, reporter, context)
        if reporter.is_new:
            for source in settings.sources:
                if reports[source.name].having("accepted"):
                    yield dg.MaterializeResult(
                        asset_key=names.key("sources", source.name), metadata=_delivered(reports[source.name])
                    )
            for prefix, kind, entity in entities:
                of_kind = [report for report in reporter.sources if shapes[report.source] == kind]
                yield dg.MaterializeResult(asset_key=names.key(prefix, entity), metadata=_counts(entity, of_kind))
        yield from _accepted(names, settings.sources, entities, shapes, reports)
        yield from (fresh(names, age) for age in ages(settings, datetime.now(UTC)))
        if not reporter.is_new:
            context.log.info("nothing new: the current release stays")
            keep_verdicts(context, but=[names.key(TARGETS, name) for name in reporter.targets])
            if reporter.refusals:
                raise refused(reporter.refusals)

    return ingest


def _plan(settings: Settings, reporter: Reporter) -> Plan:
    try:
        entries, _ = accepted_batches(settings)
    except BatchError as error:
        reporter.build_failures = [str(error)]
        raise refused(reporter.build_failures) from None
    return make_plan(settings, entries)


def _mend_release(settings: Settings, reporter: Reporter) -> None:
    """See that the current release has its exports and views: a run before may have failed to make them."""
    home = Home(settings.home)
    current = catalog.current(home)
    if current is not None:
        try:
            if settings.releases.parquet:
                exports.ensure(home, current)
            point_views(settings, current)
        except (catalog.UnpublishableError, ViewsError) as error:
            reporter.build_failures = [str(error)]
            raise refused(reporter.build_failures) from None


def _description(kind: str, entity: str) -> str:
    if kind == EXPORT:
        return _DESCRIPTIONS[entity]
    return f"The {entity} of {kind} sources as they came: every reading, typed."


def _accepted(
    names: Names,
    sources: Sequence[AnySource],
    entities: Sequence[tuple[str, str, str]],
    shapes: dict[str, str],
    reports: dict[str, SourceReport],
) -> Iterator[dg.AssetCheckResult]:
    """Of each source, whether all of it was accepted; of each entity, whether it was the reason for a refusal."""
    against = [
        (entry.source, entry.batch, reason)
        for report in reports.values()
        for entry in report.having("refused")
        for reason in entry.against
    ]
    for source in sources:
        report = reports[source.name]
        of_source = [(batch, reason.entity, reason.text) for name, batch, reason in against if name == source.name]
        if report.failure:
            of_source.append(("", None, report.failure))
        yield _refusals(names.key("sources", source.name), source.name, of_source)
    for prefix, kind, entity in entities:
        of_entity: list[tuple[str, str | None, str]] = [
            (f"{name} {batch}", entity, reason.text)
            for name, batch, reason in against
            if shapes[name] == kind and reason.entity == entity
        ]
        yield _refusals(names.key(prefix, entity), entity, of_entity)


def _refusals(key: dg.AssetKey, what: str, reasons: list[tuple[str, str | None, str]]) -> dg.AssetCheckResult:
    """The check ``accepted`` of an asset; the reasons are of batches, entities and words."""
    records = [
        dg.TableRecord({"batch": batch, "entity": entity or "", "reason": visible(text)})
        for batch, entity, text in reasons
    ]
    found: dict[str, dg.MetadataValue[Any]] = {"refusals": dg.MetadataValue.int(len(reasons))}
    if records:
        found["reasons"] = dg.MetadataValue.table(records)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ACCEPTED,
        passed=not reasons,
        severity=dg.AssetCheckSeverity.ERROR,
        description=visible("; ".join(text for *_, text in reasons)) or f"Nothing of {what} is refused.",
        metadata=found,
    )


def fresh(names: Names, age: Age) -> dg.AssetCheckResult:
    """The check ``fresh`` of a source; a stale one is a warning."""
    return dg.AssetCheckResult(
        asset_key=names.key("sources", age.source),
        check_name=FRESH,
        passed=not age.is_stale,
        severity=dg.AssetCheckSeverity.WARN,
        description=str(age),
        metadata={"limit_hours": age.limit, **({"hours_old": age.hours} if age.hours is not None else {})},
    )


def _delivered(report: SourceReport) -> dict[str, int]:
    """What a source delivered in this run."""
    accepted = report.having("accepted")
    return {
        "batches": len(accepted),
        "rows_landed": sum(counts.landed for entry in accepted for counts in entry.counts.values()),
        "rows_quarantined": sum(counts.quarantined for entry in accepted for counts in entry.counts.values()),
    }


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
