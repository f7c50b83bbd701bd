"""The rules for a record: types, and the reasons to quarantine one; SQL that is the same for every format.

Here: from raw values (``raw_<column>``) to typed ones (``<column>``) and reasons. Not here: how raw values are read
(``readers``), and the line of a bad record (``line_numbers``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ingestion.export_format import Column, ColumnType, Entity
from ingestion.sql import sql_text

FUTURE_TOLERANCE_SECONDS = 300
MALFORMED = "malformed record"
NOT_UTF8 = "text that is not UTF-8"

INSTANT = r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)"
INSTANT_WITHOUT_OFFSET = r"\d{4}-\d{2}-\d{2}([Tt ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?)?"
_WHOLE_SECONDS = r"-?\d{1,12}"
_SECONDS_WITH_FRACTION = r"-?\d{1,12}\.\d+"
_HOURS = ("[01]?", "2[0-3]")
_USUAL_INSTANTS = {
    20: "[0-9]???-??-?[0-9][T ]{hour}:??:?[0-9]Z",
    29: "[0-9]???-??-?[0-9][T ]{hour}:??:?[0-9].???[-+][01][0-9]:[0-5][0-9]",
    24: "[0-9]???-??-?[0-9][T ]{hour}:??:?[0-9].???Z",
    25: "[0-9]???-??-?[0-9][T ]{hour}:??:?[0-9][-+][01][0-9]:[0-5][0-9]",
}
"""Patterns of instants by their length: to the second and to the millisecond, in UTC and with an offset.

They check the characters in which DuckDB's cast is too lenient (white space or a sign for the first digit, a point for
the last, the hour 24, an offset of 93 hours). A text that fits and that the cast accepts is an instant.
"""
_SPACE = r"[\s\v\x1c-\x1f\x{85}\pZ]"


@dataclass(frozen=True)
class Value:
    """One column as a reader gives it: SQL of its raw value, and what is known of it.

    ``raw``: text (or a list) as it came, NULL when missing; where ``typed`` is given, anything.
    ``wrong``: true when the value has a type that its column does not accept.
    ``unsure``: true when only the careful reader can decide what the value is.
    ``typed``: the typed value, of ``raw_<column>``, where it came in its own type.
    """

    raw: str
    wrong: str = "false"
    unsure: str = "false"
    typed: str | None = None


@dataclass(frozen=True)
class Limits:
    """The limits for the records of a file, beside their entity. ``latest``: SQL of an instant, by file."""

    earliest: datetime
    latest: str
    rating_scale: tuple[int, int]


def trimmed(text: str) -> str:
    """SQL of a text without the white space around it, as Unicode defines it."""
    return f"regexp_replace({text}, '^{_SPACE}+|{_SPACE}+$', '', 'g')"


def typed(column: Column, value: Value) -> str:
    """SQL of a column's value in its type; NULL where it is missing or not of that type."""
    raw = f"raw_{column.name}"
    if value.typed is not None:
        return value.typed
    if column.type is ColumnType.MOMENT:
        # a double is exact to the microsecond here; a decimal takes twenty times as long
        microseconds = (
            f"case when regexp_full_match({raw}, '{_WHOLE_SECONDS}') then try_cast({raw} as bigint) * 1000000"
            f" when regexp_full_match({raw}, '{_SECONDS_WITH_FRACTION}')"
            f" then try_cast(round(try_cast({raw} as double) * 1000000) as bigint) end"
        )
        return (
            f"case when {raw} < ':' then coalesce(make_timestamptz(nullif({microseconds}, 0)),"
            f" case when regexp_full_match({raw}, '{INSTANT}') then try_cast({raw} as timestamptz) end) end"
        )
    if column.type is ColumnType.INSTANT:
        clean = f"upper({trimmed(raw)})"
        usual = " ".join(  # the first pattern that fits ends the search
            f"when strlen({raw}) = {length} and {raw} glob {sql_text(pattern.format(hour=hour))}"
            f" then try_cast({raw} as timestamptz)"
            for length, pattern in _USUAL_INSTANTS.items()
            for hour in _HOURS
        )
        return (
            f"case {usual}"
            f" when regexp_full_match({raw}, '{INSTANT}') then try_cast({raw} as timestamptz)"
            f" when regexp_full_match({clean}, '{INSTANT}') then try_cast({clean} as timestamptz) end"
        )
    if column.type is ColumnType.BOOLEAN:
        word = f"lower({trimmed(raw)})"
        return (
            f"case when {raw} = 'true' then true when {raw} = 'false' then false"
            f" when {word} in ('true', '1') then true when {word} in ('false', '0') then false end"
        )
    if column.type is ColumnType.RATING:
        number = f"try_cast({raw} as double)"
        return f"case when {number} = floor({number}) then try_cast({number} as integer) end"
    return raw


