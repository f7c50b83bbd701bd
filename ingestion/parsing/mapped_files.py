"""The files of another system in a landed batch, as text that the mapped reader reads.

Here: which entities a file holds, and CSV, NDJSON or Parquet from what is another form: other encodings, workbooks,
lists of JSON, archives. Not here: the columns (``mapped_reader``), and how files come to be landed
(``sources.files``).

A file that has such a form already is read where it lies in landing. Others are rewritten into a folder of the
batch that is being parsed: one line a record, so that the number of a line says where the record is.
"""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb

from ingestion import machine
from ingestion.bounds import Bounds
from ingestion.export_format import ENTITIES
from ingestion.file_mapping import MappedEntity
from ingestion.parsing import mapped_reader
from ingestion.parsing.files import LandedFile, MappedFile
from ingestion.parsing.names import likely_column
from ingestion.parsing.readable import readable_by_duckdb
from ingestion.parsing.readers import UnreadableFileError, header_of, parquet_types, unreadable
from ingestion.shown import shortened, visible
from ingestion.sql import first_line, sql_file, sql_name, sql_text
from ingestion.storage.compression import DECOMPRESSION_ERRORS, chunks, is_compressed, open_binary, refuse_bomb
from ingestion.storage.landing import BatchError, Landed

DELIMITERS = (",", ";", "\t", "|")
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_WESTERN = "cp1252"
_FORMATS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), "csv"),
    **dict.fromkeys((".ndjson", ".jsonl", ".json"), "ndjson"),
    **dict.fromkeys((".xlsx", ".xlsm"), "workbook"),
    ".parquet": "parquet",
}
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ufffd]")
_TOGETHER = 10_000
_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")


@dataclass(frozen=True)
class Text:
    """A file that can be read. ``name``: of the file as it was delivered. ``lines_before``: its first record.

    ``columns``: the names of its columns. ``notes``: what was found in it that one should know. ``encoding``: from
    which it was rewritten. ``nowhere``: paths that lead to nothing in all its records. ``is_empty``: it has none.
    """

    path: Path
    name: str
    format: str
    delimiter: str = ","
    lines_before: int = 0
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    encoding: str | None = None
    nowhere: tuple[str, ...] = ()
    is_empty: bool = False


