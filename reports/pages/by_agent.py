"""By agent: what each agent did in the period.

Here: how agents are named, and their shares. Not here: the chart and the table (``groups``).
"""

from __future__ import annotations

from collections.abc import Callable

from reports.pages import groups
from reports.pages.context import Context, Row


def draw(context: Context) -> None:
    """The whole page."""
    texts = context.texts
    rows = context.rows("by-agent", "period")
    conversations = context.totals["conversations"]
    for row in rows:
        row["share_of_conversations"] = row["conversations"] / conversations if conversations else None

    def name(row: Row) -> str:
        if row["agent_id"] is None:
            return texts("table.unassigned")
        return str(row["agent_name"] or texts("table.unnamed", id=row["agent_email"] or row["agent_id"]))

    texts_of: dict[str, Callable[[Row], str]] = {"agent_name": name}
    if len({row["source_system"] for row in rows}) > 1:
        texts_of["source_system"] = lambda row: str(row["source_system"])
    groups.draw(
        context, "by-agent", rows, name, texts_of, {"share_of_conversations": texts("definition.share_of_agent")}
    )
