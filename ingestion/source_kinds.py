"""The kinds of sources, registered once: what the records of each hold, and which module reads and checks it.

A new kind is entities of ``live_formats``, a module of ``sources`` and its entry here, and its section of the
configuration (``source_settings``). Not here: any of these themselves. The command line reads this list at its start,
so it loads nothing that takes time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ingestion.export_format import ENTITIES, Entity
from ingestion.live_formats import ACTIVECAMPAIGN, CHATWOOT, META_WEBHOOKS

EXPORT = "export"
FILES = "files"


class SourceKind(NamedTuple):
    """One kind of source. ``connector`` names the module that reads and checks it (:class:`~.sources.Connector`).

    ``has_since``: a reading can begin at an instant that somebody names.
    """

    entities: Mapping[str, Entity]
    connector: str
    has_since: bool = False


KINDS: Mapping[str, SourceKind] = {
    EXPORT: SourceKind(ENTITIES, "ingestion.sources.export"),
    FILES: SourceKind(ENTITIES, "ingestion.sources.files"),
    "chatwoot": SourceKind(CHATWOOT, "ingestion.sources.chatwoot", has_since=True),
    "activecampaign": SourceKind(ACTIVECAMPAIGN, "ingestion.sources.activecampaign"),
    "meta_webhooks": SourceKind(META_WEBHOOKS, "ingestion.sources.meta_webhooks", has_since=True),
}
LIVE_KINDS = tuple(kind for kind in KINDS if kind not in (EXPORT, FILES))
"""The kinds whose records come in the shape of their system."""


def shape_of_records(kind: str) -> str:
    """The kind whose records the records of a kind are, once they are in raw."""
    return EXPORT if kind == FILES else kind


def entities_of(kind: str) -> Mapping[str, Entity]:
    """The entities of a kind of source, by name."""
    return KINDS[kind].entities
