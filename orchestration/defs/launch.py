"""When the job is launched: by the clock, and when a look finds news. One run at a time works in a home.

Here: the schedule and the sensor. Not here: what is news (``orchestration.news``), and what there is to tell
(``orchestration.troubles``).
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from ingestion.freshness import ages
from ingestion.settings import Settings
from orchestration.dbt.plan import rules_of_builds
from orchestration.defs.names import Names
from orchestration.defs.raw import fresh
from orchestration.defs.standing import as_event
from orchestration.home import Home, is_locked
from orchestration.news import TRY_AGAIN, news
from orchestration.run_record import read_record

_LOOK_EVERY = 60
_PINGED, _LAUNCHED = "run of the last ping", "last launch"
_BUSY = "a run is at work in the home"


def schedule_of(settings: Settings, names: Names, job: Any) -> dg.ScheduleDefinition:
    """The schedule of a configuration that has one."""
    assert settings.schedule is not None
    assert settings.schedule.cron is not None

    @dg.schedule(
        name=names.of("scheduled_run"),
        job=job,
        cron_schedule=settings.schedule.cron,
        execution_timezone=settings.schedule.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Runs the job by the clock, whether there is news or not.",
    )
    def scheduled_run() -> dg.RunRequest | dg.SkipReason:
        return dg.SkipReason(_BUSY) if is_locked(Home(settings.home)) else dg.RunRequest()

    return scheduled_run


def sensor_of(settings: Settings, names: Names, job: Any) -> dg.SensorDefinition:
    """Says how old each source is; and launches the job for news where the configuration wishes it."""
    schedule = settings.schedule
    every = schedule.look_every_seconds if schedule else None

    @dg.sensor(
        name=names.of("watch"),
        job=job,
        minimum_interval_seconds=every or _LOOK_EVERY,
        default_status=dg.DefaultSensorStatus.RUNNING if schedule else dg.DefaultSensorStatus.STOPPED,
        description="Judges how old each source is; launches the job when there are new batches or changed archives, or"
        " a live source is due (schedule.look_every_seconds).",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        now = datetime.now(UTC)
        before: dict[str, Any] = json.loads(context.cursor or "{}")
        aged = {age.source: age for age in ages(settings, now)}
        state: dict[str, Any] = {name: [age.is_stale, age.hours and int(age.hours)] for name, age in aged.items()}
        state[_PINGED], lines = _tell(settings, now, before.get(_PINGED))
        for line in lines:
            context.log.warning(line)
        found = news(settings, now) if every else []
        launched = before.get(_LAUNCHED)
        state[_LAUNCHED] = _launched(settings, found, now, launched) if found else launched
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=json.dumps(state[_LAUNCHED]))] if found else [],
            skip_reason=None if found else _why_not(settings),
            cursor=json.dumps(state),
            asset_events=[as_event(fresh(names, aged[name])) for name in aged if before.get(name) != state[name]],
        )

    return watch


def _tell(settings: Settings, now: datetime, pinged: str | None) -> tuple[str | None, list[str]]:
    """Tell what has changed, and of a good run that was not told yet; that run, and who could not be told."""
    if not settings.alerts and not settings.ping:
        return None, []
    from orchestration.alerts.tell import ping, tell_state

    lines = tell_state(settings, now)
    record = read_record(Home(settings.home).record)
    is_at_work = is_locked(Home(settings.home))
    if record is None or is_at_work or record.refusals or record.started_at == pinged or not record.is_complete:
        return pinged, lines
    error = ping(settings)
    return (pinged, [*lines, error]) if error else (record.started_at, lines)


def _why_not(settings: Settings) -> str:
    if settings.schedule is None or settings.schedule.look_every_seconds is None:
        return "the job is launched by the clock alone: schedule.look_every_seconds is not set"
    return _BUSY if is_locked(Home(settings.home)) else "there is no news"


def _launched(settings: Settings, found: list[str], now: datetime, before: list[Any] | None) -> list[Any]:
    """What tells this news from other news, and when a run was launched for it: for both, Dagster launches one run.

    A run that could not even begin leaves no record. Another one is launched when its extension has been mended, and
    after a while. ``before``: the same of the last tick that had news.
    """
    record = read_record(Home(settings.home).record)
    known = [record and record.started_at, found, rules_of_builds(settings)]
    key = hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]
    if before and before[0] == key and abs(now.timestamp() - before[1]) < TRY_AGAIN.total_seconds():
        return before
    return [key, now.timestamp()]
