"""Whether a home is what it says: every kept release what was judged, and landing, ledger and raw in agreement.

Here: releases, their exports, the links to them, and targets. Not here: landing, ledger and raw
(``ingestion.verification``).
Nothing is locked and nothing is written, so a run may be at work meanwhile. Builds can be lost, and are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from expectations.contents import contents_of_files
from ingestion.settings import Settings
from ingestion.sql import first_line
from ingestion.verification import Findings, stray, verify_sources
from orchestration.home import Home, is_locked
from orchestration.postgres.target import differences
from orchestration.releases import catalog, publication
from orchestration.releases.catalog import EXPORTS, Release, UnpublishableError, file_of
from orchestration.run_record import read_record

Progress = Callable[[str], None]


def verify(settings: Settings, progress: Progress) -> Findings:
    """Read everything that is kept in a home, once."""
    home, found = Home(settings.home), Findings()
    was_busy, before = is_locked(home), read_record(home.record)
    _verify_releases(home, found, progress)
    for target in settings.publish:
        progress(f"{target.name}: the releases in the server")
        releases, wrong = differences(settings, target)
        found.looked_at.update({"releases in targets": releases})
        found.faults += wrong
    verify_sources(settings, found, progress)
    if was_busy or is_locked(home) or read_record(home.record) != before:
        found.notes.append(
            "a run was at work meanwhile: what it changed may look wrong; verify again when it has ended"
        )
    return found


def in_words(found: Findings) -> list[str]:
    """What was looked at."""
    count = found.looked_at
    return [
        f"releases: {count['releases']:,} kept, {count['checksums']:,} checksums over {count['published']:,} rows",
        *([f"targets: {count['releases in targets']:,} of these releases"] if "releases in targets" in count else []),
        f"landing: {count['batches']:,} batches, {count['files']:,} files, {count['bytes'] / 1e6:,.1f} MB",
        f"raw: {count['segments']:,} segments, {count['parts']:,} Parquet files, {count['rows']:,} rows",
    ]


def _verify_releases(home: Home, found: Findings, progress: Progress) -> None:
    kept = catalog.kept(home)
    if not kept and (home.current.is_symlink() or catalog.existing(home)):
        found.faults.append(
            f"{home.current}: it leads to no whole release: restore {home.releases} from a backup, or publish anew:"
            " causerie run --full-refresh"
        )
    for number, release in enumerate(kept, start=1):
        progress(f"release {number:,} of {len(kept):,}: {release.release_id}")
        faults = [*_of_database(home, release), *_of_exports(home, release)]
        if release in catalog.existing(home):  # else retention removed it meanwhile
            found.faults += faults
        found.looked_at.update(releases=1, checksums=len(release.contents))
        found.looked_at["published"] += sum(int(rows) for rows, *_ in release.contents.values())
    whole = {release.release_id for release in catalog.existing(home)}
    for path in sorted(catalog.leftovers(home)):
        if path.name.startswith(".") or path.name in whole:
            found.notes.append(f"{path}: of a run that is at work, or was killed: the next publication removes it")
        else:
            found.faults.append(
                f"{path}: its database or its description is missing or damaged, so it is no release any more: restore"
                " it from a backup, or have the next publication remove it"
            )
    for path in sorted(catalog.strangers(home)):
        found.faults.append(stray(path))


def _of_database(home: Home, release: Release) -> list[str]:
    path = file_of(home, release)
    remedy = "it cannot be gone back to: restore it from a backup, or remove its folder"
    if release == catalog.current(home):
        remedy = "readers see it: causerie rollback ID, to another one; or publish anew: causerie run --full-refresh"
    try:
        with publication.fresh_reader() as reader:
            wrong = publication.changed(path, release.contents, reader)
    except UnpublishableError as error:
        return [f"{error}; {remedy}"]
    return [f"{path}: {', '.join(wrong)}: not what was judged; {remedy}"] if wrong else []


def _of_exports(home: Home, release: Release) -> list[str]:
    folder = file_of(home, release).with_name(EXPORTS)
    if not folder.is_dir():
        return []
    remedy = "remove this folder: a run, or going back to its release, writes it again where releases.parquet is set"
    try:
        found = contents_of_files({mart: folder / f"{mart}.parquet" for mart in release.rows})
    except duckdb.Error as error:
        return [f"{folder}: it cannot be read: {first_line(error)}; {remedy}"]
    wrong = [mart for mart in release.rows if mart in release.contents and found[mart] != list(release.contents[mart])]
    return [f"{folder}: {', '.join(wrong)}: not what was judged; {remedy}"] if wrong else []
