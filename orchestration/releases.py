"""Releases: immutable DuckDB files, of which one is current.

Here: completing the candidate of a build that holds, checking it, and the swap. Not here: what is in the marts (dbt
writes them into the candidate), and whether a build holds (``expectations``). Readers open ``current.duckdb``, a link
that is swapped at once: they see one whole release or another, never a half one. A link, because renaming over a file
serves old data to whoever has it open.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from expectations.contents import MARTS
from expectations.verdict import Verdict, read_verdict
from ingestion.landing import fsync_folder, write_durably
from ingestion.sql import sql_text
from orchestration.home import Build, Home


class UnpublishableError(Exception):
    """This build must not be published, or did not come out as it should. The message says why."""


@dataclass(frozen=True)
class Release:
    """One published file. ``fingerprint`` tells what it was made from; ``data_through`` may be unknown."""

    release_id: str
    build_id: str
    fingerprint: str
    published_at: str
    data_through: str | None
    rows: dict[str, int]
    rows_quarantined: int
    evaluated: int
    warnings: tuple[str, ...]


def current(home: Home) -> Release | None:
    """The release that readers see; None before the first."""
    try:
        name = home.current.readlink()
    except FileNotFoundError:
        return None
    content = json.loads((home.releases / name).with_suffix(".json").read_text())
    content["warnings"] = tuple(content["warnings"])
    return Release(**content)


def file_of(home: Home, release: Release) -> Path:
    """The database file of a release."""
    return home.releases / f"{release.release_id}.duckdb"


def publish(
    home: Home, build: Build, fingerprint: str, now: datetime, wait_for_docs: Callable[[], None] = lambda: None
) -> Release:
    """Make the candidate of a build a release and have readers see it. Its Data Docs may be still in writing.

    Raises:
        UnpublishableError: there is no verdict for exactly this build, or it does not hold, or the file came out wrong.
    """
    verdict = _demand_verdict(build)
    release_id = f"{now:%Y%m%dT%H%M%SZ}-{build.id[:8]}"
    home.releases.mkdir(parents=True, exist_ok=True)
    fresh = home.releases / f".new-{release_id}.duckdb"
    if _wal(build.candidate).exists():
        raise UnpublishableError(f"{_wal(build.candidate)}: dbt did not end in good order; run again")
    try:
        build.candidate.rename(fresh)
        release = _complete(fresh, build, verdict, release_id, fingerprint, now)
        _verify(fresh, verdict)
        wait_for_docs()
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.chmod(0o444)
    target = file_of(home, release)
    docs = home.releases / f"{release_id}-data-docs"
    if build.docs.is_dir():
        shutil.copytree(build.docs, docs, dirs_exist_ok=True)
    write_durably(target.with_suffix(".json"), json.dumps(asdict(release), indent=1).encode())
    fresh.rename(target)
    link = home.releases / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(home.current)
    fsync_folder(home.releases)
    build.candidate.symlink_to(os.path.relpath(target, build.folder))  # where dbt's documentation looks for the marts
    return release


def _demand_verdict(build: Build) -> Verdict:
    """The order of a run is no guard: only a stored verdict for this very build is."""
    try:
        verdict = read_verdict(build.verdict)
    except FileNotFoundError:
        raise UnpublishableError(
            f"build {build.id} has no verdict: nothing was audited in this run; run the whole job"
        ) from None
    if verdict.build_id != build.id:
        raise UnpublishableError(f"the verdict is about build {verdict.build_id}, not {build.id}; run the whole job")
    if not verdict.holds:
        reasons = [str(finding) for finding in verdict.refusals] or ["no expectation was evaluated"]
        raise UnpublishableError(f"build {build.id} does not hold: " + "; ".join(reasons))
    return verdict


def _complete(path: Path, build: Build, verdict: Verdict, release_id: str, fingerprint: str, now: datetime) -> Release:
    """Add to the marts what tells about them."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {sql_text(build.database)} as build (read_only)")
        connection.execute(f"attach {sql_text(path)} as release")
        release = Release(
            release_id,
            build.id,
            fingerprint,
            now.isoformat(),
            _data_through(connection),
            {mart: _one(connection, f"select count(*) from release.{mart}") for mart in MARTS},
            _one(connection, "select coalesce(sum(quarantined), 0) from build.settings.batch_counts"),
            verdict.evaluated,
            tuple(str(finding) for finding in verdict.warnings),
        )
        _write_release_table(connection, release)
        connection.execute("checkpoint release")
        connection.execute("detach release")
    if _wal(path).exists():
        raise UnpublishableError(f"{_wal(path)}: the release did not come out as one file; run again")
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return release


def _wal(path: Path) -> Path:
    """Where DuckDB keeps what is not in the file yet."""
    return path.with_name(path.name + ".wal")


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _data_through(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Of each source the latest extraction, the earliest of these; unknown while a source has delivered nothing."""
    row = connection.execute(
        "select case when count(*) = count(extracted_at) then strftime(min(extracted_at), '%Y-%m-%dT%H:%M:%S.%f+00:00')"
        " end from (select source_system, max(extracted_at) as extracted_at from build.settings.sources"
        " left join build.settings.batches using (source_system) group by source_system)"
    ).fetchone()
    return row[0] if row else None


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
        "expectations_evaluated": ("bigint", release.evaluated, "Expectations that were evaluated."),
        "expectations_warned": ("bigint", len(release.warnings), "Expectations that failed as warnings."),
        "software_version": ("varchar", version("causerie"), "Version of causerie that made it."),
    }
    definitions = ", ".join(f"{name} {kind}" for name, (kind, _, _) in columns.items())
    connection.execute(f"create table release.release ({definitions})")
    places = ", ".join("?" for _ in columns)
    connection.execute(f"insert into release.release values ({places})", [value for _, value, _ in columns.values()])
    connection.execute("comment on table release.release is 'What this file is and what it was made from. One row.'")
    for name, (_, _, comment) in columns.items():
        connection.execute(f"comment on column release.release.{name} is {sql_text(comment)}")


def _verify(path: Path, verdict: Verdict) -> None:
    """A fresh process opens the file and reads every value: what readers get is what was judged, and on disk."""
    check = subprocess.run(
        [sys.executable, "-m", "expectations.contents", str(path)], capture_output=True, text=True, check=False
    )
    if check.returncode:
        raise UnpublishableError(f"{path}: cannot be read back: {check.stderr.strip().splitlines()[-1:]}")
    found = json.loads(check.stdout)
    wrong = [mart for mart in MARTS if found[mart] != verdict.contents.get(mart)]
    if wrong:
        raise UnpublishableError(f"{path}: {', '.join(wrong)} changed after the audit; run again")
