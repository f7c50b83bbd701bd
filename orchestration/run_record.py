"""The record of the last run, kept in the home: its current step, its outcome, and what it had seen.

Here: the record and its file. Not here: who writes it (``progress``), and how it is shown (``cli.status``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter


@dataclass
class RunRecord:
    """One run. ``ended_at`` is None while a step is at work, and if the run was killed in one.

    Instants are ISO 8601 in UTC. ``step`` is the current or last step, ``steps`` the seconds of each.
    """

    started_at: str
    ended_at: str | None = None
    step: str = ""
    outcome: str = "unfinished"
    """So far: ``unfinished``, ``published``, ``nothing new``, ``refused`` or ``stopped``."""
    release_id: str | None = None
    steps: dict[str, float] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    """What each source delivered, in a line."""
    refusals: list[str] = field(default_factory=list)
    """Everything that was not published, and why."""
    run_id: str = ""
    read_at: str | None = None
    """When a run last looked at the sources."""
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    """What there was then (``news``)."""
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of each source that could not be read then: since when, and why."""
    build_failures: list[str] = field(default_factory=list)
    """Why the build of this run came to nothing, if it is not its verdict that says so."""
    target_failures: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of each target that does not show the current release: since when, and why."""

    def target_tried(self, name: str, failure: str | None, now: str) -> None:
        """Note how a target was left."""
        since, _ = self.target_failures.pop(name, (now, ""))
        if failure is not None:
            self.target_failures[name] = since, failure

    @property
    def is_complete(self) -> bool:
        """Whether what it was to build has come to an end."""
        return self.ended_at is not None and self.outcome not in ("unfinished", "stopped")

    @property
    def was_stopped(self) -> bool:
        """Whether it was stopped or killed; else one that is not complete was of some steps alone."""
        return self.outcome == "stopped" or self.ended_at is None

    def write(self, path: Path) -> None:
        """Store it in place of the record before."""
        fresh = path.with_name(f".{path.name}")
        fresh.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        fresh.replace(path)


def read_record(path: Path) -> RunRecord | None:
    """The record of the last run; None if there is none, or it cannot be read."""
    try:
        return TypeAdapter(RunRecord).validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
