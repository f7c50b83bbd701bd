"""Step 3: Great Expectations judges the build; the verdict is stored with it.

Here: the audit asset, with a blocking check for each suite. Not here: what is expected (``expectations``).
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime

import dagster as dg

from expectations import great
from expectations.contents import contents
from expectations.frames import gather
from expectations.marts import MARTS
from expectations.verdict import evaluate
from ingestion.settings import Settings
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


def audit_asset(settings: Settings) -> dg.AssetsDefinition:
    """The verdict about the build of a run."""

    @dg.multi_asset(
        name="audit",
        specs=[
            dg.AssetSpec(
                "audit",
                deps=[dg.AssetKey(["marts", mart]) for mart in MARTS]
                + [dg.AssetKey(["intermediate", "int_row_accounting"])]
                + ([dg.AssetKey("brought_back")] if settings.engine.kind == "spark" else []),
                group_name="release",
                description="What the expectations say about exactly this build. Without it nothing is published.",
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(name, asset="audit", blocking=True, description=description)
            for name, description in SUITES.items()
        ],
    )
    def audit(
        context: dg.AssetExecutionContext, reporter: dg.ResourceParam[Reporter]
    ) -> Iterator[dg.MaterializeResult[None]]:
        home = Home(settings.home)
        build = home.build(context.run.run_id)
        if not build.plan.is_file():
            raise dg.Failure("this run has built nothing: run the whole job", allow_retries=False)
        with reporter.step("audit"), ThreadPoolExecutor(1) as pool:
            reporter.progress("loading Great Expectations")
            great.load()
            current = catalog.current(home)
            checksums = pool.submit(contents, build.candidate)  # beside the expectations: each uses a core
            frames = gather(build.database, build.candidate, current.rows if current else {}, datetime.now(UTC))
            reporter.progress("evaluating expectations")
            judged, write_docs = evaluate(build.id, frames, settings.quality)
            verdict = replace(judged, contents=checksums.result(), against=current.release_id if current else None)
            verdict.write(build.verdict)
            reporter.verdict = verdict
            reporter.write_beside(lambda: write_docs(build.docs))
        checks = []
        for name in SUITES:
            findings = [finding for finding in verdict.findings if finding.suite == name]
            refused = any(finding.severity != "warning" for finding in findings)
            checks.append(
                dg.AssetCheckResult(
                    check_name=name,
                    passed=not findings,
                    severity=dg.AssetCheckSeverity.ERROR if refused else dg.AssetCheckSeverity.WARN,
                    metadata={"findings": dg.MetadataValue.json([asdict(finding) for finding in findings])},
                )
            )
        yield dg.MaterializeResult(
            metadata={
                "holds": verdict.holds,
                "expectations_evaluated": verdict.evaluated,
                "warnings": len(verdict.warnings),
                "data_docs": dg.MetadataValue.path(str(build.docs / "index.html")),
            },
            check_results=checks,
        )

    return audit
