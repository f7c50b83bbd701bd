"""Values and names as DuckDB's SQL writes them.

Here: quoting, once. Not here: statements.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def sql_text(value: str | Path) -> str:
    """A value as a SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def sql_file(path: Path) -> str:
    """A file to be read, as a SQL string literal: characters in its name that are a pattern to DuckDB are escaped."""
    return sql_text(re.sub(r"([*?\[])", r"[\1]", str(path)))


def sql_files(paths: Iterable[Path]) -> str:
    """Files to be read one after the other, as a SQL list."""
    return f"[{', '.join(map(sql_file, paths))}]"


def sql_rows(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> str:
    """A query of rows: of each column its name and SQL type; values are text, numbers, truths, dates or None.

    DuckDB imports pandas when the first parameter of a process is bound, which takes longer than most statements.
    """
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    structure = json.dumps([dict.fromkeys(columns, "VARCHAR")])
    values = ", ".join(f"cast(record.{name} as {kind}) as {name}" for name, kind in columns.items())
    listed = f"from_json({sql_text(json.dumps(records, default=str))}, {sql_text(structure)})"
    return f"select {values} from (select unnest({listed}) as record)"


def sql_pattern(text: str) -> str:
    """A text in which ``*`` stands for any other, as ``like`` compares it with a text in small letters."""
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return text.replace("*", "%").lower()


def sql_name(name: str) -> str:
    """A name as a SQL identifier, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def first_line(error: Exception) -> str:
    """What an error says, without the statement that it is about."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
