"""Pages asked for without a browser, and what a reader finds in their HTML.

Here: requests, elements by tag and class, their texts and links. Not here: what should stand on a page (tests).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it prefers a client that is not in the locks
    from starlette.testclient import TestClient

import httpx

_VOID = {"meta", "link", "input", "img", "rect", "br"}


@dataclass
class Element:
    """One element, with all the text inside it."""

    tag: str
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)
    inside: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        return re.sub("[ \\n]+", " ", "".join(self.parts)).strip()

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements in it; of a class, one of several is enough."""
        return [one for one in self.inside if one.tag == tag and one._has(attributes)]

    def one(self, tag: str, **attributes: str) -> Element:
        (found,) = self.all(tag, **attributes)
        return found

    def _has(self, attributes: dict[str, str]) -> bool:
        own = self.attributes
        return all(
            value in own.get("class", "").split() if name == "class_" else own.get(name.replace("_", "-")) == value
            for name, value in attributes.items()
        )

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]


class Html(HTMLParser):
    """A whole answer, read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        for one in self._open:
            one.inside.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while tag not in _VOID and len(self._open) > 1 and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one.parts.append(data)


@dataclass
class Page:
    """An answer, and what is found on it."""

    answer: httpx.Response
    html: Element

    @property
    def text(self) -> str:
        return self.html.one("main").text

    def headlines(self, section: str = "headlines") -> dict[str, Element]:
        """The cards of a section, by their name."""
        return {
            one.one("h3").text.removesuffix("?").split(" ?")[0].strip(): one
            for one in self.html.one("section", aria_labelledby=section).all("li", class_="headline")
        }

    @property
    def count(self) -> int:
        """How many conversations Details shows."""
        found = self.html.all("p", id="counted")
        return int(found[0]["data-count"]) if found else 0


class Pages:
    """The pages of an application."""

    def __init__(self, app: Any, **headers: str) -> None:
        self.client = TestClient(app, headers=headers)

    def get(self, address: str, **headers: str) -> httpx.Response:
        answer: httpx.Response = self.client.get(address, headers=headers)
        return answer

    def read(self, address: str, **headers: str) -> Page:
        answer = self.get(address, **headers)
        assert answer.status_code == 200, answer.text
        return Page(answer, Html(answer.text).root)


def parameters(address: str) -> dict[str, list[str]]:
    """What an address says."""
    return parse_qs(urlsplit(address).query)


Publish = Callable[..., None]
