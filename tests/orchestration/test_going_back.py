"""Releases that are kept: found, gone back to and forward again, and removed when they are old enough."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli.main import main
from orchestration.home import Home
from orchestration.releases import catalog, publication
from orchestration.releases.catalog import Release
from tests.orchestration.conftest import MakeBuild

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def a_release(home: Home, day: int, *, seen: bool = True) -> Release:
    """A release of some day, without what is in it."""
    at = NOW + timedelta(days=day)
    release_id = f"{at:%Y%m%dT%H%M%SZ}-b{day}"
    release = Release(release_id, f"b{day}", f"f{day}", at.isoformat(), None, {"details": day}, 0, 5, ())
    folder = home.releases / release_id
    (folder / "data_docs").mkdir(parents=True)
    (folder / "causerie.duckdb").touch()
    release.write(folder)
    if seen:
        catalog.point_to(home, release)
    return release


def names(home: Home) -> set[str]:
    return {path.name for path in home.releases.iterdir()}


LINKS = {"current", "current.duckdb", "current-parquet"}


def files(*kept: Release) -> set[str]:
    return LINKS | {release.release_id for release in kept}


def test_before_the_first_release_there_is_none(home: Home) -> None:
    assert catalog.current(home) is None
    assert catalog.kept(home) == []
    assert catalog.gone_back_from(home) == []
    catalog.remove_leftovers(home)
    assert catalog.remove_old(home, 1, 0, NOW) == []


def test_releases_are_listed_the_newest_first(home: Home) -> None:
    made = [a_release(home, day) for day in (1, 3, 2)]
    catalog.point_to(home, made[1])
    assert catalog.kept(home) == [made[1], made[2], made[0]]


@pytest.mark.parametrize(
    ("wanted", "day"),
    [("current", 3), ("previous", 2), ("20260204", 1), ("20260204T040506Z-b1", 1), ("20260206T040506Z-b3", 3)],
)
def test_a_release_is_found_by_its_id_the_beginning_of_it_or_a_word(home: Home, wanted: str, day: int) -> None:
    made = {day: a_release(home, day) for day in (1, 2, 3)}
    assert catalog.find(home, wanted) == made[day]


@pytest.mark.parametrize(
    ("wanted", "words"), [("2026", "2 kept releases have ids"), ("x", "no kept"), ("", "no kept"), ("../b1", "no kept")]
)
def test_what_names_no_single_release_is_refused_with_a_list(home: Home, wanted: str, words: str) -> None:
    made = [a_release(home, day) for day in (1, 2)]
    with pytest.raises(catalog.UnknownReleaseError, match=words) as caught:
        catalog.find(home, wanted)
    assert all(release.release_id in str(caught.value) for release in made)


def test_going_back_and_forward_again(home: Home) -> None:
    first, second, third = (a_release(home, day) for day in (1, 2, 3))
    catalog.go_to(home, first, NOW + timedelta(days=4))
    assert catalog.current(home) == first
    assert catalog.gone_back_from(home) == [third, second]
    assert catalog.kept(home) == [third, second, first]
    catalog.remove_leftovers(home)
    assert names(home) >= files(first, second, third)
    catalog.go_to(home, second, NOW + timedelta(days=5))
    assert catalog.gone_back_from(home) == [third]
    catalog.go_to(home, third, NOW + timedelta(days=6))
    assert catalog.gone_back_from(home) == []


def test_what_is_published_after_going_back_is_the_newest(home: Home, make_build: MakeBuild) -> None:
    first = publication.publish(home, make_build("b1-0123456789"), "f", NOW)
    second = publication.publish(home, make_build("b2-0123456789", 3), "g", NOW + timedelta(days=1))
    catalog.go_to(home, first, NOW + timedelta(days=2))
    third = publication.publish(home, make_build("b3-0123456789", 4), "h", NOW + timedelta(days=3))
    assert catalog.current(home) == third
    assert catalog.kept(home) == [third, second, first]
    assert catalog.gone_back_from(home) == []


def test_a_clock_that_runs_back_does_not_disturb_their_order(home: Home, make_build: MakeBuild) -> None:
    first = publication.publish(home, make_build("b1-0123456789"), "f", NOW)
    second = publication.publish(home, make_build("b2-0123456789", 3), "g", NOW - timedelta(days=1))
    assert catalog.kept(home) == [second, first]
    assert catalog.current(home) == second
    assert catalog.file_of(home, first).is_file()


def test_a_release_that_no_reader_saw_is_a_leftover(home: Home) -> None:
    """A run was killed between giving the folder its name and the link: the next run makes it again."""
    first = a_release(home, 1)
    a_release(home, 2, seen=False)
    (home.releases / ".new-x").mkdir()
    (home.releases / ".current").symlink_to("nothing")
    assert catalog.kept(home) == [first]
    catalog.remove_leftovers(home)
    assert names(home) == files(first)


def test_going_back_under_a_clock_that_runs_back_loses_no_release(home: Home) -> None:
    first, second = a_release(home, 1), a_release(home, 2)
    catalog.go_to(home, first, NOW)
    catalog.remove_leftovers(home)
    assert catalog.gone_back_from(home) == [second]


def test_going_back_brings_no_release_that_no_reader_saw(home: Home) -> None:
    first, second = a_release(home, 1), a_release(home, 2)
    a_release(home, 3, seen=False)
    catalog.go_to(home, first, NOW + timedelta(days=4))
    assert catalog.gone_back_from(home) == [second]
    assert names(home) == files(first, second) | {"went_back.json"}


@pytest.mark.parametrize("step", [0, 1, 2], ids=["before the record", "before it has its name", "before the link"])
def test_going_that_was_interrupted_loses_no_release(home: Home, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """On the way forward again, too: what readers left stays kept, whichever of the two is current now."""
    first, second, third = (a_release(home, day) for day in (1, 2, 3))
    catalog.go_to(home, first, NOW + timedelta(days=4))
    killed = [(catalog, "write_durably"), (Path, "replace"), (catalog, "point_to")][step]

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(*killed, kill)
        catalog.go_to(home, second, NOW + timedelta(days=5))
    assert catalog.current(home) == first
    catalog.remove_leftovers(home)
    assert catalog.gone_back_from(home) == [third, second]
    assert names(home) == files(first, second, third) | {"went_back.json"}


def test_what_others_put_beside_the_releases_stays(home: Home) -> None:
    first = a_release(home, 1)
    for name in ("notes.txt", "copy.duckdb", "20260101T000000Z.sql"):
        (home.releases / name).touch()
    catalog.remove_old(home, 1, 0, NOW + timedelta(days=9))
    assert names(home) == files(first) | {"notes.txt", "copy.duckdb", "20260101T000000Z.sql"}


def test_nothing_is_removed_where_the_current_release_was_taken_away(home: Home) -> None:
    first, second = a_release(home, 1), a_release(home, 2)
    shutil.rmtree(home.releases / second.release_id)
    before = names(home)
    assert catalog.current(home) is None
    assert catalog.remove_old(home, 1, 0, NOW + timedelta(days=9)) == []
    assert names(home) == before
    assert catalog.file_of(home, first).is_file()


def test_without_the_link_whole_releases_stay(home: Home) -> None:
    """As in a backup that kept no links: which of them readers saw is unknown."""
    made = [a_release(home, day) for day in (1, 2)]
    for link in LINKS:
        (home.releases / link).unlink()
    (home.releases / ".new-x").mkdir()
    catalog.remove_leftovers(home)
    assert names(home) == files(*made) - LINKS


@pytest.mark.parametrize(
    ("keep", "keep_days", "stay"),
    [(2, 0, {3, 4}), (1, 0, {4}), (10, 0, {1, 2, 3, 4}), (1, 2.5, {2, 3, 4}), (1, 99, {1, 2, 3, 4}), (3, 1, {2, 3, 4})],
)
def test_a_release_goes_when_it_is_neither_among_the_newest_nor_young(
    home: Home, keep: int, keep_days: float, stay: set[int]
) -> None:
    made = {day: a_release(home, day) for day in (1, 2, 3, 4)}
    removed = catalog.remove_old(home, keep, keep_days, NOW + timedelta(days=4, hours=1))
    assert {release.rows["details"] for release in removed} == made.keys() - stay
    assert names(home) == files(*(made[day] for day in stay))


def test_the_current_release_is_never_removed(home: Home) -> None:
    made = [a_release(home, day) for day in (1, 2, 3)]
    catalog.go_to(home, made[0], NOW + timedelta(days=4))
    catalog.remove_old(home, 1, 0, NOW + timedelta(days=9))
    assert names(home) == files(made[0], made[2]) | {"went_back.json"}
    assert catalog.gone_back_from(home) == [made[2]]


def test_removing_that_was_interrupted_is_finished_the_next_time(home: Home) -> None:
    first, second = a_release(home, 1), a_release(home, 2)
    catalog.file_of(home, first).unlink()
    assert catalog.kept(home) == [second]
    catalog.remove_old(home, 5, 5, NOW + timedelta(days=2))
    assert names(home) == files(second)


# --- by the command ------------------------------------------------------------------------------------------


def command(home: Home, *arguments: str) -> tuple[int, str]:
    config = home.path.parent / "causerie.toml"
    result = CliRunner().invoke(main, [*arguments, "--config", str(config)])
    return result.exit_code, result.output


def test_the_command_lists_and_goes_back(home: Home, make_build: MakeBuild) -> None:
    first = publication.publish(home, make_build("b1-0123456789"), "f", NOW, decisions=["accepted s b1: it is right"])
    second = publication.publish(home, make_build("b2-0123456789", 3), "g", NOW + timedelta(days=1))
    status, printed = command(home, "releases")
    assert status == 0
    assert [line.split()[0] for line in printed.splitlines() if "expectations" in line] == ["*", first.release_id]
    assert f"{first.release_id}: accepted s b1: it is right" in printed
    status, printed = command(home, "rollback", "previous")
    assert (status, catalog.current(home)) == (0, first)
    assert f"causerie rollback {second.release_id}" in printed
    with duckdb.connect(str(home.current_file), read_only=True) as reader:
        assert reader.execute("select count(*) from details").fetchall() == [(2,)]
    listed = json.loads(command(home, "releases", "--format", "json")[1])
    assert [(one["release_id"], one["is_current"]) for one in listed] == [
        (second.release_id, False),
        (first.release_id, True),
    ]
    assert command(home, "rollback", second.release_id)[0] == 0
    assert catalog.current(home) == second


def test_the_command_refuses_what_it_cannot_go_back_to(home: Home, make_build: MakeBuild) -> None:
    first = publication.publish(home, make_build("b1-0123456789"), "f", NOW)
    second = publication.publish(home, make_build("b2-0123456789", 3), "g", NOW + timedelta(days=1))
    status, printed = command(home, "rollback", "nonsense")
    assert status == 2
    assert first.release_id in printed
    damaged = catalog.file_of(home, first)
    damaged.chmod(0o644)
    with damaged.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 16_384)
    status, printed = command(home, "rollback", first.release_id)
    assert status == 1
    assert "readers keep the release they have" in printed
    assert catalog.current(home) == second


def test_before_the_first_release_the_command_says_so(home: Home, tmp_path: Path) -> None:
    from tests.drops import write_config

    write_config(tmp_path)
    assert "nothing is published yet" in command(home, "releases")[1]
