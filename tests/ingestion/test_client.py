"""Asking over HTTP: what is tried again and what is not, bounds, order, and no secret in anything that is said."""

from __future__ import annotations

import gzip
import ipaddress
import json
import logging
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from ingestion.http.addresses import AddressError, base_of, below, redirected
from ingestion.http.client import Client
from ingestion.http.policy import Denied, NotThere, RemoteError, RequestPolicy
from tests.live.server import Fault, serve

TOKEN = "very-secret-token-0123456789"
HEADERS = {"Authorization": f"Token {TOKEN}"}
QUICK = RequestPolicy(requests_per_second=100_000, timeout_seconds=1, attempts=4, largest_response_bytes=100_000)


def echo(path: str, query: dict[str, str]) -> object | None:
    return None if path.endswith("/nothing") else {"path": path, "query": query}


class Script:
    """Faults one after the other, then none."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = list(faults)

    def __call__(self, path: str, number: int) -> Fault | None:
        return self._faults.pop(0) if self._faults else None


class Time:
    """A clock that goes on when something waits, and no faster than that: instead of waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = 1000.0
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds
            self.waits.append(seconds)

    def clock(self) -> float:
        return self.now

    def long_waits(self) -> list[float]:
        """Those that are not for a place in the rate."""
        return [seconds for seconds in self.waits if seconds > 0.01]


def client(url: str, policy: RequestPolicy = QUICK, passing: Time | None = None) -> Client:
    passing = passing or Time()
    return Client(f"{url}/api", HEADERS, policy, wait=passing.wait, clock=passing.clock)


def get_all(asking: Client, requests: Iterable[tuple[str, Any]]) -> Iterator[Any]:
    return asking.map(lambda request: asking.get(*request), requests)


def until(is_so: Callable[[], bool]) -> None:
    latest = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < latest
        time.sleep(0.005)


