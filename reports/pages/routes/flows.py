"""Flows: what became of their runs: cards, a ranking of flows, the largest few over time, a table of all.

Here: which figures stand where. Not here: rankings, lines and tables (``groups``). Details know no flow, so
no figure leads there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.pages.charts import Row
from reports.pages.routes import groups
from reports.pages.routes.groups import Figures, Group
from reports.pages.routes.headlines import headline
from reports.pages.routes.page import Notice, Page, Reading
from reports.pages.texts import Texts

REPORT = "by-flow"
STATES = ("completed", "expired", "ongoing", "cancelled", "failed", "other")
CARDS = ("runs", "completed_percent", "expired", "ongoing")
"""What adds up over flows: a contact or a conversation may be in several."""


def _flow(row: Row, texts: Texts) -> str:
    return str(row["flow_name"] or texts("table.unnamed", id=row["flow_id"]))


GROUP = Group("flow_name", ("source_system", "flow_id"), _flow, lambda row, _: None)
FIGURES = Figures(
    ("runs", "completed_percent", "contacts", *STATES),
    ("runs", "contacts", "completed_percent", *STATES, "conversations"),
    "runs",
    "-runs",
)


def shown(reading: Reading) -> dict[str, Any]:
    """What the template shows."""
    rows = reading.rows_apart(REPORT, "period")
    if not rows:
        raise Notice("flows.none")
    for row in rows:
        row["ended"] = row["runs"] - row["ongoing"]
    groups.named(rows, GROUP, reading.texts)
    then = reading.days_before and _added(reading.rows_apart(REPORT, "period", **reading.days_before))
    cards = [headline(reading, column, _added(rows), then, "by_flow") for column in CARDS]
    found = groups.shown(reading, REPORT, GROUP, FIGURES, rows, reading.rows_apart(REPORT))
    return found | {"headlines": cards}


def _added(rows: Sequence[Row]) -> Row:
    """All flows together."""
    added = {column: sum(row[column] for row in rows) for column in ("runs", *STATES)}
    ended = added["runs"] - added["ongoing"]
    return added | {"ended": ended, "completed_percent": 100 * added["completed"] / ended if ended else None}


PAGE = Page("groups.html", shown, groups.SORTED, has_times=False, is_list=True)
