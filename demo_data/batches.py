"""What each batch of a drop holds: the state of every record as the source showed it when it was extracted.

Here belong back-fill and daily batches, changes, late and repeated rows, and the few rows that are wrong on
purpose. What happened is in ``history``; how rows are written is in ``files``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from demo_data.business import END_DAY, Business
from demo_data.clock import DAY, HOUR, AnyInts, Flags, Ints, millis
from demo_data.history import (
    CUSTOMER,
    DELIVERED,
    EVENT_TYPES,
    FLOW,
    FLOW_STATUSES,
    PROFILES,
    READ,
    RUNNING,
    SENT,
    STATUSES,
    TYPES,
    History,
)
from demo_data.people import NONE, contact_mail_names, contact_names

ROWS_PER_FILE = 500_000
MOST_DAILY_BATCHES = 7
# A daily batch takes the last hours of the one before once more, lest it miss anything: rows repeated unchanged.
_OVERLAP = 8 * HOUR
# How far back of the back-fill rows may turn up late.
_LATE_REACH = 45 * DAY

# How a row is spoiled, in the column ``_spoil``.
NO_OFFSET, BAD_WORD, MISSING, NOT_AN_INSTANT = 1, 2, 3, 4
# How a written line is spoiled.
TORN, LATIN = "torn", "latin"


@dataclass
class Piece:
    """The rows of one file of one entity, with what has to be done to its written lines."""

    entity: str
    frame: pd.DataFrame
    number: int = 0
    spoiled_line: tuple[str, int] | None = None


@dataclass
class Batch:
    """One batch folder: its name, the instant of its extraction, and its files one after the other."""

    name: str
    extracted: int
    pieces: Iterator[Piece]


def extractions(business: Business, days: int) -> Ints:
    """The instants of extraction: the back-fill's, and those of the daily batches after it."""
    last = millis(datetime(END_DAY.year, END_DAY.month, END_DAY.day, business.batch_hour_utc, tzinfo=UTC))
    daily = min(MOST_DAILY_BATCHES, days // 2)
    return last - DAY * np.arange(daily, -1, -1, dtype=np.int64)


def batches(history: History, rng: np.random.Generator, days: int, *, typed: bool) -> Iterator[Batch]:
    """The batches of one source, oldest first; ``typed`` formats cannot hold what is not an instant at all."""
    cut = extractions(history.business, days)
    entities: list[_Entity] = [
        _Agents(history, cut, rng),
        _Contacts(history, cut, rng),
        _Conversations(history, cut, rng),
        _Messages(history, cut, rng),
        _Events(history, cut, rng),
        _Ratings(history, cut, rng),
        _FlowRuns(history, cut, rng),
    ]
    for k, extracted in enumerate(cut):
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(extracted))
        yield Batch(f"{at:%Y-%m-%dT%H%MZ}", int(extracted), _pieces(entities, k, rng, typed))


def _pieces(entities: Sequence[_Entity], k: int, rng: np.random.Generator, typed: bool) -> Iterator[Piece]:
    for entity in entities:
        if k == 0:
            yield from entity.backfill()
            continue
        piece = entity.daily(k, rng, typed)
        if len(piece.frame):
            yield piece


def worded(words: Sequence[str | None], codes: AnyInts) -> pd.Categorical:
    """A column of words by their index; -1 and words that are None are missing."""
    if codes.size < len(words):
        # A small file need not carry all the names there are.
        used, codes = np.unique(codes, return_inverse=True)
        words = [None if code < 0 else words[code] for code in used]
    distinct = list(dict.fromkeys(word for word in words if word is not None))
    if len(distinct) < len(words):
        place = {word: i for i, word in enumerate(distinct)}
        # The last place answers to the index -1.
        codes = np.array([-1 if word is None else place[word] for word in words] + [-1])[codes]
    return pd.Categorical.from_codes(codes, categories=pd.Index(distinct, dtype="str"))


@dataclass(frozen=True)
class _Wrong:
    """The rows of an entity that are wrong on purpose, by turns of the daily batches."""

    rows: tuple[str, ...] = ()
    line: str = ""


@dataclass
class _Chosen:
    """Rows of a daily batch: their numbers, and the instant whose state each one shows."""

    rows: list[Ints] = field(default_factory=list)
    at: list[Ints] = field(default_factory=list)

    def add(self, rows: Ints, at: int) -> None:
        self.rows.append(rows)
        self.at.append(np.full(rows.size, at, dtype=np.int64))


