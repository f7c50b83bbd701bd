"""Requests to a live system over HTTP under a policy: a rate, retries, limits, and no secret in any message.

Here: requests and answers, the same for every system. Not here: what is asked for (``sources``). httpx sends, tenacity
retries.

    with Client("https://chat.example/api/v1", {"api_access_token": token}, RequestPolicy()) as client:
        agents = client.get("agents")
        for contact in client.map(client.get, (f"contacts/{number}" for number in numbers)):
            ...
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Never, TypeVar

import httpx

from ingestion.http.addresses import AddressError, Secrets, base_of, below, cut, is_loopback, redirected, shown
from ingestion.http.patience import AsksTooMuch, retrying
from ingestion.http.policy import Denied, GivenUp, NotThere, RemoteError, RequestPolicy
from ingestion.http.responses import FinalError, PassingError, decoded
from ingestion.http.scopes import PerThread, Scope

Params = Mapping[str, str | int]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_MOST_REDIRECTS = 5
_LONGEST_ANSWER = 10
"""An answer that takes so many times the timeout is given up, even while bytes still arrive."""
_ENDLESS = "an answer that does not end"
_LATER = "run again later: what was landed before is kept, and the next run continues from there"


@dataclass
class _Request:
    url: httpx.URL
    shown: str
    tried: int = 0

    def failed(self, why: str, remedy: str) -> str:
        times = "once" if self.tried == 1 else f"{self.tried} times"
        return f"GET {self.shown}: {why}; tried {times}; {remedy}"


class Client:
    """A client of one system. Use as a context manager; its methods can be called by several threads.

    ``requests``: how many were sent, repeated ones included; ``retries``: how many of these. ``on_request`` is called
    with each one, as ``GET <address>``, by the thread that sends it.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        policy: RequestPolicy,
        on_request: Callable[[str], None] = lambda _: None,
        *,
        on_begin: Callable[[datetime], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        token_env: str = "",
        wait: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a client of what answers at ``base_url``; ``headers`` hold its token, of the variable ``token_env``.

        ``on_begin`` is called once, with the time, by ``now``, at which the first request that succeeded was sent.
        ``wait`` is called with seconds instead of waiting; ``clock`` gives seconds.

        Raises:
            RemoteError: the address or a header cannot be used. The message does not show the header.
        """
        for name, value in headers.items():
            if not value or value != value.strip() or not (value.isascii() and value.isprintable()):
                raise RemoteError(
                    f"the value of the header '{name}' is empty or has characters that a header cannot have: set the"
                    " token again, without blanks, line ends or quotes around it"
                )
        self._secrets = Secrets(headers.values())
        try:
            self._base = base_of(base_url)
        except AddressError as error:
            raise RemoteError(str(error)) from None
        self._policy = policy
        self._on_request, self._on_begin, self._now = on_request, on_begin, now
        self._has_begun = False
        self._token_env = token_env
        self._wait = wait
        self._clock = clock
        self._lock = threading.Lock()
        self._next = self._not_before = clock()
        self._failed_in_a_row = 0
        self._given_up: str | None = None
        self.requests = self.retries = 0
        self._scope = Scope()
        self._maps: set[Scope] = set()
        self._here = PerThread(self._scope)
        self._slots = threading.BoundedSemaphore(policy.concurrency)
        self._pool = ThreadPoolExecutor(policy.concurrency, thread_name_prefix="client")
        try:
            self._http = httpx.Client(
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",  # it is decompressed piece by piece below, whatever else is installed
                    "User-Agent": "causerie",
                    **headers,
                },
                timeout=policy.timeout_seconds,
                follow_redirects=False,
                trust_env=not is_loopback(self._base),
                limits=httpx.Limits(max_keepalive_connections=policy.concurrency),
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            raise RemoteError(
                "the proxy or the certificates that the environment names cannot be used; see HTTPS_PROXY, HTTP_PROXY,"
                " ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
            ) from None
        self._retrying = retrying(policy.attempts, policy.longest_wait_seconds, self._let_all_wait, self._pause)

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
        return f"Client({str(self._base)!r})"

    def get(self, path_or_url: str, params: Params | None = None) -> Any:
        """The decoded JSON of an answer. The address is below the base URL, or a whole address of the same host.

        Raises:
            Denied, NotThere: 401 or 403; 404.
            RemoteError: all attempts failed; or so many requests failed before that the client sends nothing more; or
            it
                was closed meanwhile.
        """
        try:
            url = below(self._base, path_or_url)
        except AddressError as error:
            raise RemoteError(self._without_secrets(error)) from None
        if params:
            url = url.copy_merge_params(dict(params))
        request = _Request(url, self._without_secrets(shown(url)))
        try:
            answer = self._retrying.copy()(self._ask, request)
        except PassingError as error:
            self._here.scope.check()  # a connection that was cut by the client says nothing about the system
            self._fail(request.failed(self._without_secrets(error), _LATER))
        except FinalError as error:
            is_of_token = error.status in (401, 403) and self._token_env
            remedy = f"{error.remedy}: environment variable {self._token_env}" if is_of_token else error.remedy
            message = request.failed(self._without_secrets(error), remedy)
            if isinstance(error, AsksTooMuch):
                self._fail(message, at_once=True)
            self._answered()
            if error.status in (401, 403):
                raise Denied(message, error.status) from None
            raise (NotThere if error.status == 404 else RemoteError)(message) from None
        self._answered()
        return answer

    def map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
        """Results of ``function``, which calls :meth:`get`, in the order of ``items``, several at a time.

        Items are read only a little ahead, and begun only when the first result is asked for. An error of one is
        raised in the place of its result. From then on no item is begun, and those behind it are stopped before the
        error is raised. ``function`` may catch errors of answers it can do without; it may not call ``map`` itself.
        """
        scope = Scope()
        running: deque[Future[_Result]] = deque()

        def run(item: _Item) -> _Result:
            self._here.scope = scope
            try:
                if scope.has_failed:  # items begin in order, so this one is behind the one that failed
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
                while is_more and not scope.has_failed and len(running) < 2 * self._policy.concurrency:
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
                    sent_at = self._now()
                    self._here.until = self._clock() + _LONGEST_ANSWER * self._policy.timeout_seconds
                    with self._http.stream("GET", url, extensions={"trace": self._on_event}) as response:
                        if not response.has_redirect_location:
                            largest = self._policy.largest_response_bytes
                            answer = decoded(response, largest, is_known=self._has_begun)
                            self._begin(sent_at)
                            return answer
                        url = redirected(url, response.headers["location"])
        except AddressError as error:
            raise FinalError(str(error), "correct the base_url") from None
        except httpx.TimeoutException:
            if self._clock() >= self._here.until:
                raise PassingError(_ENDLESS) from None
            raise PassingError(f"no answer within {self._policy.timeout_seconds:g} seconds") from None
        except httpx.TransportError as error:
            words = str(error) or type(error).__name__
            if "CERTIFICATE_VERIFY_FAILED" in words:
                raise FinalError(
                    f"its certificate cannot be verified: {words}",
                    "install a valid certificate there, or name its authority in SSL_CERT_FILE",
                ) from None
            raise PassingError(f"the connection failed: {words}") from None
        raise FinalError(f"is redirected more than {_MOST_REDIRECTS} times", "correct the base_url")

    def _on_event(self, event: str, details: Mapping[str, Any]) -> None:
        """Limit how long an answer is read on a new connection, and make it possible to cut the connection.

        The timeouts of httpx are for one piece each. Its trace extension is the documented way to get a connection.
        """
        if not event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            return
        stream = details["return_value"]
        read, connection = stream.read, stream.get_extra_info("socket")

        def read_in_time(most: int, timeout: float | None = None) -> Any:
            left = self._here.until - self._clock()
            if left <= 0:
                raise PassingError(_ENDLESS)
            with self._here.scope.reading(connection):
                return read(most, left if timeout is None else min(timeout, left))

        stream.read = read_in_time

    def _without_secrets(self, text: object) -> str:
        return cut(self._secrets.hidden(str(text)))

    def _fail(self, message: str, *, at_once: bool = False) -> Never:
        with self._lock:
            self._failed_in_a_row += 1
            is_too_much = at_once or self._failed_in_a_row >= self._policy.give_up_after
            if is_too_much and self._given_up is None:
                many = self._failed_in_a_row
                self._given_up = message
                if many > 1 and not at_once:
                    self._given_up = f"gave up after {many} requests failed in a row; the last: {message}"
            if self._given_up is not None:
                raise GivenUp(self._given_up) from None
        raise RemoteError(message) from None

    def _begin(self, sent_at: datetime) -> None:
        with self._lock:
            if not self._has_begun:
                self._has_begun = True
                self._on_begin(sent_at)

    def _answered(self) -> None:
        with self._lock:
            self._failed_in_a_row = 0

    def _let_all_wait(self, seconds: float, error: PassingError) -> None:
        if error.is_for_all:
            with self._lock:
                self._not_before = max(self._not_before, self._clock() + seconds)

    def _take_turn(self) -> None:
        """Wait for this request's turn in the rate, and for the end of a wait that holds for all requests."""
        while True:
            with self._lock:
                now = self._clock()
                turn = max(now, self._next, self._not_before)
                self._next = turn + 1 / self._policy.requests_per_second
            self._pause(turn - now)
            with self._lock:
                if self._given_up is not None:
                    raise GivenUp(self._given_up)
                if turn >= self._not_before:  # else such a wait began while this request waited for its turn
                    return

    def _pause(self, seconds: float) -> None:
        scope = self._here.scope
        if seconds > 0:
            wait = scope.stopped.wait if self._wait is None else self._wait
            wait(seconds)
        self._scope.check()
        scope.check()
