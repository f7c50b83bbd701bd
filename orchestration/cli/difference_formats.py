"""The differences of two releases as text on a terminal, CSV or JSON.

Here: the three formats. Not here: what differs (``releases.differences``). The terminal shows readable units; CSV and
JSON hold the values as they are in the releases.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from typing import IO, Any

from rich.table import Table

from expectations.marts import MARTS
from orchestration.cli.tables import NOTHING, count, duration, figures, is_duration, readable
from orchestration.cli.terminal import Terminal
from orchestration.releases.differences import ADDED, CHANGED, Change, Comparison, MartDifference, Side


@dataclass(frozen=True)
class Query:
    """What to show: the figures of overview at a grain, or the rows of a mart, of one grain or of all."""

    mart: str | None
    grain: str | None
    limit: int | None


class Result:
    """The changes of a query, up to its limit. After the last one, ``left_off`` says how many there are beyond it."""

    def __init__(self, comparison: Comparison, query: Query, *, in_full: bool) -> None:
        self.mart = query.mart or "overview"
        self.left_off = 0
        self._comparison, self._limit = comparison, query.limit
        self._grain, self._in_full = query.grain, in_full

    def __iter__(self) -> Iterator[Change]:
        shown = 0
        grain, in_full = self._grain, self._in_full
        for change in self._comparison.changes(self.mart, grain=grain, limit=self._limit, in_full=in_full):
            shown += 1
            yield change
        if shown == self._limit:
            self.left_off = self._comparison.count_changes(self.mart, grain=grain, in_full=in_full) - shown

    @property
    def more(self) -> str:
        """The line about what is left off, if anything."""
        return f"… and {self.left_off:,} more; --limit 0 shows all" if self.left_off else ""


def write_json(comparison: Comparison, query: Query, out: IO[str]) -> None:
    """One document. There may be millions of changes: they are written as they come, one a line."""
    result = Result(comparison, query, in_full=query.mart is None)
    document = {
        "before": asdict(comparison.before),
        "after": asdict(comparison.after),
        "marts": [asdict(mart) for mart in comparison.marts()],
        "mart": result.mart,
        "grain": query.grain,
    }
    name = "changes" if query.mart else "figures"
    out.write(_json(document)[:-1] + f', "{name}": [')
    columns = _columns(query)
    for number, change in enumerate(result):
        record = dict(zip(columns, _record(change, query), strict=True))
        out.write(("," if number else "") + "\n" + _json(record))
    out.write(f'\n], "left_off": {result.left_off}}}\n')


def write_csv(comparison: Comparison, query: Query, out: IO[str]) -> None:
    """One table on ``out``; notes go to standard error."""
    result = Result(comparison, query, in_full=query.mart is None)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_columns(query))
    for change in result:
        writer.writerow([_csv_value(value) for value in _record(change, query)])
    notes = [*_notes(comparison.before, comparison.after, comparison.marts()), result.more]
    print(*filter(None, notes), sep="\n", end="\n" if any(notes) else "", file=sys.stderr)


def _columns(query: Query) -> list[str]:
    if query.mart:
        return [*MARTS[query.mart], "difference", "column", "before", "after"]
    return [*MARTS["overview"], "difference", "figure", "before", "after", "change"]


def _record(change: Change, query: Query) -> list[Any]:
    record = [*change.key, change.difference, change.column, change.before, change.after]
    return record if query.mart else [*record, change.change]


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _csv_value(value: Any) -> Any:
    return _json(value) if isinstance(value, bool | list | dict) else value


def _tzdata(side: Side) -> str:
    return f"tzdata {side.tzdata_version}" if side.tzdata_version else "an unknown version of tzdata"


def _notes(before: Side, after: Side, marts: Iterable[MartDifference]) -> list[str]:
    """What else differs, in words."""
    notes = []
    if before.software_version != after.software_version:
        notes.append(f"made by versions {before.software_version} and {after.software_version} of the software")
    if before.tzdata_version != after.tzdata_version:
        notes.append(f"local times by {_tzdata(before)} before, by {_tzdata(after)} after")
    for mart in marts:
        if mart.only_in is not None:
            notes.append(f"{mart.mart}: only {mart.only_in} has it")
        for side, columns in ((before, mart.columns_only_before), (after, mart.columns_only_after)):
            if columns:
                notes.append(f"{mart.mart}: only {side.release_id} has {', '.join(columns)}; not compared")
    return notes


def write_table(comparison: Comparison, query: Query, out: IO[str]) -> None:
    """What a person reads: the marts, then the figures by period or the changes of one mart."""
    console = Terminal(out)
    before, after, marts = comparison.before, comparison.after, comparison.marts()
    for name, side in (("before", before), ("after ", after)):
        through = f"{side.data_through[:19]} UTC" if side.data_through else "unknown"
        console.say(f"{name}  ", (side.release_id, "bold"), f"  data through {through}")
    _show_marts(marts, console)
    notes = _notes(before, after, marts)
    for note in notes:
        console.say((note, "yellow"))
    if not any(mart.differs for mart in marts):
        has_other_columns = any(mart.columns_only_before or mart.columns_only_after for mart in marts)
        console.print("No differences in the columns that both have." if has_other_columns else "No differences.")
        return
    result = Result(comparison, query, in_full=False)
    if query.mart:
        _show_changes(result, console)
    else:
        _show_figures(result, console)
    if result.more:
        console.print(result.more)


def _show_marts(marts: Sequence[MartDifference], console: Terminal) -> None:
    table = figures("", "rows before", "rows after", "added", "removed", "changed")
    for mart in marts:
        counts = (mart.rows_before, mart.rows_after, mart.added, mart.removed, mart.changed)
        table.add_row(mart.mart, *map(count, counts))
    console.print(table)


def _show_figures(result: Result, console: Terminal) -> None:
    found = False
    for key, changes in groupby(result, key=lambda change: change.key):
        found = True
        account, grain, start = key
        title = f"{account}: {_period(grain, start)}"
        first = next(changes)
        if first.difference != CHANGED:
            console.print()
            console.say((title, "bold"), f" is {'new' if first.difference == ADDED else 'gone'}")
            continue
        table = figures(title, "before", "after", "change")
        for change in (first, *changes):
            before, after = (_readable(change.column, value) for value in (change.before, change.after))
            table.add_row(change.column, before, after, _change(change))
        console.print(table)
    if not found:
        console.print("No figure differs at this grain.")


def _show_changes(result: Result, console: Terminal) -> None:
    table = Table(title=f"\n{result.mart}", title_justify="left", title_style="bold")
    for name in (*MARTS[result.mart], "column", "before", "after"):
        table.add_column(name, overflow="fold")
    for key, changes in groupby(result, key=lambda change: change.key):
        row = [NOTHING if part is None else str(part) for part in key]
        for change in changes:
            what = change.column if change.column is not None else f"(row {change.difference})"
            values = _distinct(change) if change.column is not None else ("", "")
            table.add_row(*row, what, *values)
            row = [""] * len(row)
    console.print(table if table.row_count else "No row differs at this grain.")


def _period(grain: str, start: date) -> str:
    return {"day": f"{start:%-d %B %Y}", "week": f"the week of {start:%-d %B %Y}"}.get(grain, f"{start:%B %Y}")


def _distinct(change: Change) -> tuple[str, str]:
    """Both values in readable units; exactly, where they would read alike."""
    before, after = (_readable(change.column, value) for value in (change.before, change.after))
    if before != after:
        return before, after
    unit = " s" if is_duration(change.column or "") else ""
    return f"{change.before}{unit}", f"{change.after}{unit}"


def _readable(column: str | None, value: Any) -> str:
    return "(none)" if value == [] else readable(column or "", value)


def _change(change: Change) -> str:
    """By how much and by what share: 1 h 02 min (+3.1 %); as exactly as is needed to see it."""
    value = change.change
    if value is None:
        return ""
    if is_duration(change.column or ""):
        text = f"{value:+.2g} s" if abs(value) < 1 else ("+" if value > 0 else "") + duration(value)
    elif isinstance(value, int):
        text = f"{value:+,}"
    else:
        text = f"{value:+,.2f}" if abs(value) >= 0.01 else f"{value:+.2g}"
    if (change.column or "").endswith("_percent"):
        return f"{text} pts"
    return f"{text} ({value / abs(change.before):+.1%})" if change.before else text
