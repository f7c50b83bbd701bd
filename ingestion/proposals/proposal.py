"""The proposal of a mapping for a folder, from its files to the text.

Here: the order of the steps. Not here: any of them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ingestion.parsing.parser import connect
from ingestion.proposals.guesses import propose
from ingestion.proposals.tables import tables_of
from ingestion.proposals.written import is_complete, source_name, written


def proposal(
    folder: Path, name: str | None = None, account: str = "my_account", timezone: str | None = None
) -> tuple[str, bool]:
    """A section of ``[[sources]]`` for the files of a folder, and whether it is complete.

    ``timezone``: of local times; UTC, marked as unsure, where it is not given.
    """
    with tempfile.TemporaryDirectory(prefix="causerie-map-") as scratch, connect() as connection:
        tables, lines = tables_of(connection, folder, Path(scratch))
        held = propose(tables, timezone)
        text = written(held, tables, lines, folder, name or source_name(folder), account)
        return "\n".join(text) + "\n", is_complete(held)
