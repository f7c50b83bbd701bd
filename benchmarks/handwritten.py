"""The yardstick of the warehouse: the four marts of a configuration in one hand-written DuckDB script.

    python benchmarks/handwritten.py --config causerie.toml --out marts.duckdb

It reads every batch of NDJSON files of every `export` source straight from its drop, and writes `overview`, `by_agent`,
`by_tag` and `details` with the columns and types of docs/figures.md, as fast as one DuckDB process can. Of options and
formats it knows those of the bench's drops alone. It keeps nothing between runs: no landing, no raw layer, no hashes,
no refused batches, no tests, no publication, and rows that docs/export-format.md quarantines are left out without a
word. What a warehouse run costs above this is the price of those.

Not told apart from good rows, for speed: ids that are fractional numbers, JSON containers in text columns, and an hour
written as 24. All of it is DuckDB only; nothing of causerie is imported.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, reset_tzpath

import duckdb

reset_tzpath(())  # zones of the package tzdata, as in the warehouse, not of the machine

COLUMNS = {
    "contacts": "contact_id name phone tags updated_at deleted",
    "agents": "agent_id name email active updated_at",
    "conversations": "conversation_id started_at contact_id channel team source status closed_at agent_id tags"
    " updated_at deleted",
    "events": "event_id conversation_id type occurred_at",
    "ratings": "rating_id conversation_id asked_at rating comment answered_at updated_at",
    "messages": "message_id conversation_id sent_at direction sender_type agent_id origin type status private"
    " updated_at deleted",
}
FILE_NAME = re.compile(r"(?P<entity>[^/.-]+)(?:-[^/.]*)?\.ndjson(?:\.gz)?")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 86_400
GRAINS = ("day", "week", "month")
# What a message is to the reports.
NO_MESSAGE, INBOUND, AUTOMATIC, UNATTRIBUTED, HUMAN, FAILED = range(6)


# --- configuration and drop ----------------------------------------------------------------------------------------


@dataclass(eq=False)
class Account:
    """An account of the configuration; ``schedule`` is (valid from, spans by weekday), oldest first."""

    number: int
    id: str
    zone: ZoneInfo
    week_start: int
    scale: tuple[int, int]
    schedule: list[tuple[date, dict[int, list[tuple[int, int]]]]]
    holidays: dict[date, list[tuple[int, int]]]
    data_through: datetime | None = None

    def spans(self, day: date) -> list[tuple[int, int]] | None:
        """The open spans of a local day, in seconds of the clock; None without a schedule."""
        week = next((week for since, week in reversed(self.schedule) if since <= day), None)
        if not week or not any(week.values()):
            return None
        return self.holidays.get(day, week.get(day.weekday(), []))


@dataclass
class File:
    """A file of the drop. ``latest`` is the instant after which nothing in it can have happened."""

    path: str
    source: int
    entity: str
    latest: datetime


@dataclass
class Input:
    """What the configuration and the drops hold."""

    accounts: list[Account]
    sources: list[tuple[str, Account]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)


def read_config(path: Path) -> Input:
    """Accounts, sources and the files of all their batches, in the order in which later ones win."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    found = Input([_account(number, entry) for number, entry in enumerate(table["accounts"])])
    through: dict[str, list[datetime | None]] = {}
    for entry in table["sources"]:
        account = next(account for account in found.accounts if account.id == entry["account"])
        extracted = list(_batches(path.parent / entry["path"], len(found.sources), found.files))
        found.sources.append((entry["name"], account))
        through.setdefault(account.id, []).append(max(extracted, default=None))
    for account in found.accounts:
        instants = [instant for instant in through.get(account.id, []) if instant]
        if instants and len(instants) == len(through[account.id]):
            account.data_through = min(instants)
    return found


def _account(number: int, entry: dict[str, Any]) -> Account:
    versions: dict[date, dict[int, list[tuple[int, int]]]] = {}
    for block in entry.get("working_hours", []):
        week = versions.setdefault(block.get("valid_from", date.min), {})
        for day in block["days"]:
            week.setdefault(WEEKDAYS.index(day[:3]), []).extend(map(_span, block["spans"]))
    return Account(
        number,
        entry["id"],
        ZoneInfo(entry["timezone"]),
        WEEKDAYS.index(entry.get("week_start", "monday")[:3]),
        tuple(entry.get("rating_scale", (1, 5))),
        sorted(versions.items()),
        {holiday["date"]: [_span(span) for span in holiday["spans"]] for holiday in entry.get("holidays", [])},
    )


def _span(text: str) -> tuple[int, int]:
    opening, closing = (int(clock[:-3]) * 3600 + int(clock[-2:]) * 60 for clock in text.split("-"))
    return opening, closing


def _batches(drop: Path, source: int, files: list[File]) -> Iterator[datetime]:
    """The instants of extraction of a source's batches; their files are added to ``files``."""
    for manifest in sorted(drop.glob("*/manifest.json")):
        content = json.loads(manifest.read_bytes())
        extracted = datetime.fromisoformat(content["extracted_at"])
        for name in sorted(content["files"]):
            match = FILE_NAME.fullmatch(name)
            if match and match["entity"] in COLUMNS:
                path = str(manifest.parent / name)
                files.append(File(path, source, match["entity"], extracted + timedelta(minutes=5)))
        yield extracted


# --- reading -------------------------------------------------------------------------------------------------------

