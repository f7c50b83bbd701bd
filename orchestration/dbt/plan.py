"""Whether a build can be an update: begin as a copy of the last published build and take in what came since.

Here: the plan of a build, and when the one before may be carried over. Not here: how an update is computed (dbt), and
how the copy is made (``ingestion.builds.build_file``). Anything unusual is built
from nothing: slower, and the same marts.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from ingestion import zones
from ingestion.builds.build_file import CarriedOver
from ingestion.ingest import accepted_entries
from ingestion.live_formats import LIVE_KINDS
from ingestion.parsing.row_rules import rules_of
from ingestion.settings import Settings
from ingestion.storage.ledger import LEDGER, Entry, Ledger
from orchestration.dbt.process import project_fingerprint
from orchestration.home import Home
from orchestration.releases import catalog

LARGEST_SHARE_OF_NEWS = 0.2
"""Above this share of the rows a full build is about as fast."""


@dataclass(frozen=True)
class Plan:
    """What a build is made from. ``rules``: all but the batches, which are (source, batch, content, rows)."""

    rules: str
    batches: list[tuple[str, str, str, int]]
    carried_over: str | None = None
    """The build that it begins as a copy of."""

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
        return Plan(content["rules"], batches, content["carried_over"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def make_plan(settings: Settings, entries: Sequence[Entry]) -> Plan:
    """The plan of a build of the accepted batches."""
    with Ledger(settings.home / LEDGER) as ledger:
        of_rows = [
            sorted(
                {
                    rules_of(source.kind, settings.account_of(source).rating_scale, settings.bounds),
                    *ledger.rules_in_use(source.name),
                }
            )
            for source in settings.sources
        ]
    rules = [
        version("causerie"),
        of_rows,
        zones.VERSION,
        project_fingerprint(),
        settings.model_dump(mode="json", exclude={"home", "releases", "schedule", "resources"}),
    ]
    return Plan(
        hashlib.sha256(json.dumps(rules).encode()).hexdigest(),
        [
            (entry.source, entry.batch, _content(entry), sum(of.landed for of in entry.counts.values()))
            for entry in entries
        ],
    )


def _content(entry: Entry) -> str:
    counts = sorted((entity, of.landed, of.quarantined) for entity, of in entry.counts.items())
    return hashlib.sha256(json.dumps([str(entry.extracted_at), counts]).encode()).hexdigest()[:16]


def last_build(settings: Settings) -> CarriedOver | None:
    """The published build, if all that it was made from is accepted still."""
    return carried_over(Home(settings.home), make_plan(settings, accepted_entries(settings)), live_sources(settings))


def live_sources(settings: Settings) -> frozenset[str]:
    """The sources whose records come in the shape of their system."""
    return frozenset(source.name for source in settings.sources if source.kind in LIVE_KINDS)


def carried_over(home: Home, plan: Plan, live: Collection[str] = ()) -> CarriedOver | None:
    """The published build that a build of this plan can begin with; None where it is to be made from nothing.

    It can when the rules are the same, nothing that the build before was made from has changed, what came since
    sorts behind it (a tie between versions is decided by the name of the batch), and is little. What a live source
    tells is made anew: a record of the common vocabulary follows there from many, of all readings.

    ``live``: the names of the live sources.
    """
    current = catalog.current(home)
    if current is None:
        return None
    build = home.build(current.build_id)
    before = read_plan(build.plan)
    if before is None or before.rules != plan.rules:
        return None
    if not (build.database.is_file() and catalog.file_of(home, current).is_file()):
        return None
    known, taken = set(before.batches), {(source, batch) for source, batch, _, _ in before.batches}
    if not known <= set(plan.batches):
        return None
    last: defaultdict[str, str] = defaultdict(str)
    for source, batch in taken:
        last[source] = max(last[source], batch)
    news = [line for line in plan.batches if line not in known]
    if any(source in live for source, *_ in news):
        return None
    if any(batch < last[source] for source, batch, _, _ in news):
        return None
    rows = sum(rows for *_, rows in plan.batches)
    if sum(rows for *_, rows in news) > LARGEST_SHARE_OF_NEWS * rows:
        return None
    return CarriedOver(build.id, build.database, catalog.file_of(home, current), dict(last))
