"""Archives of webhooks in a landed batch: taken apart into files of records, which are then parsed like any others.

Here: the lines of an archive, and where a record of one stood. Not here: what a delivery holds (``meta_payloads``), how
archives come to be landed (``sources.meta_webhooks``), how records are parsed (``parser``).

Records are taken out when a batch is parsed, not when it is read: so a rule that changes reaches what was landed before
it, and landing holds each byte once. Batches of earlier versions hold files of records beside their archives, which are
not read.
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
from ingestion.parsing.meta_payloads import OTHERS, USERS, NoDeliveryError, Record, records_of
from ingestion.parsing.parser import BadRecord, LandedFile
from ingestion.parsing.rules import MALFORMED, NOT_UTF8
from ingestion.sql import first_line
from ingestion.storage.compression import UNPACKING_ERRORS, pieces
from ingestion.storage.landing import BatchError, Landed

KIND = "meta_webhooks"
_NAME = "archive-"
_PAIRS_KEPT = 50_000
"""How many users of a batch are remembered, so that each is written once and not with each message."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


def name_of(number: int, *, packed: bool) -> str:
    """How an archive is called in its batch."""
    return f"{_NAME}{number:04d}.ndjson{'.gz' if packed else ''}"


def lines(path: Path, bounds: Bounds) -> Iterator[tuple[int, bytes, bool]]:
    """The lines of an archive that are not blank: number from 1, content, and whether it is whole.

    Only the last one can be half: without an end and no JSON, it is still being written. What is longer than a record
    may be comes cut off, and so is no JSON.

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


def take_apart(landed: Landed, folder: Path, bounds: Bounds) -> tuple[list[LandedFile], tuple[str, ...]]:
    """Write the records of a batch's archives into ``folder``, a file an entity; the files, and what there is to say.

    Each record says in which archive and line it stood, and which of that line's records it is.

    Raises:
        BatchError: an archive cannot be read, or has not the deliveries that the manifest says.
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
            for entity, line in _records(landed.folder / archive, listed.rows, notes, bounds):
                if entity not in files:
                    files[entity] = stack.enter_context((folder / f"{entity}.ndjson").open("w", encoding="ascii"))
                files[entity].write(line)
                rows[entity] += 1
    taken = [
        LandedFile(
            folder / f"{entity}.ndjson", landed.source, landed.batch, manifest.latest, rows[entity], KIND, bounds
        )
        for entity in sorted(rows)
    ]
    return taken, tuple(f"{what}: {count:,}" for what, count in sorted(notes.items()))


def _records(path: Path, expected: int, notes: Counter[str], bounds: Bounds) -> Iterator[tuple[str, str]]:
    """The records of an archive as lines, each with its entity."""
    known_users: set[tuple[str, ...]] = set()
    deliveries = 0
    try:
        for number, line, is_whole in lines(path, bounds):
            deliveries += is_whole
            place = {"archive": path.name, "line": number}
            try:
                found = records_of(line) if is_whole else []
            except NoDeliveryError:
                yield "messages", f"{_encode(place | {'malformed': True})}\n"
                continue
            for nth, record in enumerate(found):
                if record.entity == USERS and _is_known(record, known_users):
                    continue
                _note(record, notes)
                values = {"malformed": True} if record.values is None else record.values
                yield record.entity, f"{_encode(place | {'nth': nth} | values)}\n"
    except UNPACKING_ERRORS as error:
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
    """Count what is set aside, and the words that are not known."""
    if record.entity == OTHERS and record.values is not None:
        notes[f"set aside, {record.values['kind']}"] += 1
    if record.unknown is not None:
        notes[f"{record.entity} {record.unknown}"] += 1


def places(folder: Path, bad: Iterable[BadRecord], bounds: Bounds) -> list[tuple[str, int, str, str]]:
    """Of quarantined records that :func:`take_apart` wrote: archive, line, reasons, and the record as it came.

    ``folder``: that of the landed batch.
    """
    refused = [(json.loads(record.record), record.reasons) for record in bad]
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for place, _ in refused:
        wanted[place["archive"]].add(place["line"])
    texts = {
        (archive, number): line
        for archive, numbers in wanted.items()
        for number, line, _ in lines(folder / archive, bounds)
        if number in numbers
    }
    return [
        (place["archive"], place["line"], *_as_it_came(texts[place["archive"], place["line"]], place, reasons))
        for place, reasons in refused
    ]


def _as_it_came(line: bytes, place: Mapping[str, Any], reasons: str) -> tuple[str, str]:
    if "nth" in place:
        return reasons, json.dumps(records_of(line)[place["nth"]].part, ensure_ascii=False)
    text = line.decode("utf-8", "replace").strip()
    return NOT_UTF8 if reasons == MALFORMED and "\ufffd" in text else reasons, text
