"""Which entity a table holds, and which of its columns each column of the entity comes from.

Here: the guess, and how sure it is. Not here: words (``words``), formats of instants (``instants``), known exports of
helpdesks (``presets``), and writing the guess down (``written``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

from ingestion.export_format import ENTITIES, ColumnType, Entity
from ingestion.parsing.names import likely_column, likely_entities, plain
from ingestion.proposals.instants import DAY_FIRST, instants_of
from ingestion.proposals.presets import Preset, preset_of
from ingestion.proposals.tables import Column, Table
from ingestion.proposals.words import (
    DIRECTIONS,
    EVENTS,
    NO_SCORES,
    ORIGINS,
    SCORES,
    SENDERS,
    STATUSES,
    TRUTHS,
    USERS,
    Meaning,
    language_of,
    meaning,
)
from ingestion.sql import sql_text

SURE, LIKELY, UNSURE = "sure", "likely", "unsure"
_CANDIDATES = 5
"""So many columns of a table are tried as a reference."""
_SIDES = {"agent": "outbound", "bot": "outbound", "system": "outbound", "contact": "inbound"}


@dataclass
class Guess:
    """Where a column comes from. ``options``: further keys of the mapping. ``why``: reasons that it is not sure.

    ``unknown``: words of it that no table has, with counts.
    """

    columns: list[Column]
    options: dict[str, Any] = field(default_factory=dict)
    level: str = SURE
    why: list[str] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)

    def doubt(self, level: str, reason: str) -> None:
        """Lower how sure it is, and say why."""
        self.level = max(self.level, level, key=(SURE, LIKELY, UNSURE).index)
        self.why.append(reason)


@dataclass
class Held:
    """An entity that a table holds. ``absent``: required columns for which nothing was found."""

    entity: Entity
    table: Table
    guesses: dict[str, Guess]
    needs: list[Column] | None = None
    preset: str | None = None

    @property
    def absent(self) -> list[str]:
        """The required columns that nothing was found for."""
        return [column.name for column in self.entity.columns if column.required and column.name not in self.guesses]


# --- columns by the meaning of their names --------------------------------------------------------------------------


def _is(of: Meaning, subjects: Iterable[str], attributes: Iterable[str]) -> bool:
    """Whether a header names these and nothing else, however it says when."""
    wanted = set(attributes)
    return (
        of.subjects == set(subjects)
        and of.attributes - {"when"} == wanted - {"when"}
        and ("when" in of.attributes or "when" not in wanted or len(wanted) > 1)
        and not of.unknown
    )


@dataclass(frozen=True)
class _Dates:
    """How a table writes dates. ``timezone``: None where nobody said. ``order``: of day and month.

    ``why``: where it is not decided by the table itself.
    """

    timezone: str | None
    order: str | None
    why: str | None = None


_WORDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("messages", "direction"): DIRECTIONS,
    ("messages", "sender_type"): SENDERS,
    ("messages", "origin"): ORIGINS,
    ("conversations", "status"): STATUSES,
    ("events", "type"): EVENTS,
}
"""What words of an entity's column mean."""
Shape = tuple[tuple[str, ...], tuple[str, ...]]
"""Subjects and attributes of a header."""


def _shapes(subject: str, *attributes: tuple[str, ...], bare: bool = True) -> list[Shape]:
    """A subject with attributes, and, where the table is about it, the attributes alone."""
    with_subject: list[Shape] = [((subject,), one) for one in attributes]
    return with_subject + [((), one) for one in attributes if one] if bare else with_subject


