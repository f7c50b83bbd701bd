"""Releases: folders that do not change, of which one is current.

Here: which releases are kept, which one is current, rollback, and retention. Not here: how one is made
(``publication``, ``exports``). A release is a folder with the database, its description, Data Docs, and Parquet exports
where they are wanted. ``current`` is a link to one of the folders and is replaced atomically: readers see one whole
release or another, never parts of two. Names inside a folder are fixed, because tools remember them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ingestion.storage.landing import fsync_folder, write_durably
from orchestration.home import RELEASE_FILE, Home, make_readable_folder

DESCRIPTION, DOCS, EXPORTS, DBT_DOCS = "release.json", "data_docs", "parquet", "dbt_docs.html"
_BESIDE = {RELEASE_FILE: ".duckdb", DESCRIPTION: ".json", DOCS: "-data-docs", EXPORTS: "-parquet"}
"""How versions before 0.1.0 ended the names of a release's files, which stood beside each other without a folder."""
_THROUGH_CURRENT = {"current.duckdb": RELEASE_FILE, "current-parquet": EXPORTS}
"""The links of those versions. Connections to them are configured in tools."""
_OURS = re.compile(r"(?P<id>\d{8}T\d{6}Z-[^.]+?)(\.duckdb|\.json|-data-docs|-parquet)?")
_WENT_BACK = "went_back.json"


class UnpublishableError(Exception):
    """This must not be published, or its files came out wrong. The message says why."""


class UnknownReleaseError(Exception):
    """No kept release is meant, or more than one. The message lists the kept ones."""


@dataclass(frozen=True)
class Release:
    """One published folder.

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

    def write(self, folder: Path) -> None:
        """Store this description in the folder of the release."""
        _write_for_all(folder / DESCRIPTION, json.dumps(asdict(self), indent=1).encode())


def file_of(home: Home, release: Release) -> Path:
    """The database of a release."""
    return _path_of(home, release.release_id, RELEASE_FILE)


def _path_of(home: Home, release_id: str, name: str) -> Path:
    folder = home.releases / release_id
    return folder / name if folder.is_dir() else home.releases / f"{release_id}{_BESIDE[name]}"


def _write_for_all(path: Path, content: bytes) -> None:
    """Write a file that every user can read, whatever the umask."""
    path.touch()
    path.chmod(0o644)
    write_durably(path, content)


def current(home: Home) -> Release | None:
    """The release that readers see; None before the first one, and if what the link names is gone."""
    name = _current_id(home)
    return _read(home, name) if name else None


def _current_id(home: Home) -> str | None:
    """The id that the link names, whether that release is there or not."""
    link = home.current if home.current.is_symlink() else home.releases / "current.duckdb"
    return link.readlink().name.removesuffix(".duckdb") if link.is_symlink() else None


def kept(home: Home) -> list[Release]:
    """The releases that exist and were once current, the newest first."""
    seen, until = current(home), _went_back(home)
    if seen is None:
        return []
    # a newer release is there after a rollback, or after a run that was killed before any reader saw it
    latest = max(seen.published_at, until or "")
    found = [release for release in existing(home) if release.published_at <= latest]
    return sorted(found, key=lambda release: (release.published_at, release.release_id), reverse=True)


def existing(home: Home) -> list[Release]:
    """The releases that exist, whether readers saw them or not."""
    ids = {match["id"] for path in home.releases.glob("*") if (match := _OURS.fullmatch(path.name))}
    return [release for release in (_read(home, name) for name in ids) if release is not None]


def _read(home: Home, release_id: str) -> Release | None:
    """The release, if its database and its description are both there."""
    try:
        content = json.loads(_path_of(home, release_id, DESCRIPTION).read_bytes())
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
    """Make a release current: its database, exports and Data Docs at once, for all new connections."""
    for name, inside in _THROUGH_CURRENT.items():
        _swap(home.releases / name, f"{home.current.name}/{inside}")
    _swap(home.current, release.release_id)
    fsync_folder(home.releases)


def _swap(link: Path, target: str) -> None:
    fresh = link.with_name(f".{link.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def give_folders(home: Home) -> str | None:
    """Give folders to releases of versions before 0.1.0; a line that says so, if there were any.

    Whoever has their files open finds them under the older names, too, until the release is removed: as hard links.
    """
    older = [one.release_id for one in existing(home) if not (home.releases / one.release_id).is_dir()]
    seen = current(home)
    if not older and (seen is None or home.current.is_symlink()):
        return None
    for release_id in older:
        fresh = home.releases / f".new-{release_id}"
        shutil.rmtree(fresh, ignore_errors=True)
        make_readable_folder(fresh)
        for name, ending in _BESIDE.items():
            beside = home.releases / f"{release_id}{ending}"
            if beside.is_dir():
                shutil.copytree(beside, fresh / name, copy_function=_link)
            elif beside.exists():
                _link(beside, fresh / name)
        os.sync()
        fresh.rename(home.releases / release_id)
    if seen is not None:
        _swap(home.current, seen.release_id)
        point_to(home, seen)
    return f"{home.releases}: releases have folders now ({len(older)} moved); readers open {home.current_file}"


def _link(origin: str | Path, target: str | Path) -> None:
    try:
        os.link(origin, target)
    except OSError:  # a file system without hard links
        shutil.copy2(origin, target)


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
        return str(content["until"]) if _current_id(home) in content["between"] else None
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
    for release in old:  # the databases first: without one it is not a release any more
        (home.releases / f"{release.release_id}{_BESIDE[RELEASE_FILE]}").unlink(missing_ok=True)
        file_of(home, release).unlink(missing_ok=True)
    remove_leftovers(home)
    return old


def remove_leftovers(home: Home) -> None:
    """Remove what killed runs left: half written, half removed, or never shown to readers."""
    for path in leftovers(home):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def leftovers(home: Home) -> list[Path]:
    """What :func:`remove_leftovers` removes."""
    is_linked = _current_id(home) is not None
    if is_linked and current(home) is None:
        return []  # somebody removed the current release: nothing else is removed
    # without a link nobody knows what readers saw: whole releases stay, such as those of a backup without links
    stays = {release.release_id for release in (kept(home) if is_linked else existing(home))}
    found = []
    for path in home.releases.iterdir() if home.releases.is_dir() else ():
        ours = _OURS.fullmatch(path.name)
        if path.name.startswith((".new-", ".current")) or (ours and ours["id"] not in stays):
            found.append(path)
    return found


def strangers(home: Home) -> list[Path]:
    """What lies beside the releases and is neither one, nor of one, nor a link to one."""
    known = {home.current.name, *_THROUGH_CURRENT, _WENT_BACK}
    return [
        path
        for path in (home.releases.iterdir() if home.releases.is_dir() else ())
        if not path.name.startswith((".new-", ".current")) and path.name not in known and not _OURS.fullmatch(path.name)
    ]
