"""What readers see in PostgreSQL: views of one release, which become those of another in one transaction.

Here: which views there are, replacing them, their grants and comments. Not here: the tables below them (``load``).

A reader's transaction holds its locks on the views that it has read until it ends. So whoever reads several views, in
one statement or in one transaction, reads one release: the views are replaced when nobody is in any of them. All
locks together are waited for shorter than PostgreSQL takes to look for a deadlock; then they are given back, and tried
again after a pause. So readers are held up for moments, and are never the victims of a deadlock.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.contents import REPORTING
from ingestion.sql import sql_name, sql_text
from ingestion.target_settings import PostgresTarget
from orchestration.postgres.load import Loaded
from orchestration.postgres.server import TargetError

if TYPE_CHECKING:
    from orchestration.postgres.server import Session

_FIRST_MS, _MORE, _PAUSE = 50, 1.3, 4
"""How long readers are held up by the first attempt, how much longer by each next one, and then not, by comparison."""
_LOCK_TIMEOUT = """
    select set_config(
        'lock_timeout',
        greatest(1, least({0:.0f}, setting::int / 3) - extract(epoch from clock_timestamp() - now()) * 1000)::int::text,
        true
    )
    from pg_settings where name = 'deadlock_timeout'
"""
"""What is left of the milliseconds for all locks together. The most is a third of the time after which PostgreSQL looks
for deadlocks."""

Place = tuple[str, str]
"""A schema, and the name of a table or view in it."""


@dataclass(frozen=True)
class Relation:
    """A table or view as it is in the server. ``columns``: names and types. ``reads``: the schemas of what it reads.

    ``grants``: to whom, what, of which column if not of all, and whether with grant option.
    """

    kind: str
    columns: tuple[tuple[str, str], ...]
    reads: frozenset[str]
    grants: frozenset[tuple[str, str, str, str]]


def there(session: Session, schemas: Sequence[str]) -> dict[Place, Relation]:
    """All that has a name in some schemas and columns."""
    found = {}
    for schema, name, kind, columns, reads, grants in session.execute(
        """
        select
            space.nspname,
            relation.relname,
            relation.relkind::text,
            array(
                select array[attname::text, format_type(atttypid, atttypmod)] from pg_attribute
                where attrelid = relation.oid and attnum > 0 and not attisdropped
                order by attnum
            ),
            array(
                select distinct of_table.nspname::text
                from pg_rewrite
                join pg_depend
                    on pg_depend.classid = 'pg_rewrite'::regclass and pg_depend.objid = pg_rewrite.oid
                    and pg_depend.refclassid = 'pg_class'::regclass and pg_depend.refobjid <> relation.oid
                join pg_class as read on read.oid = pg_depend.refobjid
                join pg_namespace as of_table on of_table.oid = read.relnamespace
                where pg_rewrite.ev_class = relation.oid
            ),
            array(
                select array[
                    case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
                    privilege_type,
                    of_column,
                    case when is_grantable then ' with grant option' else '' end
                ]
                from (
                    select '' as of_column, granted.* from aclexplode(relation.relacl) as granted
                    union all
                    select attname::text, granted.* from pg_attribute, aclexplode(attacl) as granted
                    where attrelid = relation.oid and not attisdropped
                ) as all_granted
                where grantee <> relation.relowner
            )
        from pg_class as relation
        join pg_namespace as space on space.oid = relation.relnamespace
        where space.nspname = any(%s) and relation.relkind not in ('i', 'I', 'c', 't')
        """,
        [list(schemas)],
    ).fetchall():
        found[schema, name] = Relation(
            kind,
            tuple((column, type_) for column, type_ in columns),
            frozenset(reads),
            frozenset((grantee, privilege, column, option) for grantee, privilege, column, option in grants),
        )
    return found


def is_shown(session: Session, target: PostgresTarget, release: Loaded) -> bool:
    """Whether the views are those of a release."""
    found = there(session, [target.views_in, target.reporting_in])
    wanted = _wanted(target, release)
    return all(place in found and found[place].reads == {release.schema} for place in wanted)


def _wanted(target: PostgresTarget, release: Loaded) -> dict[Place, Place]:
    """The views of a release, each with what it shows of it."""
    found: dict[Place, Place] = {}
    for name in release.relations:
        of_reporting = name.removeprefix(f"{REPORTING}_")
        place = (target.views_in, name) if name == of_reporting else (target.reporting_in, of_reporting)
        found[place] = release.schema, name
    return found


def show(session: Session, target: PostgresTarget, release: Loaded, ours: set[str]) -> None:
    """Have the views show a release that is loaded. ``ours``: the schemas of all releases that are.

    Raises:
        TargetError: somebody is in the views for too long, or something of others stands there.
    """
    import psycopg

    for schema in (target.views_in, target.reporting_in):
        if session.execute("select 1 from pg_namespace where nspname = %s", [schema]).fetchone() is None:
            session.execute(f"create schema {sql_name(schema)}")
    until, patience_ms, holders = time.monotonic() + target.wait_seconds, float(_FIRST_MS), ""
    while True:
        statements = _statements(session, target, release, ours)
        begun = time.monotonic()
        try:
            with session.transaction():
                lock_timeout = _LOCK_TIMEOUT.format(patience_ms)
                session.execute("; ".join(part for statement in statements for part in (lock_timeout, statement)))
            break
        except psycopg.errors.LockNotAvailable:
            holders = _holders(session, target) or holders
        if time.monotonic() > until:
            raise TargetError(
                f"readers were in the views of {target.views_in} for {target.wait_seconds:g} s and longer:"
                f" {holders or 'many'}; have them end their transactions, or raise 'wait_seconds'"
            )
        time.sleep((time.monotonic() - begun) * random.uniform(0.5, 1.5) * _PAUSE)
        patience_ms *= _MORE


def _statements(session: Session, target: PostgresTarget, release: Loaded, ours: set[str]) -> list[str]:
    """What makes the views those of a release, in a fixed order."""
    found = there(session, [target.views_in, target.reporting_in, release.schema])
    wanted = _wanted(target, release)
    mine = {
        place: relation
        for place, relation in found.items()
        if place[0] != release.schema and relation.kind == "v" and relation.reads and relation.reads <= ours
    }
    if others := [".".join(place) for place in wanted if place in found and place not in mine]:
        raise TargetError(
            f"{', '.join(others)}: what is there is not causerie's; rename it, or name another 'schema' in [[publish]]"
        )
    by_default = _granted_by_default(session)
    statements = []
    for place in sorted({*wanted, *mine}):
        view, before = _named(place), mine.get(place)
        if place not in wanted:
            statements.append(f"drop view {view}")
            continue
        columns, is_anew = found[wanted[place]].columns, False
        # the columns that were there come first, as `create or replace` asks: so whatever reads the view stays
        kept = [column for column in before.columns if column in columns] if before else []
        # whoever may read all others of the schema may read a new one, as after `grant ... on all tables in schema ...`
        others_of_it = [other.grants for (schema, _), other in mine.items() if schema == place[0]]
        grants = frozenset.intersection(*others_of_it) if others_of_it and before is None else frozenset()
        if before and len(kept) < len(before.columns):
            statements.append(f"drop view {view}")
            kept, grants, is_anew = [], before.grants, True
        names = [name for name, _ in [*kept, *(column for column in columns if column not in kept)]]
        listed = ", ".join(map(sql_name, names))
        statements.append(f"create or replace view {view} as select {listed} from {_named(wanted[place])}")
        statements += [f"revoke all on {view} from {grantee}" for grantee in by_default if is_anew]
        statements += [
            f"grant {privilege}{f' ({sql_name(column)})' if column else ''} on {view} to {grantee}{option}"
            for grantee, privilege, column, option in sorted(grants)
            if not column or column in names
        ]
    return statements


def _granted_by_default(session: Session) -> list[str]:
    """Who has rights to each new view, so also to one that is made again, where they were perhaps taken away."""
    rows = session.execute(
        """
        select distinct case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
        from pg_default_acl, aclexplode(defaclacl)
        where defaclobjtype = 'r' and defaclrole = (select oid from pg_roles where rolname = current_user)
            and grantee <> defaclrole
        """
    ).fetchall()
    return [row[0] for row in rows]


def _named(place: Place) -> str:
    return ".".join(map(sql_name, place))


def _holders(session: Session, target: PostgresTarget) -> str:
    """Who is in the views."""
    rows = session.execute(
        """
        select distinct
            'process ' || pid || ' of ' || usename || coalesce(' (' || nullif(application_name, '') || ')', '')
        from pg_locks
        join pg_stat_activity using (pid)
        join pg_class on pg_class.oid = pg_locks.relation
        join pg_namespace on pg_namespace.oid = relnamespace
        where granted and pid <> pg_backend_pid() and relkind = 'v' and nspname = any(%s)
            and pg_locks.database = (select oid from pg_database where datname = current_database())
        """,
        [[target.views_in, target.reporting_in]],
    ).fetchall()
    return "; ".join(row[0] for row in rows)


def comment(session: Session, target: PostgresTarget, release: Loaded) -> None:
    """Describe the views and their columns as the release does, where they are not yet."""
    wanted = {_named(view): _named(shown) for view, shown in _wanted(target, release).items()}
    statements = [
        f"comment on {what} is {sql_text(words) if words else 'null'}"
        for what, words in session.execute(
            """
            select 'view ' || place, obj_description(shown, 'pg_class')
            from unnest(%(views)s::text[], %(shown)s::regclass[]) as pair (place, shown)
            where obj_description(shown, 'pg_class') is distinct from obj_description(place::regclass, 'pg_class')
            union all
            select
                'column ' || place || '.' || quote_ident(of_view.attname), col_description(shown, of_shown.attnum)
            from unnest(%(views)s::text[], %(shown)s::regclass[]) as pair (place, shown)
            join pg_attribute as of_view on of_view.attrelid = place::regclass
            join pg_attribute as of_shown on of_shown.attrelid = shown and of_shown.attname = of_view.attname
            where of_view.attnum > 0
                and col_description(shown, of_shown.attnum)
                is distinct from col_description(of_view.attrelid, of_view.attnum)
            """,
            {"views": list(wanted), "shown": list(wanted.values())},
        ).fetchall()
    ]
    if statements:
        session.execute("; ".join(statements))