class _Entity(ABC):
    """The records of one entity, when they first come, when they change, and how they look at an instant."""

    name = ""
    # Required columns that spoiling goes for; docs/export-format.md names the reasons.
    instant = ""
    wrong = _Wrong()
    late_share = 0.004
    restated = False
    stale = False

    def __init__(self, history: History, cut: Ints, rng: np.random.Generator) -> None:
        self.history = history
        self.business = history.business
        self.cut = cut
        self.born, self.changes = self.times()
        self.first = self._deliveries(rng)
        self._to_mend: Ints = np.zeros(0, dtype=np.int64)

    @abstractmethod
    def times(self) -> tuple[Ints, list[Ints]]:
        """When records come into being, and when they change; deletion, where there is one, last."""

    @abstractmethod
    def state(self, rows: Ints, at: Ints) -> pd.DataFrame:
        """The rows as the source showed them at the given instants, in the export's columns."""

    def _deliveries(self, rng: np.random.Generator) -> AnyInts:
        """The batch in which each record comes first: its own, or now and then a later one."""
        first = np.searchsorted(self.cut, self.born).astype(np.int8)
        last = len(self.cut) - 1
        if not self.late_share or not last:
            return first
        for k in range(1, last):
            some = _some(rng, np.flatnonzero(first == k), self.late_share)
            first[some] = k + 1
        old = np.flatnonzero((first == 0) & (self.born > self.cut[0] - _LATE_REACH))
        some = _some(rng, old, self.late_share / 10)
        first[some] = rng.integers(1, last + 1, some.size)
        return first

    def backfill(self) -> Iterator[Piece]:
        """All that there was at the first extraction, in order, in files of a bearable size."""
        rows, at = self.backfill_rows()
        files = -(-rows.size // ROWS_PER_FILE)
        for number in range(files):
            part = slice(number * ROWS_PER_FILE, (number + 1) * ROWS_PER_FILE)
            yield Piece(self.name, self.state(rows[part], at[part]), number + 1 if files > 1 else 0)

    def backfill_rows(self) -> tuple[Ints, Ints]:
        """The records of the back-fill, each in its state then."""
        rows = np.flatnonzero(self.first == 0)
        return rows, np.full(rows.size, self.cut[0], dtype=np.int64)

    def _changed(self, k: int, known: Flags) -> Ints:
        changed = np.zeros(known.size, dtype=np.bool_)
        for change in self.changes:
            changed |= (change > self.cut[k - 1]) & (change <= self.cut[k])
        return np.flatnonzero(known & changed)

    def daily(self, k: int, rng: np.random.Generator, typed: bool) -> Piece:
        """New, changed, late, repeated and outdated rows in no order, and a few that are wrong."""
        now = int(self.cut[k])
        known = self.first < k
        new, changed = np.flatnonzero(self.first == k), self._changed(k, known)
        lately = known & (self.born > self.cut[k - 1] - 2 * DAY)
        repeated = np.union1d(
            np.flatnonzero(lately & (self.born > self.cut[k - 1] - _OVERLAP)),
            _some(rng, np.flatnonzero(lately), 0.004),
        )
        again = np.setdiff1d(np.union1d(repeated, self._to_mend), changed)
        if self.restated:
            self._restate(k, changed, changed.size + again.size, rng)
        chosen = _Chosen()
        for rows in (new, changed, again):
            chosen.add(rows, now)
        if self.stale and k > 1:
            outdated = changed[self.first[changed] < k - 1]
            chosen.add(_some(rng, outdated, 0.003), int(self.cut[k - 2]))
        return self._shuffled(k, chosen, new, rng, typed)

    def _shuffled(self, k: int, chosen: _Chosen, new: Ints, rng: np.random.Generator, typed: bool) -> Piece:
        rows, at = np.concatenate(chosen.rows), np.concatenate(chosen.at)
        order = rng.permutation(rows.size)
        frame = self.state(rows[order], at[order])
        # The new rows came first, so their places are those where the order is below their number.
        fresh = np.flatnonzero(order < new.size)
        spoiled = self._spoil(frame, k, fresh, rng, typed)
        line = None if typed else self._line_to_spoil(frame)
        self._to_mend = np.sort(rows[order][spoiled])
        if line and self.wrong.line == LATIN:
            self._to_mend = np.union1d(self._to_mend, rows[order][line[1] : line[1] + 1])
        return Piece(self.name, frame, spoiled_line=line)

    def _line_to_spoil(self, frame: pd.DataFrame) -> tuple[str, int] | None:
        """How a line of the written file is spoiled, and which one."""
        if not self.wrong.line or len(frame) < 8:
            return None
        if self.wrong.line == TORN:
            return TORN, len(frame) // 2
        for place, name in enumerate(frame["name"].astype("object")):
            # Letters that Latin-1 has too, and writes otherwise.
            if isinstance(name, str) and not name.isascii() and all(ord(letter) < 256 for letter in name):
                return LATIN, place
        return None

    def _restate(self, k: int, changed: Ints, known: int, rng: np.random.Generator) -> None:
        """One or two starts that move, in batches where that stays far below the share that refuses a batch."""
        # The last kind of change is the deletion, which shows no start.
        moments = np.array([change[changed] for change in self.changes[:-1]])
        candidates = changed[((moments > self.cut[k - 1]) & (moments <= self.cut[k])).any(axis=0)]
        if known < 300 or not candidates.size:
            return
        some = rng.choice(candidates, size=min(1 + known // 1000, 2, candidates.size), replace=False)
        self.born[some] -= 2000

    def _spoil(self, frame: pd.DataFrame, k: int, fresh: Ints, rng: np.random.Generator, typed: bool) -> Ints:
        """Spoil at most two new rows; gives their places. The next batch brings them as they should be."""
        kinds = [kind for kind in self.wrong.rows if not (typed and kind in ("no_offset", "not_an_instant"))]
        kinds = [kinds[(k + turn) % len(kinds)] for turn in range(min(2, len(kinds)))]
        kinds = kinds[: fresh.size // 2]
        places = rng.choice(fresh, size=len(kinds), replace=False)
        for kind, place in zip(kinds, places, strict=True):
            self._spoil_row(frame, kind, int(place), int(self.cut[k]))
        return np.asarray(places, dtype=np.int64)

    def _spoil_row(self, frame: pd.DataFrame, kind: str, place: int, extracted: int) -> None:
        marks = {"no_offset": NO_OFFSET, "word": BAD_WORD, "missing": MISSING, "not_an_instant": NOT_AN_INSTANT}
        if kind == "future":
            frame.loc[place, self.instant] = extracted + 26 * HOUR
        elif kind == "score":
            frame.loc[place, "rating"] = 9
        else:
            if "_spoil" not in frame:
                frame["_spoil"] = np.zeros(len(frame), dtype=np.int8)
            frame.loc[place, "_spoil"] = marks[kind]

    def _delivered_before(self, rows: Ints, at: Ints) -> Flags:
        """Whether a record came in an earlier batch than the one of the given instant."""
        return np.asarray(np.searchsorted(self.cut, at) > self.first[rows])

    def agent_column(self, agent: AnyInts) -> Any:
        """Agents as this source writes their ids; 0 is nobody."""
        if not self.business.ids_as_text:
            return agent.astype(np.int64)
        words = [f"op-{number:03d}" for number in range(1, self.history.staff.outsider + 1)]
        return worded(words, agent.astype(np.int64) - 1)


def _some(rng: np.random.Generator, rows: Ints, share: float) -> Ints:
    """A share of the rows, at least one where there are a few, in their order."""
    size = min(rows.size // 3, max(1, round(rows.size * share)))
    return np.sort(rng.choice(rows, size=size, replace=False))


def _by(at: Ints, instant: Ints) -> Flags:
    """Whether something has happened at the given instants."""
    return np.asarray((instant != NONE) & (instant <= at))


class _Agents(_Entity):
    """The whole list of agents in every batch."""

    name = "agents"
    late_share = 0.0

    def times(self) -> tuple[Ints, list[Ints]]:
        staff = self.history.staff
        return staff.joined, [staff.left]

    def daily(self, k: int, rng: np.random.Generator, typed: bool) -> Piece:
        rows = np.flatnonzero(self.born <= self.cut[k])
        return Piece(self.name, self.state(rows, np.full(rows.size, self.cut[k], dtype=np.int64)))

    def state(self, rows: Ints, at: Ints) -> pd.DataFrame:
        staff = self.history.staff
        gone = _by(at, staff.left[rows])
        return pd.DataFrame(
            {
                "agent_id": self.agent_column(rows + 1),
                "name": worded(staff.names, rows),
                "email": worded(staff.emails, rows),
                "team": worded(self.business.teams, staff.team[rows]),
                "active": ~gone,
                "updated_at": np.where(gone, staff.left[rows], staff.joined[rows]),
            }
        )


class _Contacts(_Entity):
    """The customers; a few ask to be forgotten."""

    name = "contacts"
    wrong = _Wrong(rows=("missing",), line=LATIN)

    def times(self) -> tuple[Ints, list[Ints]]:
        contacts = self.history.contacts
        return contacts.created, [contacts.changed, contacts.deleted]

    def __init__(self, history: History, cut: Ints, rng: np.random.Generator) -> None:
        super().__init__(history, cut, rng)
        self._names = contact_names(self.business)
        self._mails = contact_mail_names(self.business)

    def state(self, rows: Ints, at: Ints) -> pd.DataFrame:
        contacts = self.history.contacts
        changed, deleted = _by(at, contacts.changed[rows]), _by(at, contacts.deleted[rows])
        updated = np.where(changed, contacts.changed[rows], contacts.created[rows])
        tags = np.where(changed | (contacts.changed[rows] == NONE), contacts.tags_now[rows], contacts.tags_first[rows])
        frame = pd.DataFrame(
            {
                "contact_id": rows + 1,
                "name": worded(self._names, contacts.name[rows]),
                "phone": self._phones(contacts.phone[rows]),
                "email": worded(self._mails, contacts.name[rows] % len(self._mails)),
                "_mail": contacts.mail[rows],
                "tags": worded(self.history.contact_tags.texts, tags),
                "updated_at": np.where(deleted, np.maximum(updated, contacts.deleted[rows]), updated),
                "deleted": deleted,
            }
        )
        stub = deleted & self._delivered_before(rows, at)
        if stub.any():
            frame["_stub"] = stub
        return frame

    def _phones(self, number: Ints) -> Ints:
        """Telephone numbers without the plus; 0 for none. A prime step spreads neighbours over the range."""
        prefixes = np.array([int(prefix) for prefix in self.business.phone_prefixes], dtype=np.int64)
        room = 10**self.business.phone_digits
        phone = prefixes[number % len(prefixes)] * room + number * 715_827 % room
        return np.where(number == 0, 0, phone)


class _Conversations(_Entity):
    """The conversations, whose state changes most."""

    name = "conversations"
    instant = "started_at"
    wrong = _Wrong(rows=("no_offset", "future", "missing"), line=TORN)
    restated = True
    stale = True

    def times(self) -> tuple[Ints, list[Ints]]:
        c = self.history.conversations
        changes = [c.assigned, c.handed_over, c.reassigned, c.closed, c.reopened, c.closed_again]
        return c.started, [*changes, c.tagged, c.corrected, c.deleted]

    def __init__(self, history: History, cut: Ints, rng: np.random.Generator) -> None:
        super().__init__(history, cut, rng)
        self._withhold()
        self._statuses = [word for words in self.business.status_words for word in words]
        names = ("INBOUND", "FLOW", "INBOX", "UNKNOWN", "AUTO_RESPONSE", "", "API", "BROADCAST")
        self._sources: list[str | None] = []
        for name in names:
            self._sources += [name, name.lower(), name.capitalize(), f" {name} "] if name else [None, "", None, " "]

    def _withhold(self) -> None:
        """One conversation that never comes: its child records stay without it."""
        daily = np.flatnonzero(self.first == 1)
        if daily.size > 20:
            self.first[daily[daily.size // 2]] = np.iinfo(np.int8).max

    def state(self, rows: Ints, at: Ints) -> pd.DataFrame:
        c, business = self.history.conversations, self.business
        corrected = _by(at, c.corrected[rows])
        assigned = _by(at, c.assigned[rows])
        agent = np.where(_by(at, c.reassigned[rows]), c.second_agent[rows], c.first_agent[rows])
        agent = np.where(corrected, c.corrected_agent[rows], np.where(assigned, agent, 0))
        tags = np.where(_by(at, c.tagged[rows]), c.tags[rows], np.where(assigned, c.first_tags[rows], 0))
        tags = np.where(corrected, c.corrected_tags[rows], tags)
        team = self.history.staff.team_of(agent)
        deleted = _by(at, c.deleted[rows])
        closed_at = self._closed_at(rows, at)
        frame = pd.DataFrame(
            {
                "conversation_id": rows + 1,
                "started_at": c.started[rows],
                "contact_id": c.contact[rows],
                "channel": worded(business.channels, c.channel[rows]),
                "team": worded(business.teams, np.where(team < 0, c.team_default[rows], team)),
                "source": self._source(rows),
                "status": self._status(rows, at, closed_at, assigned),
                "closed_at": np.where(c.oddity[rows] < 4, NONE, closed_at),
                "agent_id": self.agent_column(agent),
                "tags": worded(self.history.conversation_tags.texts, tags),
                "updated_at": self._updated_at(rows, at),
                "deleted": deleted,
            }
        )
        # Some deletions come as a mere key, others as the whole record.
        stub = deleted & (rows % 3 > 0) & self._delivered_before(rows, at)
        if stub.any():
            frame["_stub"] = stub
        return frame

    def _closed_at(self, rows: Ints, at: Ints) -> Ints:
        c = self.history.conversations
        first = _by(at, c.closed[rows]) & ~_by(at, c.reopened[rows])
        closed_at = np.where(first, c.closed[rows], NONE)
        return np.where(_by(at, c.closed_again[rows]), c.closed_again[rows], closed_at)

    def _updated_at(self, rows: Ints, at: Ints) -> Ints:
        updated = self.born[rows].copy()
        for change in self.changes:
            moment = change[rows]
            np.maximum(updated, np.where(moment <= at, moment, NONE), out=updated)
        return updated

    def _source(self, rows: Ints) -> pd.Categorical:
        c = self.history.conversations
        form = np.searchsorted([960, 980, 992], c.spelling[rows], side="right")
        return worded(self._sources, c.source[rows] * 4 + form)

    def _status(self, rows: Ints, at: Ints, closed_at: Ints, assigned: Flags) -> pd.Categorical:
        c = self.history.conversations
        in_flow = (c.source[rows] == FLOW) & ~_by(at, c.handed_over[rows])
        state = np.where(assigned, 2, np.where(in_flow, 1, 0))
        state = np.where(closed_at != NONE, 3, state)
        oddity, spelling = c.oddity[rows], c.spelling[rows]
        # Some are put aside while open, and a very few carry such a word although they are closed.
        unusual = ((state == 2) & (oddity % 12 == 0)) | (oddity > 994)
        form = np.searchsorted([900, 955, 975, 990], (spelling * 7) % 1000, side="right")
        form = np.where(unusual, spelling % 5, form)
        return worded(self._statuses, np.where(unusual, 4, state) * 5 + form)


class _Messages(_Entity):
    """The messages; what changes is mostly whether they were read."""

    name = "messages"
    instant = "sent_at"
    wrong = _Wrong(rows=("word", "no_offset", "missing", "not_an_instant", "future"), line=TORN)
    restated = True

    def times(self) -> tuple[Ints, list[Ints]]:
        m = self.history.messages
        return m.sent, [m.settled, m.deleted]

    def __init__(self, history: History, cut: Ints, rng: np.random.Generator) -> None:
        super().__init__(history, cut, rng)
        self._directions = [profile[0] for profile in PROFILES]
        self._sender_types = [profile[1] for profile in PROFILES]
        self._origins = [profile[2] for profile in PROFILES]
        self._private = np.array([profile[3] for profile in PROFILES])

    def state(self, rows: Ints, at: Ints) -> pd.DataFrame:
        m = self.history.messages
        profile = m.profile[rows]
        deleted = _by(at, m.deleted[rows])
        settled = m.settled[rows] <= at
        on_its_way = np.where(m.status[rows] == READ, np.uint8(DELIVERED), np.uint8(SENT))
        status = np.where(settled | (profile == CUSTOMER), m.status[rows], on_its_way)
        updated = np.where(deleted, m.deleted[rows], np.where(settled, m.settled[rows], m.sent[rows]))
        if not self.business.inbound_has_updated_at:
            # This system never changes what customers wrote, so it knows no such instant: not even for a deletion.
            updated[profile == CUSTOMER] = NONE
        frame = pd.DataFrame(
            {
                "message_id": rows + 1,
                "conversation_id": m.conversation[rows].astype(np.int64) + 1,
                "sent_at": m.sent[rows],
                "direction": worded(self._directions, profile),
                "sender_type": worded(self._sender_types, profile),
                "agent_id": self.agent_column(m.agent[rows]),
                "origin": worded(self._origins, profile),
                "type": worded(TYPES, m.type[rows]),
                "status": worded(STATUSES, status),
                "private": self._private[profile],
                "updated_at": updated,
                "deleted": deleted,
            },
            copy=False,
        )
        stub = deleted & (rows % 3 > 0) & self._delivered_before(rows, at)
        if stub.any():
            frame["_stub"] = stub
        return frame


class _Events(_Entity):
    """The events, which never change."""

    name = "events"
    instant = "occurred_at"
    wrong = _Wrong(rows=("missing", "no_offset", "future"))

    def times(self) -> tuple[Ints, list[Ints]]:
        return self.history.events.occurred, []

    def state(self, rows: Ints, at: Ints) -> pd.DataFrame:
        e = self.history.events
        return pd.DataFrame(
            {
                "event_id": rows + 1,
                "conversation_id": e.conversation[rows].astype(np.int64) + 1,
                "type": worded(EVENT_TYPES, e.type[rows]),
                "occurred_at": e.occurred[rows],
                "agent_id": self.agent_column(e.agent[rows]),
            }
        )


class _Ratings(_Entity):
    """The surveys: asked, answered, sometimes answered again or withdrawn."""

    name = "ratings"
    instant = "answered_at"
    wrong = _Wrong(rows=("score",))

    def times(self) -> tuple[Ints, list[Ints]]:
        r = self.history.ratings
        return r.asked, [r.answered, r.changed]

    def backfill_rows(self) -> tuple[Ints, Ints]:
        """Also the answers before they were changed: the source keeps both."""
        rows, at = super().backfill_rows()
        before = rows[_by(at, self.history.ratings.changed[rows])]
        rows = np.concatenate([rows, before])
        at = np.concatenate([at, self.history.ratings.changed[before] - 1])
        order = np.lexsort((at, rows))
        return rows[order], at[order]

    def state(self, rows: Ints, at: Ints) -> pd.DataFrame:
        r = self.history.ratings
        answered, changed = _by(at, r.answered[rows]), _by(at, r.changed[rows])
        score = np.where(changed, r.changed_score[rows], np.where(answered, r.score[rows], 0))
        answered_at = np.where(changed, r.changed[rows], np.where(answered, r.answered[rows], NONE))
        whim = r.whim[rows]
        return pd.DataFrame(
            {
                "rating_id": rows + 1,
                "conversation_id": r.conversation[rows] + 1,
                "asked_at": np.where(whim < 6, NONE, r.asked[rows]),
                "rating": score,
                "comment": self._comment(rows, score),
                "answered_at": np.where((score == 0) | (whim > 993), NONE, answered_at),
                "updated_at": np.where(answered_at == NONE, r.asked[rows], answered_at),
            }
        )

    def _comment(self, rows: Ints, score: Ints) -> pd.Categorical:
        good, bad = self.business.good_comments, self.business.bad_comments
        drawn = self.history.ratings.comment[rows]
        chosen = np.where(score >= 4, drawn % len(good), len(good) + drawn % len(bad))
        return worded([*good, *bad], np.where((drawn == NONE) | (score == 0), -1, chosen))


class _FlowRuns(_Entity):
    """The runs of flows. They have a luck of their own: with them and without, all else is the same."""

    name = "flow_runs"
    instant = "started_at"
    wrong = _Wrong(rows=("missing", "no_offset"))

    def __init__(self, history: History, cut: Ints, rng: np.random.Generator) -> None:
        (self.luck,) = rng.spawn(1)
        super().__init__(history, cut, self.luck)

    def times(self) -> tuple[Ints, list[Ints]]:
        f = self.history.flow_runs
        return f.started, [f.ended, f.deleted]

    def daily(self, k: int, rng: np.random.Generator, typed: bool) -> Piece:
        return super().daily(k, self.luck, typed)

    def state(self, rows: Ints, at: Ints) -> pd.DataFrame:
        f = self.history.flow_runs
        ended, deleted = _by(at, f.ended[rows]), _by(at, f.deleted[rows])
        updated = np.where(ended, f.ended[rows], f.started[rows])
        return pd.DataFrame(
            {
                "flow_run_id": rows + 1,
                "flow_id": f.flow[rows] + 1,
                "started_at": f.started[rows],
                "status": worded(FLOW_STATUSES, np.where(ended, f.status[rows], RUNNING)),
                "flow_name": worded(self.business.flows, f.flow[rows]),
                "contact_id": f.contact[rows],
                "conversation_id": f.conversation[rows] + 1,
                "ended_at": np.where(ended, f.ended[rows], NONE),
                "direction": worded(("inbound", "outbound"), np.where(f.conversation[rows] == NONE, 1, 0)),
                "is_test": f.test[rows],
                "updated_at": np.where(deleted, np.maximum(updated, f.deleted[rows]), updated),
                "deleted": deleted,
            }
        )
