"""Servers on this machine that hear alerts: of HTTP and of mail, each with the faults that a test asks for."""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Posts:
    """What a webhook has heard: its address, methods and bodies. ``answers``: statuses of the next requests, then 200.

    ``said``: the body of every answer; ``seconds``: before each.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    said: str = "ok"
    seconds: float = 0

    @property
    def texts(self) -> list[str]:
        return [body["text"] for body in self.bodies]


@contextmanager
def webhook() -> Iterator[Posts]:
    posts = Posts()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self._answer() == 200:
                posts.bodies.append(body)

        def _answer(self) -> int:
            posts.asked.append(f"{self.command} {self.path}")
            time.sleep(posts.seconds)
            status = posts.answers.pop(0) if posts.answers else 200
            self.send_response(status)
            self.end_headers()
            self.wfile.write(posts.said.encode())
            return status

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    posts.url = f"http://127.0.0.1:{server.server_port}/hooks/very-secret-hook"
    yield from _serving(server, posts)


@dataclass
class Mails:
    """What a mail server has accepted. ``refused``: recipients that it does not know; ``log_in``: what it asks for.

    ``context``: with which it offers STARTTLS; ``farewell``: how it answers QUIT.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    log_in: tuple[str, str] | None = None
    context: ssl.SSLContext | None = None
    farewell: str = "221 bye"


@contextmanager
def mail_server() -> Iterator[Mails]:
    mails = Mails()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            recipients: list[str] = []
            is_encrypted, is_known = False, mails.log_in is None
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                verb, _, rest = line.partition(" ")
                verb = verb.upper()
                if verb == "EHLO":
                    offers = ["AUTH PLAIN"] if mails.log_in else []
                    offers += ["STARTTLS"] if mails.context and not is_encrypted else []
                    for line in ("here", *offers):
                        self.say(f"250-{line}")
                    self.say("250 OK")
                elif verb == "STARTTLS" and mails.context:
                    self.say("220 go on")
                    self.connection = mails.context.wrap_socket(self.connection, server_side=True)
                    self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                    is_encrypted = True
                elif verb == "AUTH":
                    is_known = tuple(base64.b64decode(rest.split()[1]).decode().split("\0")[1:]) == mails.log_in
                    self.say("235 welcome" if is_known else "535 wrong user or password")
                elif verb == "RCPT":
                    address = rest.partition("<")[2].partition(">")[0]
                    is_refused = address in mails.refused or not is_known
                    recipients += [] if is_refused else [address]
                    self.say("550 unknown" if is_refused else "250 OK")
                elif verb == "DATA":
                    self.say("354 go on")
                    content = b"".join(iter(self.rfile.readline, b".\r\n"))
                    mails.mails.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
                    mails.recipients.append(recipients)
                    self.say("250 OK")
                elif verb == "QUIT":
                    self.say(mails.farewell)
                    return
                else:
                    self.say("250 OK")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that does not trust this server leaves."""

    server = Server(("127.0.0.1", 0), Handler)
    mails.port = server.server_address[1]
    yield from _serving(server, mails)


def _serving(server: socketserver.BaseServer, heard: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
