"""A home with one release whose text is of every kind that formats trip over."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from expectations.grains import views_of
from ingestion.builds.names import CANDIDATE
from orchestration.home import Home
from orchestration.releases import catalog
from orchestration.releases.catalog import Release
from tests.drops import agent, contact, conversation, flow_run, message, rating, write_batch, write_config
from tests.warehouse import build_marts

TEXTS = (
    *("=1+1", "+33 1", "-2", "@sum(1)", "a,b", 'say "hi"', "two\nlines", "cr\r\nlf", "😀 élan", "<r>x & y</r>"),
    *("_x0041_", " around ", "null", "bell\x07", "<b>&amp;</b>", "{=1}", "https://example.org", "1.50", "\ttab", ""),
)
RELEASE = "20260203T040506Z-b1"
EXTRACTED_AT = "2026-02-01T00:00:00+00:00"


@dataclass(frozen=True)
class Published:
    """A configuration, its home and the file of its one release."""

    config: Path
    home: Home
    file: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of two accounts, and one that has no conversations."""
    folder = tmp_path_factory.mktemp("release")
    accounts = [{"id": name, "timezone": "Europe/Paris"} for name in ("acme", "globex", "idle")]
    sources = [{"name": f"{a['id']}_export", "kind": "export", "account": a["id"], "path": a["id"]} for a in accounts]
    config = write_config(folder, accounts=accounts, sources=sources)
    of_acme = (
        '[[accounts.working_hours]]\ndays = ["mon", "fri"]\nspans = ["08:00-12:00"]\n'
        '[[accounts.targets]]\nname = "=1+1"\nmeasure = "resolution"\nwithin = "8h"\n'
    )
    config.write_text(
        config.read_text().replace('[[accounts]]\nid = "globex"', f'{of_acme}\n[[accounts]]\nid = "globex"')
    )
    many = [
        conversation(
            f"c{number}",
            contact_id=f"k{number}",
            agent_id=["a1", "a2", None][number % 3],
            started_at=f"2026-01-{1 + number % 20:02d}T09:00:00.5+01:00",
            tags=[["vip", "late; very"], [], ["vip"]][number % 3],
            closed_at=f"2026-01-{1 + number % 20:02d}T19:00:00+01:00" if number % 2 else None,
        )
        for number in range(len(TEXTS))
    ]
    agents = [agent("a1", name="Ada", email="ada@example.org"), agent("a2")]
    rows = {
        "conversations": many,
        "messages": [message(f"m{number}", f"c{number}", sent_at=one["started_at"]) for number, one in enumerate(many)],
        "contacts": [contact(f"k{number}", tags=["gold, old"] if number else []) for number in range(5)],
        "agents": agents,
        "ratings": [rating(f"r{number}", f"c{number}", rating=4) for number in range(0, 9, 2)],
        "flow_runs": [
            flow_run(f"f{number}", flow_id=f"f{number}", flow_name=text, started_at=many[number]["started_at"])
            for number, text in enumerate(TEXTS)
        ],
    }
    write_batch(folder / "acme" / "b1", rows, EXTRACTED_AT)
    write_batch(
        folder / "globex" / "b1",
        {"conversations": [conversation("g1", started_at="2026-01-09T10:00:00Z")]},
        EXTRACTED_AT,
    )
    write_batch(folder / "idle" / "b1", {"conversations": []}, EXTRACTED_AT)
    build_marts(config)
    candidate = folder / "var" / "tests" / CANDIDATE
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(
            "create table release as select $1 as release_id, timestamptz '2026-02-03 04:05:06+00' as published_at,"
            " timestamptz '2026-02-01 00:00:00+00' as data_through",
            [RELEASE],
        )
        columns = [name for name, *_ in connection.execute("describe overview").fetchall()]
        for view, query in views_of({"overview": columns}).items():
            connection.execute(f"create view {view} as {query}")
        for number, text in enumerate(TEXTS):  # as they are, whatever staging makes of text
            connection.execute(
                "update details set contact_name = $1, rating_comment = $1, contact_tags = [$1, 'x']"
                " where conversation_id = $2",
                [text, f"c{number}"],
            )
    return folder


@pytest.fixture
def published(made: Path, tmp_path: Path) -> Iterator[Published]:
    """The release in a home of its own."""
    config = tmp_path / "causerie.toml"
    shutil.copy(made / "causerie.toml", config)
    home = Home(tmp_path / "var")
    folder = home.releases / RELEASE
    folder.mkdir(parents=True)
    release = Release(RELEASE, "b1", "f", "2026-02-03T04:05:06+00:00", None, {}, 0, 5, ())
    shutil.copy(made / "var" / "tests" / CANDIDATE, folder / "causerie.duckdb")
    release.write(folder)
    catalog.point_to(home, release)
    yield Published(config, home, catalog.file_of(home, release))
