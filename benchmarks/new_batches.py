"""A day's new batch for a source with a history: new records since its last batch, and old ones that changed.

Here: a made-up batch that fits any drop of the demo's shape (NDJSON, CSV or Parquet), the same for the same seed.
Not here: delivering and measuring it (``incremental``).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.rows import COLUMNS, records, text, type_of, write, write_manifest

KINDS = {"new": 45, "closed": 16, "tagged": 10, "late": 8, "corrected": 8, "rated": 7, "reopened": 3, "renamed": 2}
KINDS |= {"deleted": 1}
"""What happens, and in how many of a hundred conversations; besides, one agent a source gets a new name."""
AGES = {"recent": 90, "old": 6, "any": 4}
"""When the conversations that change began, in hundredths: in the last week, about a year ago, at any time."""
SPREAD = {"days": 100}
"""Instead: as many different days of the whole history as there are changes."""
_OLD_DAYS = 350
_OLD_REACH = 30
_DAY = 86_400


@dataclass(frozen=True)
class Mix:
    """How much is new or changed, of which kinds, of conversations how old; ``messages`` of each new conversation."""

    share: float = 0.003
    kinds: Mapping[str, int] = field(default_factory=lambda: KINDS)
    ages: Mapping[str, int] = field(default_factory=lambda: AGES)
    messages: int = 10


def write_new_batches(
    drop: Path, out: Path, scratch: Path, *, days: int = 1, seed: int = 1, mix: Mix | None = None
) -> list[Path]:
    """Write ``days`` batches into ``out`` that follow the last one of a source's drop, a day apart; gives the folders.

    ``scratch`` takes a database of the size of the drop, removed at the end.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    database = scratch / "history.duckdb"
    try:
        with duckdb.connect(str(database)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"set temp_directory = {text(scratch / 'batch-spill')}")
            return list(_write_days(connection, drop, out, days, seed, mix or Mix()))
    finally:
        database.unlink(missing_ok=True)
        shutil.rmtree(scratch / "batch-spill", ignore_errors=True)


def _write_days(
    connection: duckdb.DuckDBPyConnection, drop: Path, out: Path, days: int, seed: int, mix: Mix
) -> Iterator[Path]:
    manifests = sorted(drop.glob("*/manifest.json"))
    last = max(datetime.fromisoformat(json.loads(path.read_bytes())["extracted_at"]) for path in manifests)
    _load(connection, [path.parent for path in manifests])
    row = connection.execute("select count(*) from conversations where not coalesce(deleted, false)").fetchone()
    assert row is not None
    amount = max(1, round(row[0] * mix.share))
    for day in range(1, days + 1):
        extracted = last + timedelta(days=day)
        folder = out / f"{extracted:%Y-%m-%dT%H%MZ}"
        folder.mkdir(parents=True)
        _choose(connection, extracted, f"{seed}/{day}/", amount, mix)
        _make(connection, extracted, folder.name, mix.messages)
        rows = {}
        for entity, columns in COLUMNS.items():
            key, name = columns.split()[0], f"{entity}.ndjson.gz"
            # by key, lest the order depend on the machine
            rows[name] = write(connection, f"select * from fresh_{entity} order by {key}", folder / name, entity)
            if not rows[name]:
                del rows[name]
                (folder / name).unlink()
            connection.execute(f"delete from {entity} where {key} in (select {key} from fresh_{entity})")
            connection.execute(f"insert into {entity} select {', '.join(columns.split())} from fresh_{entity}")
        write_manifest(folder, rows, extracted.isoformat())
        yield folder


def _load(connection: duckdb.DuckDBPyConnection, batches: list[Path]) -> None:
    """Each record of the drop in its latest version; events never change and are not needed."""
    files = sorted(path for batch in batches for path in batch.iterdir() if path.name != "manifest.json")
    for entity, columns in COLUMNS.items():
        key, *_ = names = columns.split()
        chosen = [path for path in files if path.name.partition(".")[0].partition("-")[0] == entity]
        if not chosen or entity == "events":
            kinds = ", ".join(f"{name} {type_of(name)}" for name in names)
            connection.execute(f"create table {entity} ({kinds})")
            continue
        required = f"{key} is not null" + (" and started_at is not null" if entity == "conversations" else "")
        latest = f"qualify row_number() over (partition by {key} order by updated_at desc nulls last, place desc) = 1"
        if entity == "messages":
            latest = ""  # millions: looked at when one is chosen
        connection.execute(
            f"create table {entity} as select {', '.join(names)} from ({records(chosen, entity)})"
            f" where {required} {latest}"
        )


