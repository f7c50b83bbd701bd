"""Landed batches are parsed in other processes, ahead of the one that judges them.

Here: the processes, and what is parsed in them. Not here: which batches are parsed together, and what becomes of them
(``ingest``). Batches share nothing while they are parsed: the ledger's commit decides, in their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from ingestion.bounds import Bounds
from ingestion.file_mapping import MappedEntity
from ingestion.parsing import parser
from ingestion.raw.segments import RawBatch, Segment, parse_segment
from ingestion.sql import sql_text
from ingestion.storage.landing import Landed

Parsed = tuple[Segment, list[RawBatch]]
_Group = TypeVar("_Group")


def processes(count: int) -> ProcessPoolExecutor | None:
    """So many processes; None for a single one, which is this one."""
    # a process that is forked would share DuckDB's threads
    return ProcessPoolExecutor(count, mp_context=get_context("spawn")) if count > 1 else None


def parse_alone(
    landed: Sequence[Landed],
    raw: Path,
    rating_scale: tuple[int, int],
    kind: str,
    bounds: Bounds,
    mappings: Mapping[str, MappedEntity],
    memory: int,
    threads: int,
) -> Parsed:
    """``parse_segment`` in a process of its own, with so many bytes of memory and so many threads."""
    with parser.connect() as connection:
        connection.execute(f"set memory_limit = {sql_text(f'{memory}B')}; set threads = {threads}")
        return parse_segment(connection, landed, raw, rating_scale, lambda _: None, kind, bounds, mappings)


def ahead(
    groups: Iterable[_Group], begin: Callable[[_Group], Future[Parsed] | None], count: int
) -> Iterator[tuple[_Group, Future[Parsed] | None]]:
    """Groups in their order, each with what parses it, if anything does; the next ``count`` have been begun by then."""
    begun: deque[tuple[_Group, Future[Parsed] | None]] = deque()
    for group in groups:
        begun.append((group, begin(group)))
        if len(begun) > count:
            yield begun.popleft()
    yield from begun
