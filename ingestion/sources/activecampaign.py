"""The ``activecampaign`` source: snapshots of WhatsApp conversations, contacts, members and runs of flows.

Data flow: pages of the API -> a :class:`~.pull.Pull`. There is no date filter: every reading is a snapshot of
all lists. Not here: HTTP (``client``), how a reading becomes a batch (``pull``, ``live``), and the history that follows
from the differences of snapshots (dbt).

A list may move while it is read. New rows push others down, so that rows come twice. Rows can also be missed: when rows
before them are removed, and the list gets shorter between two pages; or when they move to a page that was read already,
and fewer rows are known at the end than the list says. In both cases the list is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from ingestion.http.client import Client
from ingestion.http.policy import Denied, NotThere, RemoteError
from ingestion.source_settings import ActiveCampaignSource
from ingestion.source_state import Outcome, SourceState
from ingestion.sources import Finding, checks, live
from ingestion.sources.pull import ROWS_MAY_BE_MISSING, Progress, Pull, missing_rows

LISTS = {
    "members": "account-member",
    "contacts": "contact",
    "conversations": "inbox/conversation",  # last, so that their contacts and members are known, but for the newest
    "executions": "flow-execution-contact",
}
WITHOUT = {
    "members": "agents have no names but those known before",
    "contacts": "contacts have no names but those known before, and an archive's messages find no new ones by phone",
    "executions": "no flow is known to run, and no survey counts as sent",
}
"""The consequence where the interface has no such list; conversations are always needed."""
NOT_NEEDED: dict[str, tuple[type[RemoteError], ...]] = {
    "members": (NotThere,),  # a token that is denied them can be given the right
    "contacts": (NotThere,),
    "executions": (NotThere, Denied),
}
"""The errors after which a reading can do without a list."""
_MOST_SWEEPS = 4
_HEADER = live.TokenHeader("Authorization", "Token ")


def read(source: ActiveCampaignSource, state: SourceState) -> Iterator[Iterable[Outcome]]:
    """A snapshot. It is of one moment, so an interrupted one begins from the start, and none needs a cursor."""

    def fill(pull: Pull, _: Mapping[str, Any]) -> Mapping[str, Any]:
        with live.client_of(source, _HEADER, pull.begin) as client:
            _take_snapshot(source, client, pull, state.progress)
        return {}

    return live.batches(source, state, source.kind, fill, lambda cursor, _: cursor)


def check(source: ActiveCampaignSource) -> Iterator[Finding]:
    """Ask for the first page of each list."""
    return checks.check(source, _HEADER, _ask_for_a_page_of_each)


def _take_snapshot(source: ActiveCampaignSource, client: Client, pull: Pull, progress: Progress) -> None:
    is_whole: dict[str, bool] = {}
    for entity, path in LISTS.items():
        try:
            is_whole[entity] = _read_list(source, client, pull, progress, entity, path)
        except NOT_NEEDED.get(entity, ()) as error:
            pull.warnings.append(f"there are no {entity}: {WITHOUT[entity]}: {error}")
    is_complete = is_whole["conversations"] and is_whole.get("contacts", True)
    if not is_complete:
        pull.warnings.append(ROWS_MAY_BE_MISSING)
    pull.write(
        "pulls",
        [{"pull_id": pull.started_at.isoformat(), "is_complete": is_complete, "has_contacts": "contacts" in is_whole}],
    )


def _read_list(
    source: ActiveCampaignSource, client: Client, pull: Pull, progress: Progress, entity: str, path: str
) -> bool:
    """Read a list until it has been seen as a whole; whether it was."""
    count = 0
    for _ in range(_MOST_SWEEPS):
        known = pull.seen(entity)
        is_whole, count = _sweep(source, client, pull, progress, entity, path)
        # a row that moved to the front before it was read is missing, although no row was removed
        if is_whole and pull.seen(entity) >= count:
            return True
        if is_whole and pull.seen(entity) == known:
            break  # reading again brought nothing more
    if (shown := pull.seen(entity)) < count:
        pull.warnings.append(missing_rows(entity, count, shown))
    return False


def _sweep(
    source: ActiveCampaignSource, client: Client, pull: Pull, progress: Progress, entity: str, path: str
) -> tuple[bool, int]:
    """Read all pages once; whether no row can have been missed, and how many rows the list says it has."""
    answer: Any = client.get(path, {"page": 1, "page_size": source.page_size})
    count_before: int | None = None
    is_whole = True
    links: set[str] = set()
    while True:
        rows = records_of(answer)
        count = _count(answer)
        if count is not None:
            is_whole = is_whole and not (count_before is not None and count < count_before)
            count_before = count
        pull.write_unseen(entity, rows)
        of_all = f" of {count_before:,}" if count_before else ""
        progress(f"{source.name}: {pull.rows(entity):,}{of_all} {entity}, {client.requests:,} requests")
        following = answer.get("next") if isinstance(answer, dict) else None
        if not following:
            return is_whole, count_before or 0
        if not isinstance(following, str) or following in links:
            raise ValueError(f"the list of {path} has no end: its link to the next page leads to {following!r} again")
        links.add(following)
        following = urljoin(f"{source.base_url}/{path}", following)
        try:
            answer = client.get(following)
        except NotThere:  # the list has become shorter
            return False, count_before or 0


def records_of(answer: Any) -> list[Any]:
    """The records of an answer: an array, or the array in its ``results``. Values in it that are not objects will be
    quarantined.

    Raises:
        ValueError: the answer has another shape, or none of its records is an object.
    """
    rows = answer.get("results") if isinstance(answer, dict) else answer
    if not isinstance(rows, list) or (rows and not any(isinstance(row, dict) for row in rows)):
        raise ValueError("an answer that is not a list of records")
    return rows


def _count(answer: Any) -> int | None:
    """How many rows the list says it has."""
    count = answer.get("count") if isinstance(answer, dict) else None
    if isinstance(count, str) and count.isdecimal():
        count = int(count)
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _ask_for_a_page_of_each(source: ActiveCampaignSource, client: Client) -> Iterator[Finding]:
    def ask(entity: str) -> checks.Records:
        first = {"page": 1, "page_size": source.page_size}
        rows = records_of(client.get(LISTS[entity], first))
        return [row for row in rows if isinstance(row, dict)]

    yield from checks.access(source, source.kind, ask("conversations"))
    for entity, without in WITHOUT.items():
        yield from checks.asked(
            entity,
            lambda entity=entity: ask(entity),  # type: ignore[misc]
            source.kind,
            without=NOT_NEEDED[entity],
            remedy=f"without them {without}",
        )
