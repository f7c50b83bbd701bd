"""Archives of webhooks in a landed batch: split into files of records, which are then parsed like any others.

Here: the lines of an archive, and the line that a record came from. Not here: what a delivery holds
(``meta_payloads``), how archives come to be landed (``sources.meta_webhooks``), how records are parsed (``parser``).

Records are extracted when a batch is parsed, not when it is landed. So a changed rule applies to older batches too, and
landing holds each byte once. Batches of earlier versions hold files of records beside their archives; these are not
read.
"""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from ingestion.bounds import Bounds
from ingestion.parsing.files import BadRecord, LandedFile
from ingestion.parsing.meta_payloads import OTHERS, USERS, NoDeliveryError, Record, records_of
from ingestion.parsing.rules import MALFORMED, NOT_UTF8
from ingestion.sql import first_line
from ingestion.storage.compression import DECOMPRESSION_ERRORS, pieces
from ingestion.storage.landing import BatchError, Landed

KIND = "meta_webhooks"
_NAME = "archive-"
_PAIRS_KEPT = 50_000
"""So many users of a batch are remembered, so that each is written once and not with each message."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


def name_of(number: int, *, is_compressed: bool) -> str:
    """The name of an archive in its batch."""
    return f"{_NAME}{number:04d}.ndjson{'.gz' if is_compressed else ''}"


def lines(path: Path, bounds: Bounds) -> Iterator[tuple[int, bytes, bool]]:
    """The lines of an archive that are not blank: number from 1, content, and whether it is whole.

    Only the last one can be incomplete: without a line end and not JSON, it is still being written. A line longer than
    a record may be is cut, and so is not JSON.

    Raises:
        OSError, EOFError, zlib.error, TooLargeError: it cannot be read.
    """
    number = 0
    for piece, _ in pieces(path, bounds):
        for line in io.BytesIO(piece):
            number += 1
            if line.strip():
                yield number, line, line.endswith(b"\n") or _is_json(line)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def split_archives(landed: Landed, folder: Path, bounds: Bounds) -> tuple[list[LandedFile], tuple[str, ...]]:
    """Write the records of a batch's archives into ``folder``, a file an entity; the files, and notes for the operator.

    Each record names its archive and line, and its number among the records of that line.

    Raises:
        BatchError: an archive cannot be read, or has another number of deliveries than the manifest says.
    """
    rows: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    manifest = landed.manifest
    folder.mkdir()
    with ExitStack() as stack:
        files: dict[str, IO[str]] = {}
        for archive, listed in sorted(manifest.files.items()):
            if not archive.startswith(_NAME):
                continue
            for entity, line in _records(landed.folder / archive, listed.rows or 0, notes, bounds):
                if entity not in files:
                    files[entity] = stack.enter_context((folder / f"{entity}.ndjson").open("w", encoding="ascii"))
                files[entity].write(line)
                rows[entity] += 1
    split = [
        LandedFile(
            folder / f"{entity}.ndjson", landed.source, landed.batch, manifest.latest, rows[entity], KIND, bounds
        )
        for entity in sorted(rows)
    ]
    return split, tuple(f"{what}: {count:,}" for what, count in sorted(notes.items()))


def _records(path: Path, expected: int, notes: Counter[str], bounds: Bounds) -> Iterator[tuple[str, str]]:
    """The records of an archive as lines, each with its entity."""
    known_users: set[tuple[str, ...]] = set()
    deliveries = 0
    try:
        for number, line, is_whole in lines(path, bounds):
            deliveries += is_whole
            position = {"archive": path.name, "line": number}
            try:
                found = records_of(line) if is_whole else []
            except NoDeliveryError:
                yield "messages", f"{_encode(position | {'malformed': True})}\n"
                continue
            for nth, record in enumerate(found):
                if record.entity == USERS and _is_known(record, known_users):
                    continue
                _note(record, notes)
                values = {"malformed": True} if record.values is None else record.values
                yield record.entity, f"{_encode(position | {'nth': nth} | values)}\n"
    except DECOMPRESSION_ERRORS as error:
        raise BatchError(f"{path}: cannot be read: {first_line(error)}; restore it, or deliver it again") from None
    if deliveries != expected:
        raise BatchError(
            f"{path}: the manifest says {expected:,} deliveries, the file has {deliveries:,}: it was changed after it"
            " was landed; restore it, or deliver it again"
        )


def _is_known(record: Record, known: set[tuple[str, ...]]) -> bool:
    values = tuple(map(str, (record.values or {}).values()))
    if values in known:
        return True
    if len(known) >= _PAIRS_KEPT:
        known.clear()
    known.add(values)
    return False


def _note(record: Record, notes: Counter[str]) -> None:
    """Count what is set aside, and unknown words."""
    if record.entity == OTHERS and record.values is not None:
        notes[f"set aside, {record.values['kind']}"] += 1
    if record.unknown is not None:
        notes[f"{record.entity} {record.unknown}"] += 1


def lines_of(folder: Path, bad: Iterable[BadRecord], bounds: Bounds) -> list[tuple[str, int, str, str]]:
    """Of quarantined records that :func:`split_archives` wrote: archive, line, reasons, and the record as it came.

    ``folder``: that of the landed batch.
    """
    refused = [(json.loads(record.record), record.reasons) for record in bad]
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for position, _ in refused:
        wanted[position["archive"]].add(position["line"])
    texts = {
        (archive, number): line
        for archive, numbers in wanted.items()
        for number, line, _ in lines(folder / archive, bounds)
        if number in numbers
    }
    return [
        (at["archive"], at["line"], *_as_it_came(texts[at["archive"], at["line"]], at, reasons))
        for at, reasons in refused
    ]


def _as_it_came(line: bytes, position: Mapping[str, Any], reasons: str) -> tuple[str, str]:
    if "nth" in position:
        return reasons, json.dumps(records_of(line)[position["nth"]].part, ensure_ascii=False)
    text = line.decode("utf-8", "replace").strip()
    return NOT_UTF8 if reasons == MALFORMED and "\ufffd" in text else reasons, text
