"""The accepted batches of a home, and the segments of raw that hold them: what a build is made from.

Here: reading ledger and raw. Not here: what is accepted (``ingest``), and what a segment holds (``raw.segments``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ingestion.raw.segments import SUMMARY, Segment
from ingestion.settings import Settings
from ingestion.storage.landing import BatchError
from ingestion.storage.ledger import LEDGER, Entry, Ledger


def accepted_batches(settings: Settings) -> tuple[list[Entry], list[Segment]]:
    """The accepted batches of the configured sources, by source and name, and the segments of raw that hold them.

    Raises:
        BatchError: a segment is missing.
    """
    entries: list[Entry] = []
    segments: list[Segment] = []
    with Ledger(settings.home / LEDGER) as ledger:
        for source in settings.sources:
            of_source = ledger.entries(source.name, "accepted")
            entries += of_source
            held_by = {entry.batch: entry.segment for entry in of_source}
            segments += existing_segments(settings, ledger, source.name, held_by)
    held = {(segment.listed.source, batch) for segment in segments for batch in segment.batches}
    for entry in entries:
        if (entry.source, entry.batch) not in held:
            raise BatchError(
                f"{entry.source} {entry.batch}: it is accepted, but missing in raw; run again to parse it again"
            )
    return entries, segments


def existing_segments(
    settings: Settings, ledger: Ledger, source: str, accepted: Mapping[str, str | None]
) -> list[Segment]:
    """The existing segments of a source, with the accepted batches that each holds."""
    held = defaultdict(list)
    for batch, segment in accepted.items():
        held[segment].append(batch)
    folder = settings.home / "raw" / source
    return [
        Segment(listed, folder / listed.segment, tuple(held[listed.segment]))
        for listed in ledger.segments(source)
        if listed.segment in held and (folder / listed.segment / SUMMARY).is_file()
    ]
