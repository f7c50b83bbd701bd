"""Values and names as DuckDB's SQL writes them.

Here: quoting, once. Not here: statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def sql_text(value: str | Path) -> str:
    """A value as a SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def sql_file(path: Path) -> str:
    """A file to be read, as a SQL string literal: what is a pattern to DuckDB in its name is none here."""
    return sql_text(re.sub(r"([*?\[])", r"[\1]", str(path)))


def sql_files(paths: Iterable[Path]) -> str:
    """Files to be read one after the other, as a SQL list."""
    return f"[{', '.join(map(sql_file, paths))}]"


def sql_name(name: str) -> str:
    """A name as a SQL identifier, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def first_line(error: Exception) -> str:
    """What an error says, without the statement that it is about."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
