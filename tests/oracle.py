"""An independent computation of the published marts, in plain Python.

It reads a configuration and the drop folders of its `export` sources, and computes the marts from the definitions
of `docs/figures.md`, one rule a function. It is the referee of the SQL models, so it shares nothing with them: only
the standard library is used, and it is written to be read next to that page and `docs/export-format.md`, not to be
fast. Quotes in docstrings are rules of these pages, in short.

    figures = compute(Path("causerie.toml"))
    figures["overview"], figures["by_agent"], …, figures["details"]                      # the marts
    figures["accounting"], figures["quarantine"], figures["refused"]                     # what became of the rows

Instants are aware datetimes in UTC, dates are `datetime.date`, counts and sums of seconds are int, averages,
percentiles and percents are float, NULL is None, lists of tags are sorted. The order of rows means nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tomllib
import zlib
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

Row = dict[str, Any]

# ---------------------------------------------------------------------------------------------------------
# The format: entities, their columns and types
# ---------------------------------------------------------------------------------------------------------

COLUMNS: dict[str, dict[str, str]] = {
    "conversations": {
        "conversation_id": "id",
        "started_at": "instant",
        "contact_id": "id",
        "channel": "text",
        "team": "text",
        "source": "text",
        "status": "text",
        "closed_at": "instant",
        "agent_id": "id",
        "tags": "list",
        "updated_at": "instant",
        "deleted": "boolean",
    },
    "messages": {
        "message_id": "id",
        "conversation_id": "id",
        "sent_at": "instant",
        "direction": "text",
        "sender_type": "text",
        "agent_id": "id",
        "origin": "text",
        "type": "text",
        "status": "text",
        "private": "boolean",
        "updated_at": "instant",
        "deleted": "boolean",
    },
    "contacts": {
        "contact_id": "id",
        "name": "text",
        "phone": "text",
        "email": "text",
        "tags": "list",
        "updated_at": "instant",
        "deleted": "boolean",
    },
    "agents": {
        "agent_id": "id",
        "name": "text",
        "email": "text",
        "team": "text",
        "active": "boolean",
        "updated_at": "instant",
    },
    "events": {
        "event_id": "id",
        "conversation_id": "id",
        "type": "text",
        "occurred_at": "instant",
        "agent_id": "id",
    },
    "ratings": {
        "rating_id": "id",
        "conversation_id": "id",
        "asked_at": "instant",
        "rating": "whole",
        "comment": "text",
        "answered_at": "instant",
        "updated_at": "instant",
    },
    "flow_runs": {
        "flow_run_id": "id",
        "flow_id": "id",
        "started_at": "instant",
        "status": "text",
        "flow_name": "text",
        "contact_id": "id",
        "conversation_id": "id",
        "ended_at": "instant",
        "direction": "text",
        "is_test": "boolean",
        "updated_at": "instant",
        "deleted": "boolean",
    },
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "conversations": ("conversation_id", "started_at"),
    "messages": ("message_id", "conversation_id", "sent_at", "direction"),
    "contacts": ("contact_id",),
    "agents": ("agent_id",),
    "events": ("event_id", "conversation_id", "type", "occurred_at"),
    "ratings": ("rating_id", "conversation_id"),
    "flow_runs": ("flow_run_id", "flow_id", "started_at", "status"),
}
ENTITIES = tuple(COLUMNS)
KEYS = {entity: required[0] for entity, required in REQUIRED.items()}
CLOCKS = {"conversations": "started_at", "messages": "sent_at"}
NEVER_IN_THE_FUTURE = (
    *("started_at", "closed_at", "sent_at", "occurred_at", "asked_at", "answered_at", "ended_at", "updated_at"),
)
FUTURE_TOLERANCE = timedelta(minutes=5)
DIRECTIONS = ("inbound", "outbound")

FILE_NAME = re.compile(r"(?P<entity>[^/.-]+)(?:-[^/.]*)?\.(?P<format>ndjson|csv|parquet)(?:\.gz)?")
INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)", re.ASCII
)
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

# ---------------------------------------------------------------------------------------------------------
# Configuration
# ---------------------------------------------------------------------------------------------------------

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Spans = list[tuple[int, int]]
"""Open spans of one day, as seconds on the clock face: 09:00-24:00 is (32400, 86400)."""


@dataclass
class ScheduleVersion:
    """All working-hours blocks of one `valid_from`: they "add up", and replace all earlier ones."""

    valid_from: date
    week: dict[int, Spans] = field(default_factory=lambda: defaultdict(list))

    @property
    def is_open_at_all(self) -> bool:
        return any(self.week.values())


@dataclass
class Target:
    """One block of a target; `within` in seconds, lists None where the block names none."""

    name: str
    measure: str
    within: int
    in_working_hours: bool
    valid_from: date
    teams: list[str] | None
    channels: list[str] | None
    tags: list[str] | None


@dataclass
class Account:
    id: str
    timezone: ZoneInfo
    week_start: int = 0
    rating_scale: tuple[int, int] = (1, 5)
    schedule: list[ScheduleVersion] = field(default_factory=list)
    holidays: dict[date, Spans] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    calendar: dict[int, UtcDay] = field(default_factory=dict, repr=False, compare=False)


@dataclass
class Source:
    name: str
    account: str
    path: Path
    conversation_url: str | None = None


@dataclass
class Quality:
    quarantine_share: Fraction = Fraction(1, 100)
    quarantine_rows: int = 10
    restated_share: Fraction = Fraction(1, 100)
    restated_rows: int = 10
    earliest: datetime = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Config:
    contact_phone: str
    quality: Quality
    accounts: dict[str, Account]
    sources: list[Source]


def load_config(path: Path) -> Config:
    """Read the TOML configuration; what is not understood is refused with the key's name (ValueError)."""
    path = Path(path)
    with path.open("rb") as file:
        table = tomllib.load(file, parse_float=Decimal)
    contact_phone = table.get("privacy", {}).get("contact_phone", "masked")
    if contact_phone not in ("masked", "plain"):
        raise ValueError(f"privacy.contact_phone: {contact_phone!r} is neither 'masked' nor 'plain'")
    accounts = [parse_account(entry, f"accounts[{i}]") for i, entry in enumerate(table.get("accounts", []))]
    sources = []
    for i, entry in enumerate(table.get("sources", [])):
        if entry["kind"] != "export":
            raise NotImplementedError(f"sources[{i}].kind: only 'export' is computed here, not {entry['kind']!r}")
        if entry["account"] not in [account.id for account in accounts]:
            raise ValueError(f"sources[{i}].account: unknown account {entry['account']!r}")
        sources.append(
            Source(entry["name"], entry["account"], path.parent / entry["path"], entry.get("conversation_url"))
        )
    if len({source.name for source in sources}) < len(sources):
        raise ValueError("sources.name: two sources have the same name")
    if len({account.id for account in accounts}) < len(accounts):
        raise ValueError("accounts.id: two accounts have the same id")
    quality = parse_quality(table.get("quality", {}))
    return Config(contact_phone, quality, {account.id: account for account in accounts}, sources)


def parse_quality(table: Mapping[str, Any]) -> Quality:
    """The four limits; shares are exact fractions, so that a count on the limit is not taken for one above it."""
    quality = Quality()
    quality.quarantine_share = Fraction(table.get("quarantine_share", quality.quarantine_share))
    quality.quarantine_rows = table.get("quarantine_rows", quality.quarantine_rows)
    quality.restated_share = Fraction(table.get("restated_share", quality.restated_share))
    quality.restated_rows = table.get("restated_rows", quality.restated_rows)
    quality.earliest = table.get("earliest", quality.earliest)
    return quality


def parse_account(table: Mapping[str, Any], where: str = "account") -> Account:
    """An account from its TOML table (a plain dictionary will do, so that tests can build one)."""
    low, high = table.get("rating_scale", (1, 5))
    if not (isinstance(low, int) and isinstance(high, int) and low < high):
        raise ValueError(f"{where}.rating_scale: {low!r} to {high!r} is no scale")
    account = Account(
        id=table["id"],
        timezone=parse_zone(table["timezone"], f"{where}.timezone"),
        week_start=parse_weekday(table.get("week_start", "monday"), f"{where}.week_start"),
        rating_scale=(low, high),
    )
    versions: dict[date, ScheduleVersion] = {}
    for i, block in enumerate(table.get("working_hours", [])):
        key = f"{where}.working_hours[{i}]"
        valid_from = parse_date(block.get("valid_from", date.min), f"{key}.valid_from")
        version = versions.setdefault(valid_from, ScheduleVersion(valid_from))
        spans = [parse_span(text, f"{key}.spans") for text in block["spans"]]
        for weekday in {parse_weekday(day, f"{key}.days") for day in block["days"]}:
            version.week[weekday] = without_overlap(version.week[weekday] + spans, f"{key}.spans")
    account.schedule = [versions[valid_from] for valid_from in sorted(versions)]
    for i, holiday in enumerate(table.get("holidays", [])):
        key = f"{where}.holidays[{i}]"
        day = parse_date(holiday["date"], f"{key}.date")
        spans = [parse_span(text, f"{key}.spans") for text in holiday.get("spans", [])]
        account.holidays[day] = without_overlap(account.holidays.get(day, []) + spans, f"{key}.spans")
    account.targets = [parse_target(block, f"{where}.targets[{i}]") for i, block in enumerate(table.get("targets", []))]
    return account


