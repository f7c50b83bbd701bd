"""Known exports of helpdesks, recognised by the names of their columns.

Here: only columns that are documented, with where. Not here: how values are written, which is found in the values
themselves as of any file (``guesses``).

Exports whose columns were not found documented have no preset: ticket views of Freshdesk and HubSpot. Reports of
Chatwoot have none because they count, and its survey responses name a conversation only by a link; its source is
``chatwoot``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """``header``: columns that all are there. ``entities``: of each, which column of the file each of its columns is.

    ``documented``: where. ``needs``: columns without which a record does not count for an entity. ``values``: by
    entity and column, what words mean. ``timezone``: of local times, where it is documented.
    """

    name: str
    documented: str
    header: frozenset[str]
    entities: Mapping[str, Mapping[str, str]]
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    timezone: str | None = None


_INTERCOM_ACTIVITIES = (
    *("open", "close", "snoozed", "unsnoozed", "timer_unsnooze"),
    *("assignment", "assign_and_reopen", "participant_added"),
)
_INTERCOM_MESSAGES = ("conversation_message", "comment")

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
)


def preset_of(columns: Collection[str]) -> Preset | None:
    """The preset whose header a table has."""
    return next((preset for preset in PRESETS if preset.header <= set(columns)), None)
