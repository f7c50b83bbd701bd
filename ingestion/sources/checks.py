"""What a source answers when it is asked for one page of everything: what is there, and what is missing.

Here: the questions and the words. Not here: the command (``orchestration``), and reading a source (its own module).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.http.client import Client, Denied, GivenUp, NotThere, RemoteError
from ingestion.live_formats import entities_of
from ingestion.parsing.meta_payloads import MESSAGES, OTHERS, STATUSES
from ingestion.settings import (
    ActiveCampaignSource,
    AnySource,
    ChatwootSource,
    ExportSource,
    MetaWebhooksSource,
    SettingsError,
)
from ingestion.shown import visible
from ingestion.sources import activecampaign, chatwoot, live, meta_webhooks
from ingestion.storage.delivered import Delivered
from ingestion.storage.landing import BatchError, batch_folders, read_manifest

Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Finding:
    """What was asked for and what came. ``is_needed``: without it the source cannot be read."""

    subject: str
    is_there: bool
    words: str
    is_needed: bool = True


def check(source: AnySource) -> Iterator[Finding]:
    """Ask a source for one page of each entity; findings as they come. Nothing is written."""
    if isinstance(source, ExportSource):
        yield from _check_export(source)
    elif isinstance(source, MetaWebhooksSource):
        yield from _check_archives(source)
    else:
        try:
            with live.client_of(source) as client:
                yield from (
                    _check_chatwoot(source, client)
                    if isinstance(source, ChatwootSource)
                    else (_check_activecampaign(source, client))
                )
        except (SettingsError, RemoteError, ValueError) as error:
            # whatever is asked next would say the same: it is said once
            yield Finding("access", False, str(error))


def _access(source: ChatwootSource | ActiveCampaignSource, rows: Records) -> Iterator[Finding]:
    """What holds of all that is asked: address and token. ``rows``: those of the one list that is always there."""
    yield Finding("access", True, f"{source.base_url}, with the token in {source.token_env}")
    yield _found("conversations", source.kind, rows)


def _check_chatwoot(source: ChatwootSource, client: Client) -> Iterator[Finding]:
    base = f"/api/v1/accounts/{source.account_id}"

    def ask(path: str, **params: str | int) -> Any:
        return client.get(f"{base}/{path}", params)

    kind = source.kind
    conversations = chatwoot.rows_of(ask("conversations", status="all", page=1))
    yield from _access(source, conversations)
    yield from _asked("agents", lambda: chatwoot.rows_of(ask("agents")), kind)
    if conversations:
        conversation = conversations[0].get("id")
        yield from _asked("messages", lambda: chatwoot.rows_of(ask(f"conversations/{conversation}/messages")), kind)
        try:
            events = chatwoot.rows_of(ask(f"conversations/{conversation}/reporting_events"))
            yield Finding("events", True, f"{len(events):,} of the newest conversation", is_needed=False)
        except (Denied, NotThere, ValueError):
            texts = "; ".join(source.activities.resolved)
            yield Finding(
                "events",
                False,
                "this version (or token) has no reporting events: closings and reopenings are read from activity"
                f" messages, which have to say so in the configured words, as '{texts}' (key 'activities')",
                is_needed=False,
            )
    contacts: list[Mapping[str, Any]] = []
    yield from _asked("contacts", lambda: chatwoot.rows_of(ask("contacts", page=1)), kind, found=contacts)
    if contacts:
        contact = contacts[0].get("id")
        yield from _asked("labels", lambda: [ask(f"contacts/{contact}/labels")], None)
    if source.ratings:
        yield from _asked(
            "ratings",
            lambda: chatwoot.rows_of(ask("csat_survey_responses", page=1)),
            kind,
            remedy="use an administrator's token, or set 'ratings = false'",
        )
    for entity in ("teams", "inboxes"):
        yield from _asked(entity, lambda path=entity: chatwoot.rows_of(ask(path)), kind, without=(Denied, NotThere))  # type: ignore[misc]


def _check_activecampaign(source: ActiveCampaignSource, client: Client) -> Iterator[Finding]:
    def ask(entity: str) -> Records:
        first = {"page": 1, "page_size": source.page_size}
        rows = activecampaign.records_of(client.get(activecampaign.LISTS[entity], first))
        return [row for row in rows if isinstance(row, dict)]

    yield from _access(source, ask("conversations"))
    for entity, without in activecampaign.WITHOUT.items():
        yield from _asked(
            entity,
            lambda entity=entity: ask(entity),  # type: ignore[misc]
            source.kind,
            without=activecampaign.NOT_NEEDED[entity],
            remedy=f"without them {without}",
        )


def _asked(
    entity: str,
    ask: Callable[[], Records],
    kind: str | None,
    *,
    without: tuple[type[RemoteError], ...] = (),
    found: list[Mapping[str, Any]] | None = None,
    remedy: str = "",
) -> Iterator[Finding]:
    """One question, and what its answer lacks of what is needed of an entity of this kind.

    ``without``: answers that a reading does without.

    Raises:
        GivenUp: nothing more is asked.
    """
    suffix = f"; {remedy}" if remedy else ""
    try:
        records = ask()
    except Denied as error:
        words = f"the token has no right to read them: {error}{suffix}"
        yield Finding(entity, False, words, not isinstance(error, without))
    except NotThere as error:
        words = f"not there, maybe another version or a wrong address: {error}{suffix}"
        yield Finding(entity, False, words, not isinstance(error, without))
    except GivenUp:
        raise
    except (RemoteError, ValueError) as error:
        yield Finding(entity, False, f"{error}{suffix}")
    else:
        if found is not None:
            found += records
        yield _found(entity, kind, records)


def _found(entity: str, kind: str | None, records: Records) -> Finding:
    lacking = _lacking(entity, kind, records) if kind else []
    if lacking:
        return Finding(entity, False, f"records without {', '.join(lacking)}: another version's shape")
    return Finding(entity, True, f"{len(records):,} on the first page")


def _lacking(entity: str, kind: str, records: Records) -> list[str]:
    """The required values that no record of a page has."""
    lacking = []
    for column in entities_of(kind)[entity].columns:
        name = (column.path or column.name).split("|")[0].split(".")[0]
        if column.required and records and not any(name in record for record in records):
            lacking.append(f"'{name}'")
    return lacking


def _check_export(source: ExportSource) -> Iterator[Finding]:
    if not source.path.is_dir():
        yield Finding("folder", False, f"{source.path} is not there; create the folder or correct the path")
        return
    batches = batch_folders(source.path)
    yield Finding("folder", True, f"{source.path}: {len(batches):,} complete batches")
    if batches:
        try:
            delivered = Delivered(batches[-1], source.path, outside_links=source.outside_links)
            manifest, _ = read_manifest(batches[-1], delivered)
        except BatchError as error:
            yield Finding("manifest", False, str(error))
        else:
            words = f"{visible(batches[-1].name)}: extracted {manifest.extracted_at}, {len(manifest.files)} files"
            yield Finding("manifest", True, words)


def _check_archives(source: MetaWebhooksSource) -> Iterator[Finding]:
    if not source.path.is_dir():
        yield Finding("folder", False, f"{source.path} is not there; create the folder or correct the path")
        return
    names = meta_webhooks.archive_files(source)
    yield Finding("folder", True, f"{source.path}: {len(names):,} archives")
    if names:
        newest = max(names, key=lambda name: names[name][1])
        found = meta_webhooks.look_into(source.path / newest)
        deliveries, malformed = found["deliveries"], found["malformed"]
        words = f"{newest}: {found[MESSAGES]:,} messages and {found[STATUSES]:,} statuses in its first"
        words += f" {deliveries:,} deliveries"
        if found[OTHERS]:
            words += f"; {found[OTHERS]:,} records of groups, of other systems or of unknown fields are set aside"
        if malformed:
            words += f"; {malformed:,} lines are no deliveries"
        yield Finding("archive", deliveries > malformed, words)
