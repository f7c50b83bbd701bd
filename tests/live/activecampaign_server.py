"""The API of a WhatsApp account of ActiveCampaign on this machine, over a world, as well-behaved as wanted.

Here: paths, pages, the token, faults (``Fault`` and the ways to choose them), a list that moves while it is read, and
what was asked and served. Not here: what is in the lists (``activecampaign``).

    with serve(world, faults=by_chance(seed=3), between=lambda number: world.advance(20)) as server:
        run(server.base_url, server.token)
    assert server.missed() == []
    history.append(Run(extracted_at, server.take(), ...))
"""

from __future__ import annotations

import copy
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.live.activecampaign import Row, Snapshot, World

PATHS = {
    "inbox/conversation": "conversations",
    "contact": "contacts",
    "account-member": "members",
    "flow-execution-contact": "flows",
}
LARGE_PAGE = 40


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer; the world has moved on before it.

    ``status``: an HTTP error, with ``retry_after`` (seconds; ``as_date``: told as a date). ``cut``: the connection ends
    before the answer, or within its body. ``truncated``: half of the JSON as if it were all. ``seconds``: a pause
    before the answer, which then is served.
    """

    status: int | None = None
    retry_after: float | None = None
    as_date: bool = False
    cut: Literal["before", "within"] | None = None
    truncated: bool = False
    seconds: float = 0

    @property
    def spoils(self) -> bool:
        """Whether the answer does not arrive."""
        return bool(self.status or self.cut or self.truncated)


@dataclass(frozen=True)
class Request:
    """What was asked, and what was answered (``status`` None: a cut connection). ``number`` counts from 0."""

    number: int
    path: str
    query: dict[str, str]
    status: int | None = None
    fault: Fault | None = None
    at: float = 0
    """Seconds of a clock that only runs forward: how long a client waited."""

    @property
    def kind(self) -> str | None:
        """The list that was asked for, None where it is none."""
        return next((kind for end, kind in PATHS.items() if self.path.endswith(f"/{end}")), None)

    @property
    def page(self) -> int:
        return int(self.query.get("page", "1"))


Faults = Callable[[Request], Fault | None]
"""Chooses what goes wrong with a request, None for nothing. It is asked once for each, in order."""


def scripted(faults: Mapping[int, Fault]) -> Faults:
    """Faults by the number of the request."""
    return lambda request: faults.get(request.number)


def first_times(times: int, fault: Fault, *, kind: str | None = None, page: int | None = None) -> Faults:
    """The same fault at the first requests of a list, or of one of its pages; then all is well."""
    left = times

    def choose(request: Request) -> Fault | None:
        nonlocal left
        if not left or kind not in (None, request.kind) or page not in (None, request.page):
            return None
        left -= 1
        return fault

    return choose


def always(fault: Fault, *, kind: str | None = None) -> Faults:
    """A list that never answers well."""
    return lambda request: fault if kind in (None, request.kind) else None


FAULTS = (
    Fault(status=429, retry_after=0),
    Fault(status=429, retry_after=1),
    Fault(status=429),
    Fault(status=500),
    Fault(status=502),
    Fault(status=503, retry_after=0),
    Fault(cut="before"),
    Fault(cut="within"),
    Fault(truncated=True),
    Fault(seconds=0.05),
)


def by_chance(seed: int, share: float = 0.2, *, in_a_row: int = 2, faults: Sequence[Fault] = FAULTS) -> Faults:
    """Faults by chance, never more than so many in a row."""
    chance, row = Random(seed), 0

    def choose(request: Request) -> Fault | None:
        nonlocal row
        row = row + 1 if row < in_a_row and chance.random() < share else 0
        return chance.choice(faults) if row else None

    return choose


@dataclass
class Server:
    """A running server: where it is, and what happened so far."""

    world: World
    token: str
    base_path: str
    large_pages: Literal["fine", "slow", "error"] = "fine"
    slow_seconds: float = 1.0
    faults: Faults | None = None
    between: Callable[[int], object] | None = None
    address: str = ""
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _asked: int = 0
    _served: dict[str, dict[Any, Row]] = field(default_factory=dict)
    _steady: dict[str, set[Any]] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """What stands before ``/inbox/conversation``."""
        return f"{self.address}{self.base_path}"

    def count(self, kind: str | None = None, status: int | None = None) -> int:
        """How many requests there were, of one list, with one status."""
        return sum(kind in (None, one.kind) and status in (None, one.status) for one in self.requests)

    def pages(self, kind: str) -> Counter[int]:
        """How often each page of a list was served."""
        return Counter(one.page for one in self.requests if one.kind == kind and one.status == 200)

    def missed(self) -> list[tuple[str, Any]]:
        """Rows (list, id) of the lists asked for that were there all the time since :meth:`take`, and never served."""
        served = self._served.items()
        return sorted((kind, key) for kind, rows in served for key in self._steady[kind] - rows.keys())

    def take(self) -> Snapshot:
        """All that was served since the last time, of each row the last version, and begin anew.

        A row that vanished after it was served is in it: where a client rereads a list and goes by the last reading
        alone, compare only after a run in which nothing vanished. What was sent counts as served, also when the client
        had ceased to wait.
        """
        with self.lock:
            served, self._served, self._steady = self._served, {}, {}
        return Snapshot(**{kind: list(served.get(kind, {}).values()) for kind in PATHS.values()})

    # --- answering; the lock is held ---

    def begin(self, path: str, query: dict[str, str]) -> Request:
        """The next request: the world moves on, and what will go wrong is known."""
        request = Request(self._asked, path, query, at=time.monotonic())
        self._asked += 1
        if self.between:
            self.between(request.number)
        for kind in PATHS.values():
            ids = {row["id"] for row in self.rows(kind)}
            self._steady[kind] = self._steady.get(kind, ids) & ids
        fault = self.faults(request) if self.faults else None
        return Request(request.number, path, query, None, fault, request.at)

    def rows(self, kind: str) -> list[Row]:
        """A list as the world has it now."""
        lists = {
            "conversations": self.world.conversation_list,
            "contacts": self.world.contact_list,
            "members": self.world.member_list,
            "flows": self.world.flow_list,
        }
        return lists[kind]()

    def answer(self, request: Request) -> tuple[int, Any, list[Row]]:
        """Status, body and the rows in it."""
        kind = request.kind
        if kind is None or request.path != self.base_path + next(f"/{end}" for end in PATHS if PATHS[end] == kind):
            return 404, {"detail": "Not found."}, []
        rows = copy.deepcopy(self.rows(kind))
        if kind == "members":
            return 200, rows, rows
        try:
            page, size = request.page, int(request.query.get("page_size", "20"))
        except ValueError:
            page, size = 0, 20
        if size > LARGE_PAGE and self.large_pages == "error":
            return 500, {"detail": "Server error"}, []
        last = max(1, -(-len(rows) // size)) if size > 0 else 0
        if not 1 <= page <= last:
            return 404, {"detail": "Invalid page."}, []
        shown = rows[(page - 1) * size : page * size]
        body = {
            "count": len(rows),
            "next": self._link(request, page + 1) if page < last else None,
            "previous": self._link(request, page - 1) if page > 1 else None,
            "results": shown,
        }
        return 200, body, shown

    def _link(self, request: Request, page: int) -> str:
        return f"{self.address}{request.path}?{urlencode(request.query | {'page': page})}"

    def end(self, request: Request, status: int | None, rows: Sequence[Row]) -> None:
        """Record what was answered; ``rows`` only where the answer was whole."""
        self.requests.append(Request(request.number, request.path, request.query, status, request.fault, request.at))
        if kind := request.kind:
            self._served.setdefault(kind, {}).update({row["id"]: row for row in rows})


@contextmanager
def serve(
    world: World,
    *,
    token: str = "a-token",
    base_path: str = "/api",
    large_pages: Literal["fine", "slow", "error"] = "fine",
    slow_seconds: float = 1.0,
    faults: Faults | None = None,
    between: Callable[[int], object] | None = None,
) -> Iterator[Server]:
    """Serve a world until the block ends.

    ``large_pages``: what becomes of pages of more than 40 rows; ``slow_seconds``: how long a slow one takes.
    ``between`` is called with the number of each request before it is answered, and may change the world. All
    attributes may be changed while the server runs.
    """
    server = Server(world, token, base_path, large_pages, slow_seconds, faults, between)

    class Handler(_Handler):
        state = server

    http = _HTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        server = self.state
        with server.lock:
            request = server.begin(url.path, query)
            fault = request.fault or Fault()
            status, body, rows = self._refusal() or server.answer(request)
            if fault.status:
                status, body = fault.status, {"detail": "Request was throttled." if fault.status == 429 else "Error"}
            server.end(request, None if fault.cut else status, [] if fault.spoils else rows)
        size = query.get("page_size", "")
        if server.large_pages == "slow" and size.isdecimal() and int(size) > LARGE_PAGE:
            time.sleep(server.slow_seconds)
        time.sleep(fault.seconds)
        self._send(status, json.dumps(body, ensure_ascii=False).encode(), fault)

    def do_POST(self) -> None:
        """Nothing here may be changed."""
        self._send(405, json.dumps({"detail": f'Method "{self.command}" not allowed.'}).encode(), Fault())

    do_PUT = do_PATCH = do_DELETE = do_POST

    def _refusal(self) -> tuple[int, Any, list[Row]] | None:
        given = self.headers.get("Authorization")
        if given is None:
            return 401, {"detail": "Authentication credentials were not provided."}, []
        if given != f"Token {self.state.token}":
            return 401, {"detail": "Invalid token."}, []
        return None

    def _send(self, status: int, content: bytes, fault: Fault) -> None:
        if fault.cut == "before":
            self._hang_up()
            return
        if fault.truncated:
            content = content[: len(content) // 2]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if fault.retry_after is not None:
            self.send_header("Retry-After", _retry_after(fault))
        self.end_headers()
        if fault.cut == "within":
            self.wfile.write(content[: len(content) // 2])
            self._hang_up()
        else:
            self.wfile.write(content)

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _retry_after(fault: Fault) -> str:
    seconds = fault.retry_after or 0
    if fault.as_date:
        return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    return f"{seconds:g}"
