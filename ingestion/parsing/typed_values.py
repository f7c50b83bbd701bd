"""SQL of typed records: what a reader gives, combined with the rules.

Here: the statement's parts. Not here: reading (``readers``), types and reasons (``rules``), and running it
(``parser``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingestion.export_format import Entity
from ingestion.parsing.readers import Reader
from ingestion.parsing.rules import Limits, believed, is_unbelieved, reasons, suspicious, typed

_FEW_FILES = 8


@dataclass(frozen=True)
class Typing:
    """SQL of the values that a reader gives, in their types, and of the reasons against them."""

    reader: Reader
    raw: tuple[str, ...]
    values: tuple[str, ...]
    kept: tuple[str, ...]
    zeros: tuple[str, ...]
    is_suspicious: str
    is_unsure: str
    against: str

    def relation(self, file_number: str, also: str = "false") -> str:
        """CTEs, the last of which is ``typed_values``. ``also``: one more test of the columns as they are read."""
        return f"""raw_values as (
                    select {", ".join(self.raw)}, {self.reader.malformed} as is_malformed,
                        {file_number} as file_number, {also} as also
                    from {self.reader.relation}
                ),
                typed_values as (select *, {", ".join(self.values)} from raw_values)"""


def typing_of(reader: Reader, entity: Entity, limits: Limits) -> Typing:
    """The SQL that types the values of an entity that a reader gives, and compares them with limits."""
    columns = [(column, reader.values[column.name]) for column in entity.columns]
    return Typing(
        reader,
        tuple(f"{value.raw} as raw_{column.name}, {value.wrong} as wrong_{column.name}" for column, value in columns),
        tuple(f"{typed(column, value)} as {column.name}" for column, value in columns),
        tuple(believed(column, limits) for column in entity.columns),
        tuple(is_unbelieved(column, limits) for column in entity.columns if column.may_be_zero),
        _any_of(test for column, value in columns for test in suspicious(column, value, limits)),
        _any_of([reader.unsure, *(value.unsure for _, value in columns)]),
        ", ".join(reason for column, _ in columns for reason in reasons(column, entity, limits)),
    )


def _any_of(tests: Iterable[str]) -> str:
    return f"({' or '.join(f'({test})' for test in tests)})"


def by_file(values: Sequence[str]) -> str:
    """SQL of a value that depends on the file of a record: for a few files a case takes less time than a list."""
    if len(set(values)) == 1:
        return values[0]
    if len(values) > _FEW_FILES:
        return f"([{', '.join(values)}])[file_number]"
    return f"case file_number {' '.join(f'when {number} then {value}' for number, value in enumerate(values, 1))} end"
