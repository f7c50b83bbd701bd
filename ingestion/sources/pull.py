"""A reading of a live system before it becomes a batch: records as they came, in files that survive a killed run.

Data flow: records -> ``<landing>/<source>/.pull/<entity>-0001.ndjson.gz`` -> ``<landing>/<source>/<batch>/``, by one
rename. A reading that was killed is continued from its last checkpoint. Not here: what is asked of a system, and in
which order (the module of each kind).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion.storage.landing import MANIFEST, fsync_folder, sha256_of, write_durably

Progress = Callable[[str], None]
ROWS_MAY_BE_MISSING = (
    "a list changed so much while it was read that rows may be missing: what was read is ingested, and nothing counts"
    " as deleted by this reading"
)
_FOLDER = ".pull"
_STATE = "state.sqlite"
_SECONDS_BETWEEN_CHECKPOINTS = 5
_STALE = timedelta(hours=24)
"""A reading that was interrupted longer ago is not continued: too much has changed since."""
_LEVEL = 1
_CHUNK = 1 << 20
_SCHEMA = """
create table if not exists files (name text primary key, bytes integer not null, rows integer not null) strict;
create table if not exists seen (kind text, id text, mark text, primary key (kind, id)) strict, without rowid;
create table if not exists facts (name text primary key, value text not null) strict;
"""


class Pull:
    """One reading. Use as a context manager. :meth:`commit` makes it a batch; without it, a later run may continue it.

    ``folder``: where its files are until then. ``warnings``: for the operator, at the end. ``facts``: what the
    connector needs again when the reading is continued, kept at checkpoints. Before the first checkpoint there is
    nothing to continue.
    """

    def __init__(self, folder: Path, identity: str, now: datetime) -> None:
        """Begin a reading into the landing folder of a source, or continue one of the same ``identity``."""
        self._landing = folder
        self.folder = folder / _FOLDER
        if self.folder.is_dir() and not self._is_of(identity, now):
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._state = sqlite3.connect(self.folder / _STATE, check_same_thread=False)
        self._state.execute("pragma synchronous = full")
        self._state.executescript(_SCHEMA)
        self.facts: dict[str, Any] = {
            name: json.loads(value) for name, value in self._state.execute("select name, value from facts")
        }
        self.warnings: list[str] = []
        self.is_resumed = "started_at" in self.facts
        self._started_at = now
        self.facts["identity"] = identity
        self._files: dict[str, gzip.GzipFile] = {}
        self._rows: dict[str, int] = {}
        self._lock = threading.Lock()
        self._kept_at = time.monotonic()
        self._cut_back()

    def _is_of(self, identity: str, now: datetime) -> bool:
        try:
            with sqlite3.connect(self.folder / _STATE) as state:
                facts = {name: json.loads(value) for name, value in state.execute("select name, value from facts")}
            state.close()
            started_at = datetime.fromisoformat(facts["started_at"])
            return bool(facts["identity"] == identity and timedelta(0) <= now - started_at <= _STALE)
        except (sqlite3.Error, KeyError, ValueError, TypeError):
            return False

    def _cut_back(self) -> None:
        """Remove from the files what was written after the last checkpoint."""
        listed = {name: (size, rows) for name, size, rows in self._state.execute("select name, bytes, rows from files")}
        for path in self.folder.iterdir():
            if path.name.startswith(_STATE):
                continue
            if path.name not in listed:
                path.unlink()
                continue
            size, self._rows[path.name] = listed[path.name]
            os.truncate(path, size)

    def __enter__(self) -> Pull:
        return self

    def __exit__(self, *_: object) -> None:
        self._state.close()
        with self._lock:  # threads of a reading that ends early may still be writing
            for file in self._files.values():
                file.close()
            self._files.clear()

    @property
    def started_at(self) -> datetime:
        """When the first request that succeeded was sent, also of a reading that is continued."""
        return datetime.fromisoformat(self.facts["started_at"]) if "started_at" in self.facts else self._started_at

    def begin(self, at: datetime) -> None:
        """Note when the first request that succeeded was sent."""
        self._started_at = at

    def rows(self, entity: str) -> int:
        """How many records of an entity it has."""
        return self._rows.get(_name(entity), 0)

    def write(self, entity: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Add records as they came. Several threads may do so at the same time."""
        self.write_lines(entity, [as_line(record) for record in records])

    def write_lines(self, entity: str, lines: Iterable[bytes]) -> None:
        """Add records as bytes without their line ends."""
        name = _name(entity)
        with self._lock:
            for line in lines:
                if name not in self._files:
                    self._files[name] = gzip.open(self.folder / name, "ab", _LEVEL)  # noqa: SIM115 closed at checkpoints
                self._files[name].write(line + b"\n")
                self._rows[name] = self._rows.get(name, 0) + 1

    def keep_file(self, name: str, rows: int) -> None:
        """Make a file in :attr:`folder` a part of the batch."""
        self._rows[name] = rows

    def is_seen(self, entity: str, key: str, mark: str) -> bool:
        """Whether this reading has seen a record in the state that ``mark`` stands for."""
        found = self._state.execute("select mark from seen where kind = ? and id = ?", (entity, key)).fetchone()
        return found is not None and found[0] == mark

    def see(self, entity: str, key: str, mark: str) -> None:
        """Note that this reading holds a record in the state ``mark``; kept at the next checkpoint."""
        self._state.execute("insert or replace into seen values (?, ?, ?)", (entity, key, mark))

    def write_unseen(self, entity: str, records: Iterable[object]) -> None:
        """Add those records of a page, which may be read again, that this reading does not hold in this state yet."""
        for record in records:
            line = as_line(record)
            mark = hashlib.sha256(line).hexdigest()[:32]
            key = str(record.get("id")) if isinstance(record, Mapping) else mark
            if not self.is_seen(entity, key, mark):
                self.write_lines(entity, [line])
                self.see(entity, key, mark)

    def seen(self, entity: str) -> int:
        """How many records of an entity it has seen."""
        return int(self._state.execute("select count(*) from seen where kind = ?", (entity,)).fetchone()[0])

    def checkpoint(self, at_once: bool = False) -> None:
        """Sync what was written so far to the disk, if that is due; no thread may be writing meanwhile."""
        if not at_once and time.monotonic() - self._kept_at < _SECONDS_BETWEEN_CHECKPOINTS:
            return
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()
            for name in self._rows:
                with (self.folder / name).open("rb") as kept:
                    os.fsync(kept.fileno())
            fsync_folder(self.folder)
            self._state.executemany(
                "insert or replace into files values (?, ?, ?)",
                [(name, (self.folder / name).stat().st_size, rows) for name, rows in self._rows.items()],
            )
            self.facts.setdefault("started_at", self.started_at.isoformat())
            self._state.executemany(
                "insert or replace into facts values (?, ?)",
                [(name, json.dumps(value)) for name, value in self.facts.items()],
            )
            self._state.commit()
        self._kept_at = time.monotonic()

    def commit(self, batch: str, finished_at: datetime, cursor: Mapping[str, Any]) -> None:
        """Make it the batch ``batch`` of its source, with the cursor from which the next reading continues."""
        self.checkpoint(at_once=True)
        self._state.close()
        manifest = {
            "extracted_at": self.started_at.isoformat(),
            "finished_at": finished_at.isoformat(),
            "files": {
                name: {"rows": rows, "sha256": sha256_of(self.folder / name)}
                for name, rows in sorted(self._rows.items())
            },
            "cursor": dict(cursor),
        }
        half = self.folder / f".{MANIFEST}"
        write_durably(half, json.dumps(manifest, indent=1).encode())
        half.rename(self.folder / MANIFEST)
        fsync_folder(self.folder)
        put_in_place(self._landing, batch)


