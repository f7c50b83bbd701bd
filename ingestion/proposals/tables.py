"""The files of a folder as tables of text, with what their columns hold.

Here: which files are read together, and counting. Not here: how a file becomes text (``parsing.mapped_files``), and
what a column means (``guesses``).

Files whose names differ in their digits alone are one table. So many records of it are looked at as fit into memory.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import duckdb

from ingestion.bounds import DEFAULTS
from ingestion.file_mapping import MappedEntity
from ingestion.parsing.mapped_files import Text, as_text, format_of, members
from ingestion.parsing.mapped_reader import clean, plain_reader
from ingestion.parsing.readers import UnreadableFileError
from ingestion.proposals.words import MISSING
from ingestion.shown import visible
from ingestion.sql import first_line, sql_file, sql_text
from ingestion.storage.compression import DECOMPRESSION_ERRORS
from ingestion.storage.landing import BatchError

LOOKED_AT = 100_000
"""So many records of a table are looked at."""
FEW = 40
"""A column with more words than this is not an enumeration."""
_WHOLE = 1 << 28
"""A larger file of JSON is not looked through for lists of records."""
_KEPT = 200
"""So many characters of a value are looked at."""
_NUMBERS = re.compile(r"\d(?:[\d_.:TZ-]*\d)?")
_EMAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"
_PHONE = r"\+?[\d ().-]{7,20}"


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table. ``name``: in the file. ``position``: of it among the columns in memory."""

    name: str
    position: int
    table: Table = field(repr=False)

    @property
    def sql(self) -> str:
        """What it is called in memory."""
        return f"c{self.position}"

    def _one(self, query: str) -> int:
        ((found,),) = self.table.connection.execute(query).fetchall()
        return int(found or 0)

    @cached_property
    def filled(self) -> int:
        """Records that have a value, words for missing ones aside."""
        return self._one(f"select count(*) from {self.table.sql} where {self.said} is not null")

    @cached_property
    def distinct(self) -> int:
        """Its different values."""
        return self._one(f"select count(distinct {self.said}) from {self.table.sql}")

    @property
    def said(self) -> str:
        """SQL of its value, NULL where a word stands for a missing one."""
        words = ", ".join(map(sql_text, sorted(MISSING)))
        return f"case when lower({self.sql}) not in ({words}) then {self.sql} end"

    @cached_property
    def missing(self) -> list[str]:
        """The words for missing values that it has."""
        words = ", ".join(map(sql_text, sorted(MISSING)))
        rows = self.table.connection.execute(
            f"select distinct lower({self.sql}) from {self.table.sql} where lower({self.sql}) in ({words}) order by 1"
        ).fetchall()
        return [word for (word,) in rows]

    @cached_property
    def words(self) -> dict[str, int]:
        """Its values in small letters with counts, the most frequent first; nothing where they are not words of a
        fixed list."""
        rows = self.table.connection.execute(
            f"select lower({self.said}) as word, count(*) from {self.table.sql} where {self.said} is not null"
            f" group by all order by 2 desc, 1 limit {FEW + 1}"
        ).fetchall()
        if len(rows) > FEW or any(len(word) > 40 or "@" in word for word, _ in rows):
            return {}
        return dict(rows)

    def share(self, pattern: str) -> float:
        """The share of its values that a pattern matches as a whole."""
        return self.share_where(f"regexp_full_match({self.said}, {sql_text(pattern)})")

    def share_where(self, condition: str) -> float:
        """The share of its values for which SQL is true."""
        if not self.filled:
            return 0.0
        return self._one(f"select count(*) from {self.table.sql} where {condition}") / self.filled

    @cached_property
    def is_email(self) -> bool:
        """Whether nearly all its values are addresses."""
        return self.share(_EMAIL) > 0.9

    @cached_property
    def is_phone(self) -> bool:
        """Whether nearly all its values may be phone numbers."""
        return self.share(_PHONE) > 0.9

    @cached_property
    def is_id(self) -> bool:
        """Whether all its values are short and without blanks, as ids are."""
        return self.filled > 0 and self.share(r"\S{1,64}") > 0.99

    @property
    def is_unique(self) -> bool:
        """Whether it has a value of its own in nearly every record."""
        return self.filled > 0 and self.distinct >= 0.98 * self.table.rows

    def overlap(self, other: Column) -> float:
        """Of the values of the one with fewer, the share that the other has too; ``5`` and ``5.0`` are the same."""
        few, many = sorted((self, other), key=lambda column: column.distinct)
        if not few.distinct:
            return 0.0

        def values(column: Column) -> str:
            text = f"regexp_replace(lower({column.said}), '\\.0+$', '')"
            return f"select {text} as value from {column.table.sql} where {column.said} is not null"

        return self._one(f"select count(*) from ({values(few)} intersect {values(many)})") / few.distinct


