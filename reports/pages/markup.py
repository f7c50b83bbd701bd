"""Text from the release or an address inside Markdown: shown as it is.

Here: escaping. Not here: any text.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$:&.-])")
_TRANSFORMED = re.compile(r"https?://|www|@|:[\w+-]+:|:material/|<-|->|--|[<>~]=", re.IGNORECASE)
"""What Streamlit turns into links, icons and other characters after it has parsed Markdown, escaped or not."""


def escaped(text: str) -> str:
    """A name, tag or comment in Markdown, shown as it is: no character acts as mark-up, no word becomes a link."""
    if _TRANSFORMED.search(text):
        return code(text)
    return _SPECIAL.sub(r"\\\1", " ".join(text.splitlines()))


def code(text: str) -> str:
    """Text as code, in which nothing is Markdown: fenced by more backticks than it has in a row."""
    text = " ".join(text.splitlines())
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if text.startswith("`") or text.endswith("`") else f"{fence}{text}{fence}"


def rows_of(text: str) -> str:
    """A paragraph of Markdown that keeps its lines."""
    return "  \n".join(text.splitlines())