def format_of(name: str) -> str | None:
    """The form of a file, by its name; ``archive`` of a ZIP file, None where it cannot be read."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    if suffixes[-1:] == [".zip"]:
        return "archive"
    return _FORMATS.get(suffixes[-1]) if suffixes else None


def mapped_files(
    connection: duckdb.DuckDBPyConnection,
    landed: Landed,
    mappings: Mapping[str, MappedEntity],
    scratch: Path,
    bounds: Bounds,
) -> tuple[list[LandedFile], tuple[str, ...]]:
    """The files of a batch, once for each entity that they hold, and notes for the operator.

    Raises:
        BatchError: a file cannot be read, or lacks a column that the mapping names.
    """
    scratch.mkdir()
    files: list[LandedFile] = []
    notes: dict[str, None] = {}
    for name in sorted(landed.manifest.files):
        path = landed.folder / name
        try:
            unmapped = _unreadable_members(path)
            for member, of_member in members(path, scratch / "members", bounds):
                held = {entity: mapping for entity, mapping in mappings.items() if mapping.holds(of_member)}
                if not held:
                    unmapped.append(of_member)
                read: dict[tuple[object, ...], Text] = {}
                for entity, mapping in held.items():
                    key = mapping.encoding, mapping.sheet, mapping.records, mapping.delimiter
                    is_first = key not in read
                    if is_first:
                        place = scratch / str(len(list(scratch.iterdir())))
                        place.mkdir()
                        read[key] = as_text(connection, member, _shown(path, of_member), mapping, held, place, bounds)
                        notes |= dict.fromkeys(read[key].notes)
                    text = read[key]
                    needs = () if is_first and mapping.needs is None else mapping.needs
                    notes |= dict.fromkeys(_about_columns(text, entity, mapping, held.values(), needs == ()))
                    mapped = MappedFile(
                        *(text.name, ENTITIES[entity], mapping, text.format, text.delimiter),
                        *(None if needs is None else tuple(needs), text.lines_before, text.columns, bounds),
                    )
                    files.append(
                        LandedFile(
                            text.path,
                            landed.source,
                            landed.batch,
                            landed.manifest.latest,
                            None,
                            bounds=bounds,
                            mapped=mapped,
                        )
                    )
            if unmapped:
                notes[f"{visible(name)}: no mapping reads {', '.join(map(visible, unmapped))}"] = None
        except (UnreadableFileError, *DECOMPRESSION_ERRORS) as error:
            words = error if isinstance(error, UnreadableFileError) else unreadable(error, path)
            if not isinstance(words, UnreadableFileError):
                raise
            raise BatchError(f"{path}: cannot be read: {words}; deliver it again") from None
        except (zipfile.BadZipFile, duckdb.Error) as error:
            raise BatchError(f"{path}: cannot be read: {first_line(error)}; deliver it again") from None
    return files, tuple(notes)


def _shown(path: Path, member: str) -> str:
    return path.name if member == path.name else f"{path.name}/{member}"


# --- archives -----------------------------------------------------------------------------------------------


def member_names(path: Path) -> list[str]:
    """The names of the files in a ZIP file that may hold records."""
    with zipfile.ZipFile(path) as archive:
        return [name for name, _ in _readable(archive)]


def _unreadable_members(path: Path) -> list[str]:
    """The names of the other files in a ZIP file."""
    if format_of(path.name) != "archive":
        return []
    with zipfile.ZipFile(path) as archive:
        names = (PurePosixPath(info.filename) for info in archive.infolist() if not info.is_dir())
        return [name.name for name in names if not name.name.startswith(".") and _is_other(name.name)]


def _is_other(name: str) -> bool:
    return format_of(name) in (None, "archive")


def _readable(archive: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """The files in a ZIP file that may hold records, by their names without folders."""
    named = [(PurePosixPath(info.filename.replace("\\", "/")).name, info) for info in archive.infolist()]
    return [(name, info) for name, info in named if not (info.is_dir() or name.startswith(".") or _is_other(name))]


def members(path: Path, folder: Path, bounds: Bounds) -> Iterator[tuple[Path, str]]:
    """The file itself, or those in it that a ZIP file holds; each with the name by which it is known."""
    if format_of(path.name) != "archive":
        yield path, path.name
        return
    folder.mkdir(exist_ok=True)
    inside = folder / path.name
    inside.mkdir()
    with zipfile.ZipFile(path) as archive:
        readable = _readable(archive)
        if twice := [name for name, many in Counter(name for name, _ in readable).items() if many > 1]:
            raise UnreadableFileError(f"it holds two files of the name '{visible(twice[0])}'", path)
        for number, (name, info) in enumerate(readable):
            target = (
                inside / f"{number}{''.join(PurePosixPath(name).suffixes[-2 if is_compressed(Path(name)) else -1 :])}"
            )
            if info.flag_bits & 1:
                raise UnreadableFileError(f"'{visible(name)}' in it is encrypted", path)
            size = 0
            with archive.open(info) as packed, target.open("wb") as out:
                while piece := packed.read(1 << 20):
                    size += len(piece)
                    refuse_bomb(info.compress_size, size, bounds)
                    out.write(piece)
            yield target, name


# --- forms --------------------------------------------------------------------------------------------------


def as_text(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    mapping: MappedEntity,
    held: Mapping[str, MappedEntity],
    place: Path,
    bounds: Bounds,
) -> Text:
    """A file as text. ``held``: the mappings of all entities in it."""
    form = format_of(path.name)
    target = place / (path.stem if is_compressed(path) else path.name)
    needed = [column for of in held.values() for column in (*mapped_reader.used(of), *(of.needs or ()))]
    if form == "parquet":
        if is_compressed(path):
            raise UnreadableFileError("unpack it: Parquet is compressed by itself", path)
        return Text(path, name, "parquet", columns=tuple(parquet_types(connection, path)))
    if form == "workbook":
        return _of_workbook(path, name, mapping.sheet, target, bounds)
    encoding, notes = _encoding(path, name, mapping.encoding, bounds)
    if encoding is not None:
        if others := _write_utf8(path, encoding, target, bounds):
            notes += (f"{others:,} characters of {visible(name)} cannot be read as {encoding}: say 'encoding'",)
        path = target
    if form == "ndjson":
        lines, about = _of_json(connection, path, mapping.records, place / "records.ndjson", bounds)
        text = Text(lines, name, "ndjson", notes=(*notes, *(f"{visible(name)}: {line}" for line in about)))
        return replace(_with_names(connection, text, needed, bounds, place), encoding=encoding)
    delimiter = mapping.delimiter or _delimiter(path, needed, bounds)
    return Text(path, name, "csv", delimiter, 0, tuple(header_of(path, bounds, needed, delimiter)), notes, encoding)


def _encoding(path: Path, name: str, said: str | None, bounds: Bounds) -> tuple[str | None, tuple[str, ...]]:
    """The encoding from which a text has to be rewritten, None for UTF-8, and a note where it was guessed."""
    if said is not None:
        return (None if said.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig") else said), ()
    with closing(open_binary(path)) as file:
        head = file.read(4)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return (None if encoding == "utf-8-sig" else encoding), ()
    others = good = 0
    rest = b""
    for chunk in chunks(path, bounds):
        piece, rest = rest + chunk, b""
        if piece.isascii():
            continue
        with suppress(ValueError):  # a character may be cut in two
            cut = piece.rindex(b"\n") + 1
            piece, rest = piece[:cut], piece[cut:]
        text = piece.decode("utf-8", "replace")
        others += text.count("\ufffd")
        good += len(_BEYOND_ASCII.findall(text))
    if rest:
        text = rest.decode("utf-8", "replace")
        others, good = others + text.count("\ufffd"), good + len(_BEYOND_ASCII.findall(text))
    if others and not good:  # of a text in two encodings, the records that are not UTF-8 are quarantined
        return _WESTERN, (f"{visible(name)} is not UTF-8 and is read as {_WESTERN}: say 'encoding' if it is not",)
    return None, ()


def _write_utf8(path: Path, encoding: str, target: Path, bounds: Bounds) -> int:
    """How many characters could not be read."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    others = 0
    try:
        with target.open("w", encoding="utf-8", newline="") as out:
            for piece in chain(chunks(path, bounds), [b""]):
                text = decoder.decode(piece, final=not piece)
                others += text.count("\ufffd")
                out.write(text)
    except UnicodeError as error:
        raise UnreadableFileError(f"it is not {encoding}: {error}", path) from None
    return others


