"""Addresses of a live system: where a token may go, and how addresses and answers are shown without secrets.

Here: texts and addresses only. Not here: sending anything (``client``), and the content of answers (``responses``).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

_SHORTEST_SECRET = 4
_LONGEST_SHOWN = 500
_WHOLE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://|//")
_SECRET_NAME = re.compile(r"token|key|secret|sign|passw|auth|code|session", re.IGNORECASE)
_HARMLESS_VALUE = re.compile(r"-?[0-9]{1,20}|[a-z_]{1,20}")


class AddressError(Exception):
    """An address is not valid, or must not be used. The message says why, and repeats what was given: hide secrets."""


class Secrets:
    """The values of headers, in all spellings, which no message may show."""

    def __init__(self, values: Iterable[str]) -> None:
        """Keep the values and their words. The first of several is a scheme, as in ``Token <key>``, and not secret."""
        words = {word for value in values for word in (value, *(value.split()[1:] or value.split()))}
        spellings = {
            spelling
            for word in words
            for spelling in (word, json.dumps(word)[1:-1], word.replace("/", r"\/"), quote(word, safe=""), quote(word))
            if len(word) >= _SHORTEST_SECRET
        }
        self._spellings = sorted(spellings, key=len, reverse=True)

    def hidden(self, text: str) -> str:
        """The text without them."""
        for spelling in self._spellings:
            text = text.replace(spelling, "***")
        return text


def base_of(base_url: str) -> httpx.URL:
    """The address that a system answers at.

    Raises:
        AddressError: no request can be sent there.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise AddressError(
            "the base_url is not a valid address; write it as 'https://chat.example/api', without a user, a"
            " password or a query"
        )
    return url


def below(base: httpx.URL, path_or_url: str) -> httpx.URL:
    """The address of a path below the base URL; or the whole address that is given, where the base URL is.

    Raises:
        AddressError: it is not an address, or one of another host: the token would go there.
    """
    try:
        if not _WHOLE.match(path_or_url):
            path = path_or_url.lstrip("/")
            return httpx.URL(f"{str(base).rstrip('/')}/{path}") if path else base
        url = httpx.URL(path_or_url)
    except httpx.InvalidURL as error:
        raise AddressError(f"{path_or_url!r} is not an address: {error}") from None
    # a system behind a proxy may believe that it is at http and at the usual port
    if url.host != base.host or url.port not in (None, base.port, 80, 443):
        raise AddressError(
            f"the system points to another host, '{url.netloc.decode()}', where the token must not go; configure the"
            f" system's own address as '{base.netloc.decode()}', or correct the base_url"
        )
    return url.copy_with(scheme=base.scheme, host=base.host, port=base.port, userinfo=b"", fragment=None)


def redirected(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads.

    Raises:
        AddressError: it is not an address, or not of the same host and port; these may change only from http to https.
    """
    try:
        target = url.join(location)
    except httpx.InvalidURL:
        raise AddressError("is redirected to something that is not an address") from None
    is_same = (target.scheme, target.host, _port(target)) == (url.scheme, url.host, _port(url))
    is_upgrade = (url.scheme, target.scheme) == ("http", "https") and target.host == url.host
    if not (is_same or is_upgrade):
        raise AddressError(
            f"is redirected to {target.scheme}://{target.netloc.decode()}, where the token must not go: it is another"
            " host, port or scheme"
        )
    return target.copy_with(userinfo=b"")


def is_loopback(url: httpx.URL) -> bool:
    """Whether an address is on this machine."""
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return url.host == "localhost"


def shown(url: httpx.URL) -> str:
    """An address as it can be shown: of its query only values that are surely neither secret nor personal."""
    parts = urlsplit(str(url))
    query = "&".join(
        f"{name}={value if _HARMLESS_VALUE.fullmatch(value) and not _SECRET_NAME.search(name) else '...'}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return printable(parts._replace(query=query, fragment="").geturl())


def printable(text: str) -> str:
    """The text on one line, without what moves a terminal's cursor."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def cut(text: str, most: int = _LONGEST_SHOWN) -> str:
    """The beginning of a text. Hide secrets before: half a secret would not be found."""
    return text if len(text) <= most else f"{text[:most]}..."


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
