"""The ``meta_webhooks`` source: a folder of archived webhook payloads of Meta's WhatsApp Cloud API.

Data flow: ``<path>/*.ndjson[.gz]``, one delivery a line -> a :class:`~.pull.Pull` with the archives as they
lie. Files are read when they are new or have changed since the last batch. Not here: how a reading becomes a batch
(``pull``, ``live``), what the archives hold (``archives``, ``meta_payloads``), and whose a message is (dbt).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ingestion import machine
from ingestion.bounds import DEFAULTS, Bounds
from ingestion.parsing import archives
from ingestion.parsing.meta_payloads import NoDeliveryError, records_of
from ingestion.settings import MetaWebhooksSource
from ingestion.sources import SourceError
from ingestion.sources.pull import Progress, Pull
from ingestion.sql import first_line
from ingestion.storage.compression import UNPACKING_ERRORS, is_packed
from ingestion.storage.delivered import Delivered, NotDeliveredError

_SUFFIXES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")
Cursor = dict[str, Any]


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


def read(
    source: MetaWebhooksSource, pull: Pull, cursor: Mapping[str, Any], progress: Progress, bounds: Bounds
) -> tuple[Cursor, list[str]]:
    """Read the archives that are new or have changed; the cursor, and what there is to say.

    Without any the batch is empty, and says how far the archive has been read.

    What is still being written is left for a later run: a gzip file that is cut off, a last line without an end.

    Raises:
        SourceError: a packed archive is broken, or unpacks to more than ``bounds`` say.
    """
    delivered = Delivered(source.path, source.path, outside_links=source.outside_links)
    before = cursor.get("files", {})
    now = archive_files(source)
    warnings = []
    number = 0
    for name, found in now.items():
        if before.get(name) == found:
            continue
        path = source.path / name
        kept = pull.folder / archives.name_of(number + 1, packed=is_packed(path))
        try:
            delivered.copy(name, kept)
            deliveries = Counter(is_whole for _, _, is_whole in archives.lines(kept, bounds))
        except (NotDeliveredError, EOFError) as error:
            reason = error if isinstance(error, NotDeliveredError) else f"{path}: the gzip file is cut off"
            warnings.append(f"{reason}; it is left for a later run")
            kept.unlink()
            now[name] = before.get(name, [])
            continue
        except UNPACKING_ERRORS as error:
            if machine.is_at_fault(error):
                raise
            raise SourceError(
                f"{source.name}: {path}: cannot be read: {first_line(error)}; mend the file, or take it out of the"
                " folder"
            ) from None
        number += 1
        progress(f"{source.name}: {name}")
        pull.keep_file(kept.name, deliveries[True])
        if deliveries[False]:
            warnings.append(f"{path}: its last line has no end and is no JSON yet; it is left for a later run")
    return {"files": now}, warnings


def look_into(path: Path, most: int = 1000) -> Counter[str]:
    """What the first deliveries of an archive hold: ``deliveries``, ``malformed`` ones, and records by entity."""
    found: Counter[str] = Counter()
    with suppress(*UNPACKING_ERRORS):
        for _, line, _ in itertools.islice(archives.lines(path, DEFAULTS), most):
            found["deliveries"] += 1
            try:
                found.update(record.entity for record in records_of(line))
            except NoDeliveryError:
                found["malformed"] += 1
    return found
