"""A proposal as TOML, with how sure each line is in a comment at its end.

Here: spelling. Not here: the guesses (``guesses``). No value of a person is written: words of enumerations and names of
columns are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ingestion.export_format import ENTITIES
from ingestion.proposals.guesses import SURE, Guess, Held, unmapped
from ingestion.proposals.tables import LOOKED_AT, Table
from ingestion.shown import shortened, visible

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def source_name(folder: Path) -> str:
    """The name of a source by that of its folder."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", folder.resolve().name).strip("_-") or "files"


def is_complete(held: Sequence[Held]) -> bool:
    """Whether conversations were found, and of every entity all that is required."""
    return any(one.entity.name == "conversations" for one in held) and not any(one.absent for one in held)


def written(
    held: Sequence[Held], tables: Sequence[Table], lines: Sequence[str], folder: Path, name: str, account: str
) -> Iterator[str]:
    """The lines of a section of ``[[sources]]``. ``lines``: what else is to be said of the folder."""
    yield "# A proposal, to be put below [[accounts]] of causerie.toml. Correct what is unsure or wrong; then:"
    yield f"# causerie check {name}"
    yield from (f"# {line}" for line in lines)
    for preset, of in dict.fromkeys((one.preset, ", ".join(one.table.names)) for one in held if one.preset):
        yield f"# {visible(of)}: {preset}"
    if not any(not one.absent for one in held):
        yield "# Nothing was found that can be read."
    is_local = any("timezone" in guess.options for one in held for guess in one.guesses.values())
    mark = "" if any(not one.absent for one in held) else "# "
    yield f"{mark}[[sources]]"
    yield f"{mark}name = {_toml(name)}"
    yield f'{mark}kind = "files"'
    yield f"{mark}account = {_toml(account)}  # the id of one of your [[accounts]]"
    yield f"{mark}path = {_toml(str(folder))}"
    if is_local:
        yield "# timezone: the zone in which the system that wrote the files writes local times"
    for one in held:
        yield ""
        yield from _entity(one)
    yield ""
    for entity in ("conversations", "messages"):
        if not any(one.entity.name == entity for one in held):
            yield f"# No file seems to hold {entity}."
    for table in tables:
        if table.rows == LOOKED_AT:
            yield f"# {_names(table)}: the first {LOOKED_AT:,} records were looked at."
        if not any(one.table is table for one in held):
            yield f"# {_names(table)}: nothing is read of it; its columns are {_columns(table.columns)}"
        elif left := unmapped(table, held):
            yield f"# {_names(table)}: nothing maps {_columns(left)}"


def _entity(held: Held) -> Iterator[str]:
    mark = "# " if held.absent else ""
    table = held.table
    if held.absent:
        yield f"# {held.entity.name} cannot be read without {', '.join(held.absent)}: add it, or leave this out"
    yield f"{mark}[sources.{held.entity.name}]"
    yield f"{mark}files = {_toml(table.files[0] if len(table.files) == 1 else table.files)}  # {table.rows:,} records"
    forms: dict[str, Any] = {
        "encoding": table.encoding,
        "delimiter": table.delimiter if table.delimiter != "," else None,
        "sheet": table.sheet,
        "records": table.records,
        "needs": [column.name for column in held.needs] if held.needs else None,
    }
    for key, value in forms.items():
        if value is not None:
            guessed = key == "encoding" and value == "cp1252"
            yield f"{mark}{key} = {_toml(value)}  # {'likely: the file is not UTF-8' if guessed else SURE}"
    for column in ENTITIES[held.entity.name].columns:
        guess = held.guesses.get(column.name)
        if guess is not None:
            yield f"{mark}{column.name} = {_mapped(guess)}  # {_sureness(guess)}"
            if guess.unknown:
                words = ", ".join(f"'{visible(word)}' ({count:,})" for word, count in guess.unknown.items())
                yield f"# words of {column.name} that nothing is known of: {words}"
        elif column.required:
            yield f"# {column.name} = ...  # missing: nothing was found for it"


def _mapped(guess: Guess) -> str:
    names = [column.name for column in guess.columns]
    if not guess.options and len(names) == 1:
        return _toml(names[0])
    where: dict[str, object] = {"column": names[0]} if len(names) == 1 else {"columns": names}
    return _toml({**where, **guess.options})


def _sureness(guess: Guess) -> str:
    return guess.level + (f": {'; '.join(map(visible, dict.fromkeys(guess.why)))}" if guess.why else "")


def _names(table: Table) -> str:
    names = ", ".join(visible(name) for name in table.names[:3]) + (", …" if len(table.names) > 3 else "")
    inside = table.sheet or table.records
    return f"{names} ({visible(inside)})" if inside else names


def _columns(columns: Sequence[Any]) -> str:
    return ", ".join(f"'{visible(shortened(column.name))}'" for column in columns) or "none"


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{name if _BARE.fullmatch(name) else _toml(name)} = {_toml(of)}" for name, of in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    text = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in text)
