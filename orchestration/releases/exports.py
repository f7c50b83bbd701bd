"""Parquet exports of a release: its marts as files, for tools that have no driver for DuckDB.

Here: writing them, complete and on disk. Not here: which of them readers find (``catalog.point_to``), and downloads of
reports (``reports.downloads``).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from expectations.contents import contents_of_files
from expectations.marts import marts_of
from ingestion.sql import first_line, sql_name, sql_text
from ingestion.storage.landing import fsync_folder
from orchestration.home import Home, make_readable_folder
from orchestration.releases.catalog import EXPORTS, Release, UnpublishableError, file_of


def ensure(home: Home, release: Release) -> None:
    """Write the exports of a published release if it has none.

    Raises:
        UnpublishableError: they could not be written, or differ from the release.
    """
    file = file_of(home, release)
    folder, fresh = file.with_name(EXPORTS), home.releases / f".new-{EXPORTS}"
    if not folder.is_dir():
        shutil.rmtree(fresh, ignore_errors=True)  # of a run that failed or was killed
        write(file, fresh, release.contents)
        fresh.rename(folder)


def write(file: Path, folder: Path, contents: Mapping[str, Sequence[str]]) -> None:
    """Write a Parquet file for each mart and for the table ``release``; ``contents``: the checksums that were judged.

    Raises:
        UnpublishableError: they could not be written, or differ.
    """
    make_readable_folder(folder)
    try:
        files = _copied(file, folder)
    except duckdb.Error as error:
        raise UnpublishableError(f"{folder}: {first_line(error)}; run again") from None
    found = contents_of_files({mart: path for mart, path in files.items() if mart != "release"})
    wrong = [mart for mart in found if mart in contents and list(contents[mart]) != found[mart]]
    if wrong:
        raise UnpublishableError(f"{folder}: {', '.join(wrong)}: the export is not what was audited; run again")
    for path in files.values():
        with path.open("rb") as written:
            os.fsync(written.fileno())
        path.chmod(0o444)
    fsync_folder(folder)


def _copied(file: Path, folder: Path) -> dict[str, Path]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 1")  # as in reports.downloads: a third of the memory
        connection.execute(f"attach {sql_text(file)} as release (read_only)")
        files = {table: folder / f"{table}.parquet" for table in (*marts_of(connection, "release"), "release")}
        for table, path in files.items():
            connection.execute(
                f"copy release.main.{sql_name(table)} to {sql_text(path)}"
                " (format parquet, compression zstd, use_tmp_file false)"
            )
    return files