def _delimiter(path: Path, needed: Iterable[str], bounds: Bounds) -> str:
    """The character with which the header has most of the columns that are needed, and most columns."""
    found = []
    for number, delimiter in enumerate(DELIMITERS):
        with suppress(UnreadableFileError):
            header = header_of(path, bounds, (), delimiter)
            found.append((len(set(needed) & set(header)), len(header), -number, delimiter))
    return max(found)[3] if found else ","


def _of_json(
    connection: duckdb.DuckDBPyConnection, path: Path, records: str | None, target: Path, bounds: Bounds
) -> tuple[Path, list[str]]:
    """A list of JSON, or a list within objects, as NDJSON, and lines about it; the file itself where it is NDJSON."""
    with closing(open_binary(path)) as file:
        first = file.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if records is None and first != b"[":
        return path, []
    size, last = 0, b""
    for piece in chunks(path, bounds):
        size, last = size + len(piece), piece.rstrip()[-1:] or last
    if first == b"[" and last != b"]":
        raise UnreadableFileError("its list is cut off", path)
    largest = bounds.record_bytes
    if records is not None:  # all of the file can be one object
        largest = min(size + (1 << 20), (1 << 32) - 1)
    form = "array" if first == b"[" else "auto"
    query = f"select json from read_json_objects({sql_file(path)}, format = '{form}', maximum_object_size = {largest})"
    about = []
    if records is not None:
        inside = f"$.{'.'.join(map(sql_name, records.split('.')))}"
        counting = f"select count(*), count(*) filter (json_type(json, {sql_text(inside)}) = 'ARRAY') from ({query})"
        ((objects, lists),) = connection.execute(counting).fetchall()
        if lists < objects:
            about = [f"{objects - lists:,} of its {objects:,} objects have no list at '{records}'"]
        if about and not lists:
            raise UnreadableFileError(f"{about[0]}: correct 'records'", path)
        query = f"select unnest(json_extract(json, {sql_text(f'{inside}[*]')})) as json from ({query})"
    rows = connection.execute(f"select cast(json(json) as varchar) from ({query})")
    with target.open("w", encoding="utf-8") as out:
        while some := rows.fetchmany(_TOGETHER):
            out.writelines(f"{row}\n" for (row,) in some)
    return target, about


