"""A home that reads one Chatwoot: what tests of live sources share.

Here: the home, its source, its marts, and an export of the same. Not here: the Chatwoot (`chatwoot`).
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ingestion.ingest import SourceReport
from ingestion.settings import load_settings
from ingestion.storage.ledger import LEDGER, Ledger
from tests.comparison import KEYS, Marts, differences
from tests.drops import write_config
from tests.live import server
from tests.live.chatwoot import HEADERS, Api, Fault, Faults, Picture, Server, World, to_export
from tests.live.server import Answer, no_faults
from tests.warehouse import accept, build_marts

NEVER = 1e6
TOKEN_ENV = "THE_TOKEN"
Row = dict[str, Any]


class Home:
    """A home that reads one Chatwoot; its clock is the world's.

    ``broken``: what the targets look like that answer 500. ``faults``: what else goes wrong. ``answer``: stands between
    the world and its server, and may be replaced.
    """

    world: World
    server: Server
    config: Path
    answer: Answer

    def __init__(self, folder: Path, serving: ExitStack) -> None:
        self.folder, self._serving = folder, serving
        self.accounts: list[dict[str, Any]] = [{"id": "acme", "timezone": "UTC"}]
        self.broken: str | None = None
        self.faults: Faults = no_faults
        self.history: list[Picture] = []
        self._marts: Marts | None = None

    def serve(self, world: World, *, events: bool = False) -> None:
        """Serve a world until the test ends."""
        self.world, self.answer = world, Api(world, events).answer
        serving = server.serve(lambda path, query: self.answer(path, query), HEADERS, self._fault)
        self.server = self._serving.enter_context(serving)

    def _fault(self, target: str, number: int) -> Fault | None:
        if self.broken and re.search(self.broken, target):
            return Fault(status=500)
        return self.faults(target, number)

    def source(self, *, complete: bool = True, **more: object) -> dict[str, object]:
        """The source: each reading is complete, or only the first one."""
        source = {"name": "cw", "kind": "chatwoot", "account": "acme", "base_url": self.server.url}
        source |= {"account_id": World.account, "token_env": TOKEN_ENV, "requests_per_second": 100_000.0}
        source |= {"attempts": 2, "reread_minutes": 0, "complete_every_hours": 0 if complete else NEVER}
        return source | more

    def run(self, *, complete: bool = True, **more: object) -> SourceReport:
        """Read, everything or what is new, a minute later."""
        self.world.wait(minutes=1)
        self.server.log.clear()
        sources = [self.source(complete=complete, **more)]
        self.config = write_config(self.folder / "live", accounts=self.accounts, sources=sources)
        self.history.append(self.world.picture())
        (report,) = accept(self.config)
        self._marts = None
        return report

    def marts(self) -> Marts:
        """Of all that was read."""
        if self._marts is None:
            self._marts = build_marts(self.config, ingest_first=False)
        return self._marts

    def details(self) -> dict[str, Row]:
        """By conversation."""
        return {str(row["conversation_id"]): row for row in self.marts()["details"]}

    def batches(self) -> list[tuple[str, str]]:
        """Name and status of every batch."""
        with Ledger(load_settings(self.config).home / LEDGER) as ledger:
            return [(entry.batch, entry.status) for entry in ledger.entries("cw")]

    def unlike_an_export(self, *, events: bool = False) -> str:
        """How the marts differ from those of an export of all that was read."""
        address = f"{self.server.url}/app/accounts/{World.account}/conversations/{{conversation_id}}"
        export = {"name": "cw", "kind": "export", "account": "acme", "path": "drop", "conversation_url": address}
        config = write_config(self.folder / "export", accounts=self.accounts, sources=[export])
        for batch in to_export(self.history, events=events):
            batch.write(self.folder / "export" / "drop")
        ours, theirs = self.marts(), build_marts(config)
        assert theirs["details"]
        return "\n".join(line for mart in reversed(KEYS) for line in differences(mart, theirs[mart], ours[mart]))