def missing_rows(entity: str, listed: int, shown: int) -> str:
    """A warning about a list that shows fewer records than it says it has."""
    return (
        f"the list of {entity} says that it has {listed:,}, but shows only {shown:,}, also when it is read again: the"
        " others are missing; check whether the token may read all of them"
    )


def discard(folder: Path) -> None:
    """Remove a reading that was interrupted."""
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)


def put_in_place(folder: Path, batch: str) -> bool:
    """Give a complete reading its name, replacing the batch of that name; False when there is no complete reading.

    A run also does this first, for a reading whose run was killed just before.
    """
    whole, target, old = folder / _FOLDER, folder / batch, folder / f".old-{batch}"
    if not (whole / MANIFEST).is_file():
        return False
    for left in whole.glob(f"{_STATE}*"):
        left.unlink()
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    whole.rename(target)
    fsync_folder(folder)
    shutil.rmtree(old, ignore_errors=True)
    return True


def next_name(now: datetime, names: Iterable[str]) -> str:
    """A name for a batch from the time. It sorts behind all others, also when the clock was set back."""
    latest = max(names, default="")
    while (name := now.strftime("%Y-%m-%dT%H%M%SZ")) <= latest:
        try:
            after = datetime.strptime(latest[:18], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=now.tzinfo)
        except ValueError:
            return f"{latest}+"
        now = max(now, after) + timedelta(seconds=1)
    return name


def as_line(record: object) -> bytes:
    """A record as a line of NDJSON."""
    try:
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a pair of surrogates is kept as the escape in which it came
        return json.dumps(record, separators=(",", ":")).encode()


def _name(entity: str) -> str:
    return f"{entity}-0001.ndjson.gz"
