"""What a run knows of one source while it looks for new batches: ledger, decisions of operators, and landing.

Here: which batches are settled, which one is read again, when an operator last removed one, and what one asked to read
again. Not here: reading the
source (``sources``), and judging what it delivers (``ingest``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

from ingestion.bounds import Bounds
from ingestion.decisions import fingerprint, latest_decisions
from ingestion.source_settings import AnySource
from ingestion.storage.landing import BatchError, Landed, batch_folders
from ingestion.storage.ledger import Decision, Entry, Ledger, Repair

Outcome = tuple[str, Landed | BatchError]
"""The name of a batch, and the batch as it was landed, or why it could not be."""


@dataclass
class SourceState:
    """``folder``: the batches of the source in landing. ``progress``, ``warn``: called with a line for the operator.

    ``zone``: where its account is.
    """

    source: AnySource
    ledger: Ledger
    folder: Path
    bounds: Bounds
    progress: Callable[[str], None]
    warn: Callable[[str], None]
    zone: tzinfo
    refused: dict[str, Entry] = field(init=False)
    """Batches that earlier runs refused, by name."""
    decisions: dict[str, Decision] = field(init=False)
    """The latest decision about each batch, by name."""

    def __post_init__(self) -> None:
        self.refused = {entry.batch: entry for entry in self.ledger.entries(self.source.name, "refused")}
        self.decisions = latest_decisions(self.ledger.decisions(self.source.name))

    def accepted(self) -> set[str]:
        """The names of the accepted batches."""
        return set(self.ledger.accepted(self.source.name))

    def settled(self) -> set[str]:
        """Batches to leave alone: those accepted, and those set aside, unless they have been delivered again since."""
        entries = self.ledger.entries(self.source.name, "set aside")
        delivered = {entry.batch: self.fingerprint(entry.batch) for entry in entries}
        return self.accepted() | {
            batch
            for batch, found in delivered.items()
            if found is None or batch not in self.decisions or found == self.decisions[batch].fingerprint
        }

    def names(self) -> set[str]:
        """All names that batches of the source have or had."""
        decided = {entry.batch for entry in self.ledger.entries(self.source.name)}
        return decided | {path.name for path in batch_folders(self.folder)}

    def to_read_again(self) -> str | None:
        """The refused batch whose place the next reading takes, unless an operator has accepted it as it is."""
        return next((batch for batch in self.refused if not self.is_overruled(batch, self.fingerprint(batch))), None)

    def is_overruled(self, batch: str, content: str | None) -> bool:
        """Whether an operator accepted a batch with this content."""
        decision = self.decisions.get(batch)
        return decision is not None and (decision.verb, decision.fingerprint) == ("accept", content)

    def fingerprint(self, batch: str) -> str | None:
        """What a batch holds where it is delivered, or else in landing."""
        return fingerprint([(self.source.drop_folder or self.folder) / batch])

    def asked_again(self, after: datetime) -> list[Repair]:
        """What operators asked to read again later than ``after``, the latest last."""
        asked = self.ledger.repairs(self.source.name)
        return [repair for repair in asked if repair.verb == "read again" and repair.asked_at > after]

    def removed_at(self) -> datetime | None:
        """When an operator last set a batch aside that had been accepted."""
        decisions = self.ledger.decisions(self.source.name)
        accepted = {decision.batch for decision in decisions if decision.verb == "accept"}
        entries = self.ledger.entries(self.source.name, "set aside")
        removed = [entry.decided_at for entry in entries if not entry.reasons or entry.batch in accepted]
        return max(removed, default=None)
