"""What is loaded is the release, value for value; and what PostgreSQL cannot hold is said, or stands for itself."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from expectations.marts import MARTS
from ingestion.settings import load_settings
from orchestration.home import Home
from orchestration.postgres import load
from orchestration.postgres.server import TargetError
from orchestration.postgres.target import make_right
from orchestration.releases import catalog
from tests.drops import agent, contact, conversation, event, message, rating, write_batch, write_config
from tests.postgres.conftest import DSN, Place, Publish, a_target
from tests.postgres.releases import a_release
from tests.published import publish as publish_release

pytestmark = pytest.mark.postgres

HOSTILE = [
    "",
    " ",
    "a,b",
    '"',
    "'",
    "\\",
    "\\N",
    "\\.",
    "NULL",
    "null",
    "{}",
    '{"a"}',
    "a\nb",
    "a\r\nb",
    "\t",
    "é日🙂",
    "--",
]


def test_a_real_release_is_the_same_in_both(tmp_path: Path, place: Place) -> None:
    write_batch(
        tmp_path / "drop" / "b1",
        {
            "conversations": [
                conversation(f"c{n}", contact_id="k1", agent_id="a1" if n % 2 else None, tags=[text, "x"])
                for n, text in enumerate(HOSTILE)
            ],
            "messages": [message(f"m{n}", f"c{n}") for n in range(len(HOSTILE))],
            "contacts": [contact("k1", name='Zoë "Zo" O\'Neil\\', tags=["a b", "c"])],
            "agents": [agent("a1", name="Ann\nSmith")],
            "events": [event("e1", "c1")],
            "ratings": [rating("r1", "c1", rating=5, comment="so\n\\.\ngood", answered_at="2026-01-02T09:00:00+01:00")],
        },
    )
    config = write_config(tmp_path)
    publish_release(config)
    settings = load_settings(config)
    assert make_right(settings, a_target(), lambda _: None)
    release = catalog.current(Home(settings.home))
    assert release is not None
    with (
        duckdb.connect(str(catalog.file_of(Home(settings.home), release)), read_only=True) as file,
        place.connect() as server,
    ):
        file.execute("set TimeZone = 'UTC'")
        server.execute("set TimeZone = 'UTC'")
        tables = file.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        assert {name for _, name in tables} > {*MARTS, "release", "tag_sets"}
        for schema, table in tables:
            view = f"causerie{'' if schema == 'main' else '_reporting'}.{table}"
            there = server.execute(f"select * from {view}")
            here = file.execute(f"select * from {schema}.{table}")
            assert [column.name for column in there.description or ()] == [
                column[0] for column in here.description or ()
            ]
            assert sorted(map(repr, _in_utc(there.fetchall()))) == sorted(map(repr, _in_utc(here.fetchall()))), view
            comments = f"select obj_description('{view}'::regclass), col_description('{view}'::regclass, 1)"
            assert (
                server.execute(comments).fetchall()
                == file.execute(
                    "select any_value(tables.comment), any_value(columns.comment) from duckdb_tables() as tables"
                    " join duckdb_columns() as columns using (schema_name, table_name)"
                    f" where schema_name = '{schema}' and table_name = '{table}' and column_index = 1"
                ).fetchall()
            )


def _in_utc(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [
        tuple(value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value for value in row)
        for row in rows
    ]


def test_every_value_that_both_can_hold(home: Home, publish: Publish, place: Place) -> None:
    """The marts of an extension may hold anything."""
    texts = ", ".join(f"({n}, '{text.replace(chr(39), chr(39) * 2)}')" for n, text in enumerate(HOSTILE))
    a_release(
        home,
        1,
        [
            f"create table texts as select n, t, [t, null, t || ','] as texts, if(n = 1, null, []) as none from (values"
            f" {texts}, (99, null)) v (n, t)",
            "create table numbers as select * from (values"
            " (1, 'inf'::double, 1.5::float, 12345678901234567.89::decimal(19, 2)),"
            " (2, '-inf', 'inf', null), (3, 'nan', 'nan', -0.01), (4, -0.0, 1e-38, 0), (5, 0.1, 3.4e38, 1),"
            " (6, 1.7976931348623157e308, null, 1), (7, 5e-324, null, 1)) v (n, d, f, m)",
            "create table whole as select 127::tinyint a, (-32768)::smallint b, 255::utinyint c, 65535::usmallint d,"
            " 4294967295::uinteger e, 18446744073709551615::ubigint f, (2::hugeint ** 100)::hugeint g,"
            " (-9223372036854775808)::bigint h",
            "create table times as select * from (values (date '9999-12-31', timestamp '0001-01-01 00:00:00.000001',"
            " timestamptz '9999-12-31 23:59:59.999999+00', time '23:59:59.5'),"
            " ('infinity', 'infinity', '-infinity', null),"
            " ('12000-02-29', '12000-01-01', '1883-11-18 12:00:00+00', '00:00:00')) v (d, t, z, c)",
            "create table lists as select [1, null, 3] as i, ['a']::varchar[] as s, [date '2026-01-01'] as d,"
            " [0.1::double, 'nan'] as f, [true] as b, [timestamptz '2026-01-01 00:00:00+00'] as z",
            "create table others as select {'a': 1, 'b': 'x'} as pair, map {'k': 1} as of, [[1, 2], []] as nested,"
            " '\\xAA'::blob as raw, interval 3 days as long, 'b'::enum ('a', 'b') as one, uuid() as id,"
            " '{\"a\": 1}'::json as doc",
            'create table "Odd; --""name" as select 1 as "select", 2 as "Ünïcode col", 3 as "a""b"',
        ],
    )
    publish()
    assert place.ask("select t from causerie.texts order by n") == [*((text,) for text in HOSTILE), (None,)]
    assert place.ask("select texts from causerie.texts where n = 2") == [(["a,b", None, "a,b,"],)]
    assert place.ask("select none from causerie.texts where n < 2 order by n") == [([],), (None,)]
    assert place.ask("select pg_typeof(z)::text, z::text from causerie.times where d = 'infinity'") == [
        ("timestamp with time zone", "-infinity")
    ]
    assert place.ask("select pair, nested, one, doc from causerie.others") == [
        ("{'a': 1, 'b': x}", "[[1, 2], []]", "b", '{"a": 1}')
    ]
    assert place.ask('select "select", "Ünïcode col", "a""b" from causerie."Odd; --""name"') == [(1, 2, 3)]


def test_nul_becomes_the_replacement_character(home: Home, publish: Publish, place: Place) -> None:
    a_release(home, 1, ["create table own as select 'a' || chr(0) as t, ['b' || chr(0), 'c'] as l"])
    publish()
    assert place.ask("select t, l from causerie.own") == [("a\ufffd", ["b\ufffd", "c"])]


@pytest.mark.parametrize(
    "value", ["date '0044-03-15 (BC)'", "timestamp '0044-03-15 (BC) 10:00:00'", "date '5881580-07-10'"]
)
def test_what_postgresql_cannot_read_fails_the_publication(
    home: Home, publish: Publish, place: Place, value: str
) -> None:
    a_release(home, 1, [f"create table own as select {value} as day"])
    with pytest.raises(TargetError, match=r"date|time|other values"):
        publish()
    assert place.schemas() == []


def test_a_column_whose_name_postgresql_would_cut(home: Home, publish: Publish, place: Place) -> None:
    a_release(home, 1, [f"create table own as select 1 as {'a' * 63}x, 2 as {'a' * 63}y"])
    with pytest.raises(TargetError, match=r"a{63}"):
        publish()
    a_release(home, 2, [f"create table own as select 1 as {'b' * 70}"])
    assert publish().was_shown is False
    assert publish().was_shown is True


def test_a_mart_whose_name_is_too_long(home: Home, publish: Publish, place: Place) -> None:
    a_release(home, 1, [f"create table {'a' * 60} as select 'day' as grain, 1 as one"])
    with pytest.raises(TargetError, match=r"a_quarter: PostgreSQL takes names of 63 bytes at most"):
        publish()
    assert place.schemas() == []


def test_a_file_that_has_changed_is_not_loaded(home: Home, publish: Publish, place: Place) -> None:
    release = a_release(home, 1)
    with duckdb.connect(str(catalog.file_of(home, release))) as file:
        file.execute("update details set started_date = null where conversation_id = '7'")
    with pytest.raises(TargetError, match="details changed after the audit"):
        publish()
    assert place.schemas() == []


@pytest.mark.parametrize(
    "change",
    [
        "update details set started_date = '2026-01-02' where conversation_id = '7'",
        "update details set conversation_tags = '{a,b}' where conversation_id = '7'",
        "update details set conversation_tags = null where conversation_id = '7'",
        "delete from details where conversation_id = '7'",
        "insert into details select * from details where conversation_id = '7'",
    ],
)
def test_rows_that_differ_in_the_server_are_seen(
    home: Home, publish: Publish, place: Place, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    a_release(home, 1)
    returned = load._returned

    def changed(session: load.Session, table: load.Table) -> list[str]:
        if table.name == "details":
            session.execute(change)
        return returned(session, table)

    monkeypatch.setattr(load, "_returned", changed)
    with pytest.raises(TargetError, match="details: the server has other values"):
        publish()
    assert place.schemas() == [], "nothing of it stays"


def test_keys_indexes_and_who_made_it(home: Home, publish: Publish, place: Place) -> None:
    release = a_release(home, 1)
    publish()
    (schema,) = [name for name in place.schemas() if "2026" in name]
    keys = place.ask(
        "select conrelid::regclass::text, contype::text, pg_get_constraintdef(oid) from pg_constraint"
        f" where connamespace = '{schema}'::regnamespace and contype in ('p', 'u') order by 1"
    )
    assert [(table.rpartition(".")[2], kind) for table, kind, _ in keys] == [
        ("by_agent", "u"),  # agent_id may be NULL
        ("by_tag", "p"),
        ("details", "p"),
        ("overview", "p"),
    ]
    assert "(account_id, started_date)" in str(
        place.ask(f"select indexdef from pg_indexes where schemaname = '{schema}'")
    )
    ((words,),) = place.ask(f"select obj_description('{schema}'::regnamespace)")
    assert json.loads(words)["release"] == release.release_id
    estimates = place.ask(
        f"select relname, reltuples from pg_class where relnamespace = '{schema}'::regnamespace and relkind = 'r'"
    )
    assert dict(estimates)["details"] == 50, "it is analyzed"


def test_a_session_before_the_load_sees_whole_tables(home: Home, publish: Publish, place: Place) -> None:
    """Its snapshot is older than the rows; an empty table would be worse than the new release."""
    a_release(home, 1)
    publish()
    place.ask("grant usage on schema causerie to bi; grant select on all tables in schema causerie to bi")
    with place.connect("bi") as reader:
        reader.execute("begin isolation level repeatable read")
        reader.execute("select now()")  # takes its snapshot, and no lock on a view
        reader.execute("select count(*) from pg_class")
        a_release(home, 2)
        publish()
        assert reader.execute("select count(*), min(version) from causerie.details").fetchall() == [(50, 2)]


def test_times_follow_the_zone_of_the_reader(home: Home, publish: Publish, place: Place) -> None:
    a_release(
        home, 1, ["create table own as select timestamptz '2026-07-01 10:00:00+00' as at, date '2026-07-01' as day"]
    )
    publish()
    with place.connect() as reader:
        reader.execute("set TimeZone = 'Europe/Paris'")
        assert reader.execute("select at::text, day from causerie.own").fetchall() == [
            ("2026-07-01 12:00:00+02", date(2026, 7, 1))
        ]


def test_a_database_that_does_not_hold_every_text(
    home: Home, publish: Publish, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_release(home, 1)
    latin = f"{place.name}_latin"
    place.ask(f"create database {latin} template template0 encoding 'LATIN1' locale 'C'")
    try:
        monkeypatch.setenv(DSN, place.dsn("publisher").replace(place.name, latin))
        with pytest.raises(TargetError, match="UTF8"):
            publish()
    finally:
        place.ask(f"drop database {latin}")
