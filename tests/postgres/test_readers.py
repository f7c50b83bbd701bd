"""Twenty readers of every kind during fifty publications: none sees two releases, a part of one, or an error."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from orchestration.home import Home
from orchestration.postgres.server import TargetError
from orchestration.releases import catalog
from tests.postgres.conftest import Place, Publish
from tests.postgres.releases import a_release

pytestmark = pytest.mark.postgres

READERS, PUBLICATIONS, KEPT = 20, 50, 3
VIEWS = {
    "causerie.overview": 20,
    "causerie.by_agent": 20,
    "causerie.details": 50,
    "causerie.release": 1,
    "causerie.overview_day": 20,
    "causerie_reporting.conversations": 50,
}
Session = psycopg.Connection[Any]


def seen(rows: list[tuple[Any, ...]]) -> set[int]:
    """The versions in rows of (view, rows, lowest, highest); each view is whole."""
    for view, count, *_ in rows:
        assert count == VIEWS[view], f"{view} has {count} rows"
    return {version for _, _, *versions in rows for version in versions}


def of(view: str) -> str:
    return f"select '{view}', count(*), min(version), max(version) from {view}"


def in_any_order() -> list[str]:
    return random.sample(list(VIEWS), len(VIEWS))


def one_statement(session: Session) -> set[int]:
    return seen(session.execute(" union all ".join(map(of, in_any_order()))).fetchall())


def joined(session: Session) -> set[int]:
    first, second = random.sample(list(VIEWS), 2)
    rows = session.execute(f"select distinct a.version, b.version from {first} a, {second} b").fetchall()
    assert len(rows) == 1
    return {*rows[0]}


def in_a_transaction(session: Session, level: str = "read committed") -> set[int]:
    with session.transaction():
        session.execute(f"set transaction isolation level {level}")
        found = set()
        for view in in_any_order()[:2]:
            found |= seen(session.execute(of(view)).fetchall())
        return found


def in_a_snapshot(session: Session) -> set[int]:
    return in_a_transaction(session, "repeatable read")


def prepared(session: Session) -> set[int]:
    first, second = sorted(VIEWS)[:2]
    return seen(session.execute(f"{of(first)} union all {of(second)}", prepare=True).fetchall())


KINDS: list[Callable[[Session], set[int]]] = [one_statement, joined, in_a_transaction, in_a_snapshot, prepared]


@contextmanager
def readers(place: Place) -> Iterator[tuple[list[str], list[int]]]:
    """Readers at work: what went wrong, and how often each has read. A quarter each keep a session, take a new one,
    and share a pool."""
    wrong: list[str] = []
    counts = [0] * READERS
    is_over = threading.Event()
    pool: queue.Queue[Session] = queue.Queue()
    for _ in range(3):
        pool.put(place.connect("bi"))

    def read(number: int) -> None:
        kind = KINDS[number % len(KINDS)]
        own = place.connect("bi")
        latest = 0
        try:
            while not is_over.is_set():
                way = number // len(KINDS)
                session = own if way < 2 else place.connect("bi") if way == 2 else pool.get()
                versions = kind(session)
                if way == 2:
                    session.close()
                if way == 3:
                    pool.put(session)
                assert len(versions) == 1, f"{kind.__name__} saw {versions}"
                assert versions >= {max(latest, *versions)}, f"{kind.__name__} saw {versions} after {latest}"
                latest = max(versions)
                counts[number] += 1
                time.sleep(random.random() / 2)
        except Exception as error:
            wrong.append(f"{kind.__name__}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield wrong, counts
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def test_readers_during_publications(home: Home, publish: Publish, place: Place) -> None:
    a_release(home, 1)
    publish()
    place.ask(
        "grant usage on schema causerie, causerie_reporting to bi;"
        " grant select on all tables in schema causerie, causerie_reporting to bi"
    )
    changes = [
        [],
        ["alter table details add column more varchar"],  # which goes again: the view is dropped and made
        ["create table own as select 1 as one"],
        ["alter table by_agent alter source_system type varchar"],
    ]
    with readers(place) as (wrong, counts):
        for number in range(2, PUBLICATIONS + 2):
            a_release(home, number, changes[number % len(changes)])
            for old in catalog.kept(home)[KEPT:]:
                catalog.file_of(home, old).unlink()
            publish(wait_seconds=60)
            assert not wrong
        time.sleep(0.5)
    assert not wrong
    assert min(counts) > PUBLICATIONS / 2, counts
    assert place.ask("select version from causerie.release") == [(PUBLICATIONS + 1,)]
    assert KEPT <= len([name for name in place.schemas() if "2026" in name]) <= KEPT + 3, "some were still read"


def test_a_reader_is_not_held_up_by_one_who_stays(home: Home, publish: Publish, place: Place) -> None:
    """The publisher waits for the one who stays, and the others do not wait behind the publisher."""
    a_release(home, 1)
    publish()
    a_release(home, 2)
    slowest, is_over = 0.0, threading.Event()
    with place.connect() as stays, place.connect() as other:
        stays.execute("begin")
        stays.execute("select * from causerie.overview limit 1")

        def read() -> None:
            nonlocal slowest
            while not is_over.is_set():
                begun = time.monotonic()
                one_statement(other)
                slowest = max(slowest, time.monotonic() - begun)

        thread = threading.Thread(target=read)
        thread.start()
        with pytest.raises(TargetError, match="readers were in the views"):
            publish(wait_seconds=5)
        is_over.set()
        thread.join()
    assert 0 < slowest < 1.5, "PostgreSQL looks for deadlocks after a second"


def test_no_reader_is_the_victim_of_a_deadlock(home: Home, publish: Publish, place: Place) -> None:
    """Each has what the publisher wants next, and asks for what the publisher has."""
    a_release(home, 1)
    publish()
    a_release(home, 2)
    ordered = sorted(["causerie.by_agent", "causerie.details", "causerie.overview", "causerie.release"])
    with place.connect() as reader:
        reader.execute("begin")
        reader.execute(f"select * from {ordered[-1]} limit 1")
        publisher = threading.Thread(target=lambda: publish(wait_seconds=30))
        publisher.start()
        for view in reversed(ordered):
            time.sleep(0.4)
            reader.execute(f"select * from {view} limit 1")
        reader.execute("commit")
        publisher.join()
    assert place.ask("select version from causerie.release") == [(2,)]
