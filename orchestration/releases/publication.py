"""Publication: the candidate of a build that passed its audit becomes the current release.

Here: the conditions for a build, completing its candidate and checking it. Not here: what is in the marts (dbt writes
them into the candidate), whether a build passes (``expectations``), and which releases there are (``catalog``).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from expectations.grains import shown_in, views_of
from expectations.marts import MARTS, columns_of, marts_of
from expectations.verdict import Verdict, read_verdict
from ingestion import zones
from ingestion.sql import first_line, sql_name, sql_text
from ingestion.storage.landing import fsync_folder
from orchestration import processes
from orchestration.home import RELEASE_FILE, Build, Home, make_readable_folder
from orchestration.releases import catalog, exports
from orchestration.releases.catalog import DBT_DOCS, DOCS, EXPORTS, Release, UnpublishableError, file_of


def publish(
    home: Home,
    build: Build,
    fingerprint: str,
    now: datetime,
    decisions: Sequence[str] = (),
    *,
    parquet: bool = False,
) -> Release:
    """Make the candidate of a build the current release.

    ``decisions``: those of operators about batches since the release before. ``parquet``: whether it gets exports.

    Raises:
        UnpublishableError: exactly this build has no verdict, or failed its audit, or the file came out wrong.
    """
    if build.candidate.is_symlink():
        raise UnpublishableError(f"build {build.id} is published already: {build.candidate.resolve()}")
    verdict = _demand_verdict(home, build)
    if not build.candidate.is_file():
        raise UnpublishableError(f"{build.candidate}: build {build.id} has no marts to publish; run again")
    if _wal(build.candidate).exists():
        raise UnpublishableError(f"{_wal(build.candidate)}: dbt did not finish cleanly; run again")
    for before in catalog.kept(home):  # publication times identify and order releases
        now = max(now, datetime.fromisoformat(before.published_at) + timedelta(seconds=1))
    release_id = f"{now:%Y%m%dT%H%M%SZ}-{build.id[:8]}"
    catalog.remove_leftovers(home)
    fresh = home.releases / f".new-{release_id}"
    make_readable_folder(fresh)
    database = fresh / RELEASE_FILE
    try:
        with fresh_reader() as reader:
            build.candidate.rename(database)
            release = Release(
                release_id,
                build.id,
                fingerprint,
                now.isoformat(),
                evaluated=verdict.evaluated,
                warnings=tuple(str(finding) for finding in verdict.warnings),
                decisions=tuple(decisions),
                contents=verdict.contents,
                **_measured(database, build),
            )
            _complete(database, release)
            verify(database, verdict.contents, reader)
        database.chmod(0o444)
        if parquet:
            exports.write(database, fresh / EXPORTS, verdict.contents)
        if build.docs.is_dir():
            shutil.copytree(build.docs, fresh / DOCS)
        if home.dbt_docs.is_file():
            shutil.copyfile(home.dbt_docs, fresh / DBT_DOCS)
            (fresh / DBT_DOCS).chmod(0o444)
        release.write(fresh)
        fsync_folder(fresh)
        fresh.rename(home.releases / release_id)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    catalog.point_to(home, release)
    link_candidate(home, build, release)
    return release


def link_candidate(home: Home, build: Build, release: Release) -> None:
    """Put a link where dbt left the marts of a build, so that dbt's documentation still finds them."""
    if not build.candidate.is_symlink():
        build.candidate.symlink_to(os.path.relpath(file_of(home, release), build.folder))


