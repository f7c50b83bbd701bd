"""From each kind of source to landing; one module a kind.

Here: what every such module offers (:class:`Connector`). Not here: the list of kinds (``source_kinds``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from ingestion.source_kinds import KINDS
from ingestion.source_state import Outcome, SourceState


class SourceError(Exception):
    """A source cannot be read at all. The message says why and what to do."""


@dataclass(frozen=True)
class Finding:
    """What was asked for and what came. ``is_needed``: without it the source cannot be read."""

    subject: str
    is_there: bool
    words: str
    is_needed: bool = True


class Connector(Protocol):
    """What a module offers that reads one kind of source. Its settings and entities are in ``source_kinds``."""

    def read(self, source: Any, state: SourceState) -> Iterator[Iterable[Outcome]]:
        """Land new batches. Those of one iterable are ingested, by name, before the next iterable is asked for.

        Raises:
            SourceError: the source cannot be read.
        """

    def check(self, source: Any) -> Iterator[Finding]:
        """Ask a source for one page of each entity; findings as they come. Nothing is written."""


def connector_of(kind: str) -> Connector:
    """The module that reads a kind of source, imported when it is needed: HTTP takes a quarter of a second to load."""
    return cast(Connector, import_module(KINDS[kind].connector))
