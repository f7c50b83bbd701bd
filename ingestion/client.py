"""Asking a live system over HTTP, with manners: a rate, retries, bounds, and no secret in anything that is said.

Here: requests and answers, the same for every system. Not here: what is asked for (``sources``). httpx sends, tenacity
tries again.

    with Client("https://chat.example/api/v1", {"api_access_token": token}, Manners()) as client:
        agents = client.get("agents")
        for page in client.get_all((f"contacts/{number}", None) for number in numbers):
            ...
"""

from __future__ import annotations

import email.utils
import ipaddress
import json
import logging
import re
import socket
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Never, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import tenacity

for _logger in ("httpx", "httpcore"):  # they tell whole addresses, and headers of answers
    logging.getLogger(_logger).setLevel(logging.WARNING)

Params = Mapping[str, str | int]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_MOST_REDIRECTS = 5
_LONGEST_ANSWER = 10
"""An answer that takes so many times the timeout is given up, also when bytes still drip in."""
_TRY_AGAIN = (408, 425, 429)
_LONGEST_GROWN_WAIT = 60.0
_PIECE = 64 * 1024
_READ_OF_AN_ERROR, _TOLD_OF_AN_ERROR, _TOLD_OF_AN_ADDRESS = 4096, 200, 500
_SHORTEST_SECRET = 4
_WHOLE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://|//")
_SECRET_NAME = re.compile(r"token|key|secret|sign|passw|auth|code|session", re.IGNORECASE)
_HARMLESS_VALUE = re.compile(r"-?[0-9]{1,20}|[a-z_]{1,20}")
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?")
_LATER = "run again later: what was landed before stays, and the next run goes on from there"


@dataclass(frozen=True)
class Manners:
    """How a system is asked.

    ``requests_per_second`` is over all threads, smooth; infinity for no limit. ``concurrency``: requests at a time, of
    whatever thread. ``timeout_seconds``: to connect, and between two pieces of an answer; a whole answer may take ten
    times that. ``attempts``: of one request, the first included. ``longest_wait_seconds``: between two attempts; who
    asks for a longer one is given up. ``largest_response_bytes``: unpacked. ``give_up_after``: so many requests in a
    row, over all threads, whose attempts are used up, and nothing more is asked.
    """

    requests_per_second: float = 20
    concurrency: int = 4
    timeout_seconds: float = 30
    attempts: int = 6
    longest_wait_seconds: float = 300
    largest_response_bytes: int = 64 * 1024 * 1024
    give_up_after: int = 5


class RemoteError(Exception):
    """A request has failed for good. The message says which, why, how often it was tried, and what to do."""


