"""Templates: how they are found and filled in.

Here: Jinja's environment, in which all text is escaped. Not here: what they show (``routes``).
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.pages.address import CLOCKS, CUSTOM, EVERY_ACCOUNT, NAMES, STATISTICS
from reports.pages.charts import Chart
from reports.pages.formats import NOTHING
from reports.pages.measures import MEASURES
from reports.pages.presets import PRESETS
from reports.pages.texts import LANGUAGES, en
from reports.queries import LISTS, WORDS

STATIC = Path(__file__).with_name("static")


@cache
def _version() -> str:
    """Changes with any file of the pages."""
    folder = Path(__file__).parent
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.suffix in (".py", ".html", ".css", ".js")
    )
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]


VERSION = _version()
"""Of the pages: browsers keep static files under addresses with it."""

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
    "LISTS": LISTS,
    "WORDS": WORDS,
    "LANGUAGES": tuple(LANGUAGES),
}


def _chart_alt(reading: Any, title: str, chart: Chart) -> str:
    """What a chart shows, in words."""
    texts, valued = (
        reading.texts,
        [
            (value, text)
            for value, text in zip(chart.series[0].values, chart.series[0].texts, strict=True)
            if value is not None
        ],
    )
    found: str = texts(
        "chart.alt",
        measure=title,
        days=reading.formats.days(reading.first, reading.last),
        highest=max(valued, default=(0, NOTHING))[1],
        lowest=min(valued, default=(0, NOTHING))[1],
    )
    return found


def _warnings(release: Any) -> list[tuple[str, str]]:
    """What the audit found, once each: the key of its text, and the suite that found it."""
    found = {}
    for warning in release.warnings:
        measured = re.search(r"\((\w+) must", warning)
        key = f"warning.{measured[1]}" if measured else ""
        found[key if key in en.TEXTS else "warning.other"] = warning.split(":")[0]
    return list(found.items())


def _marked(text: str) -> Markup:
    """Text of our own, with what stands between backticks as code."""
    parts = str(escape(text)).split("`")
    return Markup("".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts)))


_ENVIRONMENT.filters["marked"] = _marked
_ENVIRONMENT.globals |= {"chart_alt": _chart_alt, "release_warnings": _warnings}


def render(template: str, /, **shown: Any) -> str:
    """The text of a template."""
    return str(_ENVIRONMENT.get_template(template).render(**shown))
