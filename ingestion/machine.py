"""Errors of the machine, as a full disk or too little memory: they never refuse a batch.

Here: recognizing such an error by its type, or by its words where another process or library reports it, and the
remedy. Not here: what is refused (``ingest``), and what a delivered file may do (``delivered``).

Delivered files are copied into the home before they are read. So any error of the operating system there is the
machine's.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from ingestion.sql import first_line

_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "database or disk is full", "failed to offload")
_MEMORY = (os.strerror(errno.ENOMEM), "Out of Memory Error", "MemoryError")
_FILES = (os.strerror(errno.EMFILE), os.strerror(errno.ENFILE))
_OTHERS = tuple(os.strerror(number) for number in (errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM))


def is_at_fault(error: Exception) -> bool:
    """Whether an error is the machine's, and not of what was delivered."""
    from concurrent.futures import BrokenExecutor  # a command that only reports a full disk needs neither

    import duckdb

    if isinstance(error, OSError):
        return error.errno is not None  # without a number it is gzip's error about a broken file
    if isinstance(error, MemoryError | sqlite3.Error | BrokenExecutor):  # the last: a process was killed
        return True
    return isinstance(error, duckdb.Error) and any(word in str(error) for word in (*_FULL, *_MEMORY, *_FILES, *_OTHERS))


def full_disk(home: Path, words: str) -> str | None:
    """What is wrong and what to do, when errors report a full disk; otherwise None."""
    if not any(full in words for full in _FULL):
        return None
    return f"the disk of {home} is full: make room there and run again"


def remedy(home: Path, error: Exception) -> str:
    """What is wrong and what to do, of an error that is the machine's."""
    words = str(error) if str(error) else type(error).__name__
    disk = full_disk(home, words)
    if disk is not None:
        return disk
    if any(short in words for short in (*_MEMORY, "terminated abruptly")) or isinstance(error, MemoryError):
        return "there was not enough memory: free some, or lower '[resources] memory_limit', and run again"
    if any(word in words for word in _FILES):
        return "too many files are open: raise the limit ('ulimit -n') and run again"
    return f"{first_line(error)}: the machine is at fault; repair it and run again"


def described(error: Exception) -> str:
    """An error in one line, with its type."""
    return f"{type(error).__name__}: {first_line(error)}" if str(error) else type(error).__name__
