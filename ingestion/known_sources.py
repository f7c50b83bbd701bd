"""Whether the configured sources are there, and are those that the home knows by their names.

Here: mistakes in the configuration that only folders and earlier batches show. Not here: what a configuration may say
(``settings``), and whether a system can be reached (``sources.checks``).
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from ingestion.landing import BatchError, read_manifest
from ingestion.ledger import LEDGER, Ledger
from ingestion.native import EXPORT
from ingestion.settings import ExportSource, MetaWebhooksSource, Settings


def missing_sources(settings: Settings) -> list[str]:
    """Sources whose folder is not there and that never delivered: a mistake in the configuration, in words."""
    return [
        f"sources[{index}].path: {source.path} is not there; create the folder or correct the path"
        for index, source in enumerate(settings.sources)
        if isinstance(source, ExportSource | MetaWebhooksSource)
        and not source.path.is_dir()
        and not (settings.home / "landing" / source.name).is_dir()
    ]


def _kind_of(batch: Path) -> str:
    """The kind of source that a landed batch came from: the cursor of a live one tells it.

    Raises:
        BatchError: its manifest cannot be read.
    """
    cursor = read_manifest(batch)[0].cursor
    return EXPORT if cursor is None else str(cursor.get("of", "")).partition(" ")[0]


def changed_kinds(settings: Settings) -> list[str]:
    """Sources whose accepted batches are of another kind: a mistake in the configuration, in words."""
    if not (settings.home / LEDGER).is_file():
        return []
    changed = []
    # what cannot be read here is for the intake to tell
    with suppress(sqlite3.Error), Ledger(settings.home / LEDGER, read_only=True) as ledger:
        for index, source in enumerate(settings.sources):
            last, before = max(ledger.accepted(source.name), default=None), ""
            if last:
                with suppress(BatchError):
                    before = _kind_of(settings.home / "landing" / source.name / last)
            if before not in ("", source.kind):
                changed.append(
                    f"sources[{index}].kind: '{source.name}' was read as '{before}' before; give what is another"
                    " system another name"
                )
    return changed
