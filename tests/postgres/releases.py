"""Releases made without a build: small ones, or of whatever tables a test needs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import duckdb

from expectations.contents import contents
from orchestration.home import RELEASE_FILE, Home
from orchestration.releases import catalog
from orchestration.releases.catalog import Release

PERIODS = "account_id varchar not null, grain varchar not null, period_start date not null"
TABLES = {
    "overview": f"{PERIODS}, version bigint not null",
    "by_agent": f"{PERIODS}, source_system varchar not null, agent_id varchar, version bigint not null",
    "by_tag": f"{PERIODS}, tag varchar not null, version bigint not null",
    "details": "account_id varchar not null, source_system varchar not null, conversation_id varchar not null,"
    " started_date date, conversation_tags varchar[], version bigint not null",
    "release": "release_id varchar, version bigint",
    "reporting.conversations": "conversation_key bigint, started_date date, version bigint",
}
ROWS = {
    "overview": "select 'acme', 'day', date '2026-01-01' + i::int, {0} from range(20) _ (i)",
    "by_agent": "select 'acme', 'day', date '2026-01-01', 's', nullif(i, 3)::varchar, {0} from range(20) _ (i)",
    "by_tag": "select 'acme', 'week', date '2026-01-01', i::varchar, {0} from range(20) _ (i)",
    "details": "select 'acme', 's', i::varchar, date '2026-01-01', ['a', 'b,c'], {0} from range(50) _ (i)",
    "release": "select '{1}', {0}",
    "reporting.conversations": "select i, date '2026-01-01', {0} from range(50) _ (i)",
}


def a_release(home: Home, number: int, statements: Iterable[str] = (), *, seen: bool = True) -> Release:
    """A release whose rows all say its number. ``statements``: change it before it is judged."""
    now = datetime(2026, 1, 1, 4, 5, 6, tzinfo=UTC) + timedelta(hours=number)
    release_id = f"{now:%Y%m%dT%H%M%SZ}-b{number:07d}"
    folder = home.releases / release_id
    folder.mkdir()
    with duckdb.connect(str(folder / RELEASE_FILE)) as made:
        made.execute("set TimeZone = 'UTC'; create schema reporting")
        for table, columns in TABLES.items():
            made.execute(f"create table {table} ({columns})")
            made.execute(f"insert into {table} {ROWS[table].format(number, release_id)}")
        made.execute("comment on table details is 'One row per conversation; it''s all.'")
        made.execute("comment on column details.version is 'Which release.'")
        for statement in statements:
            made.execute(statement)
        rows = dict.fromkeys(("overview", "by_agent", "by_tag", "details"), 0)
    judged = contents(folder / RELEASE_FILE)
    release = Release(release_id, f"b{number}", "f", now.isoformat(), None, rows, 0, 5, (), contents=judged)
    release.write(folder)
    if seen:
        catalog.point_to(home, release)
    return release
