"""Data Docs of one build: what was expected in our sentences, what was found, and the rows that were looked at.

Here: one page, which needs nothing else: neither a network nor another file. Not here: evaluation (``verdict``). Great
Expectations' own Data Docs fetch styles and scripts from six other hosts, and show neither our sentences nor the names
of sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

PAGE = "index.html"
_MOST_ROWS = 200
"""Rows of a frame that are shown; those that failed come first."""
_TEMPLATE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Data Docs of build {{ build }}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; margin: .5rem 0 1rem; display: block; overflow-x: auto; }
  th, td { text-align: left; padding: .2rem .7rem; border-bottom: 1px solid #8884; vertical-align: top; }
  .failed { background: #e5484d33; } .warning { background: #f5a52433; }
  summary { cursor: pointer; }
</style>
<h1>Data Docs</h1>
<p>Build {{ build }}: <b>{{ "it passed" if holds else "it was refused" }}</b>.
{{ met }} of {{ evaluated }} expectations are met.</p>
{% for suite in suites %}
<h2 id="{{ suite.name }}">{{ suite.name }}</h2>
{% if suite.about %}<p>{{ suite.about }}</p>{% endif %}
<table>
<tr><th>expected</th><th>outcome</th><th>found</th></tr>
{% for one in suite.expected %}
<tr class="{{ one.outcome }}"><td>{{ one.sentence }}</td><td>{{ one.outcome }}</td><td>{{ one.found }}</td></tr>
{% endfor %}
</table>
{% if suite.rows %}
<details{% if suite.failed %} open{% endif %}><summary>What was looked at: {{ suite.count }} rows{% if
suite.count > suite.rows | length %}, of which {{ suite.rows | length }} are shown{% endif %}</summary>
<table>
<tr>{% for column in suite.columns %}<th>{{ column }}</th>{% endfor %}</tr>
{% for failed, row in suite.rows %}
<tr{% if failed %} class="failed"{% endif %}>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}
</table>
</details>
{% endif %}
{% endfor %}
</html>
"""


@dataclass(frozen=True)
class Expected:
    """One expectation. ``outcome``: ``met``, ``warning`` or ``failed``. ``places``: rows of the frame that failed."""

    sentence: str
    outcome: str
    found: str = ""
    places: Sequence[int] = ()


@dataclass(frozen=True)
class Suite:
    """A suite, what it is about, and the frame that it looked at, if there is one."""

    name: str
    about: str
    expected: Sequence[Expected]
    frame: pandas.DataFrame | None = None

    def shown(self) -> dict[str, Any]:
        """What the page shows of it."""
        failed = {place for one in self.expected for place in one.places}
        there = range(0 if self.frame is None else len(self.frame))
        first = sorted(there, key=lambda place: place not in failed)[:_MOST_ROWS]
        return {
            "name": self.name,
            "about": self.about,
            "expected": self.expected,
            "failed": failed,
            "count": len(there),
            "columns": [] if self.frame is None else list(self.frame.columns),
            "rows": [] if self.frame is None else [(place in failed, self._row(place)) for place in first],
        }

    def _row(self, place: int) -> list[str]:
        assert self.frame is not None
        return [shown(value) for value in self.frame.iloc[place]]


def shown(value: Any, digits: int = 6) -> str:
    """A value of a frame, in which also counts may be floats: so many digits, and all that a large number has."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"


def write(folder: Path, build: str, suites: Sequence[Suite], *, holds: bool) -> None:
    """Write the page into a folder."""
    from jinja2 import Environment

    every = [one for suite in suites for one in suite.expected]
    page = Environment(autoescape=True, trim_blocks=True).from_string(_TEMPLATE)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(
        page.render(
            build=build,
            holds=holds,
            met=sum(one.outcome == "met" for one in every),
            evaluated=len(every),
            suites=[suite.shown() for suite in suites],
        ),
        encoding="utf-8",
    )
