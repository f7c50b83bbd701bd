"""The kinds of sources, registered once: how each is configured, what its records hold, and which module reads it.

A new kind is a class of ``source_settings``, entities of ``live_formats``, a module of ``sources`` and its entry here.
Not here: any of these themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import Field

from ingestion.export_format import ENTITIES, Entity
from ingestion.live_formats import ACTIVECAMPAIGN, CHATWOOT, META_WEBHOOKS
from ingestion.source_settings import ActiveCampaignSource, ChatwootSource, ExportSource, MetaWebhooksSource, Source

EXPORT = "export"


class SourceKind(NamedTuple):
    """One kind of source. ``connector`` names the module that reads and checks it (:class:`~.sources.Connector`)."""

    settings: type[Source]
    entities: Mapping[str, Entity]
    connector: str


KINDS: Mapping[str, SourceKind] = {
    EXPORT: SourceKind(ExportSource, ENTITIES, "ingestion.sources.export"),
    "chatwoot": SourceKind(ChatwootSource, CHATWOOT, "ingestion.sources.chatwoot"),
    "activecampaign": SourceKind(ActiveCampaignSource, ACTIVECAMPAIGN, "ingestion.sources.activecampaign"),
    "meta_webhooks": SourceKind(MetaWebhooksSource, META_WEBHOOKS, "ingestion.sources.meta_webhooks"),
}
AnySource = Annotated[
    ExportSource | ChatwootSource | ActiveCampaignSource | MetaWebhooksSource, Field(discriminator="kind")
]
"""A source of any of these kinds, as the configuration has it."""
LIVE_KINDS = tuple(kind for kind in KINDS if kind != EXPORT)
"""The kinds whose records come in the shape of their system."""


def entities_of(kind: str) -> Mapping[str, Entity]:
    """The entities of a kind of source, by name."""
    return KINDS[kind].entities
