"""Quarantined rows as text by reason, as CSV or as JSON.

Here: the three formats. Not here: which rows there are (``orchestration.quarantine``). Records are text of the sources:
none of their control characters or layout reaches a terminal.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, fields
from typing import IO

from ingestion.shown import visible
from orchestration.cli.terminal import Terminal, one_line
from orchestration.quarantine import MENDED, NOT_BUILT, OPEN, REFUSED, Quarantine, Row

EXAMPLES = 5
"""Rows shown for each reason without a limit."""

_IN_WORDS = {
    REFUSED: "refused batch: not counted",
    NOT_BUILT: "not in the last build",
}


def write_table(quarantine: Quarantine, limit: int | None, out: IO[str]) -> None:
    """What a person reads. A terminal cuts records off at its edge."""
    console = Terminal(out)
    console.say(_total(quarantine))
    for reason in quarantine.reasons(limit):
        rows = "1 row" if reason.rows == 1 else f"{reason.rows:,} rows"
        console.print()
        console.say((reason.reason, "bold"), f"  {rows}")
        for row in reason.examples:
            console.say(f"  {_place(row)}", (f"  {_state(row)}" if _state(row) else "", "yellow"))
            record = one_line((f"    {row.record}", "dim"))
            if console.is_terminal:
                record.truncate(console.width, overflow="ellipsis")
            console.print(record, soft_wrap=True)
        if len(reason.examples) < reason.rows:
            console.say(f"  … and {reason.rows - len(reason.examples):,} more; --limit 0 shows all")


def _total(quarantine: Quarantine) -> str:
    counts, query = quarantine.counts(), quarantine.query
    if not counts:
        is_narrowed = any((query.source, query.batch, query.entity, query.reason))
        return f"No {'matching ' if is_narrowed else ''}{'' if query.with_mended else 'open '}rows in quarantine."
    parts = [
        f"{counts[state]:,} {words}"
        for state, words in (
            (OPEN, "open"),
            (NOT_BUILT, "not in the last build"),
            (REFUSED, "of refused batches, not counted"),
            (MENDED, "mended"),
        )
        if state in counts
    ]
    total = sum(counts.values())
    return f"{total:,} quarantined {'row' if total == 1 else 'rows'}: {'; '.join(parts)}"


def _place(row: Row) -> str:
    key = "without a key" if row.record_id is None else row.record_id
    return "  ".join((row.source_system, row.batch, row.file, f"line {row.line}", key))


def _state(row: Row) -> str:
    return f"mended by {row.mended_by}" if row.mended_by is not None else _IN_WORDS.get(row.state, "")


def write_csv(quarantine: Quarantine, limit: int | None, out: IO[str]) -> None:
    """One table of rows, as they are; on a terminal without their control characters."""
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)  # else a carriage return would stand bare
    writer.writerow(field.name for field in fields(Row))
    for row in quarantine.rows(limit):
        values = {**vars(row), "reasons": "; ".join(row.reasons)}.values()
        writer.writerow([visible(value) if out.isatty() and isinstance(value, str) else value for value in values])


def write_json(quarantine: Quarantine, limit: int | None, out: IO[str]) -> None:
    """One list of rows, one a line."""
    out.write("[")
    for number, row in enumerate(quarantine.rows(limit)):
        out.write(("," if number else "") + "\n" + visible(json.dumps(asdict(row), ensure_ascii=False)))
    out.write("\n]\n")
