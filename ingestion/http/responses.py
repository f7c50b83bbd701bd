"""Answers of a live system: which errors are temporary, how long to wait, and JSON bodies of limited size.

Here: what one answer says. Not here: sending and retrying (``client``), and what the JSON means (``sources``).
"""

from __future__ import annotations

import email.utils
import json
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Never

import httpx

from ingestion.http.addresses import printable

_TRY_AGAIN = (408, 425, 429)
_PIECE = 64 * 1024
_READ_OF_AN_ERROR = 4096
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?")


class PassingError(Exception):
    """A temporary error: the request may succeed when it is sent again.

    ``asked``: seconds that the system asks to wait. ``is_for_all``: all other requests have to wait too.
    """

    def __init__(self, message: str, asked: float | None = None, *, is_for_all: bool = False) -> None:
        super().__init__(message)
        self.asked = asked
        self.is_for_all = is_for_all


class FinalError(Exception):
    """A lasting error: sending the request again would not help. ``remedy``: what to do; ``status``: of the answer.

    The message may repeat what the system sent: hide secrets.
    """

    def __init__(self, message: str, remedy: str, status: int | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.status = status


def decoded(response: httpx.Response, largest: int, *, is_known: bool) -> Any:
    """The JSON of an answer whose body has not been read yet. ``largest``: bytes, after decompression.

    ``is_known``: whether the system has answered well before. Then a web page is its proxy's temporary error.

    Raises:
        PassingError, FinalError: it is an error, or not JSON.
    """
    status = response.status_code
    if status in _TRY_AGAIN or status >= 500:
        asked = seconds(response.headers.get("retry-after"), datetime.now(UTC))
        # a rate limit holds for the account, a pause for the system
        raise PassingError(f"status {status}", asked, is_for_all=status == 429 or asked is not None)
    if status in (401, 403):
        raise FinalError(f"status {status}: {_words_of(response)}", "see which token the configuration names", status)
    if status == 404:
        raise FinalError("status 404: nothing is there", "correct the base_url, or what is asked for", status)
    if not response.is_success:
        raise FinalError(f"status {status}: {_words_of(response)}", "correct what is asked for", status)
    body = bytearray()
    for piece in _pieces(response):
        body += piece
        if len(body) > largest:
            raise FinalError(
                f"an answer of more than {largest:,} bytes, which is too large",
                "ask for smaller pages, or correct the base_url",
            )
    content_type = printable(response.headers.get("content-type") or "of no type")
    if "html" in content_type.lower() and not is_known:
        raise FinalError(
            f"a web page ({content_type}) instead of JSON: another server answers there", "correct the base_url"
        )
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise PassingError(f"an answer that is not JSON ({content_type}), or was cut off") from None


def seconds(retry_after: str | None, now: datetime) -> float | None:
    """The seconds that ``Retry-After`` asks for, given as seconds or as a date; None for anything else."""
    text = (retry_after or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _refuse(word: str) -> Never:
    raise ValueError(f"{word} is not JSON")


def _words_of(response: httpx.Response) -> str:
    """The beginning of what the system says about an error."""
    body = bytearray()
    try:
        for piece in _pieces(response):
            body += piece
            if len(body) >= _READ_OF_AN_ERROR:
                break
    except (httpx.HTTPError, PassingError, FinalError):
        pass  # the status says enough
    return printable(body[:_READ_OF_AN_ERROR].decode("utf-8", "replace")) or "no words"


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """A body, decompressed piece by piece. httpx would decompress all that came at once, however large it becomes."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip"):
        raise FinalError(
            f"an answer compressed as '{printable(encoding)}', which was not asked for",
            "correct the system or its proxy",
        )
    decompressor = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        for compressed in response.iter_raw():
            while compressed:
                yield decompressor.decompress(compressed, _PIECE)
                compressed = decompressor.unconsumed_tail
        yield decompressor.flush()
    except zlib.error:
        raise PassingError("an answer that cannot be decompressed") from None
    if not decompressor.eof:
        raise PassingError("an answer that was cut off")