@contextmanager
def raw(*answers: Callable[[socket.socket], object], peek: bool = False) -> Iterator[str]:
    """A server that answers each connection's first request by what it is given to do, the last one for ever.

    `peek`: the request is left to be read.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    remaining = deque(answers)

    def answer(connection: socket.socket, act: Callable[[socket.socket], object]) -> None:
        with connection, suppress(OSError):
            if not peek:
                connection.recv(65536)
            act(connection)

    def serve_all() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                act = remaining.popleft() if len(remaining) > 1 else remaining[0]
                threading.Thread(target=answer, args=(connection, act), daemon=True).start()

    thread = threading.Thread(target=serve_all, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def sends(*pieces: bytes, every: float = 0) -> Callable[[socket.socket], None]:
    def act(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(every)

    return act


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GOOD = sends(OK + b"Content-Length: 2\r\n\r\n[]")


def test_an_answer_is_json_of_what_was_asked() -> None:
    with serve(echo, HEADERS) as server, client(server.url) as asking:
        assert asking.get("/inbox", {"page": 2, "q": "é&"}) == {"path": "/api/inbox", "query": {"page": "2", "q": "é&"}}
        assert asking.get("inbox") == {"path": "/api/inbox", "query": {}}
        assert asking.get(f"{server.url}/api/inbox?page=3") == {"path": "/api/inbox", "query": {"page": "3"}}
        assert (asking.requests, asking.retries) == (3, 0)


def test_numbers_come_as_they_were() -> None:
    with serve(lambda *_: [2**63 + 1, 1700000000.123456], HEADERS) as server, client(server.url) as asking:
        assert asking.get("x") == [2**63 + 1, 1700000000.123456]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=502),
        Fault(status=503),
        Fault(status=429),
        Fault(status=408),
        Fault(drop=True),
        Fault(cut=0),
        Fault(cut=7),
        Fault(body=b'{"path": "/api/x", "que'),
        Fault(body=b"<html>the proxy is sorry</html>"),
        Fault(body=b'{"name": "\xff"}'),
        Fault(body=b""),
        Fault(seconds=1.5),
        Fault(headers={"Content-Encoding": "gzip"}, body=b"no gzip"),
    ],
    ids=[
        "500",
        "502",
        "503",
        "429",
        "408",
        "dropped",
        "cut at 0",
        "cut",
        "half",
        "html as if it were json",
        "latin",
        "empty",
        "slow",
        "gzip",
    ],
)
def test_what_may_pass_is_tried_again(fault: Fault) -> None:
    time_passing = Time()
    with serve(echo, HEADERS, Script(fault, fault)) as server, client(server.url, passing=time_passing) as asking:
        assert asking.get("x") == {"path": "/api/x", "query": {}}
        assert (asking.requests, asking.retries) == (3, 2)
    first, second = time_passing.long_waits()
    assert 0.5 <= first <= 1.5 and 1 <= second <= 2  # doubled, and up to a second more


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("7", 7, 7),
        (" 7.5 ", 7.5, 7.5),
        ("in 20 seconds", 10, 20),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.5, 1.5),
        ("0", 0.5, 1.5),
        ("soon", 0.5, 1.5),
        ("\u00b2", 0.5, 1.5),
        ("-3", 0.5, 1.5),
    ],
    ids=["seconds", "fraction", "date", "past date", "zero", "garbage", "another digit", "negative"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_system_can_ask_to_wait(status: int, retry_after: str, least: float, most: float) -> None:
    passing = Time()
    if retry_after == "in 20 seconds":
        retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    fault = Fault(status=status, headers={"Retry-After": retry_after})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url, passing=passing) as asking:
        asking.get("x")
    (waited,) = passing.long_waits()
    assert least <= waited <= most


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry_after", ["86400", "9" * 400, "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_who_asks_to_wait_too_long_is_given_up(status: int, retry_after: str) -> None:
    passing = Time()
    fault = Fault(status=status, headers={"Retry-After": retry_after})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url, passing=passing) as asking:
        for path in ("x", "another"):  # who is asked for anything else would say the same
            with pytest.raises(
                RemoteError, match=r"/x: status \d+, and it asks to wait .* longest wait of .*; tried once; run again"
            ):
                asking.get(path)
        assert asking.requests == 1
    assert passing.long_waits() == []


def test_no_wait_is_longer_than_the_request_policy_says() -> None:
    passing = Time()
    policy = replace(QUICK, attempts=9, longest_wait_seconds=4)
    with (
        serve(echo, HEADERS, lambda *_: Fault(status=500)) as server,
        client(server.url, policy, passing) as asking,
        pytest.raises(RemoteError),
    ):
        asking.get("x")
    assert len(passing.long_waits()) == 8
    assert max(passing.long_waits()) == 4


@pytest.mark.parametrize(
    ("fault", "least"),
    [
        (Fault(status=429, headers={"Retry-After": "9"}), 9),
        (Fault(status=429), 0.5),
        (Fault(status=503, headers={"Retry-After": "9"}), 9),
    ],
    ids=["429", "429 without a time", "503"],
)
def test_the_others_wait_too_when_one_was_told_to(fault: Fault, least: float) -> None:
    """Time stands still for the thread that has to wait, so that the waits of the others are seen."""
    waits: list[float] = []
    asked_again = threading.Event()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if threading.current_thread() is not threading.main_thread():
            asked_again.wait(10)

    with (
        serve(echo, HEADERS, Script(fault)) as server,
        Client(server.url, HEADERS, QUICK, wait=wait, clock=lambda: 100.0) as asking,
    ):
        waiting = threading.Thread(target=asking.get, args=("x",))
        waiting.start()
        until(lambda: bool(waits))
        waits.clear()
        asking.get("another")
        assert max(waits) >= least
        asked_again.set()
        waiting.join()


def test_one_that_waits_for_its_turn_waits_on_when_another_is_told_to() -> None:
    now = [0.0]
    turns: list[float] = []

    def wait(seconds: float) -> None:
        turns.append(now[0] + seconds)
        if len(turns) == 1:  # while it waits for its turn in the rate, another has to wait until 50
            with asking._lock:
                asking._not_before = 50.0
        now[0] += seconds

    with (
        serve(echo, HEADERS) as server,
        Client(server.url, HEADERS, RequestPolicy(requests_per_second=1), wait=wait, clock=lambda: now[0]) as asking,
    ):
        asking.get("first")
        asking.get("second")
    assert turns == [1.0, 50.0]


def test_attempts_end() -> None:
    with serve(echo, HEADERS, lambda *_: Fault(status=500)) as server, client(server.url) as asking:
        with pytest.raises(
            RemoteError,
            match=r"^GET http://127.0.0.1:\d+/api/x\?page=1: status 500; tried 4 times; run again later: what was"
            r" landed before is kept, and the next run continues from there$",
        ):
            asking.get("x", {"page": 1})
        assert (asking.requests, asking.retries) == (4, 3)


def test_after_so_many_failures_in_a_row_nothing_more_is_asked() -> None:
    failing = {f"/api/{number}" for number in range(10)}
    policy = replace(QUICK, attempts=2, give_up_after=3)

    def fault(path: str, _: int) -> Fault | None:
        return Fault(status=500) if path in failing else None

    with serve(echo, HEADERS, fault) as server, client(server.url, policy) as asking:
        for path in ("1", "2", "well", "3", "nothing", "4", "5"):  # an answer of any kind begins a new row
            with suppress(RemoteError):
                asking.get(path)
        asking.get("still asked")
        for path in ("6", "7"):
            with pytest.raises(RemoteError, match=rf"^GET .*/api/{path}: status 500; tried 2 times"):
                asking.get(path)
        asked = asking.requests
        with pytest.raises(
            RemoteError,
            match=r"^gave up after 3 requests failed in a row; the last: GET .*/api/8: status 500; .* continues",
        ):
            asking.get("8")
        with pytest.raises(RemoteError, match=r"^gave up after 3 requests failed in a row; the last: GET .*/api/8: "):
            asking.get("well")
        assert asking.requests == asked + 2


@pytest.mark.parametrize(("status", "kind"), [(401, Denied), (403, Denied), (404, NotThere), (400, RemoteError)])
def test_what_will_not_pass_is_not_tried_again(status: int, kind: type[RemoteError]) -> None:
    fault = Fault(status=status, body=b'{"error": "so it is"}')
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        with pytest.raises(kind, match=str(status)):
            asking.get("x")
        assert asking.requests == 1
        asking.get("x")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "text/html; charset=utf-8"),
        (b"no such shop", "TEXT/HTML"),
        (b"", "application/xhtml+xml"),
    ],
)
def test_a_page_where_json_was_asked_for_is_of_a_wrong_address(body: bytes, kind: str) -> None:
    page = Fault(body=body, headers={"Content-Type": kind})
    with serve(echo, HEADERS, Script(page)) as server, client(server.url) as asking:
        with pytest.raises(RemoteError, match=r"a web page .*; tried once; correct the base_url$"):
            asking.get("x")
        assert asking.requests == 1
        assert asking.get("y")["path"] == "/api/y", "it says nothing of what else is asked"


def test_a_page_of_a_system_that_has_answered_before_passes() -> None:
    """Its proxy's, as while the system is put in order: the address was right."""
    page = Fault(body=b"<p>We are soon back", headers={"Content-Type": "text/html"})
    with (
        serve(echo, HEADERS, lambda _, number: page if number in (2, 3) else None) as server,
        client(server.url) as one,
    ):
        one.get("x")
        assert one.get("y")["path"] == "/api/y"
        assert one.retries == 2


