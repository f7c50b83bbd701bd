"""Known exports of helpdesks, recognised by the names of their columns.

Here: only columns that are documented, with where. Not here: how values are written, which is found in the values
themselves as of any file (``guesses``).

Exports whose columns were not found documented have no preset: Freshdesk and HubSpot let their users choose what a CSV
of tickets holds. Reports of Chatwoot have none because they count. Of its downloads of single conversations, survey
responses name one only by a link, which no mapping takes apart, and service levels have no start; its source is
``chatwoot``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """``header``: columns that all are there. ``entities``: of each, which column of the file each of its columns is.

    ``documented``: where. ``needs``: columns without which a record does not count for an entity. ``values``: by
    entity and column, what words mean. ``doubts``: by entity and column, what is not sure whatever the values are.
    ``timezone``: of local times, where it is documented.
    """

    name: str
    documented: str
    header: frozenset[str]
    entities: Mapping[str, Mapping[str, str]]
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    doubts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    timezone: str | None = None


_INTERCOM_ACTIVITIES = (
    *("open", "close", "snoozed", "unsnoozed", "timer_unsnooze"),
    *("assignment", "assign_and_reopen", "participant_added"),
)
_INTERCOM_MESSAGES = ("conversation_message", "comment")
_FRESHDESK = "https://developers.freshdesk.com/api"
_HUBSPOT = "https://developers.hubspot.com/docs/api-reference"

PRESETS = (
    Preset(
        "tickets of Zendesk in JSON",
        "https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#json-format",
        frozenset({"id", "requester_id", "submitter_id", "assignee_id", "raw_subject", "created_at", "status"}),
        {
            "conversations": {
                "conversation_id": "id",
                "started_at": "created_at",
                "contact_id": "requester_id",
                "channel": "via.channel",
                "team": "group_id",
                "status": "status",
                "agent_id": "assignee_id",
                "tags": "tags",
                "updated_at": "updated_at",
            },
            "ratings": {
                "rating_id": "satisfaction_rating.id",
                "conversation_id": "id",
                "rating": "satisfaction_rating.score",
                "comment": "satisfaction_rating.comment",
            },
        },
        needs={"ratings": ("satisfaction_rating.id",)},
    ),
    Preset(
        "users of Zendesk in JSON",
        "https://developer.zendesk.com/api-reference/ticketing/users/users/#json-format",
        frozenset({"id", "name", "email", "role", "active", "verified"}),
        # without agents: end users stand in the same list
        {
            "contacts": {
                "contact_id": "id",
                "name": "name",
                "phone": "phone",
                "email": "email",
                "updated_at": "updated_at",
            }
        },
    ),
    Preset(
        "tickets of Zendesk in CSV",
        "https://support.zendesk.com/hc/en-us/articles/4408886165402; the columns as programs write and read them",
        frozenset({"Summation column", "Id", "Requester id", "Assignee", "Created at", "Solved at", "Status"}),
        {
            "conversations": {
                "conversation_id": "Id",
                "started_at": "Created at",
                "contact_id": "Requester id",
                "channel": "Via",
                "team": "Group",
                "status": "Status",
                "closed_at": "Solved at",
                "agent_id": "Assignee",
                "tags": "Tags",
                "updated_at": "Updated at",
            },
            "contacts": {"contact_id": "Requester id", "name": "Requester", "email": "Requester email"},
            "agents": {"agent_id": "Assignee", "name": "Assignee"},
            "ratings": {"rating_id": "Id", "conversation_id": "Id", "rating": "Satisfaction Score"},
        },
        needs={"ratings": ("Satisfaction Score",)},
    ),
    Preset(
        "conversations of Intercom, as the exporter of ProdSight writes them",
        "https://www.prodsight.ai/help-sub/intercomexport-help-center/getting-started/"
        "what-does-the-intercom-conversation-export-contain",
        frozenset(
            {"message_id", "message_type", "message_created_at", "message_author_type", "conversation_created_at"}
        ),
        {
            "conversations": {
                "conversation_id": "conversation_id",
                "started_at": "conversation_created_at",
                "status": "conversation_state",
                "closed_at": "conversation_closed_at",
                "tags": "conversation_tags",
            },
            "messages": {
                "message_id": "message_id",
                "conversation_id": "conversation_id",
                "sent_at": "message_created_at",
                "sender_type": "message_author_type",
                "agent_id": "message_author_id",
                "type": "message_type",
                "private": "message_type",
            },
        },
        values={
            ("messages", "type"): dict.fromkeys(_INTERCOM_ACTIVITIES, "activity"),
            ("messages", "private"): {
                "note": "true",
                **dict.fromkeys((*_INTERCOM_MESSAGES, *_INTERCOM_ACTIVITIES), "false"),
            },
        },
        timezone="UTC",
    ),
    Preset(
        "tickets of Freshdesk in JSON",
        f"{_FRESHDESK}/#tickets",
        frozenset({"id", "requester_id", "responder_id", "fr_due_by", "fr_escalated", "status", "created_at"}),
        {
            "conversations": {
                "conversation_id": "id",
                "started_at": "created_at",
                "contact_id": "requester_id",
                "channel": "source",
                "team": "group_id",
                "status": "status",
                "closed_at": "stats.resolved_at",  # a resolved ticket has no closed_at until it closes by itself
                "agent_id": "responder_id",
                "tags": "tags",
                "updated_at": "updated_at",
                "deleted": "deleted",
            },
            "contacts": {
                "contact_id": "requester.id",
                "name": "requester.name",
                "phone": "requester.phone",
                "email": "requester.email",
            },
        },
        values={
            ("conversations", "status"): {"2": "in_progress", "3": "in_progress", "4": "closed", "5": "closed"},
            ("conversations", "channel"): {
                "1": "email",
                "2": "portal",
                "3": "phone",
                "7": "chat",
                "9": "feedback widget",
                "10": "outbound email",
            },
        },
    ),
    Preset(
        "conversations of Freshdesk in JSON",
        f"{_FRESHDESK}/#conversations",
        frozenset({"id", "ticket_id", "user_id", "incoming", "private", "created_at"}),
        {
            "messages": {
                "message_id": "id",
                "conversation_id": "ticket_id",
                "sent_at": "created_at",
                "direction": "incoming",
                "sender_type": "incoming",
                "agent_id": "user_id",
                "private": "private",
                "updated_at": "updated_at",
            }
        },
        values={("messages", "sender_type"): {"true": "contact", "false": "agent"}},
        doubts={
            ("messages", "direction"): "the first message of a ticket is its description, and is not among these unless"
            " it was added: without it first responses are wrong",
            ("messages", "sender_type"): "what a rule or a bot sends is taken for an agent's",
        },
    ),
    Preset(
        "contacts of Freshdesk in JSON",
        f"{_FRESHDESK}/#contacts",
        frozenset({"id", "name", "email", "phone", "mobile", "job_title", "twitter_id", "language", "time_zone"}),
        {
            "contacts": {
                "contact_id": "id",
                "name": "name",
                "phone": "phone",
                "email": "email",
                "tags": "tags",
                "updated_at": "updated_at",
                "deleted": "deleted",
            }
        },
    ),
    Preset(
        "agents of Freshdesk in JSON",
        f"{_FRESHDESK}/#agents",
        frozenset({"id", "occasional", "ticket_scope", "contact.name", "contact.email"}),
        {"agents": {"agent_id": "id", "name": "contact.name", "email": "contact.email", "updated_at": "updated_at"}},
    ),
    Preset(
        "satisfaction ratings of Freshdesk in JSON",
        f"{_FRESHDESK}/#satisfaction-ratings",
        frozenset({"id", "survey_id", "ticket_id", "feedback", "ratings.default_question", "created_at"}),
        {
            "ratings": {
                "rating_id": "id",
                "conversation_id": "ticket_id",
                "rating": "ratings.default_question",
                "comment": "feedback",
                "answered_at": "created_at",
                "updated_at": "updated_at",
            }
        },
        values={
            ("ratings", "rating"): {
                **{"103": "5", "102": "4", "101": "4", "100": "3", "-101": "2", "-102": "2", "-103": "1"},
                **{"1": "5", "2": "3", "3": "1"},  # of classic surveys
            }
        },
        doubts={("ratings", "rating"): "words as numbers of a scale from 1 to 5: correct them to your scale"},
    ),
    Preset(
        "tickets of HubSpot in JSON",
        f"{_HUBSPOT}/latest/crm/objects/tickets/guide; the properties as connectors read them",
        frozenset(
            {"id", "properties.createdate", "properties.hs_pipeline_stage", "createdAt", "updatedAt", "archived"}
        ),
        {
            "conversations": {
                "conversation_id": "id",
                "started_at": "properties.createdate",
                "contact_id": "properties.created_by",
                "channel": "properties.source_type",
                "status": "properties.hs_pipeline_stage",  # each account has stages of its own
                "closed_at": "properties.closed_date",
                "agent_id": "properties.hubspot_owner_id",
                "updated_at": "updatedAt",
                "deleted": "archived",
            }
        },
    ),
    Preset(
        "conversation threads of HubSpot in JSON",
        f"{_HUBSPOT}/legacy/conversations/conversations/guide",
        frozenset({"id", "status", "inboxId", "originalChannelId", "associatedContactId", "createdAt"}),
        {
            "conversations": {
                "conversation_id": "id",
                "started_at": "createdAt",
                "contact_id": "associatedContactId",
                "channel": "originalChannelId",
                "team": "inboxId",
                "status": "status",
                "closed_at": "closedAt",
                "agent_id": "assignedTo",
                "deleted": "archived",
            }
        },
        values={
            ("conversations", "channel"): {"1000": "live chat", "1001": "facebook messenger", "1002": "email"},
        },
    ),
    Preset(
        "messages of HubSpot in JSON",
        f"{_HUBSPOT}/legacy/conversations/conversations/guide",
        frozenset({"id", "conversationsThreadId", "createdAt", "createdBy", "direction", "type"}),
        {
            "messages": {
                "message_id": "id",
                "conversation_id": "conversationsThreadId",
                "sent_at": "createdAt",
                "direction": "direction",
                "sender_type": "direction",
                "agent_id": "createdBy",
                "type": "type",
                "status": "status.statusType",
                "updated_at": "updatedAt",
            }
        },
        needs={"messages": ("direction",)},  # welcome messages, comments and changes of a thread have none
        values={("messages", "sender_type"): {"incoming": "contact", "outgoing": "agent"}},
        doubts={("messages", "sender_type"): "what an integration or an AI agent sends is taken for an agent's"},
    ),
)


def preset_of(columns: Collection[str]) -> Preset | None:
    """The preset whose header a table has."""
    return next((preset for preset in PRESETS if preset.header <= set(columns)), None)
