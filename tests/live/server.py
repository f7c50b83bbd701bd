"""A server on this machine that answers as a test says, records what it was asked, and fails as a test says.

Here: HTTP and its faults, for every live system. Not here: what a system answers (``chatwoot_api``,
``activecampaign_api``).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from urllib.parse import parse_qsl, urlsplit

Answer = Callable[[str, dict[str, str]], object | None]
"""From path and query to JSON; None for 404."""


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong. ``cut``: the connection ends after so many bytes of a body announced as longer.

    ``body``: sent instead of the answer. ``drop``: nothing is sent. ``seconds``: waited before anything else.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    drop: bool = False
    seconds: float = 0


Faults = Callable[[str, int], Fault | None]
"""From the target (path and query) and the number of a request, counted from 1, to what goes wrong, if anything.

It is called before the answer is made: what it changes in a world happens between two answers.
"""


def no_faults(target: str, number: int) -> Fault | None:
    """All goes well."""
    return None


FAULTS = (
    Fault(status=429, headers={"Retry-After": "0"}),
    Fault(status=429),
    Fault(status=500),
    Fault(status=502),
    Fault(status=503, headers={"Retry-After": "1"}),
    Fault(drop=True),
    Fault(cut=11),
    Fault(body=b'{"data": {"pay'),
    Fault(body=b"<!DOCTYPE html><p>We are soon back", headers={"Content-Type": "text/html"}),
    Fault(seconds=0.01),
)
"""One of each kind that a reading gets over."""


def by_chance(seed: int, share: float = 0.2, *, in_a_row: int = 2) -> Faults:
    """Faults by chance, never more than so many in a row for the same target, and none at the first request."""
    chance = Random(seed)
    failed: Counter[str] = Counter()

    def choose(target: str, number: int) -> Fault | None:
        if number == 1 or failed[target] >= in_a_row or chance.random() >= share:
            failed[target] = 0
            return None
        failed[target] += 1
        return chance.choice(FAULTS)

    return choose


@dataclass
class Server:
    """A running server: where it is, and what it was asked, in the order of arrival."""

    url: str
    log: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """Of what was answered; a dropped connection has none."""
    most_at_once: int = 0

    def asked(self, pattern: str) -> list[str]:
        """The targets that match a pattern somewhere."""
        return [target for target in self.log if re.search(pattern, target)]


@contextmanager
def serve(answer: Answer, headers: Mapping[str, str], faults: Faults = no_faults) -> Iterator[Server]:
    """Serve ``answer`` on a free port to who sends ``headers``, until the block ends."""
    lock = threading.Lock()
    running = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            nonlocal running
            with lock:
                running += 1
                server.most_at_once = max(server.most_at_once, running)
                server.log.append(self.path)
                number = len(server.log)
                wrong = faults(self.path, number) or Fault()
            try:
                self._answer(wrong, number)
            finally:
                with lock:
                    running -= 1

        def _answer(self, wrong: Fault, number: int) -> None:
            time.sleep(wrong.seconds)
            if wrong.drop:
                self.close_connection = True
                return
            status, parts = wrong.status, urlsplit(self.path)
            if any(self.headers.get(name) != value for name, value in headers.items()):
                status, content = 401, b'{"errors": ["You need to sign in"]}'
            elif wrong.body is not None or status != 200:
                content = b"{}" if wrong.body is None else wrong.body
            else:
                with lock:  # a world changes between two answers, not within one
                    found = answer(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))
                status = 404 if found is None else 200
                content = _encoded(found, number)
            server.statuses.append(status)
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **wrong.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content if wrong.cut is None else content[: wrong.cut])
            if wrong.cut is not None:
                self.close_connection = True

    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """A client that has gone away is nothing to tell of."""

    listener = Listener(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def _encoded(found: object, number: int) -> bytes:
    """JSON with letters as they are and as escapes in turn; half of a pair of surrogates has no other form."""
    try:
        return json.dumps(found, ensure_ascii=number % 2 == 0).encode()
    except UnicodeEncodeError:
        return json.dumps(found).encode()
