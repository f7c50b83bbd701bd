"""The yardstick of the warehouse: the marts in one hand-written DuckDB script.

    python benchmarks/handwritten.py --config causerie.toml --out marts.duckdb

It reads every batch of NDJSON files straight from the drops, and writes the marts with the columns of docs/figures.md,
all but `backlog`, whose rules of openings and waits are too many for a script that is to stay short, and `by_flow`.
What a run of causerie costs above this is the price of what the script lacks: it keeps nothing between runs and has no
hashes, raw, refused batches, tests or publication. Rows that docs/export-format.md quarantines are left out without a
word. It knows what occurs in a drop of `causerie demo` and no more: one source an account, the scale from 1 to 5,
working hours that begin and end at a quarter of an hour, and the words and wrong values that the demo delivers. Nothing
of causerie is imported. It knows no targets: a configuration with targets would have other marts.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GRAINS = {"day": "1 day", "week": "7 days", "month": "1 month", "quarter": "3 months"}
CELL = 900_000_000
"""Microseconds of a cell of the calendar, a quarter of an hour: neither date nor working hours change within one."""
INBOUND, AUTOMATIC, UNATTRIBUTED, HUMAN, FAILED = range(1, 6)
"""What a message is to the reports."""

# --- drops ---------------------------------------------------------------------------------------------------------

COLUMNS = {
    "contacts": "contact_id name phone tags updated_at deleted",
    "agents": "agent_id name email updated_at",
    "conversations": "conversation_id started_at contact_id channel team source status closed_at agent_id tags"
    " updated_at deleted",
    "events": "event_id conversation_id type occurred_at",
    "ratings": "rating_id conversation_id rating comment answered_at updated_at",
    "messages": "message_id conversation_id sent_at direction sender_type agent_id origin type status private"
    " updated_at deleted",
}


@dataclass
class Batch:
    """The files of a batch by entity. ``latest``: the instant after which nothing in it can have happened."""

    number: int
    source: int
    files: dict[str, list[str]]
    latest: datetime


def read_config(db: duckdb.DuckDBPyConnection, config: Path) -> tuple[list[dict[str, Any]], list[Batch]]:
    """Make the table ``sources``; gives the account of each, and all batches."""
    table = tomllib.loads(config.read_text(encoding="utf-8"))
    accounts = {account["id"]: account for account in table["accounts"]}
    batches: list[Batch] = []
    db.execute(
        "create table sources (source_no tinyint, source_system text, account_id text, zone text, week_start tinyint,"
        " data_through timestamptz)"
    )
    for source_no, source in enumerate(table["sources"]):
        account = accounts[source["account"]]
        through = []
        for folder in sorted((config.parent / source["path"]).iterdir()):
            manifest = json.loads((folder / "manifest.json").read_bytes())
            through.append(datetime.fromisoformat(manifest["extracted_at"]))
            names = sorted(manifest["files"])
            files = {entity: [str(folder / name) for name in names if name.startswith(entity)] for entity in COLUMNS}
            batches.append(Batch(len(batches), source_no, files, through[-1] + timedelta(minutes=5)))
        week_start = WEEKDAYS.index(account["week_start"][:3])
        values = (source_no, source["name"], account["id"], account["timezone"], week_start, str(max(through)))
        db.execute(f"insert into sources values {values}")
    return [accounts[source["account"]] for source in table["sources"]], batches


# --- records -------------------------------------------------------------------------------------------------------

MACROS = """
create macro word(x) as lower(trim(x));
-- microseconds of an instant with an offset
create macro instant(x) as
    if(suffix(x, 'Z') or x[-6] in ('+', '-'), epoch_us(try_cast(x as timestamptz)), null);
