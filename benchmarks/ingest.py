"""Item `ingest`: landing, parsing and judging a batch, beside a bare DuckDB read of the same files.

Here: the same records in each format, and both ways of reading them, each in a process of its own. Not here: the
rest of a run (``whole``).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.drops import Given, demo, drops_of
from benchmarks.measuring import measure, size_of
from benchmarks.page import Report, at_most, table
from benchmarks.rows import COLUMNS, records, text, write_manifest

TIMES = 1.5
FORMATS = {
    "ndjson": "format json",
    "ndjson.gz": "format json, compression gzip",
    "csv": "format csv, header",
    "csv.gz": "format csv, header, compression gzip",
    "parquet": "format parquet",
}
ROWS_PER_FILE = 500_000
WAYS = ("ingest", "bare", "read", "rewrite")
_CONFIG = """home = "home"

[[accounts]]
id = "bench"
timezone = "Europe/Paris"

[[sources]]
name = "bench"
kind = "export"
account = "bench"
path = {path}

[quality] # messages alone have no conversations
orphan_share = 1.0

[resources]
threads = {threads}
"""


@dataclass(frozen=True)
class Sample:
    """One reading: seconds and processor seconds, without start-up; ``landing``: of these seconds, to land."""

    seconds: float
    cpu: float
    landing: float = 0.0


def ingest(given: Given, work: Path, conversations: int, repeat: int, threads: int, formats: Sequence[str]) -> Report:
    """Measure every format, of the messages alone and of all entities.

    Raises:
        CommandError: a batch could not be ingested, or not all of it.
    """
    report = Report("ingest", "Ingesting, by format")
    report.blocks.append(
        f"The records of one source of a demo of {conversations:,} conversations, all good, in files of"
        f" {ROWS_PER_FILE:,} rows. *Ingest* is `ingestion.ingest.ingest_sources` on a new home: hashing, landing,"
        " parsing, judging, typed Parquet, ledger; *land* is what comes before: to hash the files, copy"
        " them and have the disk keep them, which no bare read does. *Bare* is `create temp table … as select * from"
        " read_json(files)` (`read_csv`, `read_parquet`) of each entity, all options default, in memory: reading and"
        " storing. *Read* is the same reading with every column counted and nothing stored; *rewrite* the same reading"
        " into a Parquet file of each entity, as raw has to keep them, and nothing else. The limit is asked of"
        " all of it, `/ bare`; `without land / bare` is what is done with the records."
        f" {threads} thread(s) each, every sample a process of its own, start-up not counted, in turn, medians of"
        f" {repeat}."
    )
    rows: list[list[object]] = []
    for name, entities in (("messages", ("messages",)), ("all entities", tuple(COLUMNS))):
        for file_format in formats:
            print(f"{name}, {file_format}", flush=True)
            shutil.rmtree(work / "ingest", ignore_errors=True)
            (work / "ingest").mkdir()
            count = _write(demo(given, work, conversations), work / "ingest" / "drop" / "b1", file_format, entities)
            megabytes = size_of(work / "ingest" / "drop") / 1e6
            found: dict[str, list[Sample]] = {}
            for _ in range(repeat):
                for way in WAYS:
                    found.setdefault(way, []).append(_sample(work / "ingest", way, threads, count))
            seconds = {way: statistics.median(each.seconds for each in samples) for way, samples in found.items()}
            cpu = {way: statistics.median(each.cpu for each in samples) for way, samples in found.items()}
            whole, landing = seconds["ingest"], statistics.median(each.landing for each in found["ingest"])
            rows.append(
                [
                    *(name, file_format, f"{count:,}", f"{megabytes:,.1f}"),
                    *(f"{whole:.2f}", f"{landing:.2f}"),
                    *(f"{seconds[way]:.2f}" for way in WAYS[1:]),
                    *(f"{count / whole:,.0f}", f"{megabytes / whole:,.1f}"),
                    f"{(whole - landing) / seconds['bare']:.2f}",
                    *(f"{whole / seconds['bare']:.2f}", f"{whole / seconds['read']:.2f}"),
                    f"{whole / seconds['rewrite']:.2f}",
                    f"{cpu['ingest'] / cpu['bare']:.2f}",
                ]
            )
            report.limits.append(
                at_most(
                    f"{name}, {file_format}: ingesting over a bare read",
                    whole / seconds["bare"],
                    TIMES,
                    f"python benchmarks/bench.py ingest --conversations {conversations} --formats {file_format}",
                )
            )
    shutil.rmtree(work / "ingest", ignore_errors=True)
    headers = ["records", "format", "rows", "MB", "ingest s", "land s", "bare s", "read s", "rewrite s", "rows/s"]
    ratios = ["without land / bare", "/ bare", "/ read", "/ rewrite", "cpu / bare"]
    report.blocks.append(table([*headers, "MB/s", *ratios], rows))
    return report


def _write(config: Path, batch: Path, file_format: str, entities: Sequence[str]) -> int:
    """Write one batch with the good records of the first source's first batch; gives how many they are."""
    first = min(path.parent for path in next(iter(drops_of(config).values())).glob("*/manifest.json"))
    batch.mkdir(parents=True)
    rows = {}
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set temp_directory = {text(batch.parent.parent / 'spill')}")
        for entity in entities:
            key, *_ = columns = COLUMNS[entity].split()
            values = ", ".join(_spelled(name, file_format) for name in columns)
            files = sorted(path for path in first.iterdir() if path.name.startswith(entity))
            required = " and ".join(f"{name} is not null" for name in columns if name == key or name in _REQUIRED)
            connection.execute(
                f"create or replace temp table chosen as select {values} from ({records(files, entity)})"
                f" where {required}"
            )
            total = connection.execute("select count(*) from chosen").fetchall()[0][0]
            for number in range(-(-total // ROWS_PER_FILE)):
                name = f"{entity}-{number + 1:04d}.{file_format}"
                part = f"select * from chosen limit {ROWS_PER_FILE} offset {number * ROWS_PER_FILE}"
                connection.execute(f"copy ({part}) to {text(batch / name)} ({FORMATS[file_format]})")
                rows[name] = min(ROWS_PER_FILE, total - number * ROWS_PER_FILE)
    write_manifest(batch, rows, json.loads((first / "manifest.json").read_bytes())["extracted_at"])
    return sum(rows.values())


_REQUIRED = ("conversation_id", "started_at", "sent_at", "direction", "occurred_at")


def _spelled(column: str, file_format: str) -> str:
    if column.endswith("_at") and file_format != "parquet":
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%SZ') as {column}"
    if column == "tags" and file_format.startswith("csv"):
        return "array_to_string(tags, ';') as tags"
    return column


def _sample(folder: Path, way: str, threads: int, count: int) -> Sample:
    """One reading in a new process."""
    shutil.rmtree(folder / "home", ignore_errors=True)
    os.sync()  # or the disk would still be at work on the sample before
    drop = json.dumps(str(folder / "drop"), ensure_ascii=False)
    (folder / "causerie.toml").write_text(_CONFIG.format(path=drop, threads=threads), encoding="utf-8")
    code = f"from benchmarks import ingest; ingest.sample({str(folder)!r}, {way!r}, {threads}, {count})"
    output = measure([sys.executable, "-c", code], folder).output
    return Sample(**json.loads(output.splitlines()[-1]))


def sample(folder: str, way: str, threads: int, count: int) -> None:
    """Read once and print the sample as JSON: the process that :func:`ingest` starts.

    Raises:
        ValueError: less or more was ingested than the ``count`` records that are there, or some were quarantined.
    """
    landing = 0.0
    if way == "ingest":
        from ingestion.ingest import ingest_sources
        from ingestion.settings import load_settings
        from ingestion.sources import export

        land_together = export.land_together  # type: ignore[attr-defined]

        def timed(*arguments: Any) -> Any:
            nonlocal landing
            started = time.monotonic()
            try:
                return land_together(*arguments)
            finally:
                landing += time.monotonic() - started

        export.land_together = timed  # type: ignore[attr-defined, assignment]
        settings = load_settings(Path(folder) / "causerie.toml")
        begun, started = _cpu(), time.monotonic()
        reports = ingest_sources(settings, lambda _: None)
        ended = time.monotonic()
        counts = [of for each in reports for entry in each.having("accepted") for of in entry.counts.values()]
        if sum(of.landed for of in counts) != count or any(of.quarantined for of in counts):
            raise ValueError(f"not all is ingested: {reports}")
    else:
        files = sorted((Path(folder) / "drop" / "b1").iterdir())
        begun, started = _cpu(), time.monotonic()  # ingesting opens and closes its connection, too
        with duckdb.connect() as connection:
            connection.execute(f"set threads = {threads}")
            connection.execute(f"set temp_directory = {text(Path(folder) / 'spill')}")
            for entity in COLUMNS:
                chosen = [path for path in files if path.name.startswith(entity)]
                if chosen:
                    _read_bare(connection, entity, chosen, way, Path(folder) / "rewritten.parquet")
        ended = time.monotonic()
    print(json.dumps({"seconds": ended - started, "cpu": _cpu() - begun, "landing": landing}))


def _read_bare(connection: duckdb.DuckDBPyConnection, entity: str, files: list[Path], way: str, target: Path) -> None:
    kind = files[0].name.removesuffix(".gz").rpartition(".")[2]
    relation = f"read_{kind.replace('ndjson', 'json')}([{', '.join(map(text, files))}])"
    if way == "bare":
        connection.execute(f"create temp table {entity} as select * from {relation}")
    elif way == "rewrite":
        connection.execute(f"copy (select * from {relation}) to {text(target)} (format parquet)")
    else:
        connection.execute(f"select count(columns(*)) from {relation}").fetchall()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