_REFERENCES: Mapping[str, list[Shape]] = {
    "conversation_id": [*_shapes("conversation", ("id",), (), bare=False)],
    "contact_id": [*_shapes("contact", ("id",), ("email",), ("phone",), (), ("name",), bare=False)],
    "agent_id": [*_shapes("agent", ("id",), ("email",), (), ("name",), bare=False)],
}
_AUTHORS: list[Shape] = [*_shapes("author", ("id",), ("email",), (), ("name",), bare=False)]
_OWN: Mapping[str, Mapping[str, list[Shape]]] = {
    "conversations": {
        "conversation_id": _shapes("conversation", ("id",), ()),
        "started_at": [
            *_shapes("conversation", ("created",), ("created", "when")),
            ((), ("when",)),
            (("conversation",), ("when",)),
        ],
        "channel": _shapes("conversation", ("channel",)),
        "team": _shapes("conversation", ("team",), ("team", "name")),
        "source": _shapes("conversation", ("source",)),
        "status": _shapes("conversation", ("status",)),
        "closed_at": _shapes("conversation", ("closed",)),
        "tags": _shapes("conversation", ("tags",), ("tags", "name")),
        "updated_at": _shapes("conversation", ("updated",)),
        "deleted": _shapes("conversation", ("deleted",)),
    },
    "messages": {
        "message_id": _shapes("message", ("id",)),
        "sent_at": _shapes("message", ("sent",), ("created",), ("when",)),
        "direction": _shapes("message", ("direction",), ("kind",), ("kind", "direction")),
        "sender_type": [
            *_shapes("author", ("kind",), (), bare=False),
            (("message", "author"), ("kind",)),
            (("author", "agent"), ("kind",)),
            ((), ("kind",)),
        ],
        "origin": _shapes("message", ("source",)),
        "type": _shapes("message", ("kind",)),
        "status": _shapes("message", ("status",)),
        "private": [*_shapes("message", ("private",), ("public",))],
        "updated_at": _shapes("message", ("updated",)),
        "deleted": _shapes("message", ("deleted",)),
    },
    "contacts": {
        "contact_id": _shapes("contact", ("id",)),
        "name": _shapes("contact", ("name",)),
        "phone": _shapes("contact", ("phone",)),
        "email": _shapes("contact", ("email",)),
        "tags": _shapes("contact", ("tags",)),
        "updated_at": _shapes("contact", ("updated",)),
        "deleted": _shapes("contact", ("deleted",)),
    },
    "agents": {
        "agent_id": _shapes("agent", ("id",)),
        "name": _shapes("agent", ("name",)),
        "email": _shapes("agent", ("email",)),
        "team": _shapes("agent", ("team",), ("team", "name")),
        "active": _shapes("agent", ("active",)),
        "updated_at": _shapes("agent", ("updated",)),
    },
    "events": {
        "event_id": _shapes("event", ("id",)),
        "type": _shapes("event", ("kind",), (), bare=True),
        "occurred_at": _shapes("event", ("when",), ("created",)),
    },
    "ratings": {
        "rating_id": _shapes("rating", ("id",)),
        "rating": [(("rating",), ()), (("conversation", "rating"), ()), (("rating",), ("text",))],
        "comment": [(("rating", "message"), ()), (("message",), ()), (("rating",), ("text",)), ((), ("text",))],
        "asked_at": _shapes("rating", ("sent",), ("created",)),
        "answered_at": _shapes("rating", ("answered",), ("when",)),
        "updated_at": _shapes("rating", ("updated",)),
    },
}


def _named(table: Table, shapes: Sequence[Shape]) -> list[Column]:
    """The columns whose names have one of these shapes, those of earlier shapes first."""
    meanings = [(column, meaning(column.name)) for column in table.columns]
    found = [column for shape in shapes for column, of in meanings if _is(of, *shape) and column.filled]
    return list(dict.fromkeys(found))


# --- columns by their values ----------------------------------------------------------------------------------------


