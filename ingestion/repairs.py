"""What operators ask of the next run: to read a live source again, to parse again what is in landing.

Here: what may be asked. Not here: how it is done (``sources.live``, ``ingest``), and decisions about single batches
(``decisions``). A repair overrules no judgement, so nobody has to say why.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from ingestion import zones
from ingestion.decisions import DecisionError, source_named
from ingestion.settings import Settings
from ingestion.shown import command
from ingestion.source_kinds import KINDS, LIVE_KINDS
from ingestion.storage.ledger import LEDGER, Ledger, Repair


def read_again(settings: Settings, name: str, since: str | None, now: datetime) -> str:
    """Have the next reading of a live source begin at an instant, or at the beginning; what was asked, in words.

    ``since``: a date, or an instant; without an offset in the zone of the account.

    Raises:
        DecisionError: there is no such source, it is not read, or not from an instant on, or there is no such instant.
    """
    source = source_named(settings, name)
    if source.kind not in LIVE_KINDS:
        raise DecisionError(
            f"{name}: its batches are delivered, so there is no system to read: deliver what is missing under a new"
            f" name, or have what is in landing parsed again: {command('parse-again', name)}"
        )
    if since is not None and not KINDS[source.kind].has_since:
        raise DecisionError(f"{name}: {source.kind} cannot be asked since when: each run reads all of it; leave it out")
    at = _instant(since, zones.zone(settings.account_of(source).timezone), now) if since else None
    with Ledger(settings.home / LEDGER) as ledger:
        # later than those before, also when the clock was set back: readings note up to when they followed
        later = [before.asked_at + timedelta(microseconds=1) for before in ledger.repairs(name)]
        ledger.ask([Repair(max([now, *later]), name, "read again", at)])
    if at is None:
        return f"{name}: the next run reads all of it again"
    return (
        f"{name}: the next run also reads again what changed since {at.isoformat(' ', 'minutes')}; nothing counts as"
        " deleted by that"
    )


def parse_again(settings: Settings, name: str | None, now: datetime) -> str:
    """Have the next run parse all batches of a source, or of all sources, again; what was asked, in words.

    Their raw stays in use until then, and for good where landing is not what it was.

    Raises:
        DecisionError: there is no such source, or there are no batches in raw.
    """
    sources = [source_named(settings, name)] if name is not None else settings.sources
    with Ledger(settings.home / LEDGER) as ledger:
        parsed = {source.name: sum(bool(one.segment) for one in ledger.entries(source.name)) for source in sources}
        if not any(parsed.values()):
            raise DecisionError(f"{', '.join(parsed)}: no batch is in raw, so there is nothing to parse again")
        ledger.ask(Repair(now, source, "parse again") for source, batches in parsed.items() if batches)
    count = sum(parsed.values())
    return (
        f"{', '.join(source for source, batches in parsed.items() if batches)}: the next run parses"
        f" {count:,} {'batch' if count == 1 else 'batches'} again from landing, and builds in full"
    )


def _instant(text: str, zone: tzinfo, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise DecisionError(
            f"since: '{text}' is neither a date nor an instant; write it as 2026-08-31 or 2026-08-31T14:30+02:00"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    if at > now:
        raise DecisionError(f"since: {text} is yet to come; name an instant that has been")
    return at
