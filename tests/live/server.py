"""A server on this machine that answers as a test says, counts requests, and fails as a test says.

Here: HTTP and its faults. Not here: what a live system answers (``chatwoot``, ``activecampaign``).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

Answer = Callable[[str, dict[str, str]], object | None]
"""From path and query to JSON; None for 404."""


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong. ``cut``: the connection ends after so many bytes of the body, told longer than that.

    ``body``: sent instead of the answer. ``seconds``: waited before anything else.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    drop: bool = False
    seconds: float = 0


@dataclass
class Server:
    """A running server: where it is, and what it was asked, in the order of arrival."""

    url: str
    log: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    most_at_once: int = 0


@contextmanager
def serve(
    answer: Answer, headers: Mapping[str, str], fault: Callable[[str, int], Fault | None] = lambda path, number: None
) -> Iterator[Server]:
    """Serve ``answer`` to who sends ``headers``; ``fault`` is asked with the path and the number of the request."""
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
            try:
                self._answer(fault(self.path, number) or Fault())
            finally:
                with lock:
                    running -= 1

        def _answer(self, wrong: Fault) -> None:
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
                    found = answer(parts.path, dict(parse_qsl(parts.query)))
                status = 404 if found is None else 200
                content = json.dumps(found).encode()
            server.statuses.append(status)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in wrong.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content if wrong.cut is None else content[: wrong.cut])
            if wrong.cut is not None:
                self.close_connection = True

    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    listener = Listener(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