def _demand_verdict(home: Home, build: Build) -> Verdict:
    """The verdict of exactly this build. The order of steps in a run guards nothing: only a stored verdict does."""
    try:
        verdict = read_verdict(build.verdict)
    except FileNotFoundError:
        raise UnpublishableError(
            f"build {build.id} has no verdict: nothing was audited in this run; run the whole job"
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise UnpublishableError(f"{build.verdict}: cannot be read as a verdict; run the whole job") from None
    if verdict.build_id != build.id:
        raise UnpublishableError(f"the verdict is about build {verdict.build_id}, not {build.id}; run the whole job")
    if not verdict.holds:
        reasons = [str(finding) for finding in verdict.refusals] or ["no expectation was evaluated"]
        raise UnpublishableError(f"build {build.id} failed its audit: " + "; ".join(reasons))
    seen = catalog.current(home)
    if verdict.against != (seen and seen.release_id):
        raise UnpublishableError(
            f"build {build.id} was judged against release {verdict.against}, and now {seen and seen.release_id} is"
            " current; run the whole job"
        )
    return verdict


def _measured(path: Path, build: Build) -> dict[str, Any]:
    """The part of a release's description that is read from its marts and from the build."""
    with _attached(path, build) as connection:
        return {
            "data_through": _data_through(connection),
            "rows": {
                mart: _one(connection, f"select count(*) from release.{sql_name(mart)}")
                for mart in marts_of(connection, "release")
            },
            "rows_quarantined": _one(
                connection, "select coalesce(sum(quarantined), 0) from build.settings.batch_counts"
            ),
            "rows_quarantined_open": _one(
                connection, "select count(*) from build.intermediate.int_quarantine where mended_by is null"
            ),
        }


def _complete(path: Path, release: Release) -> None:
    """Add the table ``release`` to the marts, and the views of one grain."""
    with _attached(path) as connection:
        _make_grain_views(connection)
        _write_release_table(connection, release)
        connection.execute("checkpoint release")
    if _wal(path).exists():
        raise UnpublishableError(f"{_wal(path)}: the release could not be written as one file; run again")
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _attached(path: Path, build: Build | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach {sql_text(path)} as release{' (read_only)' if build else ''}")
            if build is not None:
                connection.execute(f"attach {sql_text(build.database)} as build (read_only)")
            yield connection
            connection.execute("detach release")
    except duckdb.Error as error:
        raise UnpublishableError(f"{path}: {first_line(error)}; run again") from None


def _wal(path: Path) -> Path:
    """The file in which DuckDB keeps changes that are not in the database file yet."""
    return path.with_name(path.name + ".wal")


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _data_through(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The earliest of the sources' latest extractions; unknown while a source has delivered nothing."""
    row = connection.execute(
        "select case when count(*) = count(extracted_at) then strftime(min(extracted_at), '%Y-%m-%dT%H:%M:%S.%f+00:00')"
        " end from (select source_system, max(extracted_at) as extracted_at from build.settings.sources"
        " left join build.settings.batches using (source_system) group by source_system)"
    ).fetchone()
    return row[0] if row else None


def _make_grain_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Views such as ``overview_day``, with the descriptions of their marts."""
    described = connection.execute(
        "select table_name, column_name, comment from duckdb_columns()"
        " where database_name = 'release' and schema_name = 'main' and comment is not null and column_name <> 'grain'"
    ).fetchall()
    statements = ["use release"]  # readers attach the file under any name
    for view, query in views_of(columns_of(connection, "release")).items():
        mart, words = shown_in(view)
        statements += [
            f"create view {sql_name(view)} as {query}",
            f"comment on view {sql_name(view)} is {sql_text(words)}",
            *(
                f"comment on column {sql_name(view)}.{sql_name(column)} is {sql_text(comment)}"
                for of_mart, column, comment in described
                if of_mart == mart
            ),
        ]
    connection.execute("; ".join([*statements, "use memory"]))


def _write_release_table(connection: duckdb.DuckDBPyConnection, release: Release) -> None:
    columns = {
        "release_id": ("varchar", release.release_id, "Name of the release."),
        "published_at": ("timestamptz", release.published_at, "When it was published."),
        "data_through": (
            "timestamptz",
            release.data_through,
            "Up to when the data of all accounts reaches; NULL while a source has delivered nothing.",
        ),
        **{f"{mart}_rows": ("bigint", rows, f"Rows of {mart}.") for mart, rows in release.rows.items()},
        "rows_quarantined": ("bigint", release.rows_quarantined, "Rows of the accepted batches kept out as malformed."),
        "rows_quarantined_open": (
            "bigint",
            release.rows_quarantined_open,
            "Of these, rows whose record no later batch has delivered well.",
        ),
        "expectations_evaluated": ("bigint", release.evaluated, "Expectations that were evaluated."),
        "expectations_warned": ("bigint", len(release.warnings), "Expectations that failed as warnings."),
        "software_version": ("varchar", version("causerie"), "Version of causerie that made it."),
        "tzdata_version": ("varchar", zones.VERSION, "Version of the time zone rules that its local times follow."),
    }
    definitions = ", ".join(f"{name} {type_}" for name, (type_, _, _) in columns.items())
    connection.execute(f"create table release.release ({definitions})")
    places = ", ".join("?" for _ in columns)
    connection.execute(f"insert into release.release values ({places})", [value for _, value, _ in columns.values()])
    connection.execute("comment on table release.release is 'What this file is and what it was made from. One row.'")
    for name, (_, _, comment) in columns.items():
        connection.execute(f"comment on column release.release.{name} is {sql_text(comment)}")


@contextmanager
def fresh_reader() -> Iterator[subprocess.Popen[str]]:
    """A fresh process for :func:`verify`, which starts while the file is prepared."""
    command = [sys.executable, "-P", "-m", "expectations.contents"]  # -P: no module of the working directory
    pipe = subprocess.PIPE
    with processes.start(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def verify(path: Path, contents: dict[str, list[str]], reader: subprocess.Popen[str]) -> None:
    """Have a fresh process open the file and read every value: what readers get is on disk, and is what was judged.

    Raises:
        UnpublishableError: it cannot be read, or has other contents.
    """
    wrong = changed(path, contents, reader)
    if wrong:
        raise UnpublishableError(f"{path}: {', '.join(wrong)} changed after the audit; run again")


def changed(path: Path, contents: dict[str, list[str]], reader: subprocess.Popen[str]) -> list[str]:
    """The tables of a file that are not what was judged, as a fresh process finds that reads every value.

    Raises:
        UnpublishableError: it cannot be read.
    """
    printed, error = reader.communicate(json.dumps(str(path)) + "\n")
    if reader.returncode:
        raise UnpublishableError(f"{path}: cannot be read back: {' '.join(error.strip().splitlines()[-1:])}")
    found = json.loads(printed)
    names = dict.fromkeys([*MARTS, *contents])  # an older release may lack some of today's
    return [name for name in names if found.get(name) != contents.get(name)]