def _of_type(guess: Guess, kind: ColumnType) -> Guess | None:
    """The guess with how its values are written; None where they are nothing of that type."""
    (column,) = guess.columns
    if column.missing:
        guess.options["missing"] = column.missing
    if kind is ColumnType.ID and not column.is_id:
        guess.doubt(LIKELY, "ids with blanks")
    if kind is ColumnType.BOOLEAN:
        truths = {word: TRUTHS.get(_spelled(word)) for word in column.words}
        if not truths or None in truths.values():
            return None
        if "public" in meaning(column.name).attributes:
            guess.options["values"] = {word: "false" if of == "true" else "true" for word, of in truths.items()}
        elif others := {word: of for word, of in truths.items() if word not in ("true", "false", "1", "0")}:
            guess.options["values"] = others
    if kind is ColumnType.LIST:
        _list(guess)
    return guess


def _instant(guess: Guess, dates: _Dates) -> Guess | None:
    (column,) = guess.columns
    found = instants_of(column, dates.order)
    if found is None:
        return None
    names = list(dict.fromkeys(one.name for one in found.formats))
    if names != ["iso"]:
        guess.options["format"] = names[0] if len(names) == 1 else names
    if found.is_local:
        is_utc = {"utc", "gmt"} & set(meaning(column.name).words) or any("UTC" in name for name in names)
        guess.options["timezone"] = "UTC" if is_utc else dates.timezone or "UTC"
        if not is_utc and dates.timezone is None:
            guess.doubt(UNSURE, "local times of an unknown zone: correct timezone")
    if column.missing:
        guess.options["missing"] = column.missing
    if found.is_ambiguous and dates.why is not None:
        why = f"day first and month first both fit every value, {found.formats[0].order} is taken {dates.why}"
        guess.doubt(LIKELY if dates.order else UNSURE, why)
    if found.fitting < column.filled:
        level = LIKELY if found.share > 0.98 else UNSURE
        guess.doubt(level, f"{found.fitting:,} of {column.filled:,} values are read")
    return guess


def _list(guess: Guess) -> None:
    (column,) = guess.columns
    if column.share(r"\[.*") > 0.9:
        return
    shares = {mark: column.share_where(f"contains({column.said}, {sql_text(mark)})") for mark in (",", ";", "|", "\n")}
    mark = max(shares, key=lambda one: shares[one])
    if not any(shares.values()):
        guess.options["separator"] = ","
        blanks = column.share_where(f"contains({column.said}, ' ')") > 0
        guess.doubt(UNSURE if blanks else LIKELY, f"no value has a separator{', but some have blanks' * blanks}")
        return
    if mark != ";":
        guess.options["separator"] = mark


def _worded(guess: Guess, entity: str, name: str) -> Guess | None:
    """The guess with what its words mean; None where no word is known, or they may be names of people."""
    (column,) = guess.columns
    header = meaning(column.name)
    truths = {word: TRUTHS.get(_spelled(word)) for word in column.words}
    if name == "direction" and truths and None not in truths.values():
        if not {"incoming", "inbound"} & set(header.words):
            return None
        guess.options["values"] = {word: "inbound" if of == "true" else "outbound" for word, of in truths.items()}
        return guess
    if column.missing:
        guess.options["missing"] = column.missing
    table = _WORDS[entity, name]
    meant = {word: table.get(_spelled(word)) for word in column.words}
    unknown = {word: column.words[word] for word, of in meant.items() if of is None}
    if unknown and name == "sender_type" and "kind" not in header.attributes:
        return None
    if len(unknown) == len(meant) and not (name == "status" and meant):
        return None
    if values := {word: of for word, of in meant.items() if of not in (None, word)}:
        guess.options["values"] = values
    if name == "sender_type" and (users := USERS & set(column.words)):
        guess.doubt(LIKELY, f"'{min(users)}' is taken for a customer")
    _doubt_unknown(guess, unknown, UNSURE if name in ("direction", "sender_type") else LIKELY)
    return guess


def _doubt_unknown(guess: Guess, unknown: dict[str, int], level: str) -> None:
    guess.unknown = unknown
    if unknown:
        (column,) = guess.columns
        rows = sum(unknown.values())
        guess.doubt(level, f"{rows:,} of {column.filled:,} values are words that nothing is known of")