def _with_names(
    connection: duckdb.DuckDBPyConnection, text: Text, needed: Iterable[str], bounds: Bounds, scratch: Path
) -> Text:
    """NDJSON with the names in its records, and which of the paths that are needed lead nowhere."""
    inner = [name for name in dict.fromkeys(needed) if _head(name) != name]
    with readable_by_duckdb(text.path, "ndjson", bounds, scratch) as (readable, _):
        records = (
            f"read_ndjson_objects({sql_file(readable)}, ignore_errors = true,"
            f" maximum_object_size = {max(1 << 20, bounds.record_bytes + 1024)})"
        )
        objects = f"(select json from {records} where json_type(json) = 'OBJECT')"
        keys = connection.execute(f"select distinct unnest(json_keys(json)) from {objects}").fetchall()
        tests = ", ".join(["count(*)", *map(_leads_nowhere, inner)])
        ((_, *found),) = connection.execute(f"select {tests} from {objects}").fetchall()
        is_empty = not keys and connection.execute(f"select 1 from {records} limit 1").fetchone() is None
    notes = (*text.notes, *([f"{visible(text.name)} holds no record"] if is_empty else []))
    nowhere = tuple(name for name, leads_nowhere in zip(inner, found, strict=True) if leads_nowhere)
    columns = tuple(sorted(key for (key,) in keys))
    return replace(text, columns=columns, notes=notes, nowhere=nowhere, is_empty=is_empty)


def _head(name: str) -> str:
    """The name with which a path begins."""
    return re.split(r"[.\[]", name)[0]


def _leads_nowhere(name: str) -> str:
    """SQL: whether a path leads to nothing in all records, although something is at its beginning in one of them."""
    begins = f"json_extract_string(json, {sql_text(f'$.{sql_name(_head(name))}')})"
    return f"count({mapped_reader.of_json(name)}) = 0 and count(nullif(nullif({begins}, '[]'), '{{}}')) > 0"


# --- workbooks ----------------------------------------------------------------------------------------------


def _of_workbook(path: Path, name: str, sheet: str | None, target: Path, bounds: Bounds) -> Text:
    """The rows of a sheet as NDJSON, by the names in its first row that is not empty. Macros are not looked at."""
    from openpyxl import load_workbook  # takes a fifth of a second

    with zipfile.ZipFile(path) as parts:
        for part in parts.infolist():
            refuse_bomb(part.compress_size, part.file_size, bounds)
    try:
        with (
            closing(load_workbook(path, read_only=True, data_only=True)) as values,
            closing(load_workbook(path, read_only=True)) as formulas,
        ):
            return _of_sheet(values, formulas, path, name, sheet, target)
    except UnreadableFileError:
        raise
    except Exception as error:  # whatever the library makes of a broken workbook
        if machine.is_at_fault(error):
            raise
        raise UnreadableFileError(f"it is not a workbook: {first_line(error)}", path) from None


def _of_sheet(values: Any, formulas: Any, path: Path, name: str, sheet: str | None, target: Path) -> Text:
    """``values``, ``formulas``: the same workbook twice, with what formulas gave and with the formulas."""
    names = [one.title for one in values.worksheets]
    if sheet is None and len(names) > 1:
        raise UnreadableFileError(f"it has the sheets {', '.join(names)}: say which with 'sheet'", path)
    if sheet is not None and sheet not in names:
        raise UnreadableFileError(f"it has no sheet '{sheet}', but {', '.join(names)}", path)
    header: list[str] | None = None
    before = uncomputed = errors = 0
    sheets = [book[sheet or names[0]] for book in (values, formulas)]
    for one in sheets:
        one.reset_dimensions()  # many programs write wrong ones, beyond which nothing would be read
    with target.open("w", encoding="utf-8") as out:
        for cells, written in zip(*(one.iter_rows(values_only=True) for one in sheets), strict=True):
            if header is None:
                before += 1
                if any(cell is not None for cell in cells):
                    header = [str(cell).strip() if cell is not None else "" for cell in cells]
                continue
            uncomputed += sum(cell is None and _is_formula(said) for cell, said in zip(cells, written, strict=True))
            errors += sum(isinstance(cell, str) and cell in _ERRORS for cell in cells)
            named = zip(header, cells, strict=False)
            record = {column: _cell(cell) for column, cell in named if column and cell not in (None, *_ERRORS)}
            out.write(json.dumps(record) + "\n" if record else "\n")
    if header is None:
        raise UnreadableFileError("its sheet is empty", path)
    if repeated := sorted({column for column in header if column and header.count(column) > 1}):
        raise UnreadableFileError(f"its first row names the column '{repeated[0]}' twice", path)
    if uncomputed:  # or an empty text was computed
        rows = zip(sheets[0].iter_rows(), sheets[1].iter_rows(values_only=True), strict=True)
        cells_of = (pair for row in rows for pair in zip(*row, strict=True))
        uncomputed = sum(c.value is None and c.data_type != "str" and _is_formula(said) for c, said in cells_of)
    if uncomputed:
        raise UnreadableFileError(
            f"{uncomputed:,} of its cells hold formulas without a value: open it in the program that wrote it and save"
            " it there",
            path,
        )
    notes = (f"{errors:,} cells of {visible(name)} hold errors such as #N/A, and are read as missing",)
    return Text(
        *(target, name, "ndjson"),
        lines_before=before,
        columns=tuple(filter(None, header)),
        notes=notes if errors else (),
    )


