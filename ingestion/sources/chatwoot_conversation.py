"""The child records of one conversation of Chatwoot: all its messages, and its reporting events.

Here: which pages are asked for so that no message is missed. Not here: which conversations are read, and what happens
to one that cannot be read (``chatwoot_reading``).

Chatwoot selects messages by id and orders them by time. The two orders differ where messages were imported or came
late:

* without parameters it returns the 20 newest;
* with ``before``, the 20 newest of those with a smaller id: a late message with an old time is on no such page;
* with ``after`` and ``before``, the 1,000 oldest of those with an id between the two.

So fewer than 20 messages are all of them, after one request. Otherwise a second request asks for all ids. A full page
may not hold its whole range: then the range is split at the id in the middle of the page. Each half is smaller, so this
ends, and holds at least half of the page, so 1,000 messages take at most four requests. No answer says how many
messages a conversation has. What can be checked is that the newest are among those of all ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from ingestion.http.client import Client
from ingestion.http.policy import Denied, GivenUp, NotThere, RemoteError
from ingestion.source_settings import ActivityTexts
from ingestion.sources.chatwoot_answers import Record, found_in, is_whole, rows_of

NEWEST = 20
"""The size of a page of the newest messages."""
_FULL = (20, 100, 1000)
"""The sizes of pages that may not hold their whole range."""
_ABOVE_ALL_IDS = 2**63 - 1
_WITHOUT_EVENTS = 3
"""After so many conversations without events, the version is known to have none."""


@dataclass
class Found:
    """The child records of a conversation. ``events``: None where they were not read; ``why``: the error, if any."""

    messages: list[Record]
    events: list[Record] | None = None
    why: str | None = None


@dataclass
class Conversations:
    """Reads one conversation at a time, in several threads. ``base``: the path of all conversations.

    ``denied``: why reporting events are no longer asked for, when the token has no right to them.
    """

    client: Client
    base: str
    denied: str | None = None
    _with_events: int = field(default=0, init=False)
    _without_events: int = field(default=0, init=False)

    def read(self, conversation: object) -> Found | RemoteError | ValueError | None:
        """The child records of a conversation; None when it does not exist; the error when its messages cannot be read.

        Raises:
            GivenUp: the client has given up.
        """
        path = f"{self.base}/{quote(str(conversation), safe='')}"
        try:
            found = Found(self._messages(f"{path}/messages"))
        except NotThere:
            return None
        except GivenUp:
            raise
        except Denied as error:
            if error.status == 401:  # the token is no longer valid at all
                raise
            return error
        except (RemoteError, ValueError) as error:
            return error
        self._read_events(f"{path}/reporting_events", found)
        return found

    def _messages(self, path: str) -> list[Record]:
        newest = rows_of(self.client.get(path))
        messages = _by_id(newest)
        if len(newest) < NEWEST:
            return newest
        full, ranges = set(_FULL), [(0, _ABOVE_ALL_IDS)]
        while ranges:
            low, high = ranges.pop()
            rows = rows_of(self.client.get(path, {"after": low, "before": high}))
            of_page = _by_id(rows)
            if (low, high) == (0, _ABOVE_ALL_IDS) and not _by_id(newest).keys() <= of_page.keys():
                full.add(len(rows))  # this version has pages of another size
            messages |= of_page
            ids = sorted(number for number in of_page if isinstance(number, int))
            if len(rows) not in full or len(ids) < 2:
                continue
            if ids[-1] >= high:
                raise ValueError(
                    "the list of messages has no end: it ignores the id before which messages are asked for"
                )
            if ids[0] < low:  # a version that ignores ``after``
                ranges = [(low, ids[0])]
            else:
                middle = ids[len(ids) // 2]
                ranges += [(low, middle), (middle, high)]
        return list(messages.values())

    def _read_events(self, path: str, found: Found) -> None:
        """Read reporting events, which only newer versions have. Activity messages say the same."""
        if self.denied or (not self._with_events and self._without_events >= _WITHOUT_EVENTS):
            return
        try:
            found.events = rows_of(self.client.get(path))
            self._with_events += 1
        except NotThere:
            self._without_events += 1
        except GivenUp:
            raise
        except Denied as error:
            self.denied = str(error)
        except (RemoteError, ValueError) as error:
            self._without_events += 1
            found.why = str(error)


def _by_id(rows: Iterable[Record]) -> dict[object, Record]:
    """Messages by their ids as numbers; those without a whole number as id, by their content."""
    return {int(row["id"]) if is_whole(row.get("id")) else repr(row): row for row in rows}


class Words:
    """What activity messages say, as the configuration knows it."""

    def __init__(self, texts: ActivityTexts) -> None:
        """``texts``: those of the configuration, in which ``*`` stands for any text."""
        patterns = {change: "|".join(map(_pattern, known)) for change, known in texts.model_dump().items()}
        self._resolved = re.compile(patterns["resolved"] or "(?!)", re.DOTALL)
        self._known = re.compile("|".join(filter(None, patterns.values())) or "(?!)", re.DOTALL)

    def say_nothing_of_closing(self, row: Record, found: Found) -> bool:
        """Whether nothing says when a resolved conversation was closed, and its activities have unknown words."""
        if row.get("status") != "resolved" or any(
            event.get("name") == "conversation_resolved" for event in found.events or ()
        ):
            return False
        activities = [message for message in found.messages if message.get("message_type") in (2, "2", "activity")]
        statuses = [found_in(message, "content_attributes", "activity", "status") for message in activities]
        texts = [str(message.get("content") or "").lower() for message in activities]
        if "resolved" in statuses or any(map(self._resolved.fullmatch, texts)):
            return False
        return any(
            status is None and not self._known.fullmatch(text) for status, text in zip(statuses, texts, strict=True)
        )


def _pattern(text: str) -> str:
    return ".*".join(map(re.escape, text.lower().split("*")))
