"""Views of one grain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def views_of(tables: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Stand-in until the figures' part is merged."""
    return {
        f"{mart}_{grain}": f"select {', '.join(c for c in columns if c != 'grain')} from {mart} where grain = '{grain}'"
        for mart, columns in tables.items()
        if "grain" in columns
        for grain in ("day", "week", "month")
    }