MACROS = r"""
-- trimming is dear, so look first whether there is anything to trim
create macro word(x) as lower(if(ord(x) <= 32 or ord(x[-1]) <= 32, trim(x, e' \t\n\r'), x));
-- microseconds of an instant with an offset; the two usual forms need no regular expression
create macro instant(x) as case
    when suffix(x, 'Z') and strlen(x) between 20 and 27 then epoch_us(try_cast(x as timestamptz))
    when x[-6] in ('+', '-') and x[-3] = ':' and strlen(x) >= 25 then epoch_us(try_cast(x as timestamptz))
    when regexp_full_match(trim(x), '\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d(:?\d\d)?)')
        then epoch_us(try_cast(upper(trim(x)) as timestamptz))
end;
create macro truth(x) as case
    when x = 'false' then false when x = 'true' then true
    when word(x) in ('true', '1') then true when word(x) in ('false', '0') then false
end;
create macro whole(x) as case
    when try_cast(x as integer) = try_cast(x as double) then try_cast(x as integer)
end;
-- absent, or of its type
create macro sound(x, typed) as typed is not null or x is null;
create macro is_inbound(x) as case
    when x = 'inbound' then true when x = 'outbound' then false
    when word(x) = 'inbound' then true when word(x) = 'outbound' then false
end;
"""


