"""Reports as workbooks of Excel's format (xlsx), written row by row.

Here: sheets, their cells, and the first sheet, which describes the report. Not here: the rows (``downloads``).

Text stays text: no cell holds a formula or a link, whatever its text begins with. Instants are in UTC, because cells
have no time zone. Durations are Excel's own: parts of days, shown as hours, minutes and seconds.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from ingestion.sql import sql_name
from reports.downloads import Result

ROWS_OF_A_SHEET = 1_048_575
"""Excel's 1,048,576 less the header."""
LONGEST_TEXT = 32_767
"""Of a cell, in UTF-16 units. Longer text is cut, and the first sheet says so."""
_DAYS = "date '1899-12-30'"
"""From which Excel counts days."""
_DURATION = re.compile("_seconds(?=$|_sum$)")
"""What the name of a duration has, in other formats; here it is no number of seconds."""
_ABOUT = (
    ("instants", "UTC"),
    ("durations", "hours, minutes and seconds, which sum and average as times do; other formats have ..._seconds"),
    ("percents and shares", "parts of 1, shown in percent"),
)
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
Write = Callable[[int, int, Any], Any]


def write_workbook(
    result: Result, about: Sequence[tuple[str, str]], path: Path, rows_of_a_sheet: int = ROWS_OF_A_SHEET
) -> None:
    """A sheet that says what this is (``about``), then the rows, on as many sheets as they need.

    Raises:
        OSError: it cannot be written, as on a full disk.
    """
    parts = path.with_name(f"{path.name}.parts")
    parts.mkdir()
    try:
        book = xlsxwriter.Workbook(str(path), {**_OPTIONS, "tmpdir": str(parts)})
        book.use_zip64()
        _Sheets(book, result, rows_of_a_sheet).write(about)
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(str(error)) from None
    finally:
        shutil.rmtree(parts, ignore_errors=True)


class _Sheets:
    """The sheets of one workbook, in writing."""

    def __init__(self, book: xlsxwriter.Workbook, result: Result, rows_of_a_sheet: int) -> None:
        self._book, self._result, self._limit = book, result, rows_of_a_sheet
        self._columns = result.columns()
        self._bold = book.add_format({"bold": True})
        self._date, self._instant, self._duration, self._share = (
            book.add_format({"num_format": shown})
            for shown in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "[h]:mm:ss", "0.0%")
        )
        self._cut = 0

    def write(self, about: Sequence[tuple[str, str]]) -> None:
        first = self._book.add_worksheet("about")
        replaced = {name: expression for name, type_ in self._columns.items() if (expression := _in_cells(name, type_))}
        rows = self._result.selected("*", replaced)
        written = 0
        for number in count(1):
            on_sheet = self._fill(number, islice(rows, self._limit))
            written += on_sheet
            if on_sheet < self._limit:
                break
        self._describe(first, [*about, ("rows", f"{written:,}"), *_ABOUT])

    def _fill(self, number: int, rows: Iterator[tuple[Any, ...]]) -> int:
        """One sheet of rows; how many. A sheet beyond the first is made when there is a row for it."""
        beginning = list(islice(rows, 1))
        if not beginning and number > 1:
            return 0
        name = self._result.report.name
        sheet = self._book.add_worksheet(name if number == 1 else f"{name} {number}")
        for column, (called, type_) in enumerate(self._columns.items()):
            heading = _DURATION.sub("", called)
            sheet.set_column(column, column, max(len(heading) + 3, 20 if type_.startswith("TIMESTAMP") else 10))
            sheet.write_string(0, column, heading, self._bold)
        sheet.freeze_panes(1, 0)
        writers = [self._writer(sheet, *column) for column in self._columns.items()]
        place = 0
        for values in chain(beginning, rows):
            place += 1
            for column, value in enumerate(values):
                if value is not None:
                    writers[column](place, column, value)
        sheet.autofilter(0, 0, place, len(self._columns) - 1)
        return place

    def _writer(self, sheet: Worksheet, name: str, type_: str) -> Write:
        if type_ == "BOOLEAN":
            return lambda row, column, value: sheet.write_boolean(row, column, value)
        if type_ == "VARCHAR" or type_.endswith("[]"):
            return lambda row, column, value: self._write_text(sheet, row, column, value)
        format_ = self._format(name, type_)
        return lambda row, column, value: sheet.write_number(row, column, value, format_)

    def _format(self, name: str, type_: str) -> Format | None:
        if type_ == "DATE":
            return self._date
        if type_.startswith("TIMESTAMP"):
            return self._instant
        if _DURATION.search(name):
            return self._duration
        return self._share if _is_share(name) else None

    def _write_text(self, sheet: Worksheet, row: int, column: int, text: str, format_: Format | None = None) -> None:
        if text.startswith("<r>") and text.endswith("</r>"):
            # the library would take this for mark-up of its own, and write it unread: so it is put in that mark-up
            marked = f'<r><t xml:space="preserve">{escape(text, quote=False)}</t></r>'
            text = marked if len(marked) < LONGEST_TEXT // 2 else f"{text} "
        if sheet.write_string(row, column, text, format_) == -2:
            self._cut += 1

    def _describe(self, sheet: Worksheet, about: Sequence[tuple[str, str]]) -> None:
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 60)
        if self._cut:
            about = [
                *about,
                ("texts cut", f"{self._cut:,}, at {LONGEST_TEXT:,} characters, the most that a cell holds"),
            ]
        for row, (name, text) in enumerate(about):
            sheet.write_string(row, 0, name, self._bold)
            self._write_text(sheet, row, 1, text)


def _is_share(name: str) -> bool:
    return name.endswith("_percent") or name.startswith("share_of_")


def _in_cells(name: str, type_: str) -> str | None:
    """SQL for what a cell holds if not the value itself: DuckDB takes a tenth of the time that Python takes."""
    column = sql_name(name)
    if type_ == "DATE":
        return f"{column} - {_DAYS}"
    if type_.startswith("TIMESTAMP"):
        return f"epoch_us({column}) / 86400e6 + 25569"
    if _DURATION.search(name):
        return f"{column} / 86400"
    if name.endswith("_percent"):
        return f"{column} / 100"
    return f"array_to_string({column}, ', ')" if type_.endswith("[]") else None
