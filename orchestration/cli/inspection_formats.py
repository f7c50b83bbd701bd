"""What a dry run of a drop folder shows, as text and as JSON.

Here: the two formats. Not here: what is found (``ingestion.inspection``). Names and values are text of the sources:
none of their control characters or layout reaches a terminal.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import IO

from ingestion.inspection import Columns, Inspection, Place, ReadFile, WordColumn
from ingestion.shown import shortened, visible
from ingestion.sources import Finding
from orchestration.cli.tables import count, figures
from orchestration.cli.terminal import Terminal

_SHOWN = 12
"""Words of a column, and files that are not read, in text. JSON has more."""


def marked(finding: Finding) -> str:
    """One line about what a source was asked for."""
    mark = "ok" if finding.is_there else "missing" if finding.is_needed else "without"
    return f"  {mark:<8} {finding.subject:<14} {finding.words}"


def is_well(findings: Iterable[Finding], inspection: Inspection | None) -> bool:
    """Whether a source can be read, and a run would neither refuse what it delivers nor mislead."""
    is_readable = all(finding.is_there or not finding.is_needed for finding in findings)
    return is_readable and (inspection is None or inspection.is_well)


def write_json(findings: Sequence[Finding], inspection: Inspection | None, out: IO[str]) -> None:
    """One object."""
    found = {"is_well": is_well(findings, inspection), "findings": [asdict(each) for each in findings]}
    found |= asdict(inspection) if inspection else {}
    text = json.dumps(found, indent=1, ensure_ascii=False, default=_spelled)
    out.write("\n".join(map(visible, text.split("\n"))) + "\n")


def _spelled(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def write_text(findings: Sequence[Finding], inspection: Inspection | None, out: IO[str]) -> None:
    """What a person reads: what was read first, what a run would do last."""
    console = Terminal(out)
    for finding in findings:
        console.say(marked(finding))
    if inspection:
        _say_inspection(inspection, console)
    console.print()
    well = is_well(findings, inspection)
    console.say(("All is well." if well else "All is not well: see above.", "bold"))


def _say_inspection(inspection: Inspection, console: Terminal) -> None:
    _say_files(inspection, console)
    _section(console, "Columns", (line for each in inspection.columns for line in _columns(each)))
    _section(console, "Words", (line for each in inspection.words for line in _words(each)))
    _section(
        console,
        "Quarantined rows",
        (
            line
            for each in inspection.quarantined
            for line in (
                f"{each.rows:,} {each.entity}: {each.reason}",
                *(f"    {_place(place)}" for place in each.examples),
            )
        ),
    )
    _section(
        console,
        "Keys",
        (
            f"{each.keys:,} of {each.entity} are repeated, {each.with_other_content:,} with other content,"
            f" {each.within_a_batch:,} of these within one batch"
            for each in inspection.repeated
        ),
    )
    _section(console, "Orphans", (each.words for each in inspection.orphans))
    _section(
        console,
        "Without",
        (
            f"{each.without:,} of {each.rows:,} {each.what} ({100 * each.without / each.rows:.1f} %)"
            for each in inspection.without
            if each.without
        ),
    )
    _section(console, "Instants (UTC)", _instants(inspection))
    _section(console, "A run would warn of", inspection.warnings, "yellow")
    _section(console, "A run would accept, and its figures would mislead", inspection.misleading, "red")
    _section(console, "A run would refuse or hold back", inspection.refusals, "red")


def _section(console: Terminal, title: str, lines: Iterable[str], style: str = "") -> None:
    for number, line in enumerate(lines):
        if number == 0:
            console.print()
            console.say((title, "bold"))
        console.say((f"  {line}", style))


def _say_files(inspection: Inspection, console: Terminal) -> None:
    groups: defaultdict[tuple[str, str], list[ReadFile]] = defaultdict(list)
    for file in inspection.files:
        groups[file.entity, file.format].append(file)
    table = figures(f"Read from {inspection.folder}", "files", "rows", "quarantined", "first", "last")
    for (entity, file_format), files in groups.items():
        names = [f"{files[index].batch}/{files[index].file}" for index in (0, -1)]
        rows, bad = sum(file.rows for file in files), sum(file.quarantined for file in files)
        table.add_row(f"{entity} ({file_format})", count(len(files)), count(rows), count(bad), *names)
    if groups:
        console.print(table)
    unread = ["/".join(filter(None, [file.batch, file.file])) + f": {file.why}" for file in inspection.unread]
    _section(console, "Not read", _first(unread, "files"))


def _first(lines: Sequence[str], what: str) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"… and {more:,} more {what}"] if more > 0 else [])]


def _columns(columns: Columns) -> Iterable[str]:
    used = (name if rows == columns.rows else f"{name} ({rows:,})" for name, rows in columns.used.items())
    yield f"{columns.entity}, {columns.rows:,} rows: {', '.join(used)}"
    if columns.unused:
        names = (
            f"{visible(shortened(each.name))}{f' (is it {each.meant}?)' if each.meant else ''}"
            for each in columns.unused
        )
        yield f"    not read: {', '.join(names)}"
    if columns.missing_required:
        yield f"    missing, required: {', '.join(columns.missing_required)}"
    if columns.missing_optional:
        yield f"    missing, optional: {', '.join(columns.missing_optional)}"


def _words(column: WordColumn) -> Iterable[str]:
    words = [
        f"'{visible(shortened(each.word))}' ({each.rows:,}{', not known' if each.is_known is False else ''})"
        for each in column.words
    ]
    yield f"{column.entity} {column.column}: {', '.join(_first(words, 'words'))}"


def _place(place: Place) -> str:
    value = "" if place.value is None else f"  {visible(shortened(place.value))!r}"
    return f"{place.batch}/{place.file}  line {place.line}{value}"


def _instants(inspection: Inspection) -> Iterable[str]:
    for span in inspection.spans:
        if span.first and span.last:
            yield f"{span.entity} {span.column}: {span.first:%Y-%m-%d %H:%M} to {span.last:%Y-%m-%d %H:%M}"
    busiest = inspection.busiest
    if busiest:
        yield (
            f"the busiest hour in {busiest.timezone} begins at {busiest.hour:02d}:00 ({100 * busiest.share:.1f} % of"
            f" {busiest.entity}): at night, the zone or the offsets are likely wrong"
        )