create macro elapsed(since, until) as if(until >= since, (until - since) // 1000000, null)
"""
RECORDS = {
    "contacts": """
        select contact_id, name, phone, coalesce(tags, '[]') as tags, updated_us, is_deleted,
            batch_no, source_no
        from records
    """,
    "agents": "select agent_id, name, email, updated_us, batch_no, source_no from records",
    "conversations": """
        select conversation_id, conversation_key, started_us, contact_id, channel, team, source as source_raw,
            word(source) as source, word(status) as status, instant(closed_at) as closed_us, agent_id,
            coalesce(tags, '[]') as tags, updated_us, is_deleted, batch_no, source_no
        from (select *, instant(started_at) as started_us from records)
        where conversation_id is null or is_deleted or started_us <= latest
    """,
    "events": """
        select event_id, conversation_key, type, occurred_us, null as updated_us,
            batch_no, source_no
        from (select *, instant(occurred_at) as occurred_us from records)
        where event_id is null or (type in ('handoff', 'reopened', 'closed') and occurred_us <= latest)
    """,
    "ratings": """
        select rating_id, conversation_key, rating::integer as score, comment, instant(answered_at) as answered_us,
            updated_us, batch_no, source_no
        from records
        where rating_id is null or coalesce(score between 1 and 5, true)
    """,
    "messages": f"""
        select message_id, conversation_key, sent_us, updated_us, if(sender_type = 'agent', agent_id, null) as agent_id,
            case
                when is_deleted or private = 'true' or type in ('reaction', 'activity', 'system') then null
                when direction = 'inbound' then {INBOUND}
                when status = 'failed' then {FAILED}
                when sender_type is null then {UNATTRIBUTED}
                when sender_type = 'agent' and coalesce(origin, 'inbox') = 'inbox' then {HUMAN}
                else {AUTOMATIC}
            end::utinyint as kind, batch_no, source_no
        from (select *, instant(sent_at) as sent_us from records)
        where message_id is null or is_deleted
            or (conversation_id is not null and direction in ('inbound', 'outbound') and sent_us <= latest)
    """,
}
"""The rows of each entity that are valid, and those without a key."""


def load(db: duckdb.DuckDBPyConnection, batches: list[Batch], entity: str) -> None:
    """Read an entity into a table of its name, each record in its latest version."""
    key = COLUMNS[entity].split()[0]
    db.execute(f"create temp table {entity} as with records as ({_records(batches, entity)}) {RECORDS[entity]}")
    # DuckDB 1.5's read_json now and then takes the good line after a torn one for torn too. Batches with torn lines,
    # which are small, are read again by a reader that is slower and does not.
    torn = {number for (number,) in db.execute(f"select batch_no from {entity} where {key} is null").fetchall()}
    if torn:
        again = _records((batch for batch in batches if batch.number in torn), entity, is_careful=True)
        db.execute(f"delete from {entity} where list_contains({list(torn)}, batch_no)")
        db.execute(f"insert into {entity} with records as ({again}) {RECORDS[entity]}")
    # keys are compared only where their hash occurs twice
    db.execute(
        f"""
        delete from {entity} where {key} is null or rowid in (
            select rowid from {entity}
            where hash(source_no, {key}) in (
                select hash(source_no, {key}) from {entity} group by 1 having count(*) > 1
            )
            qualify row_number() over (
                partition by source_no, {key} order by updated_us desc nulls last, batch_no desc, rowid desc
            ) > 1
        )
        """
    )


def _records(batches: Iterable[Batch], entity: str, *, is_careful: bool = False) -> str:
    """A query of an entity's records: every column as text, NULL when missing, and what every entity needs."""
    columns = COLUMNS[entity].split()
    types = dict.fromkeys(columns, "varchar")
    values = ", ".join(f"nullif({column}, '') as {column}" for column in columns)
    if "conversation_id" in columns:
        values += ", hash(source_no, conversation_id) as conversation_key"
    if "updated_at" in columns:
        values += ", instant(updated_at) as updated_us"
    if "deleted" in columns:
        values += ", deleted::boolean as is_deleted"

    def read(files: list[str]) -> str:
        if not is_careful:
            return f"read_json({files}, format = 'newline_delimited', columns = {types}, ignore_errors = true)"
        record = f"unnest(json_transform(if(json_valid(json), json, null), '{json.dumps(types)}'))"
        return f"(select {record} from read_ndjson_objects({files}, ignore_errors = true))"

    return " union all ".join(
        f"""
        select {batch.number}::utinyint as batch_no, {batch.source}::tinyint as source_no, {values},
            epoch_us(timestamptz '{batch.latest}') as latest
        from {read(batch.files[entity])}
        """
        for batch in batches
        if batch.files[entity]
    )


# --- conversations -------------------------------------------------------------------------------------------------

MESSAGES = f"""
-- waits that a human ended
create temp table replies as
with turns as (
    select conversation_key, sent_us, message_id, agent_id, kind = {HUMAN} as is_human,
        lag(kind = {HUMAN}) over (partition by conversation_key order by sent_us, message_id) as was_human
    from messages where kind in ({INBOUND}, {HUMAN})
),
ends as (
    select *, lag(sent_us) over (partition by conversation_key order by sent_us, message_id) as waiting_us
    from turns where was_human is distinct from is_human
)
select conversation_key, coalesce(agent_id, '') as agent_id, waiting_us, sent_us as replied_us,
    (sent_us - waiting_us) // 1000000 as seconds
from ends where is_human and waiting_us is not null;

create temp table answers as
select conversation_key, count(*) as replies, sum(seconds)::bigint as reply_seconds_sum, min(replied_us) as replied_us,
    min(waiting_us) as waiting_us, arg_min(agent_id, replied_us) as responder_id
from replies group by conversation_key;

create temp table talks as
select
    conversation_key,
    count(*) filter (kind <> {FAILED}) as messages,
    count(*) filter (kind = {INBOUND}) as messages_inbound,
    count(*) filter (kind = {HUMAN}) as messages_human,
    count(*) filter (kind = {UNATTRIBUTED}) as messages_unattributed,
    count(*) filter (kind = {FAILED}) as messages_failed,
    min(sent_us) filter (kind = {INBOUND}) as first_inbound_us,
    max(sent_us) filter (kind = {INBOUND}) as last_inbound_us,
    max(sent_us) filter (kind <> {FAILED}) as last_message_us,
    max({{'at': sent_us, 'id': message_id}}) filter (kind = {HUMAN}) as last_reply,
    max({{'at': sent_us, 'id': message_id}}) filter (kind = {UNATTRIBUTED}) as last_unattributed,
    arg_min(kind, {{'at': sent_us, 'id': message_id}}) filter (kind <> {FAILED}) as first_kind
from messages where kind is not null group by conversation_key;

-- each list of tags once: there are far fewer of them than conversations
create temp table tag_sets as
select row_number() over ()::integer as tag_set, raw,
    list_sort(list_distinct([trim(tag) for tag in from_json(raw, '["varchar"]') if trim(tag) <> ''])) as tags
from (select tags as raw from conversations union select tags from contacts);
create temp table tags as
select tag_set, unnest(if(len(tags) = 0, ['(untagged)'], tags)) as tag from tag_sets
"""


def make_calendar(db: duckdb.DuckDBPyConnection, accounts: Sequence[dict[str, Any]]) -> None:
    """Tables ``cells``, every quarter of an hour with its local date and the working time before it, and ``days``."""
    low, high = db.execute(
        f"""
        select min(us) // {CELL} - 400, max(us) // {CELL} + 400
        from (from (select started_us as us from conversations) union all select closed_us from conversations
            union all select sent_us from messages)
        """
    ).fetchone() or (0, 0)
    epoch = date(1970, 1, 1)
    days = [epoch + timedelta(days=day) for day in range(low * CELL // 86_400_000_000, high * CELL // 86_400_000_000)]
    spans = [
        f"({source_no}, date '{day}', time '{span[:5]}', time '{span[6:]}')"
        for source_no, account in enumerate(accounts)
        for day in days
        for span in _spans(account, day)
    ]
    db.execute(
        f"""
        create temp table cells as
        select source_no, cell, start_us, local::date as day, opening is not null as is_open,
            (sum(if(is_open, {CELL}, 0)) over (partition by source_no order by cell) - if(is_open, {CELL}, 0))::bigint
                as open_us
        from (
            select source_no, cell, cell * {CELL} as start_us, make_timestamptz(start_us) at time zone zone as local
            from sources, range({low}, {high}) cells (cell)
        )
        left join (values {", ".join(spans)}) hours (hours_of, open_day, opening, closing)
            on hours_of = source_no and open_day = local::date and local::time >= opening and local::time < closing;
        create temp table days as
        select distinct source_no, day, day - ((isodow(day) + 6 - week_start) % 7)::integer as week,
            date_trunc('month', day)::date as month, date_trunc('quarter', day)::date as quarter
        from cells join sources using (source_no)
        """
    )


def _spans(account: dict[str, Any], day: date) -> list[str]:
    """The open spans of a local day."""
    for holiday in account["holidays"]:
        if holiday["date"] == day:
            return list(holiday["spans"])
    since = [block.get("valid_from", date.min) for block in account["working_hours"]]
    valid = max(each for each in since if each <= day)
    blocks = [block for block, each in zip(account["working_hours"], since, strict=True) if each == valid]
    return [span for block in blocks if WEEKDAYS[day.weekday()] in block["days"] for span in block["spans"]]


def business(since: str, begun: str, until: str, ended: str) -> str:
    """The working time before the end less that before the start, each instant with its cell."""
    before, after = (
        f"({cell}.open_us + if({cell}.is_open, {instant} - {cell}.start_us, 0))"
        for cell, instant in ((begun, since), (ended, until))
    )
    return f"if({until} >= {since}, ({after} - {before}) // 1000000, null)"


def facts() -> str:
    """One row a conversation, with everything that the marts are computed from."""
    instants = {"begun": "started_us", "closing": "closed_us", "waited": "wait_start_us", "replied": "replied_us"}
    cells = " ".join(
        f"left join cells as {name} on {name}.source_no = joined.source_no and {name}.cell = {instant} // {CELL}"
        for name, instant in instants.items()
    )
    return f"""
        create temp table facts as
        with happened as (
            select conversation_key, count(*) filter (type = 'reopened') as reopens,
                max(occurred_us) filter (type <> 'closed' and occurred_us <= replied_us) as handed_over_us,
                max(occurred_us) filter (type = 'closed') as last_closed_us,
                max(occurred_us) filter (type = 'handoff') as last_handed_over_us
            from events left join answers using (conversation_key) group by conversation_key
        ),
        surveys as (
            select conversation_key, max_by(
                {{'score': score, 'comment': comment, 'answered_us': answered_us}},
                {{'at': coalesce(answered_us, -9e18::bigint), 'id': rating_id}}
            ) filter (score is not null) as best
            from ratings group by conversation_key
        ),
        waits as (
            select conversation_key, min({{'at': sent_us, 'id': message_id}}) as first,
                any_value(last_unattributed) as last_unattributed, any_value(last_handed_over_us) as handed_us
            from messages
            join conversations using (conversation_key)
            join talks using (conversation_key)
            left join happened using (conversation_key)
            where kind = {INBOUND} and closed_us is null and coalesce(status, '') not in ('closed', 'resolved')
                and coalesce({{'at': sent_us, 'id': message_id}} > last_reply, true)
                and sent_us >= coalesce(last_closed_us, sent_us)
            group by conversation_key
        ),
        joined as (
            select conversations.* exclude (source, status, agent_id), tag_set, coalesce(agent_id, '') as agent_id,
                coalesce(nullif(trim(team), ''), '(no team)') as team_name,
                coalesce(nullif(trim(channel), ''), '(no channel)') as channel_name,
                case
                    when source in ('flow', 'inbox', 'inbound') then source
                    when coalesce(source, '') not in ('unknown', 'auto_response', '') then 'other'
                    when first_kind = {INBOUND} then 'inbound'
                    else 'other'
                end as source,
                case
                    when status in ('new', 'created') then 'new'
                    when status in ('flow', 'flow_paused', 'in_flow') then 'in_flow'
                    when status in ('in_progress', 'open') then 'in_progress'
                    when status in ('closed', 'resolved') then 'closed'
                    else 'other'
                end as status,
                coalesce(messages, 0) as messages, coalesce(messages_inbound, 0) as messages_inbound,
                coalesce(messages_human, 0) as messages_human, coalesce(messages_failed, 0) as messages_failed,
                messages_unattributed, first_inbound_us, last_inbound_us, last_message_us,
                if(
                    coalesce(waits.last_unattributed < waits.first, true)
                    and (
                        coalesce(status, '') not in ('flow', 'flow_paused', 'in_flow')
                        or handed_us >= waits.first['at']
                    ),
                    waits.first['at'], null
                ) as waiting_us,
                coalesce(replies, 0) as replies, reply_seconds_sum, responder_id, replied_us,
                greatest(answers.waiting_us, handed_over_us) as wait_start_us, coalesce(reopens, 0) as reopens,
                surveys.conversation_key is not null as is_surveyed, best.score, best.comment, best.answered_us
            from conversations
            join tag_sets on tag_sets.raw = conversations.tags
            left join talks using (conversation_key)
            left join answers using (conversation_key)
            left join happened using (conversation_key)
            left join surveys using (conversation_key)
            left join waits using (conversation_key)
            where is_deleted is not true
        )
        select joined.*, days.day, week, month, quarter, begun.is_open as started_in_working_hours,
            status = 'closed' or closed_us is not null as is_closed,
            case
                when first_inbound_us is null then null
                when replied_us is not null then true
                when messages_unattributed > 0 then null
                else false
            end as is_answered,
            elapsed(wait_start_us, replied_us) as first_response_seconds,
            {business("wait_start_us", "waited", "replied_us", "replied")} as first_response_business_seconds,
            elapsed(started_us, closed_us) as duration_seconds,
            {business("started_us", "begun", "closed_us", "closing")} as duration_business_seconds
        from joined {cells} join days on days.source_no = joined.source_no and days.day = begun.day
    """


# --- marts ---------------------------------------------------------------------------------------------------------

PERIODS = f"""
create temp table message_days as
with counted as (
    select facts.source_no, cells.day, tag_set, team_name, channel_name,
        if(kind = {INBOUND}, facts.agent_id, coalesce(messages.agent_id, '')) as agent_id,
        count_if(kind = {INBOUND}) as inbound,
        count_if(kind not in ({INBOUND}, {FAILED})) as outbound,
        count_if(kind = {FAILED}) as failed
    from messages
    join facts using (conversation_key)
    join cells on cells.source_no = facts.source_no and cells.cell = sent_us // {CELL}
    where kind is not null
    group by grouping sets ((1, 2, 3), (1, 2, 4), (1, 2, 5), (1, 2, 6))
)
from counted join days using (source_no, day);

create temp table periods as
with active as (
    select source_no, min(day) as first_day, max(day) as last_day
    from (select source_no, day from facts union all select source_no, day from message_days) group by source_no
)
select distinct source_no, account_id, source_system, grain, period_start, period_end,
    period_end::timestamp at time zone zone <= data_through as is_complete
from active join days using (source_no) join sources using (source_no), lateral (
    values {", ".join(f"('{grain}', {grain}, ({grain} + interval {long})::date)" for grain, long in GRAINS.items())}
) grains (grain, period_start, period_end)
where day between first_day and last_day;
set preserve_insertion_order = false
"""
SCORES, SOURCES = range(1, 6), ("inbox", "flow", "inbound", "other")
STARTED = f"""
    count(*) as conversations,
    {", ".join(f"count_if(source = '{source}') as conversations_{source}" for source in SOURCES)},
    count(distinct contact_id) as distinct_contacts,
    count_if(is_answered) as conversations_answered,
    count_if(not is_answered) as conversations_unanswered,
    count_if(is_closed) as conversations_closed,
    count_if(reopens > 0) as conversations_reopened,
    sum(reopens) as reopens,
    count_if(is_surveyed) as surveys,
    count(score) as ratings,
    sum(score) as rating_sum,
    {", ".join(f"count_if(score = {score}) as rating_{score}" for score in SCORES)},
    count_if(score >= 4) as ratings_satisfied
"""
REPLIED = "sum(replies) as replies, sum(reply_seconds_sum) as reply_seconds_sum"
SENT = "sum(inbound) as messages_inbound, sum(outbound) as messages_outbound, sum(failed) as messages_failed"
LASTED, ANSWERED = (
    ", ".join(
        f"sum({name}_seconds) as {name}_seconds_sum, count({name}_seconds) as {name}_count,"
        f" quantile_cont({name}_seconds, [0.5, 0.9]) as {name}_percentiles"
        for name in (duration, f"{duration}_business")
    )
    for duration in ("duration", "first_response")
)


def measures() -> str:
    """The measure set over the joined aggregates."""
    counts = [
        *("conversations", *(f"conversations_{source}" for source in SOURCES), "distinct_contacts"),
        *("messages_inbound", "messages_outbound", "messages_failed", "conversations_answered"),
        *(
            "conversations_unanswered",
            "conversations_closed",
            "conversations_reopened",
            "reopens",
            "replies",
            "surveys",
            "ratings",
        ),
        *(*(f"rating_{score}" for score in SCORES), "ratings_satisfied"),
    ]
    lines = [f"coalesce({name}, 0)::bigint as {name}" for name in counts]
    lines.append("coalesce(messages_inbound + messages_outbound, 0)::bigint as messages")
    for name in ("first_response", "first_response_business", "duration", "duration_business"):
        lines += [
            f"{name}_seconds_sum::bigint as {name}_seconds_sum",
            f"coalesce({name}_count, 0) as {name}_count",
            f"{name}_seconds_sum / {name}_count as avg_{name}_seconds",
            f"{name}_percentiles[1] as median_{name}_seconds",
            f"{name}_percentiles[2] as p90_{name}_seconds",
        ]
    lines += [
        "if(found.replies > 0, found.reply_seconds_sum, null)::bigint as reply_seconds_sum",
        "found.reply_seconds_sum / nullif(found.replies, 0) as avg_reply_seconds",
        "found.rating_sum::bigint as rating_sum",
        "found.rating_sum / found.ratings as avg_rating",
        "100 * found.ratings_satisfied / nullif(found.ratings, 0) as csat_percent",
        "100 * found.ratings / nullif(found.surveys, 0) as survey_response_percent",
    ]
    return ", ".join(lines)


def mart(name: str, key: str, columns: str, parts: dict[str, str], joins: str = "") -> str:
    """A mart of periods. ``parts``: aggregates, and the relation with days and the key that each is taken from."""
    keys = ", ".join(("source_no", "grain", "period_start", *([key] if key else [])))
    sets = ", ".join(f"({', '.join(('source_no', grain, *([key] if key else [])))})" for grain in GRAINS)
    grain = " ".join(f"when grouping({grain}) = 0 then '{grain}'" for grain in GRAINS)
    period = (
        f"source_no, case {grain} end as grain, coalesce(day, week, month, quarter) as period_start{key and f', {key}'}"
    )
    first, *others = (
        f"(select {period}, {aggregates} from {relation} group by grouping sets ({sets}))"
        for aggregates, relation in parts.items()
    )
    return f"""
        create table out.{name} as
        with found as (from {first} {" ".join(f"full join {other} using ({keys})" for other in others)})
        select account_id, grain, period_start, period_end, is_complete, {columns} {measures()}
        from found {"" if key else "right"} join periods using (source_no, grain, period_start) {joins}
    """


def marts() -> Iterable[str]:
    """All of them."""
    of_all = (
        "join (select account_id, grain, period_start, conversations as of_all from out.overview)"
        " using (account_id, grain, period_start)"
    )
    share = "coalesce(found.conversations, 0) / nullif(of_all, 0) as share_of_conversations,"
    everything = f"{STARTED}, {REPLIED}, {LASTED}, {ANSWERED}"
    yield mart("overview", "", "", {everything: "facts", SENT: "message_days where agent_id is not null"})
    credited = """
        (
            select source_no, replies.agent_id, day, week, month, quarter, count(*) as replies,
                sum(seconds) as reply_seconds_sum
            from replies join facts using (conversation_key) group by all
        )
    """
    yield mart(
        "by_agent",
        "agent_id",
        "source_system, nullif(agent_id, '') as agent_id, if(agent_id = '', '(unassigned)', name) as agent_name,"
        " email as agent_email,",
        {
            f"{STARTED}, {LASTED}": "facts",
            ANSWERED: "(select * replace (responder_id as agent_id) from facts where responder_id is not null)",
            REPLIED: credited,
            SENT: "message_days where agent_id is not null",
        },
        "left join agents using (source_no, agent_id)",
    )
    yield mart(
        "by_tag",
        "tag",
        f"tag, {share}",
        {everything: "facts join tags using (tag_set)", SENT: "message_days join tags using (tag_set)"},
        of_all,
    )
    for group in ("team", "channel"):
        yield mart(
            f"by_{group}",
            f"{group}_name",
            f"{group}_name as {group}, {share}",
            {everything: "facts", SENT: f"message_days where {group}_name is not null"},
            of_all,
        )
    yield """
        create table out.by_target as
        select account_id, grain, period_start, period_end, is_complete, '' as target, '' as team,
            0::bigint as units, 0::bigint as met, 0::bigint as missed, 0::bigint as pending, 0::double as met_percent
        from out.overview where false
    """
    digits = "regexp_replace(phone, '[^0-9]', '', 'g')"
    yield f"""
        create table out.details as
        select account_id, source_system, conversation_id, contact_id,
            source_system || ':' || contact_id as contact_key, null::varchar as source_url,
            contacts.name as contact_name,
            if(len({digits}) > 4, '***' || right({digits}, 4), if(phone is null, null, '***')) as contact_phone,
            channel, team, status, source, source_raw, nullif(agent_id, '') as agent_id, agents.name as agent_name,
            email as agent_email, nullif(responder_id, '') as first_responder_id,
            tag_sets.tags as conversation_tags, contact_tags.tags as contact_tags,
            make_timestamptz(started_us) as started_at, started_at at time zone zone as started_local,
            day as started_date, hour(started_local)::integer as started_hour, started_in_working_hours,
            make_timestamptz(first_inbound_us) as first_inbound_at,
            make_timestamptz(last_inbound_us) as last_inbound_at, make_timestamptz(waiting_us) as waiting_since,
            make_timestamptz(replied_us) as first_response_at,
            make_timestamptz(closed_us) as closed_at, make_timestamptz(last_message_us) as last_message_at,
            reopens, reopens > 0 as reopened, messages, messages_inbound,
            messages - messages_inbound as messages_outbound, messages_human, messages_failed,
            is_answered, is_closed, first_response_seconds, first_response_business_seconds, replies,
            reply_seconds_sum, duration_seconds, duration_business_seconds, is_surveyed, score as rating,
            score >= 4 as is_satisfied,
            comment as rating_comment, make_timestamptz(answered_us) as rated_at,
            []::varchar[] as targets_missed, []::varchar[] as targets_met, 'exact' as times_basis
        from facts
        join sources using (source_no)
        join tag_sets using (tag_set)
        left join (select * from contacts where is_deleted is not true) as contacts using (source_no, contact_id)
        left join tag_sets as contact_tags on contact_tags.raw = contacts.tags
        left join agents using (source_no, agent_id)
    """


def run(config: Path, out: Path) -> None:
    """Compute the marts of a configuration into a new DuckDB file."""
    out.unlink(missing_ok=True)
    with duckdb.connect(config={"memory_limit": "4GB", "threads": 2}) as db:
        db.execute("set TimeZone = 'UTC'; set disabled_compression_methods = 'fsst,zstd'")  # the slowest ones
        db.execute(f"attach '{str(out).replace(chr(39), chr(39) * 2)}' as out (storage_version 'latest')")
        db.execute(MACROS)
        accounts, batches = read_config(db, config)
        for entity in COLUMNS:
            load(db, batches, entity)
        db.execute(MESSAGES)
        make_calendar(db, accounts)
        for statement in (facts(), PERIODS, *marts()):
            db.execute(statement)
        db.execute("checkpoint out; detach out")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    run(given.config, given.out)


if __name__ == "__main__":
    main()
