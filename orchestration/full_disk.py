"""A full disk, told as such: what a run meets then comes as many errors, from Python, DuckDB, SQLite and dbt.

Here: knowing one by its words, and the remedy. Not here: who shows it (``console``, ``commands``).
"""

from __future__ import annotations

from pathlib import Path

_WORDS = ("No space left on device", "Disk quota exceeded", "database or disk is full")


def full_disk(home: Path, told: str) -> str | None:
    """What is wrong and what to do, when errors tell of a full disk; None when they tell of something else."""
    if not any(words in told for words in _WORDS):
        return None
    return f"the disk of {home} is full: make room there and run again"
