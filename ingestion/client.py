"""Asking a live system over HTTP, with manners: a rate, retries, bounds, and no secret in anything that is said.

Here: requests and answers, the same for every system. Not here: what is asked for (``sources``). httpx sends, tenacity
tries again.
"""

from __future__ import annotations

import email.utils
import ipaddress
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx
import tenacity

logging.getLogger("httpx").setLevel(logging.WARNING)

Params = Mapping[str, str | int]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_MOST_REDIRECTS = 5
_LONGEST_ANSWER = 10
"""An answer that takes so many times the timeout is given up, also when bytes still drip in."""
_TRY_AGAIN = (408, 425, 429)
_SAID = 200
_SHORTEST_SECRET = 6


@dataclass(frozen=True)
class Manners:
    """How a system is asked.

    ``requests_per_second`` is over all threads. ``timeout_seconds``: to connect, and between two pieces of an answer.
    ``attempts``: of one request, the first included. ``longest_wait_seconds``: who asks for a longer one is given up.
    """

    requests_per_second: float = 20
    concurrency: int = 4
    timeout_seconds: float = 30
    attempts: int = 6
    longest_wait_seconds: float = 300
    largest_response_bytes: int = 64 * 1024 * 1024


class RemoteError(Exception):
    """A request has failed for good. The message says which, why, how often it was tried, and what to do."""


class Denied(RemoteError):
    """The system knows the token not, or gives it no right to this (401, 403)."""


class NotThere(RemoteError):
    """There is nothing at this address (404)."""


