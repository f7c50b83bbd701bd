"""The records of live systems as they come, by kind of source: what the warehouse reads of each.

Here: which values of a record are kept, their paths and types. Not here: how records are
fetched (``sources``), and what they mean in the common vocabulary (dbt's staging models). The source of these
definitions is ``docs/live-systems.md``. What a record holds beside these stays in landing and is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ingestion.export_format import FLOW_STATUSES, Column, ColumnType, Entity


def _entity(name: str, *columns: Column) -> Entity:
    return Entity(name, columns, is_native=True)


def _by_name(*entities: Entity) -> Mapping[str, Entity]:
    return {entity.name: entity for entity in entities}


def _id(name: str, path: str = "", *, required: bool = False) -> Column:
    return Column(name, ColumnType.ID, required=required, path=path)


def _text(name: str, path: str = "", *, required: bool = False) -> Column:
    return Column(name, required=required, path=path)


def _flag(name: str, path: str = "") -> Column:
    return Column(name, ColumnType.BOOLEAN, path=path)


def _list(name: str, path: str = "") -> Column:
    return Column(name, ColumnType.LIST, path=path)


def _moment(name: str, path: str = "", *, required: bool = False, happened: bool = False) -> Column:
    return Column(name, ColumnType.MOMENT, required=required, happened=happened, may_be_zero=not required, path=path)


CHATWOOT = _by_name(
    _entity(
        "conversations",
        _id("conversation_id", "id", required=True),
        _text("status", required=True),
        _id("inbox_id"),
        _list("labels", "labels|title"),
        _id("contact_id", "meta.sender.id"),
        _text("contact_name", "meta.sender.name"),
        _text("contact_phone", "meta.sender.phone_number"),
        _text("contact_email", "meta.sender.email"),
        _text("channel", "meta.channel"),
        _id("assignee_id", "meta.assignee.id"),
        _text("assignee_type", "meta.assignee_type"),
        _text("assignee_own_type", "meta.assignee.type"),
        _id("team_id", "meta.team.id"),
        _text("team", "meta.team.name"),
        _moment("created_at", required=True, happened=True),
        _moment("updated_at", happened=True),
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
        # an activity says when a conversation was closed; what people write is not kept
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
    _entity("labels", _id("contact_id", required=True), _list("labels", "payload|title")),
    _entity("agents", _id("agent_id", "id", required=True), _text("name"), _text("email")),
    _entity("teams", _id("team_id", "id", required=True), _text("name")),
    _entity("inboxes", _id("inbox_id", "id", required=True), _text("name"), _text("channel_type")),
    _entity(
        "ratings",
        _id("response_id", "id", required=True),
        _id("conversation_id", required=True),
        _id("message_id"),
        Column("rating", ColumnType.RATING),
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

ACTIVECAMPAIGN = _by_name(
    _entity(
        "conversations",
        _id("conversation_id", "id", required=True),
        _id("contact_id", "contact"),
        _text("status", required=True),
        _id("agent_id", "assigned|first"),
        _list("tags", "tags|name"),
        _moment("created_on", required=True, happened=True),
        _text("source"),
        _id("team", "assigned_team"),
        _id("channel"),
        # its own id, and WhatsApp's, which it has once it is sent
        _id("first_message_id", "first_message.id"),
        _id("first_message_provider_id", "first_message.provider_id"),
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
        _list("tags", "tags|name"),
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
        Column("status", known=FLOW_STATUSES),
        _moment("created_on", required=True, happened=True),
        _flag("is_test"),
        _id("flow_id", "flow.id"),
        _text("flow_name", "flow.name"),
        _text("trigger_type", "flow.trigger_type"),
        # where only the id of the flow is given
        _text("execution_flow_name", "flow_name"),
    ),
    _entity("pulls", _id("pull_id", required=True), _flag("is_complete"), _flag("has_contacts")),
)

META_WEBHOOKS = _by_name(
    *(
        replace(_entity(name, *columns, _text("archive", required=True)), is_archived=True)
        for name, columns in {
            "messages": (
                _id("message_id", "id", required=True),
                _text("source"),
                _moment("sent_at", "timestamp", required=True, happened=True),
                _text("type"),
                _id("from_number", "from"),
                _id("from_user_id"),
                _id("to_number", "to"),
                _id("to_user_id"),
                # the other party, where the message itself does not name it; and the business
                _id("contact_number"),
                _id("contact_user_id"),
                _id("business_number"),
                _id("revoked_id"),
                # only in the history
                _text("status"),
                _flag("from_me"),
            ),
            "statuses": (
                _id("message_id", "id", required=True),
                _text("status", required=True),
                _moment("occurred_at", "timestamp", required=True, happened=True),
                _id("contact_number", "recipient_id"),
                _id("contact_user_id", "recipient_user_id"),
            ),
            "users": (_id("user_id", required=True), _id("number"), _id("previous_user_id")),
            "numbers": (
                _id("old_number", required=True),
                _id("new_number", required=True),
                _moment("changed_at", "timestamp", required=True, happened=True),
            ),
            "others": (_text("kind", required=True),),
        }.items()
    )
)
