from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingestion.settings import Settings
from ingestion.target_settings import PostgresTarget
from orchestration.home import Home
from orchestration.postgres.target import Done, make_right
from tests.database import Database, a_database
from tests.drops import write_config

DSN = "CAUSERIE_TEST_DSN"


@pytest.fixture(scope="session")
def server() -> Iterator[Database]:
    with a_database() as made:
        yield made


@dataclass
class Place:
    """A database with a publisher, who owns nothing yet, and a reader."""

    server: Database
    name: str

    def dsn(self, user: str) -> str:
        word = self.server.password
        return f"postgresql://{user}:{word}@127.0.0.1:{self.server.port}/{self.name}"

    def connect(self, user: str = "causerie") -> psycopg.Connection[tuple[Any, ...]]:
        """A session; ``causerie`` is the administrator."""
        return psycopg.connect(self.dsn(user), autocommit=True)

    def ask(self, query: str, user: str = "causerie") -> list[tuple[Any, ...]]:
        with self.connect(user) as session:
            cursor = session.execute(query)
            return cursor.fetchall() if cursor.description else []

    def schemas(self) -> list[str]:
        return [name for (name,) in self.ask("select nspname from pg_namespace where nspname ~ '^causerie' order by 1")]


@pytest.fixture
def place(server: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    name = f"t{secrets.token_hex(4)}"
    administrator = Place(server, "postgres")
    with administrator.connect() as session:
        for role in ("publisher", "bi"):
            if not session.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                session.execute(f"create role {role} login password '{server.password}'")
        session.execute(f"create database {name}")
        session.execute(f"grant create on database {name} to publisher")
    made = Place(server, name)
    monkeypatch.setenv(DSN, made.dsn("publisher"))
    yield made
    administrator.ask(f"drop database {name} with (force)")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "var")
    home.releases.mkdir(parents=True)
    return home


@pytest.fixture
def settings(home: Home, tmp_path: Path) -> Settings:
    from ingestion.settings import load_settings

    (tmp_path / "drop").mkdir()
    return load_settings(write_config(tmp_path)).model_copy(update={"publish": [a_target()]})


def a_target(**values: object) -> PostgresTarget:
    return PostgresTarget.model_validate({"kind": "postgres", "dsn_env": DSN, "wait_seconds": 5, **values})


Publish = Callable[..., Done]


@pytest.fixture
def publish(settings: Settings) -> Publish:
    """Make a target right; by default the only one of the configuration."""

    def made(**values: object) -> Done:
        done = make_right(settings, a_target(**values), lambda _: None)
        assert done is not None
        return done

    return made
