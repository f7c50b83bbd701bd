"""Builds that are audited and not published yet, made without dbt and Great Expectations."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from expectations.contents import contents
from expectations.verdict import Verdict
from ingestion.settings import Settings
from orchestration.home import Build, Home
from tests.drops import conversation, message, write_batch, write_config
from tests.published import audited, make_marts

MakeBuild = Callable[..., Build]


class Made:
    """The files of builds by what was delivered for them: build ids and numbers of conversations, in order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[tuple[tuple[str, int], ...], Path] = {}

    def keep(self, delivered: tuple[tuple[str, int], ...], build: Build) -> None:
        """Remember the files of a build."""
        self.known[delivered] = folder = self.folder / str(len(self.known))
        folder.mkdir()
        for file in (build.database, build.candidate):
            shutil.copy(file, folder / file.name)

    def bring(self, delivered: tuple[tuple[str, int], ...], build: Build) -> bool:
        """Copy the files of such a build into place, if there was one."""
        if delivered not in self.known:
            return False
        for file in (build.database, build.candidate):
            shutil.copy(self.known[delivered] / file.name, file)
        return True


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "var")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """What models have made of the same deliveries in a test before: it is copied instead of made again."""
    return Made(tmp_path_factory.mktemp("made"))


@pytest.fixture
def make_build(home: Home, tmp_path: Path, made: Made) -> MakeBuild:
    """A build of a few conversations, the last one of its home, and audited unless a verdict is given."""
    delivered: list[tuple[str, int]] = []

    def make(build_id: str, conversations: int = 2, verdict: Verdict | None = None) -> Build:
        rows = [conversation(f"c{number}") for number in range(conversations)]
        write_batch(tmp_path / "drop" / build_id, {"conversations": rows, "messages": [message()]})
        delivered.append((build_id, conversations))
        build = audited(write_config(tmp_path), build_id, make_or_copy_marts)
        if verdict is not None:
            replace(verdict, contents=contents(build.candidate)).write(build.verdict)
        return build

    def make_or_copy_marts(settings: Settings, build: Build) -> None:
        if not made.bring(tuple(delivered), build):
            make_marts(settings, build)
            change(build, "comment on column details.account_id is 'The account''s id.'")  # as dbt does
            made.keep(tuple(delivered), build)

    return make


def change(build: Build, statement: str) -> None:
    """Change the candidate of a build."""
    with duckdb.connect(str(build.candidate)) as connection:
        connection.execute(statement)
