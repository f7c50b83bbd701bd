"""Mistakes of a configuration that show only in the folders and in the ledger.

Here: missing folders, sources of another kind than before. Not here: the file itself (``settings``).
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from ingestion.settings import Settings
from ingestion.source_kinds import EXPORT
from ingestion.source_settings import FolderSource
from ingestion.storage.ledger import LEDGER, Ledger
from ingestion.storage.manifests import BatchError, read_live_manifest


def missing_sources(settings: Settings) -> list[str]:
    """Sources whose folder does not exist and that never delivered anything, in words."""
    return [
        f"sources[{index}].path: {source.path} does not exist; create the folder or correct the path"
        for index, source in enumerate(settings.sources)
        if isinstance(source, FolderSource)
        and not source.path.is_dir()
        and not (settings.home / "landing" / source.name).is_dir()
    ]


def changed_kinds(settings: Settings) -> list[str]:
    """Sources whose accepted batches are of another kind, in words."""
    if not (settings.home / LEDGER).is_file():
        return []
    changed = []
    # a ledger that cannot be read is reported when the run ingests
    with suppress(sqlite3.Error), Ledger(settings.home / LEDGER, read_only=True) as ledger:
        for index, source in enumerate(settings.sources):
            before = _kind_before(ledger, settings.home / "landing" / source.name)
            if before not in (None, source.kind):
                changed.append(
                    f"sources[{index}].kind: '{source.name}' was read as '{before}' before; give the new system"
                    " another name"
                )
    return changed


def _kind_before(ledger: Ledger, landing: Path) -> str | None:
    """The kind of system that the accepted batches of a source came from; None without any.

    The ledger says it; where an older version wrote the ledger, the manifest of the last batch does.
    """
    accepted = ledger.accepted(landing.name)
    kind = ledger.kind(landing.name)
    if not accepted or kind is not None:
        return kind if accepted else None
    with suppress(BatchError):
        cursor = read_live_manifest(landing / max(accepted)).cursor
        return EXPORT if cursor is None else str(cursor.get("of", "")).partition(" ")[0]
    return None
