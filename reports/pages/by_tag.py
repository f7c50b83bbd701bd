"""Not yet."""

from __future__ import annotations

from reports.pages.context import Context


def draw(context: Context) -> None:
    """Nothing yet."""
