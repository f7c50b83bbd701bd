"""The ``chatwoot`` source: conversations and what hangs from them, over the API of an installation.

Data flow: pages of the API -> a :class:`~ingestion.pull.Pull`. A complete reading reads everything; an incremental one
what was active since the last reading, and a margin before it. Not here: HTTP (``client``), how a reading becomes a
batch (``pull``, ``live``), and what the records mean (dbt's staging models).

The list of conversations is ordered by activity and moves while it is read. A row that jumps to the front from where
it was not read yet pushes others down, so that the next page begins with rows that were just read: then the front is
read again. A row slips past a page border only when rows before it go, so that the list gets shorter between two
pages: then the list is read again as far as it was. Rows that come again unchanged cost nothing more.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from ingestion.client import Client, Denied, NotThere
from ingestion.pull import SLIPPED, Progress, Pull
from ingestion.settings import ChatwootSource

MESSAGES_A_PAGE = 20
_PAGES_REMEMBERED = 20
_MOST_SWEEPS = 4
_MOST_ALIKE = 5
"""So many pages of the same rows in a row tell that a system does not heed the number of a page."""
_WITHOUT_EVENTS = 3
"""So many conversations of which none has events tell that the version has none."""


def read(source: ChatwootSource, client: Client, pull: Pull, cursor: Mapping[str, Any], progress: Progress) -> Cursor:
    """Read what is new, or everything when that is due; the cursor for the next reading.

    ``cursor``: ``since``, the latest activity that the reading before saw, in unix seconds; ``complete_at``, when the
    last complete reading began.
    """
    return _Reading(source, client, pull, cursor, progress).run()


Cursor = dict[str, Any]


class _Reading:
    def __init__(
        self, source: ChatwootSource, client: Client, pull: Pull, cursor: Mapping[str, Any], progress: Progress
    ) -> None:
        self._source, self._client, self._pull, self._progress = source, client, pull, progress
        self._cursor = cursor
        self._is_complete: bool = pull.facts.setdefault("is_complete", self._complete_is_due())
        self._since: float | None = None
        if not self._is_complete:
            self._since = cursor["since"] - source.reread_minutes * 60
        self._with_events = 0
        self._without_events = 0
        self._asks_for_events = True
        self._total: int | None = None

    def _complete_is_due(self) -> bool:
        since, complete_at = self._cursor.get("since"), self._cursor.get("complete_at")
        if since is None or complete_at is None:
            return True
        age = self._pull.started_at - datetime.fromisoformat(complete_at)
        # also when the clock ran back: for who knows how long it would not be due
        return not timedelta(0) <= age < timedelta(hours=self._source.complete_every_hours)

    def run(self) -> Cursor:
        self._progress(f"{self._source.name}: {'everything' if self._is_complete else 'what is new'} is read")
        if not self._pull.facts.get("has_lists"):
            self._lists()
            self._pull.facts["has_lists"] = True
            self._pull.checkpoint(at_once=True)
        is_whole = self._conversations()
        if self._is_complete:
            self._contacts()
        if self._source.ratings:
            self._ratings()
        complete_at = self._cursor.get("complete_at")
        if self._is_complete:
            complete_at = self._pull.started_at.isoformat()
        told = {"pull_id": self._pull.started_at.isoformat(), "is_complete": self._is_complete and is_whole}
        self._pull.write("pulls", [told | {"has_ratings": self._source.ratings}])
        since = self._pull.facts.get("newest", self._cursor.get("since"))
        if not is_whole:  # what slipped past is behind the newest: the next reading looks for it again
            self._pull.warnings.append(SLIPPED)
            since, complete_at = self._cursor.get("since"), self._cursor.get("complete_at")
        return {"since": since, "complete_at": complete_at}

    def _path(self, *names: object) -> str:
        path = "/".join(quote(str(name), safe="") for name in names)
        return f"/api/v1/accounts/{self._source.account_id}/{path}"

    def _lists(self) -> None:
        """What is small: agents, and teams and inboxes, which no figure needs."""
        self._pull.write("agents", rows_of(self._client.get(self._path("agents"))))
        for entity in ("teams", "inboxes"):
            try:
                self._pull.write(entity, rows_of(self._client.get(self._path(entity))))
            except (Denied, NotThere) as error:
                self._progress(f"{self._source.name}: goes on without {entity}: {error}")

    # --- conversations --------------------------------------------------------------------------------------

    def _conversations(self) -> bool:
        """Read the list until it has been seen as a whole; whether it was."""
        for _ in range(_MOST_SWEEPS):
            known = self._pull.seen("conversations")
            has_slipped, has_jumped = self._sweep(self._since)
            if has_jumped and not has_slipped:
                has_slipped, _ = self._sweep(self._pull.facts.get("newest"))
                # rows of one instant have no order: one may come twice, and another not at all
                if self._is_complete and self._total is not None:
                    has_slipped |= known < self._pull.seen("conversations") < self._total
            if not has_slipped:
                return True
        return False

    def _sweep(self, until: float | None) -> tuple[bool, bool]:
        """Read pages until all rows of one were last active before ``until``.

        Whether a row can have slipped past a page border, and whether rows came down that had been read.
        """
        before: deque[set[str]] = deque(maxlen=_PAGES_REMEMBERED)
        count_before: int | None = None
        has_slipped = has_jumped = False
        page = 1
        while True:
            answer = self._client.get(self._path("conversations"), {"status": "all", "page": page})
            rows = rows_of(answer)
            count = _count(answer)
            if count is not None and count_before is not None and count < count_before:
                has_slipped = True
            self._total = count_before = count if count is not None else count_before
            active = [activity for activity in map(_activity, rows) if activity is not None]
            if page == 1 and active:
                # a date in the future would have all later readings find nothing new
                self._pull.facts.setdefault("newest", min(max(active), self._pull.started_at.timestamp()))
            ids = {str(row.get("id")) for row in rows}
            has_jumped = has_jumped or any(ids & seen for seen in before)
            before.append(ids)
            _see_an_end("conversations", before)
            self._read(rows)
            self._tell()
            if not rows or (until is not None and len(active) == len(rows) and max(active) < until):
                return has_slipped, has_jumped
            page += 1

    def _read(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Read what hangs from the conversations of a page that are new or have changed in this reading."""
        fresh = [
            row
            for row in rows
            if not self._pull.is_seen("conversations", str(row.get("id")), _mark(row)) and not self._is_of_before(row)
        ]
        known = [row for row in fresh if isinstance(row.get("id"), int | str)]
        self._pull.write("conversations", [row for row in fresh if row not in known])
        contacts = []
        for row, is_there in zip(known, self._client.map(self._conversation, known), strict=True):
            if is_there:
                self._pull.write("conversations", [row])
                contacts.append(_sender(row))
            self._pull.see("conversations", str(row["id"]), _mark(row))
        self._labels(contact for contact in contacts if contact is not None)
        self._pull.checkpoint()

    def _is_of_before(self, row: Mapping[str, Any]) -> bool:
        """Whether the reading before must have seen a conversation as it is."""
        activity = _activity(row)
        return self._since is not None and activity is not None and activity < self._since

    def _conversation(self, row: Mapping[str, Any]) -> bool:
        """Read messages and events of a conversation; whether it is still there."""
        conversation = row["id"]
        try:
            self._messages(conversation)
        except NotThere:
            return False
        self._events(conversation)
        return True

    def _messages(self, conversation: int | str) -> None:
        """Pages from the newest message back, in an incremental reading as far as the one before must have read."""
        path = self._path("conversations", conversation, "messages")
        before: int | None = None
        while True:
            rows = rows_of(self._client.get(path, None if before is None else {"before": before}))
            self._pull.write("messages", rows)
            ids = [int(row["id"]) for row in rows if _is_whole(row.get("id"))]
            if len(rows) < MESSAGES_A_PAGE or not ids or (before is not None and min(ids) >= before):
                return
            before = min(ids)
            sent = [moment for moment in (seconds(row.get("created_at")) for row in rows) if moment is not None]
            if self._since is not None and sent and min(sent) < self._since:
                return

    def _events(self, conversation: int | str) -> None:
        """Reporting events, which only newer versions have; activity messages tell the same."""
        if not self._asks_for_events:
            return
        try:
            rows = rows_of(self._client.get(self._path("conversations", conversation, "reporting_events")))
        except NotThere:
            self._without_events += 1
            if not self._with_events and self._without_events >= _WITHOUT_EVENTS:
                self._asks_for_events = False
            return
        except Denied as error:
            self._asks_for_events = False
            self._pull.warnings.append(f"goes on with activity messages instead of reporting events: {error}")
            return
        self._with_events += 1
        self._pull.write("events", ({"conversation_id": conversation, "record": row} for row in rows))

    # --- contacts, ratings ----------------------------------------------------------------------------------

    def _contacts(self) -> None:
        """All contacts that are listed, with their labels."""
        for rows in self._pages("contacts"):
            self._pull.write_unseen("contacts", rows)
            self._labels(str(row["id"]) for row in rows if row.get("id") is not None)
            self._tell()
            self._pull.checkpoint()

    def _labels(self, contacts: Iterable[str]) -> None:
        """The labels of contacts, once a reading."""
        wanted = [contact for contact in dict.fromkeys(contacts) if not self._pull.is_seen("labels", contact, "")]
        for contact, answer in zip(wanted, self._client.map(self._labels_of, wanted), strict=True):
            if answer is not None:
                self._pull.write("labels", [{"contact_id": contact, "payload": answer.get("payload")}])
            self._pull.see("labels", contact, "")

    def _labels_of(self, contact: str) -> Mapping[str, Any] | None:
        try:
            answer = self._client.get(self._path("contacts", contact, "labels"))
        except NotThere:
            return None
        return answer if isinstance(answer, dict) else {"payload": answer}

    def _ratings(self) -> None:
        """Survey responses; in an incremental reading the newer ones, where the list begins with these."""
        newest = None
        for rows in self._pages("csat_survey_responses"):
            self._pull.write_unseen("ratings", rows)
            moments = [moment for moment in (seconds(row.get("created_at")) for row in rows) if moment is not None]
            is_descending = moments == sorted(moments, reverse=True) and (newest is None or moments[:1] <= [newest])
            newest = min(moments, default=newest)
            if self._since is not None and moments and is_descending and max(moments) < self._since:
                return

    def _pages(self, path: str) -> Iterator[list[Mapping[str, Any]]]:
        """The pages of a list, up to the first that is empty."""
        before: deque[set[str]] = deque(maxlen=_PAGES_REMEMBERED)
        page = 1
        while rows := rows_of(self._client.get(self._path(path), {"page": page})):
            before.append({str(row.get("id")) for row in rows})
            _see_an_end(path, before)
            yield rows
            page += 1

    def _tell(self) -> None:
        of_all = f" of {self._total:,}" if self._total and self._is_complete else ""
        self._progress(
            f"{self._source.name}: {self._pull.seen('conversations'):,}{of_all} conversations,"
            f" {self._pull.rows('messages'):,} messages, {self._client.requests:,} requests"
        )


