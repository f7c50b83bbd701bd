"""What the API of a Chatwoot answers, from a world, with the paths and pages of the real one.

Here: paths and pages, and what happens in the world between two requests. Not here: HTTP and faults (`server`), the
shapes (`chatwoot_json`) and what happens in the account (`chatwoot_world`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from tests.live import chatwoot_json as shapes
from tests.live import server
from tests.live.chatwoot_json import EventTimes
from tests.live.chatwoot_world import World, by_activity
from tests.live.server import Fault, Faults, Server, no_faults

TOKEN = "the-token-of-an-agent"
HEADERS = {"api_access_token": TOKEN}
CONVERSATIONS_A_PAGE, MESSAGES_A_PAGE, CONTACTS_A_PAGE, ANSWERS_A_PAGE = 25, 20, 15, 25
MESSAGES_BETWEEN = 1000
T = TypeVar("T")


def moving(*moves: tuple[str, Callable[[], object]]) -> Faults:
    """Nothing goes wrong, but the world changes: each move once, before the next request that matches its pattern."""
    left = list(moves)

    def happen(target: str, number: int) -> Fault | None:
        for place, (pattern, move) in enumerate(left):
            if re.search(pattern, target):
                del left[place]
                move()
                break
        return None

    return happen


@contextmanager
def serve(
    world: World,
    *,
    events: bool = True,
    event_times: EventTimes = "iso",
    fraction: timedelta = timedelta(0),
    faults: Faults = no_faults,
) -> Iterator[Server]:
    """Serve a world until the block ends; the arguments are those of `Api`."""
    with server.serve(Api(world, events, event_times, fraction).answer, HEADERS, faults) as served:
        yield served


class Api:
    """What each path answers.

    `events`: whether there is an endpoint of reporting events; `event_times`: how it spells instants; `fraction`: what
    it adds to those of changes of the status (whole milliseconds).
    """

    def __init__(
        self,
        world: World,
        events: bool = True,
        event_times: EventTimes = "iso",
        fraction: timedelta = timedelta(0),
    ) -> None:
        self.world = world
        self.events = events
        self.event_times = event_times
        self.fraction = fraction
        number = r"(\d+)"
        self.routes: list[tuple[str, Callable[..., Any]]] = [
            ("/conversations", self.conversations),
            (f"/conversations/{number}", self.conversation),
            (f"/conversations/{number}/messages", self.messages),
            (f"/conversations/{number}/reporting_events", self.reporting_events),
            ("/contacts", self.contacts),
            (f"/contacts/{number}", self.contact),
            (f"/contacts/{number}/labels", self.contact_labels),
            ("/agents", self.agents),
            ("/teams", self.teams),
            ("/inboxes", self.inboxes),
            ("/labels", self.labels),
            ("/csat_survey_responses", self.answers),
        ]

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        """What is found, as it goes into JSON; None where there is nothing."""
        for pattern, give in self.routes:
            match = re.fullmatch(f"/api/v1/accounts/{self.world.account}{pattern}", path)
            if match:
                try:
                    return give(query, *map(int, match.groups()))
                except KeyError:
                    return None
        return None

    def conversations(self, query: Mapping[str, str]) -> Any:
        """Without `status` the open ones, as in Chatwoot; newest activity first unless sorted otherwise."""
        records, status = self.world.records, query.get("status", "open")
        chosen = [one for one in records.conversations.values() if status in ("all", one.status)]
        sort_by = query.get("sort_by", "last_activity_at_desc")
        if sort_by.startswith("created_at"):
            rows = sorted(chosen, key=lambda one: (one.at, one.id), reverse=sort_by.endswith("_desc"))
        else:
            rows = list(by_activity(chosen))
            if sort_by.endswith("_asc"):
                rows.reverse()
        assigned = sum(one.assignee is not None for one in chosen)
        meta = {
            "mine_count": 0,
            "assigned_count": assigned,
            "unassigned_count": len(chosen) - assigned,
            "all_count": len(chosen),
        }
        page = _page(rows, query, CONVERSATIONS_A_PAGE)
        payload = [shapes.conversation_json(records, one, self.world.account) for one in page]
        return {"data": {"meta": meta, "payload": payload}}

    def conversation(self, query: Mapping[str, str], number: int) -> Any:
        records = self.world.records
        return shapes.conversation_json(records, records.conversations[number], self.world.account)

    def messages(self, query: Mapping[str, str], number: int) -> Any:
        """The newest twenty by time (before an id), oldest first; a hundred after an id; a thousand between two."""
        records = self.world.records
        one = records.conversations[number]
        rows = records.messages_of(number)
        if "after" in query:
            after, before = int(query["after"]), query.get("before")
            if before is None:
                rows = [row for row in rows if row.id > after][:100]
            else:
                rows = [row for row in rows if after <= row.id < int(before)][:MESSAGES_BETWEEN]
        else:
            if query.get("before"):
                rows = [row for row in rows if row.id < int(query["before"])]
            rows = rows[-MESSAGES_A_PAGE:]
        meta = shapes.messages_meta_json(records, one, self.world.account)
        return {"meta": meta, "payload": [shapes.message_json(records, row) for row in rows]}

    def reporting_events(self, query: Mapping[str, str], number: int) -> Any:
        if not self.events:
            raise KeyError("reporting_events")
        records = self.world.records
        return shapes.events_json(records, records.conversations[number], self.event_times, self.fraction)

    def contacts(self, query: Mapping[str, str]) -> Any:
        listed = [one for one in self.world.records.contacts.values() if one.is_listed]
        sort = query.get("sort", "id")
        key = sort.removeprefix("-")
        if key in ("name", "email"):
            listed.sort(key=lambda one: (getattr(one, key) or "", one.id), reverse=sort.startswith("-"))
        elif key in ("created_at", "last_activity_at"):
            listed.sort(key=lambda one: (one.at, one.id), reverse=sort.startswith("-"))
        rows = [shapes.contact_json(one) for one in _page(listed, query, CONTACTS_A_PAGE)]
        return {"meta": {"count": len(listed), "current_page": _number(query)}, "payload": rows}

    def contact(self, query: Mapping[str, str], number: int) -> Any:
        return {"payload": shapes.contact_json(self.world.records.contacts[number])}

    def contact_labels(self, query: Mapping[str, str], number: int) -> Any:
        return {"payload": self.world.records.contacts[number].labels}

    def agents(self, query: Mapping[str, str]) -> Any:
        return [shapes.agent_json(one, self.world.account) for one in self.world.records.agents.values()]

    def teams(self, query: Mapping[str, str]) -> Any:
        return [shapes.team_json(one, self.world.account) for one in self.world.records.teams.values()]

    def inboxes(self, query: Mapping[str, str]) -> Any:
        return {"payload": [shapes.inbox_json(one) for one in self.world.records.inboxes.values()]}

    def labels(self, query: Mapping[str, str]) -> Any:
        records = self.world.records
        titles = {label for one in records.conversations.values() for label in one.labels}
        titles |= {label for one in records.contacts.values() for label in one.labels}
        return {"payload": [shapes.label_json(number, title) for number, title in enumerate(sorted(titles), 1)]}

    def answers(self, query: Mapping[str, str]) -> Any:
        records = self.world.records
        rows = sorted(records.answers.values(), key=lambda one: (one.at, one.id), reverse=True)
        page = _page(rows, query, ANSWERS_A_PAGE)
        return [shapes.answer_json(records, one, self.world.account) for one in page]


def _number(query: Mapping[str, str]) -> int:
    return max(1, int(query.get("page") or 1))


def _page(rows: Sequence[T], query: Mapping[str, str], size: int) -> Sequence[T]:
    start = (_number(query) - 1) * size
    return rows[start : start + size]