def _choose(connection: duckdb.DuckDBPyConnection, now: datetime, salt: str, amount: int, mix: Mix) -> None:
    """Table ``chosen``: a number, a kind, the instant of the change, and the conversation; for new ones, a model."""
    whole = sum(mix.kinds.values())
    counts = {kind: max(1, round(amount * part / whole)) for kind, part in mix.kinds.items() if part}
    fresh = counts.pop("new", 0)
    changes = sum(counts.values())
    at = f"timestamptz '{now.isoformat()}'"
    connection.execute(
        f"""
        create or replace temp table candidates as
        select conversation_id, started_at, date_diff('day', started_at, {at}) as age,
            md5('{salt}' || conversation_id) as lot
        from conversations where not coalesce(deleted, false)
        """
    )
    ages = [*mix.ages.items(), ("any", 100)]  # whatever is missing in the end, as some may be drawn twice
    parts = [
        f"(select conversation_id, lot, {turn} as turn from {_AGED[age]} limit {-(-changes * part // 100)})"
        for turn, (age, part) in enumerate(ages)
    ]
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    connection.execute(
        f"""
        create or replace temp table chosen as
        select number, ({kinds!r}::varchar[])[number + 1] as kind, conversation_id,
            {at} - to_seconds(1800 + number * 7919 % {_DAY - 7200}) as moment
        from (
            select conversation_id, row_number() over (order by md5(lot), conversation_id) - 1 as number
            from (
                select conversation_id, lot from ({" union all ".join(parts)})
                group by all order by min(turn), lot, conversation_id limit {changes}
            )
        )
        """
    )
    connection.execute(
        f"""
        create or replace temp table models as
        with recent as (
            select conversation_id, row_number() over (order by lot, conversation_id) - 1 as place
            from candidates where age <= 30 or (select min(age) from candidates) > 30
        )
        select number, conversation_id,
            {at} - to_seconds({_DAY}) + to_seconds(number * {int(_DAY * 0.7)} // {max(fresh, 1)}) as started_at
        from range({fresh}) numbers (number) join recent on place = number % (select count(*) from recent)
        """
    )


_OLDEST = f"(select least({_OLD_DAYS}, max(age) * 9 // 10) from candidates)"
_AGED = {
    "recent": "candidates where age <= 7 order by lot, conversation_id",
    "old": f"candidates where age between {_OLDEST} and {_OLDEST} + {_OLD_REACH} order by lot, conversation_id",
    "any": "candidates order by lot, conversation_id",
    "days": "(select *, row_number() over (partition by age order by lot, conversation_id) as turn from candidates)"
    " order by turn, lot, conversation_id",
}


def _make(connection: duckdb.DuckDBPyConnection, now: datetime, batch: str, messages: int) -> None:
    """The tables ``fresh_<entity>`` with the records of the batch, from ``chosen`` and ``models``."""
    at, prefix = f"timestamptz '{now.isoformat()}'", f"'n{batch}-'"
    # the last message of a new conversation comes before the extraction
    pace = int(_DAY * 0.25) // (messages + 1)
    for entity, query in _QUERIES.items():
        connection.execute(
            f"create or replace temp table fresh_{entity} as "
            + query.format(at=at, id=prefix, messages=messages, pace=pace, columns=", ".join(COLUMNS[entity].split()))
        )