@pytest.mark.parametrize("attempts", [1, 2, 6])
@pytest.mark.parametrize("retry_after", [None, "soon"])
def test_a_limit_that_does_not_say_when_it_ends_is_waited_out(attempts: int, retry_after: str | None) -> None:
    """As one that counts by the minute, and counts what it refuses, too."""
    passing = Time()
    until_then = passing.now + 75

    def limit(path: str, number: int) -> Fault | None:
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return Fault(status=429, headers=headers) if passing.now < until_then else None

    policy = replace(QUICK, attempts=attempts, give_up_after=1, timeout_seconds=60)  # by the clock of the waits
    with serve(echo, HEADERS, limit) as server, client(server.url, policy, passing) as asking:
        found = list(get_all(asking, ((f"{number}", None) for number in range(20))))
        assert [one["path"] for one in found] == [f"/api/{number}" for number in range(20)]


def test_a_limit_that_never_ends_is_given_up() -> None:
    passing = Time()
    with serve(echo, HEADERS, lambda *_: Fault(status=429)) as server, client(server.url, passing=passing) as asking:
        with pytest.raises(RemoteError, match=r"status 429; tried \d+ times"):
            asking.get("x")
        assert asking.requests < 15
    assert 120 <= sum(passing.long_waits()) < 300


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(status=429, headers={"Retry-After": "1"})])
def test_what_is_no_limit_or_says_when_it_ends_has_its_attempts_only(fault: Fault) -> None:
    with (
        serve(echo, HEADERS, lambda *_: fault) as server,
        client(server.url) as asking,
        pytest.raises(RemoteError, match="tried 4 times"),
    ):
        asking.get("x")


def test_what_was_asked_begins_with_the_first_request_that_succeeded() -> None:
    """By when it was sent, and that once."""
    begun: list[datetime] = []
    clock = iter(datetime(2026, 5, 1, hour, tzinfo=UTC) for hour in range(24))
    faults = Script(Fault(status=500), Fault(status=404), Fault(seconds=0.1))
    with (
        serve(echo, HEADERS, faults) as server,
        Client(
            server.url, HEADERS, QUICK, on_begin=begun.append, now=lambda: next(clock), wait=lambda _: None
        ) as asking,
    ):
        with pytest.raises(NotThere):
            asking.get("x")
        assert begun == []
        asking.get("y")
        asking.get("z")
    assert begun == [datetime(2026, 5, 1, 2, tzinfo=UTC)]


