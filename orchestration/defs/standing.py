"""What Dagster shows of a release while runs find nothing new: the verdict about it.

Here: checks that a run leaves out keep their last result. Not here: the results (``raw``, ``transform``, ``audit``).
"""

from __future__ import annotations

from collections.abc import Collection

import dagster as dg

_EVALUATED = ("SUCCEEDED", "FAILED")
_LOOKED_BACK = 25
"""Runs; those that find nothing new repeat what they found, so that others were stopped."""


def keep_verdicts(context: dg.AssetExecutionContext, but: Collection[dg.AssetKey] = ()) -> None:
    """Repeat the last result of each check that this run planned and will not evaluate; else Dagster shows none.

    ``but``: assets whose checks it has evaluated.
    """
    if context.instance.is_ephemeral:
        return
    ours = {check.key for check in context.assets_def.check_specs}
    planned = context.instance.all_logs(context.run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED)
    for entry in planned:
        assert entry.dagster_event is not None
        key = entry.dagster_event.asset_check_planned_data.asset_check_key
        if key in ours or key.asset_key in but:
            continue
        history = context.instance.event_log_storage.get_asset_check_execution_history(key, limit=_LOOKED_BACK)
        last = next((one.evaluation for one in history if one.status.value in _EVALUATED), None)
        if last is not None:
            context.log_event(last)


def as_event(result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """The result of a check, as it is logged where its asset is not made."""
    assert result.asset_key is not None
    assert result.check_name is not None
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
    )
