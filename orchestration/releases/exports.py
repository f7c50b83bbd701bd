"""Parquet exports of a release: its marts as files beside it, for tools that have no driver for DuckDB.

Here: writing them, complete and on disk before they get their names. Not here: which of them readers find
(``catalog.point_to``), and downloads of reports (``reports.downloads``).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from expectations.contents import contents_of_files
from expectations.marts import MARTS
from ingestion.sql import first_line, sql_text
from ingestion.storage.landing import fsync_folder
from orchestration.home import Home
from orchestration.releases import catalog
from orchestration.releases.catalog import Release


class ExportError(Exception):
    """The exports of a release could not be written, or differ from it. The message says why."""


def ensure(home: Home, release: Release) -> None:
    """Write the exports of a published release if it has none; readers find them if it is current.

    Raises:
        ExportError: they could not be written, or differ from the release.
    """
    folder = catalog.exports_of(home, release.release_id)
    if not folder.is_dir():
        write(catalog.file_of(home, release), folder, release.contents)
    catalog.follow(home)


def write(file: Path, folder: Path, contents: Mapping[str, Sequence[str]]) -> None:
    """Write a Parquet file for each mart and for the table ``release``; ``contents``: the checksums that were judged.

    Raises:
        ExportError: they could not be written, or differ; nothing of them is left.
    """
    fresh = folder.with_name(f".new-{folder.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        fresh.chmod(0o755)
        files = _copied(file, fresh)
        found = contents_of_files({mart: files[mart] for mart in MARTS})
        wrong = [mart for mart in MARTS if mart in contents and list(contents[mart]) != found[mart]]
        if wrong:
            raise ExportError(f"{fresh}: {', '.join(wrong)}: the Parquet export is not what was audited; run again")
        for path in files.values():
            with path.open("rb") as written:
                os.fsync(written.fileno())
            path.chmod(0o444)
        fsync_folder(fresh)
        fresh.rename(folder)
    except duckdb.Error as error:
        raise ExportError(f"{folder}: {first_line(error)}; run again") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _copied(file: Path, folder: Path) -> dict[str, Path]:
    files = {table: folder / f"{table}.parquet" for table in (*MARTS, "release")}
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 1")  # as in reports.downloads: a third of the memory
        connection.execute(f"attach {sql_text(file)} as release (read_only)")
        for table, path in files.items():
            connection.execute(
                f"copy release.main.{table} to {sql_text(path)} (format parquet, compression zstd, use_tmp_file false)"
            )
    return files