_QUERIES = {
    "conversations": """
        select {id} || number as conversation_id, models.started_at,
            if(number % 2 = 0, {id} || number, contact_id) as contact_id, channel, team, source,
            if(number % 3 = 0, 'open', 'closed') as status,
            if(number % 3 = 0, null, models.started_at + to_seconds({pace} * {messages})) as closed_at,
            agent_id, tags, models.started_at + to_seconds({pace} * {messages}) as updated_at, false as deleted
        from models join conversations using (conversation_id)
        union all
        select conversation_id, started_at, contact_id, channel, team, source,
            case kind when 'closed' then 'closed' when 'reopened' then 'open' else status end,
            case kind when 'closed' then moment when 'reopened' then null else closed_at end,
            agent_id, if(kind = 'tagged', list_append(tags, 'relecture'), tags), moment, kind = 'deleted'
        from chosen join conversations using (conversation_id)
        where kind in ('closed', 'tagged', 'reopened', 'deleted')
    """,
    "messages": """
        with written as (
            select {id} || number || '-' || place as message_id, {id} || number as conversation_id,
                models.started_at + to_seconds({pace} * place) as sent_at, place % 2 = 0 as is_inbound, agent_id
            from models join conversations using (conversation_id), range({messages}) places (place)
            union all
            select {id} || kind || number || '-' || place, conversation_id,
                case kind
                    when 'late' then least(started_at + to_seconds(number * 61 % 20000 + place * 600), moment)
                    else moment + to_seconds(place * 600)
                end,
                place = 0, agent_id
            from chosen join conversations using (conversation_id), range(2) places (place)
            where kind in ('late', 'reopened')
        )
        select message_id, conversation_id, sent_at, if(is_inbound, 'inbound', 'outbound') as direction,
            if(is_inbound, 'contact', 'agent') as sender_type, if(is_inbound, null, agent_id) as agent_id,
            null::varchar as origin, 'text' as type, if(is_inbound, 'received', 'read') as status, false as private,
            sent_at as updated_at, false as deleted
        from written
        union all
        select message_id, conversation_id, sent_at, direction, sender_type, agent_id, origin,
            if(number % 3 = 1 and direction = 'inbound', 'reaction', type),
            if(number % 3 = 1 and direction = 'outbound', 'failed', status),
            if(number % 3 = 2, true, private), moment, number % 3 = 0
        from chosen join messages using (conversation_id)
        where kind = 'corrected' and sent_at is not null and direction is not null and not coalesce(deleted, false)
        qualify row_number() over (
            partition by conversation_id order by sent_at, message_id, messages.updated_at desc nulls last
        ) = 1
    """,
    "contacts": """
        select {id} || number as contact_id, 'Contact ' || number as name, '+33700' || (100000 + number) as phone,
            null::varchar as email, ['nouveau'] as tags, started_at as updated_at, false as deleted
        from models where number % 2 = 0
        union all
        select contact_id, coalesce(any_value(name), '') || ' (' || min(number) || ')', any_value(phone),
            any_value(contacts.email), any_value(contacts.tags), min(moment), false
        from chosen join conversations using (conversation_id) join contacts using (contact_id)
        where kind = 'renamed' and not coalesce(contacts.deleted, false)
        group by contact_id
    """,
    "agents": """
        select agent_id, coalesce(name, '') || ' *' as name, email, team, active, {at} - to_seconds(3600) as updated_at
        from agents order by md5({id} || agent_id) limit 1
    """,
    "events": """
        select {id} || number || '-' || type as event_id, {id} || number as conversation_id, type,
            models.started_at + to_seconds(if(type = 'assigned', 30, {pace} * {messages})) as occurred_at, agent_id
        from models join conversations using (conversation_id), (values ('assigned'), ('closed')) types (type)
        where type = 'assigned' or number % 3 > 0
        union all
        select {id} || kind || number, conversation_id, kind, moment, agent_id
        from chosen join conversations using (conversation_id) where kind in ('closed', 'reopened')
    """,
    "ratings": """
        select {id} || number as rating_id, {id} || number as conversation_id,
            started_at + to_seconds({pace} * {messages}) as asked_at,
            if(number % 3 = 1, 1 + number % 5, null)::integer as rating, null::varchar as comment,
            if(number % 3 = 1, started_at + to_seconds({pace} * {messages} + 60), null) as answered_at,
            started_at + to_seconds({pace} * {messages} + 60) as updated_at
        from models where number % 3 > 0
        union all
        select coalesce(rating_id, {id} || 'rated' || number), conversation_id,
            coalesce(asked_at, moment - to_seconds(600)), 1 + number % 5, comment, moment, moment
        from chosen left join ratings using (conversation_id)
        where kind = 'rated'
        qualify row_number() over (partition by conversation_id order by asked_at desc nulls last, rating_id desc) = 1
    """,
}
