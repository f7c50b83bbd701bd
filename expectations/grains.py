"""The grains of the marts, and the views that show one grain of a mart.

Here: which there are, and the SQL that any engine understands. Not here: who creates the views (publication, and each
other place that a release is read from).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ingestion.sql import sql_name, sql_text

GRAINS = ("day", "week", "month", "quarter")
"""What the column ``grain`` says. Each conversation is in a row of every grain."""


def views_of(
    columns: Mapping[str, Sequence[str]], schema: str = "", quoted: Callable[[str], str] = sql_name
) -> dict[str, str]:
    """The query of each view, such as ``overview_day``: one grain of a mart, without the column ``grain``.

    ``columns``: those of each mart; one without a grain has no views, and a mart of that name stands in the place of a
    view. ``schema``: what stands before a mart's name. ``quoted``: how the engine writes a name.
    """
    return {
        f"{mart}_{grain}": f"select {', '.join(quoted(name) for name in names if name != 'grain')}"
        f" from {schema}{quoted(mart)} where grain = {sql_text(grain)}"
        for mart, names in columns.items()
        if "grain" in names
        for grain in GRAINS
        if f"{mart}_{grain}" not in columns
    }


def shown_in(view: str) -> tuple[str, str]:
    """The mart that one of these views shows, and the description of the view."""
    mart, _, grain = view.rpartition("_")
    return mart, f"The rows of {mart} with the grain {grain}."
