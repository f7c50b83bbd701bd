"""What refuses a batch: too many quarantined rows, restated records, unknown words and orphans.

Here: the limits of ``[quality]`` compared with what a batch holds, and the reasons in words. Not here: the counting
(``restatements``, ``understanding``), and what becomes of a refused batch (``ingest``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import duckdb

from ingestion.export_format import MESSAGES, Entity
from ingestion.raw.segments import RawBatch, Segment
from ingestion.restatements import Restatements, ahead_of_extraction, most_frequent_reasons
from ingestion.settings import Quality
from ingestion.shown import command, shell_word
from ingestion.source_kinds import entities_of
from ingestion.source_settings import AnySource, DeliveredSource, FilesSource
from ingestion.storage.ledger import Counts, Reason
from ingestion.understanding import Orphans, Words


def judged(
    connection: duckdb.DuckDBPyConnection,
    source: AnySource,
    quality: Quality,
    batch: RawBatch,
    segment: Segment,
    restatements: Mapping[tuple[str, str], Restatements],
    unknown: Sequence[Words] = (),
) -> tuple[dict[str, Counts], list[Reason]]:
    """What a batch holds by entity, and the reasons to refuse it. ``restatements``: by batch and entity.

    ``unknown``: the words in it that the figures do not follow.
    """
    entities = entities_of(source.kind)
    of_entity = {entity: restatements.get((batch.batch, entity), Restatements()) for entity in batch.totals()}
    counts = {
        entity: Counts(records, quarantined, of_entity[entity].known, of_entity[entity].restated)
        for entity, (records, quarantined) in batch.totals().items()
    }
    remedy = "correct them in the system, or accept the batch; until then each run reads it again"
    if isinstance(source, FilesSource):
        remedy = (
            "correct the mapping; or write the file again with the rows corrected, and set this one aside:"
            f" {command('reject', source.name, batch.batch, option='--reason ...')}"
        )
    elif isinstance(source, DeliveredSource):
        remedy = "correct the rows and deliver the batch again"
    listing = command("quarantine", option=f"--batch {shell_word(batch.batch)}")
    reasons = [
        Reason(
            f"{source.name} {batch.batch}: {of.quarantined:,} of {of.landed:,} {entity} rows are quarantined"
            f" ({_percent(of.quarantined, of.landed)}; the limit is {quality.quarantine_share:.1%} and"
            f" {quality.quarantine_rows} rows), {_most_of(connection, segment, entities[entity], batch)}:"
            f" {remedy}; see {segment.quarantine} or run {listing}",
            entity,
        )
        for entity, of in counts.items()
        if _exceed(of.quarantined, of.landed, quality.quarantine_share, quality.quarantine_rows)
    ]
    reasons += [
        Reason(
            f"{source.name} {batch.batch}: it lacks {absent:,} of the {known:,} {entity} of the dump before, which"
            f" would be deleted ({_percent(absent, known)}; the limit is {quality.shrink_share:.1%} and"
            f" {quality.shrink_rows} rows): deliver the whole dump under a later name",
            entity,
        )
        for entity, (absent, known) in batch.absent.items()
        if absent == known or _exceed(absent, known, quality.shrink_share, quality.shrink_rows)
    ]
    reasons += [
        Reason(
            f"{source.name} {batch.batch}: {of.restated:,} of {of.known:,} known {entity} come with another"
            f" {entities[entity].happened_at} ({_percent(of.restated, of.known)}; the limit is"
            f" {quality.restated_share:.1%} and {quality.restated_rows} rows), {of.shift}: correct the source's clock"
            " and deliver the batch again",
            entity,
        )
        for entity, of in of_entity.items()
        if _exceed(of.restated, of.known, quality.restated_share, quality.restated_rows)
    ]
    reasons += [
        Reason(
            f"{source.name} {batch.batch}: {words}: correct the words and deliver the batch again, or say in the"
            f" configuration of the source that they are meant: known_words = {{ {words.column} = [...] }}",
            words.entity,
        )
        for words in unknown
        if refuses(words, quality)
    ]
    return counts, reasons


def refuses(words: Words, quality: Quality) -> bool:
    """Whether unknown words refuse their batch: those of messages, which would leave conversations unanswered."""
    return words.entity == MESSAGES.name and _exceed(
        words.unknown, words.rows, quality.unknown_share, quality.unknown_rows
    )


def held_back(orphans: Orphans, quality: Quality) -> bool:
    """Whether orphans hold back the new batches of their source: too many in these, and in all that it delivered."""
    limits = quality.orphan_share, quality.orphan_rows
    return _exceed(orphans.new, orphans.new_rows, *limits) and _exceed(orphans.all, orphans.all_rows, *limits)


def _most_of(connection: duckdb.DuckDBPyConnection, segment: Segment, entity: Entity, batch: RawBatch) -> str:
    """The most frequent reasons; and of rows that are later than their extraction, by how much and since when."""
    frequent = most_frequent_reasons(connection, segment, entity, batch)
    words = [f"{count:,} for '{reason}'{_wanted(reason)}" for reason, count in frequent]
    ahead = ahead_of_extraction(connection, segment, entity, batch)
    return ", ".join([*words, ahead] if ahead else words)


def _wanted(reason: str) -> str:
    """An example of a good value, where that helps."""
    is_about_instants = "instant" in reason.partition(":")[2]
    return " (wanted is 2026-01-05T14:30:00+01:00, or Z for UTC)" if is_about_instants else ""


def _exceed(part: int, whole: int, share: float, rows: int) -> bool:
    """Whether a part is past both limits. The share counts as written: in binary, 29 is more than 0.29 of 100."""
    return part > rows and part > Fraction(str(share)) * whole


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}"
