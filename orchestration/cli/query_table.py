"""The answer to a query as a table: all of it for a pipe or a file, as much as fits for a terminal.

Here: its columns, and what is not shown. Not here: the values as text (``reports.downloads``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from typing import IO

from rich.cells import cell_len, set_cell_size

from ingestion.shown import visible
from orchestration.cli.report_table import GAP, ROWS, WIDEST
from orchestration.cli.terminal import Terminal, lines
from reports.downloads import NUMBER, ROWS_AT_ONCE, Answer, texts

_PLAN = ["explain_key", "explain_value"]


def write_table(rows: Answer, out: IO[str]) -> None:
    """A line with the names of the columns, and one for each row. NULL is ``NULL``, control characters are escaped.

    Columns are as wide as the first rows need, so that any number of rows takes no memory. A plan is shown as it is.
    """
    columns, answers = rows.columns(), texts(rows)
    if list(columns) == _PLAN:
        out.writelines(lines(text or "") for _, text in answers)
        return
    is_terminal = out.isatty()
    console = Terminal(out)
    cells = (["NULL" if text is None else visible(text) for text in row] for row in answers)
    first = list(islice(cells, ROWS if is_terminal else ROWS_AT_ONCE))
    names = [visible(name) for name in columns]
    widths = [max(map(cell_len, column)) for column in zip(names, *first, strict=True)]
    if is_terminal:
        widths = _fitting(widths, console.width)
    numbers = map(NUMBER.fullmatch, columns.values())
    signed = [-width if is_number else width for width, is_number in zip(widths, numbers, strict=False)]
    console.say((_line(names, signed, is_cut=is_terminal), "bold"))
    for row in first if is_terminal else chain(first, cells):
        out.write(_line(row, signed, is_cut=is_terminal) + "\n")
    if is_terminal:
        total = rows.count() if len(first) == ROWS else len(first)
        hidden = [f"{total - len(first):,} of them"] if total > len(first) else []
        hidden += [f"{len(names) - len(widths)} of {len(names)} columns"] if len(names) > len(widths) else []
        more = f"; {' and '.join(hidden)} are not shown, for everything: --out FILE.csv, .json or .parquet"
        console.say((f"{total:,} row{'' if total == 1 else 's'}{more if hidden else ''}", "dim"))


def _fitting(widths: Sequence[int], width: int) -> list[int]:
    """The widths of the first columns that have room beside each other, at least one; wide ones are cut if need be."""
    shown: list[int] = []
    has_room = sum(widths) + GAP * (len(widths) - 1) <= width
    for wanted in widths:
        shown.append(min(wanted, width if has_room or len(widths) == 1 else WIDEST))
        if sum(shown) + GAP * (len(shown) - 1) > width and len(shown) > 1:
            return shown[:-1]
    return shown


def _line(cells: Sequence[str], widths: Sequence[int], *, is_cut: bool) -> str:
    """Cells beside each other; those of a negative width stand on the right. A wider one is cut, or moves the rest."""
    found = []
    for cell, width in zip(cells, widths, strict=False):
        room = abs(width) - cell_len(cell)
        if room < 0 and is_cut:
            cell = f"{set_cell_size(cell, abs(width) - 1)}…"
        found.append(" " * room + cell if width < 0 else cell + " " * room)
    return (" " * GAP).join(found).rstrip()
