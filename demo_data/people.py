"""Who takes part: the agents of a business, its customers, and the sets of tags they carry.

Names come from ``business``; when these people write is in ``history``.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from demo_data.business import Business
from demo_data.clock import DAY, AnyInts, Clock, Flags, Floats, Ints

NONE = -1
"""Stands for an instant that never comes."""

_CONVERSATIONS_PER_AGENT_AND_WEEK = 60
_MOST_AGENTS = 4000


def plain_ascii(text: str) -> str:
    """A name as it stands in an e-mail address."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return bare.lower().replace(" ", "-")


@dataclass(frozen=True)
class TagSets:
    """The lists of tags that occur, as text separated by ``;``: a row holds the index of one of them."""

    texts: tuple[str, ...]
    first_only: Ints
    has_complaint: Flags

    def draw(self, rng: np.random.Generator, size: int) -> Ints:
        """A set for each of ``size`` rows."""
        return rng.integers(0, len(self.texts), size)


def tag_sets(rng: np.random.Generator, words: tuple[str, ...], complaints: frozenset[str], size: int) -> TagSets:
    """``size`` sets, all equally likely: their tags are skewed, and a few are as untidy as people type them."""
    weights = 1.0 / np.arange(1.0, len(words) + 1.0) ** 0.85
    weights /= weights.sum()
    # Index 0 is the list without tags; then one list for each single tag, which a longer list may have begun as.
    texts = ["", *words]
    first = [0] * len(texts)
    bad = [False, *(word in complaints for word in words)]
    counts = rng.choice(5, size=size - len(texts), p=[0.2, 0.42, 0.25, 0.1, 0.03])
    # Weighted draws without putting back: the greatest of the weights' logarithms with Gumbel noise.
    ranks = np.argsort(-np.log(weights) - rng.gumbel(size=(counts.size, len(words))), axis=1, kind="stable")
    for count, rank in zip(counts, ranks, strict=True):
        chosen = [words[int(i)] for i in rank[:count]]
        first.append(1 + words.index(chosen[0]) if chosen else 0)
        bad.append(any(word in complaints for word in chosen))
        texts.append(";".join(_untidy(rng, chosen)))
    return TagSets(tuple(texts), np.array(first, dtype=np.int64), np.array(bad, dtype=np.bool_))


def _untidy(rng: np.random.Generator, chosen: list[str]) -> list[str]:
    """Now and then blanks around a tag, a tag given twice, or an empty one."""
    luck = float(rng.random())
    if not chosen or luck > 0.08:
        return chosen
    if luck < 0.03:
        return [*chosen[:-1], f" {chosen[-1]} "]
    if luck < 0.06:
        return [*chosen, chosen[0]]
    return [*chosen, "", f"{chosen[0]} "]


@dataclass(frozen=True)
class Staff:
    """The agents; agent ``i`` has the number ``i + 1``, and 0 is nobody."""

    names: tuple[str, ...]
    emails: tuple[str, ...]
    team: Ints
    joined: Ints
    left: Ints
    pace: Floats
    outsider: int
    _months: Ints
    _chances: Floats

    def pick(self, rng: np.random.Generator, at: Ints) -> Ints:
        """The number of an agent for each instant, among those who work there at that time."""
        month = np.clip(np.searchsorted(self._months, at, side="right") - 1, 0, len(self._months) - 1)
        # One search in all the months' chances: month m takes the values from m to m + 1.
        found = np.searchsorted(self._chances, month + rng.random(at.size), side="right")
        columns = len(self.names) + 1
        number = np.minimum(found - month * columns, columns - 1) + 1
        return np.where(number == columns, self.outsider, number)

    def pace_of(self, agent: AnyInts) -> Floats:
        """How slowly each agent answers, 1 being the middle."""
        return self.pace[np.minimum(agent, len(self.pace) - 1)]

    def team_of(self, agent: AnyInts) -> Ints:
        """The team of each agent, -1 for nobody and for the outsider."""
        known = (agent > 0) & (agent <= len(self.names))
        return np.where(known, self.team[np.where(known, agent - 1, 0)], -1)