@pytest.mark.parametrize("status", [401, 403])
def test_a_denial_names_where_the_token_stands(status: int) -> None:
    with (
        serve(echo, HEADERS, lambda *_: Fault(status=status)) as server,
        Client(server.url, HEADERS, QUICK, token_env="SHOP_TOKEN") as asking,
        pytest.raises(Denied, match=r"environment variable SHOP_TOKEN$"),
    ):
        asking.get("x")


def test_no_system_there() -> None:
    with (
        client("http://127.0.0.1:9") as asking,
        pytest.raises(RemoteError, match=r"the connection failed.*tried 4 times"),
    ):
        asking.get("x")


def test_who_can_do_without_no_answer_gives_up_at_the_first_failure() -> None:
    policy = replace(QUICK, give_up_after=1)
    with serve(echo, HEADERS, lambda *_: Fault(status=500)) as server, client(server.url, policy) as asking:
        for path in ("x", "y"):
            with pytest.raises(RemoteError, match=r"^GET .*/api/x: status 500; tried 4 times"):
                asking.get(path)
        assert asking.requests == 4


@pytest.mark.parametrize(
    "pieces",
    [
        [OK, b"X-Header: ", *[b"x"] * 200],
        [OK + b"Content-Length: 500\r\n\r\n", *[b" "] * 200],
        [OK + b"Content-Encoding: gzip\r\n\r\n" + b"\x1f\x8b\x08\x08\0\0\0\0\0\0", *[b"n"] * 200],
        [b"HTTP/1.1 404 Not Found\r\nContent-Length: 500\r\n\r\n", *[b" "] * 200],
        [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n", *[b" "] * 200],
    ],
    ids=["header", "body", "nothing unpacked", "404", "403"],
)
def test_an_answer_that_drips_for_ever_is_given_up(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.http.client._LONGEST_ANSWER", 0.1)  # half a second
    policy = replace(QUICK, timeout_seconds=5, attempts=2)
    started = time.monotonic()
    with (
        raw(sends(*pieces, every=0.02)) as url,
        Client(url, HEADERS, policy, wait=lambda _: None) as asking,
        pytest.raises(RemoteError) as raised,
    ):
        asking.get("x")
    assert "does not end; tried 2 times" in str(raised.value) or isinstance(raised.value, Denied | NotThere)
    assert time.monotonic() - started < 3  # the whole answer would take four seconds, and twice that


@pytest.mark.parametrize(
    "act",
    [
        lambda connection: None,
        sends(b"HTTP/1.1 200 O"),
        sends(OK),
        sends(OK + b"Content-Length: 10\r\n\r\n[1,2]"),
        sends(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n"),
        sends(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[]"),
        sends(OK + b"\r\n[1, 2"),
        sends(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"[1]")[:-4]),
        sends(b"this is no HTTP\r\n\r\n"),
    ],
    ids=[
        "before all",
        "in the first line",
        "in the headers",
        "in the body",
        "between chunks",
        "in a chunk",
        "of unknown length",
        "packed",
        "no HTTP",
    ],
)
def test_what_is_cut_off_is_tried_again(act: Callable[[socket.socket], object]) -> None:
    with raw(act, GOOD) as url, client(url) as asking:
        assert asking.get("x") == []
        assert asking.retries == 1


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_answer_is_refused(packed: bool) -> None:
    content = json.dumps(["x" * 200_000]).encode()
    fault = Fault(body=gzip.compress(content), headers={"Content-Encoding": "gzip"}) if packed else Fault(body=content)
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        with pytest.raises(RemoteError, match="more than 100,000 bytes"):
            asking.get("x")
        assert asking.requests == 1


def test_a_bomb_takes_little_memory() -> None:
    content = gzip.compress(b" " * 200_000_000, 9)
    fault = Fault(body=content, headers={"Content-Encoding": "gzip"})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        tracemalloc.start()
        try:
            with pytest.raises(RemoteError, match=r"more than 100,000 bytes.*ask for smaller pages"):
                asking.get("x")
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 5_000_000


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "deflate"])
def test_an_answer_packed_in_a_way_that_was_not_asked_for_is_refused(packing: str) -> None:
    fault = Fault(body=b"?", headers={"Content-Encoding": packing})
    with (
        serve(echo, HEADERS, Script(fault)) as server,
        client(server.url) as asking,
        pytest.raises(RemoteError, match=f"compressed as '{packing}', which was not asked for; tried once"),
    ):
        asking.get("x")


def test_a_packed_answer_is_unpacked() -> None:
    content = json.dumps([f"message {number}" for number in range(6_000)]).encode()
    assert len(content) < QUICK.largest_response_bytes
    fault = Fault(body=gzip.compress(content), headers={"Content-Encoding": "gzip"})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        assert asking.get("x") == json.loads(content)


@pytest.mark.parametrize("body", [b"NaN", b"[1, -Infinity]", b"[" * 90_000, b"[1] [2]", b"\xef\xbb\xbf"])
def test_what_json_does_not_know_is_no_json(body: bytes) -> None:
    with (
        serve(echo, HEADERS, lambda *_: Fault(body=body)) as server,
        client(server.url) as asking,
        pytest.raises(RemoteError, match=r"not JSON \(application/json\), or was cut off; tried 4 times"),
    ):
        asking.get("x")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_within_a_host_are_followed(status: int) -> None:
    fault = Fault(status=status, headers={"Location": "/api/elsewhere?a=1"})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        assert asking.get("x", {"page": 1}) == {"path": "/api/elsewhere", "query": {"a": "1"}}
        assert (asking.requests, asking.retries) == (2, 0)


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/api",
        "http://localhost:1/api",
        "//evil.example/x",
        "http://127.0.0.1:1/api",
        "ftp://127.0.0.1/",
    ],
)
def test_redirects_to_another_host_are_refused(location: str) -> None:
    fault = Fault(status=302, headers={"Location": location})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        with pytest.raises(
            RemoteError, match=r"is redirected to .*, where the token must not go: .*tried once; correct the base_url"
        ):
            asking.get("x")
        assert asking.requests == 1


