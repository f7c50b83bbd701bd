"""How files of another system become records of the export format: one mapping an entity, from the configuration.

Here: what a mapping may say, and what is wrong with one. Not here: the SQL of it (``parsing.mapped_reader``), how a
file of another form becomes text (``parsing.readable_files``), and the source that delivers the files
(``source_settings``).
The page on it is ``docs/your-own-files.md``.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestion import zones
from ingestion.export_format import ENTITIES, Column, ColumnType, Entity

EPOCHS = {"epoch": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
"""Names of formats that count from 1970, and the microseconds of one."""
EXCEL = "excel"
"""The name of the format that counts days since 1899-12-30, in local time."""
ISO = "iso"
"""ISO 8601, with an offset or, where a zone is given, without one."""
_CODES = re.compile(r"%(-[dmHIMS]|[aAbBdfgHIjmMnpSyYz%])")


def _compared(word: str) -> str:
    return unicodedata.normalize("NFC", word.strip()).lower()


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MappedColumn(_Section):
    """Where the values of one column come from: a column of the file, several that are joined, or a constant.

    ``values``: words of the file and what they mean here, compared without regard to case. ``missing``: words that
    stand for no value. ``format``, ``timezone``: how instants are written. ``separator``: what parts a list.
    """

    column: str | None = None
    columns: list[str] = []
    constant: str | None = None
    joined_by: str = " "
    values: dict[str, str] = {}
    missing: list[str] = []
    format: str | list[str] = ISO
    timezone: str | None = None
    separator: str = Field(default=";", min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> MappedColumn:
        if sum([self.column is not None, bool(self.columns), self.constant is not None]) != 1:
            raise ValueError("give one of 'column', 'columns' and 'constant'")
        if self.timezone is not None and self.timezone not in zones.names():
            raise ValueError(f"timezone: '{self.timezone}' is not a time zone; write it as 'Europe/Paris'")
        for one in self.formats:
            if one not in (ISO, EXCEL, *EPOCHS) and ("%" not in one or "%" in _CODES.sub("", one)):
                raise ValueError(
                    f"format: '{one}' is not understood; write it as '%d/%m/%Y %H:%M', or as one of"
                    f" {', '.join([ISO, EXCEL, *EPOCHS])}"
                )
            if "%I" in one and "%p" not in one:
                raise ValueError(f"format: '{one}' cannot tell morning from evening: '%I' needs '%p', or is '%H'")
        if "" in map(str.strip, self.values) or (self.constant is not None and not self.constant.strip()):
            raise ValueError("an empty text is a missing value, and means nothing else")
        meant: dict[str, str] = {}
        for word, to in self.values.items():
            if meant.setdefault(_compared(word), to) != to:
                raise ValueError(f"values: '{word}' stands there twice, because case does not count")
        local = [one for one in self.formats if one not in (ISO, *EPOCHS) and "%z" not in one]
        if local and self.timezone is None:
            raise ValueError(f"timezone: what '{local[0]}' reads is local time; say where")
        return self

    @property
    def names(self) -> list[str]:
        """The columns of the file that it needs."""
        return self.columns or ([self.column] if self.column is not None else [])

    @property
    def formats(self) -> list[str]:
        """The formats of its instants; a value is read by the first that fits."""
        return [self.format] if isinstance(self.format, str) else self.format


class MappedEntity(_Section):
    """Which files hold an entity, how they are written, and where each of its columns comes from.

    ``files``: patterns of names. ``records``: in JSON, the name of the list of records, with points between levels.
    ``needs``: columns of the file without which a row does not count for this entity. By default, these are the columns
    of the key, if an earlier entity is read from the same rows.
    """

    files: str | list[str]
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None
    records: str | None = None
    needs: list[str] | None = None
    columns: dict[str, MappedColumn] = {}

    @model_validator(mode="before")
    @classmethod
    def _columns_beside(cls, value: Any) -> Any:
        """A column may stand beside the other keys: ``status = { column = ... }``."""
        if not isinstance(value, Mapping) or not isinstance(value.get("columns", {}), Mapping):
            return value
        known = {name for entity in ENTITIES.values() for column in entity.columns for name in [column.name]}
        beside = {name: of for name, of in value.items() if name in known}
        if twice := sorted(beside.keys() & value.get("columns", {}).keys()):
            raise ValueError(f"'{twice[0]}' is mapped twice")
        others = {name: of for name, of in value.items() if name not in known}
        return {**others, "columns": {**value.get("columns", {}), **beside}}

    @model_validator(mode="after")
    def _encoding_is_known(self) -> MappedEntity:
        try:
            "".encode(self.encoding or "utf-8")
        except LookupError:
            raise ValueError(f"encoding: '{self.encoding}' is not known; write it as 'utf-16' or 'cp1252'") from None
        return self

    @property
    def patterns(self) -> list[str]:
        """The patterns of names of its files."""
        return [self.files] if isinstance(self.files, str) else self.files

    def holds(self, file_name: str) -> bool:
        """Whether a file of this name holds the entity."""
        return any(fnmatchcase(file_name.lower(), pattern.lower()) for pattern in self.patterns)


def spelled(mappings: Mapping[str, MappedEntity]) -> str:
    """Mappings as one text: it changes where a record could be read otherwise."""
    return json.dumps({entity: of.model_dump() for entity, of in mappings.items()}, sort_keys=True) if mappings else ""


def mistakes(entity: Entity, mapped: MappedEntity) -> str | None:
    """What is wrong with the mapping of an entity, in words."""
    known = {column.name: column for column in entity.columns}
    unknown = sorted(mapped.columns.keys() - known.keys())
    if unknown:
        return f"{entity.name} have no column '{unknown[0]}'; the columns are {', '.join(known)}"
    missing = [column.name for column in entity.columns if column.required and column.name not in mapped.columns]
    if missing:
        return f"{', '.join(missing)} must be mapped: {entity.name} cannot be read without"
    for name, of in mapped.columns.items():
        if wrong := _misplaced(known[name], of):
            return f"{name}: {wrong}"
    return None


def _misplaced(column: Column, of: MappedColumn) -> str | None:
    given = of.model_fields_set
    if column.type is not ColumnType.INSTANT and given & {"format", "timezone"}:
        return "'format' and 'timezone' are for instants"
    if column.type is not ColumnType.LIST and "separator" in given:
        return "'separator' is for lists"
    if column.type is not ColumnType.LIST and any("[*]" in name for name in of.names):
        return "'[*]' is for lists"
    if column.words and (wrong := set(of.values.values()) - {*column.words, ""}):
        return f"values: '{min(wrong)}' is not one of {', '.join(column.words)}"
    if column.words and of.constant is not None and of.constant.strip().lower() not in column.words:
        return f"constant: '{of.constant}' is not one of {', '.join(column.words)}"
    return None
