"""Step 6b: each target of ``[[publish]]`` shows the release, too.

Here: an asset for each target, with a check. What fails there fails that target alone: the release stands, and each
later run tries again, also one without news. Not here: how a target is made right (``orchestration.postgres``).
"""

from collections.abc import Iterator

import dagster as dg

from ingestion.settings import Settings
from ingestion.shown import visible
from ingestion.target_settings import PostgresTarget
from orchestration.defs.names import Names
from orchestration.defs.standing import as_event
from orchestration.defs.steps import refused, step
from orchestration.postgres.target import why_not_right
from orchestration.progress import Reporter

TARGETS, SHOWN = "targets", "shown"


def target_assets(settings: Settings, names: Names, reporter: Reporter) -> list[dg.AssetsDefinition]:
    """The release in each target."""
    return [_target_asset(settings, names, reporter, target) for target in settings.publish]


def _target_asset(settings: Settings, names: Names, reporter: Reporter, target: PostgresTarget) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=names.of(f"{TARGETS}_{target.name}"),
        specs=[
            names.spec(
                *(TARGETS, target.name),
                group="release",
                deps=[("release",), ("kept_releases",)],
                kinds={target.kind},
                description=f"The kept releases in PostgreSQL. The views of the schema {target.views_in} show the"
                " current one.",
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(SHOWN, asset=names.key(TARGETS, target.name), description="It shows the current release.")
        ],
    )
    def publish_to_target(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        with step(settings, context, reporter, target.name):
            failure = why_not_right(settings, target, reporter.progress)
            reporter.target_tried(target.name, failure)
        if failure is None:
            yield dg.MaterializeResult(check_results=[_check(names, target, failure)])
        else:
            yield _check(names, target, failure)
            raise refused([failure])

    return publish_to_target


def make_targets_right(settings: Settings, names: Names, reporter: Reporter, context: dg.AssetExecutionContext) -> None:
    """The same in a run that found nothing new: a run before may have failed to do it."""
    for target in settings.publish:
        failure = why_not_right(settings, target, reporter.progress)
        reporter.target_tried(target.name, failure)
        context.log_event(as_event(_check(names, target, failure)))


def _check(names: Names, target: PostgresTarget, failure: str | None) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=names.key(TARGETS, target.name),
        check_name=SHOWN,
        passed=failure is None,
        severity=dg.AssetCheckSeverity.ERROR,
        description=visible(failure or "It shows the current release."),
    )
