"""The records of live systems as they come, by kind of source: what the warehouse reads of each.

Here: which values of a record are kept, where it holds them, and of what type they are. Not here: how records are
fetched (``sources``), and what they mean in the common vocabulary (dbt's staging models). The source of these
definitions is the page on the live systems. What a record holds beside these stays in landing and is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.contract import ENTITIES, Column, Entity, Kind

EXPORT = "export"


def _entity(name: str, *columns: Column) -> Entity:
    return Entity(name, columns, is_native=True)


def _id(name: str, path: str = "", *, required: bool = False) -> Column:
    return Column(name, Kind.ID, required=required, path=path)


def _text(name: str, path: str = "", *, required: bool = False) -> Column:
    return Column(name, required=required, path=path)


def _flag(name: str, path: str = "") -> Column:
    return Column(name, Kind.BOOLEAN, path=path)


def _list(name: str, path: str = "") -> Column:
    return Column(name, Kind.LIST, path=path)


def _moment(name: str, path: str = "", *, required: bool = False, happened: bool = False) -> Column:
    return Column(name, Kind.MOMENT, required=required, happened=happened, path=path)


_CHATWOOT = (
    _entity(
        "conversations",
        _id("conversation_id", "id", required=True),
        _text("status", required=True),
        _id("inbox_id"),
        _list("labels"),
        _id("contact_id", "meta.sender.id"),
        _text("contact_name", "meta.sender.name"),
        _text("contact_phone", "meta.sender.phone_number"),
        _text("contact_email", "meta.sender.email"),
        _text("channel", "meta.channel"),
        _id("assignee_id", "meta.assignee.id"),
        _text("assignee_type", "meta.assignee_type"),
        _text("assignee_own_type", "meta.assignee.type"),
        _text("team", "meta.team.name"),
        _moment("created_at", required=True, happened=True),
        _moment("updated_at"),
        _moment("last_activity_at"),
    ),
    _entity(
        "messages",
        _id("message_id", "id", required=True),
        _id("conversation_id", required=True),
        _id("message_type", required=True),
        _text("content_type"),
        _text("status"),
        _flag("private"),
        _id("sender_id", "sender.id"),
        _text("sender_type", "sender.type"),
        _text("sender_name", "sender.name"),
        _text("sender_phone", "sender.phone_number"),
        _text("sender_email", "sender.email"),
        _moment("created_at", required=True, happened=True),
        _flag("deleted", "content_attributes.deleted"),
        _flag("is_reaction", "content_attributes.is_reaction"),
        _id("automation_rule_id", "content_attributes.automation_rule_id"),
        _id("campaign_id", "additional_attributes.campaign_id"),
        # what an activity says tells of closings; the texts of people are not kept
        _text("activity_status", "content_attributes.activity.status"),
        Column("activity", path="content", only=("message_type", ("2", "activity"))),
    ),
    _entity(
        "contacts",
        _id("contact_id", "id", required=True),
        _text("name"),
        _text("phone_number"),
        _text("email"),
    ),
    _entity("labels", _id("contact_id", required=True), _list("labels", "payload")),
    _entity("agents", _id("agent_id", "id", required=True), _text("name"), _text("email")),
    _entity("teams", _id("team_id", "id", required=True), _text("name")),
    _entity("inboxes", _id("inbox_id", "id", required=True), _text("name"), _text("channel_type")),
    _entity(
        "ratings",
        _id("response_id", "id", required=True),
        _id("conversation_id", required=True),
        _id("message_id"),
        Column("rating", Kind.RATING),
        _text("feedback_message"),
        _moment("created_at", happened=True),
    ),
    _entity(
        "events",
        _id("conversation_id", required=True),
        _text("name", "record.name", required=True),
        _moment("ended_at", "record.event_end_time", required=True, happened=True),
    ),
    _entity("unread", _id("conversation_id", required=True), _text("entity", required=True)),
    _entity("pulls", _id("pull_id", required=True), _flag("is_complete"), _flag("has_ratings")),
)

_ACTIVECAMPAIGN = (
    _entity(
        "conversations",
        _id("conversation_id", "id", required=True),
        _id("contact_id", "contact"),
        _text("status", required=True),
        _id("agent_id", "assigned|[0].id"),
        _list("tags", "tags|[*].name"),
        _moment("created_on", required=True, happened=True),
        _text("source"),
        _id("team", "assigned_team"),
        _id("channel"),
        _id("first_message_id", "first_message.id"),
        _text("first_message_direction", "first_message.direction"),
        _moment("first_message_at", "first_message.timestamp"),
        _text("first_message_status", "first_message.status"),
        _id("first_message_sender_id", "first_message.sent_by.id"),
        _text("first_message_type", "first_message.msg_type"),
        _text("first_message_source", "first_message.source"),
    ),
    _entity(
        "contacts",
        _id("contact_id", "id", required=True),
        _text("phone"),
        _text("canonical_phone"),
        _text("first_name"),
        _text("last_name"),
        _text("email"),
        _list("tags", "tags|[*].name"),
    ),
    _entity(
        "members",
        _id("agent_id", "id", required=True),
        _text("first_name"),
        _text("last_name"),
        _text("email"),
    ),
    _entity(
        "executions",
        _id("execution_id", "id", required=True),
        _id("contact_id", "contact", required=True),
        _text("status"),
        _moment("created_on", required=True, happened=True),
        _flag("is_test"),
        # an object, or its id alone
        _text("flow", "flow|"),
        _text("flow_id", "flow|.id"),
        _text("flow_name", "flow|.name"),
        _text("trigger_type", "flow|.trigger_type"),
    ),
    _entity("pulls", _id("pull_id", required=True), _flag("is_complete")),
)

_META_WEBHOOKS = (
    _entity(
        "messages",
        _id("message_id", "id", required=True),
        _id("contact_phone", "from", required=True),
        _moment("sent_at", "timestamp", required=True, happened=True),
        _text("type"),
    ),
    _entity(
        "statuses",
        _id("message_id", "id", required=True),
        _text("status", required=True),
        _moment("occurred_at", "timestamp", required=True, happened=True),
        _id("contact_phone", "recipient_id", required=True),
    ),
)

_ENTITIES: Mapping[str, Mapping[str, Entity]] = {
    EXPORT: ENTITIES,
    "chatwoot": {entity.name: entity for entity in _CHATWOOT},
    "activecampaign": {entity.name: entity for entity in _ACTIVECAMPAIGN},
    "meta_webhooks": {entity.name: entity for entity in _META_WEBHOOKS},
}
KINDS = tuple(_ENTITIES)
"""The kinds of sources that there are."""
LIVE_KINDS = tuple(kind for kind in KINDS if kind != EXPORT)
"""Those whose records come in the shape of their system."""


def entities_of(kind: str) -> Mapping[str, Entity]:
    """The entities of a kind of source, by name."""
    return _ENTITIES[kind]