def _spelled(word: str) -> str:
    return plain(word).replace("_", " ")


# --- entities -------------------------------------------------------------------------------------------------------


def propose(tables: Sequence[Table], timezone: str | None) -> list[Held]:
    """What the tables hold, an entity a table; ``timezone``: of local times, None where nobody said."""
    orders = {order for table in tables if (order := _decided(table))}
    held = [one for table in tables for one in _held(table, timezone, orders)]
    chosen: list[Held] = []
    for name in _OWN:
        of_entity = [one for one in held if one.entity.name == name]
        of_entity.sort(key=lambda one: (len(one.absent), one.needs is not None, -one.table.rows))
        chosen += of_entity[:1]
    _share_ids(chosen)
    for one in chosen:
        if one.entity.name == "messages":
            _authors(one)
    return [one for one in chosen if _is_worth(one)]


def _is_worth(held: Held) -> bool:
    return held.needs is None or not held.absent


def _held(table: Table, timezone: str | None, orders: Collection[str]) -> list[Held]:
    if not table.rows:
        return []
    preset = preset_of([column.name for column in table.columns])
    if preset is not None:
        dates = _dates(table, preset.timezone or timezone, orders)
        return [_by_preset(table, preset, name, dates) for name in preset.entities]
    dates = _dates(table, timezone, orders)
    every = {name: _entity(table, ENTITIES[name], dates, is_main=True) for name in _OWN}
    main = _main(table, every)
    if main is None:
        return []
    found = [every[main]]
    for name in _OWN:
        if name != main and _holds_beside(beside := _entity(table, ENTITIES[name], dates, is_main=False)):
            found.append(beside)
    return found


def _by_preset(table: Table, preset: Preset, name: str, dates: _Dates) -> Held:
    entity = ENTITIES[name]
    columns = {column.name: column for column in table.columns}
    guesses: dict[str, Guess] = {}
    for meant in entity.columns:
        column = columns.get(preset.entities[name].get(meant.name, ""))
        if column is None or not column.filled:
            continue
        guess: Guess | None
        if values := preset.values.get((name, meant.name)):
            unknown = {word: count for word, count in column.words.items() if word not in values}
            guess = Guess([column], {"values": dict(values)})
            if meant.type is ColumnType.BOOLEAN and unknown:
                guess = None
            elif (name, meant.name) in _WORDS:
                _doubt_unknown(guess, unknown, LIKELY)
        else:
            guess = _judged(entity, meant.name, meant.type, Guess([column]), dates)
        if guess is not None:
            guesses[meant.name] = guess
            if doubt := preset.doubts.get((name, meant.name)):
                guess.doubt(UNSURE, doubt)
    needs = [columns[one] for one in preset.needs.get(name, ()) if one in columns]
    known = f"{preset.name} ({preset.documented})"
    is_main = name == next(iter(preset.entities)) and not needs
    held = Held(entity, table, guesses, None if is_main else needs, known)
    if name == "messages":
        _directions(held)
    return held


def _decided(table: Table) -> str | None:
    """The order of day and month that the values of some column decide."""
    for column in table.columns:
        if meaning(column.name).attributes & {"created", "closed", "updated", "sent", "answered", "when"}:
            found = instants_of(column)
            if found and len(found.orders) == 1:
                return next(iter(found.orders))
    return None


def _dates(table: Table, timezone: str | None, orders: Collection[str]) -> _Dates:
    """How a table writes dates. ``orders``: of day and month, that the tables of the folder decide."""
    if order := _decided(table):
        return _Dates(timezone, order)
    if len(orders) == 1:
        return _Dates(timezone, next(iter(orders)), "as in other files")
    if language_of(column.name for column in table.columns) == "en":
        return _Dates(timezone, None, "without a reason")
    return _Dates(timezone, DAY_FIRST, "for the language of the header")


