"""Years of hourly batches of a few conversations each, for one source.

Here: writing thousands of small batches fast, the same for the same arguments. Not here: ingesting them
(``many_batches``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

MESSAGES = 5
AGENTS = 9
_FIRST = datetime(2023, 11, 1, tzinfo=UTC)
_CONFIG = """home = "home"

[[accounts]]
id = "hourly"
timezone = "Europe/Paris"

[[accounts.working_hours]]
days = ["mon", "tue", "wed", "thu", "fri"]
spans = ["09:00-18:00"]

[[sources]]
name = "hourly_export"
kind = "export"
account = "hourly"
path = "drop"
"""


def write_hourly(folder: Path, batches: int, conversations: int = 2) -> Path:
    """Write ``batches`` batches an hour apart into ``folder / "drop"``; gives the configuration that reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "causerie.toml"
    config.write_text(_CONFIG, encoding="utf-8")
    for number in range(batches):
        write_batch(folder / "drop", number, conversations)
    return config


def write_batch(drop: Path, number: int, conversations: int = 2) -> None:
    """The batch of one hour: its conversations, still open, and those of the hour before, now closed."""
    extracted = _FIRST + timedelta(hours=number + 1)
    folder = drop / f"{extracted:%Y-%m-%dT%H%MZ}"
    folder.mkdir(parents=True)
    files = {}
    for entity, rows in _entities(number, conversations, extracted):
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        (folder / f"{entity}.ndjson").write_bytes(content)
        files[f"{entity}.ndjson"] = {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {"extracted_at": extracted.isoformat(), "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _entities(number: int, conversations: int, extracted: datetime) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    start = extracted - timedelta(hours=1)
    new = range(number * conversations, (number + 1) * conversations)
    before = range(max(0, number - 1) * conversations, number * conversations)
    if number == 0:
        yield "agents", [{"agent_id": agent, "name": f"Agent {agent}"} for agent in range(AGENTS)]
    yield (
        "contacts",
        [
            {"contact_id": key, "name": f"Contact {key}", "phone": f"+336{key:08d}", "updated_at": _at(start)}
            for key in (each // 3 for each in new)
        ],
    )
    yield (
        "conversations",
        [
            {
                "conversation_id": each,
                "started_at": _at(_start(each, conversations)),
                "contact_id": each // 3,
                "channel": "WhatsApp",
                "source": "INBOUND" if each % 4 else "FLOW",
                "status": "open" if each in new else "closed",
                "closed_at": None if each in new else _at(start + timedelta(minutes=1)),
                "agent_id": each % AGENTS,
                "tags": [f"tag {each % 12}"],
                "updated_at": _at(extracted),
            }
            for each in (*before, *new)
        ],
    )
    yield (
        "messages",
        [
            {
                "message_id": f"{each}-{place}",
                "conversation_id": each,
                "sent_at": _at(_start(each, conversations) + timedelta(seconds=place * 240 + each % 60)),
                "direction": "outbound" if place % 2 else "inbound",
                "sender_type": "agent" if place % 2 else "contact",
                "agent_id": each % AGENTS if place % 2 else None,
                "type": "text",
                "status": "read",
            }
            for each in new
            for place in range(MESSAGES)
        ],
    )
    yield (
        "events",
        [{"event_id": each, "conversation_id": each, "type": "closed", "occurred_at": _at(start)} for each in before],
    )
    yield (
        "ratings",
        [
            {
                "rating_id": each,
                "conversation_id": each,
                "asked_at": _at(start),
                "rating": 1 + each % 5 if each % 2 else None,
                "answered_at": _at(start + timedelta(minutes=2)) if each % 2 else None,
                "updated_at": _at(start + timedelta(minutes=2)),
            }
            for each in before
        ],
    )


def _start(conversation: int, conversations: int) -> datetime:
    """Within the first half of its hour, so that its messages end before the extraction."""
    hour, place = divmod(conversation, conversations)
    return _FIRST + timedelta(hours=hour, seconds=place * 1500 // conversations)


def _at(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