def _is_formula(said: Any) -> bool:
    return isinstance(said, str) and said.startswith("=")


def _cell(value: Any) -> str | None:
    """A cell as text: numbers without a fraction as whole ones, dates as ISO 8601."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:  # beyond, its digits are not exact
        return str(int(value))
    if isinstance(value, datetime):
        rounded = value + timedelta(microseconds=500_000)  # a day in a double is exact to some microseconds
        return rounded.replace(microsecond=0).isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


# --- columns ------------------------------------------------------------------------------------------------


def _about_columns(
    text: Text, entity: str, mapping: MappedEntity, held: Iterable[MappedEntity], is_all: bool
) -> Iterator[str]:
    """Refuse a file that lacks what the mapping names; notes about what no mapping reads.

    Raises:
        UnreadableFileError: a column is missing. A record of JSON may lack a name, so there it is a note, unless
            no record has a key (``is_all``: each record of the file is one of the entity).
    """
    named = dict.fromkeys([*mapped_reader.used(mapping), *(mapping.needs or ())])
    missing = [name for name in named if not _has(text, name)]
    if missing:
        words = f"it has no column {' and no column '.join(map(repr, missing))}, which the mapping of {entity} names"
        about = f"its columns are {visible(shortened(', '.join(text.columns)))}"
        if any("\x00" in name for name in text.columns):
            about = "it seems to be UTF-16: say 'encoding = \"utf-16-le\"'"
        folded = set(map(_folded, missing))
        if near := [json.dumps(name) for name in text.columns if _folded(name) in folded]:
            about += f"; blanks, case and the encoding of accents count: write {', '.join(near)}"
        is_json = text.format == "ndjson" and not text.lines_before
        is_nothing = is_all and not text.is_empty and set(missing) & set(mapping.columns[ENTITIES[entity].key].names)
        if not is_json or is_nothing:
            raise UnreadableFileError(f"{words}; {about}", text.path)
        if not text.is_empty:
            yield f"{visible(text.name)}: {words}"
    for name, meant in meant_by(unread(text.columns, held), entity, mapping).items():
        yield (
            f"the column '{visible(shortened(name))}' of {visible(text.name)} is not read, and '{meant}' of"
            f" {entity} is not mapped: map it if it holds that"
        )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip(" \t\r\n\ufeff")


def unread(columns: Iterable[str], mappings: Iterable[MappedEntity]) -> list[str]:
    """The columns of a file that none of its mappings reads."""
    read = {name for of in mappings for name in (*mapped_reader.used(of), *(of.needs or ()))}
    return [name for name in columns if name not in read]


def meant_by(names: Iterable[str], entity: str, mapping: MappedEntity) -> dict[str, str]:
    """Columns that are not read, each with the column of the entity that it likely means and that is not mapped."""
    unmapped = [column.name for column in ENTITIES[entity].columns if column.name not in mapping.columns]
    found = {}
    for name in names:
        meant = likely_column(name, unmapped)
        if meant is not None:
            unmapped.remove(meant)
            found[name] = meant
    return found


def _has(text: Text, name: str) -> bool:
    if name in text.columns:
        return True
    is_json = text.format == "ndjson" and not text.lines_before
    return is_json and _head(name) in text.columns and name not in text.nowhere