@dataclass
class Table:
    """Files that are read together. ``files``: patterns of their names. ``columns``: those that each of them has."""

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    number: int
    names: list[str]
    form: str
    delimiter: str | None
    encoding: str | None
    sheet: str | None
    records: str | None
    columns: list[Column] = field(default_factory=list)
    rows: int = 0
    files: list[str] = field(default_factory=list)

    @property
    def sql(self) -> str:
        """What it is called in memory."""
        return f"table_{self.number}"

    def different(self, columns: Sequence[Column]) -> int:
        """How many records differ in some of these columns, which all of them have."""
        parts = ", ".join(column.sql for column in columns)
        whole = " and ".join(f"{column.sql} is not null" for column in columns)
        ((found,),) = self.connection.execute(
            f"select count(distinct ({parts})) from {self.sql} where {whole}"
        ).fetchall()
        return int(found)


@dataclass(frozen=True)
class _File:
    """One file that was read: the columns are those of the text, and those in objects of JSON."""

    text: Text
    plain_name: str
    form: str
    columns: list[str]
    sheet: str | None = None
    records: str | None = None

    @property
    def key(self) -> tuple[str | None, ...]:
        delimiter = self.text.delimiter if self.form == "csv" else None
        return (_NUMBERS.sub("0", self.plain_name), self.form, delimiter, self.sheet, self.records)


def tables_of(connection: duckdb.DuckDBPyConnection, folder: Path, scratch: Path) -> tuple[list[Table], list[str]]:
    """The tables of a folder, and lines about files that hold none."""
    files: dict[tuple[str | None, ...], list[_File]] = {}
    lines: list[str] = []
    for path in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
        if format_of(path.name) is None:
            lines.append(f"{visible(path.name)} has no form that can be read")
            continue
        try:
            for member, name in members(path, scratch / "members", DEFAULTS):
                for file in _files(connection, member, name, scratch):
                    if _looks_like_data(file.columns):
                        lines.append(f"{visible(name)}: its first line seems to be data: give it a header")
                    else:
                        files.setdefault(file.key, []).append(file)
        except (UnreadableFileError, BatchError) as error:
            lines.append(f"{visible(path.name)} cannot be read: {visible(str(error))}")
        except (*DECOMPRESSION_ERRORS, zipfile.BadZipFile, duckdb.Error) as error:
            lines.append(f"{visible(path.name)} cannot be read: {visible(first_line(error))}")
    alike: dict[tuple[object, ...], list[_File]] = {}
    for (_, *form), group in files.items():
        alike.setdefault((*form, *_common(group)), []).extend(group)
    tables: list[Table] = []
    for group in alike.values():
        try:
            tables.append(_table(connection, len(tables), group))
        except (duckdb.Error, UnreadableFileError) as error:
            names = ", ".join(visible(file.plain_name) for file in group)
            lines.append(f"{names} cannot be read: {visible(first_line(error))}")
    _give_patterns(tables)
    return tables, lines


def _files(connection: duckdb.DuckDBPyConnection, path: Path, name: str, scratch: Path) -> Iterator[_File]:
    """What a file holds: each sheet of a workbook, each list of records in an object of JSON."""
    form = format_of(name) or ""
    sheets: list[str | None] = [*_sheets(path)] if form == "workbook" else [None]
    lists = _lists(path) if form == "ndjson" else [None]
    for sheet in sheets:
        for records in lists:
            place = scratch / str(len(list(scratch.iterdir())))
            place.mkdir()
            said = MappedEntity(files=name, sheet=sheet, records=records)
            try:
                text = as_text(connection, path, name, said, {}, place, DEFAULTS)
            except UnreadableFileError:
                if len(sheets) > 1:  # an empty sheet beside others
                    continue
                raise
            columns = list(text.columns)
            if form == "ndjson":
                columns += _inner(connection, text.path)
            yield _File(text, name, form, list(dict.fromkeys(columns)), sheet if len(sheets) > 1 else None, records)


def _sheets(path: Path) -> list[str]:
    from openpyxl import load_workbook  # takes a fifth of a second

    try:
        book = load_workbook(path, read_only=True)
    except Exception as error:  # a library that reads strangers' XML raises anything
        raise UnreadableFileError(f"it is not a workbook: {type(error).__name__}", path) from None
    try:
        return list(book.sheetnames)
    finally:
        book.close()


