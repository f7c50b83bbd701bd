"""What readers and administrators rely on: grants, whatever reads the views, comments; and what is of others stays."""

from __future__ import annotations

import pytest

from orchestration.home import Home
from orchestration.postgres.server import TargetError
from orchestration.releases import catalog
from tests.postgres.conftest import Place, Publish
from tests.postgres.releases import a_release

pytestmark = pytest.mark.postgres

VERSION = "select version from causerie.release"
WIDER = "alter table overview add column more varchar default 'x'"
IN_FRONT = (
    "create or replace table overview as select account_id, 'x' as more, grain, period_start, version from overview"
)
NARROWER = "alter table overview drop column period_start"
OTHER_TYPE = "alter table overview alter version type varchar"


@pytest.fixture
def shown(home: Home, publish: Publish, place: Place) -> Place:
    """The first release, which `bi` may read."""
    a_release(home, 1)
    publish()
    place.ask("grant usage on schema causerie to bi; grant select on all tables in schema causerie to bi")
    return place


def test_readers_see_what_is_current_and_nothing_else(shown: Place, home: Home, publish: Publish) -> None:
    assert shown.ask(VERSION, "bi") == [(1,)]
    a_release(home, 2)
    assert shown.ask(VERSION, "bi") == [(1,)]
    done = publish()
    assert (done.was_loaded, done.was_shown, done.kept) == (False, False, 2)
    assert shown.ask(VERSION, "bi") == [(2,)]
    assert shown.ask("select count(*) from causerie.overview_day", "bi") == [(20,)]
    assert shown.ask("select count(*) from causerie.by_tag_day", "bi") == [(0,)]
    (old, new) = [name for name in shown.schemas() if "2026" in name]
    for schema in (old, new, "causerie_reporting"):
        with pytest.raises(Exception, match="permission denied for schema"):
            shown.ask(f"select * from {schema}.conversations", "bi")


@pytest.mark.parametrize("change", [None, WIDER, IN_FRONT, NARROWER, OTHER_TYPE])
def test_grants_stay_whatever_changes(shown: Place, home: Home, publish: Publish, change: str | None) -> None:
    shown.ask("grant select on causerie.overview to public; revoke select on causerie.by_tag from bi")
    shown.ask("grant select (version, grain) on causerie.overview to publisher")  # its own: nothing to keep
    shown.ask("grant select on causerie.details to bi with grant option")
    before = grants(shown)
    a_release(home, 2, [change] if change else [])
    publish()
    assert shown.ask(VERSION, "bi") == [(2,)]
    assert grants(shown) == before


def test_grants_of_columns_stay(shown: Place, home: Home, publish: Publish) -> None:
    shown.ask("revoke select on causerie.overview from bi; grant select (version, grain) on causerie.overview to bi")
    a_release(home, 2, [NARROWER])
    publish()
    assert shown.ask("select distinct version, grain from causerie.overview", "bi") == [(2, "day")]
    with pytest.raises(Exception, match="permission denied"):
        shown.ask("select account_id from causerie.overview", "bi")


def grants(place: Place) -> list[tuple[object, ...]]:
    return place.ask(
        "select table_name, grantee, privilege_type, is_grantable from information_schema.table_privileges"
        " where table_schema = 'causerie' and grantee <> 'publisher' order by 1, 2, 3"
    )


def test_who_may_read_all_may_read_what_is_new(shown: Place, home: Home, publish: Publish) -> None:
    shown.ask("grant select on causerie.overview to public")
    a_release(home, 2, ["create table own as select 1 as one"])
    publish()
    assert shown.ask("select one from causerie.own", "bi") == [(1,)]
    assert ("own", "PUBLIC", "SELECT", "NO") not in grants(shown), "PUBLIC could not read all others"


def test_who_may_not_read_all_may_not_read_what_is_new(shown: Place, home: Home, publish: Publish) -> None:
    shown.ask("revoke select on causerie.details from bi")
    a_release(home, 2, ["create table own as select 1 as one"])
    publish()
    with pytest.raises(Exception, match="permission denied"):
        shown.ask("select one from causerie.own", "bi")


def test_default_privileges_hold_for_what_is_new(home: Home, publish: Publish, place: Place) -> None:
    place.ask(
        "create schema causerie authorization publisher; grant usage on schema causerie to bi;"
        " alter default privileges for role publisher in schema causerie grant select on tables to bi"
    )
    a_release(home, 1)
    publish()
    assert place.ask(VERSION, "bi") == [(1,)]


def test_what_was_taken_away_is_not_given_back_by_default(home: Home, publish: Publish, place: Place) -> None:
    place.ask(
        "create schema causerie authorization publisher; grant usage on schema causerie to bi;"
        " alter default privileges for role publisher in schema causerie grant select on tables to bi"
    )
    a_release(home, 1)
    publish()
    place.ask("revoke select on causerie.overview from bi")
    a_release(home, 2, [OTHER_TYPE])
    publish()
    assert place.ask(VERSION, "bi") == [(2,)]
    with pytest.raises(Exception, match="permission denied"):
        place.ask("select * from causerie.overview", "bi")


@pytest.mark.parametrize("change", [None, WIDER, IN_FRONT])
def test_what_analysts_built_on_the_views_stays(shown: Place, home: Home, publish: Publish, change: str | None) -> None:
    shown.ask("create schema lab; create view lab.mine as select sum(version) as of, max(grain) from causerie.overview")
    shown.ask("create view causerie.beside as select * from causerie.overview")
    a_release(home, 2, [change] if change else [])
    publish()
    assert shown.ask("select of from lab.mine") == [(40,)]
    assert shown.ask("select distinct version from causerie.beside") == [(2,)]


