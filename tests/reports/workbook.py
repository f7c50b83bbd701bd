"""A reader of workbooks, as far as they are written here: a value a cell, and what would act in a spreadsheet."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

_NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def read_workbook(path: Path) -> dict[str, list[list[Any]]]:
    """The rows of each sheet, by its name: text, numbers (of dates the serial number), truths, None."""
    with zipfile.ZipFile(path) as file:
        assert not [name for name in file.namelist() if "external" in name.lower()]
        book = ElementTree.fromstring(file.read("xl/workbook.xml"))
        names = [sheet.attrib["name"] for sheet in book.findall("m:sheets/m:sheet", _NAMES)]
        return {
            name: _rows(file.read(f"xl/worksheets/sheet{number}.xml")) for number, name in enumerate(names, start=1)
        }


def sheet_xml(path: Path, number: int) -> str:
    """The mark-up of a sheet."""
    with zipfile.ZipFile(path) as file:
        return file.read(f"xl/worksheets/sheet{number}.xml").decode()


def _rows(content: bytes) -> list[list[Any]]:
    sheet = ElementTree.fromstring(content)
    assert sheet.find(".//m:f", _NAMES) is None, "a formula"
    assert sheet.find(".//m:hyperlink", _NAMES) is None, "a link"
    rows = []
    for row in sheet.findall("m:sheetData/m:row", _NAMES):
        cells: dict[int, Any] = {}
        for cell in row.findall("m:c", _NAMES):
            cells[_column(cell.attrib["r"])] = _value(cell)
        rows.append([cells.get(column) for column in range(max(cells) + 1)])
    return rows


def _column(reference: str) -> int:
    number = 0
    for letter in re.sub(r"\d", "", reference):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element) -> Any:
    kind = cell.attrib.get("t", "n")
    if kind == "inlineStr":
        text = "".join(part.text or "" for part in cell.findall(".//m:t", _NAMES))
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    value = cell.findtext("m:v", None, _NAMES)
    assert value is not None
    return value == "1" if kind == "b" else float(value)
