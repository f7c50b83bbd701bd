"""Live sources: one reading of a system, or of an archive, becomes one batch of landing.

Data flow: a connector (``chatwoot``, ``activecampaign``, ``meta_webhooks``) -> a :class:`~.pull.Pull` ->
``<landing>/<source>/<batch>/``. Not here: what a connector asks for, and how batches are judged (``ingest``).

The cursor at which the next reading goes on stands in the manifest of the last accepted batch: a batch that is refused
is read again, and takes the place of the refused one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion.bounds import Bounds
from ingestion.http.client import Client, Manners, RemoteError
from ingestion.settings import (
    ActiveCampaignSource,
    AnySource,
    ChatwootSource,
    ExportSource,
    MetaWebhooksSource,
    SettingsError,
    secret,
)
from ingestion.sources import SourceError, activecampaign, chatwoot, meta_webhooks
from ingestion.sources.pull import Progress, Pull, discard, next_name, put_in_place
from ingestion.storage.landing import BatchError
from ingestion.storage.manifests import read_live_manifest

Clock = Callable[[], datetime]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def client_of(
    source: ChatwootSource | ActiveCampaignSource,
    on_begin: Callable[[datetime], None] = lambda _: None,
    clock: Clock = now,
    give_up_after: int = 1,
) -> AbstractContextManager[Client]:
    """A client that asks as the source's configuration says, with its token.

    ``on_begin`` is called with when the first request was sent that succeeded, by ``clock``. ``give_up_after``: so many
    failures in a row, and nothing more is asked. By default the first: a check of what is down shall not take minutes.

    Raises:
        SettingsError: the environment has no token.
    """
    token = secret(source.token_env)
    manners = Manners(
        requests_per_second=source.requests_per_second,
        concurrency=source.concurrency,
        timeout_seconds=source.timeout_seconds,
        attempts=source.attempts,
        give_up_after=give_up_after,
    )
    is_chatwoot = isinstance(source, ChatwootSource)
    headers = {"api_access_token": token} if is_chatwoot else {"Authorization": f"Token {token}"}
    return Client(source.base_url, headers, manners, on_begin=on_begin, now=clock, token_env=source.token_env)


def finish_interrupted(folder: Path, replaced: str | None, names: Iterable[str], clock: Clock) -> None:
    """Give a whole reading its name that a killed run could not give it any more."""
    put_in_place(folder, replaced or next_name(clock(), names))


def pull(
    source: AnySource,
    folder: Path,
    last: str | None,
    name: str,
    progress: Progress,
    clock: Clock,
    bounds: Bounds,
    taken_out_at: datetime | None = None,
) -> list[str]:
    """Read a source into the batch ``name`` of its landing folder; what there is to say.

    ``bounds``: how much of an archive is believed.
    ``last``: the last accepted batch, at whose cursor the reading goes on. ``taken_out_at``: when an operator last took
    out a batch that had been accepted. What it held is in none of those after it: then everything is read again.

    Raises:
        SourceError: it cannot be read. What was read so far is kept for the next run, nothing of it is a batch.
    """
    try:
        cursor = _cursor(source, folder / last, taken_out_at) if last else {}
        if isinstance(source, MetaWebhooksSource):
            return _read_archives(source, folder, cursor, name, progress, clock, bounds)
        if isinstance(source, ExportSource):
            raise AssertionError("a folder of batches is no live source")
        if isinstance(source, ActiveCampaignSource):
            discard(folder)  # a snapshot is of one moment: it is not continued later
        identity = f"{_identity(source)} {json.dumps(cursor, sort_keys=True)}"
        # a reading of Chatwoot does without single records, one of ActiveCampaign without none
        most = chatwoot.MOST_UNREAD + 1 if isinstance(source, ChatwootSource) else 1
        with (
            Pull(folder, identity, clock()) as reading,
            client_of(source, reading.begin, clock, most) as client,
        ):
            if isinstance(source, ChatwootSource):
                following = chatwoot.read(source, client, reading, cursor, progress)
            else:
                following = activecampaign.read(source, client, reading, cursor, progress)
            _commit(source, reading, name, cursor, following, clock)
            return reading.warnings
    except (RemoteError, SettingsError, BatchError) as error:
        raise SourceError(f"{source.name}: {error}") from None
    except ValueError as error:
        raise SourceError(
            f"{source.name}: its answers have not the known shape: {error}; 'causerie check-source {source.name}'"
            " tells more"
        ) from None


def _read_archives(
    source: MetaWebhooksSource,
    folder: Path,
    cursor: Mapping[str, Any],
    name: str,
    progress: Progress,
    clock: Clock,
    bounds: Bounds,
) -> list[str]:
    if not source.path.is_dir():
        raise SourceError(f"{source.path}: the folder of source '{source.name}' is not there")
    discard(folder)
    with Pull(folder, _identity(source), clock()) as reading:
        following, warnings = meta_webhooks.read(source, reading, cursor, progress, bounds)
        _commit(source, reading, name, cursor, following, clock)
    return warnings


def _commit(
    source: AnySource, reading: Pull, name: str, cursor: Mapping[str, Any], following: Mapping[str, Any], clock: Clock
) -> None:
    # with a complete reading begins what does not build on those before it
    begun_at = following.get("complete_at") or cursor.get("begun_at") or reading.started_at.isoformat()
    reading.commit(name, clock(), {**following, "of": _identity(source), "begun_at": begun_at})


def _cursor(source: AnySource, last: Path, taken_out_at: datetime | None) -> Mapping[str, Any]:
    """Where a reading goes on: nowhere, when what was read before was of another system, or is no longer all there.

    ``of`` and ``begun_at`` tell of what the readings were, and when the first of those was that follow on each other.
    """
    cursor = read_live_manifest(last).cursor or {}
    is_of = cursor.get("of") == _identity(source)
    if not is_of or (taken_out_at is not None and datetime.fromisoformat(cursor["begun_at"]) <= taken_out_at):
        return {}
    return cursor


def _identity(source: AnySource) -> str:
    """What a reading is of: one of something else is not continued."""
    if isinstance(source, ChatwootSource):
        return f"{source.kind} {source.base_url} {source.account_id} {source.ratings}"
    return source.kind
