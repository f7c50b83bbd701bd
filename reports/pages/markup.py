"""Text from the release inside Markdown: shown as it is.

Here: escaping. Not here: any text.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$:-])")


def escaped(text: str) -> str:
    """Names, tags and comments as they are: none of their characters is Markdown, a directive or a formula."""
    return _SPECIAL.sub(r"\\\1", text).replace("\n", " ")


def rows_of(text: str) -> str:
    """A paragraph of Markdown that keeps its lines."""
    return "  \n".join(text.splitlines())
