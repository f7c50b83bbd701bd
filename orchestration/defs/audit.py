"""Step 3: Great Expectations judges the build; the verdict is stored with it.

Here: the audit asset, with a blocking check for each suite. Not here: what is expected (``expectations``).
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from expectations import great
from expectations.contents import contents
from expectations.data_docs import PAGE
from expectations.frames import gather
from expectations.own import described, own_suites
from expectations.verdict import Finding, evaluate
from ingestion.freshness import ages
from ingestion.settings import Settings
from ingestion.shown import visible
from orchestration.defs.names import Names
from orchestration.defs.steps import build_of, step
from orchestration.home import Home
from orchestration.progress import Reporter
from orchestration.releases import catalog

SUITES = {
    "volumes": "Rows of each mart, against the current release.",
    "freshness": "How old the data of each source is.",
    "words": "Values of the enumerated columns.",
    "dates": "Dates and instants that every reader can hold.",
    "ranges": "Percents, shares and ratings within their bounds.",
    "ingested": "Shares of rows quarantined and of records restated.",
    "accounting": "Every row landed is accounted for.",
}


JUDGED = ("marts", "reporting", "reports", "quality")
"""The layers of dbt's models that a release consists of, or that say what became of each row."""


def audit_asset(settings: Settings, names: Names, reporter: Reporter, models: list[Any]) -> dg.AssetsDefinition:
    """The verdict about the build of a run. ``models``: the specs of dbt's models."""
    built = [spec.key for spec in models if spec.group_name in map(names.group, JUDGED)]
    on_spark = [names.key("brought_back")] if settings.engine.kind == "spark" else []
    suites = SUITES | described(settings.extension.path, taken=SUITES)

    @dg.multi_asset(
        name=names.of("audit"),
        specs=[
            names.spec(
                "audit",
                group="release",
                description="What the expectations say about exactly this build. Without it nothing is published.",
                kinds={"python"},
            ).replace_attributes(deps=[*built, *on_spark])
        ],
        check_specs=[
            dg.AssetCheckSpec(name, asset=names.key("audit"), blocking=True, description=description)
            for name, description in suites.items()
        ],
    )
    def audit(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        home = Home(settings.home)
        with step(settings, context, reporter, "audit"), ThreadPoolExecutor(1) as pool:
            build = build_of(settings, context)
            reporter.progress("loading Great Expectations")
            great.load()
            current = catalog.current(home)
            checksums = pool.submit(contents, build.candidate)  # beside the expectations: each uses a core
            before = current.rows if current else {}
            frames = gather(build.database, build.candidate, before, ages(settings, datetime.now(UTC)))
            reporter.progress("evaluating expectations")
            own = own_suites(settings.extension.path, build.database, build.candidate, settings.quality)
            judged, write_docs = evaluate(build.id, frames, settings.quality, own=own, about=suites)
            verdict = replace(judged, contents=checksums.result(), against=current.release_id if current else None)
            verdict.write(build.verdict)
            reporter.verdict = verdict
            yield dg.MaterializeResult(
                metadata={
                    "holds": verdict.holds,
                    "expectations_evaluated": verdict.evaluated,
                    "refusals": len(verdict.refusals),
                    "warnings": len(verdict.warnings),
                    **({} if verdict.holds else {"data_docs": dg.MetadataValue.path(str(build.docs / PAGE))}),
                },
                check_results=[
                    _check(name, description, [one for one in verdict.findings if one.suite == name])
                    for name, description in suites.items()
                ],
            )
            write_docs(build.docs)

    return audit


def _check(suite: str, description: str, findings: list[Finding]) -> dg.AssetCheckResult:
    refused = any(finding.severity != "warning" for finding in findings)
    metadata: dict[str, dg.MetadataValue[Any]] = {"findings": dg.MetadataValue.int(len(findings))}
    if findings:
        metadata["what"] = dg.MetadataValue.table([dg.TableRecord(_shown(finding)) for finding in findings])
    return dg.AssetCheckResult(
        check_name=suite,
        passed=not findings,
        severity=dg.AssetCheckSeverity.ERROR if refused else dg.AssetCheckSeverity.WARN,
        description=visible("; ".join(map(str, findings))) or description,
        metadata=metadata,
    )


def _shown(finding: Finding) -> Mapping[str, str]:
    fields = ("severity", "expected", "observed")
    return {name: visible(getattr(finding, name)) for name in fields}
