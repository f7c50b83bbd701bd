"""A Chatwoot that answers over HTTP on this machine, from a world, in the shapes and with the pages of the real one.

Here: paths, pages, the token, the record of requests, and what goes wrong on purpose. Not here: the shapes
(`chatwoot_json`) and what happens in the account (`chatwoot_world`).
"""

from __future__ import annotations

import json
import random
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

from tests.live import chatwoot_json as shapes
from tests.live.chatwoot_json import EventTimes
from tests.live.chatwoot_world import World, by_activity

TOKEN = "the-token-of-an-agent"
CONVERSATIONS_A_PAGE, MESSAGES_A_PAGE, CONTACTS_A_PAGE, ANSWERS_A_PAGE = 25, 20, 15, 25
MESSAGES_BETWEEN = 1000
T = TypeVar("T")
_NOT_FOUND = {"error": "Resource could not be found"}

FaultKind = Literal["too_many", "error", "slow", "cut", "cut_within", "truncated", "html"]
FAULT_KINDS: Sequence[FaultKind] = ("too_many", "error", "slow", "cut", "cut_within", "truncated", "html")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    `too_many`: 429 with `retry_after`, if any; `error`: a `status` of 500 with JSON; `slow`: right, after `seconds`;
    `cut`: the connection ends before the answer; `cut_within`: within its body; `truncated`: half of the JSON as if
    that were all; `html`: 200 with a page of a proxy.
    """

    kind: FaultKind
    retry_after: str | None = "0"
    seconds: float = 0.05
    status: int = 500


@dataclass
class Request:
    """A request as it came, and how it was answered: the status (0 for none), and the fault, if any."""

    number: int
    target: str
    status: int = 0
    fault: Fault | None = None

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query; of several values of a name the last."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}


Faults = Mapping[int, Fault] | Callable[[Request], Fault | None]
Before = Callable[[Request], None]


@dataclass
class Served:
    """A running server: where it is, and what it was asked."""

    world: World
    url: str
    token: str
    requests: list[Request] = field(default_factory=list)

    def asked(self, pattern: str) -> list[Request]:
        """The requests whose path and query match a pattern somewhere."""
        return [request for request in self.requests if re.search(pattern, request.target)]


def scripted(*faults: tuple[str, Fault]) -> Callable[[Request], Fault | None]:
    """Each fault once, in this order for each pattern: at the next request whose path and query match it."""
    left = list(faults)

    def choose(request: Request) -> Fault | None:
        for number, (pattern, fault) in enumerate(left):
            if re.search(pattern, request.target):
                del left[number]
                return fault
        return None

    return choose


def random_faults(
    seed: int, share: float = 0.15, in_a_row: int = 2, kinds: Sequence[FaultKind] = FAULT_KINDS
) -> Callable[[Request], Fault | None]:
    """Faults by chance, never more than `in_a_row` for the same path and query without a right answer between them."""
    rng = random.Random(seed)
    failed: dict[str, int] = {}

    def choose(request: Request) -> Fault | None:
        if rng.random() >= share or failed.get(request.target, 0) >= in_a_row:
            failed[request.target] = 0
            return None
        failed[request.target] = failed.get(request.target, 0) + 1
        kind = rng.choice(kinds)
        if kind == "html" and request.target.endswith("/agents"):
            kind = "error"  # before anything was answered well, a page is of a wrong address
        return Fault(kind, seconds=0.01, status=rng.choice([500, 502, 503]))

    return choose


def moving(*moves: tuple[str, Callable[[], object]]) -> Before:
    """What happens in the world just before a request is answered: each once, at the next that matches its pattern."""
    left = list(moves)

    def happen(request: Request) -> None:
        for number, (pattern, move) in enumerate(left):
            if re.search(pattern, request.target):
                del left[number]
                move()
                return

    return happen


@contextmanager
def serve(
    world: World,
    *,
    events: bool = True,
    event_times: EventTimes = "iso",
    fraction: timedelta = timedelta(0),
    faults: Faults | None = None,
    before: Before | None = None,
    token: str = TOKEN,
) -> Iterator[Served]:
    """Serve a world on a free port of 127.0.0.1 until the block ends.

    `events`: whether there is an endpoint of reporting events; `event_times`: how it spells instants; `fraction`: what
    it adds to those of changes of the status (whole milliseconds). `faults`: by the number of the request, counted from
    1, or chosen for each. `before` is called with each request before it is answered: the world may change there.
    """

    served = Served(world, "", token)
    api = _Api(world, events, event_times, fraction)
    one_at_a_time = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            with one_at_a_time:
                request = Request(len(served.requests) + 1, self.path)
                served.requests.append(request)
                request.fault = (
                    faults.get(request.number) if isinstance(faults, Mapping) else faults and faults(request)
                )
                if before is not None:
                    before(request)
                status, content = self._answer(request)
            self._send(request, status, content)

        def _answer(self, request: Request) -> tuple[int, Any]:
            if self.headers.get("api_access_token") != token:
                return 401, {"error": "Invalid Access Token"}
            try:
                with world.lock:
                    return 200, api.answer(request.path, request.query)
            except KeyError:
                return 404, _NOT_FOUND

        def _send(self, request: Request, status: int, content: Any) -> None:
            fault = request.fault
            kind = fault.kind if fault else None
            body = json.dumps(content, ensure_ascii=request.number % 2 == 0).encode()
            headers = {"Content-Type": "application/json; charset=utf-8"}
            if fault and kind == "slow":
                time.sleep(fault.seconds)
            elif fault and kind == "too_many":
                status, body = 429, b"Retry later\n"
                headers = {"Content-Type": "text/plain"}
                if fault.retry_after is not None:
                    headers["Retry-After"] = fault.retry_after
            elif fault and kind == "error":
                status, body = fault.status, b'{"error": "Internal Server Error"}'
            elif kind == "truncated":
                body = body[: len(body) // 2]
            elif kind == "html":
                status, body = 200, b"<!DOCTYPE html><html><body>We are under maintenance</body></html>"
                headers = {"Content-Type": "text/html"}
            if kind == "cut":
                self._cut()
                return
            request.status = status
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if kind == "cut_within":
                self.wfile.write(body[: len(body) // 2])
                self._cut()
                return
            self.wfile.write(body)

        def _cut(self) -> None:
            self.close_connection = True
            self.wfile.flush()
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # whoever asked has gone

    server = Server(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Api:
    """What each path answers; `KeyError` where there is nothing."""

    def __init__(self, world: World, events: bool, event_times: EventTimes, fraction: timedelta) -> None:
        self.world = world
        self.events = events
        self.event_times = event_times
        self.fraction = fraction
        number = r"(\d+)"
        self.routes: list[tuple[str, Callable[..., Any]]] = [
            ("/conversations", self.conversations),
            (f"/conversations/{number}", self.conversation),
            (f"/conversations/{number}/messages", self.messages),
            (f"/conversations/{number}/reporting_events", self.reporting_events),
            ("/contacts", self.contacts),
            (f"/contacts/{number}", self.contact),
            (f"/contacts/{number}/labels", self.contact_labels),
            ("/agents", self.agents),
            ("/teams", self.teams),
            ("/inboxes", self.inboxes),
            ("/labels", self.labels),
            ("/csat_survey_responses", self.answers),
        ]

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        for pattern, give in self.routes:
            match = re.fullmatch(f"/api/v1/accounts/{self.world.account}{pattern}", path)
            if match:
                return give(query, *map(int, match.groups()))
        raise KeyError(path)

    def conversations(self, query: Mapping[str, str]) -> Any:
        """Without `status` the open ones, as in Chatwoot; newest activity first unless sorted otherwise."""
        records, status = self.world.records, query.get("status", "open")
        chosen = [one for one in records.conversations.values() if status in ("all", one.status)]
        sort_by = query.get("sort_by", "last_activity_at_desc")
        if sort_by.startswith("created_at"):
            rows = sorted(chosen, key=lambda one: (one.at, one.id), reverse=sort_by.endswith("_desc"))
        else:
            rows = list(by_activity(chosen))
            if sort_by.endswith("_asc"):
                rows.reverse()
        assigned = sum(one.assignee is not None for one in chosen)
        meta = {
            "mine_count": 0,
            "assigned_count": assigned,
            "unassigned_count": len(chosen) - assigned,
            "all_count": len(chosen),
        }
        page = _page(rows, query, CONVERSATIONS_A_PAGE)
        payload = [shapes.conversation_json(records, one, self.world.account) for one in page]
        return {"data": {"meta": meta, "payload": payload}}

    def conversation(self, query: Mapping[str, str], number: int) -> Any:
        records = self.world.records
        return shapes.conversation_json(records, records.conversations[number], self.world.account)

    def messages(self, query: Mapping[str, str], number: int) -> Any:
        """The newest twenty by time (before an id), oldest first; a hundred after an id; a thousand between two."""
        records = self.world.records
        one = records.conversations[number]
        rows = records.messages_of(number)
        if "after" in query:
            after, before = int(query["after"]), query.get("before")
            if before is None:
                rows = [row for row in rows if row.id > after][:100]
            else:
                rows = [row for row in rows if after <= row.id < int(before)][:MESSAGES_BETWEEN]
        else:
            if query.get("before"):
                rows = [row for row in rows if row.id < int(query["before"])]
            rows = rows[-MESSAGES_A_PAGE:]
        meta = shapes.messages_meta_json(records, one, self.world.account)
        return {"meta": meta, "payload": [shapes.message_json(records, row) for row in rows]}

    def reporting_events(self, query: Mapping[str, str], number: int) -> Any:
        if not self.events:
            raise KeyError("reporting_events")
        records = self.world.records
        return shapes.events_json(records, records.conversations[number], self.event_times, self.fraction)

    def contacts(self, query: Mapping[str, str]) -> Any:
        listed = [one for one in self.world.records.contacts.values() if one.is_listed]
        sort = query.get("sort", "id")
        key = sort.removeprefix("-")
        if key in ("name", "email"):
            listed.sort(key=lambda one: (getattr(one, key) or "", one.id), reverse=sort.startswith("-"))
        elif key in ("created_at", "last_activity_at"):
            listed.sort(key=lambda one: (one.at, one.id), reverse=sort.startswith("-"))
        rows = [shapes.contact_json(one) for one in _page(listed, query, CONTACTS_A_PAGE)]
        return {"meta": {"count": len(listed), "current_page": _number(query)}, "payload": rows}

    def contact(self, query: Mapping[str, str], number: int) -> Any:
        return {"payload": shapes.contact_json(self.world.records.contacts[number])}

    def contact_labels(self, query: Mapping[str, str], number: int) -> Any:
        return {"payload": self.world.records.contacts[number].labels}

    def agents(self, query: Mapping[str, str]) -> Any:
        return [shapes.agent_json(one, self.world.account) for one in self.world.records.agents.values()]

    def teams(self, query: Mapping[str, str]) -> Any:
        return [shapes.team_json(one, self.world.account) for one in self.world.records.teams.values()]

    def inboxes(self, query: Mapping[str, str]) -> Any:
        return {"payload": [shapes.inbox_json(one) for one in self.world.records.inboxes.values()]}

    def labels(self, query: Mapping[str, str]) -> Any:
        records = self.world.records
        titles = {label for one in records.conversations.values() for label in one.labels}
        titles |= {label for one in records.contacts.values() for label in one.labels}
        return {"payload": [shapes.label_json(number, title) for number, title in enumerate(sorted(titles), 1)]}

    def answers(self, query: Mapping[str, str]) -> Any:
        records = self.world.records
        rows = sorted(records.answers.values(), key=lambda one: (one.at, one.id), reverse=True)
        page = _page(rows, query, ANSWERS_A_PAGE)
        return [shapes.answer_json(records, one, self.world.account) for one in page]


def _number(query: Mapping[str, str]) -> int:
    return max(1, int(query.get("page") or 1))


def _page(rows: Sequence[T], query: Mapping[str, str], size: int) -> Sequence[T]:
    start = (_number(query) - 1) * size
    return rows[start : start + size]
