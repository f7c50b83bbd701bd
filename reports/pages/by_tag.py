"""By tag: what the conversations of each tag were like.

Here: how tags are named. Not here: the chart and the table (``groups``).
"""

from __future__ import annotations

import streamlit as st

from reports.pages import groups
from reports.pages.context import Context, Row

UNTAGGED = "(untagged)"
"""As the release names conversations without a tag."""


def draw(context: Context) -> None:
    """The whole page."""
    texts = context.texts

    def name(row: Row) -> str:
        return texts("table.untagged") if row["tag"] == UNTAGGED else str(row["tag"])

    groups.draw(context, "by-tag", context.rows("by-tag", "period"), name, {"tag": name})
    st.caption(texts("table.overlap"))
