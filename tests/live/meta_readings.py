"""What an archive of WhatsApp webhooks tells: the readings of `docs/live-systems.md`, in plain Python.

Here: from payloads to messages, their users and their numbers. Not here: how they come to be delivered (``meta``), and
whose conversation a message belongs to (``activecampaign_export``). It shares nothing with the connector.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.live.meta import Payload

Row = dict[str, Any]
FURTHEST = ("deleted", "failed", "read", "delivered", "sent")
"""Statuses, the furthest first; all others are less far. The archive has no status of a deleted message."""


@dataclass
class Archived:
    """All that an archive tells of one message."""

    number: str | None = None
    user: str | None = None
    said: tuple[datetime, str] | None = None
    """When it was written and of what kind it is, where the archive says so."""
    is_inbound: bool = False
    revoked_at: datetime | None = None
    statuses: dict[str, datetime] = field(default_factory=dict)

    @property
    def sent_at(self) -> datetime:
        """When it was written; else its ``sent`` status, else the earliest, else when it was revoked."""
        if self.said:
            return self.said[0]
        if self.statuses:
            return self.statuses.get("sent") or min(self.statuses.values())
        assert self.revoked_at
        return self.revoked_at

    def row(self, message_id: str, conversation_id: str) -> Row:
        return {
            "message_id": message_id,
            "conversation_id": conversation_id,
            "sent_at": self.sent_at.isoformat(),
            "direction": "inbound" if self.is_inbound else "outbound",
            "sender_type": "contact" if self.is_inbound else None,
            "agent_id": None,
            "origin": None,
            "type": self.said[1] if self.said else None,
            "status": None if self.is_inbound else min(self.statuses, key=distance, default=None),
            "deleted": self.revoked_at is not None,
        }


class Archive:
    """The messages of an archive, and who is who. A repetition is the same: it changes nothing."""

    def __init__(self, payloads: Iterable[Payload]) -> None:
        self.messages: dict[str, Archived] = {}
        self._users: dict[str, set[str]] = {}
        self._changes: list[tuple[datetime, str, str]] = []
        ours = [payload for payload in payloads if payload["object"] == "whatsapp_business_account"]
        changes = [change for payload in ours for entry in payload["entry"] for change in entry["changes"]]
        for field_name, value in ((change["field"], change["value"]) for change in changes):
            if field_name in ("messages", "smb_message_echoes", "history"):
                self._hear(field_name, value)

    def numbers_of(self, one: Archived) -> set[str]:
        """Every number by which the user of a message is known at that instant."""
        numbers = {compared(one.number)} - {""} | self._users.get(one.user or "", set())
        before: set[str] = set()
        while before != numbers:
            before = set(numbers)
            for at, old, new in self._changes:
                if at <= one.sent_at and {old, new} & numbers:
                    numbers |= {old, new}
        return numbers

    def _hear(self, field_name: str, value: Row) -> None:
        for contact in value.get("contacts", []):
            if contact.get("user_id") and contact.get("wa_id"):
                self._users.setdefault(contact["user_id"], set()).add(compared(contact["wa_id"]))
        for message in value.get("messages", []):
            self._message(message, is_outbound=False)
        for echo in value.get("message_echoes", []):
            self._message(echo, is_outbound=True)
        for thread in (thread for chunk in value.get("history", []) for thread in chunk.get("threads", [])):
            for message in thread["messages"]:
                self._message(message, is_outbound=message["from"] != thread["id"])
        for status in value.get("statuses", []):
            if status.get("recipient_type") != "group":
                named = status.get("recipient_id", "")
                user = status.get("recipient_user_id") or (named if not named.isdigit() else None)
                one = self._one(status["id"], named if named.isdigit() else None, user)
                one.statuses.setdefault(status["status"], _at(status))

    def _one(self, message_id: str, number: str | None, user: str | None) -> Archived:
        one = self.messages.setdefault(message_id, Archived())
        one.number, one.user = one.number or number, one.user or user
        return one

    def _message(self, message: Row, *, is_outbound: bool) -> None:
        if "group_id" in message or message["type"] in ("edit", "request_welcome"):
            return
        number = message.get("to") if is_outbound else message.get("from")
        if message["type"] == "revoke":
            one = self._one(message["revoke"]["original_message_id"], number, None)
            one.revoked_at = min(filter(None, (one.revoked_at, _at(message))))
            one.is_inbound = one.is_inbound or not (is_outbound or one.said or one.statuses)
            return
        if message["type"] == "system" and message["system"].get("type") == "user_changed_number":
            change = _at(message), compared(message["from"]), compared(message["system"]["wa_id"])
            self._changes.append(change)
        one = self._one(message["id"], number, message.get("from_user_id"))
        one.said = min(filter(None, (one.said, (_at(message), message["type"]))))
        one.is_inbound = not is_outbound
        told = message.get("history_context", {}).get("status", "PENDING").lower()
        word = {"played": "read", "error": "failed", "pending": None}.get(told, told)
        if word and is_outbound:
            one.statuses.setdefault(word, _at(message))


def compared(number: str | None) -> str:
    """A number in the shorter of the forms that Brazil, Mexico and Argentina have."""
    told = "".join(filter(str.isdigit, number or ""))
    for longer in (r"(55\d\d)9([016-9]\d{7})", r"(52)1(\d{10})", r"(54)9(\d{10})"):
        if match := re.fullmatch(longer, told):
            return "".join(match.groups())
    return told


def _at(told: Row) -> datetime:
    return datetime.fromtimestamp(int(told["timestamp"]), UTC)


def distance(status: str | None) -> int:
    return FURTHEST.index(status) if status in FURTHEST else len(FURTHEST)