def test_the_token_goes_nowhere_else() -> None:
    heard: list[str] = []

    def other(path: str, _: int) -> Fault | None:
        heard.append(path)
        return None

    with serve(echo, {}, other) as elsewhere:
        fault = Fault(status=302, headers={"Location": f"{elsewhere.url}/steal"})
        with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
            for link in ("x", f"{elsewhere.url}/steal", f"//{elsewhere.url.removeprefix('http://')}/steal"):
                with pytest.raises(RemoteError):
                    asking.get(link)
    assert heard == []


def test_redirects_in_a_circle_are_refused() -> None:
    fault = Fault(status=301, headers={"Location": "/api/x"})
    with serve(echo, HEADERS, lambda *_: fault) as server, client(server.url) as asking:
        with pytest.raises(RemoteError, match="redirected more than 5 times"):
            asking.get("x")
        assert asking.requests == 6


@pytest.mark.parametrize("status", [300, 304, 302])
def test_redirects_to_nowhere_are_refused(status: int) -> None:
    with serve(echo, HEADERS, Script(Fault(status=status))) as server, client(server.url) as asking:
        with pytest.raises(RemoteError, match=f"status {status}"):
            asking.get("x")
        assert asking.requests == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/x",
        "http://127.0.0.2/api/x",
        "http://127.0.0.1:8/api",
        "//evil.example/api/x",
        "http://127.0.0.1@evil.example/x",
        "http://127.0.0.1.evil.example/x",
        "file:///etc/passwd",
    ],
)
def test_links_to_another_host_are_not_followed(link: str) -> None:
    with serve(echo, HEADERS) as server, client(server.url) as asking:
        with pytest.raises(RemoteError, match=r"another host.*where the token must not go"):
            asking.get(link)
        assert asking.requests == 0


@pytest.mark.parametrize("link", ["http://127.0.0.1:port/x", "http://[::1/x", "https://\x00/"])
def test_links_that_are_none_are_refused(link: str) -> None:
    with client("http://127.0.0.1:9") as asking, pytest.raises(RemoteError, match="is not an address"):
        asking.get(link)


@pytest.mark.parametrize(
    ("base", "link", "asked"),
    [
        ("https://x.example/api", "http://x.example/api/c?page=2", "https://x.example/api/c?page=2"),
        ("https://x.example/api", "http://X.example:80/api/c", "https://x.example/api/c"),
        ("https://x.example:8443/api", "http://x.example/api/c", "https://x.example:8443/api/c"),
        ("https://x.example/api", "//x.example/api/c", "https://x.example/api/c"),
        ("https://x.example/api", "https://user:password@x.example/c#part", "https://x.example/c"),
        ("https://[2001:db8::1]/api", "http://[2001:db8::1]/c", "https://[2001:db8::1]/c"),
        ("http://localhost:3000", "http://localhost:3000/c", "http://localhost:3000/c"),
        ("https://x.example/api/", "c", "https://x.example/api/c"),
        ("https://x.example/api", "//c".removeprefix("/"), "https://x.example/api/c"),
        ("https://x.example/api", "c/", "https://x.example/api/c/"),
        ("https://x.example/api", "", "https://x.example/api"),
        ("https://x.example", "c?of=http://y.example", "https://x.example/c?of=http://y.example"),
    ],
)
def test_addresses(base: str, link: str, asked: str) -> None:
    assert str(below(base_of(base), link)) == asked


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://x.example/b", "https://x.example/b"),
        ("https://u:p@x.example/b", "https://x.example/b"),
        ("b", "http://x.example/b"),
    ],
)
def test_a_redirect_may_lead_from_http_to_https(location: str, target: str) -> None:
    assert str(redirected(httpx.URL("http://x.example/a"), location)) == target


