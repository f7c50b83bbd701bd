"""A made-up warehouse source to try causerie with: two businesses, years of conversations, any volume.

``write_demo`` writes a drop in the export format and the configuration that reads it. Nothing here reads a drop,
and nothing here is used when real conversations are ingested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np

from demo_data.batches import batches
from demo_data.business import BUSINESSES, END_DAY, Business, configuration
from demo_data.files import FORMATS, Drop, Written
from demo_data.history import play

__all__ = ["DemoSummary", "write_demo"]

# Thirty years: WhatsApp has no older conversations, and the calendar stays well after 1970.
_MOST_DAYS = 10_957


@dataclass(frozen=True)
class DemoSummary:
    """What was written: the configuration, and how many batches and rows of each entity."""

    config: Path
    batches: int
    rows: Mapping[str, int]


def write_demo(
    out: Path,
    *,
    conversations: int,
    days: int,
    seed: int,
    file_format: str = "ndjson",
    progress: Callable[[str], None] | None = None,
) -> DemoSummary:
    """Write a drop of ``conversations`` made-up conversations over ``days`` days, and its ``causerie.toml``.

    ``out`` must be missing or empty. The covered range ends at a fixed day, so that the same arguments give the
    same bytes whenever they are used. ``file_format`` is ``ndjson``, ``csv`` (both compressed) or ``parquet``.
    """
    _check(out, conversations, days, seed, file_format)
    said = progress or (lambda _: None)
    out.mkdir(parents=True, exist_ok=True)
    first_day = END_DAY - timedelta(days=days)
    written: list[Written] = []
    count = 0
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = true")
        connection.execute("SET TimeZone = 'UTC'")
        for number, (business, size) in enumerate(_shares(conversations)):
            said(f"{business.source}: {size:,} conversations")
            drop = Drop(out / "drop" / business.account, business, file_format, connection)
            story, export = np.random.SeedSequence([seed, number]).spawn(2)
            rng = np.random.Generator(np.random.PCG64(story))
            history = play(business, rng, conversations=size, first_day=first_day)
            rng = np.random.Generator(np.random.PCG64(export))
            for batch in batches(history, rng, days, typed=file_format == "parquet"):
                written += drop.write(batch, said)
                count += 1
    config = out / "causerie.toml"
    config.write_text(configuration(BUSINESSES, first_day), encoding="utf-8")
    return DemoSummary(config, count, _rows(written))


def _check(out: Path, conversations: int, days: int, seed: int, file_format: str) -> None:
    if conversations < 1:
        raise ValueError(f"conversations must be at least 1, not {conversations}")
    if days < 1:
        raise ValueError(f"days must be at least 1, not {days}")
    if days > _MOST_DAYS:
        raise ValueError(f"days must be at most {_MOST_DAYS}, not {days}")
    if seed < 0:
        raise ValueError(f"seed must not be negative, but is {seed}")
    if file_format not in FORMATS:
        raise ValueError(f"unknown file format {file_format!r}: one of {', '.join(FORMATS)}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} exists and is not an empty folder: choose another one, or empty it")


def _shares(conversations: int) -> list[tuple[Business, int]]:
    """The conversations of each business; the first one takes what is left over."""
    others = [int(conversations * business.share) for business in BUSINESSES[1:]]
    return list(zip(BUSINESSES, [conversations - sum(others), *others], strict=True))


def _rows(written: list[Written]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for file in written:
        rows[file.entity] = rows.get(file.entity, 0) + file.rows
    return rows
