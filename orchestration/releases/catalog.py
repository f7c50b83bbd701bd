"""Releases: immutable DuckDB files, of which one is current.

Here: which releases are kept, which one is current, rollback, and retention. Not here: how one is made
(``publication``, ``exports``). Readers open ``current.duckdb``, a link that is replaced atomically: they see one whole
release or another, never half of one. It is a link because renaming over a file would serve old data to whoever has
that file open. ``current-parquet`` is a link to the Parquet exports of the same release, if it has any.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ingestion.storage.landing import fsync_folder, write_durably
from orchestration.home import Home

_OURS = re.compile(r"(?P<id>\d{8}T\d{6}Z-[^.]+?)(\.duckdb|\.json|-data-docs|-parquet)")
_WENT_BACK = "went_back.json"


class UnknownReleaseError(Exception):
    """No kept release is meant, or more than one. The message lists the kept ones."""


@dataclass(frozen=True)
class Release:
    """One published file.

    ``fingerprint`` identifies what it was made from, ``contents`` are the checksums of its marts
    (``expectations.contents``). ``data_through`` may be unknown. ``rows_quarantined_open`` are the quarantined rows
    that no later batch has mended. ``decisions`` are those of operators about batches since the release before.
    """

    release_id: str
    build_id: str
    fingerprint: str
    published_at: str
    data_through: str | None
    rows: dict[str, int]
    rows_quarantined: int
    evaluated: int
    warnings: tuple[str, ...]
    rows_quarantined_open: int = 0
    decisions: tuple[str, ...] = ()
    contents: dict[str, list[str]] = field(default_factory=dict)

    def write(self, home: Home) -> None:
        """Store this description beside the file."""
        _write_for_all(_description(home, self.release_id), json.dumps(asdict(self), indent=1).encode())


def file_of(home: Home, release: Release) -> Path:
    """The database file of a release."""
    return home.releases / f"{release.release_id}.duckdb"


def docs_of(home: Home, release_id: str) -> Path:
    """The folder with the Data Docs of its audit."""
    return home.releases / f"{release_id}-data-docs"


def exports_of(home: Home, release_id: str) -> Path:
    """The folder with its marts as Parquet, if it has them."""
    return home.releases / f"{release_id}-parquet"


def _description(home: Home, release_id: str) -> Path:
    return home.releases / f"{release_id}.json"


def _write_for_all(path: Path, content: bytes) -> None:
    """Write a file that every user can read, whatever the umask."""
    path.touch()
    path.chmod(0o644)
    write_durably(path, content)


def current(home: Home) -> Release | None:
    """The release that readers see; None before the first one, and if the file that the link names is gone."""
    try:
        name = home.current.readlink().name
    except FileNotFoundError:
        return None
    return _read(home, name.removesuffix(".duckdb"))


def kept(home: Home) -> list[Release]:
    """The releases that exist and were once current, the newest first."""
    seen, until = current(home), _went_back(home)
    if seen is None:
        return []
    # a newer release is there after a rollback, or after a run that was killed before any reader saw it
    latest = max(seen.published_at, until or "")
    found = [release for release in _there(home) if release.published_at <= latest]
    return sorted(found, key=lambda release: (release.published_at, release.release_id), reverse=True)


def _there(home: Home) -> list[Release]:
    ids = [match["id"] for path in home.releases.glob("*.json") if (match := _OURS.fullmatch(path.name))]
    return [release for release in (_read(home, name) for name in ids) if release is not None]


def _read(home: Home, release_id: str) -> Release | None:
    """The release, if its file and its description are both there."""
    try:
        content = json.loads(_description(home, release_id).read_bytes())
        texts = {name: tuple(content.get(name, ())) for name in ("warnings", "decisions")}
        release = Release(**content | texts)
    except (OSError, ValueError, TypeError):
        return None
    return release if file_of(home, release).is_file() else None


def find(home: Home, wanted: str) -> Release:
    """The kept release of an id, of a unique beginning of one, or of the words ``current`` and ``previous``.

    Raises:
        UnknownReleaseError: no kept release matches, or more than one.
    """
    there, now = kept(home), current(home)
    listed = "".join(f"\n  {release.release_id}" for release in there) or " none"
    if wanted in ("current", "previous"):
        if now is None:
            raise UnknownReleaseError(f"{wanted}: nothing is published yet, or the release that it names is missing")
        older = [release for release in there if release.published_at < now.published_at]
        found = [now] if wanted == "current" else older[:1]
        mistake = f"no kept release is older than the current one, {now.release_id}"
    else:
        found = [release for release in there if release.release_id == wanted]
        found = found or [release for release in there if wanted and release.release_id.startswith(wanted)]
        mistake = f"{len(found)} kept releases have ids that begin so" if found else "no kept release has this id"
    if len(found) != 1:
        raise UnknownReleaseError(f"{wanted}: {mistake}; kept releases:{listed}")
    return found[0]


def gone_back_from(home: Home) -> list[Release]:
    """The kept releases that are newer than the current one, the newest first: those an operator rolled back."""
    now = current(home)
    return [release for release in kept(home) if now is not None and release.published_at > now.published_at]


def point_to(home: Home, release: Release) -> None:
    """Make a release current: for all new connections at once, and for its Parquet exports in the next instant.

    If it has no exports, the link to those of another release is removed first: no exports rather than stale ones.
    :func:`follow` repairs what a kill between two of these steps leaves.
    """
    exports = exports_of(home, release.release_id)
    fresh = _link(home.releases / ".current", file_of(home, release))
    fresh_exports = _link(home.releases / ".current-parquet", exports) if exports.is_dir() else None
    if fresh_exports is None and home.current_exports.is_symlink():
        home.current_exports.unlink()
    fresh.replace(home.current)
    if fresh_exports is not None:
        fresh_exports.replace(home.current_exports)
    fsync_folder(home.releases)


def follow(home: Home) -> None:
    """Make the link to the Parquet exports name those of the current release; remove it if there are none."""
    exports = home.releases / home.current.readlink().name.replace(".duckdb", "-parquet")
    if not exports.is_dir():
        if home.current_exports.is_symlink():
            home.current_exports.unlink()
    elif not home.current_exports.is_symlink() or home.current_exports.readlink().name != exports.name:
        _link(home.releases / ".current-parquet", exports).replace(home.current_exports)
        fsync_folder(home.releases)


def _link(link: Path, target: Path) -> Path:
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    return link


def go_to(home: Home, release: Release, now: datetime) -> None:
    """Make a kept release current again, older or newer than the current one.

    Newer releases stay kept, and a run without new batches changes nothing (:func:`gone_back_from`).
    """
    remove_leftovers(home)  # a release that no reader saw was not rolled back
    seen = current(home)
    # both ids: whichever of them the link names after an interruption, what readers saw is kept
    between = [release.release_id, *([seen.release_id] if seen else [])]
    fresh = home.releases / f".new-{_WENT_BACK}"
    until = max(now.isoformat(), *(of.published_at for of in kept(home)), "")  # whatever the clock says by now
    _write_for_all(fresh, json.dumps({"between": between, "until": until}).encode())
    fresh.replace(home.releases / _WENT_BACK)
    fsync_folder(home.releases)
    point_to(home, release)


def _went_back(home: Home) -> str | None:
    """Until when releases that readers saw were published; None unless an operator chose the current one."""
    try:
        content = json.loads((home.releases / _WENT_BACK).read_bytes())
        return str(content["until"]) if home.current.readlink().stem in content["between"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_old(home: Home, keep: int, keep_days: float, now: datetime) -> list[Release]:
    """Remove, and return, the releases that are neither among the newest ``keep`` nor younger than ``keep_days``.

    The current one is always kept.
    """
    there, seen = kept(home), current(home)
    latest = now - timedelta(days=keep_days)
    old = [
        release for release in there[keep:] if release != seen and datetime.fromisoformat(release.published_at) < latest
    ]
    for release in old:
        file_of(home, release).unlink()  # first: without its file it is not a release any more
    remove_leftovers(home)
    return old


def remove_leftovers(home: Home) -> None:
    """Remove what killed runs left: half written, half removed, or never shown to readers."""
    if home.current.is_symlink() and current(home) is None:
        return  # somebody removed the current file: nothing else is removed
    if home.current.is_symlink():
        follow(home)  # before the exports that it may name are removed
    # without a link nobody knows what readers saw: whole releases stay, such as those of a backup without links
    whole = kept(home) if home.current.is_symlink() else _there(home)
    stays = {release.release_id for release in whole}
    for path in home.releases.iterdir() if home.releases.is_dir() else ():
        ours = _OURS.fullmatch(path.name)
        if path.name.startswith((".new-", ".current")) or (ours and ours["id"] not in stays):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