def _main(table: Table, every: Mapping[str, Held]) -> str | None:
    """The entity that a record of the table is, by the name of its files and by its columns."""
    named = likely_entities(" ".join(filter(None, (table.records, table.sheet)))) or likely_entities(table.names[0])
    scores = {}
    for name, held in every.items():
        required = [column.name for column in held.entity.columns if column.required]
        found = sum(column in held.guesses for column in required)
        scores[name] = found / len(required) + 0.05 * len(held.guesses) + (1 / len(named) if name in named else 0)
        characteristic = {"messages": "direction", "events": "type", "ratings": "rating"}.get(name)
        if characteristic and characteristic not in held.guesses and name not in named:
            scores[name] = 0.0
        if name == "contacts" and not {"phone", "email"} & held.guesses.keys():
            scores[name] -= 0.5
    if any(meaning(c.name).attributes == {"kind"} and "contact" in map(SENDERS.get, c.words) for c in table.columns):
        scores["agents"] = 0.0  # agents among customers
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] >= 1.0 else None


def _holds_beside(held: Held) -> bool:
    """Whether records of another entity are worth reading from the same rows."""
    names = held.guesses.keys()
    worth = {
        "conversations": {"started_at"} <= names,
        "contacts": bool({"name", "phone", "email"} & names),
        "agents": bool({"name", "email"} & names),
        "ratings": "rating" in names,
    }
    return worth.get(held.entity.name, False) and not held.absent


def _entity(table: Table, entity: Entity, dates: _Dates, *, is_main: bool) -> Held:
    """What of an entity a table has. Beside another entity, only columns that name it are its own."""
    guesses: dict[str, Guess] = {}
    taken: set[Column] = set()
    for column in entity.columns:
        shapes = _OWN[entity.name].get(column.name, [])
        if not is_main:
            shapes = [shape for shape in shapes if entity.name.removesuffix("s") in shape[0]]
        if column.name in _REFERENCES and not shapes:
            shapes = list(_REFERENCES[column.name])
            if (entity.name, column.name) == ("messages", "agent_id"):
                shapes = [*_AUTHORS, *shapes]
        for candidate in _named(table, shapes):
            if candidate in taken:
                continue
            guess = _judged(entity, column.name, column.type, Guess([candidate]), dates)
            if guess is not None:
                guesses[column.name] = guess
                if column.type is not ColumnType.ID:
                    taken.add(candidate)
                break
    held = Held(entity, table, guesses, None if is_main else [])
    if is_main:
        _near(held, dates)
    _complete(held)
    return held


def _judged(entity: Entity, name: str, kind: ColumnType, guess: Guess, dates: _Dates) -> Guess | None:
    """The guess with how its values are written, and how sure that makes it; None where it holds something else."""
    (column,) = guess.columns
    if (entity.name, name) in _WORDS:
        return _worded(guess, entity.name, name)
    if name == "rating":
        return _score(guess)
    if name == "email" and not column.is_email:
        return None
    if name == "phone" and not column.is_phone:
        guess.doubt(LIKELY, "not all values look like phone numbers")
    if kind is ColumnType.INSTANT:
        return _instant(guess, dates)
    return _of_type(guess, kind)


def _score(guess: Guess) -> Guess | None:
    (column,) = guess.columns
    missing = [*column.missing, *(word for word in column.words if word in NO_SCORES)]
    if missing:
        guess.options["missing"] = missing
    if column.share(r"\d{1,2}(\.0+)?") > 0.95:
        return guess
    values = {word: SCORES[_spelled(word)] for word in column.words if _spelled(word) in SCORES}
    if not values:
        return None
    guess.options["values"] = values
    if any(word.startswith(("not", "un")) for word in missing):
        guess.doubt(UNSURE, "a rating that was not offered counts as one that was not answered")
    guess.unknown = {word: count for word, count in column.words.items() if word not in values and word not in missing}
    guess.doubt(UNSURE, "words as numbers of a scale from 1 to 5: correct them to your scale")
    return guess