def believed(column: Column, limits: Limits) -> str:
    """SQL of a column's typed value as it is kept: one that may be zero is missing before the earliest instant."""
    if not column.may_be_zero:
        return column.name
    return f"case when {column.name} >= {_instant(limits.earliest)} then {column.name} end as {column.name}"


def is_unbelieved(column: Column, limits: Limits) -> str:
    """SQL: whether :func:`believed` is not the value itself."""
    return f"{column.name} < {_instant(limits.earliest)}"


def _instant(moment: datetime) -> str:
    return f"make_timestamptz({round(moment.timestamp() * 1_000_000)})"


def suspicious(column: Column, value: Value, limits: Limits) -> Iterator[str]:
    """SQL tests, NULL or false for a good value. They are cheap; reasons are computed only where one is true."""
    name, raw = column.name, f"raw_{column.name}"
    if value.wrong != "false":
        yield f"wrong_{name}"
    if value.unsure != "false" and not column.words and column.type in (ColumnType.ID, ColumnType.TEXT):
        yield value.unsure  # of the other types it has no typed value, which is tested below
    if column.required:
        yield f"{raw} is null"
    if column.words:
        yield " and ".join(f"{raw} <> {sql_text(word)}" for word in column.words)
    if column.type in (ColumnType.INSTANT, ColumnType.MOMENT, ColumnType.BOOLEAN, ColumnType.RATING):
        yield f"{name} is null and {raw} is not null"
    if column.happened and not column.may_be_zero:
        yield f"{name} not between {_instant(limits.earliest)} and {limits.latest}"
    elif column.happened:
        yield f"{name} > {limits.latest}"
    if column.type is ColumnType.RATING:
        yield f"{name} not between {limits.rating_scale[0]} and {limits.rating_scale[1]}"


def reasons(column: Column, entity: Entity, limits: Limits) -> Iterator[str]:
    """SQL expressions, each the text of one thing that is wrong with a column of a record, else NULL."""
    name, raw = column.name, f"raw_{column.name}"
    yield f"case when wrong_{name} then {sql_text(f'{name}: {_WRONG_TYPE[column.type]}')} end"
    if column.required:
        needed = "" if name == entity.key or not entity.has_deletions else " and deleted is not true"
        yield f"case when {raw} is null and not wrong_{name}{needed} then '{name}: missing' end"
    if column.type is ColumnType.INSTANT:
        without = f"regexp_full_match({trimmed(f'cast({raw} as varchar)')}, '{INSTANT_WITHOUT_OFFSET}')"
        yield (
            f"case when {raw} is not null and {name} is null then case when {without}"
            f" then '{name}: an instant without an offset' else '{name}: no instant' end end"
        )
    elif column.type in (ColumnType.MOMENT, ColumnType.BOOLEAN, ColumnType.RATING):
        yield f"case when {raw} is not null and {name} is null then '{name}: {_WRONG_TYPE[column.type]}' end"
    if column.happened:
        yield f"case when {name} > {limits.latest} then '{name}: later than the extraction of its batch' end"
    if column.type in (ColumnType.INSTANT, ColumnType.MOMENT) and not column.may_be_zero:
        why = f"{name}: before {limits.earliest.astimezone(UTC):%Y-%m-%d %H:%M} UTC, the earliest that is believed"
        yield f"case when {name} < {_instant(limits.earliest)} then {sql_text(why)} end"
    if column.words:
        words = ", ".join(sql_text(word) for word in column.words)
        yield (
            f"case when {raw} not in ({words}) and lower({trimmed(raw)}) not in ({words})"
            f" then '{name}: none of {' or '.join(column.words)}' end"
        )
    if column.type is ColumnType.RATING:
        low, high = limits.rating_scale
        yield f"case when {name} not between {low} and {high} then '{name}: outside the scale {low} to {high}' end"


_WRONG_TYPE = {
    ColumnType.ID: "neither text nor a whole number",
    ColumnType.TEXT: "no text",
    ColumnType.INSTANT: "no instant",
    ColumnType.MOMENT: "neither an instant nor unix seconds",
    ColumnType.BOOLEAN: "neither true nor false",
    ColumnType.LIST: "no list of text",
    ColumnType.RATING: "no whole number",
}