class Denied(RemoteError):
    """The system knows the token not, or gives it no right to this. ``status``: 401 or 403."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NotThere(RemoteError):
    """There is nothing at this address (404)."""


class _PassingError(Exception):
    """What may be over when the request is sent again.

    ``asked``: seconds that the system asks to wait. ``is_for_all``: what else is asked has to wait as well.
    """

    def __init__(self, message: str, asked: float | None = None, *, is_for_all: bool = False) -> None:
        super().__init__(message)
        self.asked = asked
        self.is_for_all = is_for_all


class _FinalError(Exception):
    """What will be the same when the request is sent again. ``remedy``: what to do; ``status``: of the answer."""

    def __init__(self, message: str, remedy: str, status: int | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.status = status


class _Scope:
    """What is stopped together: a client, or one :meth:`Client.map`. ``has_failed``: nothing more of it is begun."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.has_failed = False
        self._lock = threading.Lock()
        self._reading: list[socket.socket] = []

    def check(self) -> None:
        if self.stopped.is_set():
            raise RemoteError("stopped: what asked is closed, or another of its requests has failed")

    def stop(self) -> None:
        """End its waits, and cut the connections that it waits at for an answer."""
        with self._lock:
            self.stopped.set()
            for connection in self._reading:
                with suppress(OSError):  # not the method of a TLS socket, which forgets its state under the reader
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    @contextmanager
    def reading(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            self.check()
            self._reading.append(connection)
        try:
            yield
        finally:
            with self._lock:
                self._reading.remove(connection)


class _Here(threading.local):
    """Of each thread: what its requests belong to, and until when the answer that it reads may take."""

    def __init__(self, scope: _Scope) -> None:
        self.scope = scope
        self.until = 0.0


@dataclass
class _Request:
    url: httpx.URL
    shown: str
    tried: int = 0

    def failed(self, why: object, remedy: str) -> str:
        times = "once" if self.tried == 1 else f"{self.tried} times"
        return f"GET {self.shown}: {why}; tried {times}; {remedy}"


class Client:
    """A client of one system. Use as a context manager; its methods can be called by several threads.

    ``requests``: how many were sent, repeated ones included; ``retries``: how many of these. ``on_request`` is told
    each one, as ``GET <address>``, by the thread that sends it.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        manners: Manners,
        on_request: Callable[[str], None] = lambda _: None,
        *,
        wait: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a client of what answers at ``base_url``; ``headers`` hold its token.

        ``wait`` is called with seconds instead of waiting; ``clock`` gives seconds.

        Raises:
            RemoteError: the address or a header cannot be used. The message does not show the header.
        """
        for name, value in headers.items():
            if not value or value != value.strip() or not (value.isascii() and value.isprintable()):
                raise RemoteError(
                    f"the value of the header '{name}' has characters that no header can have, or is empty: set the"
                    " token anew, without blanks, line ends or quotes around it"
                )
        self._secrets = _spellings(headers.values())
        self._base = _base_of(base_url)
        self._base_url = str(self._base).rstrip("/")
        self._manners = manners
        self._on_request = on_request
        self._wait = wait
        self._clock = clock
        self._lock = threading.Lock()
        self._next = self._not_before = clock()
        self._failed_in_a_row = 0
        self._given_up: str | None = None
        self.requests = self.retries = 0
        self._scope = _Scope()
        self._maps: set[_Scope] = set()
        self._here = _Here(self._scope)
        self._slots = threading.BoundedSemaphore(manners.concurrency)
        self._pool = ThreadPoolExecutor(manners.concurrency, thread_name_prefix="client")
        try:
            self._http = httpx.Client(
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",  # what is unpacked piece by piece below, whatever else is installed
                    "User-Agent": "causerie",
                    **headers,
                },
                timeout=manners.timeout_seconds,
                follow_redirects=False,
                trust_env=not _is_loopback(self._base.host),
                limits=httpx.Limits(max_keepalive_connections=manners.concurrency),
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            raise RemoteError(
                "the proxy or the certificates that the environment names cannot be used; see HTTPS_PROXY, HTTP_PROXY,"
                " ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
            ) from None
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(manners.attempts),
            wait=self._wait_before_next,
            retry=tenacity.retry_if_exception_type(_PassingError),
            before_sleep=self._let_all_wait,
            sleep=self._pause,
            reraise=True,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            scopes = [self._scope, *self._maps]
        for scope in scopes:
            scope.stop()
        self._pool.shutdown(cancel_futures=True)
        self._http.close()

    def __repr__(self) -> str:
        return f"Client({self._base_url!r})"

    def get(self, path_or_url: str, params: Params | None = None) -> Any:
        """The decoded JSON of an answer. What is asked is below the base URL, or a whole address of the same host.

        Raises:
            Denied, NotThere: 401 or 403; 404.
            RemoteError: it could not be had, as often as it was tried; or so many requests failed before that nothing
                is asked any more; or the client was closed meanwhile.
        """
        url = self._url(path_or_url)
        if params:
            url = url.copy_merge_params(dict(params))
        request = _Request(url, _cut(self._hidden(_shown(url))))
        try:
            answer = self._retrying.copy()(self._ask, request)
        except _PassingError as error:
            self._fail(request.failed(error, _LATER))
        except _FinalError as error:
            self._answered()
            message = self._hidden(request.failed(error, error.remedy))
            if error.status in (401, 403):
                raise Denied(message, error.status) from None
            raise (NotThere if error.status == 404 else RemoteError)(message) from None
        self._answered()
        return answer

    def get_all(self, requests: Iterable[tuple[str, Params | None]]) -> Iterator[Any]:
        """The answers of :meth:`get` to each path and its parameters: as :meth:`map`."""
        return self.map(lambda request: self.get(*request), requests)

    def map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
        """Results of ``function``, which asks by :meth:`get`, in the order of ``items``, some of them at a time.

        Items are taken only a little ahead, and begun only when the first result is asked for. What one raises is
        raised in its place; from then on none is begun, those behind it are stopped, and nothing of them runs any more
        when the error comes out. ``function`` may catch what it can do without; it may not map itself.
        """
        scope = _Scope()
        running: deque[Future[_Result]] = deque()

        def run(item: _Item) -> _Result:
            self._here.scope = scope
            try:
                if scope.has_failed:  # items begin in order, so this one stands behind the one that failed
                    raise RemoteError("not begun: one before it has failed")
                return function(item)
            except BaseException:
                scope.has_failed = True
                raise
            finally:
                self._here.scope = self._scope

        with self._lock:
            self._maps.add(scope)
        rest = iter(items)
        is_more = True
        try:
            while True:
                while is_more and not scope.has_failed and len(running) < 2 * self._manners.concurrency:
                    self._scope.check()
                    try:
                        item = next(rest)
                    except StopIteration:
                        is_more = False
                    else:
                        running.append(self._pool.submit(run, item))
                if not running:
                    return
                yield running.popleft().result()
        finally:
            scope.stop()
            wait_for([future for future in running if not future.cancel()])
            with self._lock:
                self._maps.discard(scope)

    def _url(self, path_or_url: str) -> httpx.URL:
        """A whole address.

        Raises:
            RemoteError: it is none, or one of another host: the token would go there.
        """
        try:
            if not _WHOLE.match(path_or_url):
                path = path_or_url.lstrip("/")
                return httpx.URL(f"{self._base_url}/{path}" if path else self._base_url)
            url = httpx.URL(path_or_url)
        except httpx.InvalidURL as error:
            raise RemoteError(f"{_cut(self._hidden(path_or_url))!r} is no address: {error}") from None
        # behind a proxy a system may take itself to be at http, and at its usual port
        if url.host != self._base.host or url.port not in (None, self._base.port, 80, 443):
            raise RemoteError(
                f"the system points to another host, '{self._hidden(url.netloc.decode())}', which is not asked, for the"
                f" token would go there; have the system name itself '{self._base.host}', or correct the base_url"
            )
        return url.copy_with(
            scheme=self._base.scheme, host=self._base.host, port=self._base.port, userinfo=b"", fragment=None
        )

    def _ask(self, request: _Request) -> Any:
        """One attempt."""
        request.tried += 1
        url = request.url
        try:
            for _ in range(1 + _MOST_REDIRECTS):
                with self._slots:
                    self._take_turn()
                    with self._lock:
                        self.requests += 1
                        self.retries += request.tried > 1
                    self._on_request(f"GET {request.shown}")
                    self._here.until = self._clock() + _LONGEST_ANSWER * self._manners.timeout_seconds
                    with self._http.stream("GET", url, extensions={"trace": self._on_event}) as response:
                        if not response.has_redirect_location:
                            return self._answer(response)
                        url = _redirected(url, response.headers["location"])
        except httpx.TimeoutException:
            raise _PassingError(f"no answer within {self._manners.timeout_seconds:g} seconds") from None
        except httpx.TransportError as error:
            words = str(error) or type(error).__name__
            if "CERTIFICATE_VERIFY_FAILED" in words:
                raise _FinalError(
                    f"its certificate cannot be verified: {words}",
                    "have the system show one that is valid, or name its authority in SSL_CERT_FILE",
                ) from None
            raise _PassingError(f"the connection failed: {words}") from None
        raise _FinalError(f"is redirected more than {_MOST_REDIRECTS} times", "correct the base_url")

    def _on_event(self, event: str, told: Mapping[str, Any]) -> None:
        """See to it that a new connection is read no longer than an answer may take, and can be cut.

        The timeouts of httpx are of one piece each. This is its documented way to come by a connection.
        """
        if not event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            return
        stream = told["return_value"]
        read, connection = stream.read, stream.get_extra_info("socket")

        def read_in_time(most: int, timeout: float | None = None) -> Any:
            left = self._here.until - self._clock()
            if left <= 0:
                raise _PassingError("an answer that does not end")
            with self._here.scope.reading(connection):
                return read(most, left if timeout is None else min(timeout, left))

        stream.read = read_in_time

    def _answer(self, response: httpx.Response) -> Any:
        status = response.status_code
        if status in _TRY_AGAIN or status >= 500:
            asked = _seconds(response.headers.get("retry-after"), datetime.now(UTC))
            is_for_all = status == 429 or asked is not None  # the limit is the account's, the pause the system's
            raise _PassingError(f"status {status}", asked, is_for_all=is_for_all)
        if status in (401, 403):
            raise _FinalError(
                f"status {status}: {self._told(response)}", "see which token the configuration names", status
            )
        if status == 404:
            raise _FinalError("status 404: nothing is there", "correct the base_url, or what is asked for", status)
        if not response.is_success:
            raise _FinalError(f"status {status}: {self._told(response)}", "correct what is asked for", status)
        body = self._body(response)
        try:
            return json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
        except (ValueError, RecursionError):
            kind = _printable(response.headers.get("content-type", "of no type"))
            raise _PassingError(f"an answer that is no JSON ({kind}), or was cut off") from None

    def _body(self, response: httpx.Response) -> bytearray:
        largest = self._manners.largest_response_bytes
        body = bytearray()
        for piece in _pieces(response):
            body += piece
            if len(body) > largest:
                raise _FinalError(
                    f"an answer of more than {largest:,} bytes, which is more than is taken",
                    "ask for smaller pages, or correct the base_url",
                )
        return body

    def _told(self, response: httpx.Response) -> str:
        """What the system says of an error: the beginning of its words, without the token should it repeat it."""
        body = bytearray()
        with suppress(httpx.HTTPError, _PassingError, _FinalError):
            for piece in _pieces(response):
                body += piece
                if len(body) >= _READ_OF_AN_ERROR:
                    break
        words = self._hidden(body[:_READ_OF_AN_ERROR].decode("utf-8", "replace"))
        return _printable(words)[:_TOLD_OF_AN_ERROR] or "no words"

    def _hidden(self, text: str) -> str:
        for spelling in self._secrets:
            text = text.replace(spelling, "***")
        return text

    def _fail(self, message: str) -> Never:
        message = self._hidden(message)
        with self._lock:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= self._manners.give_up_after and self._given_up is None:
                many = "a request" if self._failed_in_a_row == 1 else f"{self._failed_in_a_row} requests in a row"
                self._given_up = f"gave up after {many} failed; the last: {message}"
            if self._given_up is not None:
                message = self._given_up
        raise RemoteError(message) from None

    def _answered(self) -> None:
        with self._lock:
            self._failed_in_a_row = 0

    def _wait_before_next(self, state: tenacity.RetryCallState) -> float:
        """As long as the system asks for, and longer each time.

        Raises:
            RemoteError: it asks for longer than is waited. All others would be told the same: nothing more is asked.
        """
        error = _passing(state)
        longest = self._manners.longest_wait_seconds
        if error.asked is not None and error.asked > longest:
            request: _Request = state.args[0]
            message = self._hidden(
                request.failed(
                    f"{error}, and it asks to wait {error.asked:,.0f} seconds, more than the {longest:,.0f} that are"
                    " waited",
                    "run again after that: what was landed before stays, and the next run goes on from there",
                )
            )
            with self._lock:
                self._given_up = self._given_up or message
            raise RemoteError(message) from None
        return min(longest, max(error.asked or 0.0, _GROWING(state)))

    def _let_all_wait(self, state: tenacity.RetryCallState) -> None:
        if _passing(state).is_for_all and state.next_action is not None:
            with self._lock:
                self._not_before = max(self._not_before, self._clock() + state.next_action.sleep)

    def _take_turn(self) -> None:
        """Wait for this request's place in the rate, and until all may go on that were told to wait."""
        while True:
            with self._lock:
                now = self._clock()
                turn = max(now, self._next, self._not_before)
                self._next = turn + 1 / self._manners.requests_per_second
            self._pause(turn - now)
            with self._lock:
                if self._given_up is not None:
                    raise RemoteError(self._given_up)
                if turn >= self._not_before:  # else others were told to wait while this one waited for its turn
                    return

    def _pause(self, seconds: float) -> None:
        scope = self._here.scope
        if seconds > 0:
            wait = scope.stopped.wait if self._wait is None else self._wait
            wait(seconds)
        self._scope.check()
        scope.check()


_GROWING = tenacity.wait_exponential(multiplier=0.5, max=_LONGEST_GROWN_WAIT) + tenacity.wait_random(0, 1)


def _passing(state: tenacity.RetryCallState) -> _PassingError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, _PassingError), "nothing else is tried again"
    return error