class Script:
    """The connection, and the time that each step took."""

    def __init__(self, given: Input, memory_limit: str, threads: int) -> None:
        self.given = given
        self.db = duckdb.connect(config={"memory_limit": memory_limit, "threads": threads})
        self.db.execute("set TimeZone = 'UTC'")
        self.db.execute(MACROS)
        self.steps: list[tuple[str, float, float]] = []

    def step(self, name: str, sql: str) -> None:
        """Execute a step and take its time."""
        wall, cpu = time.perf_counter(), _cpu()
        self.db.execute(sql)
        self.steps.append((name, time.perf_counter() - wall, _cpu() - cpu))

    def report(self) -> None:
        """Print the time of each step, and of all."""
        for name, wall, cpu in self.steps:
            print(f"{wall:7.2f} s wall {cpu:7.2f} s cpu  {name}", file=sys.stderr)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(f"{_cpu():7.2f} s cpu in all, at most {peak:.2f} GB", file=sys.stderr)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def text(value: str) -> str:
    """A value as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def load(script: Script, entity: str, columns: str, typed: str, joins: str = "") -> None:
    """Read an entity into a temporary table of its name: ``columns`` over ``typed`` records and what they join.

    `read_json` takes the good line after a torn one for torn too, now and then (DuckDB 1.5). So files with malformed
    lines, which are few, are read once more, by a reader that is slower and does not.
    """
    query = f"""
        select {columns}, file_no, source_no, is_malformed
        from (select *, {typed} from {{records}}) as records {joins}
    """
    every = range(len(script.given.files))
    first = _records(script, entity, every)
    script.step(f"{entity}: read", f"create temp table {entity} as {query.format(records=first)}")
    torn = script.db.execute(f"select distinct file_no from {entity} where is_malformed order by file_no").fetchall()
    if torn:
        again = _records(script, entity, [file_no for (file_no,) in torn], is_careful=True)
        script.step(
            f"{entity}: torn files",
            f"""
            delete from {entity} where file_no in (select file_no from {entity} where is_malformed);
            insert into {entity} {query.format(records=again)}
            """,
        )


def _records(script: Script, entity: str, numbers: Iterable[int], *, is_careful: bool = False) -> str:
    """A query of an entity's records: every column as text, NULL when missing; file, source and latest instant.

    The name of the file is constant within a vector, so that casting it to an enumeration costs next to nothing;
    the code of the enumeration is the rank of the file.
    """
    columns = COLUMNS[entity].split()
    files = [script.given.files[number] for number in numbers]
    paths = [text(file.path) for file in files if file.entity == entity]
    rows = f"select {', '.join(f'null::varchar as {column}' for column in columns)}, 0 as file_no where false"
    if paths:
        rows = _reader(f"[{', '.join(paths)}]", columns, is_careful)
    sources = [file.source for file in script.given.files] or [0]
    latest = [_micros(file.latest) for file in script.given.files] or [0]
    return f"""(
        select *, coalesce({columns[0]}, {columns[1]}) is null as is_malformed,
            {sources}[file_no + 1]::utinyint as source_no, {latest}[file_no + 1] as latest
        from ({rows})
    )"""


def _reader(paths: str, columns: list[str], is_careful: bool) -> str:
    number = "enum_code(filename::file)::usmallint as file_no"
    if not is_careful:
        types = ", ".join(f"{column}: 'varchar'" for column in columns)
        relation = f"read_json({paths}, format = 'newline_delimited', columns = {{{types}}}, ignore_errors = true)"
        values = ", ".join(f"nullif({column}, '') as {column}" for column in columns)
        return f"select {values}, {number} from {relation}"
    structure = json.dumps(dict.fromkeys(columns, "varchar"))
    relation = f"read_ndjson_objects({paths}, ignore_errors = true)"
    record = f"json_transform(if(json_valid(json), json, null), {text(structure)})"
    values = ", ".join(f"nullif(fields.{column}, '') as {column}" for column in columns)
    return f"""
        select {values}, {number}
        from (select filename, {record} as fields from {relation})
    """


def _micros(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def drop_superseded(script: Script, entity: str, key: str, updated: str = "updated_us desc nulls last,") -> None:
    """Keep the latest version of each record; invalid ones have no key.

    Only keys whose hash occurs twice, or that are missing, are looked at closely.
    """
    script.step(
        f"{entity}: latest versions",
        f"""
        delete from {entity} where rowid in (
            select rowid from {entity}
            where hash(source_no, {key}) in (
                select hash(source_no, {key}) from {entity} group by 1 having count(*) > 1
                union all
                select hash(source::utinyint, null::varchar) from range({len(script.given.sources)}) sources (source)
            )
            qualify {key} is null
                or row_number() over (partition by source_no, {key} order by {updated} file_no desc, rowid desc) > 1
        )
        """,
    )


def read_all(script: Script) -> None:
    """Every entity but the messages, each record once, in its latest version."""
    load(
        script,
        "contacts",
        "if(valid, contact_id, null) as contact_id, name, phone, coalesce(tags, '[]') as tags, updated_us, is_deleted",
        """
        instant(updated_at) as updated_us, truth(deleted) as is_deleted,
        sound(updated_at, updated_us) and sound(deleted, is_deleted) as valid
        """,
    )
    load(
        script,
        "agents",
        "if(valid, agent_id, null) as agent_id, name, email, updated_us",
        "instant(updated_at) as updated_us, sound(updated_at, updated_us) and sound(active, truth(active)) as valid",
    )
    load(
        script,
        "conversations",
        """
        if(valid, conversation_id, null) as conversation_id, started_us, contact_id, channel, team, source, status,
        closed_us, agent_id, coalesce(tags, '[]') as tags, updated_us, is_deleted
        """,
        """
        instant(started_at) as started_us, instant(closed_at) as closed_us, instant(updated_at) as updated_us,
        truth(deleted) as is_deleted,
        sound(started_at, started_us) and sound(closed_at, closed_us) and sound(updated_at, updated_us)
        and sound(deleted, is_deleted) and (started_us is not null or coalesce(is_deleted, false))
        and coalesce(started_us <= latest, true) as valid
        """,
    )
    read_tags(script)
    drop_superseded(script, "contacts", "contact_id")
    drop_superseded(script, "agents", "agent_id")
    drop_superseded(script, "conversations", "conversation_id")
    number_conversations(script)
    read_events(script)
    read_ratings(script)


def read_tags(script: Script) -> None:
    """The lists of tags, each distinct one once: there are far fewer of them than rows."""
    script.step(
        "tags",
        """
        create temp table tag_sets as
        select row_number() over ()::integer as tag_set, raw, case when is_list then list_sort(list_distinct(
                list_filter([trim(tag, e' \\t\\n\\r') for tag in from_json(raw, '["varchar"]')], x -> x <> '')
            )) end as tags
        from (
            select raw, starts_with(raw, '[')
                and not list_has_any(json_type(raw, '$[*]'), ['OBJECT', 'ARRAY', 'BOOLEAN']) as is_list
            from (select tags as raw from conversations union select tags from contacts)
        );
        update conversations set conversation_id = null where tags in (select raw from tag_sets where tags is null);
        update contacts set contact_id = null where tags in (select raw from tag_sets where tags is null)
        """,
    )


EPISODES = "(select source_no, conversation_id, conversation_no, tag_set, agent_no from episodes) as episodes"


def number_conversations(script: Script) -> None:
    """Conversations in force, with whole numbers for all that is joined or grouped by later.

    Every contact and every agent that a conversation names gets a row, so that its number is that of its row.
    The first rows of `people` are the unassigned of each source: their numbers are those of the sources.
    """
    sources = ", ".join(f"({number}::utinyint)" for number in range(len(script.given.sources)))
    script.step(
        "conversations: numbers",
        f"""
        delete from conversations where is_deleted;
        update contacts set name = null, phone = null, tags = null where is_deleted;
        insert into contacts (source_no, contact_id)
            select distinct source_no, contact_id from conversations
            anti join contacts using (source_no, contact_id) where contact_id is not null;
        create temp table people as
            select source_no, null::varchar as agent_id, '(unassigned)' as agent_name, null::varchar as agent_email
            from (values {sources}) sources (source_no);
        insert into people select source_no, agent_id, name, email from agents;
        insert into people
            select distinct source_no, agent_id, null, null from conversations
            anti join agents using (source_no, agent_id) where agent_id is not null;
        create temp table episodes as
        select
            conversations.rowid::integer as conversation_no,
            source_no,
            conversation_id,
            contacts.rowid::integer as contact_no,
            coalesce(people.rowid, source_no)::integer as agent_no,
            tag_set,
            channel,
            team,
            source as source_raw,
            word(source) as source,
            case
                when word(status) in ('new', 'created') then 'new'
                when word(status) in ('flow', 'flow_paused', 'in_flow') then 'in_flow'
                when word(status) in ('in_progress', 'open') then 'in_progress'
                when word(status) in ('closed', 'resolved') then 'closed'
                else 'other'
            end as status,
            started_us,
            closed_us
        from conversations
        join tag_sets on tag_sets.raw = conversations.tags
        left join contacts using (source_no, contact_id)
        left join people using (source_no, agent_id)
        """,
    )


def read_events(script: Script) -> None:
    """Events; `is_reopened` is NULL for those that tell nothing here."""
    load(
        script,
        "events",
        """
        if(valid, event_id, null) as event_id, conversation_no, occurred_us,
        case
            when type = 'assigned' then null
            when word(type) in ('handoff', 'reopened') then word(type) = 'reopened'
        end as is_reopened
        """,
        """
        instant(occurred_at) as occurred_us,
        conversation_id is not null and type is not null and coalesce(occurred_us <= latest, false) as valid
        """,
        f"left join {EPISODES} using (source_no, conversation_id)",
    )
    drop_superseded(script, "events", "event_id", updated="")


def read_ratings(script: Script) -> None:
    """Ratings, and the one of each conversation; the scale is that of the account."""
    scales = [list(account.scale) for _, account in script.given.sources]
    load(
        script,
        "ratings",
        "if(valid, rating_id, null) as rating_id, conversation_no, score, comment, answered_us, updated_us",
        f"""
        whole(rating) as score, instant(answered_at) as answered_us, instant(updated_at) as updated_us,
        conversation_id is not null and sound(rating, score) and sound(answered_at, answered_us)
        and sound(updated_at, updated_us) and sound(asked_at, instant(asked_at))
        and coalesce(answered_us <= latest, true)
        and coalesce(score between {scales}[source_no + 1][1] and {scales}[source_no + 1][2], true) as valid
        """,
        f"left join {EPISODES} using (source_no, conversation_id)",
    )
    drop_superseded(script, "ratings", "rating_id")
    script.step(
        "ratings: one a conversation",
        """
        create temp table surveys as
        with ranked as (
            select conversation_no, score, if(score is null, null, comment) as comment,
                if(score is null, null, answered_us) as answered_us,
                coalesce(answered_us, -9e18::bigint) as rank, rating_id
            from ratings where conversation_no is not null and rating_id is not null
        )
        select conversation_no, any_value(score) as score, any_value(comment) as comment,
            any_value(answered_us) as answered_us
        from ranked group by conversation_no having count(*) = 1
        union all
        select conversation_no, best.score, best.comment, best.answered_us
        from (
            select conversation_no, max_by(
                {'score': score, 'comment': comment, 'answered_us': answered_us}, {'rank': rank, 'id': rating_id}
            ) filter (score is not null) as best
            from ranked group by conversation_no having count(*) > 1
        )
        """,
    )


# --- messages ------------------------------------------------------------------------------------------------------


def read_messages(script: Script) -> None:
    """Messages with the numbers of their conversation, of whom they are credited to, and what they are.

    The usual words are compared as they stand; only others pay for being trimmed and lowered.
    """
    origin = f"""
        case when origin is null or origin = 'inbox' then {HUMAN}
            when word(origin) in ('inbox', '') then {HUMAN} else {AUTOMATIC} end
    """
    outbound = f"""
        case when sender_type = 'agent' then {origin} when sender_type in ('bot', 'system', 'contact') then {AUTOMATIC}
            when word(sender_type) = 'agent' then {origin} when coalesce(word(sender_type), '') = '' then {UNATTRIBUTED}
            else {AUTOMATIC} end
    """
    load(
        script,
        "messages",
        f"""
        if(valid, message_id, null) as message_id, conversation_no, tag_set, sent_us, updated_us,
        case
            when not valid or is_private or is_deleted then {NO_MESSAGE}
            when type in ('text', 'image', 'audio', 'video', 'document', 'sticker', 'template') then kind
            when word(type) in ('reaction', 'activity', 'system') then {NO_MESSAGE}
            else kind
        end::utinyint as kind,
        if(inbound, agent_no, coalesce(person_no, source_no)) as agent_no,
        if(person_no is null and conversation_no is not null, sender, null) as stranger
        """,
        f"""
        instant(sent_at) as sent_us, instant(updated_at) as updated_us, truth(private) as is_private,
        truth(deleted) as is_deleted, is_inbound(direction) as inbound,
        case
            when sender_type = 'agent' then agent_id
            when sender_type in ('contact', 'bot', 'system') then null
            when word(sender_type) = 'agent' then agent_id
        end as sender,
        case
            when inbound then {INBOUND}
            when status in ('sent', 'delivered', 'read') then {outbound}
            when word(status) = 'failed' then {FAILED}
            else {outbound}
        end as kind,
        sound(sent_at, sent_us) and sound(updated_at, updated_us) and sound(private, is_private)
        and sound(deleted, is_deleted) and sound(direction, inbound) and coalesce(sent_us <= latest, true)
        and (
            coalesce(is_deleted, false)
            or (conversation_id is not null and sent_us is not null and direction is not null)
        ) as valid
        """,
        f"""
        left join {EPISODES} using (source_no, conversation_id)
        left join (select source_no, agent_id as sender, rowid::integer as person_no from people) as people
            using (source_no, sender)
        """,
    )
    drop_superseded(script, "messages", "message_id")
    script.step(
        "messages: strangers",
        f"""
        insert into people select distinct source_no, stranger, null, null from messages where stranger is not null;
        update messages set agent_no = people.rowid
        from people
        where messages.stranger is not null and messages.kind <> {INBOUND}
            and people.source_no = messages.source_no and people.agent_id = messages.stranger
        """,
    )


def find_replies(script: Script) -> None:
    """Waits that a human ended.

    Only inbound messages and human replies matter. Once they are sorted, `lag() over ()` streams over them: the
    first message of each run of one kind is kept, and a reply then follows the inbound message that it answers.
    """
    script.step(
        "turns: sort",
        f"""
        create temp table turns as
        select conversation_no, sent_us, kind = {HUMAN} as is_human, agent_no
        from messages where kind in ({INBOUND}, {HUMAN}) and conversation_no is not null
        order by conversation_no, sent_us, message_id
        """,
    )
    script.step(
        "replies",
        """
        create temp table replies as
        with neighbours as (
            select *, lag(conversation_no) over () as previous_no, lag(is_human) over () as was_human from turns
        ),
        changes as (
            select * from neighbours where previous_no is distinct from conversation_no or was_human <> is_human
        ),
        ends as (
            select *, lag(conversation_no) over () as opener_no, lag(sent_us) over () as waiting_us from changes
        )
        select conversation_no, agent_no, waiting_us, sent_us as replied_us,
            (sent_us - waiting_us) // 1000000 as seconds
        from ends where is_human and opener_no = conversation_no
        """,
    )
    script.step(
        "replies: by conversation",
        """
        create temp table answers as
        select conversation_no, count(*) as replies, sum(seconds)::bigint as reply_seconds_sum,
            min(replied_us) as replied_us, min(waiting_us) as waiting_us, arg_min(agent_no, rowid) as responder_no
        from replies group by conversation_no
        """,
    )
    script.step(
        "replies: hand-overs",
        """
        create temp table hand_overs as
        select conversation_no, max(occurred_us) as handed_over_us
        from events join answers using (conversation_no)
        where is_reopened is not null and occurred_us <= replied_us and event_id is not null
        group by conversation_no
        """,
    )


def count_messages(script: Script) -> None:
    """The messages of each conversation, and whether the first of all came from the customer."""
    script.step(
        "messages: by conversation",
        f"""
        create temp table talks as
        select
            conversation_no,
            count(*) filter (kind <> {FAILED}) as messages,
            count(*) filter (kind = {INBOUND}) as messages_inbound,
            count(*) filter (kind = {HUMAN}) as messages_human,
            count(*) filter (kind = {UNATTRIBUTED}) as messages_unattributed,
            count(*) filter (kind = {FAILED}) as messages_failed,
            min(sent_us) filter (kind = {INBOUND}) as first_inbound_us,
            min(sent_us) filter (kind not in ({INBOUND}, {FAILED})) as first_outbound_us,
            max(sent_us) filter (kind <> {FAILED}) as last_message_us
        from messages where kind <> {NO_MESSAGE} and conversation_no is not null
        group by conversation_no
        """,
    )
    script.step(
        "messages: first at once",
        f"""
        create temp table inbound_first as
        select conversation_no
        from talks join messages using (conversation_no)
        where first_inbound_us = first_outbound_us and sent_us = first_inbound_us
            and kind not in ({NO_MESSAGE}, {FAILED})
        group by conversation_no
        having min(message_id) filter (kind = {INBOUND}) < min(message_id) filter (kind <> {INBOUND})
        """,
    )


# --- time ----------------------------------------------------------------------------------------------------------


def make_calendar(script: Script) -> None:
    """Cells of equal length, none of which holds a change of date, offset or working hours, and the days.

    So an instant's date and the open time before it are one join by a whole number away.
    """
    low, high = script.db.execute(
        """
        select least(min(started_us), min(closed_us), (select min(sent_us) from messages where kind > 0)),
            greatest(max(started_us), max(closed_us), (select max(sent_us) from messages where kind > 0))
        from episodes
        """
    ).fetchone() or (None, None)
    first, last = ((low or 0) // 10**6 // DAY - 2, (high or 0) // 10**6 // DAY + 2)
    segments = [segment for account in script.given.accounts for segment in _segments(account, first * DAY, last * DAY)]
    cell = math.gcd(*(start for _, start, *_ in segments), DAY)
    values = ", ".join(str(segment).replace("None", "null") for segment in segments)
    accounts = len(script.given.accounts)
    week_starts = [account.week_start for account in script.given.accounts]
    script.db.execute(f"create macro cell(us, account_no) as us // {cell * 10**6} * {accounts} + account_no")
    script.step(
        "calendar",
        f"""
        create temp table cells as
        with segments (account_no, start_s, end_s, day_no, is_open) as (values {values}),
        pieces as (
            select account_no, unnest(range(start_s, end_s, {cell})) * 1000000 as start_us,
                date '1970-01-01' + day_no::integer as local_date,
                {week_starts}[account_no + 1] as week_start,
                is_open::boolean is not null as is_scheduled, coalesce(is_open::boolean, false) as is_open
            from segments
        )
        select cell(start_us, account_no) as cell, start_us, account_no, is_scheduled, is_open,
            local_date as day,
            local_date - ((isodow(local_date) + 6 - week_start) % 7)::integer as week,
            date_trunc('month', local_date)::date as month,
            sum(if(is_open, {cell * 10**6}, 0)) over earlier - if(is_open, {cell * 10**6}, 0) as open_us,
            sum(if(is_scheduled, 0, {cell * 10**6})) over earlier - if(is_scheduled, 0, {cell * 10**6})
                as unscheduled_us
        from pieces
        window earlier as (partition by account_no order by start_us);
        alter table cells alter open_us type bigint;
        alter table cells alter unscheduled_us type bigint
        """,
    )


def _segments(account: Account, start: int, end: int) -> Iterator[tuple[int, int, int, int, bool | None]]:
    """Stretches (account, from, to, local day, whether open) of UTC seconds; open is None without a schedule."""
    for begin, finish, offset in _offsets(account.zone, start, end):
        for day in range((begin + offset) // DAY, (finish + offset - 1) // DAY + 1):
            midnight = day * DAY - offset
            spans = account.spans(date(1970, 1, 1) + timedelta(days=day))
            edges = {
                begin,
                finish,
                midnight,
                midnight + DAY,
                *(midnight + edge for span in spans or () for edge in span),
            }
            inside = sorted(edge for edge in edges if begin <= edge <= finish and midnight <= edge <= midnight + DAY)
            for a, b in pairwise(inside):
                opened = any(midnight + opening <= a < midnight + closing for opening, closing in spans or ())
                yield account.number, a, b, day, None if spans is None else opened


def _offsets(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Stretches (from, to, offset) of constant UTC offset."""

    def offset(second: int) -> int:
        return int(datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset().total_seconds())  # type: ignore

    begin, current = start, offset(start)
    for hour in range(start, end, 6 * 3600):
        low, high = hour, min(hour + 6 * 3600, end)
        if offset(high) == current:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == current else (low, middle)
        yield begin, high, current
        begin, current = high, offset(high)
    yield begin, end, current


