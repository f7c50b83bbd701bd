"""Tell each channel what has changed since it was told last.

Here: who is told what, and what is remembered of it. Not here: the words (``messages``), how they are sent
(``channels``), and what is a trouble (``orchestration.troubles``). Nothing raises here: a run does not fail because
nobody could be told of it.

A trouble is told once on each channel, and once that it is over. A channel that cannot be reached is told the next
time, if the trouble is still there: what came and went meanwhile is not told. A message is sent before it is
remembered: after a kill between the two it is sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from ingestion.alert_settings import AnyChannel
from ingestion.settings import Settings
from orchestration.alerts import memory
from orchestration.alerts.channels import all_at_once, check, send, send_ping
from orchestration.alerts.memory import Memory
from orchestration.alerts.messages import of_change, of_test, what_readers_see
from orchestration.home import Home, is_locked
from orchestration.troubles import Trouble, troubles_of

_LATE = timedelta(minutes=10)
"""A state that is older than the one that was told last is not told. If it is so much older, a clock was set back."""
PING = "[ping]"
"""How the ping is named beside the channels."""


def tell_state(settings: Settings, now: datetime, *, ends_run: bool = False) -> list[str]:
    """Tell what has changed in a home; a line for each channel that could not be told.

    The end of a run that is at work there is waited for: it may mend what it found. ``ends_run``: it is this one.
    """
    if not settings.alerts:
        return []
    home = Home(settings.home)
    was_locked = is_locked(home)
    troubles, readers_see = troubles_of(settings, now, is_running=False), what_readers_see(home)
    if not ends_run and (was_locked or is_locked(home)):  # a run may have begun meanwhile
        return []
    return tell(settings, troubles, readers_see, now)


def tell(settings: Settings, troubles: Sequence[Trouble], readers_see: str, now: datetime) -> list[str]:
    """Tell every channel what has begun and what is over; a line for each channel that could not be told.

    ``troubles``: of the home, all of them, as they were ``now``. ``readers_see``: a sentence about the current release.
    """
    if not settings.alerts:
        return []
    home = Home(settings.home)
    try:
        with memory.locked(home):
            return _tell(home, settings.alerts, troubles, readers_see, now)
    except OSError as error:
        return [f"alerts: nobody could be told: {error}"]


def _tell(
    home: Home, channels: Sequence[AnyChannel], troubles: Sequence[Trouble], readers_see: str, now: datetime
) -> list[str]:
    before = memory.read(home)
    if before.judged_at is not None and timedelta(0) < before.judged_at - now < _LATE:
        return []
    there = {trouble.key: trouble for trouble in troubles}
    told = {channel.name: before.told.get(channel.name, {}) for channel in channels}
    after: dict[str, dict[str, Trouble]] = dict(told)
    jobs = {channel.name: partial(check, channel) for channel in channels}
    is_news = False
    for channel in channels:
        known = told[channel.name]
        began = {
            key: trouble
            for key, trouble in there.items()
            if key not in known and (channel.kinds is None or trouble.kind in channel.kinds)
        }
        over = [trouble for key, trouble in known.items() if key not in there]
        if began or over:
            is_news = True
            message = of_change(home, [*began.values()], over, readers_see, is_well=not there)
            jobs[channel.name] = partial(send, channel, message)
            after[channel.name] = {key: trouble for key, trouble in (known | began).items() if key in there}
    errors = all_at_once(jobs)
    lines = [f"alerts: {name}: {error}" for name, error in errors.items()]
    after |= {name: told[name] for name, error in errors.items() if not error.is_sent}
    remembered = Memory(now if is_news else before.judged_at, after)
    if remembered != before:
        try:
            memory.write(home, remembered)
        except OSError as error:
            lines.append(f"alerts: what was told cannot be remembered and will be told again: {error}")
    return lines


def ping(settings: Settings) -> str | None:
    """Report a good run where the configuration says; a line if nobody has heard of it."""
    if settings.ping is None:
        return None
    errors = all_at_once({PING: partial(send_ping, settings.ping)})
    return f"{PING}: {errors[PING]}" if errors else None


def try_out(settings: Settings, readers_see: str) -> dict[str, str | None]:
    """Send a test to every channel, and the ping: by name, what went wrong, or None."""
    message = of_test(Home(settings.home), readers_see)
    jobs = {channel.name: partial(send, channel, message) for channel in settings.alerts}
    if settings.ping is not None:
        jobs[PING] = partial(send_ping, settings.ping)
    errors = all_at_once(jobs)
    return {name: str(errors[name]) if name in errors else None for name in jobs}
