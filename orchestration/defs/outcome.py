"""Step 7: a run in which anything was refused fails, after everything else is published.

Here: the asset that says so. Not here: what refuses (``ingestion``, ``expectations``), and the checks that show it.
"""

from datetime import UTC, datetime

import dagster as dg

from ingestion.settings import Settings
from orchestration.defs.names import Names
from orchestration.defs.steps import refused, step
from orchestration.defs.targets import TARGETS
from orchestration.progress import Reporter
from orchestration.troubles import troubles_of


def outcome_asset(settings: Settings, names: Names, reporter: Reporter) -> dg.AssetsDefinition:
    """What a run came to."""

    @dg.multi_asset(
        name=names.of("outcome"),
        specs=[
            names.spec(
                "outcome",
                group="upkeep",
                deps=[("compacted_raw",), ("kept_releases",), *((TARGETS, target.name) for target in settings.publish)],
                kinds={"python"},
                description="Whether the run was good. It fails where a batch was refused or a source could not be"
                " read; what there was besides is published.",
            )
        ],
    )
    def outcome(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with step(settings, context, reporter, "outcome"):
            troubles = troubles_of(settings, datetime.now(UTC), is_running=True)
            refusals = [reason for trouble in troubles if trouble.fails_a_run for reason in trouble.reasons]
        if refusals:
            raise refused(refusals)
        return dg.MaterializeResult(metadata={"release_id": reporter.record.release_id or "none"})

    return outcome