# --- facts ---------------------------------------------------------------------------------------------------------


def elapsed(start: str, finish: str) -> str:
    """Whole seconds between two instants; NULL for a negative interval."""
    return f"case when {finish} >= {start} then ({finish} - {start}) // 1000000 end"


def business(start: str, start_cell: str, finish: str, finish_cell: str) -> str:
    """The open time before the end less that before the start; NULL when time without a schedule lies between."""

    def before(cell: str, instant: str, column: str, inside: str) -> str:
        return f"({cell}.{column} + if({cell}.{inside}, {instant} - {cell}.start_us, 0))"

    open_time = " - ".join(
        before(cell, instant, "open_us", "is_open") for cell, instant in ((finish_cell, finish), (start_cell, start))
    )
    unscheduled = " = ".join(
        before(cell, instant, "unscheduled_us", "is_scheduled = false")
        for cell, instant in ((finish_cell, finish), (start_cell, start))
    )
    return f"""
        case when {finish} >= {start} and {start_cell}.is_scheduled and {unscheduled}
        then ({open_time}) // 1000000 end"""


def make_facts(script: Script) -> None:
    """One row a conversation, with everything that the marts are computed from."""
    # What is counted is true or NULL, because count(mark) is so much faster than count(*) filter (condition).
    marks = {
        **{f"from_{source}": f"source = '{source}'" for source in ("inbox", "flow", "inbound", "other")},
        **{mark: f"is_{mark}" for mark in ("answered", "closed", "surveyed")},
        "unanswered": "not is_answered",
        **{f"scored_{score}": f"score = {score}" for score in range(1, 6)},
        "satisfied": f"score >= {[account.scale[1] - 1 for account in script.given.accounts]}[joined.account_no + 1]",
    }
    account_of = [account.number for _, account in script.given.sources]
    script.step(
        "facts",
        f"""
        create temp table facts as
        with reopens as (
            select conversation_no, count(*) as reopens from events
            where is_reopened and conversation_no is not null and event_id is not null group by conversation_no
        ),
        joined as (
            select
                episodes.* exclude (source),
                {account_of}[source_no + 1]::utinyint as account_no,
                case
                    when source in ('flow', 'inbox', 'inbound') then source
                    when coalesce(source, '') not in ('unknown', 'auto_response', '') then 'other'
                    when first_inbound_us < coalesce(first_outbound_us, 9e18::bigint) then 'inbound'
                    when inbound_first.conversation_no is not null then 'inbound'
                    else 'other'
                end as source,
                talks.* exclude (conversation_no),
                answers.* exclude (conversation_no),
                greatest(waiting_us, handed_over_us) as wait_start_us,
                coalesce(reopens, 0) as reopens,
                surveys.conversation_no is not null as is_surveyed,
                score, comment, answered_us
            from episodes
            left join talks using (conversation_no)
            left join answers using (conversation_no)
            left join hand_overs using (conversation_no)
            left join inbound_first using (conversation_no)
            left join reopens using (conversation_no)
            left join surveys using (conversation_no)
        )
        select
            joined.* exclude (
                messages, messages_inbound, messages_human, messages_unattributed, messages_failed, replies
            ),
            coalesce(messages, 0) as messages,
            coalesce(messages_inbound, 0) as messages_inbound,
            coalesce(messages_human, 0) as messages_human,
            coalesce(messages_failed, 0) as messages_failed,
            coalesce(replies, 0) as replies,
            begun.day,
            begun.week,
            begun.month,
            if(begun.is_scheduled, begun.is_open, null) as started_in_working_hours,
            status = 'closed' or closed_us is not null as is_closed,
            case
                when first_inbound_us is null then null
                when replied_us is not null then true
                when messages_unattributed > 0 then null
                else false
            end as is_answered,
            {elapsed("wait_start_us", "replied_us")} as first_response_seconds,
            {business("wait_start_us", "waited", "replied_us", "replied")} as first_response_business_seconds,
            {elapsed("started_us", "closed_us")} as duration_seconds,
            {business("started_us", "begun", "closed_us", "closing")} as duration_business_seconds,
            {", ".join(f"if({condition}, true, null) as {mark}" for mark, condition in marks.items())}
        from joined
        left join cells as begun on begun.cell = cell(started_us, joined.account_no)
        left join cells as closing on closing.cell = cell(closed_us, joined.account_no)
        left join cells as waited on waited.cell = cell(wait_start_us, joined.account_no)
        left join cells as replied on replied.cell = cell(replied_us, joined.account_no)
        """,
    )


