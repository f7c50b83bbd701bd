"""What a drop folder delivers that causerie does not understand: words, senders, conversations.

Here: finding it, and saying it with counts and examples. Not here: which words the figures follow
(``export_format``), the limits past which it refuses a batch (``judging``), names of columns
(``parsing.names``), and malformed rows (``rules``).
The definitions are in ``docs/export-format.md``, *What refuses a batch*.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from ingestion.export_format import CONVERSATIONS, MESSAGES, ColumnType, Entity
from ingestion.parsing.rules import trimmed
from ingestion.raw.segments import Segment, records
from ingestion.shown import shortened, visible

_KNOWN_AS = {("events", "type"): "event_type", ("flow_runs", "status"): "flow_status"}
"""How ``known_words`` calls columns whose names several entities have."""
_EXAMPLES = 3


@dataclass(frozen=True)
class Words:
    """Words of one column in one batch that the figures do not follow. ``rows``: all good rows of the entity."""

    entity: str
    column: str
    known: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]
    unknown: int
    rows: int

    def __str__(self) -> str:
        most = ", ".join(f"'{visible(shortened(word))}' ({count:,})" for word, count in self.counts)
        return (
            f"{self.unknown:,} of {self.rows:,} {self.entity} have an unknown {self.column}: {most};"
            f" known are {', '.join(self.known)}"
        )


def unknown_words(
    connection: duckdb.DuckDBPyConnection,
    segment: Segment,
    entities: Iterable[Entity],
    meant: Mapping[str, Sequence[str]],
) -> dict[str, list[Words]]:
    """By batch, the unknown words of each column that has known ones. ``meant``: further words that are known."""
    found: dict[str, list[Words]] = {}
    for entity in entities:
        rows = records([segment], entity)
        for column in entity.columns if rows else ():
            if not column.known:
                continue
            known = [*column.known, *(word.strip().lower() for word in meant.get(known_as(entity, column.name), ()))]
            query = f"""
                with
                spelled as (
                    select _batch, {column.name} as spelling, count(*) as rows
                    from ({rows}) where _reasons is null group by all
                ),
                words as (
                    select _batch, lower({trimmed("spelling")}) as word, sum(rows) as rows from spelled group by all
                ),
                marked as (select *, coalesce(word not in (select unnest($known)), false) as is_unknown from words)
                select
                    _batch,
                    cast(sum(rows) filter (is_unknown) as bigint),
                    cast(sum(rows) as bigint),
                    list((word, cast(rows as bigint)) order by rows desc, word) filter (is_unknown)
                from marked group by _batch having bool_or(is_unknown)
            """
            for batch, unknown, total, counts in connection.execute(query, {"known": known}).fetchall():
                words = Words(
                    entity.name, known_as(entity, column.name), column.known, tuple(counts[:_EXAMPLES]), unknown, total
                )
                found.setdefault(batch, []).append(words)
    return found


def joined_lists(
    connection: duckdb.DuckDBPyConnection, segment: Segment, entities: Iterable[Entity]
) -> dict[str, list[str]]:
    """By batch, lines about lists whose elements seem to be joined by commas, so that several count as one."""
    found: dict[str, list[str]] = {}
    for entity in entities:
        rows = records([segment], entity)
        for column in entity.columns if rows else ():
            if column.type is not ColumnType.LIST:
                continue
            is_joined = f"len({column.name}) = 1 and contains({column.name}[1], ',')"
            query = (
                f"select _batch, count(*), min({column.name}[1]) from ({rows})"
                f" where _reasons is null and {is_joined} group by _batch"
            )
            for batch, count, example in connection.execute(query).fetchall():
                found.setdefault(batch, []).append(
                    f"{count:,} {entity.name} have one of {column.name} with commas in it, such as"
                    f" {visible(shortened(example))!r}: in CSV, lists are separated by ';'"
                )
    return found


def known_as(entity: Entity, column: str) -> str:
    """How ``known_words`` calls a column."""
    return _KNOWN_AS.get((entity.name, column), column)


def has_no_agents(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> bool:
    """Whether there are outbound messages in segments, and none of them has an agent."""
    rows = records(segments, MESSAGES)
    if rows is None:
        return False
    query = (
        f"select coalesce(not bool_or(agent_id is not null), false) from ({rows})"
        f" where _reasons is null and lower({trimmed('direction')}) = 'outbound'"
    )
    return bool(connection.execute(query).fetchall()[0][0])


@dataclass(frozen=True)
class Orphans:
    """Good rows of one entity whose conversation no batch of the source has; those of new batches, and of all."""

    entity: str
    new: int
    new_rows: int
    all: int
    all_rows: int
    example: str
    conversation: str | None
    """The id of a conversation, to compare with."""

    def __str__(self) -> str:
        other = (
            f"a conversation is called {visible(shortened(self.conversation))!r}"
            if self.conversation
            else "no conversation has been delivered"
        )
        return (
            f"{self.all:,} of {self.all_rows:,} {self.entity} belong to no conversation that was delivered, such as"
            f" conversation_id {visible(shortened(self.example))!r}, and {other}"
        )


def orphans(
    connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment], new: Collection[str], entities: Iterable[Entity]
) -> list[Orphans]:
    """The orphans of each entity that has some in the batches ``new``. ``segments``: all of the source."""
    conversations = records(segments, CONVERSATIONS) or "select null as conversation_id, null as _reasons where false"
    found = []
    for entity in entities:
        belongs = any(column.name == "conversation_id" and column.required for column in entity.columns)
        rows = records(segments, entity) if belongs else None
        if rows is None or entity == CONVERSATIONS:
            continue
        query = f"""
            with
            conversations as (
                select distinct conversation_id from ({conversations}) where _reasons is null
            ),
            marked as (
                select records.conversation_id, records._batch in (select unnest($new)) as is_new,
                    conversations.conversation_id is null as is_orphan
                from ({rows}) as records left join conversations using (conversation_id)
                where records._reasons is null and records.conversation_id is not null
            )
            select
                count(*) filter (is_new and is_orphan), count(*) filter (is_new), count(*) filter (is_orphan), count(*),
                min(conversation_id) filter (is_orphan), (select min(conversation_id) from conversations)
            from marked
        """
        ((new_orphans, *others),) = connection.execute(query, {"new": list(new)}).fetchall()
        if new_orphans:
            found.append(Orphans(entity.name, new_orphans, *others))
    return found
