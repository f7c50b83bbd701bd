"""What an item of the bench found, on the terminal and in `docs/benchmarks.md`.

Here: tables, limits, the machine, and the parts of the page. Not here: figures.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
PARTS = (
    "whole",
    "incremental",
    "incremental-spread",
    "batches",
    "scale",
    "startup",
    "ingest",
    "audit",
    "reports",
    "pages",
    "postgres",
    "engines",
)
_LIMITS = ("item", "what", "measured", "limit", "", "repeat with")
_LIBRARIES = ("duckdb", "dbt-core", "dagster", "great-expectations")


@dataclass(frozen=True)
class Limit:
    """A figure beside its limit. ``met``: None where the limit is not asked at this size."""

    what: str
    measured: str
    limit: str
    met: bool | None
    command: str


@dataclass
class Report:
    """One item: its name on the command line, a title, limits, and Markdown (paragraphs and tables)."""

    name: str
    title: str
    limits: list[Limit] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)


def at_most(
    what: str, value: float, limit: float, command: str, *, unit: str = "", digits: int = 2, asked: bool = True
) -> Limit:
    """A limit from above. ``asked``: whether the limit holds at this size at all."""
    measured, allowed = (f"{number:.{digits}f}{unit}" for number in (value, limit))
    return Limit(what, measured, f"≤ {allowed}", value <= limit if asked else None, command)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table that reads as text too; every column but the first to the right when it holds figures."""
    cells = [[str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(3, *(len(row[place]) for row in cells)) for place in range(len(headers))]
    right = [bool(rows) and all(_is_figure(row[place]) for row in cells[1:]) for place in range(len(headers))]
    lines = [
        "| " + " | ".join(f"{c:>{w}}" if r else f"{c:<{w}}" for c, w, r in zip(row, widths, right, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (w + 1) + (":" if r else "-") for w, r in zip(widths, right, strict=True)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _is_figure(cell: str) -> bool:
    return re.fullmatch(r"[-+]?[\d.,]+( ?[%sGMk]B?| \(\d+\))?|–|", cell) is not None


def verdict(limit: Limit) -> str:
    """Whether a limit is met, in a word."""
    return {True: "met", False: "**missed**", None: "not asked at this size"}[limit.met]


def machine() -> str:
    """The machine and the versions, in a line."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    cpu = model[1].strip() if model else platform.machine()
    return f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GB; Python {platform.python_version()}, {libraries}"


def show(report: Report) -> None:
    """Print a report."""
    print(f"\n## {report.title}\n\n" + "\n\n".join(report.blocks))
    if report.limits:
        print("\n" + table(_LIMITS[1:], [row[1:] for row in _limit_rows(report)]), flush=True)


def update(page: Path, report: Report) -> None:
    """Put a report in the place of the one before; the rest of the page stays."""
    text = page.read_text(encoding="utf-8")
    found = f"Measured on {date.today()}: {machine()}."
    content = "\n\n".join([f"## {report.title}", found, *report.blocks])
    text = _replaced(text, report.name, content)
    rows = [row for row in _rows_of(_part(text, "limits")) if row[0] != report.name] + _limit_rows(report)
    rows.sort(key=lambda row: PARTS.index(row[0]))
    page.write_text(_replaced(text, "limits", table(_LIMITS, rows)), encoding="utf-8")


def _limit_rows(report: Report) -> list[list[str]]:
    return [
        [report.name, limit.what, limit.measured, limit.limit, verdict(limit), f"`{limit.command}`"]
        for limit in report.limits
    ]


def _rows_of(markdown: str) -> list[list[str]]:
    """The rows of a table of limits."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines()[2:]]


def _part(text: str, name: str) -> str:
    match = re.search(f"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    return match[1] if match else ""


def _replaced(text: str, name: str, content: str) -> str:
    """The text with one part replaced; a part that it does not have yet comes last."""
    part = f"<!-- {name} -->\n{content.strip()}\n<!-- /{name} -->"
    pattern = re.compile(f"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
    if pattern.search(text):
        return pattern.sub(lambda _: part, text)
    return f"{text.rstrip()}\n\n{part}\n"
