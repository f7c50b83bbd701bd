"""What can go wrong with a server: each has its message, and the next time makes it right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.settings import Settings
from orchestration.home import Home
from orchestration.postgres import server as server_module
from orchestration.postgres.server import TargetError
from orchestration.postgres.target import make_right
from orchestration.releases import catalog
from tests.database import a_database, free_port
from tests.postgres.conftest import DSN, Place, Publish, a_target
from tests.postgres.releases import a_release

pytestmark = pytest.mark.postgres

VERSION = "select version from causerie.release"


def test_before_the_first_release_nothing_is_done(settings: Settings, place: Place) -> None:
    assert make_right(settings, a_target(), lambda _: None) is None
    assert place.schemas() == []


def test_nothing_is_done_twice(home: Home, publish: Publish, place: Place) -> None:
    a_release(home, 1)
    publish()
    before = place.ask("select oid, xmin::text from pg_class order by 1")
    done = publish()
    assert (done.was_loaded, done.was_shown) == (True, True)
    assert place.ask("select oid, xmin::text from pg_class order by 1") == before


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("", "variable CAUSERIE_TEST_DSN, which should hold the connection string of a PostgreSQL, is not set"),
        ("geheim", "CAUSERIE_TEST_DSN is no connection string"),
        ("postgresql://u:ge%heim@localhost/x", "CAUSERIE_TEST_DSN is no connection string"),
        ("host=127.0.0.1 pasword=geheim", "CAUSERIE_TEST_DSN is no connection string"),
        ("postgresql://publisher:a@geheim@127.0.0.1/x", "CAUSERIE_TEST_DSN is no connection string.*%XX"),
        ("postgresql://publisher:a/geheim@127.0.0.1/x", "CAUSERIE_TEST_DSN is no connection string.*%XX"),
        ("postgresql://publisher:geheim@127.0.0.1:{port}/{name}", "password authentication failed.*CAUSERIE_TEST_DSN"),
        ("postgresql://nobody:geheim@127.0.0.1:{port}/{name}", "authentication failed"),
        ("postgresql://publisher:{word}@127.0.0.1:{port}/nothing", 'database "nothing" does not exist'),
        ("postgresql://publisher:geheim@127.0.0.1:{free}/{name}", "Connection refused.*see to the server"),
    ],
)
def test_what_keeps_from_connecting_is_told_without_the_secret(
    home: Home, publish: Publish, place: Place, monkeypatch: pytest.MonkeyPatch, dsn: str, words: str
) -> None:
    a_release(home, 1)
    parts = {"port": place.server.port, "name": place.name, "word": place.server.password, "free": free_port()}
    monkeypatch.setenv(DSN, dsn.format(**parts))
    with pytest.raises(TargetError, match=words) as caught:
        publish()
    assert "geheim" not in str(caught.value)
    assert place.server.password not in str(caught.value)


def test_missing_privileges_are_told(home: Home, publish: Publish, place: Place) -> None:
    a_release(home, 1)
    place.ask(f"revoke create on database {place.name} from publisher")
    with pytest.raises(TargetError, match=r"permission denied for database .*needs: grant create on database"):
        publish()
    place.ask(f"grant create on database {place.name} to publisher; create schema causerie")
    with pytest.raises(TargetError, match=r"permission denied for schema causerie.*own the schema causerie"):
        publish()
    place.ask("alter schema causerie owner to publisher")
    assert publish().was_loaded, "it was loaded before"


def test_a_second_home_is_refused_and_may_take_over(home: Home, publish: Publish, place: Place, tmp_path: Path) -> None:
    a_release(home, 1)
    publish()
    mine = home.identity.read_text()
    home.identity.unlink()  # another home
    a_release(home, 2)
    with pytest.raises(TargetError, match=f"another home.*write {mine} into {home.identity}"):
        publish()
    assert place.ask(VERSION) == [(1,)]
    publish(schema="theirs")
    assert place.ask("select version from theirs.release") == [(2,)]
    home.identity.write_text(mine)
    publish()
    assert place.ask(VERSION) == [(2,)]


def test_two_targets_of_one_home(home: Home, publish: Publish, place: Place) -> None:
    a_release(home, 1)
    publish()
    publish(schema="causerie_2")
    a_release(home, 2)
    publish()
    assert (place.ask(VERSION), place.ask("select version from causerie_2.release")) == ([(1 + 1,)], [(1,)])


def test_one_publisher_at_a_time(home: Home, publish: Publish, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    a_release(home, 1)
    monkeypatch.setattr(server_module, "_OTHER_PUBLISHER_SECONDS", 1)
    with place.connect("publisher") as other:
        other.execute("select pg_advisory_lock(%s)", [server_module.lock_of(a_target())])
        with pytest.raises(TargetError, match="another publication is at work in the schema causerie"):
            publish()
        publish(schema="other")
    publish()


def test_going_back_loads_what_the_server_never_had(home: Home, publish: Publish, place: Place) -> None:
    first = a_release(home, 1)
    a_release(home, 2)
    publish()
    catalog.point_to(home, first)
    assert publish().was_loaded is False
    assert place.ask(VERSION) == [(1,)]


# --- killed ----------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from ingestion.settings import load_settings
from orchestration.postgres import load, target, views
from tests.postgres.conftest import a_target

where = sys.argv[2]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
module, name = {"loading": (load, "_returned"), "loaded": (target, "is_shown"), "showing": (views, "_named"),
    "shown": (target, "comment"), "dropping": (target, "drop")}[where]
setattr(module, name, die)
target.make_right(load_settings(Path(sys.argv[1])), a_target(), lambda _: None)
"""


