"""Which troubles each channel has been told of: one small file of the home.

Here: the file, and the lock that one process at a time tells under. Not here: who is told (``tell``). A file that
cannot be understood counts as empty: what is open is told again, rather than never.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestration.home import Home, make_readable_folder
from orchestration.troubles import Trouble

_PATIENCE = 25.0
"""Seconds to wait for another process that tells. It needs no more (``channels``), and Dagster gives a tick sixty."""


@dataclass(frozen=True)
class Memory:
    """``told``: by channel and key, the troubles that it was told of, and not yet that they are over.

    ``judged_at``: when the state was looked at of which somebody was told last.
    """

    judged_at: datetime | None = None
    told: dict[str, dict[str, Trouble]] = field(default_factory=dict)


@contextmanager
def locked(home: Home, patience: float = _PATIENCE) -> Iterator[None]:
    """Tell alone: a tick, a run and a command may want to at the same time.

    Raises:
        TimeoutError: another process has not finished in time.
        OSError: the lock cannot be made.
    """
    make_readable_folder(home.path)
    home.alerts_lock.touch(0o600)
    end = time.monotonic() + patience
    with home.alerts_lock.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TimeoutError(f"another process has been telling for {patience:g} seconds") from None
                time.sleep(0.05)
        yield


def read(home: Home) -> Memory:
    """What the file says; nothing without one."""
    try:
        content = json.loads(home.alerts.read_bytes())
        return Memory(
            _instant(content["judged_at"]),
            {
                channel: {
                    key: Trouble(key, each["kind"], each["subject"], (), "", _instant(each["since"]))
                    for key, each in told.items()
                }
                for channel, told in content["told"].items()
            },
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return Memory()


def write(home: Home, memory: Memory) -> None:
    """Store it in place of what was there, for the eyes of its user alone.

    Raises:
        OSError: it cannot be stored.
    """
    content = json.dumps({"judged_at": _written(memory.judged_at), "told": _plain(memory)}, indent=1).encode()
    fresh = home.alerts.with_name(f".{home.alerts.name}")
    try:
        fresh.touch(0o600)
        fresh.write_bytes(content)
        fresh.replace(home.alerts)
    except OSError:
        if not home.alerts.is_file():
            raise
        with home.alerts.open("r+b") as file:  # of a full disk the file has its room already; else all is told again
            file.write(content)
            file.truncate()


def _plain(memory: Memory) -> dict[str, Any]:
    return {
        channel: {
            key: {"kind": trouble.kind, "subject": trouble.subject, "since": _written(trouble.since)}
            for key, trouble in told.items()
        }
        for channel, told in memory.told.items()
    }


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _written(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
