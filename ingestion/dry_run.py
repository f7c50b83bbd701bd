"""The dry run of a drop folder: a run's ingestion in a temporary home, which refuses nothing for good.

Here: which folder is read as what, and what a run would refuse and warn of. Not here: the limits and the words
(``ingest``, ``judging``, ``understanding``), and what else the data shows (``inspection``).

A run stops at the first batch that it refuses. A dry run notes why, continues as if an operator had decided about it,
and so says everything at once.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ingestion.accepted import accepted_batches
from ingestion.decisions import fingerprint
from ingestion.ingest import Progress, SourceReport, ingest_sources
from ingestion.manifest_writer import UnfinishedError, write_manifest
from ingestion.parsing.files import entity_of
from ingestion.raw.segments import Segment
from ingestion.settings import Account, Settings
from ingestion.shown import visible
from ingestion.source_settings import DeliveredSource, ExportSource
from ingestion.storage.delivered import Delivered, NotDeliveredError
from ingestion.storage.landing import MANIFEST, BatchError, read_manifest
from ingestion.storage.ledger import LEDGER, Decision, Ledger


@dataclass(frozen=True)
class DryRun:
    """What a run would do with ``folder``, and the temporary home in which ``segments`` hold all that can be read."""

    folder: Path
    settings: Settings
    source: DeliveredSource
    segments: list[Segment]
    refusals: list[str]
    warnings: list[str]


@contextmanager
def of_source(settings: Settings, source: DeliveredSource, progress: Progress) -> Iterator[DryRun]:
    """The dry run of a configured source, over all of its drop folder and what has left it since it was accepted."""
    with _scratch() as scratch:
        _recall(settings, source, scratch / "home")
        yield _dry_run(settings, source, scratch, source.path, [], progress)


@contextmanager
def of_folder(folder: Path, timezone: str, progress: Progress) -> Iterator[DryRun]:
    """The dry run of a folder that is a batch or holds batches; one without a manifest is read as if it had one."""
    folder = folder.resolve()
    inside = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    parts = [path for path in inside if path.is_dir()]
    is_batch = not parts or any(path.name == MANIFEST or entity_of(path.name) for path in inside)
    batches = [folder] if is_batch else parts
    drop = folder.parent if is_batch else folder
    refusals = []
    with _scratch() as scratch:
        path = drop
        if is_batch or any(not (batch / MANIFEST).exists() for batch in batches):
            path = scratch / "drop"
            path.mkdir()
            for batch in batches:
                try:
                    _copy(batch, path / batch.name)
                except (NotDeliveredError, BatchError, UnfinishedError) as error:
                    shutil.rmtree(path / batch.name)
                    refusals.append(f"{visible(batch.name)}: {error}".replace("\n", "; "))
            for beside in set(inside) - set(parts) if not is_batch else ():
                (path / beside.name).touch()
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", drop.name).strip("_-") or "drop"
        source = ExportSource(name=name, account=name, kind="export", path=path)
        settings = Settings(home=scratch, accounts=[Account(id=name, timezone=timezone)], sources=[source])
        yield _dry_run(settings, source, scratch, drop, refusals, progress)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="causerie-check-") as folder:
        yield Path(folder).resolve()


def _copy(batch: Path, target: Path) -> None:
    """Copy a batch with a manifest. A file that no manifest lists is there by its name only.

    Raises:
        NotDeliveredError, BatchError, UnfinishedError: it cannot be read, or has no file to be read.
    """
    target.mkdir()
    delivered = Delivered(batch, batch.parent)
    names = {path.name for path in batch.iterdir() if path.is_file() and not path.name.startswith(".")}
    if MANIFEST in names:
        listed = {MANIFEST, *read_manifest(batch, delivered)[0].files}
    else:
        listed = {name for name in names if entity_of(name)}
    for name in names - listed:
        (target / name).touch()
    for name in sorted(listed):
        delivered.copy(name, target / name)
        written = (batch / name).stat().st_mtime_ns
        os.utime(target / name, ns=(written, written))  # it is the default of when the batch was extracted
    if MANIFEST not in names:
        write_manifest(target)


def _recall(settings: Settings, source: DeliveredSource, home: Path) -> None:
    """What the home knows of a source: decisions of operators, and accepted batches that have left the drop folder."""
    ledger = settings.home / LEDGER
    if not ledger.is_file():
        return
    landed = settings.home / "landing" / source.name
    with (
        suppress(sqlite3.Error),  # a ledger that cannot be read is reported when the run ingests
        Ledger(ledger, read_only=True) as known,
        Ledger(home / LEDGER) as recalled,
    ):
        recalled.record(replace(entry, segment=None) for entry in known.entries(source.name, "set aside"))
        for decision in known.decisions(source.name):
            recalled.decide(decision)
        left = [batch for batch in known.accepted(source.name) if not (source.path / batch).exists()]
        (home / "landing" / source.name).mkdir(parents=True)
        for batch in left:
            (home / "landing" / source.name / batch).symlink_to(landed / batch)


def _dry_run(
    settings: Settings, source: DeliveredSource, scratch: Path, shown: Path, refusals: Sequence[str], progress: Progress
) -> DryRun:
    """``shown``: the folder whose name stands in messages in the place of the one that is read."""
    home = scratch / "home"
    dry = settings.model_copy(update={"home": home, "sources": [source]})
    refused, warned = _run(dry, progress)
    _, segments = accepted_batches(dry)

    def as_delivered(words: str) -> str:
        """A message without the temporary folders in it."""
        words = words.partition(f"; see {home}")[0]  # where quarantined rows could be seen
        return words.replace(str(home / "landing" / source.name), str(shown)).replace(str(source.path), str(shown))

    said = [as_delivered(words) for words in (*refusals, *refused)]
    return DryRun(shown, dry, source, segments, said, [as_delivered(words) for words in warned])


def _run(dry: Settings, progress: Progress) -> tuple[list[str], list[str]]:
    """Ingest everything that can be read; what a run would refuse, and what it would warn of."""
    (report,) = ingest_sources(dry, progress)
    refusals, warnings = report.refusals, dict.fromkeys(report.warnings)
    if not report.failure and _accept_the_rest(dry, report):
        (report,) = ingest_sources(dry, progress, stops=False)
        judged = [reason for entry in report.entries for reason in entry.reasons]
        held = [
            f"{report.source}: held back, if the rest is accepted as it is: {reason}"
            for reason in report.overruled
            if reason not in judged and not any(reason in said for said in refusals)
        ]
        refusals += [reason for reason in (report.failure, *judged, *held) if reason and reason not in refusals]
        overruled = tuple(report.overruled)
        warnings |= dict.fromkeys(words for words in report.warnings if not words.endswith(overruled))
    return refusals, list(warnings)


def _accept_the_rest(dry: Settings, report: SourceReport) -> bool:
    """Accept what a run has refused and what waits behind it; whether there was any."""
    (source,) = dry.sources
    left = [*report.having("refused"), *report.having("waiting")]
    folders = [folder for folder in (source.drop_folder, dry.home / "landing" / source.name) if folder]
    with Ledger(dry.home / LEDGER) as ledger:
        for batch in (entry.batch for entry in left):
            content = fingerprint(folder / batch for folder in folders)
            ledger.decide(Decision(datetime.now(UTC), source.name, batch, "accept", "dry run", content))
    return bool(left)
