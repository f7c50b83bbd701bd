"""The entities of the export format, their columns and types, once.

Here: what a record may hold. Not here: the records of live systems (``live_formats``), how a file is read
(``parser``), how batches are judged (``ingest``), what the figures mean (the dbt models). The source of these
definitions is ``docs/export-format.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ColumnType(Enum):
    """What the values of a column are."""

    ID = "id"
    """Text or a whole number, kept as text exactly as it came."""
    TEXT = "text"
    INSTANT = "instant"
    """ISO 8601 with an offset; kept to the microsecond."""
    MOMENT = "moment"
    """As an instant, or unix seconds with or without a fraction; 0 means that it is missing."""
    BOOLEAN = "boolean"
    LIST = "list"
    """A list of text."""
    RATING = "rating"
    """A whole number on the account's scale."""


DUCKDB_TYPES = {
    ColumnType.ID: "varchar",
    ColumnType.TEXT: "varchar",
    ColumnType.INSTANT: "timestamptz",
    ColumnType.MOMENT: "timestamptz",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.LIST: "varchar[]",
    ColumnType.RATING: "integer",
}
"""The DuckDB type of each type of column, in raw."""


@dataclass(frozen=True)
class Column:
    """One column of an entity.

    * ``required``: a row without it is quarantined, unless the row is deleted and the column is not its key.
    * ``happened``: an instant that cannot be later than the extraction of its batch.
    * ``may_be_zero``: an instant before the earliest one believed is missing, and does not quarantine its row.
    * ``words``: the only values allowed, compared trimmed and without regard to case.
    * ``known``: the values that the figures follow, compared alike. Others are kept, and reported.
    * ``path``: where a record of a live system holds it, when that is not the column's name: ``meta.sender.id``. For a
      list, the part after ``|`` selects from it: ``assigned|first``, or of each element ``tags|name``. A reference may
      be an id, or an object that holds its ``id``: an id may be given in place of ``meta.sender``, an object in place
      of ``inbox_id``, and either in a list.
    * ``only``: another column, and the values of it with which this one is kept; otherwise it is NULL.
    """

    name: str
    type: ColumnType = ColumnType.TEXT
    required: bool = False
    happened: bool = False
    may_be_zero: bool = False
    words: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    path: str = ""
    only: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Entity:
    """One type of record. Its first column is its key, unique within a source once versions are resolved.

    ``happened_at``: the instant of a record; when it differs between batches, the record is restated.
    ``is_native``: its records come as a live system gives them, with some values inside nested objects.
    ``is_archived``: its records come from archives; each names its ``archive`` and whether it is ``malformed``.
    """

    name: str
    columns: tuple[Column, ...]
    happened_at: str | None = None
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
    return Column(name, ColumnType.ID, required=required)


def _instant(name: str, *, required: bool = False) -> Column:
    return Column(name, ColumnType.INSTANT, required=required, happened=True)


_UPDATED = Column("updated_at", ColumnType.INSTANT, happened=True, may_be_zero=True)
_DELETED = Column("deleted", ColumnType.BOOLEAN)

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
        Column("tags", ColumnType.LIST),
        _UPDATED,
        _DELETED,
    ),
    happened_at="started_at",
)
MESSAGES = Entity(
    "messages",
    (
        _id("message_id", required=True),
        _id("conversation_id", required=True),
        _instant("sent_at", required=True),
        Column("direction", required=True, words=("inbound", "outbound")),
        Column("sender_type", known=("contact", "agent", "bot", "system")),
        _id("agent_id"),
        Column("origin", known=("inbox", "flow", "auto_response", "api", "broadcast")),
        Column("type"),
        Column("status"),
        Column("private", ColumnType.BOOLEAN),
        _UPDATED,
        _DELETED,
    ),
    happened_at="sent_at",
)
CONTACTS = Entity(
    "contacts",
    (
        _id("contact_id", required=True),
        Column("name"),
        Column("phone"),
        Column("email"),
        Column("tags", ColumnType.LIST),
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
        Column("active", ColumnType.BOOLEAN),
        _UPDATED,
    ),
)
EVENTS = Entity(
    "events",
    (
        _id("event_id", required=True),
        _id("conversation_id", required=True),
        Column("type", required=True, known=("assigned", "handoff", "closed", "reopened")),
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
        Column("rating", ColumnType.RATING),
        Column("comment"),
        _instant("answered_at"),
        _UPDATED,
    ),
)
FLOW_STATUSES = ("ready", "running", "completed", "canceled", "cancelled", "expired", "failed")
FLOW_RUNS = Entity(
    "flow_runs",
    (
        _id("flow_run_id", required=True),
        _id("flow_id", required=True),
        _instant("started_at", required=True),
        Column("status", required=True, known=FLOW_STATUSES),
        Column("flow_name"),
        _id("contact_id"),
        _id("conversation_id"),
        _instant("ended_at"),
        Column("direction"),
        Column("is_test", ColumnType.BOOLEAN),
        _UPDATED,
        _DELETED,
    ),
)

ENTITIES: dict[str, Entity] = {
    entity.name: entity for entity in (CONVERSATIONS, MESSAGES, CONTACTS, AGENTS, EVENTS, RATINGS, FLOW_RUNS)
}