# --- marts ---------------------------------------------------------------------------------------------------------


def write_details(script: Script) -> None:
    """Names in place of numbers; phones are masked once a contact."""
    digits = "regexp_replace(phone, '[^0-9]', '', 'g')"
    phone = f"case when length({digits}) > 4 then '***' || right({digits}, 4) when phone is not null then '***' end"
    script.step(
        "details",
        f"""
        create table out.details as
        select
            {_names("account_no", [account.id for account in script.given.accounts])} as account_id,
            {_names("source_no", [name for name, _ in script.given.sources])} as source_system,
            conversation_id,
            customer.contact_id,
            customer.name as contact_name,
            customer.phone as contact_phone,
            channel,
            team,
            status,
            source,
            source_raw,
            people.agent_id,
            people.agent_name,
            people.agent_email,
            responder.agent_id as first_responder_id,
            tag_sets.tags as conversation_tags,
            customer.tags as contact_tags,
            make_timestamptz(started_us) as started_at,
            day as started_date,
            started_in_working_hours,
            make_timestamptz(first_inbound_us) as first_inbound_at,
            make_timestamptz(replied_us) as first_response_at,
            make_timestamptz(closed_us) as closed_at,
            make_timestamptz(last_message_us) as last_message_at,
            reopens,
            messages,
            messages_inbound,
            messages - messages_inbound as messages_outbound,
            messages_human,
            messages_failed,
            is_answered,
            is_closed,
            first_response_seconds,
            first_response_business_seconds,
            replies,
            reply_seconds_sum,
            duration_seconds,
            duration_business_seconds,
            is_surveyed,
            score as rating,
            comment as rating_comment,
            make_timestamptz(answered_us) as rated_at,
            'exact' as times_basis
        from facts
        join tag_sets using (tag_set)
        left join (
            select contacts.rowid as contact_no, contact_id, name, {phone} as phone, tag_sets.tags
            from contacts left join tag_sets on tag_sets.raw = contacts.tags
        ) as customer using (contact_no)
        left join (
            select rowid as agent_no, agent_id, if(agent_id is null, null, agent_name) as agent_name, agent_email
            from people
        ) as people using (agent_no)
        left join (select rowid as responder_no, agent_id from people) as responder using (responder_no)
        """,
    )


