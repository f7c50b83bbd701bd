"""Answers of a live system: which of them pass, how long to wait, and bodies that are bounded and JSON.

Here: what one answer says. Not here: sending and sending again (``client``), and what JSON means (``sources``).
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
    """What may be over when the request is sent again.

    ``asked``: seconds that the system asks to wait. ``is_for_all``: what else is asked has to wait as well.
    """

    def __init__(self, message: str, asked: float | None = None, *, is_for_all: bool = False) -> None:
        super().__init__(message)
        self.asked = asked
        self.is_for_all = is_for_all


class FinalError(Exception):
    """What will be the same when the request is sent again. ``remedy``: what to do; ``status``: of the answer.

    The message may repeat what the system said: hide secrets.
    """

    def __init__(self, message: str, remedy: str, status: int | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.status = status


def decoded(response: httpx.Response, largest: int, *, is_known: bool) -> Any:
    """The JSON of an answer that is still to be read. ``largest``: bytes, unpacked.

    ``is_known``: whether the system has answered well before: then a page is its proxy's, which passes.

    Raises:
        PassingError, FinalError: it is none.
    """
    status = response.status_code
    if status in _TRY_AGAIN or status >= 500:
        asked = seconds(response.headers.get("retry-after"), datetime.now(UTC))
        # a limit is the account's, a pause the system's
        raise PassingError(f"status {status}", asked, is_for_all=status == 429 or asked is not None)
    if status in (401, 403):
        raise FinalError(f"status {status}: {_told(response)}", "see which token the configuration names", status)
    if status == 404:
        raise FinalError("status 404: nothing is there", "correct the base_url, or what is asked for", status)
    if not response.is_success:
        raise FinalError(f"status {status}: {_told(response)}", "correct what is asked for", status)
    body = bytearray()
    for piece in _pieces(response):
        body += piece
        if len(body) > largest:
            raise FinalError(
                f"an answer of more than {largest:,} bytes, which is more than is taken",
                "ask for smaller pages, or correct the base_url",
            )
    kind = printable(response.headers.get("content-type") or "of no type")
    if "html" in kind.lower() and not is_known:
        raise FinalError(
            f"a page for people ({kind}) where JSON was asked for: something else answers there", "correct the base_url"
        )
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise PassingError(f"an answer that is no JSON ({kind}), or was cut off") from None


def seconds(retry_after: str | None, now: datetime) -> float | None:
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


def _refuse(word: str) -> Never:
    raise ValueError(f"{word} is no JSON")


def _told(response: httpx.Response) -> str:
    """What the system says of an error: the beginning of its words."""
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
    """A body, unpacked. Here and not by httpx, which unpacks all that came at once, however large it becomes."""
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing in ("", "identity"):
        yield from response.iter_raw()
        return
    if packing not in ("gzip", "x-gzip"):
        raise FinalError(
            f"an answer packed as '{printable(packing)}', which was not asked for", "correct the system or its proxy"
        )
    unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        for packed in response.iter_raw():
            while packed:
                yield unpacking.decompress(packed, _PIECE)
                packed = unpacking.unconsumed_tail
        yield unpacking.flush()
    except zlib.error:
        raise PassingError("an answer that cannot be unpacked") from None
    if not unpacking.eof:
        raise PassingError("an answer that was cut off")
