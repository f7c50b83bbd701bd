"""The record of the last run: what it is at, what came of it, kept in the home so that a later command can tell.

Here: the record and its file. Not here: who writes it (``reporting``), and how it is shown (``status``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class RunRecord:
    """One run. ``outcome`` is what is known so far; ``ended_at`` is None while it works, and when it was killed.

    Instants are ISO 8601 in UTC; ``steps``: seconds of each; ``step``: the one it is at, or was last.
    """

    started_at: str
    ended_at: str | None = None
    step: str = ""
    outcome: str = "unfinished"
    """``unfinished``, ``published``, ``nothing new``, ``refused`` or ``failed``."""
    release_id: str | None = None
    steps: dict[str, float] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    """What each source delivered, in words."""
    refusals: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Store it in the place of the one before."""
        fresh = path.with_name(f".{path.name}")
        fresh.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        fresh.replace(path)


def read_record(path: Path) -> RunRecord | None:
    """The record of the last run; None where there is none that can be read."""
    try:
        return RunRecord(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
