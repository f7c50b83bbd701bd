"""Templates: how they are found and filled in.

Here: Jinja's environment, in which all text is escaped. Not here: what they show (``routes``).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.pages.address import CLOCKS, CUSTOM, EVERY_ACCOUNT, NAMES, NARROWING, STATISTICS
from reports.pages.measures import MEASURES
from reports.pages.presets import PRESETS
from reports.pages.texts import LANGUAGES
from reports.queries import LISTS, NO_FILTER, WORDS

STATIC = Path(__file__).with_name("static")


_SHOWN = sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".html", ".css", ".js"))
VERSION = hashlib.sha256(b"\0".join(path.read_bytes() for path in _SHOWN)).hexdigest()[:12]
"""Changes with any file of the pages: browsers keep static files under addresses with it."""

_ENVIRONMENT = Environment(
    loader=PackageLoader("reports.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_ENVIRONMENT.globals |= {
    "VERSION": VERSION,
    "MEASURES": MEASURES,
    "PERIODS": (*PRESETS, CUSTOM),
    "STATISTICS": STATISTICS,
    "CLOCKS": CLOCKS,
    "EVERY_ACCOUNT": EVERY_ACCOUNT,
    "NAMES": NAMES,
    "NARROWING": NARROWING,
    "LISTS": LISTS,
    "WORDS": WORDS,
    "NO_FILTER": NO_FILTER,
    "LANGUAGES": LANGUAGES,
}


def _marked(text: str) -> Markup:
    """Text of our own, with what stands between backticks as code."""
    parts = str(escape(text)).split("`")
    return Markup("".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts)))


_ENVIRONMENT.filters["marked"] = _marked


def render(template: str, /, **shown: Any) -> str:
    """The text of a template."""
    return str(_ENVIRONMENT.get_template(template).render(**shown))
