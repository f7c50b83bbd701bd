"""Parquet exports: equal to the marts, swapped with the release, and missing rather than stale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


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
        for place in (home.current_file, home.current_exports / "release.parquet"):
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
    assert {path.name for path in home.current_exports.iterdir()} == {
        f"{table}.parquet" for table in (*MARTS, "release")
    }
    with duckdb.connect(str(home.current_file), read_only=True) as connection:
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
            if table in ("by_flow", "by_target"):  # the build has neither flows nor targets
                continue
            assert rows[0] != []
            codecs = connection.execute(
                f"select distinct compression from parquet_metadata('{home.current_exports / table}.parquet')"
            ).fetchall()
            assert codecs == [("ZSTD",)]
    assert all(not path.stat().st_mode & 0o222 for path in home.current_exports.iterdir())


def test_all_paths_lead_to_the_same_release(home: Home, publish: Callable[..., Release]) -> None:
    for number in (1, 2):
        release = publish(number)
        assert seen(home) == (release.release_id, release.release_id)
        for older, path in (("current.duckdb", home.current_file), ("current-parquet", home.current_exports)):
            assert (home.releases / older).resolve() == path.resolve()
    assert [path.name for path in home.releases.iterdir() if path.name.startswith(".")] == []


def test_a_reader_that_stays_in_a_folder_stays_in_a_release(home: Home, publish: Callable[..., Release]) -> None:
    publish(1)
    folder = home.current_exports.resolve()
    publish(2)
    with duckdb.connect() as connection:
        assert connection.execute(f"select count(*) from '{folder}/details.parquet'").fetchone() == (1,)


def test_a_release_without_exports_shows_none_and_going_back_swaps_both(
    home: Home, publish: Callable[..., Release]
) -> None:
    first = publish(1)
    second = publish(2, parquet=False)
    assert seen(home) == (second.release_id, None)
    assert not (home.releases / "current-parquet").exists()
    catalog.go_to(home, first, NOW + timedelta(days=9))
    assert seen(home) == (first.release_id, first.release_id)
    catalog.go_to(home, second, NOW + timedelta(days=10))
    assert seen(home) == (second.release_id, None)


def test_exports_that_cannot_be_written_publish_nothing(
    home: Home, publish: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(1)

    def full(*_: object) -> None:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(exports, "_copied", full)
    with pytest.raises(catalog.UnpublishableError, match="No space left on device"):
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
    with pytest.raises(catalog.UnpublishableError, match="details: the export is not what was audited"):
        publish(1)
    assert catalog.current(home) is None
    assert list(home.releases.iterdir()) == []


def test_a_published_release_can_get_exports(home: Home, publish: Callable[..., Release]) -> None:
    first, second = publish(1, parquet=False), publish(2, parquet=False)
    exports.ensure(home, first)  # not the current one: readers find nothing yet
    assert seen(home) == (second.release_id, None)
    exports.ensure(home, second)
    assert seen(home) == (second.release_id, second.release_id)
    written = home.current_exports.stat().st_mtime_ns
    exports.ensure(home, second)
    assert home.current_exports.stat().st_mtime_ns == written


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
    assert f"it has no Parquet exports: {home.current_exports} is missing until" in printed
    assert seen(home) == (first.release_id, None)
    config.write_text(config.read_text() + "\n[releases]\nparquet = true\n")
    for release in (second, first):
        result = CliRunner().invoke(main, ["rollback", release.release_id, "--config", str(config)])
        assert result.exit_code == 0, result.output
        assert "no Parquet" not in result.output
        assert seen(home) == (release.release_id, release.release_id)
