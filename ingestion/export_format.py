"""The entities of the export format, their columns and types, once.

Here: what a record may hold. Not here: the records of live systems (``live_formats``), how a file is read
(``parser``), how batches are judged (``ingest``), what the figures mean (the dbt models). The source of these
definitions is ``docs/export-format.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a column holds."""

    ID = "id"
    """Text or a whole number, kept as text exactly as it came."""
    TEXT = "text"
    INSTANT = "instant"
    """ISO 8601 with an offset; kept to the microsecond."""
    MOMENT = "moment"
    """As an instant, or unix seconds with or without a fraction; 0 is none."""
    BOOLEAN = "boolean"
    LIST = "list"
    """A list of text."""
    RATING = "rating"
    """A whole number on the account's scale."""


DUCKDB_TYPES = {
    Kind.ID: "varchar",
    Kind.TEXT: "varchar",
    Kind.INSTANT: "timestamptz",
    Kind.MOMENT: "timestamptz",
    Kind.BOOLEAN: "boolean",
    Kind.LIST: "varchar[]",
    Kind.RATING: "integer",
}
"""The type of each kind of column in raw."""


@dataclass(frozen=True)
class Column:
    """One column of an entity.

    ``required``: a row without it is quarantined, unless the row is deleted and the column is not its key.
    ``happened``: an instant that cannot lie after the batch's extraction. ``may_be_zero``: one that counts as missing
    where it lies before the earliest that is believed; any other before that quarantines its row.
    ``words``: the only values allowed, compared trimmed and without regard to case.
    ``path``: where a record of a live system holds it, when that is not the column's name: ``meta.sender.id``. Where
    a list stands, what follows a ``|`` says what is wanted of it: ``assigned|first``, or of each ``tags|name``. A
    reference is understood both as an id and as an object that holds its ``id``: an id may stand in place of
    ``meta.sender``, an object in place of ``inbox_id``, and either in a list.
    ``only``: another column and the values of it with which this one is kept; else it is NULL.
    """

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    happened: bool = False
    may_be_zero: bool = False
    words: tuple[str, ...] = ()
    path: str = ""
    only: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Entity:
    """One kind of record. Its first column is its key, unique within a source once versions are resolved.

    ``clock``: the instant whose change between batches is a restatement; a source that restates many has broken clocks.
    ``is_native``: its records are those of a live system, of which some values stand deeper than at the top.
    ``is_archived``: they were taken out of archives; each says of which (``archive``) and whether it is ``malformed``.
    """

    name: str
    columns: tuple[Column, ...]
    clock: str | None = None
    is_native: bool = False
    is_archived: bool = False

    @property
    def key(self) -> str:
        """Name of the key column."""
        return self.columns[0].name

    @property
    def has_deletions(self) -> bool:
        """Whether a record can say that it is deleted."""
        return any(column.name == "deleted" for column in self.columns)

    @property
    def has_versions(self) -> bool:
        """Whether a record says when it was last changed."""
        return any(column.name == "updated_at" for column in self.columns)


def _id(name: str, *, required: bool = False) -> Column:
    return Column(name, Kind.ID, required=required)


def _instant(name: str, *, required: bool = False) -> Column:
    return Column(name, Kind.INSTANT, required=required, happened=True)


_UPDATED = Column("updated_at", Kind.INSTANT, happened=True, may_be_zero=True)
_DELETED = Column("deleted", Kind.BOOLEAN)

CONVERSATIONS = Entity(
    "conversations",
    (
        _id("conversation_id", required=True),
        _instant("started_at", required=True),
        _id("contact_id"),
        Column("channel"),
        Column("team"),
        Column("source"),
        Column("status"),
        _instant("closed_at"),
        _id("agent_id"),
        Column("tags", Kind.LIST),
        _UPDATED,
        _DELETED,
    ),
    clock="started_at",
)
MESSAGES = Entity(
    "messages",
    (
        _id("message_id", required=True),
        _id("conversation_id", required=True),
        _instant("sent_at", required=True),
        Column("direction", required=True, words=("inbound", "outbound")),
        Column("sender_type"),
        _id("agent_id"),
        Column("origin"),
        Column("type"),
        Column("status"),
        Column("private", Kind.BOOLEAN),
        _UPDATED,
        _DELETED,
    ),
    clock="sent_at",
)
CONTACTS = Entity(
    "contacts",
    (
        _id("contact_id", required=True),
        Column("name"),
        Column("phone"),
        Column("email"),
        Column("tags", Kind.LIST),
        _UPDATED,
        _DELETED,
    ),
)
AGENTS = Entity(
    "agents",
    (
        _id("agent_id", required=True),
        Column("name"),
        Column("email"),
        Column("team"),
        Column("active", Kind.BOOLEAN),
        _UPDATED,
    ),
)
EVENTS = Entity(
    "events",
    (
        _id("event_id", required=True),
        _id("conversation_id", required=True),
        Column("type", required=True),
        _instant("occurred_at", required=True),
        _id("agent_id"),
    ),
)
RATINGS = Entity(
    "ratings",
    (
        _id("rating_id", required=True),
        _id("conversation_id", required=True),
        _instant("asked_at"),
        Column("rating", Kind.RATING),
        Column("comment"),
        _instant("answered_at"),
        _UPDATED,
    ),
)

ENTITIES: dict[str, Entity] = {
    entity.name: entity for entity in (CONVERSATIONS, MESSAGES, CONTACTS, AGENTS, EVENTS, RATINGS)
}