class _PassingError(Exception):
    """What may be over when the request is sent again. ``wait``: seconds that the system asks to wait."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Client:
    """A client of one system. Use as a context manager; its methods can be called by several threads.

    ``requests``: how many were sent, repeated ones included; ``retries``: how many of these.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        manners: Manners,
        *,
        wait: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a client of what answers at ``base_url``; ``headers`` hold its token.

        Raises:
            RemoteError: a header cannot be sent. The message does not show it.
        """
        for name, value in headers.items():
            if not value.isascii() or not value.isprintable():
                raise RemoteError(f"the token for the header '{name}' has characters that no header can have")
        self._secrets = [part for value in headers.values() for part in value.split() if len(part) >= _SHORTEST_SECRET]
        self._base = urlsplit(base_url)
        self._base_url = base_url.rstrip("/")
        self._manners = manners
        self._stopped = threading.Event()
        self._wait = self._stopped.wait if wait is None else wait
        self._clock = clock
        self._lock = threading.Lock()
        self._next = self._not_before = clock()
        self._given_up: str | None = None
        self.requests = self.retries = 0
        self._pool = ThreadPoolExecutor(manners.concurrency, thread_name_prefix="client")
        self._http = httpx.Client(
            headers={"Accept": "application/json", "User-Agent": "causerie", **headers},
            timeout=manners.timeout_seconds,
            follow_redirects=False,
            trust_env=not _is_loopback(self._base.hostname or ""),
            limits=httpx.Limits(max_connections=manners.concurrency + 1),
        )
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(manners.attempts),
            wait=_AskedOrGrowing(tenacity.wait_exponential_jitter(multiplier=0.5, max=60, jitter=1)),
            retry=tenacity.retry_if_exception_type(_PassingError),
            sleep=lambda seconds: self._pause(seconds),
            reraise=True,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)
        self._http.close()

    def __repr__(self) -> str:
        return f"Client({self._base_url!r})"

    def get(self, path: str, params: Params | None = None) -> Any:
        """The decoded JSON of an answer. ``path`` is below the base URL, or a whole address of the same host.

        Raises:
            Denied, NotThere: 401 or 403; 404.
            RemoteError: it could not be had, as often as it was tried.
        """
        url = self._url(path)
        shown = _shown(url, params)
        if self._given_up:
            raise RemoteError(self._given_up)
        tried = 0

        def once() -> Any:
            nonlocal tried
            tried += 1
            return self._once(url, params, shown, tried)

        try:
            return self._retrying.copy()(once)
        except _PassingError as error:
            times = "once" if tried == 1 else f"{tried} times"
            self._given_up = (
                f"GET {shown}: {error}; tried {times}. What was read so far is kept and the next run goes on from there"
            )
            raise RemoteError(self._given_up) from None

    def map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
        """Results of ``function``, which asks by :meth:`get`, in the order of ``items``, some of them at a time.

        Items are taken only a little ahead. What one raises is raised in its place, and those behind it are not begun.
        """
        running: deque[Future[_Result]] = deque()
        rest = iter(items)
        try:
            while True:
                while len(running) < 2 * self._manners.concurrency:
                    try:
                        item = next(rest)
                    except StopIteration:
                        break
                    running.append(self._pool.submit(function, item))
                if not running:
                    return
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()

    def _url(self, path: str) -> str:
        """A whole address.

        Raises:
            RemoteError: it is one of another host: the token would go there.
        """
        if "://" not in path:
            return f"{self._base_url}/{path.lstrip('/')}"
        parts = urlsplit(path)
        if parts.hostname != self._base.hostname or (parts.port or 0) not in (0, self._base.port or 0, 80, 443):
            raise RemoteError(
                f"the system points to another host, '{parts.hostname}', which is not asked: {_shown(path)}"
            )
        # behind a proxy a system may take itself to be at http, and at another port
        return parts._replace(scheme=self._base.scheme, netloc=self._base.netloc).geturl()

    def _once(self, url: str, params: Params | None, shown: str, tried: int) -> Any:
        for _ in range(_MOST_REDIRECTS):
            self._take_turn()
            with self._lock:
                self.requests += 1
                self.retries += tried > 1
            try:
                with self._http.stream("GET", url, params=dict(params) if params else None) as response:
                    if response.is_redirect:
                        url, params = self._redirected(url, response.headers["location"], shown), None
                        continue
                    return self._answer(response, shown)
            except httpx.TimeoutException:
                raise _PassingError(f"no answer within {self._manners.timeout_seconds:g} seconds") from None
            except (httpx.TransportError, httpx.DecodingError) as error:
                words = str(error) or type(error).__name__
                if "CERTIFICATE_VERIFY_FAILED" in words:
                    raise RemoteError(f"GET {shown}: its certificate cannot be verified: {words}") from None
                raise _PassingError(f"the connection failed: {words}") from None
            except httpx.HTTPError as error:
                raise RemoteError(f"GET {shown}: {type(error).__name__}") from None
        raise RemoteError(f"GET {shown}: is redirected more than {_MOST_REDIRECTS} times; correct the base_url")

    def _redirected(self, url: str, location: str, shown: str) -> str:
        """Where a redirect leads, when that is the same host.

        Raises:
            RemoteError: it is another one.
        """
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        is_same = (new.scheme, new.hostname, _port(new)) == (old.scheme, old.hostname, _port(old))
        is_upgrade = old.scheme == "http" and new.scheme == "https" and new.hostname == old.hostname
        if not (is_same or is_upgrade):
            raise RemoteError(
                f"GET {shown}: is redirected to {new.scheme}://{new.netloc}, which is another host and not asked;"
                " correct the base_url"
            )
        return target

    def _answer(self, response: httpx.Response, shown: str) -> Any:
        status = response.status_code
        if status in _TRY_AGAIN or status >= 500:
            wait = _seconds(response.headers.get("retry-after"), datetime.now(UTC))
            if wait is not None and wait > self._manners.longest_wait_seconds:
                raise RemoteError(
                    f"GET {shown}: status {status}, and it asks to wait {wait:,.0f} seconds; run again after that"
                )
            if status == 429 and wait is not None:  # the limit is the account's: the other threads wait too
                with self._lock:
                    self._not_before = max(self._not_before, self._clock() + wait)
            raise _PassingError(f"status {status}", wait)
        if status in (401, 403):
            raise Denied(
                f"GET {shown}: status {status}: {self._told(response)}; see which token the configuration names"
            )
        if status == 404:
            raise NotThere(f"GET {shown}: status 404: nothing is there")
        if not response.is_success:
            raise RemoteError(f"GET {shown}: status {status}: {self._told(response)}")
        try:
            return json.loads(self._body(response, shown).decode("utf-8-sig"))
        except ValueError:
            raise _PassingError("an answer that is no JSON, or was cut off") from None

    def _body(self, response: httpx.Response, shown: str) -> bytes:
        largest = self._manners.largest_response_bytes
        body = bytearray()
        latest = self._clock() + _LONGEST_ANSWER * self._manners.timeout_seconds
        for piece in response.iter_bytes():
            body += piece
            if len(body) > largest:
                raise RemoteError(f"GET {shown}: an answer of more than {largest:,} bytes, which is more than is taken")
            if self._clock() > latest:
                raise _PassingError("an answer that does not end")
        return bytes(body)

    def _told(self, response: httpx.Response) -> str:
        """What the system says of an error: the beginning of its words, without the token should it repeat it."""
        piece = next(response.iter_bytes(_SAID), b"").decode("utf-8", "replace")
        for secret in {*self._http.headers.values()} | {
            part for value in self._http.headers.values() for part in value.split()
        }:
            if len(secret) >= 8:
                piece = piece.replace(secret, "***")
        return " ".join(piece.split()) or "no words"

    def _take_turn(self) -> None:
        """Wait for this request's place in the rate, and for what a 429 asked for."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next, self._not_before)
            self._next = turn + 1 / self._manners.requests_per_second
        self._pause(turn - now)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._wait(seconds)
        if self._stopped.is_set():
            raise RemoteError("stopped")


class _AskedOrGrowing(tenacity.wait.wait_base):
    """As long as the system asks for, else longer each time."""

    def __init__(self, growing: tenacity.wait.wait_base) -> None:
        self._growing = growing

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.wait if isinstance(error, _PassingError) else None
        return self._growing(retry_state) if asked is None else asked


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """What ``Retry-After`` asks for, in seconds or as a date; None for nothing, and for what is neither."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(retry_after) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _shown(url: str, params: Params | None = None) -> str:
    """An address as it can be told: without a user."""
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, *(f"{name}={value}" for name, value in (params or {}).items())]))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="").geturl()


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