@pytest.mark.parametrize(
    ("where", "after", "has_loaded"),
    [("loading", 1, False), ("loaded", 1, True), ("showing", 1, True), ("shown", 2, True), ("dropping", 2, True)],
)
def test_a_publisher_that_is_killed(
    home: Home, publish: Publish, place: Place, tmp_path: Path, where: str, after: int, has_loaded: bool
) -> None:
    first = a_release(home, 1)
    publish()
    second = a_release(home, 2)
    catalog.file_of(home, first).unlink()
    command = [sys.executable, "-c", KILLED, str(tmp_path / "causerie.toml"), where]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert place.ask(VERSION) == [(after,)]
    done = publish()
    assert (done.was_loaded, done.was_shown) == (has_loaded, after == 2)
    assert place.ask(VERSION) == [(2,)]
    assert [name for name in place.schemas() if "2026" in name] == [
        f"causerie_{second.release_id.lower().replace('-', '_')}"
    ]


# --- the server itself -----------------------------------------------------------------------------------------


def test_a_server_that_goes_away_in_the_middle_and_comes_back(
    settings: Settings, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_database() as own:
        place = Place(own, "postgres")
        monkeypatch.setenv(DSN, place.dsn("causerie"))
        a_release(home, 1)
        make_right(settings, a_target(), lambda _: None)
        a_release(home, 2)

        def stop(line: str) -> None:
            if line == "reading details back":
                own.stop()

        with pytest.raises(TargetError, match=r"terminat|closed|refused|lost|server"):
            make_right(settings, a_target(), stop)
        with pytest.raises(TargetError, match="refused"):
            make_right(settings, a_target(), lambda _: None)
        own.start()
        assert place.ask(VERSION) == [(1,)]
        make_right(settings, a_target(), lambda _: None)
        assert place.ask(VERSION) == [(2,)]


def _may_mount() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


@pytest.mark.skipif(not _may_mount(), reason="no disk of its own can be mounted here")
def test_a_disk_that_is_full(settings: Settings, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's tables lie on a disk of 60 MB that no other process sees."""
    as_postgres = 'exec setpriv --reuid postgres --clear-groups "$@"'
    mount = f"mkdir disk && mount -t tmpfs -o size=60M,uid=postgres tmpfs disk && {as_postgres}"
    with a_database(before=("unshare", "--mount", "sh", "-c", mount, "sh")) as own:
        place = Place(own, "postgres")
        place.ask(f"create tablespace small location '{own.folder / 'disk'}'")
        place.ask("create database tiny tablespace small")
        tiny = Place(own, "tiny")
        monkeypatch.setenv(DSN, tiny.dsn("causerie"))
        a_release(home, 1)
        make_right(settings, a_target(), lambda _: None)
        a_release(
            home, 2, ["create table large as select i, repeat(md5(i::varchar), 40) as t from range(60_000) _ (i)"]
        )
        with pytest.raises(TargetError, match="the disk of the server is full"):
            make_right(settings, a_target(), lambda _: None)
        assert tiny.ask(VERSION) == [(1,)]
        a_release(home, 3)
        make_right(settings, a_target(), lambda _: None)
        assert tiny.ask(VERSION) == [(3,)]