def _lists(path: Path) -> list[str | None]:
    """Of a file that is one object of JSON, the names of its lists of objects."""
    if not path.name.lower().endswith(".json") or path.stat().st_size > _WHOLE:
        return [None]
    try:
        found = json.loads(path.read_bytes())
    except ValueError:  # a record a line, or what reading it says
        return [None]
    if not isinstance(found, dict):
        return [None]
    lists: list[str | None] = [
        name for name, of in found.items() if isinstance(of, list) and of and isinstance(of[0], dict)
    ]
    return lists or [None]


def _inner(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """The names of values in the objects of records, and in objects of their lists that have a name."""
    rows = connection.execute(
        f"select json from read_ndjson_objects({sql_file(path)}, ignore_errors = true,"
        f" maximum_object_size = {DEFAULTS.record_bytes + 1024}) where json is not null limit 200"
    ).fetchall()
    found: dict[str, None] = {}
    for (line,) in rows:
        record = json.loads(line)
        for name, value in record.items() if isinstance(record, dict) else ():
            if isinstance(value, dict):
                found |= {f"{name}.{inner}": None for inner, of in value.items() if not isinstance(of, dict | list)}
            if isinstance(value, list) and value and isinstance(value[0], dict) and "name" in value[0]:
                found[f"{name}[*].name"] = None
    return list(found)


def _looks_like_data(header: Sequence[str]) -> bool:
    """Whether a header holds what names of columns never are: an address, a phone number, a number, a date."""
    odd = re.compile(rf"{_EMAIL}|\+\d[\d ]{{6,}}|\d{{4,}}|\d{{1,4}}[-/.]\d\d?[-/.]\d\d.*")
    return any(odd.fullmatch(name.strip()) for name in header)


def _common(files: list[_File]) -> list[str]:
    """The columns that each of some files has; of JSON, whose records may lack a name, those that any has."""
    first, *others = files
    names = [name for name in first.columns if name and first.columns.count(name) == 1]
    for file in others:
        if first.form == "ndjson":
            names += [name for name in file.columns if name not in names]
        else:
            names = [name for name in names if name in file.columns]
    return names


def _table(connection: duckdb.DuckDBPyConnection, number: int, files: list[_File]) -> Table:
    first = files[0]
    encodings = {file.text.encoding for file in files}
    table = Table(
        connection,
        number,
        [file.plain_name for file in files],
        first.form,
        first.text.delimiter if first.form == "csv" else None,
        first.text.encoding if len(encodings) == 1 else None,
        first.sheet,
        first.records,
    )
    table.columns = [Column(name, position, table) for position, name in enumerate(_common(files))]
    listed = ", ".join(f"{column.sql} varchar" for column in table.columns)
    connection.execute(f"create or replace temp table {table.sql} ({listed or 'nothing varchar'})")
    left = LOOKED_AT
    for file in files:
        if left <= 0 or not table.columns:
            break
        text = file.text
        plain, text_of = plain_reader(
            connection, text.path, text.format, text.delimiter, (), DEFAULTS, skips_malformed=True
        )
        values = ", ".join(f"left({clean(text_of(column.name))}, {_KEPT})" for column in table.columns)
        connection.execute(f"insert into {table.sql} select {values} from {plain.relation} limit {left}")
        ((table.rows,),) = connection.execute(f"select count(*) from {table.sql}").fetchall()
        left = LOOKED_AT - table.rows
    if first.form == "ndjson":  # objects and lists of objects, whose inner values are columns of their own
        table.columns = [column for column in table.columns if column.share(r"(?s)[{].*|\[[{].*") < 0.5]
    return table


def _give_patterns(tables: Sequence[Table]) -> None:
    """Give each table patterns of names that no other table's files have; else their names."""
    every = {name for table in tables for name in table.names}
    for table in tables:
        found: dict[str, None] = {}
        for name in table.names:
            stem, dot, suffix = re.sub(r"([*?\[])", r"[\1]", name).partition(".")
            pattern = _NUMBERS.sub("*", stem) if _NUMBERS.search(stem) else f"{stem}*"
            held = {one for one in every if fnmatchcase(one.lower(), f"{pattern}{dot}{suffix}".lower())}
            found[f"{pattern if held <= set(table.names) else stem}{dot}{suffix}"] = None
        table.files = list(found)