@pytest.mark.parametrize(
    "location", ["http://x.example/b", "https://x.example:444/b", "https://y.example/", "http://["]
)
def test_a_redirect_may_not_lead_from_https_to_http(location: str) -> None:
    with pytest.raises(AddressError):
        redirected(httpx.URL("https://x.example/a"), location)


@pytest.mark.parametrize(
    "base",
    ["chat.example", "ftp://x.example", "https://", "https://u:p@x.example", "https://x.example?k=1"],
)
def test_a_base_url_that_cannot_be_asked_is_refused_without_showing_it(base: str) -> None:
    with pytest.raises(RemoteError, match="the base_url is not a valid address; write it as") as raised:
        Client(base, HEADERS, QUICK)
    assert "u:p" not in str(raised.value)


def test_parameters_are_added_to_those_of_the_path() -> None:
    with serve(echo, HEADERS) as server, client(server.url) as asking:
        assert asking.get("x?page=3", {"page_size": 40})["query"] == {"page": "3", "page_size": "40"}


def test_results_come_in_order_and_only_some_are_asked_at_once() -> None:
    policy = RequestPolicy(requests_per_second=100_000, concurrency=3)
    taken = []

    def items() -> object:
        for number in range(40):
            taken.append(number)
            yield number

    def slow(path: str, number: int) -> Fault:
        return Fault(seconds=0.02 if number % 3 else 0)

    with serve(echo, HEADERS, slow) as server, client(server.url, policy) as asking:
        results = asking.map(lambda number: asking.get(f"{number}")["path"], items())  # type: ignore[arg-type]
        assert next(results) == "/api/0"
        assert len(taken) <= 7, "items are taken only a little ahead"
        assert list(results) == [f"/api/{number}" for number in range(1, 40)]
        assert server.most_at_once <= 3