def _names(number: str, names: list[str]) -> str:
    """The name of a number, as an enumeration would tell it."""
    return f"[{', '.join(map(text, names))}][{number} + 1]"


CONVERSATIONS = """
    count(started_us) as conversations,
    count(from_inbox) as conversations_inbox,
    count(from_flow) as conversations_flow,
    count(from_inbound) as conversations_inbound,
    count(from_other) as conversations_other,
    count(distinct contact_no) as distinct_contacts,
    count(answered) as conversations_answered,
    count(unanswered) as conversations_unanswered,
    count(closed) as conversations_closed,
    sum(reopens) as reopens,
    count(surveyed) as surveys,
    count(score) as ratings,
    sum(score) as rating_sum,
    count(scored_1) as rating_1,
    count(scored_2) as rating_2,
    count(scored_3) as rating_3,
    count(scored_4) as rating_4,
    count(scored_5) as rating_5,
    count(satisfied) as ratings_satisfied
"""
MESSAGES = """
    sum(inbound) as messages_inbound, sum(outbound) as messages_outbound, sum(failed) as messages_failed
"""
REPLIES = "sum(replies) as replies, sum(reply_seconds_sum) as reply_seconds_sum"
PERIODS = """
    case when grouping(day) = 0 then 'day' when grouping(week) = 0 then 'week' else 'month' end as grain,
    coalesce(day, week, month) as period_start
"""