@pytest.mark.parametrize("change", [NARROWER, OTHER_TYPE])
def test_what_would_break_others_fails_and_names_them(shown: Place, home: Home, publish: Publish, change: str) -> None:
    shown.ask("create schema lab; create view lab.mine as select sum(version::int) from causerie.overview")
    a_release(home, 2, [change])
    with pytest.raises(TargetError, match=r"lab\.mine depends on .*causerie\.overview"):
        publish()
    assert shown.ask(VERSION) == [(1,)], "the others are not changed either"
    shown.ask("drop view lab.mine")
    assert publish().was_loaded, "it is not loaded again"
    assert shown.ask(VERSION) == [(2,)]


def test_a_mart_that_is_gone_goes_and_comes_back(shown: Place, home: Home, publish: Publish) -> None:
    second = a_release(home, 2, ["create table own as select 1 as one"])
    publish()
    third = a_release(home, 3)
    publish()
    with pytest.raises(Exception, match="does not exist"):
        shown.ask("select * from causerie.own")
    catalog.point_to(home, second)
    publish()
    assert shown.ask("select one from causerie.own", "bi") == [(1,)]
    catalog.point_to(home, third)
    shown.ask("create view public.mine as select * from causerie.own")
    with pytest.raises(TargetError, match=r"view mine depends on view causerie\.own|public\.mine depends on"):
        publish()


@pytest.mark.parametrize(
    "what", ["table {} (a int)", "view {} as select 1 as a", "materialized view {} as select 1 as a"]
)
@pytest.mark.parametrize("name", ["causerie.overview", "causerie.details", "causerie_reporting.conversations"])
def test_what_others_have_there_is_not_touched(
    home: Home, publish: Publish, place: Place, what: str, name: str
) -> None:
    place.ask(
        "create schema causerie authorization publisher; create schema causerie_reporting authorization publisher"
    )
    place.ask(f"create {what.format(name)}", "publisher")
    a_release(home, 1)
    with pytest.raises(TargetError, match=f"{name}: what is there is not causerie's"):
        publish()
    assert place.ask(f"select count(*) from {name}") in ([(0,)], [(1,)])


def test_comments_follow_the_release(shown: Place, home: Home, publish: Publish) -> None:
    about = (
        "select obj_description('causerie.details'::regclass), attname, col_description(attrelid, attnum)"
        " from pg_attribute where attrelid = 'causerie.details'::regclass and attname in ('version', 'started_date')"
        " order by attname desc"
    )
    words = "One row per conversation; it's all."
    assert shown.ask(about) == [(words, "version", "Which release."), (words, "started_date", None)]
    a_release(
        home, 2, ["comment on column details.version is null", "comment on column details.started_date is 'When'"]
    )
    publish()
    assert shown.ask(about) == [(words, "version", None), (words, "started_date", "When")]
    assert shown.ask("select obj_description('causerie.overview_day'::regclass)") == [
        ("The rows of overview with the grain day.",)
    ]
    shown.ask("comment on view causerie.details is 'mine'")
    publish()
    assert shown.ask(about)[0][0] == words


def test_a_view_that_somebody_dropped_comes_back(shown: Place, publish: Publish) -> None:
    shown.ask("drop view causerie.by_tag")
    assert publish().was_shown is False
    assert shown.ask("select count(*) from causerie.by_tag", "bi") == [(20,)]


def test_a_reader_who_stays_is_named_and_does_not_hold_up_others(shown: Place, home: Home, publish: Publish) -> None:
    a_release(home, 2)
    with shown.connect("bi") as reader:
        reader.execute("set application_name = 'a dashboard'")
        reader.execute("begin")
        reader.execute("select * from causerie.details limit 1")
        with pytest.raises(TargetError, match=r"process \d+ of bi \(a dashboard\); .*wait_seconds"):
            publish(wait_seconds=1)
        assert reader.execute(VERSION).fetchall() == [(1,)], "a transaction reads one release"
        reader.execute("commit")
        assert publish().was_loaded
        assert reader.execute(VERSION).fetchall() == [(2,)]


def test_releases_go_with_their_files_and_nothing_else_does(shown: Place, home: Home, publish: Publish) -> None:
    first, *_ = catalog.kept(home)
    shown.ask("create schema causerie_20260101t050506z_mine")
    shown.ask("create schema causerie_old; create table causerie_old.t (a int)")
    shown.ask("create schema causerie_20260101t060506z_b0000009")
    shown.ask("comment on schema causerie_20260101t060506z_b0000009 is 'mine'")
    for number in (2, 3):
        a_release(home, number)
        publish()
    of_first = f"causerie_{first.release_id.lower().replace('-', '_')}"
    catalog.file_of(home, first).unlink()
    shown.ask(f"create table {of_first}.of_others (a int)")
    with pytest.raises(TargetError, match=r"table .*of_others depends on schema"):
        publish()
    assert shown.ask(VERSION) == [(3,)], "what is current is shown all the same"
    shown.ask(f"drop table {of_first}.of_others")
    with shown.connect() as reader:
        reader.execute("begin")
        reader.execute(f"select * from {of_first}.details limit 1")
        assert publish().removed == [], "somebody still reads it: another time"
        reader.execute("commit")
    assert publish().removed == [first.release_id]
    assert [name for name in shown.schemas() if "2026" in name] == [
        "causerie_20260101t050506z_mine",
        "causerie_20260101t060506z_b0000002",
        "causerie_20260101t060506z_b0000009",
        "causerie_20260101t070506z_b0000003",
    ]
