"""The ``chatwoot`` source: conversations and their child records, over the API of an installation.

Here: how an installation is asked, and what it offers. Not here: a reading (``chatwoot_reading``), and what the records
mean (dbt's staging models).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ingestion.http.client import Client
from ingestion.http.policy import Denied, NotThere
from ingestion.source_settings import ChatwootSource
from ingestion.source_state import Outcome, SourceState
from ingestion.sources import Finding, checks, live
from ingestion.sources.chatwoot_answers import rows_of
from ingestion.sources.chatwoot_reading import MOST_UNREAD, Cursor, Reading
from ingestion.sources.pull import Pull

_HEADER = live.TokenHeader("api_access_token")


def read(source: ChatwootSource, state: SourceState) -> Iterator[Iterable[Outcome]]:
    """What is new, or everything when that is due; an interrupted reading is continued."""

    def fill(pull: Pull, cursor: Mapping[str, Any]) -> Cursor:
        # a reading can do without single records, and not without many
        with live.client_of(source, _HEADER, pull.begin, give_up_after=MOST_UNREAD + 1) as client:
            return Reading(source, client, pull, cursor, state.progress).run()

    identity = f"{source.kind} {source.base_url} {source.account_id} {source.ratings}"
    return live.batches(source, state, identity, fill, _back, is_continued=True)


def _back(cursor: Mapping[str, Any], since: datetime | None) -> Cursor:
    """An earlier instant is read from as if nothing after it were known. A complete reading, if due, goes before."""
    if since is None:
        return {**cursor, "complete_at": None}
    known = cursor.get("since")
    return {**cursor, "since": known and min(known, since.timestamp())}


def check(source: ChatwootSource) -> Iterator[Finding]:
    """Ask for one page of each list, and for the child records of the first conversation and contact."""
    return checks.check(source, _HEADER, _ask_for_a_page_of_each)


def _ask_for_a_page_of_each(source: ChatwootSource, client: Client) -> Iterator[Finding]:
    base = f"/api/v1/accounts/{source.account_id}"

    def ask(path: str, **params: str | int) -> Any:
        return client.get(f"{base}/{path}", params)

    kind = source.kind
    conversations = rows_of(ask("conversations", status="all", page=1))
    yield from checks.access(source, source.kind, conversations)
    yield from checks.asked("agents", lambda: rows_of(ask("agents")), kind)
    if conversations:
        conversation = conversations[0].get("id")
        yield from checks.asked("messages", lambda: rows_of(ask(f"conversations/{conversation}/messages")), kind)
        try:
            events = rows_of(ask(f"conversations/{conversation}/reporting_events"))
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
    yield from checks.asked("contacts", lambda: rows_of(ask("contacts", page=1)), kind, found=contacts)
    if contacts:
        contact = contacts[0].get("id")
        yield from checks.asked("labels", lambda: [ask(f"contacts/{contact}/labels")], None)
    if source.ratings:
        yield from checks.asked(
            "ratings",
            lambda: rows_of(ask("csat_survey_responses", page=1)),
            kind,
            remedy="use an administrator's token, or set 'ratings = false'",
        )
    for entity in ("teams", "inboxes"):
        yield from checks.asked(entity, lambda path=entity: rows_of(ask(path)), kind, without=(Denied, NotThere))  # type: ignore[misc]
