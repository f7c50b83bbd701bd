"""A report on a terminal: as many rows and columns as fit, in readable units.

Here: which columns a person wants first. Not here: the rows (``reports.downloads``), and
files with all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from rich.cells import cell_len
from rich.table import Table

from expectations.marts import COLUMNS
from ingestion.shown import visible
from orchestration.cli.tables import NOTHING, readable
from orchestration.cli.terminal import Terminal
from reports import published
from reports.downloads import Result
from reports.request import in_words

ROWS = 50
WIDEST, GAP = 30, 2
"""Widest column, and the gap between two."""

_MEASURES = (
    *("conversations", "distinct_contacts", "messages", "conversations_answered", "conversations_closed"),
    *("median_first_response_seconds", "avg_reply_seconds", "median_duration_seconds", "csat_percent", "ratings"),
    *("conversations_unanswered", "median_first_response_business_seconds", "p90_first_response_seconds", "reopens"),
)
_WANTED = {
    "by-agent": ("period_start", "agent_name", "source_system", "messages_outbound", "replies", *_MEASURES),
    "backlog": (
        *("local_date", "hour_start", "team", "open", "waiting_for_us", "median_waiting_seconds", "opened", "reopened"),
        *("closed", "waiting_for_customer", "unanswered", "median_open_seconds", "source_system", "waiting_over_7d"),
    ),
    "by-flow": (
        *("period_start", "flow_name", "flow_id", "source_system", "runs", "completed_percent", "contacts"),
        *("conversations", "completed", "expired", "ongoing", "cancelled", "failed", "other"),
    ),
    "backlog-details": (
        *("local_date", "hour_start", "conversation_id", "team", "state", "waiting_seconds", "open_seconds"),
        *("is_unanswered", "waiting_since", "opened_at", "source_system"),
    ),
    "compare": ("compared", "period_start", "period_end", *_MEASURES),
    "traffic": ("weekday", "hour", "conversations", "messages", "messages_inbound", "messages_outbound"),
    "details": (
        *("started_at", "conversation_id", "contact_name", "agent_name", "status", "source", "first_response_seconds"),
        *("duration_seconds", "messages", "rating", "conversation_tags", "channel", "team", "source_system"),
    ),
}
"""The columns of a report by importance: a terminal shows the first ones. Other reports show what they have beside the
overview, then the measures."""


def write_table(result: Result, out: IO[str]) -> None:
    """What a person reads, and how to get what is not shown."""
    console = Terminal(out)
    known = list(result.columns())
    own = [name for name in known if name not in COLUMNS["overview"]]
    wanted = [name for name in _WANTED.get(result.report.name, ("period_start", *own, *_MEASURES)) if name in known]
    if len(result.filters) > 1:
        wanted.insert(0, "account_id")
    rows = list(result.rows(ROWS))
    about = published.about(result.connection)
    through = f"{about['data_through']:%Y-%m-%d %H:%M} UTC" if about["data_through"] else "unknown"
    console.say((str(about["release_id"]), "bold"), f"  data through {through}")
    for name, text in in_words(result.report, result.filters):
        if text != "all" and name != "report":
            console.say((name, "dim"), f" {text}")
    if not rows:
        console.print("No rows.")
        return
    complete = known.index("is_complete") if "is_complete" in known else None
    cells = {name: [visible(readable(name, row[known.index(name)])) for row in rows] for name in wanted}
    if "agent_name" in cells:  # an agent without a name is shown by its id
        ids = [row[known.index("agent_id")] for row in rows]
        cells["agent_name"] = [
            name if name != NOTHING or id_ is None else visible(id_)
            for name, id_ in zip(cells["agent_name"], ids, strict=True)
        ]
    if complete is not None and "period_start" in cells:
        cells["period_start"] = [
            text + ("" if row[complete] else " *") for text, row in zip(cells["period_start"], rows, strict=True)
        ]
    shown = _fitting(cells, console.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in shown:
        is_number = isinstance(
            next((row[known.index(name)] for row in rows if row[known.index(name)]), None), int | float
        )
        table.add_column(_heading(name), justify="right" if is_number else "left", min_width=_width(name, cells[name]))
    for line in zip(*(cells[name] for name in shown), strict=True):
        table.add_row(*line)
    console.print(table)
    if complete is not None and not all(row[complete] for row in rows):
        console.print("* the data does not cover the whole period", style="dim")
    total = result.count() if len(rows) == ROWS else len(rows)
    more = [f"{total - len(rows):,} more rows"] if total > len(rows) else []
    more.append(f"{len(known) - len(shown)} of {len(known)} columns are not shown")
    console.say((f"{' and '.join(more)}; for everything: --out FILE.csv, .json, .parquet or .xlsx", "dim"))


def _fitting(cells: dict[str, list[str]], width: int) -> list[str]:
    """The first columns that have room beside each other; at least two."""
    shown: list[str] = []
    for name, texts in cells.items():
        width -= GAP + _width(name, texts)
        if width < 0 and len(shown) >= 2:
            break
        shown.append(name)
    return shown


def _width(name: str, texts: Sequence[str]) -> int:
    return min(WIDEST, max(cell_len(text) for text in (*texts, *_heading(name).split())))


def _heading(name: str) -> str:
    return name.removesuffix("_seconds").replace("_", " ")
