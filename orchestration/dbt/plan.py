"""What a build is made from, and whether it is incremental: begins as a copy of the current release's build.

Here: the plan of a build, and when the one before can be its base. Not here: how an incremental build is computed
(dbt, ``docs/updates.md``), and how the copy is made (``ingestion.builds.build_file``). Anything unusual is built in
full: slower, and the same marts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ingestion import zones
from ingestion.builds.build_file import BaseBuild
from ingestion.file_mapping import spelled
from ingestion.parsing.row_rules import rules_of
from ingestion.settings import Settings
from ingestion.source_kinds import LIVE_KINDS
from ingestion.source_settings import OPERATION
from ingestion.storage.ledger import LEDGER, Entry, Ledger
from orchestration.dbt.process import project_fingerprint
from orchestration.home import Home
from orchestration.releases import catalog

_NOT_IN_ROWS: Any = {
    **dict.fromkeys(("home", "releases", "schedule", "resources", "extension", "publish", "alerts", "ping"), True),
    "quality": {"stale_after_hours"},
    "sources": {"__all__": set(OPERATION)},
}
"""The configuration that no row of a build follows from; an extension is known by its content."""
LARGEST_DELTA = 0.2
"""Above this share of the rows a full build is about as fast."""


@dataclass(frozen=True)
class Plan:
    """What a build is made from. ``rules``: all but the batches, which are (source, batch, content, rows)."""

    rules: str
    batches: list[tuple[str, str, str, int]]
    base: str | None = None
    """The build that an incremental one begins as a copy of; None for a full build."""

    @property
    def fingerprint(self) -> str:
        """The same again is nothing new."""
        content = json.dumps([self.rules, self.batches])
        return hashlib.sha256(content.encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Store the plan with its build."""
        path.write_text(json.dumps(asdict(self)))


def read_plan(path: Path) -> Plan | None:
    """The plan of a build; None where there is none that can be read."""
    try:
        content = json.loads(path.read_text())
        batches = [(source, batch, digest, rows) for source, batch, digest, rows in content["batches"]]
        return Plan(content["rules"], batches, content["base"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def make_plan(settings: Settings, entries: Sequence[Entry]) -> Plan:
    """The plan of a build of the accepted batches."""
    with Ledger(settings.home / LEDGER) as ledger:
        of_rows = [
            sorted(
                {
                    rules_of(
                        source.kind, settings.account_of(source).rating_scale, settings.bounds, spelled(source.mapped)
                    ),
                    *ledger.rules_in_use(source.name),
                }
            )
            for source in settings.sources
        ]
        doubts = [  # a build of doubted rows is doubted, too
            str(repair.asked_at)
            for source in settings.sources
            for repair in ledger.repairs(source.name)
            if repair.verb == "parse again"
        ]
    return Plan(
        hashlib.sha256(json.dumps([of_rows, doubts, *rules_of_builds(settings)]).encode()).hexdigest(),
        [
            (entry.source, entry.batch, _content(entry), sum(of.landed for of in entry.counts.values()))
            for entry in entries
        ],
    )


def rules_of_builds(settings: Settings) -> list[Any]:
    """What every build follows besides its rows: the software, the zones, dbt's project and the configuration."""
    configuration = settings.model_dump(mode="json", exclude=_NOT_IN_ROWS)
    return [version("causerie"), zones.VERSION, project_fingerprint(settings.extension.path), configuration]


def _content(entry: Entry) -> str:
    counts = sorted((entity, of.landed, of.quarantined) for entity, of in entry.counts.items())
    return hashlib.sha256(json.dumps([str(entry.extracted_at), counts]).encode()).hexdigest()[:16]


def base_build(settings: Settings, plan: Plan) -> BaseBuild | None:
    """The published build that a build of this plan can begin as a copy of; None where it is to be built in full.

    It can when the rules are the same, nothing that the build before was made from has changed, and the new batches are
    few. New batches of a live source ask for a full build: there a record of the common vocabulary follows from many,
    of all readings. A build on Spark is always full.
    """
    home = Home(settings.home)
    current = catalog.current(home)
    if current is None or settings.engine.kind == "spark":
        return None
    build = home.build(current.build_id)
    before = read_plan(build.plan)
    if before is None or before.rules != plan.rules or not build.database.is_file():
        return None
    delta = set(plan.batches) - set(before.batches)
    if len(delta) + len(before.batches) != len(plan.batches):
        return None
    live = {source.name for source in settings.sources if source.kind in LIVE_KINDS}
    if any(source in live for source, *_ in delta):
        return None
    if sum(rows for *_, rows in delta) > LARGEST_DELTA * sum(rows for *_, rows in plan.batches):
        return None
    return BaseBuild(build.id, build.database, frozenset((source, batch) for source, batch, *_ in before.batches))
