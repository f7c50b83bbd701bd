"""The ``meta_webhooks`` source: a folder of archived webhook payloads of Meta's WhatsApp Cloud API.

Data flow: ``<path>/*.ndjson[.gz]``, one delivery a line -> a :class:`~.pull.Pull` with unchanged
copies of the archives. Files are read when they are new or have changed since the last batch. Not here: how a reading
becomes a batch (``pull``, ``live``), what the archives hold (``archives``, ``meta_payloads``), and whose a message is
(dbt).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from ingestion import machine
from ingestion.bounds import DEFAULTS
from ingestion.parsing import archives
from ingestion.parsing.meta_payloads import MESSAGES, OTHERS, STATUSES, NoDeliveryError, records_of
from ingestion.source_settings import MetaWebhooksSource
from ingestion.source_state import Outcome, SourceState
from ingestion.sources import Finding, SourceError, live
from ingestion.sources.pull import Pull
from ingestion.sql import first_line
from ingestion.storage.compression import DECOMPRESSION_ERRORS, is_compressed
from ingestion.storage.delivered import Delivered, NotDeliveredError

_SUFFIXES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")
Cursor = dict[str, Any]


def read(source: MetaWebhooksSource, state: SourceState) -> Iterator[Iterable[Outcome]]:
    """The archives that are new or have changed, as one batch."""
    return live.batches(
        source, state, source.kind, lambda pull, cursor: _read_archives(source, state, pull, cursor), _back
    )


def _back(cursor: Mapping[str, Any], since: datetime | None) -> Cursor:
    """Archives that were written at an instant or later are read as if they were new: what came later is in these."""
    files = cursor.get("files", {}) if since else {}
    return {**cursor, "files": {name: of for name, of in files.items() if since and of[1] < since.timestamp() * 1e9}}


def archive_files(source: MetaWebhooksSource) -> dict[str, list[int]]:
    """The files of the folder and its sub-folders by name, each with its size and time of change; hidden ones not."""
    found = {}
    for path in sorted(source.path.rglob("*")):
        name = path.relative_to(source.path).as_posix()
        if (
            name.lower().endswith(_SUFFIXES)
            and path.is_file()
            and not any(part[:1] == "." for part in Path(name).parts)
        ):
            status = path.stat()
            found[name] = [status.st_size, status.st_mtime_ns]
    return found


def _read_archives(source: MetaWebhooksSource, state: SourceState, pull: Pull, cursor: Mapping[str, Any]) -> Cursor:
    """Read the archives that are new or have changed; the cursor.

    Without any, the batch is empty, and its cursor says how far the archives have been read. What is still being
    written is left for a later run: a gzip file that is cut off, a last line without an end.

    Raises:
        SourceError: the folder does not exist, or a compressed archive is damaged or too large.
    """
    if not source.path.is_dir():
        raise SourceError(f"{source.path}: the folder of source '{source.name}' does not exist")
    delivered = Delivered(source.path, source.path, outside_links=source.outside_links)
    before = cursor.get("files", {})
    now = archive_files(source)
    number = 0
    for name, found in now.items():
        if before.get(name) == found:
            continue
        path = source.path / name
        kept = pull.folder / archives.name_of(number + 1, is_compressed=is_compressed(path))
        try:
            delivered.copy(name, kept)
            deliveries = Counter(is_whole for _, _, is_whole in archives.lines(kept, state.bounds))
        except (NotDeliveredError, EOFError) as error:
            reason = error if isinstance(error, NotDeliveredError) else f"{path}: the gzip file is cut off"
            pull.warnings.append(f"{reason}; it is left for a later run")
            kept.unlink()
            now[name] = before.get(name, [])
            continue
        except DECOMPRESSION_ERRORS as error:
            if machine.is_at_fault(error):
                raise
            raise SourceError(
                f"{source.name}: {path}: cannot be read: {first_line(error)}; repair the file, or remove it from"
                " the folder"
            ) from None
        number += 1
        state.progress(f"{source.name}: {name}")
        pull.keep_file(kept.name, deliveries[True])
        if deliveries[False]:
            pull.warnings.append(f"{path}: its last line is not complete yet; it is left for a later run")
    return {"files": now}


def _look_into(path: Path, most: int = 1000) -> Counter[str]:
    """What the first deliveries of an archive hold: ``deliveries``, ``malformed`` ones, and records by entity."""
    found: Counter[str] = Counter()
    with suppress(*DECOMPRESSION_ERRORS):
        for _, line, _ in itertools.islice(archives.lines(path, DEFAULTS), most):
            found["deliveries"] += 1
            try:
                found.update(record.entity for record in records_of(line))
            except NoDeliveryError:
                found["malformed"] += 1
    return found


def check(source: MetaWebhooksSource) -> Iterator[Finding]:
    """Look at the folder, and at the first deliveries of its newest archive."""
    if not source.path.is_dir():
        yield Finding("folder", False, f"{source.path} does not exist; create the folder or correct the path")
        return
    names = archive_files(source)
    yield Finding("folder", True, f"{source.path}: {len(names):,} archives")
    if names:
        newest = max(names, key=lambda name: names[name][1])
        found = _look_into(source.path / newest)
        deliveries, malformed = found["deliveries"], found["malformed"]
        words = f"{newest}: {found[MESSAGES]:,} messages and {found[STATUSES]:,} statuses in its first"
        words += f" {deliveries:,} deliveries"
        if found[OTHERS]:
            words += f"; {found[OTHERS]:,} records of groups, of other systems or of unknown fields are set aside"
        if malformed:
            words += f"; {malformed:,} lines are not deliveries"
        yield Finding("archive", deliveries > malformed, words)
