"""Whose fault an error is: a full disk, too little memory and the like are the machine's, never a delivery's.

Here: knowing such an error by its type, or by its words where another process or library says it, and what to do. Not
here: what is refused (``ingest``), and what a delivered file may do (``delivered``).

What was delivered is copied into our own home before it is read. So any error of the operating system there is the
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
    """Whether an error is the machine's."""
    import duckdb  # not needed to know that a command found the disk full

    if isinstance(error, OSError):
        return error.errno is not None  # else it is what gzip says of a broken file
    if isinstance(error, MemoryError | sqlite3.Error):
        return True
    return isinstance(error, duckdb.Error) and any(word in str(error) for word in (*_FULL, *_MEMORY, *_FILES, *_OTHERS))


def full_disk(home: Path, words: str) -> str | None:
    """What is wrong and what to do, when errors speak of a full disk; None when they speak of something else."""
    if not any(full in words for full in _FULL):
        return None
    return f"the disk of {home} is full: make room there and run again"


def remedy(home: Path, error: Exception) -> str:
    """What is wrong and what to do, of an error that is the machine's."""
    words = str(error) if str(error) else type(error).__name__
    disk = full_disk(home, words)
    if disk is not None:
        return disk
    if any(short in words for short in _MEMORY) or isinstance(error, MemoryError):
        return "memory ran short: free some, or set '[resources] memory_limit' to what there is, and run again"
    if any(word in words for word in _FILES):
        return "too many files are open: raise the limit ('ulimit -n') and run again"
    return f"{first_line(error)}: this is the machine's fault, mend it and run again"


def described(error: Exception) -> str:
    """An error in a line, with its kind where its words need that."""
    return f"{type(error).__name__}: {first_line(error)}" if str(error) else type(error).__name__
