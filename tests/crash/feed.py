"""What three sources deliver, batch after batch, made up from a seed.

Here: batches with new, late, changed and deleted rows, some of them refused at first; of one source as files with a
mapping. Not here: runs.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.drops import (
    COLUMNS,
    Row,
    agent,
    contact,
    content_of,
    conversation,
    event,
    message,
    rating,
    write_batch,
    write_config,
)

SOURCES = ("mill", "shop", "desk")
_FILES = {"conversations": "tickets", "messages": "comments"}
"""What the files of the last source are called, by entity."""
_MAPPED = {
    entity: {"files": f"{name}-*.csv", "columns": {column: column for column in COLUMNS[entity]}}
    for entity, name in _FILES.items()
}
_BEGINNING = datetime(2026, 1, 5, tzinfo=UTC)
_HOURS = """
[[accounts.working_hours]]
days = ["mon", "tue", "wed", "thu", "fri"]
spans = ["09:00-12:00", "14:00-18:00"]
"""


def write_configuration(folder: Path, extra: str = "") -> Path:
    """A configuration of all sources, with their empty drops."""
    for source in SOURCES:
        (folder / "drop" / source).mkdir(parents=True)
    accounts = [{"id": "acme", "timezone": "Europe/Paris"}]
    sources = [{"name": name, "kind": "export", "account": "acme", "path": f"drop/{name}"} for name in SOURCES]
    sources[-1] |= {"kind": "files", **_MAPPED}
    config = write_config(folder, accounts=accounts, sources=sources, extra=f"[releases]\n{extra}")
    text = config.read_text()
    config.write_text(text.replace("\n[[sources]]", f"{_HOURS}\n[[sources]]", 1))
    return config


@dataclass
class Feed:
    """The sources, as they have delivered so far. ``broken``: what was delivered broken and is not mended yet."""

    drop: Path
    seed: int = 1
    size: int = 5
    """Conversations that a batch brings."""
    delivered: int = 0
    broken: list[tuple[Path, dict[str, list[Row]], str]] = field(default_factory=list)
    _conversations: dict[str, list[Row]] = field(default_factory=lambda: {source: [] for source in SOURCES})

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def deliver(self, source: str | None = None, *, early: bool = False, broken: bool = False) -> Path:
        """A batch of a source; with ``early`` its name sorts before all others, with ``broken`` it is refused."""
        source = source or self._random.choice(SOURCES)
        self.delivered += 1
        at = _BEGINNING + timedelta(hours=7 * self.delivered)
        name = f"{'2025' if early else '2026'}-{self.delivered:05d}"
        rows = self._rows(source, at)
        extracted_at = (at + timedelta(hours=1)).isoformat()
        folder = self.drop / source / name
        if broken:
            self.broken.append((folder, rows, extracted_at))
            bad = [message(f"bad {number}", sent_at="yesterday") for number in range(40)]
            return _write(folder, {**rows, "messages": [*rows["messages"], *bad]}, extracted_at)
        return _write(folder, rows, extracted_at, gz=self._random.random() < 0.5)

    def mend(self) -> None:
        """Deliver again, whole, what was broken."""
        for folder, rows, extracted_at in self.broken:
            _write(folder, rows, extracted_at)
        self.broken.clear()

    def _rows(self, source: str, at: datetime) -> dict[str, list[Row]]:
        chance, known = self._random, self._conversations[source]
        new = [
            conversation(
                f"c{self.delivered}-{number}",
                started_at=(at - timedelta(minutes=chance.randrange(1, 400))).isoformat(),
                contact_id=f"k{chance.randrange(20)}",
                agent_id=chance.choice(["a1", "a2", "a3", None]),
                source=chance.choice(["INBOX", "FLOW", "INBOUND", "UNKNOWN"]),
                status=chance.choice(["OPEN", "CLOSED", "NEW"]),
                tags=chance.sample(["vip", "refund", "late"], chance.randrange(3)),
                updated_at=at.isoformat(),
            )
            for number in range(self.size)
        ]
        before = chance.sample(known, min(3, len(known)))
        changed: list[Row] = [
            {**row, "status": "CLOSED", "closed_at": at.isoformat(), "updated_at": at.isoformat()} for row in before[1:]
        ]
        gone: list[Row] = []
        if len(known) > 20 and chance.random() < 0.4:
            gone = [{"conversation_id": before[0]["conversation_id"], "deleted": True, "updated_at": at.isoformat()}]
        touched = [*new, *before]
        known += new
        return {
            "conversations": [*new, *changed, *gone],
            "messages": self._messages(touched, at),
            "contacts": [contact(f"k{chance.randrange(20)}", name=f"Name {self.delivered}", updated_at=at.isoformat())],
            "agents": [agent("a1", name=f"Ada {self.delivered // 10}"), agent("a2", name="Bo")],
            "events": [
                event(f"e{self.delivered}-{n}", row["conversation_id"], type="reopened", occurred_at=at.isoformat())
                for n, row in enumerate(before)
            ],
            "ratings": [
                rating(f"r{self.delivered}-{n}", row["conversation_id"], rating=chance.randrange(1, 6))
                for n, row in enumerate(touched[:2])
            ],
        }

    def _messages(self, conversations: list[Row], at: datetime) -> list[Row]:
        rows = []
        for place, row in enumerate(conversations):
            for number in range(3):
                inbound = number % 2 == 0
                rows.append(
                    message(
                        f"m{self.delivered}-{place}-{number}",
                        row["conversation_id"],
                        sent_at=(at - timedelta(minutes=60 - 10 * number)).isoformat(),
                        direction="inbound" if inbound else "outbound",
                        sender_type="contact" if inbound else "agent",
                        agent_id=None if inbound else self._random.choice(["a1", "a2", "a3"]),
                    )
                )
        return rows


def _write(folder: Path, rows: Mapping[str, Sequence[Row]], extracted_at: str, *, gz: bool = False) -> Path:
    """A batch with its manifest; of the last source, files that were written at that time."""
    if folder.parent.name != SOURCES[-1]:
        return write_batch(folder, rows, extracted_at, gz=gz)
    at = datetime.fromisoformat(extracted_at).timestamp()
    for entity, name in _FILES.items():
        file = folder.with_name(f"{name}-{folder.name}.csv")
        file.write_bytes(content_of(rows[entity], "csv", COLUMNS[entity]))
        os.utime(file, (at, at))
    return folder
