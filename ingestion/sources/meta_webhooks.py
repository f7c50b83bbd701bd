"""The ``meta_webhooks`` source: a folder of archived webhook payloads of Meta's WhatsApp Cloud API.

Data flow: ``<path>/*.ndjson[.gz]``, one delivery a line -> a :class:`~ingestion.pull.Pull` with the archives as they
lie, and the messages and statuses in them one a line. Files are read when they are new or have changed since the last
batch. Not here: how a reading becomes a batch (``pull``, ``live``), and whose a message is (dbt).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ingestion.delivered import Delivered, NotDeliveredError
from ingestion.packing import UNPACKING_ERRORS, is_cut_off, is_packed, open_binary
from ingestion.pull import Progress, Pull, as_line
from ingestion.settings import MetaWebhooksSource

_SUFFIXES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")
_RECORDS_TOGETHER = 1000
Cursor = dict[str, Any]


def archives(source: MetaWebhooksSource) -> dict[str, list[int]]:
    """The files of the folder and its sub-folders by name, each with its size and time of change; hidden ones not."""
    found = {}
    for path in sorted(source.path.rglob("*")):
        name = path.relative_to(source.path).as_posix()
        if (
            name.lower().endswith(_SUFFIXES)
            and path.is_file()
            and not any(part[:1] == "." for part in Path(name).parts)
        ):
            told = path.stat()
            found[name] = [told.st_size, told.st_mtime_ns]
    return found


def read(
    source: MetaWebhooksSource, pull: Pull, cursor: Mapping[str, Any], progress: Progress
) -> tuple[Cursor, list[str]]:
    """Read the archives that are new or have changed; the cursor, and what there is to say.

    Without any the batch is empty, and says how far the archive has been read.

    What is still being written is left for a later run: a gzip file that is cut off, a last line without an end.
    """
    delivered = Delivered(source.path, source.path, outside_links=source.outside_links)
    before = cursor.get("files", {})
    now = archives(source)
    warnings = []
    number = 0
    for name, told in now.items():
        if before.get(name) == told:
            continue
        path = source.path / name
        kept = pull.folder / f"archive-{number + 1:04d}{path.suffix if is_packed(path) else '.ndjson'}"
        try:
            delivered.copy(name, kept)
            left = f"{path}: the gzip file is cut off" if is_cut_off(kept) else None
        except NotDeliveredError as error:
            left = str(error)
        if left is not None:
            kept.unlink()
            warnings.append(f"{left}; it is left for a later run")
            now[name] = before.get(name, [])
            continue
        number += 1
        progress(f"{source.name}: {name}")
        deliveries, rest = _take_out(kept, pull)
        pull.keep_file(kept.name, deliveries)
        if rest:
            warnings.append(f"{path}: its last line has no end and is no JSON yet; it is left for a later run")
    return {"files": now}, warnings


def look_into(path: Path, most: int = 1000) -> tuple[int, int, int, int]:
    """Of the first deliveries of an archive: how many, their messages, their statuses, and how many are none."""
    deliveries = others = 0
    found: dict[str, list[bytes]] = {"messages": [], "statuses": []}
    with suppress(*UNPACKING_ERRORS), open_binary(path) as file:
        for line in itertools.islice(file, most):
            deliveries += 1
            try:
                others += not _look_into(json.loads(line), found)
            except ValueError:
                others += 1
    return deliveries, len(found["messages"]), len(found["statuses"]), others


def _take_out(path: Path, pull: Pull) -> tuple[int, bool]:
    """Write the messages and statuses of an archive; how many deliveries it has, and whether a half one is left out.

    What is no delivery is written as it is among the messages: there it is quarantined.
    """
    deliveries = 0
    found: dict[str, list[bytes]] = {"messages": [], "statuses": []}
    with open_binary(path) as file:
        for line in file:
            if not line.strip():
                continue
            try:
                payload = json.loads(line)
            except ValueError:
                if not line.endswith(b"\n"):
                    _write(pull, found, at_least=1)
                    return deliveries, True
                payload = None
            deliveries += 1
            if not _look_into(payload, found):
                found["messages"].append(line.strip())
            _write(pull, found, at_least=_RECORDS_TOGETHER)
    _write(pull, found, at_least=1)
    return deliveries, False


def _look_into(payload: Any, found: dict[str, list[bytes]]) -> bool:
    """Add what a delivery holds; False when it has not the shape of one."""
    if not isinstance(payload, dict) or not isinstance(payload.get("entry"), list):
        return False
    taken: list[tuple[str, object]] = []
    for entry in payload["entry"]:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        if not isinstance(changes, list):
            return False
        for change in changes:
            if not isinstance(change, dict):
                return False
            value = change.get("value")
            if change.get("field") != "messages":
                continue
            if not isinstance(value, dict):
                return False
            for kind in found:
                items = value.get(kind)
                if items is not None and not isinstance(items, list):
                    return False
                taken += [(kind, item) for item in items or ()]
    for kind, item in taken:
        found[kind].append(as_line(item))
    return True


def _write(pull: Pull, found: dict[str, list[bytes]], at_least: int) -> None:
    for kind, lines in found.items():
        if len(lines) >= at_least:
            pull.write_lines(kind, lines)
            lines.clear()