def test_never_more_are_asked_at_once_whoever_asks() -> None:
    policy = replace(QUICK, concurrency=2)
    with serve(echo, HEADERS, lambda *_: Fault(seconds=0.02)) as server, client(server.url, policy) as asking:
        threads = [threading.Thread(target=asking.get, args=("x",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        assert len(list(get_all(asking, [("y", None)] * 8))) == 8
        for thread in threads:
            thread.join()
        assert server.most_at_once == 2


def test_answers_to_many_requests_come_in_their_order() -> None:
    with serve(echo, HEADERS) as server, client(server.url) as asking:
        requests = ((f"{number}", {"page": number} if number else None) for number in range(20))
        answers = get_all(asking, requests)
        assert [answer["query"] for answer in answers] == [{}, *({"page": str(number)} for number in range(1, 20))]


def test_nothing_is_asked_before_the_first_result_is_wanted_and_little_ahead_of_the_others() -> None:
    taken: list[int] = []

    def items() -> Iterator[tuple[str, None]]:
        for number in range(1000):
            taken.append(number)
            yield f"{number}", None

    with serve(echo, HEADERS) as server, client(server.url) as asking:
        answers = get_all(asking, items())
        assert taken == []
        for count in range(1, 20):
            next(answers)
            assert len(taken) < count + 2 * QUICK.concurrency
        answers.close()  # type: ignore[attr-defined]
        assert asking.requests <= len(taken) < 19 + 2 * QUICK.concurrency


def test_an_error_is_raised_in_its_place_and_what_is_behind_it_is_not_begun() -> None:
    policy = replace(QUICK, concurrency=2)
    with serve(echo, HEADERS) as server, client(server.url, policy) as asking:
        results = asking.map(lambda name: asking.get(name), ["a", "b", "nothing", *"defghijklmnop"])
        assert [next(results)["path"], next(results)["path"]] == ["/api/a", "/api/b"]
        with pytest.raises(NotThere):
            next(results)
        assert asking.requests < 10
        assert asking.get("still")["path"] == "/api/still"


def test_when_one_fails_the_others_are_stopped_in_what_they_wait_for_and_run_no_more() -> None:
    """One waits for an answer, one to be allowed to go on: neither would be over within a minute."""
    running = set("abc")

    def fault(path: str, _: int) -> Fault | None:
        if path.endswith("/b"):
            return Fault(seconds=60)
        return Fault(status=503, headers={"Retry-After": "60"}) if path.endswith("/c") else None

    policy = RequestPolicy(requests_per_second=1000, concurrency=3, timeout_seconds=100)
    with serve(echo, HEADERS, fault) as server, Client(f"{server.url}/api", HEADERS, policy) as asking:

        def ask(name: str) -> object:
            try:
                if name == "a":
                    until(lambda: len(server.log) == 2)
                    raise KeyError(name)
                return asking.get(name)
            finally:
                running.remove(name)

        started = time.monotonic()
        with pytest.raises(KeyError):
            list(asking.map(ask, "abc"))
        assert running == set()
        assert time.monotonic() - started < 10


def test_a_result_that_nobody_wants_any_more_is_not_waited_for() -> None:
    policy = RequestPolicy(requests_per_second=1000, concurrency=2, timeout_seconds=100)
    slow = Fault(seconds=60)
    with (
        serve(echo, HEADERS, lambda path, _: slow if path.endswith("/b") else None) as server,
        Client(f"{server.url}/api", HEADERS, policy) as asking,
    ):
        results = asking.map(asking.get, "ab")
        assert next(results) == {"path": "/api/a", "query": {}}
        until(lambda: len(server.log) == 2)
        started = time.monotonic()
        results.close()  # type: ignore[attr-defined]
        assert time.monotonic() - started < 10
        assert asking.get("c") == {"path": "/api/c", "query": {}}


def test_each_request_is_told() -> None:
    seen: list[str] = []
    with (
        serve(echo, HEADERS, Script(Fault(status=500))) as server,
        Client(server.url, HEADERS, QUICK, seen.append, wait=lambda _: None) as asking,
    ):
        asking.get("x", {"page": 2, "q": "ann@example.org", "api_key": 12345})
        assert seen == [f"GET {server.url}/x?page=2&q=...&api_key=..."] * 2


def test_the_rate_is_kept_over_all_threads() -> None:
    now = [0.0]
    lock = threading.Lock()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        with lock:
            waits.append(now[0] + seconds)

    policy = RequestPolicy(requests_per_second=10, concurrency=4)
    with (
        serve(echo, HEADERS) as server,
        Client(server.url, HEADERS, policy, wait=wait, clock=lambda: now[0]) as asking,
    ):
        list(asking.map(lambda number: asking.get(f"{number}"), range(21)))
    assert sorted(waits) == pytest.approx([number / 10 for number in range(1, 21)])


@pytest.mark.parametrize(
    "fault", [Fault(status=503, headers={"Retry-After": "60"}), Fault(seconds=60)], ids=["waiting", "reading"]
)
def test_a_client_that_is_closed_ends_what_runs(fault: Fault) -> None:
    started = time.monotonic()
    policy = RequestPolicy(requests_per_second=1000, timeout_seconds=100)
    raised: list[BaseException] = []
    with serve(echo, HEADERS, lambda *_: fault) as server, Client(server.url, HEADERS, policy) as asking:

        def ask() -> None:
            try:
                asking.get("x")
            except RemoteError as error:
                raised.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        until(lambda: len(server.log) == 1)
        asking.__exit__()
        thread.join(10)
        assert str(raised[0]).startswith("stopped")
        with pytest.raises(RemoteError, match="stopped"):
            asking.get("x")
        with pytest.raises(RemoteError, match="stopped"):
            next(get_all(asking, [("x", None)]))
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("token", [TOKEN, "a/b+c=d/0123456789", 'tok%n"0123456789', "abcd"])
def test_no_secret_is_told(token: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"Authorization": f"Token {token}"}
    spelled = [token, json.dumps(token)[1:-1], quote(token), quote(token, safe=""), token.replace("/", "\\/")]
    said = " or ".join(spelled).encode()
    faults = [
        Fault(status=401, body=b"bad " + said),
        Fault(status=400, body=b" " * 190 + said),
        Fault(status=400, body=gzip.compress(said), headers={"Content-Encoding": "gzip"}),
        Fault(body=b"no", headers={"Content-Type": token}),
        Fault(body=b"no", headers={"Content-Encoding": token}),
        Fault(drop=True),
        Fault(status=302, headers={"Location": f"https://evil.example/{token}"}),
        Fault(status=302, headers={"Location": f"https://{token}@evil.example/"}),
        Fault(status=429, headers={"Retry-After": token}),
    ]
    seen: list[str] = []
    for fault in faults:
        with serve(echo, headers, lambda *_, fault=fault: fault) as server:
            see = seen.append
            with Client(f"{server.url}/api", headers, QUICK, see, wait=lambda _: None) as asking:
                seen.append(repr(asking))
                for path in (f"x/{'y' * 470}{quote(token)}?access={token}", f"https://evil.example/{token}"):
                    with pytest.raises(RemoteError) as raised:
                        asking.get(path)
                    seen += ["".join(traceback.format_exception(raised.value)), repr(raised.value)]
                    assert raised.value.__cause__ is None and raised.value.__suppress_context__
    text = "".join(seen) + caplog.text
    # the tests call the client with the token, and a traceback shows their lines
    assert not [spelling for spelling in spelled if spelling in text]
    assert "***" in text


def test_the_scheme_before_a_token_is_no_secret() -> None:
    fault = Fault(status=401, body=f"Token {TOKEN} is no Token".encode())
    with (
        serve(echo, HEADERS, Script(fault)) as server,
        client(server.url) as asking,
        pytest.raises(Denied, match=r"status 401: \*\*\* is no Token; tried once"),
    ):
        asking.get("x")


def test_only_what_is_unpacked_here_is_asked_for() -> None:
    heard: list[bytes] = []

    def hear(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        GOOD(connection)

    with raw(hear, peek=True) as url, client(url) as asking:
        asking.get("x")
    assert b"accept-encoding: gzip\r\n" in heard[0].lower()


def test_no_control_characters_of_a_system_are_told() -> None:
    fault = Fault(status=400, body=b"red \x1b[31m\x00\nnext\xff")
    with (
        serve(echo, HEADERS, Script(fault)) as server,
        client(server.url) as asking,
        pytest.raises(RemoteError) as raised,
    ):
        asking.get("x")
    assert str(raised.value).isprintable()
    assert "status 400: red [31m next" in str(raised.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_denial_has_its_status(status: int) -> None:
    with serve(echo, HEADERS, Script(Fault(status=status))) as server, client(server.url) as asking:
        with pytest.raises(Denied, match="see which token the configuration names") as raised:
            asking.get("x")
        assert raised.value.status == status


@pytest.mark.parametrize(
    "token", ["two\nlines", "\u00e9mile", "tab\there", "0123456789\r\n", "0123456789 ", " 0123456789", "", "nul\0"]
)
def test_a_token_that_no_header_can_have_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(RemoteError, match="'api_access_token' is empty or has characters") as raised:
        Client("https://chat.example", {"api_access_token": token}, QUICK)
    assert not token or token.strip() not in str(raised.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate(tmp_path / "own.pem"))

    def greet(connection: socket.socket) -> None:
        with suppress(OSError):
            context.wrap_socket(connection, server_side=True).recv(1)

    with (
        raw(greet, peek=True) as url,
        client(url.replace("http:", "https:")) as asking,
        pytest.raises(RemoteError, match=r"certificate cannot be verified: .*; tried once; install a valid"),
    ):
        asking.get("x")


def test_an_answer_over_tls_ends_in_time_and_can_be_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = own_certificate(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr("ingestion.http.client.is_loopback", lambda _: False)  # only so is the environment asked
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def over_tls(act: Callable[[socket.socket], object]) -> Callable[[socket.socket], object]:
        def serve_one(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                wrapped.recv(65536)
                act(wrapped)

        return serve_one

    drip = over_tls(sends(OK + b"Content-Length: 500\r\n\r\n", *[b" "] * 200, every=0.02))
    hang = over_tls(lambda _: time.sleep(30))
    policy = replace(QUICK, timeout_seconds=20, attempts=1)
    with raw(over_tls(GOOD), drip, hang, peek=True) as url:
        url = url.replace("http:", "https:")
        with Client(url, HEADERS, policy) as asking:
            assert asking.get("x") == []
        started = time.monotonic()
        with monkeypatch.context() as patch:
            patch.setattr("ingestion.http.client._LONGEST_ANSWER", 0.05)
            with Client(url, HEADERS, policy) as asking, pytest.raises(RemoteError, match="does not end"):
                asking.get("x")
        asking = Client(url, HEADERS, policy)
        closing = threading.Timer(0.3, asking.__exit__)
        closing.start()
        with pytest.raises(RemoteError, match="stopped"):
            asking.get("x")
        assert time.monotonic() - started < 5


def test_proxies_of_the_environment_are_asked_except_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(path: str, query: dict[str, str]) -> object:
        return "of the proxy"

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serve(answer, HEADERS) as proxy, serve(echo, HEADERS) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        with client("http://chat.example") as asking:
            assert asking.get("x") == "of the proxy"
        for host in ("127.0.0.1", "localhost"):
            with client(server.url.replace("127.0.0.1", host)) as asking:
                assert asking.get("x") == {"path": "/api/x", "query": {}}


def test_a_proxy_that_cannot_be_used_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "strange://user:password@proxy.example")
    with pytest.raises(RemoteError, match="the proxy or the certificates that the environment names") as raised:
        client("https://chat.example")
    assert "password" not in "".join(traceback.format_exception(raised.value))


def own_certificate(path: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that only who is given it trusts."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
