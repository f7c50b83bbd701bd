"""Decisions of operators about batches: accepting one that is refused, setting one aside.

Here: what may be decided, and what it changes in the ledger. Not here: how a decision changes the judgement of a batch
(``ingest``). A decision is about the content that the batch had then: when the batch is delivered again with other
content, it is judged again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ingestion.settings import Settings
from ingestion.shown import command, visible
from ingestion.source_settings import AnySource
from ingestion.storage.delivered import Delivered, NotDeliveredError
from ingestion.storage.ledger import LEDGER, Decision, Entry, Ledger
from ingestion.storage.manifests import LARGEST, MANIFEST


class DecisionError(Exception):
    """This cannot be decided. The message says why, and what can be decided."""


def accept(settings: Settings, source: str, batch: str, reason: str, now: datetime) -> Decision:
    """Have the next run ingest a batch that is refused for its quarantined or restated rows, or was set aside.

    Raises:
        DecisionError: the batch is not known, accepted already, waiting, or cannot be read.
    """
    batch, folders = _found(settings, source_named(settings, source), batch)
    judged = fingerprint(reversed(folders))
    decision = Decision(now, source, batch, "accept", _in_words(reason), judged)
    with Ledger(settings.home / LEDGER) as ledger:
        entry = _entry(ledger, source, batch)
        if entry is None:
            raise DecisionError(f"{source} {batch}: no run has judged such a batch; {_undecided(ledger, source)}")
        if entry.status == "accepted":
            raise DecisionError(f"{source} {batch}: it is accepted already")
        if entry.status == "waiting":
            raise DecisionError(f"{source} {batch}: it only waits behind a refused batch; {_undecided(ledger, source)}")
        if entry.status == "refused" and not entry.counts:
            why = "; ".join(entry.reasons)
            raise DecisionError(
                f"{source} {batch}: it cannot be read, so it cannot be accepted: {why}; repair it, or set it aside:"
                f" {command('reject', source, batch, option='--reason ...')}"
            )
        if source_named(settings, source).is_snapshot and batch < max(ledger.accepted(source), default=""):
            raise DecisionError(f"{source} {batch}: a newer dump is accepted, and says all that there is")
        if decision.fingerprint is None:
            raise DecisionError(f"{source} {batch}: it is neither in landing nor in its drop folder any more")
        ledger.decide(decision, forget=entry.status == "set aside")
    return decision


def reject(settings: Settings, source: str, batch: str, reason: str, now: datetime) -> Decision:
    """Set a batch aside, so that the later batches of its source are ingested. The next release lacks what it holds.

    Its rows stay in landing. When the batch had been accepted, the next run builds in full without it.

    Raises:
        DecisionError: there is no such batch, or it is set aside already.
    """
    batch, folders = _found(settings, source_named(settings, source), batch)
    with Ledger(settings.home / LEDGER) as ledger:
        entry = _entry(ledger, source, batch)
        is_accepted = entry is not None and entry.status == "accepted"  # then it is about what was landed
        judged = fingerprint(reversed(folders) if is_accepted else folders)
        decision = Decision(now, source, batch, "reject", _in_words(reason), judged)
        if entry is None and not any(map(os.path.isdir, folders)):
            raise DecisionError(f"{source} {batch}: there is no such batch; {_undecided(ledger, source)}")
        if entry is not None and entry.status == "set aside":
            raise DecisionError(f"{source} {batch}: it is set aside already; 'causerie accept' takes it back")
        aside = entry or Entry(source, batch, "set aside", None, now)
        # batches in the same segment are parsed again from landing, so that no row of this one is left in raw; later
        # dumps as well, because they delete what the dump before had
        is_dump = source_named(settings, source).is_snapshot
        beside = [
            replace(other, segment=None)
            for other in ledger.entries(source)
            if aside.segment is not None
            and other.batch != batch
            and (other.segment == aside.segment or (is_dump and other.batch > batch))
        ]
        ledger.decide(decision, [replace(aside, status="set aside", decided_at=now, segment=None), *beside])
    return decision


def latest_decisions(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """The latest decision about each batch of a source."""
    return {decision.batch: decision for decision in decisions}


def source_named(settings: Settings, name: str) -> AnySource:
    """The source of a name.

    Raises:
        DecisionError: the configuration has none.
    """
    for source in settings.sources:
        if source.name == name:
            return source
    raise DecisionError(
        f"there is no source '{name}'; the sources are {', '.join(source.name for source in settings.sources)}"
    )


def _in_words(reason: str) -> str:
    if not reason.strip():
        raise DecisionError("a decision needs a reason, which is kept with it: say why")
    return " ".join(reason.split())


def _entry(ledger: Ledger, source: str, batch: str) -> Entry | None:
    return next((entry for entry in ledger.entries(source) if entry.batch == batch), None)


def _found(settings: Settings, source: AnySource, batch: str) -> tuple[str, list[Path]]:
    """The name of a batch as it is kept, and the folders that may hold it: where it is delivered, and landing.

    Raises:
        DecisionError: this is not the name of a batch.
    """
    if not batch or batch.startswith(".") or Path(batch).name != batch:
        raise DecisionError(f"{batch!r} is not the name of a batch")
    landed = settings.home / "landing" / source.name / batch
    return visible(batch), [source.drop_folder / batch, landed] if source.drop_folder else [landed]


def fingerprint(folders: Iterable[Path]) -> str | None:
    """What ``landing`` calls a batch by its content, in the first folder that has it: the hash of its manifest."""
    for folder in folders:
        with suppress(NotDeliveredError):
            return hashlib.sha256(Delivered(folder, folder.parent).content(MANIFEST, LARGEST)).hexdigest()
    return None


def _undecided(ledger: Ledger, source: str) -> str:
    refused = [entry.batch for entry in ledger.entries(source, "refused")]
    return f"refused batches: {', '.join(refused)}" if refused else "no batch of this source is refused"
