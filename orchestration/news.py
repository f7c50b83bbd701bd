"""Whether a run would find anything new, by a look that is cheap: names, sizes and times of files, and the ledger.

Here: what there is to be seen, compared with what the last run saw. Not here: the run (``defs``), which looks closely.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from ingestion import zones
from ingestion.settings import Settings
from ingestion.source_settings import AnySource, ExportSource, FilesSource, MetaWebhooksSource, RemoteSource
from ingestion.sources.files import look as look_at_files
from ingestion.sources.meta_webhooks import archive_files
from ingestion.storage.landing import MANIFEST, batch_folders
from ingestion.storage.ledger import LEDGER, Ledger
from orchestration import builds
from orchestration.dbt.plan import read_plan, rules_of_builds
from orchestration.home import Home, is_locked
from orchestration.run_record import read_record

TRY_AGAIN = timedelta(minutes=15)
"""After a run that failed for another reason than what was delivered, as of a full disk."""
_CONFIGURATION, _DECISIONS = "the configuration or the software", "what operators decided or asked for"
_TARGETS = "where releases are published"


Seen = dict[str, dict[str, str]]
"""By source, and for what else a run follows: by name what there is, with a text that changes when it does."""


def look(settings: Settings) -> Seen:
    """What there is that no run has accepted yet."""
    found = {
        _CONFIGURATION: {_token(rules_of_builds(settings)): ""},
        _TARGETS: {_token([target.name, target.dsn_env, target.views_in]): "" for target in settings.publish},
    }
    accepted: dict[str, set[str]] = {}
    asked = 0
    if (settings.home / LEDGER).is_file():
        with Ledger(settings.home / LEDGER, read_only=True) as ledger:
            asked = len(ledger.decisions()) + len(ledger.repairs())
            accepted = {source.name: set(ledger.accepted(source.name)) for source in settings.sources}
    found[_DECISIONS] = {str(asked): ""}
    for source in settings.sources:
        zone = settings.account_of(source).timezone
        with suppress(OSError):  # the run says what is wrong with a folder
            found[source.name] = dict(_there(source, zone, accepted.get(source.name, set())))
    return found


def _there(source: AnySource, zone: str, accepted: set[str]) -> Iterator[tuple[str, str]]:
    """What lies in a source and no run has accepted, with sizes and times. A live system is not asked."""
    if isinstance(source, ExportSource):
        for folder in batch_folders(source.path, accepted) if source.path.is_dir() else ():
            yield folder.name, _written(folder / MANIFEST)
    elif isinstance(source, FilesSource):
        for dump in look_at_files(source, zones.zone(zone))[0] if source.path.is_dir() else ():
            if dump.batch not in accepted:
                yield dump.batch, " ".join(_written(source.path / name) for name in dump.names)
    elif isinstance(source, MetaWebhooksSource):
        for name, (size, changed) in archive_files(source).items():
            yield name, f"{size} {changed}"


def _written(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _token(content: object) -> str:
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:16]


def news(settings: Settings, now: datetime) -> list[str]:
    """Why a run would find something new, in words; nothing where it would not, or a run is at work."""
    home = Home(settings.home)
    if is_locked(home):
        return []
    record = read_record(home.record)
    if record is None:
        return ["no run has looked yet"]
    found = [f"{name}: something has changed" for name in _new(look(settings), record.seen)]
    since = abs(now - datetime.fromisoformat(record.read_at or record.started_at))  # a clock may be set back
    for source in settings.sources:
        every = source.read_every_minutes if isinstance(source, RemoteSource) else None
        if every is not None and since >= timedelta(minutes=every):
            found.append(f"{source.name}: it is due to be read")
    plan = read_plan(home.last_build().plan)
    refused = builds.refused_as_it_is(home, plan) if plan else []  # another run would say the same
    of_targets = {target.name for target in settings.publish} & {*record.target_failures}
    has_failed = record.failures or of_targets or {*record.build_failures} - {*refused} or not record.is_complete
    if has_failed and since >= TRY_AGAIN:
        found.append("the last run has failed, and may go better now")
    return found


def _new(there: Seen, seen: Seen) -> list[str]:
    """Where there is something that was not there before; what has gone or been accepted since is nothing new."""
    return [name for name, of in there.items() if not of.items() <= seen.get(name, {}).items()]