def _near(held: Held, dates: _Dates) -> None:
    """Fill what is left by names that are merely near those of the export format."""
    table, entity = held.table, held.entity
    used = {column for guess in held.guesses.values() for column in guess.columns}
    for column in table.columns:
        if column in used or not column.filled or "other" in meaning(column.name).attributes:
            continue
        left = [one for one in entity.columns if one.name not in held.guesses]
        name = likely_column(column.name, [one.name for one in left])
        if name is None or (meaning(column.name).subjects & {"contact", "agent"} and not name.endswith("_id")):
            continue
        kind = next(one.type for one in left if one.name == name)
        guess = _judged(entity, name, kind, Guess([column]), dates)
        if guess is not None:
            guess.doubt(UNSURE, f"its name is near {name}")
            held.guesses[name] = guess


def _complete(held: Held) -> None:
    """What other columns of the same entity say: a direction by who sends, a key by another."""
    guesses, name = held.guesses, held.entity.name
    is_main = held.needs is None
    if name == "messages":
        _directions(held)
        _joined_key(held)
    if name == "ratings" and not is_main and "rating" in guesses and "rating_id" not in guesses:
        conversations = _named(held.table, [*_REFERENCES["conversation_id"], ((), ("id",))])
        if conversations:
            guesses["conversation_id"] = _plain(conversations[0])
            guesses["rating_id"] = _plain(conversations[0])
            guesses["rating_id"].doubt(LIKELY, "a conversation has one rating")
            held.needs = list(guesses["rating"].columns)
    if name == "ratings" and is_main and "rating_id" not in guesses and "conversation_id" in guesses:
        guesses["rating_id"] = _plain(guesses["conversation_id"].columns[0])
        guesses["rating_id"].doubt(LIKELY, "a conversation has one rating")
    if name in ("contacts", "agents"):
        key = held.entity.key
        if key not in guesses and not is_main:
            references = _named(held.table, _REFERENCES[key])
            if references:
                guesses[key] = _plain(references[0])
        if key not in guesses and (other := guesses.get("email") or guesses.get("phone")):
            guesses[key] = _plain(other.columns[0])
        bare = _named(held.table, [((name.removesuffix("s"),), ())])  # who it is, by name
        if not is_main and "name" not in guesses and bare and not bare[0].is_email and bare[0].share(r"\d+") < 0.5:
            guesses["name"] = Guess([bare[0]], {"missing": bare[0].missing} if bare[0].missing else {})
        if not is_main and set(guesses) == {key, "name"} and guesses[key].columns == guesses["name"].columns:
            if bare[0].share(r".+ .+") < 0.2:  # ids rather than names
                del guesses["name"]
            else:
                guesses[key].doubt(LIKELY, "a name is the only id")
    key_guess = guesses.get(held.entity.key)
    if is_main and key_guess and not all(column.is_unique for column in key_guess.columns):
        (column, *_) = key_guess.columns
        key_guess.doubt(LIKELY, f"{column.distinct:,} different values in {held.table.rows:,} records")


def _plain(column: Column) -> Guess:
    return Guess([column], {"missing": column.missing} if column.missing else {})


def _directions(held: Held) -> None:
    guesses = held.guesses
    sender, direction = guesses.get("sender_type"), guesses.get("direction")
    if direction is None and sender is not None:
        (column,) = sender.columns
        meant = {word: sender.options.get("values", {}).get(word, word) for word in column.words}
        values = {word: _SIDES[of] for word, of in meant.items() if of in _SIDES}
        guesses["direction"] = Guess([column], {**sender.options, "values": values}, unknown=sender.unknown)
        guesses["direction"].doubt(sender.level if sender.level != SURE else LIKELY, "by who sends")