def parse_target(block: Mapping[str, Any], key: str) -> Target:
    """A block of a target; `within` is "a whole number and s, m, h or d"."""
    number, unit = block["within"][:-1], block["within"][-1]
    return Target(
        name=block["name"],
        measure=block["measure"],
        within=int(number) * {"s": 1, "m": 60, "h": 3600, "d": SECONDS_A_DAY}[unit],
        in_working_hours=block.get("in", "all") == "working_hours",
        valid_from=parse_date(block.get("valid_from", date.min), f"{key}.valid_from"),
        teams=block.get("teams"),
        channels=block.get("channels"),
        tags=block.get("tags"),
    )


def parse_zone(name: str, key: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except Exception as error:
        raise ValueError(f"{key}: unknown time zone {name!r}") from error


def parse_weekday(word: str, key: str) -> int:
    for number, name in enumerate(WEEKDAYS):
        if word.strip().lower() in (name, name[:3]):
            return number
    raise ValueError(f"{key}: unknown day {word!r}")


def parse_date(value: date | str, key: str) -> date:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{key}: {value!r} is no date") from error


def parse_span(text: str, key: str) -> tuple[int, int]:
    """'09:00-12:00' as seconds on the clock face; "a span may end at 24:00"."""
    match = re.fullmatch(r"(\d\d?):(\d\d)-(\d\d?):(\d\d)", text.strip(), re.ASCII)
    if not match or int(match[2]) > 59 or int(match[4]) > 59:
        raise ValueError(f"{key}: {text!r} is no span of the form HH:MM-HH:MM")
    opening = int(match[1]) * 3600 + int(match[2]) * 60
    closing = int(match[3]) * 3600 + int(match[4]) * 60
    if closing > 86_400:
        raise ValueError(f"{key}: {text!r} ends after 24:00")
    if closing <= opening:
        raise ValueError(f"{key}: {text!r} does not end after its start")
    return opening, closing


def without_overlap(spans: Spans, key: str) -> Spans:
    spans = sorted(spans)
    for (_, closing), (opening, _) in pairwise(spans):
        if opening < closing:
            raise ValueError(f"{key}: spans overlap")
    return spans


# ---------------------------------------------------------------------------------------------------------
# Time: local dates, durations, working hours
# ---------------------------------------------------------------------------------------------------------

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
SECONDS_A_DAY = 86_400
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_A_SECOND = 1_000_000
MICROSECONDS_A_DAY = SECONDS_A_DAY * MICROSECONDS_A_SECOND


def microseconds(instant: datetime) -> int:
    """Exact microseconds since 1970-01-01T00:00Z."""
    return (instant - EPOCH) // MICROSECOND


def local_time(account: Account, instant: datetime) -> datetime:
    """The account's wall clock, "with the offset in force at that instant"; held within the years 1 to 9999."""
    try:
        return instant.astimezone(account.timezone)
    except OverflowError:
        end = datetime.min if instant.year < 5000 else datetime.max
        return end.replace(tzinfo=UTC)


def local_date(account: Account, instant: datetime) -> date:
    return local_time(account, instant).date()


def local_midnight(account: Account, day: date) -> datetime:
    """The instant at which the local day begins: where a change of the clocks shows midnight twice, the first one."""
    return datetime.combine(day, time(0), account.timezone).astimezone(UTC)


def elapsed_seconds(a: datetime, b: datetime) -> int | None:
    """Durations are "whole seconds: elapsed time, the fraction dropped"; "a negative interval gives NULL"."""
    return None if b < a else (b - a) // timedelta(seconds=1)


def open_spans(account: Account, day: date) -> Spans | None:
    """The spans of one local day: "the schedule in force (`valid_from`), holidays replacing the day".

    None without a schedule: none is given, the day is "before the first `valid_from`", or the version in
    force has no open day ("a schedule without an open weekday counts as no schedule").
    """
    number = bisect_right([version.valid_from for version in account.schedule], day)
    if number == 0:
        return None
    version = account.schedule[number - 1]
    if not version.is_open_at_all:
        return None
    if day in account.holidays:
        return account.holidays[day]
    return version.week.get(day.weekday(), [])


def in_working_hours(account: Account, instant: datetime) -> bool | None:
    """Whether "the wall clock then shows a time in a span": "opening inclusive, closing exclusive".

    None without a schedule on that local day. Spans are of whole minutes, so fractions of a second cannot matter.
    """
    wall = local_time(account, instant)
    spans = open_spans(account, wall.date())
    if spans is None:
        return None
    clock_face = wall.hour * 3600 + wall.minute * 60 + wall.second
    return any(opening <= clock_face < closing for opening, closing in spans)


def business_seconds(account: Account, a: datetime, b: datetime) -> int | None:
    """The "elapsed seconds of [a, b) that fall in the account's working hours".

    None for a negative interval, and when [a, b) touches a local day without a schedule; where a = b, the local
    day of a decides. Exact to the microsecond; the fraction of a second is dropped at the end.
    """
    if b < a:
        return None
    if a == b:
        return None if open_spans(account, local_date(account, a)) is None else 0
    start, end = microseconds(a), microseconds(b)
    total = 0
    for number in range(start // MICROSECONDS_A_DAY, (end - 1) // MICROSECONDS_A_DAY + 1):
        day = utc_day(account, number)
        whole_day = start <= number * MICROSECONDS_A_DAY and (number + 1) * MICROSECONDS_A_DAY <= end
        open_time = day.open_time if whole_day else open_time_within(day.pieces, start, end)
        if open_time is None:
            return None
        total += open_time
    return total // MICROSECONDS_A_SECOND


@dataclass
class Piece:
    """A stretch of time on one local day at one UTC offset; instants are microseconds since the epoch."""

    start: int
    end: int
    open_spans: list[tuple[int, int]] | None  # as instants; None: no schedule on this local day


@dataclass
class UtcDay:
    pieces: list[Piece]
    open_time: int | None  # of the whole day, in microseconds; None: it touches a local day without a schedule


def utc_day(account: Account, number: int) -> UtcDay:
    """The pieces of one UTC day (numbered from 1970-01-01) and its open time, computed once an account."""
    if number not in account.calendar:
        pieces = pieces_of_utc_day(account, number)
        whole = open_time_within(pieces, number * MICROSECONDS_A_DAY, (number + 1) * MICROSECONDS_A_DAY)
        account.calendar[number] = UtcDay(pieces, whole)
    return account.calendar[number]


def pieces_of_utc_day(account: Account, number: int) -> list[Piece]:
    """Cut a UTC day where the offset changes and at local midnights, and place the open spans of each local day."""
    pieces = []
    for start, end, offset in constant_offsets(account.timezone, number):
        for local_day in range((start + offset) // SECONDS_A_DAY, (end + offset - 1) // SECONDS_A_DAY + 1):
            midnight = local_day * SECONDS_A_DAY - offset  # the instant that is 00:00 at this offset
            piece_start, piece_end = max(start, midnight), min(end, midnight + SECONDS_A_DAY)
            spans = open_spans(account, date_of_number(local_day))
            placed = None
            if spans is not None:
                placed = [
                    (max(piece_start, midnight + opening), min(piece_end, midnight + closing))
                    for opening, closing in spans
                ]
                placed = [(s * MICROSECONDS_A_SECOND, e * MICROSECONDS_A_SECOND) for s, e in placed if s < e]
            pieces.append(Piece(piece_start * MICROSECONDS_A_SECOND, piece_end * MICROSECONDS_A_SECOND, placed))
    return pieces


def open_time_within(pieces: list[Piece], start: int, end: int) -> int | None:
    """Open microseconds of the pieces inside [start, end); None when a piece it touches has no schedule."""
    total = 0
    for piece in pieces:
        if max(start, piece.start) >= min(end, piece.end):
            continue
        if piece.open_spans is None:
            return None
        total += sum(max(0, min(end, closing) - max(start, opening)) for opening, closing in piece.open_spans)
    return total


def constant_offsets(zone: ZoneInfo, number: int) -> list[tuple[int, int, int]]:
    """A UTC day as stretches (start, end, offset) of one UTC offset, in seconds since the epoch."""

    def split(start: int, end: int) -> list[tuple[int, int, int]]:
        offset = offset_at(zone, start)
        if end - start == 1 or offset == offset_at(zone, end):
            return [(start, end, offset)]
        middle = (start + end) // 2
        return split(start, middle) + split(middle, end)

    quarters = [number * SECONDS_A_DAY + hours * 3600 for hours in (0, 6, 12, 18, 24)]
    return [stretch for start, end in pairwise(quarters) for stretch in split(start, end)]


def offset_at(zone: ZoneInfo, second: int) -> int:
    """The zone's UTC offset at an instant, in seconds; beyond the years 1 to 9999 that of their last day but one."""
    earliest, latest = (-719_161 * SECONDS_A_DAY, 2_932_895 * SECONDS_A_DAY)  # 0001-01-02 and 9999-12-31
    instant = EPOCH + timedelta(seconds=min(max(second, earliest), latest))
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def date_of_number(number: int) -> date:
    """The date so many days after 1970-01-01, held within the years 1 to 9999."""
    return date.fromordinal(min(max(number + EPOCH_ORDINAL, 1), date.max.toordinal()))


# ---------------------------------------------------------------------------------------------------------
# Reading files: records with their line
# ---------------------------------------------------------------------------------------------------------


class Refusal(Exception):
    """The batch is refused; the text is the reason."""


class Quarantined(Exception):
    """The row is quarantined; the text is the reason."""


class JsonNumber(str):
    """A number of a JSON record, as it was written."""


@dataclass
class Record:
    """One record of a file: its values, or why it cannot be read."""

    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    malformed: str | None = None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=_no_constant)


def read_records(name: str, packed: bytes, file_format: str) -> list[Record]:
    """All records of a file; a file that cannot be unpacked refuses the batch."""
    if file_format == "parquet":
        raise NotImplementedError(f"{name}: Parquet is not read here, only NDJSON and CSV")
    data = packed
    if name.endswith(".gz"):
        try:
            data = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise Refusal(f"{name}: unreadable ({error})") from error
    data = data.removeprefix(b"\xef\xbb\xbf")
    return list(ndjson_records(data) if file_format == "ndjson" else csv_records(name, data))


def ndjson_records(data: bytes) -> Iterator[Record]:
    """One JSON object a line. Blank lines are no records."""
    for line, raw in enumerate(data.split(b"\n"), start=1):
        try:
            text = raw.decode("utf-8").strip("\r")
        except UnicodeDecodeError:
            yield Record(line, malformed="text that is not UTF-8")
            continue
        if not text.strip():
            continue
        try:
            values = DECODER.decode(text)
            if "\\ud" in text.lower():
                json.dumps(values, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair is no text
        except (ValueError, RecursionError):
            yield Record(line, malformed="malformed JSON")
            continue
        if isinstance(values, dict):
            yield Record(line, values)
        else:
            yield Record(line, malformed="not a JSON object")


def csv_records(name: str, data: bytes) -> Iterator[Record]:
    """The records of "CSV (RFC 4180, UTF-8, header)". A record's line is the one it begins on, the header's being 1."""
    text = data.decode("utf-8", "surrogateescape")  # bytes that are not UTF-8 become lone surrogates, found below
    header: list[str] | None = None
    for line, fields, is_well_formed in csv_rows(text):
        is_utf8 = _is_unicode(fields)
        if header is None:
            if not (is_well_formed and is_utf8):
                raise Refusal(f"{name}: unreadable header")
            header = fields
        elif not is_utf8:
            yield Record(line, malformed="text that is not UTF-8")
        elif not is_well_formed:
            yield Record(line, malformed="malformed CSV")
        elif len(fields) != len(header):
            yield Record(line, malformed=f"malformed CSV: {len(fields)} fields, the header has {len(header)}")
        else:
            yield Record(line, dict(zip(header, fields, strict=True)))


def csv_rows(text: str) -> Iterator[tuple[int, list[str], bool]]:
    """(line, fields, whether it follows RFC 4180) of every row that is not blank."""
    position, line = 0, 1
    while position < len(text):
        line_end = text.find("\n", position)
        line_end = len(text) if line_end < 0 else line_end
        physical_line = text[position:line_end]
        if '"' in physical_line:
            fields, is_well_formed, after = _quoted_row(text, position)
            yield line, fields, is_well_formed
            line += text.count("\n", position, after)
            position = after
        else:
            if physical_line.strip():
                yield line, physical_line.removesuffix("\r").split(","), True
            line += 1
            position = line_end + 1


_UNTIL_SEPARATOR = re.compile(r"[^,\n]*")


def _quoted_row(text: str, position: int) -> tuple[list[str], bool, int]:
    """A row with quotation marks: its fields, whether it is well formed, and the position after it.

    A quotation mark opens a field only as its first character, is doubled inside, and nothing may follow the
    closing one. A field that is never closed takes the rest of the file into its row.
    """
    fields: list[str] = []
    is_well_formed = True
    while True:
        value = ""
        if is_quoted := text.startswith('"', position):
            position += 1
            while True:
                mark = text.find('"', position)
                if mark < 0:
                    return [*fields, value + text[position:]], False, len(text)
                value += text[position:mark]
                position = mark + 1
                if not text.startswith('"', position):
                    break
                value += '"'
                position += 1
        rest = _UNTIL_SEPARATOR.match(text, position)
        assert rest is not None
        position = rest.end()
        is_last = position == len(text) or text[position] == "\n"
        tail = rest[0].removesuffix("\r") if is_last else rest[0]
        if tail and (is_quoted or '"' in tail):
            is_well_formed = False
        fields.append(value + tail)
        if is_last:
            return fields, is_well_formed, min(position + 1, len(text))
        position += 1


def _is_unicode(fields: list[str]) -> bool:
    try:
        "".join(fields).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


# ---------------------------------------------------------------------------------------------------------
# Typing and quarantine: one row
# ---------------------------------------------------------------------------------------------------------


def typed_row(
    entity: str, values: Mapping[str, Any], is_csv: bool, account: Account, extracted_at: datetime, earliest: datetime
) -> Row:
    """The row with its declared columns in their types; Quarantined with the reason otherwise."""
    row: Row = {}
    for column, kind in COLUMNS[entity].items():
        value = values.get(column)
        row[column] = None if value is None or value == "" else typed(column, kind, value, is_csv)  # "" is missing
    is_deletion = row.get("deleted") is True
    for column in (KEYS[entity],) if is_deletion else REQUIRED[entity]:
        if row[column] is None:
            raise Quarantined(f"{column}: missing")
    for column in NEVER_IN_THE_FUTURE:
        if row.get(column) is not None and row[column] - extracted_at > FUTURE_TOLERANCE:
            raise Quarantined(f"{column}: more than five minutes after the batch was extracted")
    if row.get("updated_at") is not None and row["updated_at"] < earliest:  # "counts as missing"
        row["updated_at"] = None
    for column, kind in COLUMNS[entity].items():
        if kind == "instant" and row[column] is not None and row[column] < earliest:
            raise Quarantined(f"{column}: before the earliest instant")
    if entity == "messages" and row["direction"] is not None and word(row["direction"]) not in DIRECTIONS:
        raise Quarantined(f"direction: unknown {row['direction']!r}")
    if row.get("rating") is not None and not account.rating_scale[0] <= row["rating"] <= account.rating_scale[1]:
        raise Quarantined(f"rating: {row['rating']} is outside the scale")
    return row


def typed(column: str, kind: str, value: Any, is_csv: bool) -> Any:
    """A present value in its type; "in CSV, lists are separated by `;`"."""
    if kind == "list" and is_csv:
        return value.split(";")
    converted = CONVERTERS[kind](value)
    if converted is None:
        raise Quarantined(f"{column}: not of its type")
    return converted


def as_text(value: Any) -> str | None:
    """A text; a number is kept as it was written."""
    return str(value) if isinstance(value, str) else None


def as_id(value: Any) -> str | None:
    """An id; those "that are whole numbers are taken as text": 5 and 5.0 are "5", and 1.5 is no id."""
    if isinstance(value, JsonNumber):
        number = as_whole_number(value)
        return None if number is None else str(number)
    return value if isinstance(value, str) else None


def as_whole_number(value: Any) -> int | None:
    """4, 4.0 and the text "4" are whole numbers."""
    if not isinstance(value, str) or not NUMBER.fullmatch(value.strip()):
        return None
    try:
        number = Decimal(value.strip())
    except InvalidOperation:  # an exponent that no number can have
        return None
    if number.adjusted() > 1000 or number != number.to_integral_value():
        return None
    return int(number)


def as_instant(value: Any) -> datetime | None:
    """ISO 8601 with an offset; "a space may stand for `T`". What lies beyond microseconds is cut off."""
    if isinstance(value, JsonNumber) or not isinstance(value, str):
        return None
    match = INSTANT.fullmatch(value.strip())
    if not match:
        return None
    fraction, _, sign, offset_hours, offset_minutes = match.groups()[6:]
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    if int(offset_minutes or 0) > 59 or offset >= timedelta(days=1):
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        clock = datetime(year, month, day, hour, minute, second, microsecond, UTC)
        return clock + offset if sign == "-" else clock - offset
    except (ValueError, OverflowError):
        return None


def as_boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, JsonNumber):
        return {"0": False, "1": True}.get(as_id(value) or "")
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(word(value))
    return None


def as_list(value: Any) -> list[str] | None:
    """Tags: a JSON array of texts, numbers and nulls."""
    if not isinstance(value, list) or not all(item is None or isinstance(item, str) for item in value):
        return None
    return [str(item) for item in value if item is not None]


CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "id": as_id,
    "text": as_text,
    "instant": as_instant,
    "boolean": as_boolean,
    "whole": as_whole_number,
    "list": as_list,
}
"""From a value that is present to its type, or to None when it is not of its type."""


def word(text: str | None) -> str:
    """The form in which enumerated words are compared: "trimmed and without regard to case". Nothing is empty."""
    return "" if text is None else text.strip().lower()


# ---------------------------------------------------------------------------------------------------------
# Batches: manifest, refusal, latest versions
# ---------------------------------------------------------------------------------------------------------


@dataclass
class Version:
    """A valid row and its rank among the versions of its record; the greatest rank wins."""

    rank: tuple[bool, datetime, str, str, int]
    row: Row


Versions = dict[str, Version]
"""The winning version of each record of one entity, by its key."""


@dataclass
class Batch:
    name: str
    extracted_at: datetime
    landed: Counter[str]
    valid: dict[str, list[Version]]
    quarantine: list[Row]


@dataclass
class SourceState:
    """What a source's accepted batches amount to."""

    source: Source
    account: Account
    latest: dict[str, Versions] = field(default_factory=lambda: {entity: {} for entity in ENTITIES})
    landed: Counter[str] = field(default_factory=Counter)
    valid: Counter[str] = field(default_factory=Counter)
    delivered_well: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    """Of each record, by entity and key, the batches with a valid version of it."""
    quarantine: list[Row] = field(default_factory=list)
    extracted_at: datetime | None = None
    refused: tuple[str, str, str] | None = None


def ingest_source(source: Source, account: Account, quality: Quality) -> SourceState:
    """Ingest a source's batches by the order of their names; the first refused one stops it there."""
    state = SourceState(source, account)
    for folder in batch_folders(source.path):
        try:
            batch = read_batch(source, account, folder, quality.earliest)
            refuse_quarantined(batch, quality)
            refuse_restated(batch, state, quality)
        except Refusal as refusal:
            state.refused = (source.name, folder.name, str(refusal))
            break
        accept(batch, state)
    return state


def batch_folders(drop: Path) -> list[Path]:
    """Folders in the order of their names. "A batch without a manifest is still being written": it is left alone."""
    if not drop.is_dir():
        return []
    folders = [folder for folder in drop.iterdir() if folder.is_dir() and (folder / "manifest.json").is_file()]
    return sorted(folders, key=lambda folder: folder.name)


def read_batch(source: Source, account: Account, folder: Path, earliest: datetime) -> Batch:
    """Verify every file of the manifest, then type every row. Files it does not list are not read."""
    extracted_at, files = read_manifest(folder / "manifest.json")
    contents = {name: verified_content(folder / name, name, entry) for name, entry in files.items()}
    batch = Batch(folder.name, extracted_at, Counter(), {entity: [] for entity in ENTITIES}, [])
    for name in sorted(files):
        match = FILE_NAME.fullmatch(name)
        if not match:
            raise Refusal(f"{name}: unreadable (neither NDJSON, CSV nor Parquet)")
        entity, file_format = match["entity"], match["format"]
        records = read_records(name, contents[name], file_format)
        if len(records) != files[name]["rows"]:
            raise Refusal(f"{name}: {len(records)} rows, the manifest says {files[name]['rows']}")
        if entity not in ENTITIES:
            continue
        batch.landed[entity] += len(records)
        for record in records:
            try:
                if record.malformed:
                    raise Quarantined(record.malformed)
                row = typed_row(entity, record.values, file_format == "csv", account, extracted_at, earliest)
            except Quarantined:
                value = record.values.get(KEYS[entity])
                batch.quarantine.append(
                    {
                        "source_system": source.name,
                        "batch": folder.name,
                        "file": name,
                        "line": record.line,
                        "entity": entity,
                        "record_id": None if record.malformed or value in (None, "") else as_id(value),
                    }
                )
                continue
            batch.valid[entity].append(Version(rank_of(row, folder.name, name, record.line), row))
    return batch


def read_manifest(path: Path) -> tuple[datetime, dict[str, Row]]:
    """`{"extracted_at": ISO 8601 with offset, "files": {name: {"rows": n, "sha256": hex}}}`"""
    try:
        manifest = json.loads(path.read_bytes())
        extracted_at = as_instant(manifest["extracted_at"])
        files = dict(manifest["files"])
        sound = all(type(entry["rows"]) is int and type(entry["sha256"]) is str for entry in files.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(f"manifest.json: unreadable ({error!r})") from error
    if extracted_at is None:
        raise Refusal("manifest.json: extracted_at is no instant with an offset")
    if not sound:
        raise Refusal("manifest.json: a file needs its rows and its sha256")
    return extracted_at, files


def verified_content(path: Path, name: str, entry: Row) -> bytes:
    """The bytes of a file that is there and has the manifest's hash: "of the file as it lies"."""
    if not path.exists():
        raise Refusal(f"{name}: missing")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refusal(f"{name}: unreadable ({error})") from error
    if hashlib.sha256(content).hexdigest() != entry["sha256"].strip().lower():
        raise Refusal(f"{name}: its sha256 is not the manifest's")
    return content


def rank_of(row: Row, batch: str, file: str, line: int) -> tuple[bool, datetime, str, str, int]:
    """The order of versions: "the greatest `updated_at` wins (a missing one is older than any); at equal `updated_at`,
    the later batch; within one batch, the later file by name, then the later line".
    """
    updated_at = row.get("updated_at")
    return updated_at is not None, updated_at or EPOCH, batch, file, line


def with_versions(before: Versions, versions: Iterable[Version], key: str) -> Versions:
    """The winning versions after some more have come."""
    after = dict(before)
    for version in versions:
        known = after.get(version.row[key])
        if known is None or version.rank > known.rank:
            after[version.row[key]] = version
    return after


def exceeds(count: int, total: int, share: Fraction, rows: int) -> bool:
    """Both limits are passed: "more than 1 % (and more than 10)"."""
    return count > rows and count > share * total


def refuse_quarantined(batch: Batch, quality: Quality) -> None:
    quarantined = Counter(row["entity"] for row in batch.quarantine)
    for entity in ENTITIES:
        count, total = quarantined[entity], batch.landed[entity]
        if exceeds(count, total, quality.quarantine_share, quality.quarantine_rows):
            raise Refusal(f"{entity}: {count} of {total} rows quarantined")


def refuse_restated(batch: Batch, state: SourceState, quality: Quality) -> None:
    """Clocks of known records that moved: "the batch's version against the one in force before it"."""
    for entity, clock in CLOCKS.items():
        delivered = with_versions({}, batch.valid[entity], KEYS[entity])
        before = state.latest[entity]
        known = [key for key in delivered if key in before]
        restated = [key for key in known if is_restated(before[key].row[clock], delivered[key].row[clock])]
        if exceeds(len(restated), len(known), quality.restated_share, quality.restated_rows):
            raise Refusal(f"{entity}: {clock} of {len(restated)} of {len(known)} known records restated")


def is_restated(before: datetime | None, now: datetime | None) -> bool:
    """A deletion may leave the clock out: that restates nothing."""
    return before is not None and now is not None and before != now


def accept(batch: Batch, state: SourceState) -> None:
    for entity in ENTITIES:
        state.latest[entity] = with_versions(state.latest[entity], batch.valid[entity], KEYS[entity])
        state.landed[entity] += batch.landed[entity]
        state.valid[entity] += len(batch.valid[entity])
        for version in batch.valid[entity]:
            state.delivered_well[entity, version.row[KEYS[entity]]].append(batch.name)
    state.quarantine += batch.quarantine
    latest = state.extracted_at
    state.extracted_at = batch.extracted_at if latest is None else max(latest, batch.extracted_at)


# ---------------------------------------------------------------------------------------------------------
# What is in force: deletions, orphans, accounting
# ---------------------------------------------------------------------------------------------------------


def fate(state: SourceState, entity: str, row: Row) -> str:
    """What becomes of a winning version: 'used', 'deleted' or 'orphans'.

    "A winning version with `deleted` true takes the record, and what hangs from it, out of the marts." "A record
    that hangs from an unknown conversation (message, event, rating) is an orphan."
    """
    if row.get("deleted"):
        return "deleted"
    if entity in ("messages", "events", "ratings"):
        conversation = state.latest["conversations"].get(row["conversation_id"])
        if conversation is None:
            return "orphans"
        if conversation.row["deleted"]:
            return "deleted"
    return "used"


def quarantine_of(state: SourceState) -> list[Row]:
    """A quarantined row is open "until a later batch mends it": the first one with a valid version of its record.

    A row without a key stays open, and so does one that only its own batch or an earlier one has in a valid version.
    """
    return [
        {
            **row,
            "mended_by": min(
                (batch for batch in state.delivered_well[row["entity"], row["record_id"]] if batch > row["batch"]),
                default=None,
            ),
        }
        for row in state.quarantine
    ]


def in_force(state: SourceState, entity: str) -> list[Row]:
    rows = [version.row for version in state.latest[entity].values()]
    return [row for row in rows if fate(state, entity, row) == "used"]


def accounting(state: SourceState) -> Iterator[Row]:
    """What became of every row of the accepted batches: "rows landed = rows used + superseded + deleted + quarantined
    + orphans, for every entity of every source".
    """
    quarantined = Counter(row["entity"] for row in state.quarantine)
    for entity in ENTITIES:
        winners = state.latest[entity].values()
        fates = Counter(fate(state, entity, version.row) for version in winners)
        yield {
            "source_system": state.source.name,
            "entity": entity,
            "landed": state.landed[entity],
            "used": fates["used"],
            "superseded": state.valid[entity] - len(winners),
            "deleted": fates["deleted"],
            "quarantined": quarantined[entity],
            "orphans": fates["orphans"],
        }


def data_through(states: list[SourceState]) -> datetime | None:
    """Up to when the account's data go: "of each of the account's sources the latest `extracted_at` that was ingested;
    of these the earliest. NULL while a source has delivered nothing".
    """
    instants = [state.extracted_at for state in states]
    return None if None in instants or not instants else min(instants)  # type: ignore[type-var]


# ---------------------------------------------------------------------------------------------------------
# One conversation: messages, first response, replies, rating
# ---------------------------------------------------------------------------------------------------------

NO_MESSAGE_TYPES = ("reaction", "activity", "system")
STATUSES = {
    "new": "new",
    "created": "new",
    "flow": "in_flow",
    "flow_paused": "in_flow",
    "in_flow": "in_flow",
    "in_progress": "in_progress",
    "open": "in_progress",
    "closed": "closed",
    "resolved": "closed",
}
SOURCES = ("inbox", "flow", "inbound", "other")


@dataclass
class Message:
    """A message of the definition, or a failed outbound one (`is_failed`)."""

    id: str
    sent_at: datetime
    sent_date: date
    is_inbound: bool
    is_failed: bool
    is_human_reply: bool
    has_sender_type: bool
    sender: str | None


@dataclass
class Reply:
    """An ended wait, credited to the sender of the human reply that ended it."""

    agent_id: str | None
    seconds: int
    since: datetime
    until: datetime


@dataclass
class Unit:
    """What a target counts, and what became of it: `met`, `missed` or `pending`."""

    target: str
    outcome: str


@dataclass
class Conversation:
    details: Row
    messages: list[Message]
    events: list[Row]
    replies: list[Reply]
    first_response: Message | None
    units: list[Unit] = field(default_factory=list)


def as_message(row: Row, account: Account) -> Message | None:
    """A message is "inbound or outbound, not private, not of type `reaction`, `activity` or `system`, not `deleted`,
    and, when outbound, not `failed`. Failed outbound messages, else messages, are counted apart". None for others.
    """
    if row["private"] or word(row["type"]) in NO_MESSAGE_TYPES:
        return None
    is_inbound = word(row["direction"]) == "inbound"
    sent_by_agent = word(row["sender_type"]) == "agent"
    is_failed = not is_inbound and word(row["status"]) == "failed"
    return Message(
        id=row["message_id"],
        sent_at=row["sent_at"],
        sent_date=local_date(account, row["sent_at"]),
        is_inbound=is_inbound,
        is_failed=is_failed,
        is_human_reply=not is_inbound and not is_failed and sent_by_agent and word(row["origin"]) in ("inbox", ""),
        has_sender_type=word(row["sender_type"]) != "",
        sender=row["agent_id"] if sent_by_agent else None,
    )


def first_response_of(messages: list[Message]) -> Message | None:
    """The first response: "the earliest human reply after the first inbound message", of messages in their order."""
    customer_wrote = False
    for message in messages:
        customer_wrote = customer_wrote or message.is_inbound
        if customer_wrote and message.is_human_reply:
            return message
    return None


def wait_start_of(first_inbound: Message, first_response: Message, events: list[Row]) -> datetime:
    """The wait start: "the latest of: the first inbound message; the latest `handoff` or `reopened` event at or before
    the first response".
    """
    turns: list[datetime] = [
        event["occurred_at"]
        for event in events
        if word(event["type"]) in ("handoff", "reopened") and event["occurred_at"] <= first_response.sent_at
    ]
    return max([first_inbound.sent_at, *turns])


def waiting_since_of(status: str, messages: list[Message], events: list[Row]) -> datetime | None:
    """Of a conversation that is not closed, "its first inbound message (by instant, then id) that comes after its last
    human reply and is not before its last closing; NULL when there is none, when an outbound message without a
    `sender_type` comes after it, and while a flow has the conversation (`in_flow`, no `handoff` since)".
    """

    def times_of(event_type: str) -> list[datetime]:
        return [event["occurred_at"] for event in events if word(event["type"]) == event_type]

    replied = [place for place, message in enumerate(messages) if message.is_human_reply]
    since_reply = messages[replied[-1] + 1 :] if replied else messages
    closings = times_of("closed")
    for place, message in enumerate(since_reply):
        if message.is_inbound and all(closing <= message.sent_at for closing in closings):
            is_known = all(later.is_inbound or later.has_sender_type for later in since_reply[place:])
            is_ours = status != "in_flow" or any(at >= message.sent_at for at in times_of("handoff"))
            return message.sent_at if is_known and is_ours else None
    return None


def replies_of(messages: list[Message]) -> list[Reply]:
    """The ended waits: one "opens at an inbound message when no wait is open. It ends at the next human reply. Each
    ended wait is one reply, credited to its sender. A human reply when nobody waits is not a reply".
    """
    replies = []
    waiting_since: datetime | None = None
    for message in messages:
        if message.is_inbound and waiting_since is None:
            waiting_since = message.sent_at
        elif message.is_human_reply and waiting_since is not None:
            seconds = elapsed_seconds(waiting_since, message.sent_at)
            assert seconds is not None  # messages come in the order of their instants
            replies.append(Reply(message.sender, seconds, waiting_since, message.sent_at))
            waiting_since = None
    return replies


def is_answered(first_inbound: Message | None, first_response: Message | None, messages: list[Message]) -> bool | None:
    """Answered or unanswered; "neither (NULL), when the customer never wrote, or when there is no first response but an
    outbound message without a `sender_type`".
    """
    if first_inbound is None:
        return None
    if first_response is not None:
        return True
    if any(not message.is_inbound and not message.has_sender_type for message in messages):
        return None
    return False


def source_of(raw: str | None, messages: list[Message]) -> str:
    """The source: "FLOW → flow; INBOX → inbox; INBOUND → inbound; UNKNOWN, AUTO_RESPONSE or empty → inbound when the
    earliest message is inbound, else other; everything else → other".
    """
    if word(raw) in ("flow", "inbox", "inbound"):
        return word(raw)
    if word(raw) in ("unknown", "auto_response", "") and messages and messages[0].is_inbound:
        return "inbound"
    return "other"


def rating_of(ratings: list[Row]) -> Row | None:
    """The rating: "the latest answered rating of the conversation (by `answered_at`, then id). Answered means that it
    has a score; a missing `answered_at` is the oldest".
    """
    answered = [rating for rating in ratings if rating["rating"] is not None]

    def order(rating: Row) -> tuple[bool, datetime, str]:
        return rating["answered_at"] is not None, rating["answered_at"] or EPOCH, rating["rating_id"]

    return max(answered, key=order, default=None)


def tags_of(tags: list[str] | None) -> list[str]:
    """Tags: "trimmed, empty ones dropped, each counted once", sorted."""
    return sorted({tag.strip() for tag in tags or []} - {""})


def masked(phone: str | None, contact_phone: str) -> str | None:
    """A phone: "`***` and its last four digits, `***` alone when it has no more", or as it is where that is allowed."""
    if phone is None or contact_phone == "plain":
        return phone
    digits = re.sub(r"[^0-9]", "", phone)
    return "***" + digits[-4:] if len(digits) > 4 else "***"


def conversations_of(state: SourceState, contact_phone: str) -> Iterator[Conversation]:
    """The conversations of a source with what hangs from them."""
    messages, events, ratings = (by_conversation(in_force(state, name)) for name in ("messages", "events", "ratings"))
    contacts = {row["contact_id"]: row for row in in_force(state, "contacts")}
    agents = agents_of(state)
    for row in in_force(state, "conversations"):
        key = row["conversation_id"]
        contact = contacts.get(row["contact_id"])
        yield conversation(
            state, row, messages[key], events[key], ratings[key], contact, agents.get(row["agent_id"]), contact_phone
        )


def by_conversation(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["conversation_id"]].append(row)
    return grouped


def agents_of(state: SourceState) -> dict[str, Row]:
    return {row["agent_id"]: row for row in in_force(state, "agents")}


def conversation(
    state: SourceState,
    row: Row,
    message_rows: list[Row],
    events: list[Row],
    ratings: list[Row],
    contact: Row | None,
    agent: Row | None,
    contact_phone: str,
) -> Conversation:
    """One row of `details`, with the messages and replies that the other marts count."""
    account = state.account
    candidates = [message for message_row in message_rows if (message := as_message(message_row, account))]
    candidates.sort(key=lambda message: (message.sent_at, message.id))
    messages = [message for message in candidates if not message.is_failed]
    first_inbound = next((message for message in messages if message.is_inbound), None)
    first_response = first_response_of(messages)
    response_seconds = response_business_seconds = None
    if first_inbound and first_response:
        wait_start = wait_start_of(first_inbound, first_response, events)
        response_seconds = elapsed_seconds(wait_start, first_response.sent_at)
        response_business_seconds = business_seconds(account, wait_start, first_response.sent_at)
    replies = replies_of(messages)
    rating = rating_of(ratings)
    status = STATUSES.get(word(row["status"]), "other")
    started_at, closed_at = row["started_at"], row["closed_at"]
    is_closed = status == "closed" or closed_at is not None
    reopens = sum(word(event["type"]) == "reopened" for event in events)
    wall = local_time(account, started_at).replace(tzinfo=None)
    url = state.source.conversation_url
    details = {
        "account_id": account.id,
        "source_system": state.source.name,
        "conversation_id": row["conversation_id"],
        "contact_id": row["contact_id"],
        "contact_key": None if row["contact_id"] is None else f"{state.source.name}:{row['contact_id']}",
        "source_url": url and url.replace("{conversation_id}", quote(row["conversation_id"], safe="")),
        "contact_name": contact["name"] if contact else None,
        "contact_phone": masked(contact["phone"], contact_phone) if contact else None,
        "channel": row["channel"],
        "team": row["team"],
        "status": status,
        "source": source_of(row["source"], messages),
        "source_raw": row["source"],
        "agent_id": row["agent_id"],
        "agent_name": agent["name"] if agent else None,
        "agent_email": agent["email"] if agent else None,
        "first_responder_id": first_response.sender if first_response else None,
        "conversation_tags": tags_of(row["tags"]),
        "contact_tags": tags_of(contact["tags"]) if contact else None,
        "started_at": started_at,
        "started_local": wall,
        "started_date": local_date(account, started_at),
        "started_hour": wall.hour,
        "started_in_working_hours": in_working_hours(account, started_at),
        "first_inbound_at": first_inbound.sent_at if first_inbound else None,
        "last_inbound_at": max((message.sent_at for message in messages if message.is_inbound), default=None),
        "waiting_since": None if is_closed else waiting_since_of(status, messages, events),
        "first_response_at": first_response.sent_at if first_response else None,
        "closed_at": closed_at,
        "last_message_at": messages[-1].sent_at if messages else None,
        "reopens": reopens,
        "reopened": reopens > 0,
        "messages": len(messages),
        "messages_inbound": sum(message.is_inbound for message in messages),
        "messages_outbound": sum(not message.is_inbound for message in messages),
        "messages_human": sum(message.is_human_reply for message in messages),
        "messages_failed": len(candidates) - len(messages),
        "is_answered": is_answered(first_inbound, first_response, messages),
        "is_closed": is_closed,
        "first_response_seconds": response_seconds,
        "first_response_business_seconds": response_business_seconds,
        "replies": len(replies),
        "reply_seconds_sum": total([reply.seconds for reply in replies]),
        "duration_seconds": elapsed_seconds(started_at, closed_at) if closed_at else None,
        "duration_business_seconds": business_seconds(account, started_at, closed_at) if closed_at else None,
        "is_surveyed": bool(ratings),
        "rating": rating["rating"] if rating else None,
        "is_satisfied": rating["rating"] >= account.rating_scale[1] - 1 if rating else None,
        "rating_comment": rating["comment"] if rating else None,
        "rated_at": rating["answered_at"] if rating else None,
        "times_basis": "exact",
    }
    one = Conversation(details, candidates, events, replies, first_response)
    one.units = [
        Unit(target.name, outcome)
        for target in targets_of(account, details)
        for outcome in outcomes_of(target, state, one, messages)
    ]
    missed, pending, met = (
        {unit.target for unit in one.units if unit.outcome == outcome} for outcome in ("missed", "pending", "met")
    )
    details["targets_missed"], details["targets_met"] = sorted(missed), sorted(met - missed - pending)
    return one


# ---------------------------------------------------------------------------------------------------------
# Targets
# ---------------------------------------------------------------------------------------------------------


def targets_of(account: Account, details: Row) -> list[Target]:
    """The targets that count a conversation: of each name the latest block "by the local date of the conversation's
    start", if its team, channel and tags are "any of a list, all lists".
    """
    in_force: dict[str, Target] = {}
    for target in sorted(account.targets, key=lambda target: target.valid_from):
        if target.valid_from <= details["started_date"]:
            in_force[target.name] = target
    return [
        target
        for target in in_force.values()
        if all(
            wanted is None or any(value in wanted for value in values(details))
            for group, values in GROUPS.items()
            for wanted in [getattr(target, f"{group}s")]
        )
    ]


def outcomes_of(target: Target, state: SourceState, one: Conversation, messages: list[Message]) -> list[str]:
    """What became of the units of a target in one conversation: "the units of `first_response` are conversations in
    which the customer wrote; of `resolution`, conversations; of `reply`, waits (as for reply time, with the one that is
    open)".
    """

    details = one.details

    def seconds(start: datetime, end: datetime) -> int | None:
        return business_seconds(state.account, start, end) if target.in_working_hours else elapsed_seconds(start, end)

    def by_value(value: int | None) -> list[str]:
        """ "Met: the value is there and at most `within`. Missed: it is more"."""
        return [] if value is None else ["met" if value <= target.within else "missed"]

    def so_far(start: datetime) -> list[str]:
        """ "Without a value, the time so far decides"."""
        now = state.extracted_at
        end = last_closing_of(one) if details["is_closed"] else now
        value = None if end is None else seconds(start, end)
        if value is None:  # "closed at an unknown instant", "working hours NULL", "a negative interval"
            return []
        if value > target.within:
            return ["missed"]
        return [] if details["is_closed"] else ["pending"]

    suffix = "_business_seconds" if target.in_working_hours else "_seconds"
    if target.measure == "resolution":
        if details["closed_at"] is not None:
            return by_value(details[f"duration{suffix}"])
        return so_far(details["started_at"])
    waiting = open_wait_of(messages)
    if target.measure == "reply":
        ended = [outcome for reply in one.replies for outcome in by_value(seconds(reply.since, reply.until))]
        return ended + (so_far(waiting[0].sent_at) if waiting and is_unanswered(waiting, waiting[0].sent_at) else [])
    if details["first_inbound_at"] is None:
        return []
    if details["first_response_at"] is not None:
        return by_value(details[f"first_response{suffix}"])
    assert state.extracted_at is not None
    turns: list[datetime] = [
        event["occurred_at"]
        for event in one.events
        if word(event["type"]) in ("handoff", "reopened") and event["occurred_at"] <= state.extracted_at
    ]
    start = max([details["first_inbound_at"], *turns])
    return so_far(start) if is_unanswered(waiting, start) else []


def open_wait_of(messages: list[Message]) -> list[Message]:
    """The messages from the one on that opened a wait which no human reply has ended; none when nobody waits."""
    opened = None
    for place, message in enumerate(messages):
        if message.is_inbound and opened is None:
            opened = place
        elif message.is_human_reply:
            opened = None
    return [] if opened is None else messages[opened:]


def is_unanswered(waiting: list[Message], start: datetime) -> bool:
    """Not "a wait after which an outbound message without a `sender_type` comes". An event comes before a message of
    its instant.
    """
    return all(one.is_inbound or one.has_sender_type or one.sent_at < start for one in waiting)


def last_closing_of(one: Conversation) -> datetime | None:
    """The last closing of a closed conversation, "as in the backlog"; None where nobody knows it."""
    course = course_of(one)
    return course.changes[-1][0] if course.closing_unknown is None else None


# ---------------------------------------------------------------------------------------------------------
# The measure set
# ---------------------------------------------------------------------------------------------------------

DISTRIBUTIONS = {
    "first_response": "first_response_seconds",
    "first_response_business": "first_response_business_seconds",
    "duration": "duration_seconds",
    "duration_business": "duration_business_seconds",
}


@dataclass
class Bucket:
    """What one row of a mart is computed from.

    Conversations, first responses and replies belong to the period in which their conversation started,
    messages to the period of their own local date.
    """

    conversations: list[Row] = field(default_factory=list)
    first_responses: list[Row] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


def total(values: list[int]) -> int | None:
    """A sum; "nothing is not zero": a sum whose count is 0 is None."""
    return sum(values) if values else None


def ratio(numerator: int, denominator: int, factor: int = 1) -> float | None:
    return factor * numerator / denominator if denominator else None


def percentile(values: list[int], share: Fraction) -> float | None:
    """A percentile of whole numbers; they "interpolate linearly"."""
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = position.numerator // position.denominator
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (position - below))


def distribution(name: str, rows: list[Row]) -> Row:
    """The five columns of one M: values that are NULL count nowhere."""
    values = [row[DISTRIBUTIONS[name]] for row in rows if row[DISTRIBUTIONS[name]] is not None]
    return {
        f"{name}_seconds_sum": total(values),
        f"{name}_count": len(values),
        f"avg_{name}_seconds": ratio(sum(values), len(values)),
        f"median_{name}_seconds": percentile(values, Fraction(1, 2)),
        f"p90_{name}_seconds": percentile(values, Fraction(9, 10)),
    }


def measures(bucket: Bucket, scale: tuple[int, int]) -> Row:
    """The measure set that all marts with grains share."""
    rows = bucket.conversations
    delivered = [message for message in bucket.messages if not message.is_failed]
    reply_seconds = [reply.seconds for reply in bucket.replies]
    scores = [row["rating"] for row in rows if row["rating"] is not None]
    surveys = sum(row["is_surveyed"] for row in rows)
    satisfied = sum(score >= scale[1] - 1 for score in scores)
    result: Row = {"conversations": len(rows)}
    for source in SOURCES:
        result[f"conversations_{source}"] = sum(row["source"] == source for row in rows)
    result |= {
        "distinct_contacts": len(
            {(row["source_system"], row["contact_id"]) for row in rows if row["contact_id"] is not None}
        ),
        "messages": len(delivered),
        "messages_inbound": sum(message.is_inbound for message in delivered),
        "messages_outbound": sum(not message.is_inbound for message in delivered),
        "messages_failed": len(bucket.messages) - len(delivered),
        "conversations_answered": sum(row["is_answered"] is True for row in rows),
        "conversations_unanswered": sum(row["is_answered"] is False for row in rows),
        "conversations_closed": sum(row["is_closed"] for row in rows),
        "conversations_reopened": sum(row["reopened"] for row in rows),
        "reopens": sum(row["reopens"] for row in rows),
    }
    for name in ("first_response", "first_response_business"):
        result |= distribution(name, bucket.first_responses)
    for name in ("duration", "duration_business"):
        result |= distribution(name, rows)
    result |= {
        "reply_seconds_sum": total(reply_seconds),
        "replies": len(reply_seconds),
        "avg_reply_seconds": ratio(sum(reply_seconds), len(reply_seconds)),
        "surveys": surveys,
        "ratings": len(scores),
        "rating_sum": total(scores),
        "avg_rating": ratio(sum(scores), len(scores)),
    }
    for score in range(1, 6):
        result[f"rating_{score}"] = scores.count(score) if scale == (1, 5) else None
    result |= {
        "ratings_satisfied": satisfied,
        "csat_percent": ratio(satisfied, len(scores), 100),
        "survey_response_percent": ratio(len(scores), surveys, 100),
    }
    return result


# ---------------------------------------------------------------------------------------------------------
# The marts: periods and grouping
# ---------------------------------------------------------------------------------------------------------

Period = tuple[str, date, date]
"""Grain, start, end (exclusive)."""

UNASSIGNED = "(unassigned)"
UNTAGGED = "(untagged)"


def periods_of(account: Account, day: date) -> list[Period]:
    """The day, week, month and calendar quarter that hold a date; "weeks start on the account's `week_start`"."""
    week = day - timedelta(days=(day.weekday() - account.week_start) % 7)
    month = day.replace(day=1)
    next_month = (month + timedelta(days=31)).replace(day=1)
    quarter = day.replace(month=day.month - (day.month - 1) % 3, day=1)
    next_quarter = (quarter + timedelta(days=95)).replace(day=1)
    return [
        ("day", day, day + timedelta(days=1)),
        ("week", week, week + timedelta(days=7)),
        ("month", month, next_month),
        ("quarter", quarter, next_quarter),
    ]


class Mart:
    """Buckets of one mart of one account, by period and the mart's own key."""

    def __init__(self, account: Account, through: datetime | None) -> None:
        self.account = account
        self.through = through
        self.buckets: defaultdict[tuple[Period, tuple[Any, ...]], Bucket] = defaultdict(Bucket)

    def at(self, day: date, *key: Any) -> list[Bucket]:
        """The buckets of a date at every grain; they are there from now on."""
        return [self.buckets[period, key] for period in periods_of(self.account, day)]

    def rows(self) -> Iterator[tuple[tuple[Any, ...], Row, Row]]:
        """(key, period columns, measures) of every row."""
        for (period, key), bucket in self.buckets.items():
            yield key, self.period_columns(period), measures(bucket, self.account.rating_scale)

    def period_columns(self, period: Period) -> Row:
        """What says which period it is; complete when "its end (local midnight) is at or before *data through*"."""
        grain, start, end = period
        is_complete = self.through is not None and local_midnight(self.account, end) <= self.through
        return {
            "account_id": self.account.id,
            "grain": grain,
            "period_start": start,
            "period_end": end,
            "is_complete": is_complete,
        }


def active_days(conversations: list[Conversation]) -> set[date]:
    """The local dates with "conversations started or messages, failed ones included"."""
    days = {one.details["started_date"] for one in conversations}
    return days | {message.sent_date for one in conversations for message in one.messages}


def overview(account: Account, conversations: list[Conversation], through: datetime | None) -> list[Row]:
    """A row for "every day from the account's first to its last active local date, and the weeks, months and quarters
    that hold them".
    """
    mart = Mart(account, through)
    active = active_days(conversations)
    if active:
        for ordinal in range(min(active).toordinal(), max(active).toordinal() + 1):
            mart.at(date.fromordinal(ordinal))
    for one in conversations:
        for bucket in mart.at(one.details["started_date"]):
            add_conversation(bucket, one)
        for message in one.messages:
            for bucket in mart.at(message.sent_date):
                bucket.messages.append(message)
    return [period | figures for _, period, figures in mart.rows()]


def add_conversation(bucket: Bucket, one: Conversation) -> None:
    """A conversation with all that belongs to its cohort."""
    bucket.conversations.append(one.details)
    if one.first_response:
        bucket.first_responses.append(one.details)
    bucket.replies += one.replies


def by_agent(
    account: Account,
    conversations: list[Conversation],
    agents: dict[str, dict[str, Row]],
    through: datetime | None,
) -> list[Row]:
    """Rows of agents: "conversation counts, durations, reopens and ratings belong to the assignee; outbound messages to
    their sender, inbound messages to the assignee of their conversation; first responses and replies to the agent who
    gave them". What has no agent is, per source system, the row with `agent_id` NULL.
    """
    mart = Mart(account, through)
    for one in conversations:
        source, assignee, started = (one.details[name] for name in ("source_system", "agent_id", "started_date"))
        for bucket in mart.at(started, source, assignee):
            bucket.conversations.append(one.details)
        if one.first_response:
            for bucket in mart.at(started, source, one.first_response.sender):
                bucket.first_responses.append(one.details)
        for reply in one.replies:
            for bucket in mart.at(started, source, reply.agent_id):
                bucket.replies.append(reply)
        for message in one.messages:
            for bucket in mart.at(message.sent_date, source, assignee if message.is_inbound else message.sender):
                bucket.messages.append(message)
    rows = []
    for (source, agent_id), period, figures in mart.rows():
        agent = agents[source].get(agent_id, {})
        who = {
            "source_system": source,
            "agent_id": agent_id,
            "agent_name": UNASSIGNED if agent_id is None else agent.get("name"),
            "agent_email": agent.get("email"),
        }
        rows.append(period | who | figures)
    return rows


def named(name: str | None, without: str) -> list[str]:
    """The name of a team or a channel, "trimmed", or the word for conversations without one."""
    return [(name or "").strip() or without]


GROUPS: dict[str, Callable[[Row], list[str]]] = {
    "tag": lambda details: details["conversation_tags"] or [UNTAGGED],
    "team": lambda details: named(details["team"], "(no team)"),
    "channel": lambda details: named(details["channel"], "(no channel)"),
}
"""The groups that conversations are in: "a conversation counts once in each of its tags", and in its team."""


def by_group(
    group: str,
    account: Account,
    conversations: list[Conversation],
    overview_rows: list[Row],
    through: datetime | None,
) -> list[Row]:
    """Rows of tags, teams or channels: everything follows the conversation, "messages at their own date". Shares are of
    the conversations of the whole period.
    """
    mart = Mart(account, through)
    for one in conversations:
        for name in GROUPS[group](one.details):
            for bucket in mart.at(one.details["started_date"], name):
                add_conversation(bucket, one)
            for message in one.messages:
                for bucket in mart.at(message.sent_date, name):
                    bucket.messages.append(message)
    whole = {(row["grain"], row["period_start"]): row["conversations"] for row in overview_rows}
    rows = []
    for (name,), period, figures in mart.rows():
        share = ratio(figures["conversations"], whole[period["grain"], period["period_start"]])
        rows.append(period | {group: name, "share_of_conversations": share} | figures)
    return rows


def by_target(account: Account, conversations: list[Conversation], through: datetime | None) -> list[Row]:
    """Rows of targets and teams, of the "period of the conversation's start"."""
    mart = Mart(account, through)
    counts: defaultdict[tuple[Period, str, str], Counter[str]] = defaultdict(Counter)
    for one in conversations:
        for unit in one.units:
            for period in periods_of(account, one.details["started_date"]):
                for team in GROUPS["team"](one.details):
                    counts[period, unit.target, team][unit.outcome] += 1
    return [
        mart.period_columns(period) | {"target": target, "team": team} | target_columns(counted)
        for (period, target, team), counted in counts.items()
    ]


def target_columns(counted: Counter[str]) -> Row:
    """Units, by what became of them, and the percentage that was met of those that were met or missed."""
    return {
        "units": counted.total(),
        "met": counted["met"],
        "missed": counted["missed"],
        "pending": counted["pending"],
        "met_percent": ratio(counted["met"], counted["met"] + counted["missed"], 100),
    }


FLOW_STATUSES = {
    "ready": "ongoing",
    "running": "ongoing",
    "completed": "completed",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "expired": "expired",
    "failed": "failed",
}


@dataclass(frozen=True)
class FlowRun:
    """A run that counts: neither deleted nor a test. ``conversation``: its key, where the marts have it."""

    source: str
    flow: str
    name: str | None
    status: str
    started_at: datetime
    started_date: date
    contact: str | None
    conversation: str | None


def flow_runs_of(state: SourceState) -> Iterator[FlowRun]:
    """The runs of a source: "never an orphan", it "stays when its conversation is deleted"; "tests left out"."""
    known = {row["conversation_id"] for row in in_force(state, "conversations")}
    for row in in_force(state, "flow_runs"):
        if not row["is_test"]:
            yield FlowRun(
                state.source.name,
                row["flow_id"],
                row["flow_name"],
                FLOW_STATUSES.get(word(row["status"]), "other"),
                row["started_at"],
                local_date(state.account, row["started_at"]),
                row["contact_id"],
                row["conversation_id"] if row["conversation_id"] in known else None,
            )


def latest_names(runs: Iterable[FlowRun]) -> dict[tuple[str, str], str]:
    """The name of each flow: that of the run "that started last" and has one, then the last in the order of text."""
    named = sorted((run.started_at, run.name, run.source, run.flow) for run in runs if run.name is not None)
    return {(source, flow): name for _, name, source, flow in named}


def flow_figures(runs: list[FlowRun]) -> Row:
    counts = Counter(run.status for run in runs)
    return {
        "runs": len(runs),
        "contacts": len({run.contact for run in runs} - {None}),
        **{name: counts[name] for name in ("completed", "expired", "ongoing", "cancelled", "failed", "other")},
        "completed_percent": ratio(counts["completed"], len(runs) - counts["ongoing"], 100),
        "conversations": len({run.conversation for run in runs} - {None}),
    }


def by_flow(account: Account, runs: list[FlowRun], through: datetime | None) -> list[Row]:
    """Rows of flows that ran, by the period of the start, whether anything else happened then or not."""
    mart, names = Mart(account, through), latest_names(runs)
    found: defaultdict[tuple[Period, str, str], list[FlowRun]] = defaultdict(list)
    for run in runs:
        for period in periods_of(account, run.started_date):
            found[period, run.source, run.flow].append(run)
    return [
        mart.period_columns(period)
        | {"source_system": source, "flow_id": flow, "flow_name": names.get((source, flow))}
        | flow_figures(of_flow)
        for (period, source, flow), of_flow in found.items()
    ]


# ---------------------------------------------------------------------------------------------------------
# The backlog
# ---------------------------------------------------------------------------------------------------------

AGES = {
    "waiting_under_1h": (0, 1),
    "waiting_1h_4h": (1, 4),
    "waiting_4h_24h": (4, 24),
    "waiting_1d_3d": (24, 72),
    "waiting_3d_7d": (72, 168),
    "waiting_over_7d": (168, None),
}
"""Hours: "lower bound inclusive"."""


@dataclass
class Course:
    """When a conversation was opened and closed: instants with whether it is an opening, in turn, from its start on.
    The last opening of one that is closed now, without a later closing, stands apart.
    """

    conversation: Conversation
    changes: list[tuple[datetime, bool]]
    closing_unknown: datetime | None


def course_of(one: Conversation) -> Course:
    """Openings: the start, `reopened`, "after a closing also `handoff`"; closings: `closed` and `closed_at`. "Before
    the start openings are ignored, closings count at the start. At one instant: start, then closings, then reopenings,
    but `closed_at` last. A closing of what is closed and a reopening of what is open change nothing. The current status
    has the last word".
    """
    start, closed_at = one.details["started_at"], one.details["closed_at"]
    happened = [(start, 0, True)]
    for event in one.events:
        at, what = event["occurred_at"], word(event["type"])
        if what == "closed":
            happened.append((max(at, start), 1, False))
        elif what in ("reopened", "handoff") and at >= start:
            happened.append((at, 2, True))
    if closed_at is not None:
        happened.append((max(closed_at, start), 3, False))
    changes: list[tuple[datetime, bool]] = []
    for at, _, is_opening in sorted(happened):
        if not changes or changes[-1][1] != is_opening:
            changes.append((at, is_opening))
    last_is_opening = changes[-1][1]
    unknown = None
    if last_is_opening == one.details["is_closed"]:
        at, _ = changes.pop()
        unknown = at if last_is_opening else None
    return Course(one, changes, unknown)


def last_change(course: Course, t: datetime) -> tuple[datetime, bool] | None:
    return next((change for change in reversed(course.changes) if change[0] < t), None)


def is_open(course: Course, t: datetime) -> bool:
    """Open at the end of a period: "the last change before it is an opening"."""
    change = last_change(course, t)
    return change is not None and change[1]


def wait_at(course: Course, t: datetime) -> tuple[datetime, bool, bool] | None:
    """Of an open conversation since when its customer waits for us, whether that is known, and whether nobody replied:
    "an inbound message comes after the last human reply and is not before the last closing"; "not while a flow has it".
    """
    one = course.conversation
    sent = [message for message in one.messages if message.sent_at < t and not message.is_failed]
    replied = [place for place, message in enumerate(sent) if message.is_human_reply]
    since_reply = sent[replied[-1] + 1 :] if replied else sent
    closings = [at for at, is_opening in course.changes if not is_opening and at < t]
    if one.details["source"] == "flow" or one.details["status"] == "in_flow":
        handoffs = [event["occurred_at"] for event in one.events if word(event["type"]) == "handoff"]
        if not any(at < t for at in handoffs):
            return None
    for place, message in enumerate(since_reply):
        if message.is_inbound and (not closings or message.sent_at >= closings[-1]):
            is_known = all(later.is_inbound or later.has_sender_type for later in since_reply[place:])
            return message.sent_at, is_known, not replied
    return None


def backlog_of(courses: list[Course], start: datetime, end: datetime) -> Row:
    """What happened from `start` to before `end`, and how things stand at `end`."""
    changes = [(at, is_opening, at_start) for course in courses for at, is_opening, at_start in named_changes(course)]
    happened = [(is_opening, at_start) for at, is_opening, at_start in changes if start <= at < end]
    still_open = [course for course in courses if is_open(course, end)]
    waits = [wait for course in still_open if (wait := wait_at(course, end))]
    seconds = [elapsed_seconds(since, end) or 0 for since, is_known, _ in waits if is_known]
    with_messages = [
        course
        for course in still_open
        if any(message.sent_at < end and not message.is_failed for message in course.conversation.messages)
    ]
    unknown = sum(course.closing_unknown is not None and start <= course.closing_unknown < end for course in courses)
    row = {
        "opened": happened.count((True, True)),
        "reopened": happened.count((True, False)),
        "closed": sum(not is_opening for is_opening, _ in happened),
        "open_before": sum(is_open(course, start) for course in courses),
        "open": len(still_open),
        "waiting_for_us": len(seconds),
        "unanswered": sum(is_known and nobody_replied for _, is_known, nobody_replied in waits),
        "waiting_unknown": len(waits) - len(seconds),
        "waiting_for_customer": len(with_messages) - len(waits),
    }
    for name, (first, last) in AGES.items():
        row[name] = sum(one >= first * 3600 and (last is None or one < last * 3600) for one in seconds)
    opened = [elapsed_seconds(change[0], end) or 0 for one in still_open if (change := last_change(one, end))]
    return row | {
        "median_waiting_seconds": percentile(seconds, Fraction(1, 2)),
        "median_open_seconds": percentile(opened, Fraction(1, 2)),
        "closing_unknown": unknown,
        "has_observed": False,
    }


def named_changes(course: Course) -> Iterator[tuple[datetime, bool, bool]]:
    """The changes, each with whether it is the start."""
    for place, (at, is_opening) in enumerate(course.changes):
        yield at, is_opening, place == 0


def team_of(one: Conversation) -> str:
    return (one.details["team"] or "").strip() or "(no team)"


def days_of(account: Account, conversations: list[Conversation], reached: datetime | None) -> list[date]:
    """The days of a source, "from its first active day to its last complete one"; without one that was left out."""
    days: list[date] = []
    active = active_days(conversations)
    if not active or reached is None:
        return days
    day = min(active)
    while local_midnight(account, day + timedelta(days=1)) <= reached:
        if local_midnight(account, day) < local_midnight(account, day + timedelta(days=1)):
            days.append(day)
        day += timedelta(days=1)
    return days


def backlog(account: Account, source: str, conversations: list[Conversation], reached: datetime | None) -> list[Row]:
    """ "One row per account, source system, team and complete local day": all teams on all days of their source."""
    days = days_of(account, conversations, reached)
    concerned: defaultdict[tuple[str, date], list[Course]] = defaultdict(list)
    for one in conversations:
        course = course_of(one)
        for day in days_concerned(account, course, days):
            concerned[team_of(one), day].append(course)
    rows = []
    for team in {team_of(one) for one in conversations}:
        for day in days:
            start, end = local_midnight(account, day), local_midnight(account, day + timedelta(days=1))
            key = {"account_id": account.id, "source_system": source, "team": team, "local_date": day}
            rows.append(key | backlog_of(concerned[team, day], start, end))
    return rows


def days_concerned(account: Account, course: Course, days: list[date]) -> list[date]:
    """Those of the days on which it is open, or changes."""
    instants = [at for at, _ in course.changes] + [at for at in [course.closing_unknown] if at]
    first = bisect_left(days, local_date(account, instants[0]))
    if course.changes and course.changes[-1][1]:
        return days[first:]
    return days[first : bisect_right(days, local_date(account, instants[-1]))]


# ---------------------------------------------------------------------------------------------------------
# All together
# ---------------------------------------------------------------------------------------------------------


def compute(config: Path) -> dict[str, list[Any]]:
    """The marts of a configuration, and what became of every row of its sources."""
    settings = load_config(config)
    states = [ingest_source(source, settings.accounts[source.account], settings.quality) for source in settings.sources]
    result: dict[str, list[Any]] = {
        "overview": [],
        "by_agent": [],
        **{f"by_{group}": [] for group in GROUPS},
        "by_target": [],
        "by_flow": [],
        "details": [],
        "backlog": [],
        "accounting": [row for state in states for row in accounting(state)],
        "quarantine": [row for state in states for row in quarantine_of(state)],
        "refused": [state.refused for state in states if state.refused],
    }
    for account in settings.accounts.values():
        own = [state for state in states if state.account is account]
        through = data_through(own)
        by_source = {state.source.name: list(conversations_of(state, settings.contact_phone)) for state in own}
        conversations = [one for found in by_source.values() for one in found]
        agents = {state.source.name: agents_of(state) for state in own}
        overview_rows = overview(account, conversations, through)
        result["overview"] += overview_rows
        result["by_agent"] += by_agent(account, conversations, agents, through)
        for group in GROUPS:
            result[f"by_{group}"] += by_group(group, account, conversations, overview_rows, through)
        result["by_target"] += by_target(account, conversations, through)
        result["by_flow"] += by_flow(account, [run for state in own for run in flow_runs_of(state)], through)
        result["details"] += [one.details for one in conversations]
        for state in own:
            name = state.source.name
            result["backlog"] += backlog(account, name, by_source[name], state.extracted_at)
    return result
