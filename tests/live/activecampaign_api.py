"""What the API of a WhatsApp account of ActiveCampaign answers, from a world.

Here: paths and pages, and which rows were served. Not here: HTTP and faults (``server``), and what is in the lists
(``activecampaign``).

    with serve(world, faults=by_chance(seed=3)) as api:
        run(api.base_url, TOKEN)
    assert api.missed() == []
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.live import server
from tests.live.activecampaign import Row, Snapshot, World
from tests.live.server import Faults, Server, no_faults

TOKEN = "a-token"
HEADERS = {"Authorization": f"Token {TOKEN}"}
PATHS = {
    "inbox/conversation": "conversations",
    "contact": "contacts",
    "account-member": "members",
    "flow-execution-contact": "flows",
}


class Api:
    """The lists of a world by path, and what of them was served so far; a connection that was cut counts as served."""

    server: Server

    def __init__(self, world: World, base_path: str = "/api") -> None:
        self.world, self.base_path = world, base_path
        self._served: dict[str, dict[Any, Row]] = {}
        self._steady: dict[str, set[Any]] = {}

    @property
    def base_url(self) -> str:
        """What stands before ``/inbox/conversation``."""
        return f"{self.server.url}{self.base_path}"

    def pages(self, kind: str) -> Counter[int]:
        """How often each page of a list was asked for."""
        asked = [urlsplit(target) for target in self.server.log]
        return Counter(int(parse_qs(one.query).get("page", ["1"])[0]) for one in asked if self._kind(one.path) == kind)

    def missed(self) -> list[tuple[str, Any]]:
        """Rows (list, id) of the lists asked for that were there all the time since :meth:`take`, and never served."""
        served = self._served.items()
        return sorted((kind, key) for kind, rows in served for key in self._steady[kind] - rows.keys())

    def take(self) -> Snapshot:
        """All that was served since the last time, of each row the last version; the record begins again."""
        served, self._served, self._steady = self._served, {}, {}
        return Snapshot(**{kind: list(served.get(kind, {}).values()) for kind in PATHS.values()})

    def answer(self, path: str, query: dict[str, str]) -> object | None:
        """A page of a list, or a whole one; None for what is not there, as a page behind the last."""
        for kind in PATHS.values():
            ids = {row["id"] for row in self._rows(kind)}
            self._steady[kind] = self._steady.get(kind, ids) & ids
        kind = self._kind(path)
        if kind is None:
            return None
        rows = copy.deepcopy(self._rows(kind))
        if kind == "members":
            return self._told(kind, rows)
        page, size = int(query.get("page", "1")), int(query.get("page_size", "20"))
        last = max(1, -(-len(rows) // size))
        if not 1 <= page <= last:
            return None
        return {
            "count": len(rows),
            "next": self.link(path, query, page + 1) if page < last else None,
            "previous": self.link(path, query, page - 1) if page > 1 else None,
            "results": self._told(kind, rows[(page - 1) * size : page * size]),
        }

    def link(self, path: str, query: dict[str, str], page: int) -> object:
        """Where another page is."""
        return f"{self.server.url}{path}?{urlencode(query | {'page': page})}"

    def _told(self, kind: str, rows: list[Row]) -> list[Row]:
        self._served.setdefault(kind, {}).update({row["id"]: row for row in rows})
        return rows

    def _kind(self, path: str) -> str | None:
        return PATHS.get(path.removeprefix(f"{self.base_path}/")) if path.startswith(self.base_path) else None

    def _rows(self, kind: str) -> list[Row]:
        lists = {
            "conversations": self.world.conversation_list,
            "contacts": self.world.contact_list,
            "members": self.world.member_list,
            "flows": self.world.flow_list,
        }
        return lists[kind]()


@contextmanager
def serve(world: World, *, base_path: str = "/api", faults: Faults = no_faults) -> Iterator[Api]:
    """Serve a world until the block ends."""
    api = Api(world, base_path)
    with server.serve(api.answer, HEADERS, faults) as api.server:
        yield api
