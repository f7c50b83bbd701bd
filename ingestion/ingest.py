"""Ingestion: new batches of every source are landed, parsed and judged; the ledger keeps the decisions.

Here: the order of the steps. Not here: reading files (``parser``), what refuses a batch (``judging``), what figures
mean.
"""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain

import duckdb

from ingestion import machine, zones
from ingestion.accepted import existing_segments
from ingestion.file_mapping import spelled
from ingestion.judging import held_back, judged, refuses
from ingestion.manifest_writer import no_entity
from ingestion.parsing import parser
from ingestion.parsing.row_rules import rules_of
from ingestion.raw import parsing_ahead, segments
from ingestion.raw.segments import RawBatch, Segment
from ingestion.restatements import Restatements, known_and_restated
from ingestion.settings import Settings
from ingestion.shown import command
from ingestion.source_kinds import FILES, entities_of
from ingestion.source_settings import AnySource, DeliveredSource
from ingestion.source_state import Outcome, SourceState
from ingestion.sources import SourceError, connector_of
from ingestion.sql import sql_text
from ingestion.storage.landing import BatchError, Landed, changes, mend_interrupted, open_landed, refusal
from ingestion.storage.ledger import DOUBTED, LEDGER, Counts, Entry, Ledger, Reason
from ingestion.storage.manifests import manifest_model
from ingestion.understanding import Words, has_no_agents, joined_lists, orphans, unknown_words

Progress = Callable[[str], None]
_Group = list[Outcome]
_LARGE_BATCH = 16 * 1024 * 1024
_BYTES_TOGETHER = 64 * 1024 * 1024
_FILES_TOGETHER = 1500


