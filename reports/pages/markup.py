"""Text from the release or an address inside Markdown: shown as it is.

Here: escaping. Not here: any text.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$:&.-])")
_TRANSFORMED = re.compile(r"https?://|www|@|:[\w+-]+:|:material/|<-|->|--|[<>~]=", re.IGNORECASE)
"""Streamlit makes links, icons and other characters of these when Markdown is parsed already, whatever is escaped."""


def escaped(text: str) -> str:
    """Names, tags and comments as they are: none of their characters is Markdown, and none of their words a link."""
    if _TRANSFORMED.search(text):
        return code(text)
    return _SPECIAL.sub(r"\\\1", " ".join(text.splitlines()))


def code(text: str) -> str:
    """Text in the letters of code, in which nothing is Markdown: fenced by more backticks than it has in a row."""
    text = " ".join(text.splitlines())
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if text.startswith("`") or text.endswith("`") else f"{fence}{text}{fence}"


def rows_of(text: str) -> str:
    """A paragraph of Markdown that keeps its lines."""
    return "  \n".join(text.splitlines())
