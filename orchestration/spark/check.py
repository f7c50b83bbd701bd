"""Whether an engine can be used as it is configured: what is installed, whether it can be reached, and what is missing.

Here: the questions, in the order in which one would ask them, and the answers in words. Not here: the command.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

import duckdb

from ingestion.settings import Settings, SettingsError
from ingestion.sources import Finding
from ingestion.sql import sql_text
from orchestration.spark import process
from orchestration.spark.handover import prefix_of, session_of, storage_of
from orchestration.spark.storage import REMEDY, StorageError

OLDEST_JAVA, OLDEST_SPARK = 17, 4
PATIENCE = 180
"""Seconds in which a session must answer."""
_WRITTEN, _MADE = "probe/written.parquet", "probe/tables"


def check_engine(settings: Settings) -> Iterator[Finding]:
    """What is found about Spark and its storage; after something that is missing, nothing more is asked."""
    for question in (_packages, _java, _storage, _session):
        for finding in question(settings):
            yield finding
            if not finding.is_there:
                return


def _packages(settings: Settings) -> Iterator[Finding]:
    spark = "pyspark" if any(distributions(name="pyspark")) else "pyspark-client"  # all that a server needs
    try:
        found = ", ".join(f"{name} {version(name)}" for name in (spark, "dbt-spark", "fsspec"))
    except PackageNotFoundError as error:
        yield Finding("packages", False, f"{error.name} is not installed; {REMEDY}")
    else:
        yield Finding("packages", True, found)


def _java(settings: Settings) -> Iterator[Finding]:
    if settings.engine.remote:
        return
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else shutil.which("java")
    wanted = f"a session on this machine needs Java {OLDEST_JAVA} or newer: install it, or name it in JAVA_HOME"
    if java is None or not Path(java).is_file():
        yield Finding("Java", False, f"{java or 'java'} is not there; {wanted}")
        return
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    number = re.search(r'version "(\d+)', said)
    is_new = number is not None and int(number[1]) >= OLDEST_JAVA
    yield Finding(
        "Java", is_new, f"{java}: {said.splitlines()[0] if said else 'no version'}{'' if is_new else '; ' + wanted}"
    )


def _storage(settings: Settings) -> Iterator[Finding]:
    try:
        storage = storage_of(settings)
        with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
            path = Path(folder, "written.parquet")
            connection.execute(f"copy (select 1 as one) to {sql_text(path)} (format parquet)")
            storage.put(path, _WRITTEN)
            is_same = storage.read(_WRITTEN) == path.read_bytes()
    except (SettingsError, StorageError) as error:
        yield Finding("storage", False, str(error))
    else:
        words = "can be written and read from here" if is_same else "does not give back what was written; run again"
        yield Finding("storage", is_same, f"{storage.of_engine('')}: {words}")


def _session(settings: Settings) -> Iterator[Finding]:
    storage = storage_of(settings)
    prefix = prefix_of(settings, secrets.token_hex())  # the next build drops what has it
    made = f"{prefix}main.made"
    folder = process.scratch(settings)
    order = {
        "session": session_of(settings, folder),
        "prefix": prefix,
        "kept": None,
        "location": storage.of_engine(_MADE),
        "views": {"raw.written": storage.of_engine(_WRITTEN)},
        "schemas": ["main"],
        "statements": [f"create table {made} using parquet as select * from {prefix}raw.written"],
        "dbt": None,
        "counted": ["raw.written", "main.made"],
    }
    engine = process.give(folder, order)
    where = settings.engine.remote or "on this machine"
    try:
        engine.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        engine.kill()
        yield Finding("session", False, f"{where}: no answer within {PATIENCE} s; is the server there?")
        return
    if engine.returncode:
        yield Finding("session", False, f"{where}: {process.trouble(folder)}")
        return
    found = json.loads((folder / process.RESULT).read_text())
    release = int(found["version"].split(".")[0])
    is_new = release >= OLDEST_SPARK
    yield Finding(
        "session",
        is_new,
        f"{where}: Spark {found['version']}" + ("" if is_new else f"; {OLDEST_SPARK}.0 or newer is needed"),
    )
    in_utc = found["time_zone"] == "UTC"
    yield Finding("time zone", in_utc, found["time_zone"] + ("" if in_utc else "; the session does not take UTC"))
    is_whole = set(found["rows"].values()) == {1}
    came_back = any(name.endswith(".parquet") for name in storage.sizes(f"{_MADE}/main/made"))
    words = "Spark reads what is written here, and what it writes can be read here"
    yield Finding("exchange", is_whole and came_back, words if is_whole and came_back else f"not so: {words}")
    storage.remove("probe")