def spread(*names: str) -> str:
    """Sum, count and both percentiles of durations, in one pass a name."""
    return ", ".join(
        f"sum({name}_seconds) as {name}_seconds_sum, count({name}_seconds) as {name}_count,"
        f" quantile_cont({name}_seconds, [0.5, 0.9]) as {name}_percentiles"
        for name in names
    )


def by_period(*keys: str) -> str:
    """Group by keys and the day, the week and the month at once."""
    return "group by grouping sets (" + ", ".join(f"({', '.join((*keys, grain))})" for grain in GRAINS) + ")"


def measures() -> str:
    """The measure set over the joined aggregates, in the order of docs/figures.md."""
    counts = [
        *("conversations", "conversations_inbox", "conversations_flow", "conversations_inbound"),
        *("conversations_other", "distinct_contacts", "messages", "messages_inbound", "messages_outbound"),
        *("messages_failed", "conversations_answered", "conversations_unanswered", "conversations_closed", "reopens"),
    ]
    lines = [f"coalesce({_messages(name)}, 0)::bigint as {name}" for name in counts]
    for name in ("first_response", "first_response_business", "duration", "duration_business"):
        lines += [
            f"{name}_seconds_sum::bigint as {name}_seconds_sum",
            f"coalesce({name}_count, 0) as {name}_count",
            f"{name}_seconds_sum / {name}_count as avg_{name}_seconds",
            f"{name}_percentiles[1] as median_{name}_seconds",
            f"{name}_percentiles[2] as p90_{name}_seconds",
        ]
    lines += [
        "if(replies > 0, reply_seconds_sum, null)::bigint as reply_seconds_sum",
        "coalesce(replies, 0)::bigint as replies",
        "if(replies > 0, reply_seconds_sum / replies, null) as avg_reply_seconds",
        "coalesce(surveys, 0) as surveys",
        "coalesce(ratings, 0) as ratings",
        "rating_sum::bigint as rating_sum",
        "rating_sum / ratings as avg_rating",
        *(f"if(is_usual_scale, coalesce(rating_{score}, 0), null) as rating_{score}" for score in range(1, 6)),
        "coalesce(ratings_satisfied, 0) as ratings_satisfied",
        "if(ratings > 0, 100 * ratings_satisfied / ratings, null) as csat_percent",
        "if(surveys > 0, 100 * ratings / surveys, null) as survey_response_percent",
    ]
    return ",\n".join(lines)


def _messages(name: str) -> str:
    return "messages_inbound + messages_outbound" if name == "messages" else name


def make_periods(script: Script) -> None:
    """Message counts by day, and every day, week and month in which an account was active."""
    account_of = [account.number for _, account in script.given.sources]
    script.step(
        "messages: by day",
        f"""
        create temp table message_days as
        select account_no, day, week, month, agent_no, tag_set,
            count(*) filter (kind = {INBOUND}) as inbound,
            count(*) filter (kind not in ({INBOUND}, {FAILED})) as outbound,
            count(*) filter (kind = {FAILED}) as failed
        from messages join cells on cells.cell = cell(sent_us, {account_of}[source_no + 1])
        where kind <> {NO_MESSAGE} and conversation_no is not null
        group by grouping sets ((account_no, day, week, month, agent_no), (account_no, day, week, month, tag_set))
        """,
    )
    active = script.db.execute(
        """
        select account_no, min(day), max(day)
        from (select account_no, day from facts union all select account_no, day from message_days) group by account_no
        """
    ).fetchall()
    periods = {}
    for account_no, first, last in active:
        account = script.given.accounts[account_no]
        for day in (first + timedelta(days=number) for number in range((last - first).days + 1)):
            week = day - timedelta(days=(day.weekday() - account.week_start) % 7)
            month = day.replace(day=1)
            periods[account, "day", day] = day + timedelta(days=1)
            periods[account, "week", week] = week + timedelta(days=7)
            periods[account, "month", month] = (month + timedelta(days=31)).replace(day=1)
    rows = [
        f"({account.number}, {text(account.id)}, {account.scale == (1, 5)}, {text(grain)}, date '{start}',"
        f" date '{end}', {_is_complete(account, end)})"
        for (account, grain, start), end in periods.items()
    ]
    script.step(
        "periods",
        f"""
        create temp table periods as
        from (values {", ".join(rows) or "(null, null, null, null, null, null, null)"})
            _ (account_no, account_id, is_usual_scale, grain, period_start, period_end, is_complete)
        where grain is not null
        """,
    )


