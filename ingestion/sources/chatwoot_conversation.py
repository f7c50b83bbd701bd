"""What hangs from one conversation of Chatwoot: all its messages, and its reporting events.

Here: which pages are asked for so that none is missed. Not here: which conversations are read, and what becomes of one
that cannot be (``chatwoot``).

Chatwoot chooses messages by id and orders them by time, and the two orders differ where messages were imported or came
late:

* without parameters it gives the 20 newest;
* with ``before``, the 20 newest of those with a smaller id: a late message with an old time is on no such page;
* with ``after`` and ``before``, the 1,000 oldest of those with an id between the two.

So fewer than 20 messages are all there are, which costs one request. Else all ids are asked for at once, which costs a
second. A full page is not all of its range: the range is split in two at the id in the middle of the page. Either half
is smaller, so this ends, and has half of the page at least, so this takes four requests for 1,000 messages at most. No
answer says how many messages a conversation has: that the newest are among those of all ids is what can be checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from ingestion.http.client import Client, Denied, GivenUp, NotThere, RemoteError
from ingestion.source_settings import ActivityTexts
from ingestion.sources.chatwoot_answers import Record, found_in, is_whole, rows_of

NEWEST = 20
"""So many messages has a page of the newest."""
_FULL = (20, 100, 1000)
"""So many messages have pages that may not be all of their range, by what is asked for."""
_ABOVE_ALL_IDS = 2**63 - 1
_WITHOUT_EVENTS = 3
"""So many conversations of which none has events tell that the version has none."""


@dataclass
class Found:
    """What hangs from a conversation. ``events``: None where they were not read; ``why``: the error, if any."""

    messages: list[Record]
    events: list[Record] | None = None
    why: str | None = None


@dataclass
class Conversations:
    """Reads one conversation at a time, in several threads. ``base``: the path of all conversations.

    ``denied``: why reporting events are not asked for any more, when the token has no right to them.
    """

    client: Client
    base: str
    denied: str | None = None
    _with_events: int = field(default=0, init=False)
    _without_events: int = field(default=0, init=False)

    def read(self, conversation: object) -> Found | RemoteError | ValueError | None:
        """What hangs from a conversation; None when it is not there, and why its messages cannot be read.

        Raises:
            GivenUp: nothing is asked any more.
        """
        path = f"{self.base}/{quote(str(conversation), safe='')}"
        try:
            found = Found(self._messages(f"{path}/messages"))
        except NotThere:
            return None
        except GivenUp:
            raise
        except Denied as error:
            if error.status == 401:  # nobody knows the token any more
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
                raise ValueError("the list of messages has no end: asked for those before an id, it shows others")
            if ids[0] < low:  # a version that heeds ``before`` alone
                ranges = [(low, ids[0])]
            else:
                middle = ids[len(ids) // 2]
                ranges += [(low, middle), (middle, high)]
        return list(messages.values())

    def _read_events(self, path: str, found: Found) -> None:
        """Reporting events, which only newer versions have; activity messages say the same."""
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
    """Messages by their ids as numbers; those with an odd one by what they are."""
    return {int(row["id"]) if is_whole(row.get("id")) else repr(row): row for row in rows}


class Words:
    """What activity messages say, as the configuration knows it."""

    def __init__(self, texts: ActivityTexts) -> None:
        """Take the texts of the configuration, in which ``*`` stands for any text."""
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