@dataclass
class SourceReport:
    """What one run did for one source. ``entries``: the batches decided in this run, by name."""

    source: str
    entries: list[Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    overruled: list[str] = field(default_factory=list)
    """Reasons to refuse or hold back that an operator's decision has overruled; each is among the warnings, too."""
    failure: str | None = None
    """Why the source could not be read at all."""

    def having(self, status: str) -> list[Entry]:
        """The batches of this run with one status."""
        return [entry for entry in self.entries if entry.status == status]

    @property
    def refusals(self) -> list[str]:
        """Everything that kept data of this source from being accepted, in words."""
        reasons = [reason for entry in self.having("refused") for reason in entry.reasons]
        waiting = len(self.having("waiting"))
        if waiting:
            reasons.append(
                f"{self.source}: {waiting} later {'batch waits' if waiting == 1 else 'batches wait'} behind it"
            )
        return ([self.failure] if self.failure else []) + reasons


def ingest_sources(settings: Settings, progress: Progress, *, stops: bool = True) -> list[SourceReport]:
    """Land, parse and judge new batches of every source; one report a source, in the order of the configuration.

    ``stops``: whether a source stops at a batch that is refused, as it must where accepted batches are published.
    """
    connection = parser.connect()
    connection.execute(f"set memory_limit = {sql_text(settings.resources.memory_limit)}")
    if settings.resources.threads:
        connection.execute(f"set threads = {settings.resources.threads}")
    pool = parsing_ahead.processes(settings.resources.intake_processes)
    with Ledger(settings.home / LEDGER) as ledger, pool or nullcontext():
        return [
            _SourceIngestion(connection, ledger, settings, source, progress, stops, pool).run()
            for source in settings.sources
        ]


class _SourceIngestion:
    """One ingestion of the new batches of one source.

    Small batches are parsed and judged together. When that refuses one of them, they are ingested one by one instead,
    so that the same batches are accepted, refused or waiting as if each had come alone.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        ledger: Ledger,
        settings: Settings,
        source: AnySource,
        progress: Progress,
        stops: bool,
        pool: Executor | None,
    ) -> None:
        self._connection = connection
        self._stops = stops
        self._pool = pool
        self._ledger = ledger
        self._settings = settings
        self._source = source
        self._progress = progress
        self._scale = settings.account_of(source).rating_scale
        self._rules = rules_of(source.kind, self._scale, settings.bounds, spelled(source.mapped))
        self._entities = entities_of(source.kind)
        self._landing, self._raw = settings.home / "landing", settings.home / "raw"
        self._not_understood: list[str] = []
        """Warnings about the group that was judged last."""
        self._history: list[Segment] = []
        """The segments accepted before the present batch."""
        self._report = SourceReport(source.name)
        self._state = SourceState(
            source,
            ledger,
            self._landing / source.name,
            settings.bounds,
            progress,
            self._report.warnings.append,
            zones.zone(settings.account_of(source).timezone),
        )

    def run(self) -> SourceReport:
        """Ingest what is new. An error is this source's failure alone: the others continue."""
        try:
            self._run()
        except duckdb.InterruptException:
            raise
        except SourceError as error:
            self._report.failure = f"{error}; its earlier batches stay in use"
        except Exception as error:
            traceback.print_exc()
            self._report.failure = self._failure(error)
        self._ledger.record(self._report.having("waiting"))
        return self._report

    def _failure(self, error: Exception) -> str:
        where = " ".join([self._source.name, *getattr(error, "__notes__", ())])
        if machine.is_at_fault(error):
            return f"{where}: {machine.remedy(self._settings.home, error)}; no batch is refused for this"
        return (
            f"{where}: causerie itself failed: {machine.described(error)}; please report it with the log. To continue"
            f" without a batch: causerie reject {self._source.name} BATCH --reason ..."
        )

    def _run(self) -> None:
        for folder in (self._landing, self._raw):
            mend_interrupted(folder / self._source.name)
        accepted = self._ledger.accepted(self._source.name)
        if not accepted or self._ledger.kind(self._source.name) is None:
            self._ledger.keep_kind(self._source.name, self._source.kind)
        self._history = [
            segment
            for segment in existing_segments(self._settings, self._ledger, self._source.name, accepted)
            if segment.listed.rules == self._rules
        ]
        held = {batch for segment in self._history for batch in segment.batches}
        lost = [batch for batch in accepted if batch not in held]
        try:
            if lost:
                self._parse_again(lost)
        except (BatchError, FileNotFoundError) as error:
            reason = f"{error.filename}: it is missing" if isinstance(error, FileNotFoundError) else error
            self._report.failure = (
                f"{reason}; the batch was accepted before and has to be parsed again: restore it in landing, or set it"
                " aside with 'causerie reject'"
            )
            return
        self._progress(f"{self._source.name}: looking for new batches")
        for outcomes in connector_of(self._source.kind).read(self._source, self._state):
            if self._ingest_all(outcomes):
                break
        if isinstance(self._source, DeliveredSource):
            self._look_at_all()

    def _ingest_all(self, outcomes: Iterable[Outcome]) -> bool:
        """Ingest batches in the order of their names; whether the source stops at one of them."""
        is_stopped = False
        begun = parsing_ahead.ahead(self._groups(outcomes), self._begin, self._settings.resources.intake_processes)
        for group, parsed in begun if self._pool else ((group, None) for group in self._groups(outcomes)):
            if is_stopped:
                self._wait([name for name, _ in group])
                self._forget(parsed)
            else:
                is_stopped = self._ingest(group, parsed) and self._stops
        return is_stopped

    def _begin(self, group: _Group) -> Future[parsing_ahead.Parsed] | None:
        """Have another process parse a group, if that needs nothing of the batches before it."""
        landed = [outcome for _, outcome in group if isinstance(outcome, Landed)]
        if self._pool is None or not landed or self._source.is_snapshot or group[0][0] in self._state.refused:
            return None
        resources = self._settings.resources
        memory = resources.memory_bytes // resources.intake_processes
        threads = max(1, (resources.threads or os.cpu_count() or 1) // resources.intake_processes)
        about = self._scale, self._source.kind, self._settings.bounds, self._source.mapped
        try:
            return self._pool.submit(parsing_ahead.parse_alone, landed, self._raw, *about, memory, threads)
        except BrokenExecutor:  # by another source, which says so: this process parses what is left
            return None

    def _forget(self, parsed: Future[parsing_ahead.Parsed] | None) -> None:
        """Remove what was parsed of batches that wait."""
        if parsed is not None and not parsed.cancel() and parsed.exception() is None:
            shutil.rmtree(parsed.result()[0].folder)

    def _groups(self, outcomes: Iterable[Outcome]) -> Iterator[_Group]:
        """Groups of consecutive small batches. A batch that is large, not landed or refused before is alone."""
        group: _Group = []
        size = files = 0
        for name, outcome in outcomes:
            is_alone = isinstance(outcome, BatchError) or name in self._state.refused
            its_size = 0 if isinstance(outcome, BatchError) else outcome.size()
            its_files = 0 if isinstance(outcome, BatchError) else len(outcome.manifest.files)
            is_alone = is_alone or its_size > _LARGE_BATCH
            if group and (is_alone or size + its_size > _BYTES_TOGETHER or files + its_files > _FILES_TOGETHER):
                yield group
                group, size, files = [], 0, 0
            group.append((name, outcome))
            size, files = size + its_size, files + its_files
            if is_alone:
                yield group
                group, size, files = [], 0, 0
        if group:
            yield group

    def _ingest(self, group: _Group, parsed: Future[parsing_ahead.Parsed] | None = None) -> bool:
        """Parse and judge a group; whether its source stops at one of its batches. ``parsed``: what parses it."""
        landed = [outcome for _, outcome in group if isinstance(outcome, Landed)]
        if not landed:
            ((name, error),) = group
            self._refuse(name, None, [str(error)])
            return True
        try:
            segment, batches = self._parse(landed) if parsed is None else parsed.result()
            entries = self._judge(segment, batches)
        except (duckdb.InterruptException, SourceError):
            raise
        except Exception as error:
            if len(group) > 1:
                return self._ingest_one_by_one(group)
            self._refuse(group[0][0], None, [str(refusal(group[0][0], error))])
            return True
        refused = any(entry.status == "refused" for entry in entries)
        if refused and len(group) > 1:
            shutil.rmtree(segment.folder)
            return self._ingest_one_by_one(group)
        self._report.warnings += [
            f"{self._source.name} {batch.batch}: {no_entity(file)}; it stays in landing, unread"
            for batch in batches
            for file in batch.ignored
            if isinstance(self._source, DeliveredSource)
        ]
        self._report.warnings += [
            f"{self._source.name} {batch.batch}: {note}" for batch in batches for note in batch.notes
        ]
        self._report.warnings += self._not_understood
        for entry in entries:
            for reason in entry.reasons if entry.status == "accepted" else ():
                self._overrule(f"{entry.source} {entry.batch}", "it would be refused", reason)
        self._ledger.record(
            entries, [segment.listed], unjudged=entries if isinstance(self._source, DeliveredSource) else ()
        )
        self._report.entries += entries
        if not refused:
            self._history.append(segment)
        return refused

    def _judge(self, segment: Segment, batches: Sequence[RawBatch]) -> list[Entry]:
        self._progress(f"{self._source.name}: comparing with the known records")
        entities = self._entities.values()
        restatements = known_and_restated(self._connection, self._history, segment, batches, entities)
        unknown = self._unknown_words(segment)
        self._not_understood = [
            f"{self._source.name} {batch}: {words}"
            for batch, of_batch in unknown.items()
            for words in of_batch
            if not refuses(words, self._settings.quality)
        ]
        if isinstance(self._source, DeliveredSource):
            joined = joined_lists(self._connection, segment, self._entities.values())
            self._not_understood += [
                f"{self._source.name} {batch}: {line}" for batch, lines in joined.items() for line in lines
            ]
        return [self._entry(batch, segment, restatements, unknown.get(batch.batch, ())) for batch in batches]

    def _unknown_words(self, segment: Segment) -> dict[str, list[Words]]:
        known = self._source.known_words if isinstance(self._source, DeliveredSource) else {}
        meant = {str(column): words for column, words in known.items()}
        return unknown_words(self._connection, segment, self._entities.values(), meant)

    def _look_at_all(self) -> None:
        """Look at what only all batches together show: orphans, and messages without agents."""
        assert isinstance(self._source, DeliveredSource)
        accepted = self._ledger.unjudged(self._source.name)
        if not accepted:
            return
        new = [entry.batch for entry in accepted]
        found = orphans(self._connection, self._history, new, self._entities.values())
        reasons = [Reason(str(one), one.entity) for one in found if held_back(one, self._settings.quality)]
        self._ledger.judged(self._source.name, self._held_back(accepted, reasons) if reasons else ())
        if not self._source.no_agents and has_no_agents(self._connection, self._history):
            self._report.warnings.append(
                f"{self._source.name}: none of its outbound messages has an agent_id, so no reply is credited to"
                " anybody; deliver it, or say in the configuration of the source that it is meant: no_agents = true"
            )

    def _held_back(self, accepted: Sequence[Entry], reasons: Sequence[Reason]) -> list[Entry]:
        """The new batches as accepted no longer; none where an operator has accepted one of them as it is."""
        first = accepted[0]
        if any(self._state.is_overruled(one.batch, self._state.fingerprint(one.batch)) for one in accepted):
            for reason in reasons:
                self._overrule(first.source, "held back", reason.text)
            return []
        why = tuple(
            Reason(
                f"{first.source} {first.batch}: held back with all new batches of this run: {reason.text}: correct the"
                " ids or deliver the conversations; if it is right as it is:"
                f" {command('accept', first.source, first.batch, option='--reason ...')}",
                reason.entity,
            )
            for reason in reasons
        )
        held = [replace(first, status="refused", decided_at=self._since(first.batch), against=why, segment=None)]
        held += [replace(one, status="waiting", counts={}, segment=None) for one in accepted[1:]]
        self._report.entries = [*held, *(entry for entry in self._report.entries if entry not in accepted)]
        return held

    def _overrule(self, name: str, otherwise: str, reason: str) -> None:
        self._report.overruled.append(reason)
        self._report.warnings.append(f"{name}: accepted by an operator, else {otherwise}: {reason}")

    def _ingest_one_by_one(self, group: _Group) -> bool:
        for index, one in enumerate(group):
            if self._ingest([one]) and self._stops:
                self._wait([name for name, _ in group[index + 1 :]])
                return True
        return False

    def _parse(self, landed: Sequence[Landed]) -> tuple[Segment, list[RawBatch]]:
        """A new segment; or the existing one of a batch that was refused before and has not changed."""
        before = self._state.refused.get(landed[0].batch)
        if before is not None and before.segment is not None:
            folder = self._raw / self._source.name / before.segment
            batch = segments.read_batch(folder, before.batch)
            for listed in self._ledger.segments(self._source.name):
                is_same = batch is not None and batch.fingerprint == landed[0].fingerprint
                if batch and is_same and (listed.segment, listed.rules) == (before.segment, self._rules):
                    return Segment(listed, folder, (before.batch,)), [batch]
        return self._parsed(landed)

    def _parsed(self, landed: Sequence[Landed]) -> tuple[Segment, list[RawBatch]]:
        history = self._history if self._source.is_snapshot else None
        about = self._source.kind, self._settings.bounds, self._source.mapped, history
        return segments.parse_segment(self._connection, landed, self._raw, self._scale, self._progress, *about)

    def _entry(
        self,
        batch: RawBatch,
        segment: Segment,
        restatements: dict[tuple[str, str], Restatements],
        unknown: Sequence[Words],
    ) -> Entry:
        counts, reasons = self._judged(batch, segment, restatements, unknown)
        is_refused = bool(reasons) and not self._state.is_overruled(batch.batch, batch.fingerprint)
        return Entry(
            self._source.name,
            batch.batch,
            "refused" if is_refused else "accepted",
            batch.extracted_at,
            self._since(batch.batch) if is_refused else datetime.now(UTC),
            counts,
            tuple(reasons),
            segment.listed.segment,
        )

    def _judged(
        self,
        batch: RawBatch,
        segment: Segment,
        restatements: Mapping[tuple[str, str], Restatements],
        unknown: Sequence[Words],
    ) -> tuple[dict[str, Counts], list[Reason]]:
        return judged(self._connection, self._source, self._settings.quality, batch, segment, restatements, unknown)

    def _refuse(self, name: str, extracted_at: datetime | None, reasons: list[str]) -> None:
        aside = command("reject", self._source.name, name, option="--reason ...")
        is_file = self._source.kind == FILES and not self._source.is_snapshot
        remedy = f"; when it was delivered again, set this one aside: {aside}" if is_file else ""
        against = tuple(Reason(f"{self._source.name} {name}: {reason}{remedy}") for reason in reasons)
        entry = Entry(self._source.name, name, "refused", extracted_at, self._since(name), {}, against)
        self._ledger.record([entry])
        self._report.entries.append(entry)

    def _since(self, batch: str) -> datetime:
        """Since when a batch is refused that is refused now."""
        before = self._state.refused.get(batch)
        return before.decided_at if before else datetime.now(UTC)

    def _wait(self, names: Iterable[str]) -> None:
        self._report.entries += [Entry(self._source.name, name, "waiting", None, datetime.now(UTC)) for name in names]

    def _parse_again(self, batches: Iterable[str]) -> None:
        """Parse accepted batches again whose raw is lost or doubted, or was parsed by other rules: all or none.

        They stay accepted. Under new rules they are judged again, in the order in which they came, and a warning names
        those that would be refused now.

        Raises:
            BatchError: a batch in landing was changed, or cannot be read by today's rules.
        """
        name, folder = self._source.name, self._landing / self._source.name
        entries = {entry.batch: entry for entry in self._ledger.entries(name)}
        rules = {listed.segment: listed.rules for listed in self._ledger.segments(name)}
        of_each = {batch: rules.get(entries[batch].segment or "", self._rules) for batch in batches}
        doubted = {batch for batch, of in of_each.items() if of == DOUBTED}
        outdated = {batch for batch, of in of_each.items() if of not in (self._rules, DOUBTED)}
        in_turn: list[list[str]] = [[]]  # within a segment, the batch of smaller name counts as the earlier one
        for last in sorted(batches, key=lambda batch: (entries[batch].decided_at, batch)):
            if in_turn[-1] and last < in_turn[-1][-1]:
                in_turn.append([])
            in_turn[-1].append(last)
        model = manifest_model(self._source.kind)
        landed = (((one, _unchanged(open_landed(name, folder / one, model))) for one in of_turn) for of_turn in in_turn)
        again: list[Entry] = []
        fresh: list[Segment] = []
        warnings: list[str] = []
        try:
            for group in chain.from_iterable(map(self._groups, landed)):
                segment, parsed = self._parsed([outcome for _, outcome in group if isinstance(outcome, Landed)])
                fresh.append(segment)
                entities = self._entities.values() if outdated else ()
                restatements = known_and_restated(self._connection, self._history, segment, parsed, entities)
                unknown = self._unknown_words(segment) if outdated else {}
                for batch in parsed:
                    warnings += [f"{name} {batch.batch}: {note}" for note in batch.notes]
                    entry = entries[batch.batch]
                    counts, reasons = self._judged(batch, segment, restatements, unknown.get(batch.batch, ()))
                    if batch.batch in outdated:
                        warnings += [
                            f"{name} {batch.batch}: accepted before, and would be refused by today's rules: {text}"
                            for text in (reason.text for reason in reasons)
                        ]
                    else:
                        counts = {
                            entity: replace(of, known=was.known, restated=was.restated)
                            for entity, of in counts.items()
                            for was in [entry.counts.get(entity, Counts())]
                        }
                    again.append(replace(entry, counts=counts, segment=segment.listed.segment))
                self._history.append(segment)
        except BaseException:
            for segment in fresh:
                shutil.rmtree(segment.folder)
            raise
        self._ledger.record(again, [segment.listed for segment in fresh])
        for these, why in ((doubted, "as an operator asked"), (outdated, "because the rules for rows have changed")):
            count = f"{len(these):,} accepted {'batch was' if len(these) == 1 else 'batches were'}"
            if these:
                self._report.warnings.append(f"{name}: {count} parsed again from landing, {why}; the build is full")
        self._report.warnings += warnings


def _unchanged(landed: Landed) -> Landed:
    """The same batch.

    Raises:
        BatchError: it is not as it was landed, so that other rows would take the place of those that were accepted.
    """
    for change in changes(landed):
        raise BatchError(change)
    return landed
