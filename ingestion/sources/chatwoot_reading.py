"""One reading of a Chatwoot installation: conversations and what belongs to them.

Data flow: pages of the API -> a :class:`~.pull.Pull`. A complete reading reads everything; an incremental one
what was active since the last reading, and a margin before it. Not here: messages and events of one conversation
(``chatwoot_conversation``), HTTP (``client``), how a reading becomes a batch (``pull``, ``live``), and what the records
mean (dbt's staging models).

The list of conversations is ordered by activity and moves while it is read. A row that jumps to the front before it was
read pushes others down, so that the next page begins with rows that were just read: then the front is read again. Rows
can be missed only when rows before them are removed, and the list gets shorter between two pages: then the list is read
again. Rows that come again unchanged cost nothing more.

A conversation whose messages cannot be read does not stop the others. It is only written that it could not be read
(``unread``), and each later reading asks for it by its id until it can be read. The same holds for labels of a contact.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from ingestion.http.client import Client
from ingestion.http.policy import Denied, GivenUp, NotThere, RemoteError
from ingestion.source_settings import ChatwootSource
from ingestion.sources.chatwoot_answers import (
    Record,
    activity_of,
    contact_of,
    count_of,
    found_in,
    mark_of,
    rows_of,
    seconds,
)
from ingestion.sources.chatwoot_conversation import Conversations, Found, Words
from ingestion.sources.pull import ROWS_MAY_BE_MISSING, Progress, Pull, missing_rows

_PAGES_REMEMBERED = 20
_MOST_SWEEPS = 4
_MOST_ALIKE = 5
"""After so many equal pages in a row, the system is known to ignore the page number."""
MOST_UNREAD = 10
"""So many records may fail, or one in a hundred of those asked for; beyond that the system is at fault."""
_MOST_NAMED = 10
_UNREAD = "unread"
"""The mark of what could not be read."""

Cursor = dict[str, Any]


class Reading:
    """One reading.

    ``cursor``: ``since``, the latest activity that the reading before saw, in unix seconds; ``complete_at``, when the
    last complete reading began; ``unread`` and ``unlabelled``, the ids of conversations and of contacts whose labels
    could not be read, where there are any.
    """

    def __init__(
        self, source: ChatwootSource, client: Client, pull: Pull, cursor: Mapping[str, Any], progress: Progress
    ) -> None:
        self._source, self._client, self._pull, self._progress = source, client, pull, progress
        self._cursor = cursor
        self._is_complete: bool = pull.facts.setdefault("is_complete", self._complete_is_due())
        self._since: float | None = None
        if not self._is_complete:
            self._since = cursor["since"] - source.reread_minutes * 60
        self._conversations_of = Conversations(client, self._path("conversations"))
        self._words = Words(source.activities)
        self._again = set(map(str, cursor.get("unread", ())))
        self._unread: dict[str, str] = pull.facts.setdefault("unread", {})
        self._eventless: dict[str, str] = pull.facts.setdefault("eventless", {})
        self._unlabelled: dict[str, str] = pull.facts.setdefault("unlabelled", {})
        self._again |= self._unread.keys()  # of this reading, when it is continued
        self._totals: dict[str, int | None] = {}

    def _complete_is_due(self) -> bool:
        since, complete_at = self._cursor.get("since"), self._cursor.get("complete_at")
        if since is None or complete_at is None:
            return True
        age = self._pull.started_at - datetime.fromisoformat(complete_at)
        # also when the clock was set back: else it would not be due for an unknown time
        return not timedelta(0) <= age < timedelta(hours=self._source.complete_every_hours)

    def run(self) -> Cursor:
        """Read what is new, or everything when that is due; the cursor for the next reading.

        Raises:
            RemoteError: a list cannot be read, or too many of their child records.
            ValueError: a list has another shape.
        """
        self._progress(f"{self._source.name}: reading {'everything' if self._is_complete else 'what is new'}")
        if not self._pull.facts.get("has_lists"):
            self._lists()
            self._pull.facts["has_lists"] = True
            self._pull.checkpoint(at_once=True)
        unlabelled = {*map(str, self._cursor.get("unlabelled", ())), *self._unlabelled}
        self._unlabelled.clear()
        self._labels(sorted(unlabelled))
        is_whole = self._conversations()
        self._ask_again()
        if self._is_complete:
            is_whole = self._contacts() and is_whole
        if self._source.ratings:
            self._ratings()
        self._judge("the messages of conversation", "conversations", self._unread, "unread")
        self._judge("the labels of contact", "labels", self._unlabelled, "unlabelled")
        self._pull.write("unread", ({"conversation_id": one, "entity": "messages"} for one in self._unread))
        pull = {"pull_id": self._pull.started_at.isoformat(), "is_complete": self._is_complete and is_whole}
        self._pull.write("pulls", [pull | {"has_ratings": self._source.ratings}])
        self._warn()
        since, complete_at = self._cursor.get("since"), self._cursor.get("complete_at")
        if is_whole:  # else the next reading looks again for the rows that were missed
            since = self._pull.facts.get("newest", since)
            complete_at = self._pull.started_at.isoformat() if self._is_complete else complete_at
        else:
            self._pull.warnings.append(ROWS_MAY_BE_MISSING)
        cursor = {"since": since, "complete_at": complete_at}
        again = {"unread": sorted({**self._unread, **self._eventless}), "unlabelled": sorted(self._unlabelled)}
        return cursor | {name: ids for name, ids in again.items() if ids}

    def _path(self, *names: object) -> str:
        path = "/".join(quote(str(name), safe="") for name in names)
        return f"/api/v1/accounts/{self._source.account_id}/{path}"

    def _lists(self) -> None:
        """Read the short lists: agents, and teams and inboxes, which no figure needs."""
        self._pull.write("agents", rows_of(self._client.get(self._path("agents"))))
        for entity in ("teams", "inboxes"):
            try:
                self._pull.write(entity, rows_of(self._client.get(self._path(entity))))
            except (Denied, NotThere) as error:
                self._progress(f"{self._source.name}: continues without {entity}: {error}")

    # --- conversations --------------------------------------------------------------------------------------

    def _conversations(self) -> bool:
        """Read the list until it has been seen as a whole; whether it was."""
        for _ in range(_MOST_SWEEPS):
            known = self._pull.seen("conversations")
            has_missed, has_jumped = self._sweep(self._since)
            if has_jumped and not has_missed:
                has_missed, _ = self._sweep(self._pull.facts.get("newest"))
            # rows of one instant have no order: one may come twice, and another never
            is_short = self._is_complete and self._is_short("conversations")
            if not has_missed and not is_short:
                return True
            if not has_missed and known == self._pull.seen("conversations"):
                break  # reading again brought nothing more
        if self._is_complete:
            self._warn_if_short("conversations")
        return False

    def _is_short(self, entity: str) -> bool:
        """Whether fewer are known than the list says it has."""
        return self._pull.seen(entity) < (self._totals.get(entity) or 0)

    def _warn_if_short(self, entity: str) -> None:
        if self._is_short(entity):
            self._pull.warnings.append(missing_rows(entity, self._totals[entity] or 0, self._pull.seen(entity)))

    def _sweep(self, until: float | None) -> tuple[bool, bool]:
        """Read pages until all rows of one were last active before ``until``.

        Whether rows can have been missed, and whether rows came again that had been read.
        """
        before: deque[set[str]] = deque(maxlen=_PAGES_REMEMBERED)
        count_before: int | None = None
        has_missed = has_jumped = False
        page = 1
        while True:
            answer = self._client.get(self._path("conversations"), {"status": "all", "page": page})
            rows = rows_of(answer)
            count = count_of(answer)
            if count is not None and count_before is not None and count < count_before:
                has_missed = True
            self._totals["conversations"] = count_before = count if count is not None else count_before
            active = [activity for activity in map(activity_of, rows) if activity is not None]
            if page == 1 and active:
                # with a date in the future, later readings would find nothing new
                self._pull.facts.setdefault("newest", min(max(active), self._pull.started_at.timestamp()))
            ids = {str(row.get("id")) for row in rows}
            has_jumped = has_jumped or any(ids & seen for seen in before)
            before.append(ids)
            _refuse_endless("conversations", before)
            self._read(rows)
            self._report_progress()
            if not rows or (until is not None and len(active) == len(rows) and max(active) < until):
                return has_missed, has_jumped
            page += 1

    def _read(self, rows: Iterable[Record]) -> None:
        """Read the child records of those conversations of a page that are new or have changed in this reading."""
        fresh = [row for row in rows if self._is_due(row)]
        known = [row for row in fresh if isinstance(row.get("id"), int | str)]
        self._pull.write("conversations", [row for row in fresh if row not in known])
        contacts = []
        found = self._client.map(self._conversations_of.read, [row["id"] for row in known])
        for row, children in zip(known, found, strict=True):
            number = str(row["id"])
            for failures in (self._unread, self._eventless):
                failures.pop(number, None)
            self._again.discard(number)
            if isinstance(children, Found):
                self._write(row, children)
                contacts.append(contact_of(row))
            elif children is not None:
                self._unread[number] = str(children)
            self._pull.see("conversations", number, mark_of(row) if number not in self._unread else _UNREAD)
        self._labels(contact for contact in contacts if contact is not None)
        self._pull.checkpoint()

    def _write(self, row: Record, found: Found) -> None:
        self._pull.write("messages", found.messages)
        if found.events is not None:
            self._pull.write("events", ({"conversation_id": row["id"], "record": event} for event in found.events))
        else:
            self._pull.write("unread", [{"conversation_id": row["id"], "entity": "events"}])
        if found.why is not None:
            self._eventless[str(row["id"])] = found.why
        if self._words.say_nothing_of_closing(row, found):
            self._pull.facts["unclear"] = self._pull.facts.get("unclear", 0) + 1
        self._pull.write("conversations", [row])

    def _is_due(self, row: Record) -> bool:
        """Whether a conversation has changed since it was read, by this reading or the one before."""
        number, activity = str(row.get("id")), activity_of(row)
        if number in self._again:
            return True
        if number in self._unread or self._pull.is_seen("conversations", number, mark_of(row)):
            return False
        return self._since is None or activity is None or activity >= self._since

    def _ask_again(self) -> None:
        """Ask by id for the conversations that earlier readings could not read and that the list did not show now."""
        for number in sorted(self._again):
            try:
                row = self._client.get(self._path("conversations", number))
                if str(found_in(row, "id")) != number:
                    raise ValueError("an answer that is not a conversation")
            except NotThere:
                continue
            except GivenUp:
                raise
            except (RemoteError, ValueError) as error:
                self._unread[number] = str(error)
                self._pull.see("conversations", number, _UNREAD)
            else:
                self._read([row])

    def _judge(self, what: str, entity: str, failures: Mapping[str, str], before: str) -> None:
        """Fail when so many records could not be read that the system is at fault. Failures known before do not count.

        Raises:
            RemoteError: all that were asked for failed, or more than one in a hundred and more than ten.
        """
        known = failures.keys() & set(map(str, self._cursor.get(before, ())))
        new = [one for one in failures if one not in known]
        asked = self._pull.seen(entity) - len(known)
        if new and (len(new) >= asked or len(new) > max(MOST_UNREAD, asked / 100)):
            raise RemoteError(
                f"{len(new):,} of {asked:,} {entity} could not be read; the first: {what} {new[0]}: {failures[new[0]]}"
            )

    def _warn(self) -> None:
        warn = self._pull.warnings.append
        if self._conversations_of.denied:
            warn(f"activity messages are read instead of reporting events: {self._conversations_of.denied}")
        kept = "they keep their last known state, and the next reading asks for them again"
        for what, one, failures, instead in (
            ("conversations that could not be read", "conversation", self._unread, kept),
            (
                "conversations whose reporting events could not be read",
                "conversation",
                self._eventless,
                "their activity messages are used instead, and the next reading asks for them again",
            ),
            ("contacts whose labels could not be read", "contact", self._unlabelled, kept),
        ):
            if failures:
                named = "; ".join(f"{one} {key}: {why}" for key, why in list(failures.items())[:_MOST_NAMED])
                more = f"; and {len(failures) - _MOST_NAMED:,} more" if len(failures) > _MOST_NAMED else ""
                warn(f"{what}: {len(failures):,}; {instead}; {named}{more}")
        if unclear := self._pull.facts.get("unclear"):
            warn(
                f"{unclear:,} resolved conversations do not say when they were closed: they have no reporting event,"
                " and their activity messages have unknown words; set 'resolved' and the other texts in"
                " [sources.activities] as this installation writes them"
            )

    # --- contacts, ratings ----------------------------------------------------------------------------------

    def _contacts(self) -> bool:
        """Read all listed contacts with their labels; whether they are as many as the list says."""
        for _ in range(_MOST_SWEEPS):
            known = self._pull.seen("contacts")
            for rows in self._pages("contacts"):
                self._pull.write_unseen("contacts", rows)
                self._labels(str(row["id"]) for row in rows if row.get("id") is not None)
                self._report_progress()
                self._pull.checkpoint()
            if not self._is_short("contacts"):
                return True
            if known == self._pull.seen("contacts"):
                break
        self._warn_if_short("contacts")
        return False

    def _labels(self, contacts: Iterable[str]) -> None:
        """Read the labels of contacts, once a reading."""
        wanted = [
            contact
            for contact in dict.fromkeys(contacts)
            if contact not in self._unlabelled and not self._pull.is_seen("labels", contact, "")
        ]
        for contact, answer in zip(wanted, self._client.map(self._labels_of, wanted), strict=True):
            if isinstance(answer, RemoteError):
                self._unlabelled[contact] = str(answer)
            elif answer is not None:
                self._pull.write("labels", [{"contact_id": contact, "payload": answer.get("payload")}])
            self._pull.see("labels", contact, "" if contact not in self._unlabelled else _UNREAD)

    def _labels_of(self, contact: str) -> Record | RemoteError | None:
        try:
            answer = self._client.get(self._path("contacts", contact, "labels"))
        except NotThere:
            return None
        except (GivenUp, Denied):
            raise
        except RemoteError as error:
            return error
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

    def _pages(self, path: str) -> Iterator[list[Record]]:
        """The pages of a list, up to the first that is empty."""
        before: deque[set[str]] = deque(maxlen=_PAGES_REMEMBERED)
        page = 1
        while True:
            answer = self._client.get(self._path(path), {"page": page})
            rows = rows_of(answer)
            self._totals[path] = count_of(answer)
            if not rows:
                return
            before.append({str(row.get("id")) for row in rows})
            _refuse_endless(path, before)
            yield rows
            page += 1

    def _report_progress(self) -> None:
        total = self._totals.get("conversations")
        of_all = f" of {total:,}" if total and self._is_complete else ""
        self._progress(
            f"{self._source.name}: {self._pull.seen('conversations'):,}{of_all} conversations,"
            f" {self._pull.rows('messages'):,} messages, {self._client.requests:,} requests"
        )


def _refuse_endless(path: str, pages: Sequence[set[str]]) -> None:
    """Compare the latest pages of a list, by their ids.

    Raises:
        ValueError: they are all the same.
    """
    latest = list(pages)[-_MOST_ALIKE:]
    if len(latest) == _MOST_ALIKE and latest[0] and all(page == latest[0] for page in latest):
        raise ValueError(f"the list of {path} has no end: every page is the same")