def _base_of(base_url: str) -> httpx.URL:
    """The base URL.

    Raises:
        RemoteError: it is no address that can be asked.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise RemoteError(
            "the base_url is no address that can be asked; write it as 'https://chat.example/api', without a user, a"
            " password or a query"
        )
    return url


def _redirected(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads, when that is the same host."""
    try:
        target = url.join(location)
    except httpx.InvalidURL:
        raise _FinalError("is redirected to what is no address", "correct the base_url") from None
    is_same = (target.scheme, target.host, _port(target)) == (url.scheme, url.host, _port(url))
    is_upgrade = (url.scheme, target.scheme) == ("http", "https") and target.host == url.host
    if not (is_same or is_upgrade):
        raise _FinalError(
            f"is redirected to {target.scheme}://{target.netloc.decode()}, which is another host or way and not asked,"
            " for the token would go there",
            "correct the base_url",
        )
    return target.copy_with(userinfo=b"")


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """A body, unpacked. Here and not by httpx, which unpacks all that came at once, however large it becomes."""
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing in ("", "identity"):
        yield from response.iter_raw()
        return
    if packing not in ("gzip", "x-gzip"):
        raise _FinalError(
            f"an answer packed as '{_printable(packing)}', which was not asked for", "correct the system or its proxy"
        )
    unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        for packed in response.iter_raw():
            while packed:
                yield unpacking.decompress(packed, _PIECE)
                packed = unpacking.unconsumed_tail
        yield unpacking.flush()
    except zlib.error:
        raise _PassingError("an answer that cannot be unpacked") from None
    if not unpacking.eof:
        raise _PassingError("an answer that was cut off")


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """What ``Retry-After`` asks for, in seconds or as a date; None for nothing, and for what is neither."""
    text = (retry_after or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _no_number(word: str) -> Never:
    raise ValueError(f"{word} is no JSON")


def _spellings(values: Iterable[str]) -> list[str]:
    """What may not be told: values of headers, as they are and as JSON or an address would show them.

    A value of several words begins with a scheme, as in ``Token <key>``, which is none.
    """
    words = {word for value in values for word in (value, *(value.split()[1:] or value.split()))}
    spellings = {
        spelling
        for word in words
        for spelling in (word, json.dumps(word)[1:-1], word.replace("/", r"\/"), quote(word, safe=""), quote(word))
        if len(word) >= _SHORTEST_SECRET
    }
    return sorted(spellings, key=len, reverse=True)


def _shown(url: httpx.URL) -> str:
    """An address as it can be told: of its query only values that are surely neither secret nor personal."""
    parts = urlsplit(str(url))
    query = "&".join(
        f"{name}={value if _HARMLESS_VALUE.fullmatch(value) and not _SECRET_NAME.search(name) else '...'}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return _printable(parts._replace(query=query, fragment="").geturl())


def _printable(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _cut(text: str) -> str:
    return text if len(text) <= _TOLD_OF_AN_ADDRESS else f"{text[:_TOLD_OF_AN_ADDRESS]}..."


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