def hire(rng: np.random.Generator, business: Business, clock: Clock, conversations: int) -> Staff:
    """Enough agents for the volume: some join on the way, some leave, one is missing from the list of agents."""
    days = (clock.end - clock.start) / DAY
    size = round(conversations / max(days / 7, 1.0) / _CONVERSATIONS_PER_AGENT_AND_WEEK)
    size = min(max(size, 6), _MOST_AGENTS)
    span = clock.end - clock.start
    some_day, how_long = ((rng.random(size) * span).astype(np.int64) for _ in range(2))
    joined = np.where(rng.random(size) < 0.7, clock.start - DAY, clock.start + some_day)
    left = np.where(rng.random(size) < 0.2, joined + how_long, NONE)
    # The first three were there before and stay; the fourth leaves within the last days.
    joined[:4], left[:3], left[3] = clock.start - DAY, NONE, clock.end - min(3 * DAY + DAY // 3, span // 3)
    left[left >= clock.end] = NONE
    team = rng.choice(len(business.teams), size=size, p=[0.4, 0.3, 0.18, 0.12]).astype(np.int64)
    team[: len(business.teams)] = np.arange(len(business.teams))
    months = np.arange(clock.start, clock.end, 28 * DAY, dtype=np.int64)
    names, emails = _agent_names(rng, business, size)
    return Staff(
        names=names,
        emails=emails,
        team=team,
        joined=joined.astype(np.int64),
        left=left.astype(np.int64),
        pace=np.concatenate([[1.0], np.exp(rng.normal(0.0, 0.38, size)), [1.3]]),
        outsider=size + 13,
        _months=months,
        _chances=_chances(rng, months, joined, left),
    )


def _chances(rng: np.random.Generator, months: Ints, joined: Ints, left: Ints) -> Floats:
    """Running sums of the agents' chances to get a conversation, month after month, in one ascending array."""
    weight = rng.gamma(6.0, 1.0, joined.size)
    there = (joined[None, :] <= months[:, None]) & ((left[None, :] == NONE) | (left[None, :] > months[:, None]))
    row = np.concatenate([weight, [weight.sum() * 0.008]])
    rows = np.concatenate([there, np.ones((months.size, 1), dtype=np.bool_)], axis=1) * row[None, :]
    sums = np.cumsum(rows, axis=1)
    chances: Floats = (sums / sums[:, -1:] + np.arange(months.size)[:, None]).ravel()
    return chances


def _agent_names(rng: np.random.Generator, business: Business, size: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and addresses, no two alike as long as there are enough names, and addresses never."""
    firsts, lasts = business.first_names, business.last_names
    pairs = rng.permutation(len(firsts) * len(lasts))[:size]
    names = [f"{firsts[int(p) // len(lasts)]} {lasts[int(p) % len(lasts)]}" for p in pairs]
    taken: dict[str, int] = {}
    emails = []
    for name in names:
        first, last = name.split(" ", 1)
        address = f"{plain_ascii(first)}.{plain_ascii(last)}"
        taken[address] = taken.get(address, 0) + 1
        number = taken[address]
        emails.append(f"{address}{number if number > 1 else ''}@{business.mail_domain}")
    return tuple(names), tuple(emails)


@dataclass
class Contacts:
    """The customers; contact ``i`` has the number ``i + 1``."""

    created: Ints
    name: Ints
    mail: Ints
    phone: Ints
    tags_first: Ints
    tags_now: Ints
    changed: Ints
    deleted: Ints


def choose_contacts(rng: np.random.Generator, conversations: int) -> tuple[Ints, int]:
    """The contact's number for each conversation, 0 for a missing one, and how many contacts there are."""
    new = rng.random(conversations) < 0.6
    new[:1] = True
    known: Ints = np.cumsum(new)
    # Most who come back were here lately: the cube keeps close to the newest.
    back: Ints = known - (known * rng.random(conversations) ** 3).astype(np.int64)
    contact = np.where(new, known, np.clip(back, 1, known))
    missing = ~new & (rng.random(conversations) < 0.008)
    return np.where(missing, 0, contact), int(known[-1]) if conversations else 0


def meet(
    rng: np.random.Generator, business: Business, clock: Clock, contact: Ints, started: Ints, count: int, sets: TagSets
) -> Contacts:
    """The contacts of the conversations, created when their first one began."""
    new = np.flatnonzero(np.diff(np.maximum.accumulate(contact), prepend=0) > 0)
    created = started[new]
    tags_now = sets.draw(rng, count)
    changed = created + (rng.exponential(40.0, count) * DAY).astype(np.int64)
    changed[(rng.random(count) > 0.25) | (changed >= clock.end)] = NONE
    deleted = created + (rng.exponential(120.0, count) * DAY).astype(np.int64)
    deleted[(rng.random(count) > 0.002) | (deleted >= clock.end)] = NONE
    _erase_lately(rng, clock, created, deleted)
    names = len(business.first_names) * len(business.last_names)
    return Contacts(
        created=created,
        name=rng.integers(0, names, count) + names * rng.choice(NAME_FORMS, size=count, p=[0.6, 0.17, 0.1, 0.07, 0.06]),
        mail=np.where(rng.random(count) < 0.3, rng.integers(1, 100, count), 0),
        phone=np.where(rng.random(count) < 0.004, 0, np.arange(1, count + 1)),
        tags_first=np.where(rng.random(count) < 0.5, sets.first_only[tags_now], 0),
        tags_now=tags_now,
        changed=changed,
        deleted=deleted,
    )


def _erase_lately(rng: np.random.Generator, clock: Clock, created: Ints, deleted: Ints) -> None:
    """A few erasures on request in the last days, however small the demo."""
    old = np.flatnonzero(created < clock.end - 9 * DAY)
    for index in rng.choice(old, size=min(3, old.size // 20), replace=False):
        deleted[index] = clock.end - int(rng.integers(DAY // 2, 6 * DAY))


NAME_FORMS = 5


def contact_names(business: Business) -> list[str | None]:
    """Every display name, in the order of ``Contacts.name``: form by form, first name by first name."""
    firsts, lasts = business.first_names, business.last_names
    pairs = [(first, last) for first in firsts for last in lasts]
    signs = ("🌸", "✨", "☀️", "🐾", "⚽", "🎶", "💙")
    forms: list[list[str | None]] = [
        [f"{first} {last}" for first, last in pairs],
        [first for first, _ in pairs],
        [f"{first.lower()} {last.lower()}" for first, last in pairs],
        [f"{first} {signs[i % len(signs)]}" for i, (first, _) in enumerate(pairs)],
        [None] * len(pairs),
    ]
    return [name for form in forms for name in form]


def contact_mail_names(business: Business) -> list[str]:
    """The first part of an e-mail address for each pair of names."""
    lasts = [plain_ascii(last) for last in business.last_names]
    return [f"{first}.{last}" for first in map(plain_ascii, business.first_names) for last in lasts]
