"""Taking in: new batches of every source are landed, parsed and judged; the ledger keeps the decisions.

Here: the order of things and what refuses a batch. Not here: reading files (``parsing``), or what the figures mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import duckdb

from ingestion import parsing, raw
from ingestion.clocks import known_and_restated, versions
from ingestion.contract import ENTITIES
from ingestion.landing import BatchError, Landed, mend_interrupted, open_landed
from ingestion.ledger import Counts, Entry, Ledger
from ingestion.raw import RawBatch
from ingestion.settings import Quality, Settings, Source
from ingestion.sources import export
from ingestion.sql import sql_text

Progress = Callable[[str], None]


@dataclass
class SourceReport:
    """What one run did for one source. ``entries``: the batches decided in this run, by name."""

    source: str
    entries: list[Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failure: str | None = None
    """Why the source could not be read at all."""

    def having(self, status: str) -> list[Entry]:
        """The batches of this run with one status."""
        return [entry for entry in self.entries if entry.status == status]

    @property
    def refusals(self) -> list[str]:
        """Everything that kept data of this source out, in words."""
        reasons = [reason for entry in self.having("refused") for reason in entry.reasons]
        waiting = len(self.having("waiting"))
        if waiting:
            reasons.append(
                f"{self.source}: {waiting} later {'batch waits' if waiting == 1 else 'batches wait'} behind it"
            )
        return ([self.failure] if self.failure else []) + reasons


def take_in(settings: Settings, progress: Progress) -> list[SourceReport]:
    """Land, parse and judge what is new in every source; one report a source, in the order of the configuration."""
    home = settings.home
    connection = parsing.connect()
    connection.execute(f"set memory_limit = {sql_text(settings.resources.memory_limit)}")
    if settings.resources.threads:
        connection.execute(f"set threads = {settings.resources.threads}")
    with Ledger(home / "ledger.sqlite") as ledger:
        return [_take_in_source(connection, ledger, settings, source, progress) for source in settings.sources]


def accepted_batches(settings: Settings) -> tuple[list[Entry], list[RawBatch]]:
    """The accepted batches of the configured sources, as the ledger knows them and as they lie in raw."""
    with Ledger(settings.home / "ledger.sqlite") as ledger:
        entries = [
            entry for source in settings.sources for entry in ledger.entries(source.name) if entry.status == "accepted"
        ]
    batches = []
    for entry in entries:
        batch = raw.read_batch(entry.source, settings.home / "raw" / entry.source / entry.batch)
        if batch is None:
            raise BatchError(f"{entry.source} {entry.batch}: accepted, and missing in raw; run again to parse it anew")
        batches.append(batch)
    return entries, batches


def missing_sources(settings: Settings) -> list[str]:
    """Sources whose folder is not there and that never delivered: a mistake in the configuration, in words."""
    return [
        f"sources[{index}].path: {source.path} is not there; create the folder or correct the path"
        for index, source in enumerate(settings.sources)
        if not source.path.is_dir() and not (settings.home / "landing" / source.name).is_dir()
    ]


def _take_in_source(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, settings: Settings, source: Source, progress: Progress
) -> SourceReport:
    report = SourceReport(source.name)
    scale = settings.account_of(source).rating_scale
    landing, raw_folder = settings.home / "landing", settings.home / "raw"
    for folder in (landing, raw_folder):
        mend_interrupted(folder / source.name)
    known = {entry.batch: entry for entry in ledger.entries(source.name)}
    accepted = {name: entry for name, entry in known.items() if entry.status == "accepted"}
    history = []
    for name, entry in accepted.items():
        parsed = raw.read_batch(source.name, raw_folder / source.name / name)
        if parsed is None or parsed.rules != raw.rules_of(scale):
            try:
                landed = open_landed(source.name, landing / source.name / name)
                parsed = raw.parse_batch(connection, landed, raw_folder, scale, progress)
            except BatchError as error:
                report.failure = f"{error}; it was accepted before and is to be parsed anew: restore it in landing"
                return report
        history.append(parsed)
        counts = _counts(parsed, {(name, entity): (of.known, of.restated) for entity, of in entry.counts.items()})
        if counts != entry.counts:
            ledger.record([replace(entry, counts=counts)])
    pending: list[tuple[str, RawBatch | None, list[str]]] = []
    try:
        progress(f"{source.name}: looking for new batches")
        for name, outcome in export.land_batches(source, landing, accepted.keys()):
            stopped = any(reasons for _, _, reasons in pending)
            pending.append((name, *_parse_unless(stopped, connection, outcome, raw_folder, scale, progress)))
            batch, reasons = pending[-1][1:]
            if batch is not None:
                reasons += _quarantine_reasons(batch, settings.quality)
                report.warnings += [
                    f"{source.name} {name}: {file} is of no known entity and format; kept in landing and not read"
                    for file in batch.ignored
                ]
    except export.SourceMissingError as error:
        report.failure = f"{error}; what it delivered before stays in use"
    candidates = [batch for _, batch, _ in pending if batch is not None]
    progress(f"{source.name}: comparing clocks with what is known")
    clocks = known_and_restated(connection, lambda entity: versions(history, entity), candidates)
    refused = False
    for name, batch, reasons in pending:
        counts = _counts(batch, clocks) if batch is not None else {}
        if batch is not None:
            reasons += _restated_reasons(batch, counts, settings.quality)
        status = "waiting" if refused else "refused" if reasons else "accepted"
        refused = refused or bool(reasons)
        extracted_at = batch.extracted_at if batch is not None else None
        report.entries.append(
            Entry(source.name, name, status, extracted_at, datetime.now(UTC), counts, tuple(reasons))  # type: ignore[arg-type]
        )
    ledger.record(report.entries)
    return report


def _parse_unless(
    stopped: bool,
    connection: duckdb.DuckDBPyConnection,
    outcome: Landed | BatchError,
    raw_folder: Path,
    scale: tuple[int, int],
    progress: Progress,
) -> tuple[RawBatch | None, list[str]]:
    """The parsed batch, or why there is none. Behind a batch that stops its source nothing is parsed."""
    if stopped:
        return None, []
    if isinstance(outcome, BatchError):
        return None, [str(outcome)]
    try:
        return raw.parse_batch(connection, outcome, raw_folder, scale, progress), []
    except BatchError as error:
        return None, [str(error)]


def _quarantine_reasons(batch: RawBatch, quality: Quality) -> list[str]:
    return [
        f"{batch.source} {batch.batch}: {quarantined:,} of {records:,} {entity} rows are quarantined"
        f" ({_percent(quarantined, records)}; the limit is {quality.quarantine_share:.1%} and {quality.quarantine_rows}"
        f" rows): see {batch.folder / raw.QUARANTINE}, mend the rows and deliver the batch again"
        for entity, (records, quarantined) in batch.totals().items()
        if _exceed(quarantined, records, quality.quarantine_share, quality.quarantine_rows)
    ]


def _restated_reasons(batch: RawBatch, counts: dict[str, Counts], quality: Quality) -> list[str]:
    return [
        f"{batch.source} {batch.batch}: {of.restated:,} of {of.known:,} known {entity} come with another"
        f" {ENTITIES[entity].clock} ({_percent(of.restated, of.known)}; the limit is {quality.restated_share:.1%} and"
        f" {quality.restated_rows} rows): the source's clocks are broken, have it deliver the batch again"
        for entity, of in counts.items()
        if _exceed(of.restated, of.known, quality.restated_share, quality.restated_rows)
    ]


def _exceed(part: int, whole: int, share: float, rows: int) -> bool:
    """Whether a part is past both limits. The share counts as written: in binary, 29 is more than 0.29 of 100."""
    return part > rows and part > Fraction(str(share)) * whole


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}"


def _counts(batch: RawBatch, clocks: dict[tuple[str, str], tuple[int, int]]) -> dict[str, Counts]:
    return {
        entity: Counts(records, quarantined, *clocks.get((batch.batch, entity), (0, 0)))
        for entity, (records, quarantined) in batch.totals().items()
    }
