"""The differences of two releases as text on a terminal, CSV or JSON.

Here: the three formats. Not here: what differs (``differences``). People read durations in readable units; CSV and
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
from ingestion.shown import visible
from orchestration.cli import summary
from orchestration.cli.terminal import Terminal
from orchestration.releases.differences import ADDED, CHANGED, Change, Comparison, MartDifference, Side


@dataclass(frozen=True)
class Question:
    """What to tell: the figures of overview at a grain, or the rows of a mart, of a grain or of all."""

    mart: str | None
    grain: str | None
    limit: int | None


class Answer:
    """The changes that were asked for, up to the limit; once they are through, how many are left off."""

    def __init__(self, comparison: Comparison, question: Question, *, in_full: bool) -> None:
        self.mart = question.mart or "overview"
        self.left_off = 0
        self._comparison, self._limit = comparison, question.limit
        self._grain, self._in_full = question.grain, in_full

    def __iter__(self) -> Iterator[Change]:
        told = 0
        grain, in_full = self._grain, self._in_full
        for change in self._comparison.changes(self.mart, grain=grain, limit=self._limit, in_full=in_full):
            told += 1
            yield change
        if told == self._limit:
            self.left_off = self._comparison.count_changes(self.mart, grain=grain, in_full=in_full) - told

    @property
    def more(self) -> str:
        """What a reader should know at the end, if anything."""
        return f"… and {self.left_off:,} more; --limit 0 shows all" if self.left_off else ""


def write_json(comparison: Comparison, question: Question, out: IO[str]) -> None:
    """One document. The changes, of which there may be millions, are written as they come, one a line."""
    answer = Answer(comparison, question, in_full=question.mart is None)
    document = {
        "before": asdict(comparison.before),
        "after": asdict(comparison.after),
        "marts": [asdict(mart) for mart in comparison.marts()],
        "mart": answer.mart,
        "grain": question.grain,
    }
    name = "changes" if question.mart else "figures"
    out.write(_json(document)[:-1] + f', "{name}": [')
    columns = _columns(question)
    for number, change in enumerate(answer):
        record = dict(zip(columns, _record(change, question), strict=True))
        out.write(("," if number else "") + "\n" + _json(record))
    out.write(f'\n], "left_off": {answer.left_off}}}\n')


def write_csv(comparison: Comparison, question: Question, out: IO[str]) -> None:
    """One table; what does not belong into it is told beside."""
    answer = Answer(comparison, question, in_full=question.mart is None)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_columns(question))
    for change in answer:
        writer.writerow([_csv_value(value) for value in _record(change, question)])
    notes = [*_notes(comparison.before, comparison.after, comparison.marts()), answer.more]
    print(*filter(None, notes), sep="\n", end="\n" if any(notes) else "", file=sys.stderr)


def _columns(question: Question) -> list[str]:
    if question.mart:
        return [*MARTS[question.mart], "difference", "column", "before", "after"]
    return [*MARTS["overview"], "difference", "figure", "before", "after", "change"]


def _record(change: Change, question: Question) -> list[Any]:
    record = [*change.key, change.difference, change.column, change.before, change.after]
    return record if question.mart else [*record, change.change]


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _csv_value(value: Any) -> Any:
    return _json(value) if isinstance(value, bool | list | dict) else value


def _tzdata(side: Side) -> str:
    return f"tzdata {side.tzdata_version}" if side.tzdata_version else "an unknown version of tzdata"


def _notes(before: Side, after: Side, marts: Iterable[MartDifference]) -> list[str]:
    """What else is not the same, in words."""
    notes = []
    if before.software_version != after.software_version:
        notes.append(f"made by versions {before.software_version} and {after.software_version} of the software")
    if before.tzdata_version != after.tzdata_version:
        notes.append(f"local times by {_tzdata(before)} before, by {_tzdata(after)} after")
    for mart in marts:
        for side, columns in ((before, mart.columns_only_before), (after, mart.columns_only_after)):
            if columns:
                notes.append(f"{mart.mart}: only {side.release_id} has {', '.join(columns)}; not compared")
    return notes


def write_table(comparison: Comparison, question: Question, out: IO[str]) -> None:
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
    answer = Answer(comparison, question, in_full=False)
    if question.mart:
        _show_changes(answer, console)
    else:
        _show_figures(answer, console)
    if answer.more:
        console.print(answer.more)


def _show_marts(marts: Sequence[MartDifference], console: Terminal) -> None:
    table = Table()
    table.add_column("")
    for name in ("rows before", "rows after", "added", "removed", "changed"):
        table.add_column(name, justify="right")
    for mart in marts:
        counts = (mart.rows_before, mart.rows_after, mart.added, mart.removed, mart.changed)
        table.add_row(mart.mart, *map(summary.count, counts))
    console.print(table)


def _show_figures(answer: Answer, console: Terminal) -> None:
    found = False
    for key, changes in groupby(answer, key=lambda change: change.key):
        found = True
        account, grain, start = key
        title = f"{account}: {_period(grain, start)}"
        first = next(changes)
        if first.difference != CHANGED:
            console.print()
            console.say((title, "bold"), f" is {'new' if first.difference == ADDED else 'gone'}")
            continue
        table = Table(title=f"\n{visible(title)}", title_justify="left", title_style="bold")
        table.add_column("")
        for name in ("before", "after", "change"):
            table.add_column(name, justify="right")
        for change in (first, *changes):
            before, after = (_readable(change.column, value) for value in (change.before, change.after))
            table.add_row(change.column, before, after, _change(change))
        console.print(table)
    if not found:
        console.print("No figure differs at this grain.")


def _show_changes(answer: Answer, console: Terminal) -> None:
    table = Table(title=f"\n{answer.mart}", title_justify="left", title_style="bold")
    for name in (*MARTS[answer.mart], "column", "before", "after"):
        table.add_column(name, overflow="fold")
    for key, changes in groupby(answer, key=lambda change: change.key):
        row = [summary.count(None) if part is None else str(part) for part in key]
        for change in changes:
            what = change.column if change.column is not None else f"(row {change.difference})"
            values = _told_apart(change) if change.column is not None else ("", "")
            table.add_row(*row, what, *values)
            row = [""] * len(row)
    console.print(table if table.row_count else "No row differs at this grain.")


def _period(grain: str, start: date) -> str:
    return {"day": f"{start:%-d %B %Y}", "week": f"the week of {start:%-d %B %Y}"}.get(grain, f"{start:%B %Y}")


def _is_duration(column: str | None) -> bool:
    return (column or "").endswith(("_seconds", "_seconds_sum"))


def _told_apart(change: Change) -> tuple[str, str]:
    """Both values as they are read best; exactly, where they would read alike."""
    before, after = (_readable(change.column, value) for value in (change.before, change.after))
    if before != after:
        return before, after
    unit = " s" if _is_duration(change.column) else ""
    return f"{change.before}{unit}", f"{change.after}{unit}"


def _readable(column: str | None, value: Any) -> str:
    if value is None:
        return summary.count(None)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "(none)"
    if not isinstance(value, int | float):
        return str(value)
    if _is_duration(column):
        return _signed_duration(value)
    if (column or "").endswith("_percent"):
        return summary.percent(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _signed_duration(seconds: float) -> str:
    return ("-" if seconds < 0 else "") + summary.duration(abs(seconds))


def _change(change: Change) -> str:
    """By how much, and what share of what was: 1 h 02 min (+3.1 %); as exactly as it takes to see it."""
    value = change.change
    if value is None:
        return ""
    if _is_duration(change.column):
        told = f"{value:+.2g} s" if abs(value) < 1 else ("+" if value > 0 else "") + _signed_duration(value)
    elif isinstance(value, int):
        told = f"{value:+,}"
    else:
        told = f"{value:+,.2f}" if abs(value) >= 0.01 else f"{value:+.2g}"
    if (change.column or "").endswith("_percent"):
        return f"{told} pts"
    return f"{told} ({value / abs(change.before):+.1%})" if change.before else told