def _is_complete(account: Account, end: date) -> bool:
    midnight = datetime(end.year, end.month, end.day, tzinfo=account.zone)
    return account.data_through is not None and midnight <= account.data_through


def write_overview(script: Script) -> None:
    """One row for every period in which the account was active, empty ones included."""
    script.step(
        "overview",
        f"""
        create table out.overview as
        with conversations as (
            select account_no, {PERIODS}, {CONVERSATIONS}, {REPLIES},
                {spread("first_response", "first_response_business", "duration", "duration_business")}
            from facts {by_period("account_no")}
        ),
        messages as (
            select account_no, {PERIODS}, {MESSAGES}
            from message_days where agent_no is not null {by_period("account_no")}
        )
        select account_id, grain, period_start, period_end, is_complete, {measures()}
        from periods
        left join conversations using (account_no, grain, period_start)
        left join messages using (account_no, grain, period_start)
        """,
    )


def write_by_agent(script: Script) -> None:
    """Each part is credited to somebody else; an agent's number tells the source too."""
    keys = "(account_no, grain, period_start, agent_no)"
    script.step(
        "by_agent",
        f"""
        create table out.by_agent as
        with conversations as (
            select account_no, agent_no, {PERIODS}, {CONVERSATIONS}, {spread("duration", "duration_business")}
            from facts {by_period("account_no", "agent_no")}
        ),
        responses as (
            select account_no, responder_no as agent_no, {PERIODS},
                {spread("first_response", "first_response_business")}
            from facts where responder_no is not null {by_period("account_no", "responder_no")}
        ),
        credited as (
            select facts.account_no, replies.agent_no, day, week, month, count(*) as replies,
                sum(seconds) as reply_seconds_sum
            from replies join facts using (conversation_no) group by all
        ),
        replied as (
            select account_no, agent_no, {PERIODS}, {REPLIES}
            from credited {by_period("account_no", "agent_no")}
        ),
        messages as (
            select account_no, agent_no, {PERIODS}, {MESSAGES}
            from message_days where agent_no is not null {by_period("account_no", "agent_no")}
        )
        select account_id, grain, period_start, period_end, is_complete,
            {_names("source_no", [name for name, _ in script.given.sources])} as source_system,
            agent_id, agent_name, agent_email, {measures()}
        from conversations
        full join responses using {keys}
        full join replied using {keys}
        full join messages using {keys}
        join periods using (account_no, grain, period_start)
        join (select *, rowid as agent_no from people) using (agent_no)
        """,
    )


def write_by_tag(script: Script) -> None:
    """A conversation and its messages count in each of its tags."""
    keys = "(account_no, grain, period_start, tag_no)"
    script.step(
        "by_tag",
        f"""
        create temp table tags as
        select tag_set, dense_rank() over (order by tag)::integer as tag_no, tag
        from (
            select tag_set, unnest(if(len(tags) = 0, ['(untagged)'], tags)) as tag from tag_sets
            where tag_set in (select distinct tag_set from facts)
        );
        create table out.by_tag as
        with conversations as (
            select account_no, tag_no, {PERIODS}, {CONVERSATIONS}, {REPLIES},
                {spread("first_response", "first_response_business", "duration", "duration_business")}
            from facts join tags using (tag_set) {by_period("account_no", "tag_no")}
        ),
        messages as (
            select account_no, tag_no, {PERIODS}, {MESSAGES}
            from message_days join tags using (tag_set) {by_period("account_no", "tag_no")}
        )
        select account_id, grain, period_start, period_end, is_complete, tag,
            coalesce(conversations, 0) / if(whole.all_conversations > 0, whole.all_conversations, null)
                as share_of_conversations, {measures()}
        from conversations
        full join messages using {keys}
        join periods using (account_no, grain, period_start)
        join (select distinct tag_no, tag from tags) using (tag_no)
        join (select account_id, grain, period_start, conversations as all_conversations from out.overview) as whole
            using (account_id, grain, period_start)
        """,
    )


def run(config: Path, out: Path, memory_limit: str = "4GB", threads: int = 2) -> Script:
    """Compute the marts of a configuration into a new DuckDB file."""
    script = Script(read_config(config), memory_limit, threads)
    names = ", ".join(text(file.path) for file in script.given.files) or "''"
    script.db.execute(f"create type file as enum ({names})")
    out.unlink(missing_ok=True)
    script.db.execute(f"attach {text(str(out))} as out (storage_version 'latest')")
    # The slowest ways to compress text; dictionaries are left.
    script.db.execute("set disabled_compression_methods = 'fsst,zstd'")
    # DuckDB takes a JSON file for a handful of rows and would build its hash tables on the records.
    script.db.execute("set disabled_optimizers = 'build_side_probe_side'")
    read_all(script)
    read_messages(script)
    script.db.execute("set disabled_optimizers = ''")
    find_replies(script)
    count_messages(script)
    make_calendar(script)
    make_facts(script)
    make_periods(script)
    script.db.execute("set preserve_insertion_order = false")
    write_overview(script)
    write_by_agent(script)
    write_by_tag(script)
    write_details(script)
    script.step("checkpoint", "checkpoint out; detach out")
    return script


def main() -> None:
    """Run from the command line; times go to standard error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--memory-limit", default="4GB")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    run(given.config, given.out, given.memory_limit, given.threads).report()


if __name__ == "__main__":
    main()
