"""A target is made right: it shows the current release of the home, and has the kept ones.

Here: what is done in which order; what is there is asked of the server itself. Not here: how (``load``, ``views``), and
when (``orchestration.defs``, ``orchestration.releases.going_back``).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from ingestion.settings import Settings
from ingestion.sql import first_line
from ingestion.storage.landing import write_durably
from ingestion.target_settings import PostgresTarget
from orchestration.home import Home
from orchestration.postgres.load import Loaded, Progress, changed, drop, load, loaded
from orchestration.postgres.server import TargetError, session
from orchestration.postgres.views import comment, is_shown, show
from orchestration.releases import catalog

if TYPE_CHECKING:
    from orchestration.postgres.server import Session


@dataclass(frozen=True)
class Done:
    """What was done in a target."""

    was_loaded: bool
    was_shown: bool
    """Whether the views had shown it before."""
    kept: int
    removed: list[str]


def make_right(settings: Settings, target: PostgresTarget, progress: Progress) -> Done | None:
    """Have a target show the current release; None where nothing is published.

    Raises:
        TargetError: it does not, and shows what it did before; or it does, and what is not kept could not be removed.
    """
    home = Home(settings.home)
    release = catalog.current(home)
    if release is None:
        return None
    try:
        with session(target) as opened:
            return _make_right(opened, target, home, release, progress)
    except duckdb.Error as error:
        raise TargetError(f"{catalog.file_of(home, release)}: {first_line(error)}; see causerie verify") from None


def why_not_right(settings: Settings, target: PostgresTarget, progress: Progress) -> str | None:
    """As :func:`make_right`: why it could not be done, in a line that names the target; None where it could."""
    try:
        make_right(settings, target, progress)
    except TargetError as error:
        return f"{target.name}: {error}"
    return None


def _make_right(
    opened: Session, target: PostgresTarget, home: Home, release: catalog.Release, progress: Progress
) -> Done:
    ours = identity(home)
    there = {one.release_id: one for one in _of_this_home(opened, target, home, ours)}
    was_loaded = release.release_id in there
    if not was_loaded:
        there[release.release_id] = load(opened, target, catalog.file_of(home, release), release, ours, progress)
    now = there[release.release_id]
    was_shown = is_shown(opened, target, now)
    if not was_shown:
        progress(f"showing {release.release_id}")
        show(opened, target, now, {one.schema for one in there.values()})
    comment(opened, target, now)
    kept = {one.release_id for one in catalog.kept(home)}
    removed = [one.release_id for one in there.values() if one.release_id not in kept and drop(opened, one)]
    return Done(was_loaded, was_shown, len(there) - len(removed), removed)


def _of_this_home(opened: Session, target: PostgresTarget, home: Home, ours: str) -> list[Loaded]:
    found = loaded(opened, target)
    if other := next((one.home for one in found if one.home != ours), None):
        raise TargetError(
            f"the schema {target.views_in} shows releases of another home: name another 'schema' in [[publish]]; or, if"
            f" this home takes the place of that one, write {other} into {home.identity}"
        )
    return found


def identity(home: Home) -> str:
    """What tells a home from others, wherever it is moved; made when it is first asked for."""
    if not home.identity.exists():
        fresh = home.identity.with_name(f".{home.identity.name}")
        write_durably(fresh, uuid.uuid4().hex.encode())
        fresh.replace(home.identity)
    return home.identity.read_text().strip()


def differences(settings: Settings, target: PostgresTarget) -> tuple[int, list[str]]:
    """How many kept releases a target has, and in a line each, what is not as it was judged there."""
    home, wrong = Home(settings.home), []
    kept = {release.release_id: release for release in catalog.kept(home)}
    try:
        with session(target) as opened:
            there = [one for one in loaded(opened, target) if one.release_id in kept]
            for one in there:
                tables = changed(opened, one, catalog.file_of(home, kept[one.release_id]))
                if tables:
                    wrong.append(
                        f"{target.name}: {one.schema}: {', '.join(tables)}: not what was judged; drop schema"
                        f" {one.schema} cascade, and the next run loads it again"
                    )
    except (TargetError, duckdb.Error) as error:
        return 0, [f"{target.name}: {first_line(error)}"]
    return len(there), wrong