def rows_of(answer: Any) -> list[Mapping[str, Any]]:
    """The records of an answer: an array, or the array in its ``payload``, which may stand in ``data``.

    Raises:
        ValueError: the answer has another shape.
    """
    rows = answer
    if isinstance(rows, dict) and isinstance(rows.get("data"), dict):
        rows = rows["data"]
    if isinstance(rows, dict):
        rows = rows.get("payload")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("an answer that is no list of records")
    return rows


def _see_an_end(path: str, pages: Sequence[set[str]]) -> None:
    """Look at the latest pages of a list, by their ids.

    Raises:
        ValueError: they are all the same.
    """
    latest = list(pages)[-_MOST_ALIKE:]
    if len(latest) == _MOST_ALIKE and latest[0] and all(page == latest[0] for page in latest):
        raise ValueError(f"the list of {path} has no end: whatever page is asked for, the same one comes")


def _count(answer: Any) -> int | None:
    """How many conversations the list says that there are."""
    try:
        count = answer["data"]["meta"]["all_count"]
    except (KeyError, TypeError):
        return None
    return int(count) if _is_whole(count) else None


def seconds(value: object) -> float | None:
    """Unix seconds of what an API gives for an instant; None for none, and for what is no instant."""
    if isinstance(value, bool) or value in (None, 0, "0", ""):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
        return number if math.isfinite(number) else None
    except (TypeError, ValueError):
        pass
    except OverflowError:
        return None
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except (ValueError, OverflowError):
        return None


def _activity(row: Mapping[str, Any]) -> float | None:
    return seconds(row.get("last_activity_at"))


def _mark(row: Mapping[str, Any]) -> str:
    return f"{row.get('last_activity_at')}/{row.get('updated_at')}"


def _sender(row: Mapping[str, Any]) -> str | None:
    meta = row.get("meta")
    sender = meta.get("sender") if isinstance(meta, dict) else None
    return str(sender["id"]) if isinstance(sender, dict) and _is_whole(sender.get("id")) else None


def _is_whole(value: object) -> bool:
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, str) and value.isdecimal()))
