"""Live sources: one reading of a system, or of an archive, becomes one batch of landing.

Data flow: a connector (``chatwoot``, ``activecampaign``, ``meta_webhooks``) -> a :class:`~.pull.Pull` ->
``<landing>/<source>/<batch>/``. Not here: what a connector asks for, and how batches are judged (``ingest``).

The cursor from which the next reading continues is in the manifest of the last accepted batch: a batch that is refused
is read again, and the new reading takes its place. What operators asked to read again is in the ledger, and the cursor
says up to which of these wishes the readings have followed: none is followed twice, and none is lost with a reading
that fails or is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ingestion.http.client import Client
from ingestion.http.policy import RemoteError, RequestPolicy
from ingestion.settings import SettingsError, secret
from ingestion.source_settings import RemoteSource, Source
from ingestion.source_state import Outcome, SourceState
from ingestion.sources import SourceError
from ingestion.sources.pull import Pull, discard, next_name, put_in_place
from ingestion.storage.landing import BatchError, batch_folders, landed_or_refused
from ingestion.storage.manifests import LiveManifest, read_live_manifest

Fill = Callable[[Pull, Mapping[str, Any]], Mapping[str, Any]]
"""Reads a system into a pull, from a cursor on; the cursor for the next reading."""
Back = Callable[[Mapping[str, Any], datetime | None], Mapping[str, Any]]
"""A cursor, so changed that a reading also sees again what there is since an instant; None: everything."""
_NEVER = "0001-01-01T00:00:00+00:00"


class TokenHeader(NamedTuple):
    """The header that carries a token, and the text before the token in it."""

    name: str
    prefix: str = ""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def client_of(
    source: RemoteSource,
    header: TokenHeader,
    on_begin: Callable[[datetime], None] = lambda _: None,
    give_up_after: int = 1,
) -> AbstractContextManager[Client]:
    """A client that asks as the source's configuration says, with its token.

    ``on_begin`` is called with the time at which the first request that succeeded was sent. ``give_up_after``: the
    client stops after so many failures in a row. By default after the first: a check of a system that is down should
    not take minutes.

    Raises:
        SettingsError: the environment has no token.
    """
    policy = RequestPolicy(
        requests_per_second=source.requests_per_second,
        concurrency=source.concurrency,
        timeout_seconds=source.timeout_seconds,
        attempts=source.attempts,
        give_up_after=give_up_after,
    )
    headers = {header.name: f"{header.prefix}{secret(source.token_env)}"}
    return Client(source.base_url, headers, policy, on_begin=on_begin, now=now, token_env=source.token_env)


def batches(
    source: Source, state: SourceState, identity: str, fill: Fill, back: Back, *, is_continued: bool = False
) -> Iterator[Iterable[Outcome]]:
    """First the batches that earlier runs landed and did not judge, then one new reading by ``fill``.

    ``identity``: what is read; a cursor of anything else is not used. ``is_continued``: a later run continues a reading
    that was interrupted.

    Raises:
        SourceError: the system cannot be read. What was read so far is kept if it can be continued.
    """
    folder = state.folder
    folder.mkdir(parents=True, exist_ok=True)
    replaced = state.to_read_again()
    put_in_place(folder, replaced or next_name(now(), state.names()))
    settled = state.settled() | {batch for batch in [replaced] if batch}
    yield (_landed(source, path) for path in batch_folders(folder, settled))
    batch = replaced or next_name(now(), state.names())
    if not is_continued:
        discard(folder)
    try:
        _read(state, batch, identity, fill, back)
    except (RemoteError, SettingsError, BatchError) as error:
        raise SourceError(f"{source.name}: {error}") from None
    except ValueError as error:
        raise SourceError(
            f"{source.name}: its answers do not have the expected shape: {error}; run 'causerie"
            f" check-source {source.name}' for details"
        ) from None
    yield [_landed(source, folder / batch)]


def _landed(source: Source, folder: Path) -> Outcome:
    return folder.name, landed_or_refused(source.name, folder, LiveManifest)


def _read(state: SourceState, batch: str, identity: str, fill: Fill, back: Back) -> None:
    last = max(state.accepted(), default=None)
    cursor = _cursor(state.folder / last, identity, state.removed_at()) if last else {}
    asked = state.asked_again(after=datetime.fromisoformat(cursor.get("asked_at", _NEVER)))
    for one in asked:
        cursor = {**back(cursor, one.since), "asked_at": one.asked_at.isoformat()}
    with Pull(state.folder, f"{identity} {json.dumps(cursor, sort_keys=True)}", now()) as reading:
        following = fill(reading, cursor)
        # a complete reading does not build on those before it
        begun_at = following.get("complete_at") or cursor.get("begun_at") or reading.started_at.isoformat()
        kept = {"asked_at": cursor["asked_at"]} if "asked_at" in cursor else {}
        reading.commit(batch, now(), {**following, "of": identity, "begun_at": begun_at, **kept})
    for one in asked:
        since = f"since {one.since.isoformat(' ', 'minutes')}" if one.since else "as a whole"
        state.warn(f"{state.source.name}: read again {since}, as an operator asked")
    for warning in reading.warnings:
        state.warn(f"{state.source.name}: {warning}")


def _cursor(last: Path, identity: str, removed_at: datetime | None) -> Mapping[str, Any]:
    """Where a reading continues. It starts from the beginning when the last one was of another system, or when an
    operator has removed a batch that had been accepted: what it held is in none of the batches after it.

    ``of`` and ``begun_at`` in the cursor name the system, and the time at which the first of the readings began that
    build on each other; ``asked_at``, when an operator last asked to read again.
    """
    cursor = read_live_manifest(last).cursor or {}
    is_of = cursor.get("of") == identity
    if not is_of or (removed_at is not None and datetime.fromisoformat(cursor["begun_at"]) <= removed_at):
        return {}
    return cursor