def _joined_key(held: Held) -> None:
    """Where messages have no id, their conversation and instant, if these say which message it is."""
    parts = [held.guesses[name].columns[0] for name in ("conversation_id", "sent_at") if name in held.guesses]
    if "message_id" in held.guesses or len(parts) < 2:
        return
    parts += [guess.columns[0] for name in ("sender_type", "direction") if (guess := held.guesses.get(name))][:1]
    if held.table.different(parts) == held.table.rows:
        held.guesses["message_id"] = Guess(parts)
        held.guesses["message_id"].doubt(UNSURE, "without an id: these together differ in every record")


def _authors(held: Held) -> None:
    """Say where the author of a message is taken for an agent, and may be a customer."""
    author, sender = held.guesses.get("agent_id"), held.guesses.get("sender_type")
    if author is None or sender is None:
        return
    ((column,), (kind,)) = author.columns, sender.columns
    customers = [word for word in kind.words if sender.options.get("values", {}).get(word, word) == "contact"]
    if customers and column.share_where(f"{column.said} is not null and lower({kind.said}) = {sql_text(customers[0])}"):
        author.doubt(LIKELY, "it also names customers, of whose messages it is not read")


# --- ids that several tables share ----------------------------------------------------------------------------------


def _share_ids(held: Sequence[Held]) -> None:
    """Choose references, so that tables speak of the same conversations, agents and contacts in the same words.

    What a preset says stays.
    """
    held = [one for one in held if one.preset is None]
    owners = {"conversation_id": "conversations", "agent_id": "agents", "contact_id": "contacts"}
    for name, owner in owners.items():
        users = [one for one in held if name in one.guesses]
        choices = [_candidates(one, name, is_owner=one.entity.name == owner)[:_CANDIDATES] for one in users]
        if not users:
            continue
        best = max(product(*choices), key=lambda chosen: _agreement(chosen, choices))
        for one, column in zip(users, best, strict=True):
            if one.guesses[name].columns != [column]:
                one.guesses[name] = _plain(column)
            found = [_overlap(column, other) for other in best if other.table is not column.table]
            if one.entity.name != owner and found and max(found) < 0.5:
                one.guesses[name].doubt(UNSURE, f"only {max(found):.0%} of its values are found in other files")
            elif (
                name != "conversation_id"
                and max(found, default=0) < 0.5
                and "id" not in meaning(column.name).attributes
            ):
                one.guesses[name].doubt(LIKELY, "without an id of its own")


def _candidates(held: Held, name: str, *, is_owner: bool) -> list[Column]:
    found = list(held.guesses[name].columns)
    if name == "conversation_id" and (held.entity.name == "conversations" or held.needs is None):
        found += _named(held.table, [*_REFERENCES[name], *([((), ("id",))] if is_owner else [])])
    elif name != "conversation_id":
        shapes = list(_REFERENCES[name])
        if held.entity.name == "messages":
            shapes += _AUTHORS
        if is_owner and held.needs is None:
            shapes += [((), ("id",)), ((), ("email",)), ((), ("name",))]
        found += _named(held.table, shapes)
    return list(dict.fromkeys(found))


def _agreement(chosen: Sequence[Column], choices: Sequence[Sequence[Column]]) -> float:
    pairs = [(one, other) for nth, one in enumerate(chosen) for other in chosen[nth + 1 :] if one != other]
    agree = sum(_overlap(one, other) for one, other in pairs) / max(1, len(pairs)) if pairs else 1.0
    place = sum(of.index(one) for one, of in zip(chosen, choices, strict=True))
    return agree - 0.01 * place


@cache
def _overlap(one: Column, other: Column) -> float:
    return one.overlap(other)


def unmapped(table: Table, held: Iterable[Held]) -> list[Column]:
    """The columns of a table that no mapping reads."""
    read = {
        column
        for one in held
        if one.table is table
        for column in [*(one.needs or ()), *(column for guess in one.guesses.values() for column in guess.columns)]
    }
    return [column for column in table.columns if column not in read]
