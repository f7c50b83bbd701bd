"""Asking over HTTP: what is tried again and what is not, bounds, order, and no secret in anything that is said."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ingestion.client import Client, Denied, Manners, NotThere, RemoteError
from tests.live.server import Fault, serve

TOKEN = "very-secret-token-0123456789"
HEADERS = {"Authorization": f"Token {TOKEN}"}
QUICK = Manners(requests_per_second=100_000, timeout_seconds=1, attempts=4, largest_response_bytes=100_000)


def echo(path: str, query: dict[str, str]) -> object | None:
    return None if path.endswith("/nothing") else {"path": path, "query": query}


class Script:
    """Faults one after the other, then none."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = list(faults)

    def __call__(self, path: str, number: int) -> Fault | None:
        return self._faults.pop(0) if self._faults else None


class Waits(list[float]):
    """Instead of waiting."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client(url: str, manners: Manners = QUICK, waits: Callable[[float], object] | None = None) -> Client:
    return Client(f"{url}/api", HEADERS, manners, wait=Waits() if waits is None else waits)


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
        "html",
        "latin",
        "empty",
        "slow",
        "gzip",
    ],
)
def test_what_may_pass_is_tried_again(fault: Fault) -> None:
    waits = Waits()
    with serve(echo, HEADERS, Script(fault, fault)) as server, client(server.url, waits=waits) as asking:
        assert asking.get("x") == {"path": "/api/x", "query": {}}
        assert (asking.requests, asking.retries) == (3, 2)
    growing = [seconds for seconds in waits if seconds > 0.01]
    assert len(growing) == 2
    assert 0.5 <= growing[0] <= 1.5 and 1 <= growing[1] <= 2  # doubled, and up to a second more


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("7", 7, 7),
        ("in 20 seconds", 10, 20),
        ("soon", 0.5, 1.5),
        ("0", 0, 0),
    ],
    ids=["seconds", "date", "garbage", "zero"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_system_can_ask_to_wait(status: int, retry_after: str, least: float, most: float) -> None:
    waits = Waits()
    if retry_after == "in 20 seconds":
        retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    fault = Fault(status=status, headers={"Retry-After": retry_after})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url, waits=waits) as asking:
        asking.get("x")
    assert least <= max([seconds for seconds in waits if seconds > 0.01], default=0) <= most


def test_who_asks_to_wait_too_long_is_given_up() -> None:
    fault = Fault(status=429, headers={"Retry-After": "86400"})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        with pytest.raises(RemoteError, match=r"asks to wait 86,400 seconds; run again after that"):
            asking.get("x")
        assert asking.requests == 1


def test_the_others_wait_too_when_one_was_told_to() -> None:
    now = [100.0]
    waits = Waits()
    fault = Fault(status=429, headers={"Retry-After": "9"})
    with serve(echo, HEADERS, Script(fault)) as server:
        asking = Client(server.url, HEADERS, QUICK, wait=waits, clock=lambda: now[0])
        with asking:
            asking.get("x")
            waits.clear()
            asking.get("another")
    assert max(waits) == pytest.approx(9, abs=0.01)


def test_attempts_end_and_then_nothing_more_is_asked() -> None:
    with serve(echo, HEADERS, lambda *_: Fault(status=500)) as server, client(server.url) as asking:
        with pytest.raises(
            RemoteError, match=r"GET .*/api/x\?page=1: status 500; tried 4 times\..*the next run goes on"
        ):
            asking.get("x", {"page": 1})
        assert asking.requests == 4
        with pytest.raises(RemoteError, match=r"/api/x\?page=1: status 500"):
            asking.get("y")
        assert asking.requests == 4


@pytest.mark.parametrize(("status", "kind"), [(401, Denied), (403, Denied), (404, NotThere), (400, RemoteError)])
def test_what_will_not_pass_is_not_tried_again(status: int, kind: type[RemoteError]) -> None:
    fault = Fault(status=status, body=b'{"error": "so it is"}')
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        with pytest.raises(kind, match=str(status)):
            asking.get("x")
        assert asking.requests == 1
        asking.get("x")


def test_no_system_there() -> None:
    with (
        client("http://127.0.0.1:9") as asking,
        pytest.raises(RemoteError, match=r"the connection failed.*tried 4 times"),
    ):
        asking.get("x")


def test_an_answer_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 6
        return now[0]

    with serve(lambda *_: ["x" * 90_000], HEADERS) as server:
        asking = Client(server.url, HEADERS, QUICK, wait=Waits(), clock=clock)
        with asking, pytest.raises(RemoteError, match="does not end"):
            asking.get("x")


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_answer_is_refused(packed: bool) -> None:
    content = json.dumps(["x" * 200_000]).encode()
    fault = Fault(body=gzip.compress(content), headers={"Content-Encoding": "gzip"}) if packed else Fault(body=content)
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        with pytest.raises(RemoteError, match="more than 100,000 bytes"):
            asking.get("x")
        assert asking.requests == 1


def test_redirects_within_a_host_are_followed() -> None:
    fault = Fault(status=302, headers={"Location": "/api/elsewhere?a=1"})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        assert asking.get("x", {"page": 1}) == {"path": "/api/elsewhere", "query": {"a": "1"}}


@pytest.mark.parametrize("location", ["https://evil.example/api", "http://localhost:1/api", "//evil.example/x"])
def test_redirects_to_another_host_are_refused(location: str) -> None:
    fault = Fault(status=302, headers={"Location": location})
    with serve(echo, HEADERS, Script(fault)) as server, client(server.url) as asking:
        with pytest.raises(RemoteError, match=r"is redirected to .*another host and not asked; correct the base_url"):
            asking.get("x")
        assert asking.requests == 1


def test_redirects_in_a_circle_are_refused() -> None:
    fault = Fault(status=301, headers={"Location": "/api/x"})
    endless = serve(echo, HEADERS, lambda *_: fault)
    with endless as server, client(server.url) as asking, pytest.raises(RemoteError, match="more than 5 times"):
        asking.get("x")


@pytest.mark.parametrize("link", ["https://evil.example/api/x", "http://127.0.0.2/api/x", "http://127.0.0.1:8/api"])
def test_links_to_another_host_are_not_followed(link: str) -> None:
    with serve(echo, HEADERS) as server, client(server.url) as asking:
        with pytest.raises(RemoteError, match="another host"):
            asking.get(link)
        assert asking.requests == 0


def test_a_link_of_a_server_behind_a_proxy_is_asked_where_the_configuration_says() -> None:
    with client("https://chat.example") as asking:
        assert asking._url("http://chat.example/api/x?page=2") == "https://chat.example/api/x?page=2"


def test_results_come_in_order_and_only_some_are_asked_at_once() -> None:
    manners = Manners(requests_per_second=100_000, concurrency=3)
    taken = []

    def items() -> object:
        for number in range(40):
            taken.append(number)
            yield number

    def slow(path: str, number: int) -> Fault:
        return Fault(seconds=0.02 if number % 3 else 0)

    with serve(echo, HEADERS, slow) as server, client(server.url, manners) as asking:
        results = asking.map(lambda number: asking.get(f"{number}")["path"], items())  # type: ignore[arg-type, var-annotated]
        assert next(results) == "/api/0"
        assert len(taken) <= 7, "items are taken only a little ahead"
        assert list(results) == [f"/api/{number}" for number in range(1, 40)]
        assert server.most_at_once <= 3


def test_an_error_is_raised_in_its_place_and_what_is_behind_it_is_not_begun() -> None:
    manners = Manners(requests_per_second=100_000, concurrency=2)
    with serve(echo, HEADERS) as server, client(server.url, manners) as asking:
        results = asking.map(lambda name: asking.get(name), ["a", "b", "nothing", *"defghijklmnop"])
        assert [next(results)["path"], next(results)["path"]] == ["/api/a", "/api/b"]
        with pytest.raises(NotThere):
            next(results)
        assert asking.requests < 10


def test_the_rate_is_kept_over_all_threads() -> None:
    now = [0.0]
    lock = threading.Lock()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        with lock:
            waits.append(now[0] + seconds)

    manners = Manners(requests_per_second=10, concurrency=4)
    with (
        serve(echo, HEADERS) as server,
        Client(server.url, HEADERS, manners, wait=wait, clock=lambda: now[0]) as asking,
    ):
        list(asking.map(lambda number: asking.get(f"{number}"), range(21)))
    assert sorted(waits) == pytest.approx([number / 10 for number in range(1, 21)])


def test_a_client_that_is_closed_ends_what_waits() -> None:
    started = time.monotonic()
    manners = Manners(requests_per_second=100_000, attempts=4)
    fault = Fault(status=503, headers={"Retry-After": "60"})
    with serve(echo, HEADERS, lambda *_: fault) as server, Client(server.url, HEADERS, manners) as asking:
        waiting = asking._pool.submit(asking.get, "x")
        while asking.requests == 0:
            time.sleep(0.01)
        asking.__exit__()
        with pytest.raises(RemoteError, match="stopped"):
            waiting.result()
    assert time.monotonic() - started < 30


def test_no_secret_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = []
    faults = [Fault(status=401, body=f"bad token {TOKEN}".encode()), Fault(status=400, body=TOKEN.encode())]
    faults += [Fault(body=b"no"), Fault(drop=True), Fault(status=302, headers={"Location": "https://evil.example"})]
    for fault in faults:
        with serve(echo, HEADERS, lambda *_, fault=fault: fault) as server, client(server.url) as asking:  # type: ignore[misc]
            told.append(repr(asking))
            with pytest.raises(RemoteError) as raised:
                asking.get("x")
            told.append("".join(traceback.format_exception(raised.value)))
            assert raised.value.__cause__ is None
    assert TOKEN not in "".join(told) + caplog.text.replace(f"'Token {TOKEN}'", "")
    assert "***" in "".join(told)


@pytest.mark.parametrize("token", ["two\nlines", "émile", "tab\there"])
def test_a_token_that_no_header_can_have_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(RemoteError, match="'api_access_token' has characters") as raised:
        Client("https://chat.example", {"api_access_token": token}, QUICK)
    assert token not in str(raised.value)


def test_certificates_are_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl

    with client("https://127.0.0.1:1") as asking:
        transport = asking._http._transport_for_url(asking._http.base_url.join("https://127.0.0.1:1"))  # type: ignore[attr-defined]
        context = transport._pool._ssl_context  # type: ignore[attr-defined]
        assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
