"""Homes of versions before 0.1.0, whose releases had no folders: files beside each other, and a link for each kind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from ingestion.settings import load_settings
from orchestration.assembly import JOB, build_defs
from orchestration.cli.main import main
from orchestration.dbt.process import dismiss
from orchestration.home import Home, unlock
from orchestration.releases import catalog, publication
from orchestration.releases.catalog import Release
from tests.drops import conversation, write_batch, write_config
from tests.orchestration.conftest import MakeBuild
from tests.published import publish

pytestmark = pytest.mark.systems

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
ENDINGS = {"causerie.duckdb": ".duckdb", "release.json": ".json", "data_docs": "-data-docs", "parquet": "-parquet"}


class KilledError(BaseException):
    pass


def without_folders(home: Home) -> None:
    """Lay the releases out as those versions did."""
    current = home.current.readlink().name
    for release in catalog.kept(home):
        for name, ending in ENDINGS.items():
            with suppress(FileNotFoundError):
                (home.releases / release.release_id / name).rename(home.releases / f"{release.release_id}{ending}")
        (home.releases / release.release_id).rmdir()
    home.current.unlink()
    for link, ending in (("current.duckdb", ".duckdb"), ("current-parquet", "-parquet")):
        (home.releases / link).unlink()
        if (home.releases / f"{current}{ending}").exists():
            (home.releases / link).symlink_to(f"{current}{ending}")


@pytest.fixture
def older(home: Home, make_build: MakeBuild) -> list[Release]:
    """Two releases of such a home; the first one has no exports."""
    made = []
    for number in (1, 2):
        build = make_build(f"b{number}-0123456789", number)
        build.docs.mkdir()
        (build.docs / "index.html").touch()
        at = NOW + timedelta(days=number)
        made.append(publication.publish(home, build, f"f{number}", at, parquet=number == 2))
    without_folders(home)
    return made


def command(home: Home, *arguments: str) -> str:
    result = CliRunner().invoke(main, [*arguments, "--config", str(home.path.parent / "causerie.toml")])
    assert result.exit_code == 0, result.output
    return result.output


def details(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        return len(connection.execute("from details").fetchall())


def test_they_are_listed_compared_and_read_as_they_are(home: Home, older: list[Release]) -> None:
    before = sorted(home.releases.rglob("*"))
    printed = command(home, "releases")
    assert all(release.release_id in printed for release in older)
    assert "details" in command(home, "diff")
    assert "2" in command(home, "query", "select count(*) from details")
    assert command(home, "report", "overview", "--release", "previous")
    assert sorted(home.releases.rglob("*")) == before


def test_the_next_publication_gives_them_folders(home: Home, older: list[Release], make_build: MakeBuild) -> None:
    first, second = older
    with duckdb.connect(str(home.releases / f"{second.release_id}.duckdb"), read_only=True) as reader:
        moved = catalog.give_folders(home)
        assert moved is not None and "releases have folders now (2 moved)" in moved
        assert catalog.give_folders(home) is None
        third = publication.publish(home, make_build("b3-0123456789", 3), "f3", NOW + timedelta(days=3))
        assert len(reader.execute("from details").fetchall()) == 2
        assert details(home.releases / f"{second.release_id}.duckdb") == 2  # another connection of the same reader
    assert catalog.kept(home) == [third, second, first]
    for number, release in enumerate((first, second, third), start=1):
        folder = home.releases / release.release_id
        names = set(ENDINGS) - ({"parquet"} if release != second else set()) - ({"data_docs"} if number == 3 else set())
        assert {path.name for path in folder.iterdir()} == names
        assert details(folder / "causerie.duckdb") == number
    docs = home.releases / second.release_id / "data_docs" / "index.html"
    assert docs.samefile(home.releases / f"{second.release_id}-data-docs" / "index.html")


def test_going_back_across_the_change_by_the_command(home: Home, older: list[Release]) -> None:
    printed = command(home, "rollback", "previous")
    assert "releases have folders now (2 moved)" in printed
    assert f"Readers now see {older[0].release_id}" in printed
    assert details(home.current_file) == details(home.releases / "current.duckdb") == 1
    assert not (home.releases / "current-parquet").exists()
    command(home, "rollback", older[1].release_id)
    assert details(home.current_file) == details(home.releases / "current.duckdb") == 2
    assert (home.releases / "current-parquet" / "details.parquet").is_file()


def test_a_run_by_dagster_with_nothing_new_gives_them_folders_before_it_writes_exports(tmp_path: Path) -> None:
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()]})
    config = write_config(tmp_path, extra="[releases]\nparquet = true")
    publish(config)
    settings = load_settings(config)
    home = Home(settings.home)
    without_folders(home)
    assert build_defs(settings).resolve_job_def(JOB).execute_in_process().success
    unlock(home)
    dismiss(settings)
    assert details(home.current_file) == details(home.releases / "current.duckdb") == 1
    assert (home.current_exports / "details.parquet").is_file()
    assert not (home.releases / "parquet").exists()


def test_what_an_open_reader_holds_goes_with_its_release(
    home: Home, older: list[Release], make_build: MakeBuild
) -> None:
    catalog.give_folders(home)
    third = publication.publish(home, make_build("b3-0123456789", 3), "f3", NOW + timedelta(days=3))
    catalog.remove_old(home, 1, 2, NOW + timedelta(days=3, hours=1))
    assert {path.name for path in home.releases.glob("*.duckdb")} == {
        "current.duckdb",
        f"{older[1].release_id}.duckdb",
    }
    assert catalog.remove_old(home, 1, 2, NOW + timedelta(days=9)) == [older[1]]
    assert {path.name for path in home.releases.iterdir()} == {
        *("current", "current.duckdb", "current-parquet", third.release_id)
    }


def test_without_hard_links_they_are_copied(home: Home, older: list[Release], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    catalog.give_folders(home)
    assert catalog.current(home) == older[1]
    assert details(home.current_file) == 2
    assert not home.current_file.stat().st_mode & 0o222


def test_a_kill_at_any_step_loses_nothing(
    home: Home, older: list[Release], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever stands then: readers of every path see the current release, and the next run goes on."""
    backup = shutil.copytree(home.releases, tmp_path / "backup", symlinks=True)
    for nth in count(1):
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
            for owner, names in ((Path, ("mkdir", "rename", "replace", "symlink_to")), (os, ("link", "mkdir"))):
                for name in names:
                    patched.setattr(owner, name, counted(getattr(owner, name)))
            with suppress(KilledError):
                catalog.give_folders(home)
        assert catalog.current(home) == older[1]
        assert catalog.kept(home) == [older[1], older[0]]
        assert details(home.current_file) == details(home.releases / "current.duckdb") == 2
        assert (home.releases / "current-parquet" / "details.parquet").is_file()
        catalog.remove_leftovers(home)
        catalog.give_folders(home)
        catalog.point_to(home, older[0])
        assert details(home.current_file) == details(home.releases / "current.duckdb") == 1
        catalog.point_to(home, older[1])
        assert catalog.kept(home) == [older[1], older[0]]
        assert home.current.readlink().name == older[1].release_id
        assert not [path.name for path in home.releases.iterdir() if path.name.startswith(".")]
        if steps < nth:
            assert nth > 10
            break
        shutil.rmtree(home.releases)
        shutil.copytree(backup, home.releases, symlinks=True)
