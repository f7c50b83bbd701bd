"""Parquet exports: equal to the marts, swapped with the release, and gone rather than stale."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from expectations.marts import MARTS
from orchestration.cli.main import main
from orchestration.home import Home
from orchestration.releases import catalog, exports, publication
from orchestration.releases.catalog import Release
from tests.orchestration.conftest import MakeBuild
from tests.orchestration.test_going_back import a_release

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


class KilledError(BaseException):
    pass


@pytest.fixture
def publish(home: Home, make_build: MakeBuild) -> Callable[..., Release]:
    """Publish another release, of so many conversations."""

    def publish(number: int, *, parquet: bool = True) -> Release:
        build = make_build(f"b{number}-0123456789", number)
        return publication.publish(home, build, f"f{number}", NOW + timedelta(days=number), parquet=parquet)

    return publish


def seen(home: Home) -> tuple[object, object]:
    """The release that readers of the file see, and that readers of the exports see."""
    with duckdb.connect() as connection:
        found = []
        for place in (home.current, home.current_exports / "release.parquet"):
            try:
                if place.suffix == ".parquet":
                    rows = connection.execute(f"select release_id from '{place}'").fetchall()
                else:
                    with duckdb.connect(str(place), read_only=True) as release:
                        rows = release.execute("select release_id from release").fetchall()
                found.append(rows[0][0])
            except duckdb.Error:
                found.append(None)
    return found[0], found[1]


def test_exports_are_the_marts_with_their_types(home: Home, publish: Callable[..., Release]) -> None:
    publish(3)
    assert sorted(path.name for path in home.current_exports.iterdir()) == [
        *("by_agent.parquet", "by_tag.parquet", "details.parquet", "overview.parquet", "release.parquet"),
    ]
    with duckdb.connect(str(home.current), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for table in (*MARTS, "release"):
            file = f"read_parquet('{home.current_exports / table}.parquet')"
            described = [
                [(name, kind) for name, kind, *_ in connection.execute(f"describe from {relation}").fetchall()]
                for relation in (table, file)
            ]
            assert described[0] == described[1]
            rows = [connection.execute(f"from {relation} order by all").fetchall() for relation in (table, file)]
            assert rows[0] == rows[1]
            assert rows[0] != []
            codecs = connection.execute(
                f"select distinct compression from parquet_metadata('{home.current_exports / table}.parquet')"
            ).fetchall()
            assert codecs == [("ZSTD",)]
    assert all(not path.stat().st_mode & 0o222 for path in home.current_exports.iterdir())


def test_both_links_name_the_same_release(home: Home, publish: Callable[..., Release]) -> None:
    for number in (1, 2):
        release = publish(number)
        assert seen(home) == (release.release_id, release.release_id)
    assert [path.name for path in home.releases.iterdir() if path.name.startswith(".")] == []


def test_a_reader_that_stays_in_a_folder_stays_in_a_release(home: Home, publish: Callable[..., Release]) -> None:
    publish(1)
    folder = home.current_exports.resolve()
    publish(2)
    with duckdb.connect() as connection:
        assert connection.execute(f"select count(*) from '{folder}/details.parquet'").fetchone() == (1,)


def test_without_the_option_the_link_goes_and_going_back_swaps_both(
    home: Home, publish: Callable[..., Release]
) -> None:
    first = publish(1)
    second = publish(2, parquet=False)
    assert seen(home) == (second.release_id, None)
    assert not home.current_exports.is_symlink()
    catalog.go_to(home, first, NOW + timedelta(days=9))
    assert seen(home) == (first.release_id, first.release_id)
    catalog.go_to(home, second, NOW + timedelta(days=10))
    assert seen(home) == (second.release_id, None)


def named(home: Home, day: int, *, parquet: bool) -> Release:
    """A release, not pointed to yet, of which there are only the names."""
    release = a_release(home, day, seen=False)
    if parquet:
        catalog.exports_of(home, release.release_id).mkdir()
    return release


@pytest.mark.parametrize("before", [True, False], ids=["exports before", "none before"])
@pytest.mark.parametrize("after", [True, False], ids=["exports after", "none after"])
def test_a_kill_between_any_two_steps_is_made_good(
    home: Home, monkeypatch: pytest.MonkeyPatch, before: bool, after: bool
) -> None:
    """Readers of the exports see those of what is current or was, or none; never those of what nobody saw."""
    first = named(home, 1, parquet=before)
    catalog.point_to(home, first)
    for nth in count(1):
        second = named(home, 1 + nth, parquet=after)
        steps = 0

        def counted(step: Callable[..., object], nth: int = nth) -> Callable[..., object]:
            def counting(*arguments: object, **options: object) -> object:
                nonlocal steps
                steps += 1
                if steps == nth:
                    raise KilledError
                return step(*arguments, **options)

            return counting

        with monkeypatch.context() as patched:
            for name in ("replace", "unlink", "symlink_to"):
                patched.setattr(Path, name, counted(getattr(Path, name)))
            with suppress(KilledError):
                catalog.point_to(home, second)
        current = catalog.current(home)
        assert current in (first, second)
        if home.current_exports.is_symlink():
            exports_of = home.current_exports.readlink().name
            assert exports_of in {f"{one.release_id}-parquet" for one in (first, current)}
            assert home.current_exports.is_dir()
        catalog.remove_leftovers(home)  # as the next run does, with or without new batches
        has_exports = before if current == first else after
        assert home.current_exports.is_symlink() is has_exports
        if has_exports:
            assert home.current_exports.resolve() == catalog.exports_of(home, current.release_id)
        kept = catalog.kept(home)
        assert {path.name for path in home.releases.glob("*-parquet")} - {"current-parquet"} == {
            f"{one.release_id}-parquet" for one in kept if (before if one == first else after)
        }
        assert not [path.name for path in home.releases.iterdir() if path.name.startswith(".")]
        if steps < nth:
            assert nth > 3
            break
        catalog.point_to(home, first)
        catalog.file_of(home, second).unlink(missing_ok=True)
        catalog.remove_leftovers(home)


def test_exports_go_with_their_release(home: Home) -> None:
    first, second = (named(home, day, parquet=True) for day in (1, 2))
    for release in (first, second):
        catalog.point_to(home, release)
    catalog.remove_old(home, 1, 0, NOW + timedelta(days=9))
    assert not catalog.exports_of(home, first.release_id).exists()
    assert home.current_exports.resolve() == catalog.exports_of(home, second.release_id)


def test_exports_that_no_reader_saw_are_leftovers(home: Home) -> None:
    release = named(home, 1, parquet=True)
    catalog.point_to(home, release)
    for name in ("20260301T000000Z-b9-parquet", ".new-20260301T000000Z-b9-parquet"):
        (home.releases / name).mkdir()
    (home.releases / ".current-parquet").symlink_to(f"{release.release_id}-parquet")
    catalog.remove_leftovers(home)
    assert sorted(path.name for path in home.releases.glob("*parquet")) == [
        f"{release.release_id}-parquet",
        "current-parquet",
    ]
    assert home.current_exports.readlink().name == f"{release.release_id}-parquet"


def test_exports_that_cannot_be_written_publish_nothing(
    home: Home, publish: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(1)

    def full(*_: object) -> None:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(exports, "_copied", full)
    with pytest.raises(publication.UnpublishableError, match="No space left on device"):
        publish(2)
    assert seen(home) == (first.release_id, first.release_id)
    assert [path.name for path in home.releases.iterdir() if path.name.startswith(".new")] == []


def test_exports_that_are_not_what_was_audited_publish_nothing(
    home: Home, publish: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = exports._copied

    def another(file: Path, folder: Path) -> dict[str, Path]:
        files = plain(file, folder)
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select * replace (messages + 1 as messages) from '{files['details']}') to '{folder}/x.parquet'"
            )
        (folder / "x.parquet").replace(files["details"])
        return files

    monkeypatch.setattr(exports, "_copied", another)
    with pytest.raises(publication.UnpublishableError, match="details: the Parquet export is not what was audited"):
        publish(1)
    assert catalog.current(home) is None
    assert list(home.releases.iterdir()) == []


def test_a_published_release_can_get_exports(home: Home, publish: Callable[..., Release]) -> None:
    first, second = publish(1, parquet=False), publish(2, parquet=False)
    exports.ensure(home, first)  # not the current one: readers find nothing yet
    assert seen(home) == (second.release_id, None)
    exports.ensure(home, second)
    assert seen(home) == (second.release_id, second.release_id)
    written = catalog.exports_of(home, second.release_id).stat().st_mtime_ns
    exports.ensure(home, second)
    assert catalog.exports_of(home, second.release_id).stat().st_mtime_ns == written


def test_a_release_of_older_software_is_exported_unjudged(home: Home, publish: Callable[..., Release]) -> None:
    release = publish(1, parquet=False)
    exports.ensure(home, replace(release, contents={}))
    assert seen(home) == (release.release_id, release.release_id)


def test_the_command_says_when_exports_go_and_writes_them_where_they_are_wanted(
    home: Home, publish: Callable[..., Release]
) -> None:
    first, second = publish(1, parquet=False), publish(2)
    config = home.path.parent / "causerie.toml"
    printed = CliRunner().invoke(main, ["rollback", "previous", "--config", str(config)]).output
    assert f"it has no Parquet exports: {home.current_exports} is removed" in printed
    assert seen(home) == (first.release_id, None)
    config.write_text(config.read_text() + "\n[releases]\nparquet = true\n")
    for release in (second, first):
        result = CliRunner().invoke(main, ["rollback", release.release_id, "--config", str(config)])
        assert result.exit_code == 0, result.output
        assert "no Parquet" not in result.output
        assert seen(home) == (release.release_id, release.release_id)
