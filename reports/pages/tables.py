"""Tables: sortable by the values, readable by people, with a CSV of the same rows.

Here: their drawing. Not here: rows (the macros), CSV itself (``queries``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from reports.pages import queries
from reports.pages.context import Context, Row
from reports.pages.formats import Formats
from reports.pages.measures import MEASURES, Measure
from reports.pages.queries import Query

ROW_HEIGHT = 35
MOST_ROWS_HIGH = 15


def draw(
    context: Context,
    key: str,
    title: str,
    table: str,
    rows: Sequence[Row],
    texts_of: Mapping[str, Callable[[Row], str]],
    columns: Sequence[str],
    query: Query,
    meanings: Mapping[str, str] | None = None,
) -> None:
    """Rows of a report: text columns first, then figures, shown formatted and sorted by value.

    ``texts_of`` gives the text of a column from a row. The help of a heading is
    in ``meanings``, or else the definition of the column of ``table``. ``query`` is what the CSV holds.
    """
    texts, formats, meanings = context.texts, context.formats, meanings or {}
    data: dict[str, Any] = {column: [text(row) for row in rows] for column, text in texts_of.items()}
    for column in columns:
        data[column] = pd.array([row[column] for row in rows], dtype="Float64")
    frame = pd.DataFrame(data)
    shown = frame.style.format({column: _formatter(MEASURES[column], formats) for column in columns})
    config: dict[str, Any] = {
        column: st.column_config.TextColumn(
            texts(f"column.{column}"),
            help=meanings.get(column) or context.definition(table, column) or None,
            pinned=number == 0,
        )
        for number, column in enumerate(texts_of)
    }
    for column in columns:
        config[column] = st.column_config.NumberColumn(
            texts(f"column.{column}"), help=meanings.get(column) or context.definition(table, column)
        )
    st.dataframe(
        shown,
        key=f"table-{key}",
        hide_index=True,
        column_config=config,
        height=ROW_HEIGHT * (min(len(rows), MOST_ROWS_HIGH) + 1) + 3,
        placeholder="–",
        alt=texts("table.alt", table=title),
    )
    csv_button(context, key, title, query)


def csv_button(context: Context, key: str, title: str, query: Query) -> None:
    """Downloads the rows of a query; they are read when it is clicked, from the release of this run."""
    texts, release = context.texts, context.release
    cursor = release.lease.cursor()

    def data() -> bytes:
        return queries.as_csv(cursor, query)

    name = f"{context.account.account_id}-{key}-{context.first}-{context.last}.csv"
    st.download_button(
        texts("table.csv.label", table=title),
        data,
        file_name="".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in name),
        mime="text/csv",
        key=f"csv-{key}",
        icon=":material/download:",
        on_click="ignore",
        type="tertiary",
        help=texts("table.csv.help"),
    )


def _formatter(measure: Measure, formats: Formats) -> Callable[[Any], str]:
    return lambda value: measure.text(None if pd.isna(value) else float(value), formats)
