"""Step 5: small segments of raw are joined into larger ones.

Here: the asset that does it after the release, which does not wait for it. Not here: which are joined
(``ingestion.raw.compaction``).
"""

import dagster as dg

from ingestion.accepted import accepted_batches
from ingestion.raw.compaction import compact
from ingestion.settings import Settings
from orchestration.defs.names import Names
from orchestration.defs.steps import step
from orchestration.progress import Reporter


def compacted_asset(settings: Settings, names: Names, reporter: Reporter) -> dg.AssetsDefinition:
    """Raw with small segments joined into larger ones."""

    @dg.multi_asset(
        name=names.of("compacted_raw"),
        specs=[
            names.spec(
                "compacted_raw",
                group="upkeep",
                deps=[("release",)],
                kinds={"parquet"},
                description="Segments of raw, small ones joined into larger ones: the same rows in fewer files.",
            )
        ],
    )
    def compacted_raw(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with step(settings, context, reporter, "compact"):
            _, segments = accepted_batches(settings)
            compact(settings, reporter.progress, [segment.folder for segment in segments])  # those of the new build
            _, segments = accepted_batches(settings)
        return dg.MaterializeResult(metadata={"segments": len(segments)})

    return compacted_raw
